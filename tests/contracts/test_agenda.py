"""The agenda on a real broker: a look comes when it is due, the last entry counts, the past comes at once (I8)."""

from datetime import UTC, datetime, timedelta

from nats.js import JetStreamContext

from deploy.nats_server import NatsServer
from events.agenda import BrokerAgenda
from events.envelope import StreamId
from events.streams import StreamSettings, set_up
from events.subjects import Role, Stream
from events.vocabulary import Service
from tests.conftest import Connect
from tests.controls import C1, at, some_streams
from tests.waiting import eventually

MOMENT, HOUR = timedelta(milliseconds=50), timedelta(hours=1)


async def an_agenda(nats: NatsServer, connect: Connect) -> tuple[BrokerAgenda, JetStreamContext]:
    """The workflow's agenda on a server that was set up, and the operator's view of it."""
    js = (await connect(nats)).jetstream()
    await set_up(js, StreamSettings())
    return BrokerAgenda((await connect(nats, Role.WORKFLOW)).jetstream(), Service.WORKFLOW), js


async def subjects(js: JetStreamContext, family: str) -> set[str]:
    """The subjects of the agenda that hold a message."""
    info = await js.stream_info(Stream.AGENDA.value, subjects_filter=f"{family}.>")
    return set(info.state.subjects or ())


async def fired(js: JetStreamContext, *streams: StreamId) -> bool:
    """Whether exactly these complaints are due and nothing waits for them."""
    return await subjects(js, "due") == {f"due.workflow.{stream}" for stream in streams}


async def test_a_look_comes_when_it_is_due_and_not_before(nats: NatsServer, connect: Connect) -> None:
    agenda, js = await an_agenda(nats, connect)
    due = datetime.now(UTC) + timedelta(milliseconds=600)
    await agenda.schedule({C1: due})
    while not await fired(js, C1):
        looked = datetime.now(UTC)
    assert looked >= due - MOMENT
    assert await subjects(js, "agenda") == set()


async def test_a_look_in_the_past_comes_at_once(nats: NatsServer, connect: Connect) -> None:
    agenda, js = await an_agenda(nats, connect)
    await agenda.schedule({C1: datetime.now(UTC) - HOUR})
    await eventually(lambda: fired(js, C1))


async def test_a_later_entry_replaces_an_earlier_one(nats: NatsServer, connect: Connect) -> None:
    agenda, js = await an_agenda(nats, connect)
    for due in (datetime.now(UTC) + 2 * HOUR, datetime.now(UTC) + HOUR):
        await agenda.schedule({C1: due})
        assert await subjects(js, "agenda") == {f"agenda.workflow.{C1}"}
    await agenda.schedule({C1: datetime.now(UTC)})
    await eventually(lambda: fired(js, C1))


async def test_more_looks_than_one_batch_takes_are_all_kept(nats: NatsServer, connect: Connect) -> None:
    agenda, js = await an_agenda(nats, connect)
    streams = some_streams(701)
    await agenda.schedule(dict.fromkeys(streams, datetime.now(UTC) + HOUR))
    assert await subjects(js, "agenda") == {f"agenda.workflow.{stream}" for stream in streams}


async def test_looks_survive_the_brokers_death_and_come_late_rather_than_never(
    nats: NatsServer, connect: Connect
) -> None:
    agenda, js = await an_agenda(nats, connect)
    due = datetime.now(UTC) + timedelta(milliseconds=300)
    await agenda.schedule({C1: due})
    nats.kill()
    await eventually(lambda: datetime.now(UTC) > due)
    nats.start()
    await eventually(lambda: fired(js, C1), within_seconds=10, despite=(Exception,))


async def test_a_service_without_the_right_cannot_use_another_ones_agenda(nats: NatsServer, connect: Connect) -> None:
    await an_agenda(nats, connect)
    refusals: list[Exception] = []
    stranger = await connect(nats, Role.NOTIFIER, refusals)
    await stranger.publish(f"agenda.workflow.{C1}", b"", headers={"Nats-Schedule": "@at 2026-03-02T00:00:00Z"})
    await eventually(lambda: any("permissions violation" in str(refusal).lower() for refusal in refusals))


async def test_looks_are_told_in_utc_whatever_zone_they_came_in(nats: NatsServer, connect: Connect) -> None:
    agenda, js = await an_agenda(nats, connect)
    await agenda.schedule({C1: at("2036-03-02 20:50")})
    kept = await js.get_last_msg(Stream.AGENDA.value, f"agenda.workflow.{C1}")
    assert (kept.headers or {})["Nats-Schedule"] == "@at 2036-03-02T12:50:00Z"
