"""The NATS server of an installation starts, ends, comes back with everything; each role has its rights."""

import stat
from pathlib import Path

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error, TimeoutError
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from deploy.nats_server import NatsServer, NatsServerFailed
from deploy.permissions import RIGHTS, render
from events import subjects
from events.streams import StreamSettings, check, set_up
from events.subjects import Role, Stream, durables_of
from tests.conftest import Connect
from tests.waiting import eventually

AN_ID = "0b6f1a3e-8f0c-5d7a-9b1e-2f3a4b5c6d7f"
SMALL = StreamSettings()
SERVICES = [Role.INTAKE, Role.WORKFLOW, Role.NOTIFIER, Role.RELAY, Role.DESK, Role.SEAL, Role.CHANNEL]

STORED = {
    Role.CHANNEL: ["intake.web"],
    Role.INTAKE: [f"agenda.intake.{AN_ID}", "nudges.intake", "dead.intake"],
    Role.WORKFLOW: [f"agenda.workflow.{AN_ID}", "nudges.workflow", "dead.workflow"],
    Role.NOTIFIER: [f"agenda.notifier.{AN_ID}", "nudges.notifier", "dead.notifier"],
    Role.RELAY: ["complaints.received.7", "nudges.intake", "nudges.workflow", "nudges.notifier"],
    Role.DESK: [],
    Role.SEAL: [],
    Role.SETUP: ["nudges.intake", "nudges.workflow", "nudges.notifier"],
}
"""What each role may put into a stream, and nothing else of ONE_OF_EACH."""

ONE_OF_EACH = sorted({subject for allowed in STORED.values() for subject in allowed} | {f"due.workflow.{AN_ID}"})


@pytest.mark.asyncio
async def test_a_started_server_answers_every_role_at_its_url(nats: NatsServer, connect: Connect) -> None:
    for role in Role:
        client = await connect(nats, role)
        assert client.is_connected


@pytest.mark.asyncio
async def test_a_stranger_is_not_let_in(nats: NatsServer) -> None:
    for user in ("", "intake:guess@"):
        assert not await _admitted(f"nats://{user}127.0.0.1:{nats.port}")


@pytest.mark.asyncio
async def test_a_restart_keeps_port_passwords_and_streams(nats: NatsServer, connect: Connect) -> None:
    url = nats.url(Role.INTAKE)
    await _publish(await _operator(nats, connect), "intake.web")
    nats.restart()
    assert nats.url(Role.INTAKE) == url
    info = await (await connect(nats)).jetstream().stream_info(Stream.INTAKE.value)
    assert info.state.messages == 1


@pytest.mark.asyncio
async def test_an_acknowledged_message_survives_a_kill(nats: NatsServer, connect: Connect) -> None:
    await _publish(await _operator(nats, connect), "intake.web")
    nats.kill()
    nats.start()
    info = await (await connect(nats)).jetstream().stream_info(Stream.INTAKE.value)
    assert info.state.messages == 1


@pytest.mark.asyncio
async def test_a_client_finds_a_killed_server_again_by_itself(nats: NatsServer, connect: Connect) -> None:
    client = await connect(nats)
    nats.kill()
    await eventually(lambda: not client.is_connected)
    nats.start()
    await eventually(lambda: client.is_connected)


def test_another_owner_of_the_directory_gets_the_same_urls(tmp_path: Path) -> None:
    with NatsServer(tmp_path) as first:
        url = first.url(Role.RELAY)
    with NatsServer(tmp_path) as second:
        assert second.url(Role.RELAY) == url


def test_a_directory_has_one_owner_at_a_time(nats: NatsServer) -> None:
    with pytest.raises(NatsServerFailed, match="another process"):
        NatsServer(nats.directory).start()
    assert nats.is_running


def test_the_server_of_a_killed_owner_is_ended_by_the_next(tmp_path: Path) -> None:
    orphan = NatsServer(tmp_path).start()
    try:
        assert orphan._process is not None and orphan._lock is not None
        # What the death of the owner does to its lock.
        orphan._lock.close()
        with NatsServer(tmp_path) as heir:
            orphan._process.wait(5)
            assert heir.is_running
    finally:
        orphan.kill()


@pytest.mark.asyncio
async def test_a_paused_server_keeps_connections_and_answers_later(nats: NatsServer, connect: Connect) -> None:
    js = (await _operator(nats, connect)).jetstream()
    nats.pause()
    with pytest.raises(TimeoutError):
        await js.publish("intake.web", b"{}", timeout=0.2)
    nats.resume()
    # What was written during the pause is stored all the same: a timeout means unknown (pitfalls C2).
    await eventually(lambda: _holds(js, Stream.INTAKE, 1))


def test_a_paused_server_can_be_stopped(nats: NatsServer) -> None:
    nats.pause()
    nats.stop()
    assert not nats.is_running


@pytest.mark.asyncio
async def test_a_wiped_server_has_lost_everything(nats: NatsServer, connect: Connect) -> None:
    await _operator(nats, connect)
    with pytest.raises(NatsServerFailed):
        nats.wipe()
    nats.stop()
    nats.wipe()
    nats.start()
    with pytest.raises(NotFoundError):
        await (await connect(nats)).jetstream().stream_info(Stream.INTAKE.value)


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(NatsServerFailed, match="max_payload"):
        NatsServer(tmp_path, max_payload=1 << 40).start()


def test_a_fixed_port_that_is_taken_is_an_error_not_another_port(tmp_path: Path, nats: NatsServer) -> None:
    with pytest.raises(NatsServerFailed, match="address already in use"):
        NatsServer(tmp_path / "second", port=nats.port).start()


def test_a_remembered_port_that_is_taken_is_replaced(tmp_path: Path, nats: NatsServer) -> None:
    (tmp_path / "second").mkdir()
    (tmp_path / "second" / "server.json").write_text(f'{{"port": {nats.port}}}')
    with NatsServer(tmp_path / "second") as second:
        assert second.port != nats.port


def test_files_with_passwords_are_private(nats: NatsServer) -> None:
    modes = {stat.S_IMODE((nats.directory / name).stat().st_mode) for name in ("nats.conf", "server.json")}
    assert modes == {0o600}


@pytest.mark.asyncio
async def test_without_auth_everybody_is_let_in(tmp_path: Path) -> None:
    with NatsServer(tmp_path, auth=False) as server:
        assert await _admitted(server.url())


def test_rights_are_allow_lists_and_only_the_operator_has_all() -> None:
    everything = [role for role, rights in RIGHTS.items() if ">" in (*rights.publish, *rights.subscribe)]
    assert everything == [Role.OPERATOR]
    assert "deny" not in render(dict.fromkeys(Role, "secret"))


@pytest.mark.asyncio
@pytest.mark.parametrize("role", STORED)
async def test_a_role_stores_what_is_its_own_and_nothing_else(nats: NatsServer, connect: Connect, role: Role) -> None:
    operator = await _operator(nats, connect)
    client = await connect(nats, role)
    stored = []
    for subject in ONE_OF_EACH:
        # One connection, in order: once the request after it is answered, the server has seen this one.
        await client.publish(subject, b"{}")
        await client.flush()
    for stream in Stream:
        info = await operator.jetstream().stream_info(stream.value, subjects_filter=">")
        stored += list(info.state.subjects or {})
    assert sorted(stored) == sorted(STORED[role])


@pytest.mark.asyncio
@pytest.mark.parametrize("role", [Role.CHANNEL, Role.RELAY, *(r for r in Role if durables_of(r))])
async def test_a_role_gets_its_acknowledgement(nats: NatsServer, connect: Connect, role: Role) -> None:
    await _operator(nats, connect)
    client = await connect(nats, role)
    for subject in STORED[role]:
        assert (await client.jetstream().publish(subject, b"{}", timeout=2)).seq


@pytest.mark.asyncio
@pytest.mark.parametrize("role", [Role.INTAKE, Role.WORKFLOW, Role.NOTIFIER])
async def test_a_service_pulls_and_acknowledges_its_own_work(nats: NatsServer, connect: Connect, role: Role) -> None:
    operator = await _operator(nats, connect)
    js = (await connect(nats, role)).jetstream()
    for durable in durables_of(role):
        await _publish(operator, durable.filter.replace("*", "x"))
        work = await js.pull_subscribe_bind(durable=durable.name, stream=durable.stream.value)
        [message] = await work.fetch(1, timeout=2)
        await message.ack_sync(timeout=2)
        info = await js.consumer_info(durable.stream.value, durable.name)
        assert (info.num_pending, info.num_ack_pending) == (0, 0)


@pytest.mark.asyncio
@pytest.mark.parametrize("role", SERVICES)
async def test_a_role_can_check_the_streams_it_uses(nats: NatsServer, connect: Connect, role: Role) -> None:
    await _operator(nats, connect)
    await check((await connect(nats, role)).jetstream(), SMALL, role)


@pytest.mark.asyncio
@pytest.mark.parametrize("role", [r for r in SERVICES if r is not Role.RELAY])
async def test_nobody_reads_complaints_behind_the_ledger(nats: NatsServer, connect: Connect, role: Role) -> None:
    await _publish(await _operator(nats, connect), "complaints.received.1")
    requests = ("STREAM.MSG.GET.COMPLAINTS", "DIRECT.GET.COMPLAINTS", "CONSUMER.CREATE.COMPLAINTS")
    await _all_refused(nats, connect, role, [f"$JS.API.{request}" for request in requests])


@pytest.mark.asyncio
@pytest.mark.parametrize("role", SERVICES)
async def test_no_service_manages_streams(nats: NatsServer, connect: Connect, role: Role) -> None:
    operator = await _operator(nats, connect)
    verbs = ("CREATE", "UPDATE", "DELETE", "PURGE")
    await _all_refused(nats, connect, role, [f"$JS.API.STREAM.{verb}.{stream}" for verb in verbs for stream in Stream])
    assert len(await operator.jetstream().streams_info()) == len(Stream)


@pytest.mark.asyncio
@pytest.mark.parametrize("role", [Role.SETUP, Role.OPERATOR])
async def test_setup_and_operator_manage_streams(nats: NatsServer, connect: Connect, role: Role) -> None:
    js = (await connect(nats, role)).jetstream()
    await set_up(js, SMALL)
    assert await js.delete_stream(Stream.DEAD.value)
    assert await set_up(js, SMALL) == ["stream DEAD is missing"]


@pytest.mark.asyncio
async def test_setup_makes_no_stream_of_another_name(nats: NatsServer, connect: Connect) -> None:
    await _all_refused(nats, connect, Role.SETUP, ["$JS.API.STREAM.CREATE.COPY"])


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("role", "subject"),
    [
        (Role.CHANNEL, "intake.web"),
        (Role.CHANNEL, "complaints.>"),
        (Role.CHANNEL, "_INBOX_intake.>"),
        (Role.INTAKE, "receipts.>"),
        (Role.INTAKE, "commands.resolve"),
        (Role.WORKFLOW, "commands.resolve"),
        (Role.NOTIFIER, "commands.resolve"),
        (Role.DESK, "_INBOX_workflow.>"),
        (Role.DESK, ">"),
        (Role.RELAY, "intake.*"),
        (Role.SEAL, "complaints.>"),
        (Role.SETUP, "$JS.API.>"),
    ],
)
async def test_a_role_hears_only_what_is_for_it(nats: NatsServer, connect: Connect, role: Role, subject: str) -> None:
    errors: list[Exception] = []
    client = await connect(nats, role, errors)
    await client.subscribe(subject)
    await eventually(lambda: any("permissions violation" in str(error) for error in errors))


@pytest.mark.asyncio
async def test_a_command_is_answered_by_one_workflow(nats: NatsServer, connect: Connect) -> None:
    desk = await connect(nats, Role.DESK)
    for _ in range(2):
        await _answer(await connect(nats, Role.WORKFLOW), subjects.COMMANDS_SUBJECTS, subjects.COMMANDS_QUEUE)
    answer = await desk.request(subjects.command_subject("resolve"), b"", timeout=2)
    assert answer.data == b"done"


@pytest.mark.asyncio
async def test_news_of_a_writer_reaches_relay_desk_and_seal(nats: NatsServer, connect: Connect) -> None:
    listeners = [await connect(nats, role) for role in (Role.RELAY, Role.DESK, Role.SEAL)]
    ears = [await listener.subscribe(subjects.LEDGER_APPENDED) for listener in listeners]
    for listener in listeners:
        await listener.flush()
    for role in (Role.INTAKE, Role.WORKFLOW, Role.NOTIFIER, Role.DESK, Role.SETUP):
        await (await connect(nats, role)).publish(subjects.LEDGER_APPENDED, role.value.encode())
    for ear in ears:
        heard = {(await ear.next_msg(timeout=2)).data for _ in range(5)}
        assert heard == {b"intake", b"workflow", b"notifier", b"desk", b"setup"}


@pytest.mark.asyncio
async def test_a_channel_gets_its_receipt(nats: NatsServer, connect: Connect) -> None:
    channel = await connect(nats, Role.CHANNEL)
    ear = await channel.subscribe("receipts.web.*")
    await channel.flush()
    await (await connect(nats, Role.INTAKE)).publish("receipts.web.W-1", b"{}")
    assert (await ear.next_msg(timeout=2)).subject == "receipts.web.W-1"


async def _operator(server: NatsServer, connect: Connect) -> Client:
    """The operator of a server that has been set up."""
    operator = await connect(server)
    await set_up(operator.jetstream(), SMALL)
    return operator


async def _publish(client: Client, subject: str) -> None:
    await client.jetstream().publish(subject, b"{}", timeout=2)


async def _holds(js: JetStreamContext, stream: Stream, messages: int) -> bool:
    return (await js.stream_info(stream.value)).state.messages == messages


async def _admitted(url: str) -> bool:
    """Whether the server lets that user in; a refused client is closed: connect leaves its socket open."""
    client = Client()
    try:
        await client.connect(url, allow_reconnect=False, error_cb=_ignore)
        return client.is_connected
    except Error:
        return False
    finally:
        await client.close()


async def _ignore(_: Exception) -> None:
    """The refusal itself is what connect raises."""


async def _answer(client: Client, subject: str, queue: str) -> None:
    async def done(message: Msg) -> None:
        await message.respond(b"done")

    await client.subscribe(subject, queue=queue, cb=done)
    await client.flush()


async def _all_refused(server: NatsServer, connect: Connect, role: Role, asked: list[str]) -> None:
    """The server refuses each request, and tells the error callback alone (pitfalls C8)."""
    errors: list[Exception] = []
    client = await connect(server, role, errors)
    for subject in asked:
        await client.publish(subject, b"{}", reply=f"{subjects.inbox(role)}.answer")
    await eventually(lambda: len(errors) == len(asked))
    told = " ".join(str(error).lower() for error in errors)
    assert all(f'"{subject.lower()}"' in told for subject in asked)
