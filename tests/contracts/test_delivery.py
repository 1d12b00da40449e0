"""What becomes of a message whose handler fails, on a real broker: retried, or kept with its reason (I9)."""

import asyncio
import operator
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Annotated, Any

import pytest
import structlog
from faststream import Context
from faststream.nats import NatsBroker
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import NoStreamResponseError, ServiceUnavailableError

from deploy.nats_server import NatsServer
from events import dead_letters, delivery
from events.bus import KNOCK_SECONDS, jetstream, pull, stop
from events.bus import broker as role_broker
from events.dead_letters import DeadLetter
from events.delivery import TRIES, BadMessage, Delivery, delay_after
from events.ledger import LedgerUnavailable
from events.reconciler import Contested
from events.streams import StreamSettings, set_up
from events.subjects import DURABLES, REPLY_TO, Role, Stream
from services.intake.service import take_submissions
from tests import controls
from tests.bdd import Company
from tests.conftest import Connect
from tests.controls import in_the_morning
from tests.waiting import eventually

INTAKE = next(durable for durable in DURABLES if durable.stream is Stream.INTAKE)
Handle = Callable[[bytes, int], Awaitable[None]]
"""Called with the message's bytes and how often it was delivered."""


@pytest.fixture(autouse=True)
def _short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "FIRST_DELAY", timedelta(milliseconds=2))
    monkeypatch.setattr(delivery, "LONGEST_DELAY", timedelta(milliseconds=10))


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[Any]]:
    """What is logged, kept instead of printed."""
    with structlog.testing.capture_logs() as logs:
        yield logs


@asynccontextmanager
async def serving(
    nats: NatsServer, connect: Connect, subscribe: Callable[[NatsBroker], None], port: int | None = None
) -> AsyncIterator[JetStreamContext]:
    """Intake's broker with the product's own middleware and settings; the operator's view of the server.

    With a `port` intake reaches the server by that one.
    """
    js = (await connect(nats)).jetstream()
    await set_up(js, StreamSettings())
    stopping = asyncio.Event()
    owner: NatsBroker
    deliver = partial(Delivery, service="intake", js=lambda: jetstream(owner), clock=in_the_morning)
    url = nats.url(Role.INTAKE).replace(str(nats.port), str(port or nats.port))
    owner = role_broker(url, Role.INTAKE, stopping.is_set, middlewares=[deliver])
    subscribe(owner)
    await owner.start()
    try:
        yield js
    finally:
        stopping.set()
        await stop(owner)


@asynccontextmanager
async def far_away(nats: NatsServer, seconds: float) -> AsyncIterator[int]:
    """A port behind which the server is that far: whatever it says arrives so much later."""
    loop = asyncio.get_running_loop()

    async def carry(source: asyncio.StreamReader, target: asyncio.StreamWriter, delay: float) -> None:
        while said := await source.read(65_536):
            loop.call_later(delay, target.write, said)
        target.close()
        await target.wait_closed()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, asks = await asyncio.open_connection("127.0.0.1", nats.port)
        await asyncio.gather(carry(reader, asks, 0.0), carry(answers, writer, seconds))
        served.set()

    served = asyncio.Event()
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]
        await served.wait()


def handled_by(handle: Handle) -> Callable[[NatsBroker], None]:
    """A subscriber of intake's durable that hands every message on."""

    def subscribe(broker: NatsBroker) -> None:
        async def raw(message: Any) -> bytes:
            return bytes(message.body)

        @broker.subscriber(**pull(INTAKE, batch_size=20), decoder=raw)  # type: ignore[untyped-decorator]
        async def on_message(body: bytes, message: Annotated[Any, Context("message")]) -> None:
            await handle(body, message.raw_message.metadata.num_delivered)

    return subscribe


async def letters(js: JetStreamContext) -> list[DeadLetter]:
    return [letter async for letter in dead_letters.every(js)]


async def is_empty(js: JetStreamContext) -> bool:
    """Whether every message was acknowledged or given up."""
    return (await js.stream_info(Stream.INTAKE.value)).state.messages == 0


def test_delays_double_from_the_first_to_the_longest_and_are_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    for tries in range(1, 40):
        exact = min(delivery.LONGEST_DELAY, delivery.FIRST_DELAY * 2 ** (tries - 1))
        assert exact * 0.75 <= delay_after(tries) <= exact * 1.25
    assert delivery.FIRST_DELAY * 4 == delivery.FIRST_DELAY * 2**2 < delivery.LONGEST_DELAY
    assert len({delay_after(5) for _ in range(20)}) > 1


async def test_a_bug_of_ours_is_tried_again_until_it_works(nats: NatsServer, connect: Connect) -> None:
    seen: list[int] = []

    async def fail_twice(_: bytes, tries: int) -> None:
        seen.append(tries)
        if tries < 3:
            raise RuntimeError("a bug of ours")

    async with serving(nats, connect, handled_by(fail_twice)) as js:
        await js.publish("intake.web", b"1")
        await eventually(lambda: is_empty(js))
        assert seen == [1, 2, 3]
        assert await letters(js) == []


async def test_after_so_many_tries_a_message_becomes_a_dead_letter_and_an_alarm(
    nats: NatsServer, connect: Connect, logged: list[Any]
) -> None:
    seen: list[int] = []

    async def fail(_: bytes, tries: int) -> None:
        seen.append(tries)
        raise RuntimeError("a bug of ours")

    async with serving(nats, connect, handled_by(fail)) as js:
        await js.publish("intake.web", b"{}")
        await eventually(lambda: is_empty(js))
        assert seen == list(range(1, TRIES + 1))
        [letter] = await letters(js)
    assert [entry["tries"] for entry in logged if entry["event"] == "handler failed"] == seen
    assert letter[1:8] == (
        "intake", "intake.web", "handler_failed", "RuntimeError: a bug of ours", letter.at, TRIES, b"{}"
    )  # fmt: skip


@pytest.mark.parametrize(
    "away",
    [
        LedgerUnavailable("the database is away"),
        Contested("somebody is faster"),
        NatsError("the broker is away"),
        NoStreamResponseError(),
        ServiceUnavailableError(),
        TimeoutError(),
    ],
    ids=lambda away: type(away).__name__,
)
async def test_what_passes_never_makes_a_dead_letter(nats: NatsServer, connect: Connect, away: Exception) -> None:
    seen: list[int] = []

    async def wait(_: bytes, tries: int) -> None:
        seen.append(tries)
        if tries < TRIES + 5:
            raise away

    async with serving(nats, connect, handled_by(wait)) as js:
        await js.publish("intake.web", b"{}")
        await eventually(lambda: is_empty(js))
        assert seen == list(range(1, TRIES + 6))
        assert await letters(js) == []


async def test_poison_is_kept_with_its_bytes_while_good_messages_pass(nats: NatsServer, connect: Connect) -> None:
    good: list[bytes] = []

    async def choke_on_poison(body: bytes, _: int) -> None:
        if body.startswith(b"poison"):
            raise BadMessage("没有人懂这条消息")
        good.append(body)

    async with serving(nats, connect, handled_by(choke_on_poison)) as js:
        for body in (b"1", b"poison \xff\x00", b"2", b"3"):
            await js.publish("intake.web", body)
        await eventually(lambda: is_empty(js))
        [letter] = await letters(js)
    assert sorted(good) == [b"1", b"2", b"3"]
    assert (letter.body, letter.reason, letter.code, letter.tries) == (
        b"poison \xff\x00", "没有人懂这条消息", "bad_message", 1
    )  # fmt: skip


async def test_a_message_is_not_given_up_before_its_dead_letter_is_kept(nats: NatsServer, connect: Connect) -> None:
    async def fail(_: bytes, __: int) -> None:
        raise BadMessage("bad")

    async with serving(nats, connect, handled_by(fail)) as js:
        await js.delete_stream(Stream.DEAD.value)
        await js.publish("intake.web", b"{}")
        await eventually(lambda: redelivered(js), within_seconds=10)
        assert not await is_empty(js)


async def test_a_message_that_cannot_be_buried_comes_again_after_the_longest_delay(
    nats: NatsServer, connect: Connect, monkeypatch: pytest.MonkeyPatch, logged: list[Any]
) -> None:
    monkeypatch.setattr(delivery, "LONGEST_DELAY", timedelta(hours=1))
    seen: list[bytes] = []

    async def choke(body: bytes, _: int) -> None:
        seen.append(body)
        if body == b"poison":
            raise BadMessage("bad")

    async with serving(nats, connect, handled_by(choke)) as js:
        full = (await js.stream_info(Stream.DEAD.value)).config
        await js.update_stream(replace(full, max_bytes=1))
        await js.publish("intake.web", b"poison")
        # Rounds to the broker and back, in which a message offered again at once would show.
        for number in range(20):
            await js.publish("intake.web", b"%d" % number)
            await eventually(partial(operator.contains, seen, b"%d" % number))
        assert seen.count(b"poison") == 1
        assert not await is_empty(js)
    assert [entry["event"] for entry in logged if entry["log_level"] == "error"] == ["dead letter not kept"]


async def test_of_a_batch_only_messages_tried_often_enough_become_dead_letters(
    nats: NatsServer, connect: Connect
) -> None:
    js = (await connect(nats)).jetstream()
    together: list[set[bytes]] = []

    def subscribe(broker: NatsBroker) -> None:
        @broker.subscriber(**pull(INTAKE, batch_size=2, batch_seconds=0.1))  # type: ignore[untyped-decorator]
        async def on_batch(_: list[Any], message: Annotated[Any, Context("message")]) -> None:
            tries = {raw.data: raw.metadata.num_delivered for raw in message.raw_message}
            if tries.get(b'"old"') == TRIES - 1:
                await js.publish("intake.web", b'"new"')
            together.append(set(tries))
            if b'"old"' in tries:
                raise RuntimeError("a bug of ours")

    async with serving(nats, connect, subscribe):
        await js.publish("intake.web", b'"old"')
        await eventually(lambda: is_empty(js), within_seconds=15)
        assert {b'"old"', b'"new"'} in together
        assert [(letter.body, letter.tries) for letter in await letters(js)] == [(b'"old"', TRIES)]


async def test_a_stop_waits_for_what_a_far_broker_still_sends(nats: NatsServer, connect: Connect) -> None:
    seen: list[bytes] = []

    async def see(body: bytes, _: int) -> None:
        seen.append(body)

    channel = (await connect(nats, Role.CHANNEL)).jetstream()
    async with far_away(nats, seconds=5 * KNOCK_SECONDS) as far:
        async with serving(nats, connect, handled_by(see), far) as js:
            for number in range(5):
                await channel.publish("intake.web", b"%d" % number)
        info = await js.consumer_info(Stream.INTAKE.value, INTAKE.name)
    assert info.num_ack_pending == 0, f"handed out and never finished, of which {len(seen)} were seen"


async def test_a_dead_letter_keeps_the_headers_of_its_message(nats: NatsServer, connect: Connect) -> None:
    async def fail(_: bytes, __: int) -> None:
        raise BadMessage("bad")

    async with serving(nats, connect, handled_by(fail)) as js:
        sent = {REPLY_TO: "receipts.web.1", "Nats-Msg-Id": "1"}
        await js.publish("intake.web", b"{}", headers=sent)
        await eventually(lambda: is_empty(js))
        [letter] = await letters(js)
    assert letter.headers == {REPLY_TO: "receipts.web.1"}


async def redelivered(js: JetStreamContext) -> bool:
    return bool((await js.consumer_info(Stream.INTAKE.value, INTAKE.name)).num_redelivered)


async def test_a_cut_submission_is_refused_to_its_sender_and_kept(nats: NatsServer, connect: Connect) -> None:
    company = Company(in_the_morning())
    sender = await connect(nats, Role.CHANNEL)
    answers = await sender.subscribe("receipts.web.1")
    await sender.flush()
    cut = controls.body()[:-5]
    async with serving(nats, connect, lambda b: take_submissions(b, company.intake, company.clock)) as js:
        await sender.jetstream().publish("intake.web", cut, headers={REPLY_TO: "receipts.web.1"})
        answer = await answers.next_msg(timeout=5)
        await eventually(lambda: is_empty(js))
        [letter] = await letters(js)
    assert b'"code":"json_invalid"' in answer.data
    assert letter.body == cut
    assert company.ledger.load(controls.C1).version == 0


@pytest.mark.clause("S004-1.2")
async def test_a_message_changed_too_often_is_refused_to_its_channel_and_kept(
    nats: NatsServer, connect: Connect
) -> None:
    company = Company(in_the_morning())
    await company.submit()
    most = controls.policy().document.record.most_supplements
    added = [controls.supplemented(in_the_morning(), content=f"{number:064}") for number in range(most)]
    controls.put(company.ledger, controls.C1, *added)
    sender = await connect(nats, Role.CHANNEL)
    answers = await sender.subscribe("receipts.web.1")
    await sender.flush()
    again = controls.body(text="又一次")
    async with serving(nats, connect, lambda b: take_submissions(b, company.intake, company.clock)) as js:
        await sender.jetstream().publish("intake.web", again, headers={REPLY_TO: "receipts.web.1"})
        answer = await answers.next_msg(timeout=5)
        await eventually(lambda: is_empty(js))
        [letter] = await letters(js)
    assert b'"code":"too_many_supplements"' in answer.data
    assert (letter.code, letter.body) == ("bad_message", again)


async def test_a_refusal_too_long_to_send_does_not_hide_what_is_wrong(nats: NatsServer, connect: Connect) -> None:
    company = Company(in_the_morning())
    many = b"{" + b",".join(b'"x%d":1' % number for number in range(20_000)) + b"}"
    async with serving(nats, connect, lambda b: take_submissions(b, company.intake, company.clock)) as js:
        await js.publish("intake.web", many, headers={REPLY_TO: "receipts.web.1"})
        await eventually(lambda: is_empty(js))
        [letter] = await letters(js)
    assert letter.code == "bad_message"
    assert "x0: Extra inputs are not permitted" in letter.reason


async def test_a_submission_is_acknowledged_only_once_the_ledger_holds_it(nats: NatsServer, connect: Connect) -> None:
    company = Company(in_the_morning())
    async with serving(nats, connect, lambda b: take_submissions(b, company.intake, company.clock)) as js:
        for body in (controls.body(), controls.body(), b"\xff"):
            await js.publish("intake.web", body)
        await eventually(lambda: is_empty(js))
        assert [letter.body for letter in await letters(js)] == [b"\xff"]
    assert company.names() == ["Received"]


async def test_a_channel_speaks_for_itself_only(nats: NatsServer, connect: Connect) -> None:
    company = Company(in_the_morning())
    async with serving(nats, connect, lambda b: take_submissions(b, company.intake, company.clock)) as js:
        await js.publish("intake.phone", controls.body(channel="web"))
        await eventually(lambda: is_empty(js))
        [letter] = await letters(js)
    assert letter.subject == "intake.phone"
    assert "cannot come by intake.phone" in letter.reason
    assert company.names() == []
