"""The broker is disposable: killed or wiped under load, nothing promised is lost and nothing sent twice."""

import asyncio
import socket
from urllib.parse import urlsplit

from nats.js.errors import NotFoundError

from events.subjects import LEDGER_POSITION, Stream
from tests.flows.harness import AWAY, Up, a_channel, post, submissions, until


async def test_http_goes_on_accepting_while_the_broker_is_dead_and_everything_is_caught_up(up: Up) -> None:
    await up.start()
    await post(up.oracle, lambda: up.http, submissions("before", 20))
    dead = up.broker_pid
    loads = asyncio.gather(*(post(up.oracle, lambda: up.http, submissions(f"load{i}", 60)) for i in range(2)))
    up.kill_broker()
    await loads
    verdict = await up.books.settled()
    assert verdict.recorded == 140
    await up.broker_again(dead)
    await _complaints_hold_the_whole_ledger(up)


async def test_a_wiped_broker_is_refilled_and_nobody_is_told_twice(up: Up) -> None:
    await up.start()
    await post(up.oracle, lambda: up.http, submissions("before", 40))
    await up.books.settled()
    outbox = up.books.outbox()
    dead = up.broker_pid
    up.kill_broker(wipe=True)
    await post(up.oracle, lambda: up.http, submissions("during", 40))
    await up.broker_again(dead)
    await post(up.oracle, lambda: up.http, submissions("after", 20))
    verdict = await up.books.settled()
    assert verdict.recorded == 100
    assert up.books.outbox()[: len(outbox)] == outbox
    await _complaints_hold_the_whole_ledger(up)
    await _nothing_waits(up)
    await up.books.settled()


async def test_streams_deleted_under_running_services_are_made_again_and_refilled(up: Up) -> None:
    await up.start()
    await post(up.oracle, lambda: up.http, submissions("before", 20))
    await up.books.settled()
    async with a_channel(up.nats) as client:
        for stream in Stream:
            await client.jetstream().delete_stream(stream.value)
    await post(up.oracle, lambda: up.http, submissions("after", 20))
    await up.books.settled()
    await _complaints_hold_the_whole_ledger(up)


async def test_a_broker_whose_port_was_taken_while_it_was_dead_is_found_again(up: Up) -> None:
    await up.start()
    await post(up.oracle, lambda: up.http, submissions("before", 5))
    await up.books.settled()
    dead = up.broker_pid
    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        up.kill_broker()
        await until("the dead broker's port", lambda: _takes(stranger, up.nats), despite=(OSError,), every=0.001)
        await up.broker_again(dead)
        await post(up.oracle, lambda: up.http, submissions("after", 5))
        verdict = await up.books.settled()
    assert verdict.recorded == 10


def _takes(stranger: socket.socket, url: str) -> bool:
    """Listen where the broker did; its killed process holds the port for a moment."""
    stranger.bind(("127.0.0.1", urlsplit(url).port or 0))
    stranger.listen()
    return True


async def _complaints_hold_the_whole_ledger(up: Up) -> None:
    """The stream's messages are the ledger's events: all, in order, each once (I4)."""
    rows = up.books.rows()
    async with a_channel(up.nats) as client:
        js = client.jetstream()

        async def is_full() -> bool:
            state = (await js.stream_info(Stream.COMPLAINTS.value)).state
            return state.messages >= len(rows)

        await until(f"{len(rows)} messages in COMPLAINTS", is_full, despite=(*AWAY, NotFoundError))
        feed = await js.subscribe("complaints.>", stream=Stream.COMPLAINTS.value, ordered_consumer=True)
        positions = [int((await feed.next_msg(5.0)).headers[LEDGER_POSITION]) for _ in rows]  # type: ignore[index]
        await feed.unsubscribe()
    assert positions == [row.position for row in rows]


async def _nothing_waits(up: Up) -> None:
    """The nudges of the refill are worked off too, so whatever they caused is in the ledger."""
    async with a_channel(up.nats) as client:
        js = client.jetstream()

        async def is_empty() -> bool:
            return (await js.stream_info(Stream.NUDGES.value)).state.messages == 0

        await until("all nudges of the refill to be worked off", is_empty, despite=(*AWAY, NotFoundError))
