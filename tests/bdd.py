"""Given these facts, when that happens, then these facts follow: the shape of every rule's specification (style, 9)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from events.commands import Answer, Command, Refusal
from events.complaint import Case, Complaint
from events.envelope import Entry, Recorded, StreamId
from events.fact import Fact
from events.ledger import Ledger
from events.reconciler import Decision, Settled
from events.stores import MemoryStore, Store
from events.vocabulary import Medium, Service
from policy.asking import Ask, decide
from policy.people.organisation import Organisation
from policy.registry import ORGANISATION, POLICIES, Policies
from services.intake.intake import Intake
from services.intake.linking import Linking
from services.intake.receipts import Receipt
from services.intake.submission import parse
from services.notifier.notifier import Notifier
from services.notifier.reconcile import reconcile as notifier_look
from services.notifier.senders.port import Delivered, Message, NotSent, Sent
from services.wiring.commands import BY_SERVICE, Commands
from services.workflow.reconcile import reconcile as workflow_look
from services.workflow.workflow import Workflow
from tests import controls

ACTS = {name: act for acts in BY_SERVICE.values() for name, act in acts.items()}
PUBLISHED = (controls.POLICY_ID, "default-cn@2")
"""The policies a complaint may be moved to."""


class Given(NamedTuple):
    """A complaint, and what each service decides about it."""

    case: Case
    company: Organisation

    @property
    def complaint(self) -> Complaint:
        """What the facts tell."""
        return self.case.complaint

    def workflow_looks(self, now: datetime) -> Decision:
        """What the workflow decides then."""
        return workflow_look(self.case, controls.policy(), self.company, now)

    def notifier_looks(self, now: datetime, **ended: Sent) -> Decision:
        """What the notifier decides then; `ended` as messages that ended, `acknowledgement_1=Delivered(...)`."""
        known = {key.replace("_", "#"): sent for key, sent in ended.items()}
        return notifier_look(self.case, controls.policy(), self.company, now, known)

    def when(self, name: str, by: str, now: datetime, /, **data: Any) -> Sequence[Fact] | Refusal:
        """What a colleague's command leads to."""
        command = Command(complaint=controls.C1, name=name, by=by, data=data)
        return decide(ACTS[name], Ask(self.case, command, controls.policy(), self.company, now, PUBLISHED))

    def beside(self, *kin: Complaint) -> "Given":
        """The same complaint with others a command names or it is linked to."""
        return self._replace(case=self.case._replace(kin=kin))

    def and_then(self, *entries: Entry) -> "Given":
        """The same complaint with more facts."""
        return given(*_entries(self.case.history), *entries, company=self.company)


def given(*entries: Entry, company: Organisation | None = None) -> Given:
    """A complaint these entries tell of, in the sample company unless another is named."""
    return Given(controls.a_case(*entries), company or controls.company())


def facts(found: Decision | Sequence[Recorded]) -> list[Fact]:
    """The facts decided or recorded, in order."""
    entries: Sequence[Entry | Recorded] = found.entries if isinstance(found, Decision) else found
    return [entry.fact for entry in entries]


def names(found: Decision | Sequence[Recorded]) -> list[str]:
    """Their names, in order."""
    return [type(fact).__name__ for fact in facts(found)]


def refusal(answer: object) -> Refusal:
    """The refusal; fails when the command was not refused."""
    assert isinstance(answer, Refusal), f"not refused: {answer}"
    return answer


def decided(answer: Sequence[Fact] | Refusal) -> list[Fact]:
    """The facts a command led to; fails when it was refused."""
    assert not isinstance(answer, Refusal), f"refused: {answer}"
    return list(answer)


def code(answer: object) -> str:
    """The code of a refusal; fails when the command was not refused."""
    return refusal(answer).code


def _entries(history: Sequence[Recorded]) -> list[Entry]:
    return [Entry(r.fact, r.occurred_at, r.actor, r.causation, r.policy) for r in history]


class Gateway:
    """A sender that keeps what it was given and answers as told; it remembers keys, as providers do."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.answer: Sent | None = None
        """What to answer instead of delivering."""
        self.knows: Sent | NotSent | None = None
        """What it answers when asked after a message."""
        self.asked: list[str] = []

    async def send(self, message: Message) -> Sent:
        """Delivered, unless told otherwise."""
        self.sent.append(message)
        return self.answer or Delivered(f"receipt-{len(self.sent)}")

    async def ask(self, key: str) -> Sent | NotSent | None:
        """As told."""
        self.asked.append(key)
        return self.knows

    async def close(self) -> None:
        """Nothing to close."""


class Company:
    """All services in one process over a ledger in memory, with a clock and gateways a test sets."""

    def __init__(self, now: datetime, store: Store | None = None) -> None:
        self.clock = controls.Clock(now)
        self.ledger = Ledger(store or MemoryStore(), self.clock, unsafe=store is None)
        setup = controls.machine("setup")
        controls.put(self.ledger, POLICIES, Entry(controls.published(), now, setup))
        controls.put(self.ledger, ORGANISATION, Entry(controls.organisation_published(), now, setup))
        self.policies = Policies(self.ledger)
        self.gateway = Gateway()
        senders: Mapping[Medium, Gateway] = dict.fromkeys(Medium, self.gateway)
        writers = {service: self.ledger.writer(service) for service in Service}
        self.intake = Intake(writers[Service.INTAKE], self.policies, self.clock)
        self.linking = Linking(writers[Service.INTAKE], self.policies, self.clock)
        self.workflow = Workflow(writers[Service.WORKFLOW], self.policies, self.clock)
        self.notifier = Notifier(writers[Service.NOTIFIER], self.policies, senders, self.clock)
        self.commands = Commands(writers, self.policies, self.clock)

    async def submit(self, **changes: Any) -> Receipt:
        """A submission as a channel sends it."""
        return await self.intake.accept(parse(controls.body(**changes), self.clock()))

    async def look(self, *streams: StreamId) -> tuple[Settled, Settled]:
        """Intake, workflow, then notifier look at these complaints; raises what failed, tells of the last two."""
        linked = await self.linking.look(streams)
        settled = await self.workflow.look(streams), await self.notifier.look(streams)
        for failure in (failure for each in (linked, *settled) for failure in each.failed.values()):
            raise failure
        return settled

    async def command(self, name: str, by: str, complaint: StreamId = controls.C1, **more: Any) -> Answer:
        """A colleague's command; `data`, `id` and `version` as in Command."""
        return await self.commands.perform(Command(complaint=complaint, name=name, by=by, **more))

    def names(self, stream: StreamId = controls.C1) -> list[str]:
        """The names of a complaint's facts, in order."""
        return [recorded.name for recorded in self.ledger.load(stream)]

    def audit(self) -> bytes:
        """All that is recorded, as stored: equal bytes mean equal ledgers."""
        return orjson.dumps([[row.stream, row.version, row.topic, row.state.decode()] for row in self._rows()])

    def _rows(self) -> Sequence[Any]:
        return self.ledger.rows_after(0, 1_000_000)
