"""Dead letters keep bytes, reason and origin; they can be listed, explained, sent again and dropped (I9)."""

import asyncio
from dataclasses import replace

import pytest
from nats.js import JetStreamContext

from deploy.nats_server import NatsServer
from events import dead_letters
from events.dead_letters import DeadLetter, NoSuchDeadLetter, NothingToRetry, bury
from events.streams import StreamSettings, set_up, wanted
from events.subjects import Role, Stream
from tests.conftest import Connect
from tests.controls import in_the_morning
from tests.waiting import eventually

BYTES = b'{"cut": "\xff\x00 \xe5'
REASON = "不是完整的 JSON\n第二行 " + "长" * 5_000


async def a_morgue(nats: NatsServer, connect: Connect) -> JetStreamContext:
    """The operator's view of a server that was set up."""
    js = (await connect(nats)).jetstream()
    await set_up(js, StreamSettings())
    return js


async def kill_one(js: JetStreamContext, body: bytes = BYTES, subject: str = "intake.web") -> None:
    """A message that intake gave up."""
    await bury(
        js, "intake", subject=subject, code="bad_message", reason=REASON, body=body, tries=3, now=in_the_morning()
    )


async def listed(js: JetStreamContext) -> list[DeadLetter]:
    return [letter async for letter in dead_letters.every(js)]


async def test_a_dead_letter_keeps_bytes_reason_origin_time_and_tries(nats: NatsServer, connect: Connect) -> None:
    await a_morgue(nats, connect)
    # The service's own credentials are enough.
    await kill_one((await connect(nats, Role.INTAKE)).jetstream())
    [letter] = await listed((await connect(nats)).jetstream())
    assert letter.body == BYTES
    assert letter.reason == REASON[:2_000]
    assert letter[1:4] == ("intake", "intake.web", "bad_message")
    assert letter[5:7] == ("2026-03-02T02:00:00.000000Z", 3)


async def test_they_are_listed_oldest_first_and_found_by_number(nats: NatsServer, connect: Connect) -> None:
    js = await a_morgue(nats, connect)
    for number in range(5):
        await kill_one(js, b"%d" % number)
    await dead_letters.drop(js, 2)
    letters = await listed(js)
    assert [letter.body for letter in letters] == [b"0", b"2", b"3", b"4"]
    assert await dead_letters.one(js, letters[1].id) == letters[1]


async def test_an_empty_list_is_an_answer(nats: NatsServer, connect: Connect) -> None:
    js = await a_morgue(nats, connect)
    assert await listed(js) == []
    await kill_one(js)
    await dead_letters.drop(js, 1)
    assert await listed(js) == []


async def test_a_retry_sends_the_same_bytes_where_they_came_from_and_forgets(
    nats: NatsServer, connect: Connect
) -> None:
    js = await a_morgue(nats, connect)
    await kill_one(js)
    assert (await dead_letters.retry(js, 1)).body == BYTES
    back = await js.get_last_msg(Stream.INTAKE.value, "intake.web")
    assert back.data == BYTES
    assert await listed(js) == []


async def test_a_retry_sends_the_headers_again_but_not_the_brokers_own(nats: NatsServer, connect: Connect) -> None:
    js = await a_morgue(nats, connect)
    sent = {"Amends-Reply-To": "receipts.web.1", "content-type": "application/json", "X-Name": "张"}
    await bury(
        js, "intake", subject="intake.web", code="bad_message", reason=REASON, body=BYTES, tries=3,
        now=in_the_morning(), headers={**sent, "Nats-Msg-Id": "1"},
    )  # fmt: skip
    ascii_only = {name: value for name, value in sent.items() if name != "X-Name"}
    assert (await dead_letters.one(js, 1)).headers == sent
    await dead_letters.drop(js, 1)
    await bury(
        js, "intake", subject="intake.web", code="bad_message", reason=REASON, body=BYTES, tries=3,
        now=in_the_morning(), headers=ascii_only,
    )  # fmt: skip
    await dead_letters.retry(js, 2)
    back = await js.get_last_msg(Stream.INTAKE.value, "intake.web")
    assert back.headers == ascii_only


async def test_a_retry_that_cannot_be_sent_keeps_the_letter(nats: NatsServer, connect: Connect) -> None:
    js = await a_morgue(nats, connect)
    await kill_one(js, subject="nobody.listens")
    with pytest.raises(Exception, match="no response"):
        await dead_letters.retry(js, 1)
    assert [letter.body for letter in await listed(js)] == [BYTES]


async def test_a_letter_already_dropped_is_said_to_be_gone(nats: NatsServer, connect: Connect) -> None:
    js = await a_morgue(nats, connect)
    for question in (dead_letters.one, dead_letters.retry, dead_letters.drop):
        with pytest.raises(NoSuchDeadLetter, match="no dead letter 7"):
            await question(js, 7)


async def test_what_the_broker_itself_gave_up_is_listed_too(nats: NatsServer, connect: Connect) -> None:
    js = await a_morgue(nats, connect)
    await js.publish("$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.INTAKE.intake", b'{"stream_seq":1}')
    await eventually(lambda: listed(js))
    [letter] = await listed(js)
    assert (letter.service, letter.code, letter.body) == ("broker", "given_up", b'{"stream_seq":1}')


async def strand_one(js: JetStreamContext) -> DeadLetter:
    """A submission the broker offers to nobody any more, and its note."""
    once = replace(dict(wanted(StreamSettings()).consumers)[Stream.INTAKE], max_deliver=1)
    await js.add_consumer(Stream.INTAKE.value, once)
    headers = {"Amends-Reply-To": "receipts.web.1", "Nats-Msg-Id": "1"}
    await js.publish("intake.web", BYTES, headers=headers)
    work = await js.pull_subscribe_bind(durable="intake", stream=Stream.INTAKE.value)
    [message] = await work.fetch(1, timeout=2)
    await message.nak()
    waiting = asyncio.create_task(work.fetch(1, timeout=5))
    await eventually(lambda: listed(js))
    waiting.cancel()
    [letter] = await listed(js)
    return letter


async def test_a_retry_of_what_the_broker_gave_up_sends_the_stranded_message(
    nats: NatsServer, connect: Connect
) -> None:
    js = await a_morgue(nats, connect)
    letter = await strand_one(js)
    assert letter.reason.startswith("consumer intake was offered message 1 of INTAKE 1 times; it lies there")
    await dead_letters.retry(js, letter.id)
    state = (await js.stream_info(Stream.INTAKE.value)).state
    assert (state.messages, state.last_seq) == (1, 2)
    back = await js.get_msg(Stream.INTAKE.value, seq=2)
    assert (back.subject, back.data, back.headers) == ("intake.web", BYTES, {"Amends-Reply-To": "receipts.web.1"})
    assert await listed(js) == []


@pytest.mark.parametrize(
    ("note", "told"),
    [
        (b"{}", "names no message"),
        (b'{"stream":"COMPLAINTS","stream_seq":1}', "names no message"),
        (b'{"stream":"INTAKE","stream_seq":1}', "message 1 of INTAKE is gone"),
    ],
)
async def test_a_note_of_the_broker_that_names_nothing_to_send_is_refused(
    nats: NatsServer, connect: Connect, note: bytes, told: str
) -> None:
    js = await a_morgue(nats, connect)
    await js.publish("$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.INTAKE.intake", note)
    await eventually(lambda: listed(js))
    with pytest.raises(NothingToRetry, match=told):
        await dead_letters.retry(js, 1)
    assert [letter.body for letter in await listed(js)] == [note]
