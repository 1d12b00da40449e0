"""What `amends serve ROLE` runs: each role is a broker connection of its own over a shared ledger (design, 8)."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from typing import Any

import structlog
from fastapi import FastAPI
from faststream.nats import NatsBroker
from nats.aio.client import Client
from nats.errors import Error as NatsError
from starlette.middleware.trustedhost import TrustedHostMiddleware

from events.agenda import BrokerAgenda
from events.answering import answer_commands, ask_command
from events.attention import Attention, Look, pay_attention
from events.bus import LEAVE_SECONDS, end, jetstream, leave, rest
from events.bus import broker as role_broker
from events.commands import Command
from events.delivery import Delivery
from events.ledger import Clock, Ledger
from events.relay import Relay
from events.streams import check
from events.subjects import LEDGER_APPENDED, Role
from events.vocabulary import Service
from policy.registry import Policies
from services.compliance.evidence.proof_http import proofs
from services.compliance.seal.publishing import publishing
from services.desk.api import reading
from services.desk.commands import commanding
from services.desk.desk import Desk
from services.desk.page import live_page
from services.desk.problems import HANDLERS
from services.intake.http import SubmissionsFirst, submissions
from services.intake.intake import Intake
from services.intake.linking import Linking
from services.intake.service import take_submissions
from services.notifier.notifier import Notifier
from services.notifier.senders.choose import Senders
from services.settings import Settings
from services.wiring.commands import BY_SERVICE, NAMES, Commands
from services.wiring.customers import about_customers
from services.wiring.erasing import Erasing
from services.wiring.health import Ended, health, refuse_old_broker
from services.wiring.http import HttpServer
from services.wiring.sealing import Sealing, store_of
from services.wiring.setup import stream_settings
from services.wiring.store import VIEWS_FILE
from services.workflow.workflow import Workflow

log = structlog.get_logger()

ROLES = (Role.INTAKE, Role.WORKFLOW, Role.NOTIFIER, Role.RELAY, Role.DESK, Role.SEAL)
"""What `serve` takes; intake, desk and seal open HTTP, each for what is theirs and for health."""

Url = Callable[[Role], str]


class House:
    """The roles of one process: started together, stopped together."""

    def __init__(self, settings: Settings, ledger: Ledger, url: Url, clock: Clock) -> None:
        self.settings = settings
        self.ledger = ledger
        self.policies = Policies(ledger)
        self._url = url
        self._clock = clock
        self._stack = AsyncExitStack()
        self._tasks: list[asyncio.Task[None]] = []
        self._brokers: dict[Role, NatsBroker] = {}
        self._writers = {service: ledger.writer(service) for service in Service}
        self.http_port: int | None = None
        self._http: HttpServer | None = None
        self._stopping = False
        self._wakes: list[Callable[[], None]] = []
        """Readers of the ledger in this process, which need no message to wake."""

    async def start(self, roles: tuple[Role, ...]) -> None:
        """Start these roles; raises StreamsDiffer, NothingPublished or a NATS error, each saying what to do."""
        await asyncio.to_thread(self.policies.refresh)
        self.policies.current(self._clock())
        starts: Mapping[Role, Callable[[], Awaitable[None]]] = {
            Role.INTAKE: self._start_intake,
            Role.WORKFLOW: self._start_workflow,
            Role.NOTIFIER: self._start_notifier,
            Role.RELAY: self._start_relay,
            Role.DESK: self._start_desk,
            Role.SEAL: self._start_seal,
        }
        for role in roles:
            await starts[role]()
        self._wake_readers_by(roles[0])
        self._run(self._follow_company(), "company")
        await self._start_http(roles)
        # Policies and libraries stay for good; walking over them again and again halts everything for up to 100 ms.
        gc.collect()
        gc.freeze()

    def _run(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run something until we stop; should it end before, that is told loudly."""
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(_tell_of_end)
        self._tasks.append(task)

    async def _follow_company(self) -> None:
        """Learn of policies and organisations that are published while we run."""
        while True:
            await asyncio.sleep(COMPANY_SECONDS)
            try:
                await asyncio.to_thread(self.policies.refresh)
            except Exception as failure:  # catch-all: what is in force stays in force, and the next look may succeed
                log.error("policies not refreshed", error=f"{type(failure).__name__}: {failure}")

    def look_for_broker(self) -> None:
        """It was started again and may listen elsewhere: where it was, a stranger may have taken the port."""
        for role, broker in self._brokers.items():
            _connection(broker).set_server_pool(self._url(role).split(","))

    async def stop(self) -> None:
        """Take no more work, finish what runs, close; within the time set for it also when the broker is silent."""
        self._stopping = True
        await end(self._tasks)
        seconds = self.settings.stop_seconds - LEAVE_SECONDS
        await asyncio.gather(self._stop_http(), *(rest(broker, seconds) for broker in self._brokers.values()))
        await asyncio.gather(*map(leave, self._brokers.values()))
        await self._stack.aclose()

    async def _stop_http(self) -> None:
        if self._http is not None:
            await self._http.stop()

    async def _broker(self, role: Role, service: Service | None = None) -> NatsBroker:
        """A connected broker of the role, its streams compared with what this release wants."""
        middlewares: list[Any] = []
        if service is not None:
            deliver = partial(
                Delivery, service=service.value, js=lambda: jetstream(self._brokers[role]), clock=self._clock
            )
            middlewares.append(deliver)
        broker = role_broker(self._url(role), role, lambda: self._stopping, middlewares=middlewares)
        await asyncio.wait_for(broker.connect(), CONNECT_SECONDS)
        self._brokers[role] = broker
        refuse_old_broker(_connection(broker).connected_server_version)
        await self._check(role)
        return broker

    async def _check(self, role: Role) -> None:
        """Raise StreamsDiffer unless what the role uses is as this release wants it."""
        await check(jetstream(self._brokers[role]), stream_settings(self.settings), role)

    async def _check_all(self) -> None:
        """Raise what keeps this process from doing its work."""
        for task in self._tasks:
            if task.done() and not self._stopping:
                raise Ended(f"{task.get_name()} ended: see the log")
        try:
            for role in self._brokers:
                await self._check(role)
        except NatsError as failure:
            raise TimeoutError(f"the broker does not answer: {failure}") from failure

    async def _start_intake(self) -> None:
        writer = self._writers[Service.INTAKE]
        self.intake = Intake(writer, self.policies, self._clock)
        # Looking comes after the receipt, by nudge: accepting never waits for it.
        broker = await self._reacting(Role.INTAKE, Service.INTAKE, Linking(writer, self.policies, self._clock).look)
        take_submissions(broker, self.intake, self._clock)
        await broker.start()

    async def _start_workflow(self) -> None:
        await self._react(Role.WORKFLOW, Service.WORKFLOW, self.workflow().look)

    async def _start_notifier(self) -> None:
        senders = Senders(self.settings.senders, self._clock)
        self._stack.push_async_callback(senders.close)
        notifier = Notifier(self._writers[Service.NOTIFIER], self.policies, senders, self._clock)
        await self._react(Role.NOTIFIER, Service.NOTIFIER, notifier.look)

    def workflow(self) -> Workflow:
        """The workflow over this ledger."""
        return Workflow(self._writers[Service.WORKFLOW], self.policies, self._clock)

    async def _react(self, role: Role, service: Service, look: Look) -> None:
        await (await self._reacting(role, service, look)).start()

    async def _reacting(self, role: Role, service: Service, look: Look) -> NatsBroker:
        """A broker, not yet started, by which a service looks and answers commands."""
        broker = await self._broker(role, service)
        attention = Attention(service, look, BrokerAgenda(jetstream(broker), service), broker)
        pay_attention(attention, service, broker)
        commands = Commands(self._writers, self.policies, self._clock)
        answer_commands(broker, tuple(BY_SERVICE[service]), commands.perform)
        return broker

    async def _start_relay(self) -> None:
        broker = await self._broker(Role.RELAY)
        relay = Relay(self.ledger, jetstream(broker))

        @broker.subscriber(LEDGER_APPENDED)
        async def on_appended(_: bytes) -> None:
            """Somebody appended to the ledger."""
            relay.wake()

        await broker.start()
        self._wakes.append(relay.wake)
        self._run(relay.run(), "relay")

    async def _start_desk(self) -> None:
        self.desk = Desk(self.ledger, self.policies, self._clock, self.settings.data / VIEWS_FILE)
        self._stack.callback(self.desk.close)
        broker = await self._broker(Role.DESK)

        @broker.subscriber(LEDGER_APPENDED)
        async def on_appended(_: bytes) -> None:
            """Somebody appended to the ledger."""
            self.desk.wake.notify()

        await broker.start()
        self._run(self.desk.follow(), "desk")

    async def _start_seal(self) -> None:
        sealing = Sealing(self.settings, self.ledger, self._clock)
        broker = await self._broker(Role.SEAL)

        @broker.subscriber(LEDGER_APPENDED)
        async def on_appended(_: bytes) -> None:
            """Somebody appended to the ledger."""
            sealing.wake()

        await broker.start()
        self._wakes.append(sealing.wake)
        self._run(sealing.run(), "seal")

    def _erasing(self) -> Erasing:
        return Erasing(self.ledger, self.policies, self.settings, self._clock)

    async def _ask(self, command: Command) -> Mapping[str, Any]:
        try:
            return await ask_command(_connection(self._brokers[Role.DESK]), command)
        except (NatsError, TimeoutError) as silent:
            return {"error": "unavailable", "zh": "处理服务未应答，请稍后重试", "en": f"no service answered: {silent}"}

    def _wake_readers_by(self, role: Role) -> None:
        """After each commit tell the relay and the desk, wherever they run."""
        connection = _connection(self._brokers[role])
        waking: set[asyncio.Task[None]] = set()

        async def tell() -> None:
            # Without a broker nobody needs waking: readers look by themselves once it is back.
            with suppress(NatsError, OSError):
                await connection.publish(LEDGER_APPENDED, b"")

        def wake() -> None:
            for here in self._wakes:
                here()
            task = asyncio.create_task(tell())
            waking.add(task)  # the loop itself keeps only a weak reference
            task.add_done_callback(waking.discard)

        self.ledger.on_commit = wake

    async def _start_http(self, roles: tuple[Role, ...]) -> None:
        if not {Role.INTAKE, Role.DESK, Role.SEAL} & set(roles):
            return
        app = FastAPI(title="Amends", docs_url=None, redoc_url=None, exception_handlers=dict(HANDLERS))
        app.include_router(health(self.ledger, self._check_all))
        if {Role.DESK, Role.SEAL} & set(roles):
            app.include_router(publishing(store_of(self.settings)))
            app.include_router(proofs(self.ledger, store_of(self.settings)))
        if Role.INTAKE in roles:
            app.include_router(submissions(self.intake, self._clock))
        if Role.DESK in roles:
            app.include_router(reading(self.desk))
            app.include_router(live_page(self.desk))
            app.include_router(commanding(self.desk, self._ask, NAMES))
            app.include_router(about_customers(self._erasing))
        inner = SubmissionsFirst(app, self.intake, self._clock) if Role.INTAKE in roles else app
        # A page elsewhere must not reach complaints through a host name that resolves to this machine.
        names = [self.settings.http_host, *self.settings.http_names]
        # An open event stream would hold the server until its timeout.
        before_stop = self.desk.wake.close if Role.DESK in roles else None
        self._http = HttpServer(TrustedHostMiddleware(inner, allowed_hosts=names), self.settings, before_stop)
        self.http_port = await self._http.start()


@asynccontextmanager
async def running(house: House, roles: tuple[Role, ...]) -> AsyncIterator[House]:
    """These roles while the block runs; whatever was started is stopped, also when the start fails half-way."""
    try:
        await house.start(roles)
        yield house
    finally:
        await house.stop()


CONNECT_SECONDS = 10.0
COMPANY_SECONDS = 2.0
"""How soon a published policy or organisation is in force here."""


def _tell_of_end(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (failure := task.exception()) is not None:
        log.critical("ended, a person is needed", task=task.get_name(), error=f"{type(failure).__name__}: {failure}")


def _connection(broker: NatsBroker) -> Client:
    connection: Client = broker.config.broker_config.connection_state.connection
    return connection
