"""The relay on a real broker: every event once, in ledger order, whoever dies meanwhile (I4, pitfalls C4)."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import orjson
import pytest
from eventsourcing.persistence import OperationalError, StoredEvent
from nats.js import JetStreamContext
from nats.js.errors import APIError, NotFoundError

from deploy.nats_server import NatsServer
from events import relay as relay_module
from events.bus import end
from events.catalogue import from_json
from events.envelope import Entry, Recorded, StreamId
from events.ledger import Append, Ledger
from events.nudges import BUNDLE, WANTED, Nudge
from events.relay import LedgerRestored, Relay
from events.stores import MemoryStore, Row
from events.streams import StreamSettings, set_up
from events.subjects import LEDGER_POSITION, Role, Stream, partition
from tests import controls
from tests.conftest import Connect
from tests.controls import C1, in_the_morning, put, received, some_streams, told
from tests.waiting import eventually


class Ledgered:
    """A ledger, a broker that was set up, and the operator's view of it."""

    def __init__(self, ledger: Ledger, store: "Stumbling", js: JetStreamContext) -> None:
        self.ledger, self.store, self.js = ledger, store, js

    async def positions(self) -> list[int]:
        """Ledger positions in the stream, first to last."""
        return [int(message.headers[LEDGER_POSITION]) async for message in messages(self.js, Stream.COMPLAINTS)]

    async def has_all(self) -> bool:
        """Whether the stream is the ledger, in its order, nothing twice."""
        return await self.positions() == [recorded.position for recorded in self.ledger.replay()]

    def append(self, streams: Iterable[StreamId], *more: Entry) -> None:
        """A complaint in each stream."""
        self.ledger.commit([Append(stream, 0, (received(), *more)) for stream in streams])


class Stumbling(MemoryStore):
    """A store that can be away."""

    def __init__(self) -> None:
        super().__init__()
        self.is_away = False
        self.asked_in_vain = 0

    def after(self, position: int, limit: int) -> Sequence[Row]:
        if self.is_away:
            self.asked_in_vain += 1
            raise OperationalError("the database is away")
        return super().after(position, limit)


async def messages(js: JetStreamContext, stream: Stream) -> AsyncIterator[Any]:
    """Every message of a stream, first to last."""
    state = (await js.stream_info(stream.value)).state
    for sequence in range(max(1, state.first_seq), state.last_seq + 1):
        with suppress(NotFoundError):
            yield await js.get_msg(stream.value, seq=sequence)


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_module, "PAUSE_SECONDS", 0.02)
    monkeypatch.setattr(relay_module, "IDLE_SECONDS", 0.05)


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many batches from few events, so that there is much to interrupt."""
    monkeypatch.setattr(relay_module, "BATCH_MESSAGES", 7)


async def a_house(nats: NatsServer, connect: Connect) -> Ledgered:
    js = (await connect(nats)).jetstream()
    await set_up(js, StreamSettings())
    store = Stumbling()
    return Ledgered(Ledger(store, controls.Clock(), unsafe=True), store, js)


async def a_relay(house: Ledgered, nats: NatsServer, connect: Connect) -> Relay:
    """A relay with the relay's own rights."""
    return Relay(house.ledger, (await connect(nats, Role.RELAY)).jetstream())


@asynccontextmanager
async def running(*relays: Relay) -> AsyncIterator[list[asyncio.Task[None]]]:
    """These relays at work."""
    tasks = [asyncio.create_task(relay.run()) for relay in relays]
    try:
        yield tasks
    finally:
        await end(tasks)


async def relay_all(relay: Relay) -> None:
    while await relay.advance():
        pass


async def test_every_event_goes_out_once_in_ledger_order_with_its_whole_content(
    nats: NatsServer, connect: Connect
) -> None:
    house = await a_house(nats, connect)
    house.append(some_streams(3), told(in_the_morning()))
    put(house.ledger, C1, *controls.red())
    await relay_all(await a_relay(house, nats, connect))
    sent: list[Recorded] = [
        from_json(orjson.loads(message.data)) async for message in messages(house.js, Stream.COMPLAINTS)
    ]
    assert sent == list(house.ledger.replay())


async def test_an_event_travels_as_a_cloudevent_on_a_subject_without_the_complaints_id(
    nats: NatsServer, connect: Connect
) -> None:
    house = await a_house(nats, connect)
    put(house.ledger, C1, received(controls.at_closing()))
    await relay_all(await a_relay(house, nats, connect))
    [message] = [message async for message in messages(house.js, Stream.COMPLAINTS)]
    assert message.subject == f"complaints.received.{partition(C1)}"
    assert message.headers == {
        "Ledger-Position": "1",
        "ce-specversion": "1.0",
        "ce-id": f"{C1}/1",
        "ce-type": "complaint.received",
        "ce-source": "amends",
        "ce-subject": C1,
        "ce-time": "2026-03-02T13:00:00.000000Z",
        "content-type": "application/json",
    } | {name: value for name, value in message.headers.items() if name.startswith("Nats-")}


async def test_services_are_nudged_about_what_concerns_them(nats: NatsServer, connect: Connect) -> None:
    house = await a_house(nats, connect)
    mine, other = some_streams(2)
    put(house.ledger, mine, *controls.handed_out())
    put(house.ledger, other, received(), controls.started(in_the_morning()), controls.failed(in_the_morning()))
    await relay_all(await a_relay(house, nats, connect))
    sent = [message async for message in messages(house.js, Stream.NUDGES)]
    nudges = [(message.subject, Nudge.model_validate_json(message.data).complaints) for message in sent]
    assert nudges == [(f"nudges.{service}", (mine, other)) for service in WANTED]


async def test_a_fact_nobody_waits_for_nudges_nobody(nats: NatsServer, connect: Connect) -> None:
    house = await a_house(nats, connect)
    put(house.ledger, C1, received())
    relay = await a_relay(house, nats, connect)
    await relay_all(relay)
    before = [message.seq async for message in messages(house.js, Stream.NUDGES)]
    put(house.ledger, C1, controls.started(in_the_morning()))
    await relay_all(relay)
    assert [message.seq async for message in messages(house.js, Stream.NUDGES)] == before
    assert await house.has_all()


async def test_many_complaints_share_a_nudge_of_bounded_size(nats: NatsServer, connect: Connect) -> None:
    house = await a_house(nats, connect)
    streams = some_streams(BUNDLE + 1)
    house.append(streams)
    await relay_all(await a_relay(house, nats, connect))
    bundles = [
        Nudge.model_validate_json(message.data).complaints
        async for message in messages(house.js, Stream.NUDGES)
        if message.subject == "nudges.workflow"
    ]
    assert bundles == [tuple(streams[:BUNDLE]), tuple(streams[BUNDLE:])]


async def test_a_nudge_is_there_before_its_event(nats: NatsServer, connect: Connect) -> None:
    house = await a_house(nats, connect)
    put(house.ledger, C1, received())
    # Whoever writes to the stream first breaks the relay's fence: its event is refused, its nudges are out.
    relay = await a_relay(house, nats, connect)
    assert await relay.advance() == 1
    put(house.ledger, C1, controls.assigned(in_the_morning()))
    await house.js.publish("complaints.received.0", b"{}", headers={LEDGER_POSITION: "1", "ce-id": f"{C1}/1"})
    assert await relay.advance() == 1
    nudged = [message.subject async for message in messages(house.js, Stream.NUDGES)]
    assert nudged.count("nudges.notifier") == 2
    assert await house.positions() == [1, 1]


@pytest.mark.usefixtures("small_batches")
async def test_two_relays_at_once_give_the_exact_sequence(nats: NatsServer, connect: Connect) -> None:
    house = await a_house(nats, connect)
    relays = [await a_relay(house, nats, connect) for _ in range(2)]
    streams = iter(some_streams(150))
    async with running(*relays):
        for _ in range(15):
            house.append([next(streams) for _ in range(10)])
            for relay in relays:
                relay.wake()
            await asyncio.sleep(0)
        await eventually(house.has_all, within_seconds=20, every_seconds=0.1)


@pytest.mark.usefixtures("small_batches")
async def test_a_relay_ended_at_any_moment_is_resumed_without_gap_or_repeat(nats: NatsServer, connect: Connect) -> None:
    house = await a_house(nats, connect)
    house.append(some_streams(120))
    js = (await connect(nats, Role.RELAY)).jetstream()
    for steps in range(0, 120, 6):
        async with running(Relay(house.ledger, js)):
            for _ in range(steps):
                await asyncio.sleep(0)
    await relay_all(Relay(house.ledger, js))
    assert await house.has_all()


async def test_a_relay_resumes_from_the_stream_without_any_checkpoint(nats: NatsServer, connect: Connect) -> None:
    house = await a_house(nats, connect)
    house.append(some_streams(3))
    await relay_all(await a_relay(house, nats, connect))
    house.append(some_streams(5)[3:])
    assert await (await a_relay(house, nats, connect)).advance() == 2
    assert await house.has_all()


async def test_a_broker_wiped_while_the_relay_runs_is_refilled_from_the_ledger(
    nats: NatsServer, connect: Connect
) -> None:
    house = await a_house(nats, connect)
    house.append(some_streams(20))
    async with running(await a_relay(house, nats, connect)):
        await eventually(house.has_all)
        nats.kill()
        nats.wipe()
        house.append(some_streams(25)[20:])
        nats.start()
        await eventually(lambda: set_up(house.js, StreamSettings()), within_seconds=10, despite=(Exception,))
        await eventually(house.has_all, within_seconds=10, despite=(APIError,))
    assert len(await house.positions()) == 25


async def test_a_broker_that_is_away_for_a_while_is_survived(nats: NatsServer, connect: Connect) -> None:
    house = await a_house(nats, connect)
    async with running(await a_relay(house, nats, connect)) as [task]:
        nats.kill()
        house.append(some_streams(5))
        await eventually(lambda: not nats.is_running)
        nats.start()
        await eventually(house.has_all, within_seconds=20, despite=(Exception,))
        assert not task.done()


async def test_a_ledger_that_is_away_for_a_while_is_survived(nats: NatsServer, connect: Connect) -> None:
    house = await a_house(nats, connect)
    async with running(await a_relay(house, nats, connect)) as [task]:
        house.store.is_away = True
        await eventually(lambda: house.store.asked_in_vain >= 3)
        house.store.is_away = False
        house.append(some_streams(5))
        await eventually(house.has_all)
        assert not task.done()


def other_pasts() -> list[Ledger]:
    """Ledgers that cannot be the stream's: an empty one, and one whose position 1 is another complaint."""
    empty, other = (Ledger(MemoryStore(), controls.Clock(), unsafe=True) for _ in range(2))
    put(other, some_streams(1)[0], received())
    return [empty, other]


@pytest.mark.parametrize("ledger", other_pasts(), ids=["shorter", "other"])
async def test_a_stream_ahead_of_a_restored_ledger_stops_the_relay(
    nats: NatsServer, connect: Connect, ledger: Ledger
) -> None:
    house = await a_house(nats, connect)
    put(house.ledger, C1, received())
    await relay_all(await a_relay(house, nats, connect))
    with pytest.raises(LedgerRestored, match=f"{C1}/1"):
        await Relay(ledger, house.js).run()


async def test_positions_that_skip_are_no_gap(nats: NatsServer, connect: Connect) -> None:
    house = await a_house(nats, connect)
    put(house.ledger, C1, received())
    with suppress(Exception):
        house.store.insert([StoredEvent(C1, 1, "complaint.received", b"{}")])
    put(house.ledger, C1, told(in_the_morning()))
    await relay_all(await a_relay(house, nats, connect))
    assert await house.has_all()
