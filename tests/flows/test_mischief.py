"""Duplicates, reordering and poison through the real broker: nothing doubled, nothing blocked, nothing vanishes."""

import asyncio
import base64
import random
from typing import Any

import orjson
from nats.aio.client import Client

from events import dead_letters
from events.dead_letters import DeadLetter
from events.nudges import WANTED, Nudge
from events.subjects import Stream, nudges_subject
from tests.flows.harness import Up, a_channel, command, post, publish, submission, submissions, until

GOOD = 30

POISON: dict[str, bytes] = {
    "cut JSON": b'{"channel": "web", "external_ref": "poison-1", "text": "bro',
    "wrong types": orjson.dumps({"channel": 7, "external_ref": ["x"], "text": {"a": 1}, "customer": "me"}),
    "300 KB": orjson.dumps(submission("web", "poison-3", "长" * 100_000)),
    "not UTF-8": b'{"channel": "web", "external_ref": "poison-4", "text": "\xff\xfe\xfa"}',
    "no JSON at all": b"\x00\x01\x02",
    "nothing": b"",
    "a number": b"1",
    "another channel's": orjson.dumps(submission("app", "poison-8")),
}


async def test_a_hundred_redeliveries_over_both_paths_are_one_complaint_with_one_receipt(up: Up) -> None:
    await up.start()
    same = submission("web", "again-and-again")
    async with a_channel(up.nats) as client:
        await asyncio.gather(
            post(up.oracle, lambda: up.http, [same] * 50, at_once=25),
            publish(up.oracle, client, [same] * 50, at_once=25),
        )
        await up.books.settled()
    assert len({told.complaint_id for told in up.oracle.receipts.values()}) == 1
    assert up.oracle.recorded == 1


async def test_old_nudges_in_any_order_change_nothing(up: Up, seed: int) -> None:
    await up.start()
    await post(up.oracle, lambda: up.http, submissions("n", 40))
    await up.books.settled()
    before = up.oracle.position
    rows = [row for row in up.books.rows() if row.topic.startswith("complaint.")]
    shuffled = random.Random(seed).sample(rows, len(rows))
    async with a_channel(up.nats) as client:
        for row in (*rows, *shuffled):
            for service in WANTED:
                await _nudge(client, service, [str(row.stream)])
        for service in WANTED:
            await _nudge(client, service, [str(row.stream) for row in shuffled])
        await _worked_off(client)
    verdict = await up.books.settled()
    assert up.oracle.position == before, f"old nudges wrote new facts: {verdict}"


async def _nudge(client: Client, service: str, complaints: list[str]) -> None:
    body = Nudge.model_validate({"complaints": complaints}).model_dump_json().encode()
    headers = {"content-type": "application/json"}
    await client.jetstream().publish(nudges_subject(service), body, headers=headers)


async def _worked_off(client: Client) -> None:
    """Every nudge was looked at: a work queue is empty when all is acknowledged."""
    js = client.jetstream()

    async def is_empty() -> bool:
        return (await js.stream_info(Stream.NUDGES.value)).state.messages == 0

    await until("all nudges to be worked off", is_empty)


async def test_poison_never_blocks_good_ones_and_is_kept_with_its_bytes_and_reason(up: Up, seed: int) -> None:
    await up.start()
    choice = random.Random(seed)
    async with a_channel(up.nats) as client:
        js = client.jetstream()

        async def poison() -> None:
            for body in choice.sample(list(POISON.values()), len(POISON)):
                await js.publish("intake.web", body)

        await asyncio.gather(publish(up.oracle, client, submissions("good", GOOD)), poison())
        await up.books.settled()
        letters = await _dead_letters(client, len(POISON))
    assert {letter.body for letter in letters} == set(POISON.values())
    assert all(letter.code == "bad_message" and letter.subject == "intake.web" for letter in letters)
    assert all(letter.reason for letter in letters), letters
    assert up.oracle.recorded == GOOD


async def _dead_letters(client: Client, number: int) -> list[DeadLetter]:
    letters: list[DeadLetter] = []

    async def are_there() -> bool:
        letters[:] = [letter async for letter in dead_letters.every(client.jetstream())]
        return len(letters) == number

    await until(f"{number} dead letters", are_there)
    return letters


async def test_dead_letters_are_listed_shown_retried_and_dropped_from_the_command_line(up: Up) -> None:
    await up.start()
    body = POISON["not UTF-8"]
    async with a_channel(up.nats) as client:
        await client.jetstream().publish("intake.web", body)
        [first] = await _dead_letters(client, 1)
        [listed] = await _dead(up, "list")
        assert (listed["id"], listed["code"], listed["bytes"]) == (first.id, "bad_message", len(body))
        [shown] = await _dead(up, "show", str(first.id))
        assert (base64.b64decode(shown["body"]), shown["reason"]) == (body, first.reason)
        [done] = await _dead(up, "retry", str(first.id))
        assert done == {"id": first.id, "done": "retried"}

        async def came_back() -> DeadLetter | None:
            return next((x for x in await _dead_letters(client, 1) if x.id > first.id), None)

        again = await until("the poison to be a dead letter again", came_back)
        assert again.body == body
        [done] = await _dead(up, "drop", str(again.id))
        assert done == {"id": again.id, "done": "dropped"}
        assert await _dead_letters(client, 0) == []


async def _dead(up: Up, *what: str) -> list[dict[str, Any]]:
    code, lines, errors = await command("dead", *what, "--data", str(up.data), "--json", data=up.data)
    assert code == 0, errors
    return lines


async def test_a_nudge_nobody_can_read_becomes_a_dead_letter_and_others_go_on(up: Up) -> None:
    await up.start()
    poison = (b'{"complaints": 5}', b"\xff\xfe{")
    async with a_channel(up.nats) as client:
        for service in WANTED:
            for body in poison:
                await client.jetstream().publish(nudges_subject(service), body)
        await post(up.oracle, lambda: up.http, submissions("after-poison", 5))
        await up.books.settled()
        letters = await _dead_letters(client, len(WANTED) * len(poison))
    assert {(letter.service, letter.body) for letter in letters} == {(s.value, body) for s in WANTED for body in poison}
