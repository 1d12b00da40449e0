"""Streams and consumers are as designed or nobody runs; the broker does what the design asks of it."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from nats.aio.client import Client
from nats.errors import Error, TimeoutError
from nats.js import JetStreamContext
from nats.js.api import Header, PubAck, RetentionPolicy, StreamConfig
from nats.js.errors import APIError, BadRequestError, NotFoundError

from deploy.nats_cluster import NatsCluster
from deploy.nats_server import NatsServer
from events.streams import StreamsDiffer, StreamSettings, check, fill, set_up, wanted
from events.subjects import DURABLES, LEDGER_POSITION, Role, Stream
from tests.conftest import Connect
from tests.waiting import eventually

SETTINGS = StreamSettings()


@pytest.mark.asyncio
async def test_setup_tells_what_it_made_and_a_second_one_finds_nothing(nats: NatsServer, connect: Connect) -> None:
    js = (await connect(nats, Role.SETUP)).jetstream()
    assert len(await set_up(js, SETTINGS)) == len(Stream) + len(DURABLES)
    assert await set_up(js, SETTINGS) == []
    await check(js, SETTINGS)


@pytest.mark.asyncio
async def test_a_bare_broker_is_refused_with_every_missing_name(nats: NatsServer, connect: Connect) -> None:
    js = (await connect(nats)).jetstream()
    with pytest.raises(StreamsDiffer) as refused:
        await check(js, SETTINGS)
    assert "stream AGENDA is missing" in str(refused.value)
    assert "consumer NUDGES/notifier is missing" in str(refused.value)
    assert len(refused.value.differences) == len(Stream) + len(DURABLES)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"max_age": 3600.0}, "max_age is 3600.0, wanted None"),
        ({"subjects": ["intake.web"]}, "subjects is ['intake.web'], wanted ['intake.*']"),
        ({"duplicate_window": 1.0}, "duplicate_window is 1.0, wanted 120.0"),
        ({"allow_msg_ttl": True}, "allow_msg_ttl is True, wanted None"),
        ({"allow_direct": True}, "allow_direct is True, wanted None"),
    ],
)
async def test_a_changed_stream_is_reported_refused_and_mended(
    nats: NatsServer, connect: Connect, change: dict[str, Any], told: str
) -> None:
    js = await _set_up(nats, connect)
    await js.update_stream(replace(_wanted(Stream.INTAKE), **change))
    with pytest.raises(StreamsDiffer) as refused:
        await check(js, SETTINGS, Role.INTAKE)
    assert f"stream INTAKE: {told}" in str(refused.value)
    await check(js, SETTINGS, Role.RELAY)
    if "allow_msg_ttl" not in change:
        assert await set_up(js, SETTINGS) == [f"stream INTAKE: {told}"]


@pytest.mark.asyncio
async def test_a_changed_consumer_is_reported_refused_and_mended(nats: NatsServer, connect: Connect) -> None:
    js = await _set_up(nats, connect)
    consumer = dict(wanted(SETTINGS).consumers)[Stream.INTAKE]
    await js.add_consumer("INTAKE", replace(consumer, ack_wait=1.0))
    with pytest.raises(StreamsDiffer, match=r"consumer INTAKE/intake: ack_wait is 1.0, wanted 30.0"):
        await check(js, SETTINGS, Role.INTAKE)
    assert await set_up(js, SETTINGS) == ["consumer INTAKE/intake: ack_wait is 1.0, wanted 30.0"]


@pytest.mark.asyncio
async def test_a_deleted_consumer_is_noticed(nats: NatsServer, connect: Connect) -> None:
    js = await _set_up(nats, connect)
    await js.delete_consumer("AGENDA", "due-workflow")
    with pytest.raises(StreamsDiffer, match="consumer AGENDA/due-workflow is missing"):
        await check(js, SETTINGS, Role.WORKFLOW)


@pytest.mark.asyncio
async def test_what_the_server_will_not_change_is_told_and_left_alone(nats: NatsServer, connect: Connect) -> None:
    js = (await connect(nats)).jetstream()
    await js.add_stream(replace(_wanted(Stream.INTAKE), retention=RetentionPolicy.LIMITS))
    with pytest.raises(StreamsDiffer, match=r"retention is 'limits', wanted 'workqueue'(.|\n)*the server refused"):
        await set_up(js, SETTINGS)


@pytest.mark.asyncio
async def test_new_sizes_are_applied_without_loss(nats: NatsServer, connect: Connect) -> None:
    js = await _set_up(nats, connect)
    await js.publish("intake.web", b"{}")
    larger = replace(SETTINGS, intake_bytes=2 * SETTINGS.intake_bytes)
    [told] = await set_up(js, larger)
    assert told.startswith("stream INTAKE: max_bytes")
    assert (await js.stream_info("INTAKE")).state.messages == 1


@pytest.mark.asyncio
async def test_evidence_can_be_neither_deleted_nor_purged(nats: NatsServer, connect: Connect) -> None:
    js = await _set_up(nats, connect)
    await js.publish("complaints.received.1", b"{}")
    with pytest.raises(APIError, match="delete"):
        await js.delete_msg("COMPLAINTS", 1)
    with pytest.raises(APIError, match="purge"):
        await js.purge_stream("COMPLAINTS")


@pytest.mark.asyncio
@pytest.mark.parametrize("subject", ["intake.web", "nudges.workflow", "dead.intake"])
async def test_a_full_queue_refuses_the_new_and_keeps_the_old(nats: NatsServer, connect: Connect, subject: str) -> None:
    js = await _set_up(nats, connect, _tiny())
    await js.publish(subject, b"first")
    with pytest.raises(APIError, match="maximum bytes"):
        await js.publish(subject, bytes(8_000))
    kept = await js.get_msg(subject.split(".", maxsplit=1)[0].upper(), seq=1)
    assert kept.data == b"first"


@pytest.mark.asyncio
async def test_a_full_complaints_stream_drops_the_oldest_and_keeps_the_last(nats: NatsServer, connect: Connect) -> None:
    js = await _set_up(nats, connect, _tiny())
    for position in range(20):
        await js.publish("complaints.received.1", bytes(500), headers={LEDGER_POSITION: str(position)})
    state = (await js.stream_info("COMPLAINTS")).state
    last = await js.get_msg("COMPLAINTS", seq=state.last_seq)
    assert state.first_seq > 1
    assert (last.headers or {})[LEDGER_POSITION] == "19"
    assert (await fill(js, _tiny()))[Stream.COMPLAINTS] > 0.8


@pytest.mark.asyncio
async def test_a_batch_of_the_relay_is_stored_whole_and_in_order(nats: NatsServer, connect: Connect) -> None:
    await _set_up(nats, connect)
    relay = await connect(nats, Role.RELAY)
    ack = await _batch(relay, positions=range(1, 101), expected_last=0)
    assert (ack.seq, ack.batch_size) == (100, 100)
    assert await _positions(relay) == (1, 100)


@pytest.mark.asyncio
async def test_of_two_relays_one_wins_and_the_other_is_told(nats: NatsServer, connect: Connect) -> None:
    await _set_up(nats, connect)
    relays = [await connect(nats, Role.RELAY) for _ in range(2)]
    answers = await asyncio.gather(
        *(_batch(relay, positions=range(1, 11), expected_last=0) for relay in relays), return_exceptions=True
    )
    lost = [answer for answer in answers if isinstance(answer, BaseException)]
    assert len(lost) == 1 and isinstance(lost[0], BadRequestError) and lost[0].err_code == 10071
    assert await _positions(relays[0]) == (1, 10)


@pytest.mark.asyncio
async def test_a_timer_fires_once_in_time_to_the_service_that_set_it(nats: NatsServer, connect: Connect) -> None:
    await _set_up(nats, connect)
    js = (await connect(nats, Role.WORKFLOW)).jetstream()
    due = datetime.now(UTC) + timedelta(milliseconds=300)
    await _schedule(js, "a", due)
    [fired] = await (await _due(js)).fetch(1, timeout=5)
    assert datetime.now(UTC) >= due
    assert (fired.subject, fired.data) == ("due.workflow.a", b"look")
    await fired.ack_sync()
    assert (await js.stream_info("AGENDA")).state.messages == 0


@pytest.mark.asyncio
async def test_a_timer_set_again_is_moved_and_a_cancelled_one_never_fires(nats: NatsServer, connect: Connect) -> None:
    await _set_up(nats, connect)
    js = (await connect(nats, Role.WORKFLOW)).jetstream()
    now = datetime.now(UTC)
    await _schedule(js, "moved", now + timedelta(hours=1))
    await _schedule(js, "moved", now + timedelta(milliseconds=400))
    await _schedule(js, "cancelled", now + timedelta(milliseconds=200))
    await js.publish("agenda.workflow.cancelled", b"", headers={Header.MSG_TTL.value: "1s"})
    [fired] = await (await _due(js)).fetch(2, timeout=1.5)
    assert fired.subject == "due.workflow.moved"
    await fired.ack_sync()
    await eventually(lambda: _is_empty(js, Stream.AGENDA))


@pytest.mark.asyncio
async def test_a_timer_that_fell_due_during_an_outage_fires_on_return(nats: NatsServer, connect: Connect) -> None:
    await _set_up(nats, connect)
    js = (await connect(nats, Role.WORKFLOW)).jetstream()
    due = datetime.now(UTC) + timedelta(milliseconds=200)
    await _schedule(js, "a", due)
    nats.kill()
    await eventually(lambda: datetime.now(UTC) > due)
    nats.start()
    client = await connect(nats, Role.WORKFLOW)
    [fired] = await (await _due(client.jetstream())).fetch(1, timeout=5)
    assert fired.subject == "due.workflow.a"


@pytest.mark.asyncio
async def test_a_backlog_holds_one_look_a_complaint(nats: NatsServer, connect: Connect) -> None:
    await _set_up(nats, connect)
    js = (await connect(nats, Role.WORKFLOW)).jetstream()
    info = (await connect(nats)).jetstream()
    for _ in range(3):
        await _schedule(js, "a", datetime.now(UTC) - timedelta(seconds=1))
        await eventually(lambda: _has(info, Stream.AGENDA, {"due.workflow.a": 1}))


@pytest.mark.asyncio
async def test_the_broker_itself_never_gives_up(nats: NatsServer, connect: Connect) -> None:
    js = await _set_up(nats, connect)
    for durable in DURABLES:
        config = (await js.consumer_info(durable.stream.value, durable.name)).config
        assert config is not None and config.max_deliver == -1


@pytest.mark.asyncio
async def test_what_the_broker_gives_up_is_written_to_dead(nats: NatsServer, connect: Connect) -> None:
    js = await _set_up(nats, connect)
    await js.add_consumer("INTAKE", replace(dict(wanted(SETTINGS).consumers)[Stream.INTAKE], max_deliver=1))
    await js.publish("intake.web", b"{}")
    work = await js.pull_subscribe_bind(durable="intake", stream="INTAKE")
    [message] = await work.fetch(1, timeout=2)
    await message.nak()
    with pytest.raises(TimeoutError):
        await work.fetch(1, timeout=0.1)
    await eventually(lambda: _has(js, Stream.DEAD, {"$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.INTAKE.intake": 1}))


@pytest.mark.fault
@pytest.mark.asyncio
async def test_a_cluster_keeps_accepting_when_the_leader_is_killed(nats_cluster: NatsCluster, connect: Connect) -> None:
    settings = replace(SETTINGS, replicas=3)
    client = await connect(nats_cluster)
    js = client.jetstream()
    try:
        await set_up(js, settings)
        assert await set_up(js, settings) == []
        await js.publish("intake.web", b"before", timeout=5)
        await _kill_leader(nats_cluster, js)
        await eventually(
            lambda: js.publish("intake.web", b"after", timeout=1),
            within_seconds=30,
            despite=(Error, APIError),
        )
        assert [(await js.get_msg("INTAKE", seq=seq)).data for seq in (1, 2)] == [b"before", b"after"]
    finally:
        nats_cluster.start()
        await eventually(lambda: _remove_streams(js), within_seconds=30, despite=(Error, APIError))


async def _kill_leader(cluster: NatsCluster, js: JetStreamContext) -> None:
    info = await js.stream_info("INTAKE")
    assert info.cluster is not None and info.cluster.leader is not None
    cluster.node(info.cluster.leader).kill()


async def _remove_streams(js: JetStreamContext) -> bool:
    for stream in Stream:
        try:
            await js.delete_stream(stream.value)
        except NotFoundError:
            continue
    return True


async def _set_up(server: NatsServer, connect: Connect, settings: StreamSettings = SETTINGS) -> JetStreamContext:
    """The operator's view of a server that has been set up."""
    js = (await connect(server)).jetstream()
    await set_up(js, settings)
    return js


def _tiny() -> StreamSettings:
    return StreamSettings(intake_bytes=4_096, complaints_bytes=4_096, nudges_bytes=4_096, dead_bytes=4_096)


def _wanted(stream: Stream) -> StreamConfig:
    return next(config for config in wanted(SETTINGS).streams if config.name == stream)


async def _batch(client: Client, positions: Sequence[int], expected_last: int) -> PubAck:
    """An atomic batch whose first message carries the fence (pitfalls C3, C4)."""
    batch = uuid4().hex
    for sequence, position in enumerate(positions, start=1):
        headers = {
            LEDGER_POSITION: str(position),
            Header.BATCH_ID.value: batch,
            Header.BATCH_SEQUENCE.value: str(sequence),
        }
        if sequence == 1:
            headers[Header.EXPECTED_LAST_SEQUENCE.value] = str(expected_last)
        if sequence < len(positions):
            await client.publish("complaints.received.1", b"{}", headers=headers)
    headers[Header.BATCH_COMMIT.value] = "1"
    return await client.jetstream().publish("complaints.received.1", b"{}", headers=headers, timeout=5)


async def _positions(relay: Client) -> tuple[int, int]:
    """Ledger positions of the first and the last message, as the relay reads them."""
    js = relay.jetstream()
    state = (await js.stream_info("COMPLAINTS")).state
    ends = [await js.get_msg("COMPLAINTS", seq=seq) for seq in (state.first_seq, state.last_seq)]
    first, last = (int((message.headers or {})[LEDGER_POSITION]) for message in ends)
    return first, last


async def _schedule(js: JetStreamContext, complaint: str, due: datetime) -> None:
    headers = {
        Header.SCHEDULE.value: f"@at {due.isoformat()}",
        Header.SCHEDULE_TARGET.value: f"due.workflow.{complaint}",
    }
    await js.publish(f"agenda.workflow.{complaint}", b"look", headers=headers, timeout=5)


async def _due(js: JetStreamContext) -> JetStreamContext.PullSubscription:
    return await js.pull_subscribe_bind(durable="due-workflow", stream="AGENDA")


async def _is_empty(js: JetStreamContext, stream: Stream) -> bool:
    return (await js.stream_info(stream.value)).state.messages == 0


async def _has(js: JetStreamContext, stream: Stream, counts: dict[str, int]) -> bool:
    info = await js.stream_info(stream.value, subjects_filter=">")
    return info.state.subjects == counts
