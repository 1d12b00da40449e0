"""A company in virtual time over a real SQLite ledger: what the desk's tests read."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from fastapi import FastAPI

from events.contact import Replied
from events.envelope import Actor, Entry, StreamId
from events.fact import Fact
from events.ledger import Append, Ledger
from events.stores import SQLiteStore
from events.vocabulary import ActorKind, Medium, ReplyKind, Service
from policy.policy import DEFAULT_POLICY, SAMPLE_ORGANISATION
from policy.registry import Policies, publish_organisation, publish_policy
from services.desk.api import reading
from services.desk.desk import Desk
from services.desk.page import live_page
from services.desk.view import ListView
from services.intake.intake import Intake
from services.intake.submission import parse
from services.settings import Settings
from services.wiring.keys import writing_keyring
from services.workflow.workflow import Workflow

SETUP = Actor(kind=ActorKind.SYSTEM, id="setup")
MONDAY_AT_TEN = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
"""10:00 in Shanghai, inside the service hours."""


def app_of(desk: Desk) -> FastAPI:
    """The reading half alone."""
    app = FastAPI(docs_url=None, redoc_url=None)
    app.include_router(reading(desk))
    app.include_router(live_page(desk))
    return app


class Company:
    """Real intake and workflow; the clock stands until a test moves it."""

    def __init__(self, directory: Path, now: datetime = MONDAY_AT_TEN, *, sealed: bool = False) -> None:
        self.now = now
        self.views = directory / "views.db"
        self.opened: list[Desk | ListView] = []
        store = SQLiteStore(directory / "ledger.db")
        store.create()
        self.settings = Settings(data=directory)
        self.ledger = Ledger(store, self.clock, keyring=writing_keyring(self.settings) if sealed else None)
        publish_policy(self.writer(Service.SETUP), DEFAULT_POLICY.read_text(), SETUP, now)
        publish_organisation(self.writer(Service.SETUP), SAMPLE_ORGANISATION.read_text(), SETUP, now)
        self.policies = Policies(self.ledger)
        self._intake = Intake(self.writer(Service.INTAKE), self.policies, self.clock)
        self._workflow = Workflow(self.writer(Service.WORKFLOW), self.policies, self.clock)

    def clock(self) -> datetime:
        """The present instant of this company."""
        return self.now

    def writer(self, service: Service) -> Any:
        """The right to append the facts of one service."""
        return self.ledger.writer(service)

    def desk(self) -> Desk:
        """A desk with the list in the company's own file."""
        desk = Desk(self.ledger, self.policies, self.clock, self.views)
        self.opened.append(desk)
        return desk

    def close(self) -> None:
        """Give back every file."""
        for each in self.opened:
            each.close()
        self.ledger.close()

    async def submit(self, ref: str, text: str = "商品有质量问题,要求退款", **more: Any) -> StreamId:
        """One complaint, received but not looked at."""
        body = {"channel": "web", "external_ref": ref, "text": text, "customer": {"name": "张三"}, **more}
        return (await self._intake.accept(parse(orjson.dumps(body), self.now))).complaint_id

    async def look(self, *complaints: StreamId) -> None:
        """Let the workflow do what is due."""
        await self._workflow.look(complaints)

    async def handled(self, ref: str, text: str = "商品有质量问题,要求退款", **more: Any) -> StreamId:
        """One complaint, received, classified and assigned."""
        complaint = await self.submit(ref, text, **more)
        await self.look(complaint)
        return complaint

    def reply(self, complaint: StreamId, person: str = "li.na", kind: ReplyKind = ReplyKind.PROGRESS) -> None:
        """A person told the customer something."""
        actor = Actor(kind=ActorKind.PERSON, id=person)
        self.append(Service.NOTIFIER, complaint, [Replied(kind=kind, medium=Medium.PHONE, text="已核实")], actor)

    def append(self, service: Service, complaint: StreamId, facts: Sequence[Fact], actor: Actor) -> None:
        """Append facts as they are."""
        version = self.ledger.load(complaint).version
        policy = self.policies.current(self.now).id
        entries = tuple(Entry(fact, self.now, actor, None, policy) for fact in facts)
        self.writer(service).commit([Append(complaint, version, entries)])

    def pass_time(self, **length: float) -> None:
        """Move the clock, `hours=3`."""
        self.now += timedelta(**length)
