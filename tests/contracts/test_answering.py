"""Commands over a real broker: whoever asks hears something, whatever goes wrong on our side."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import structlog
from faststream.nats import NatsBroker
from nats.js import JetStreamContext

from deploy.nats_server import NatsServer
from events import dead_letters
from events.answering import Perform, answer_commands, ask_command
from events.bus import broker as role_broker
from events.bus import jetstream, stop
from events.commands import Answer, Command
from events.delivery import Delivery
from events.reconciler import Contested
from events.streams import StreamSettings, set_up
from events.subjects import Role, command_subject
from tests.conftest import Connect
from tests.controls import C1, in_the_morning

COMMAND = Command(complaint=C1, name="reply", by="li.na")


@asynccontextmanager
async def answering(nats: NatsServer, connect: Connect, perform: Perform) -> AsyncIterator[JetStreamContext]:
    """The workflow's broker with the product's own middleware; the operator's view of the server."""
    js = (await connect(nats)).jetstream()
    await set_up(js, StreamSettings())
    stopping = asyncio.Event()
    owner: NatsBroker
    deliver = partial(Delivery, service="workflow", js=lambda: jetstream(owner), clock=in_the_morning)
    owner = role_broker(nats.url(Role.WORKFLOW), Role.WORKFLOW, stopping.is_set, middlewares=[deliver])
    answer_commands(owner, (COMMAND.name,), perform)
    await owner.start()
    try:
        yield js
    finally:
        stopping.set()
        await stop(owner)


async def test_a_command_that_meets_a_bug_of_ours_is_answered_and_logged(nats: NatsServer, connect: Connect) -> None:
    async def fail(_: Command) -> Answer:
        raise RuntimeError("a bug of ours")

    with structlog.testing.capture_logs() as logs:
        async with answering(nats, connect, fail):
            answer = await ask_command(await connect(nats, Role.DESK), COMMAND)
    assert answer["error"] == "failed"
    assert answer["zh"]
    assert answer["en"]
    [logged] = [entry for entry in logs if entry["event"] == "command failed"]
    assert logged["exc_info"]


async def test_a_command_overtaken_at_every_turn_is_told_to_come_again(nats: NatsServer, connect: Connect) -> None:
    async def overtaken(_: Command) -> Answer:
        raise Contested("others were faster")

    async with answering(nats, connect, overtaken):
        answer = await ask_command(await connect(nats, Role.DESK), COMMAND)
    assert answer == {"error": "unavailable", "reason": "others were faster"}


async def test_a_command_nobody_can_read_is_no_dead_letter(nats: NatsServer, connect: Connect) -> None:
    async def nothing(_: Command) -> Answer:
        return ()

    with structlog.testing.capture_logs() as logs:
        async with answering(nats, connect, nothing) as js:
            desk = await connect(nats, Role.DESK)
            await desk.publish(command_subject(COMMAND.name), b"[")
            # Commands of one subject are answered in turn: once this one is, the other has been dealt with.
            assert await ask_command(desk, COMMAND) == {"events": []}
            assert [letter async for letter in dead_letters.every(js)] == []
    assert logs == []


async def test_a_command_larger_than_the_broker_carries_is_told_so(nats: NatsServer, connect: Connect) -> None:
    desk = await connect(nats, Role.DESK)
    answer = await ask_command(desk, COMMAND.model_copy(update={"data": {"text": "长" * desk.max_payload}}))
    assert answer["error"] == "too_large"
