"""What we know of a complaint, and the questions one may ask of it; `folding` tells how each fact changes it."""

from datetime import datetime
from typing import NamedTuple

from events.ending import Ending
from events.envelope import History, StreamId
from events.execution import Execution
from events.learning import Learning
from events.links import Links
from events.participation import Participation
from events.privacy import Privacy
from events.reception import Attachment, Customer
from events.solution import Solution
from events.understanding import Understanding
from events.verification import Verification
from events.vocabulary import Audience, Category, Complexity, Medium, Mode, Nature, Outcome, Priority, ReplyKind


class Attempt(NamedTuple):
    """One outward message and how it ended."""

    key: str
    notice: str
    kind: ReplyKind
    audience: Audience
    medium: Medium
    recipient: str
    started_at: datetime
    ended_at: datetime | None = None
    succeeded: bool = False
    outcome: Outcome | None = None
    """Why it failed; None while it runs or when it succeeded."""
    counted: bool = False


class Escalation(NamedTuple):
    """One step up, and the version that recorded it."""

    version: int
    to_level: int
    person: str
    cause: str


class Breach(NamedTuple):
    """One missed deadline; the pair is its identity."""

    clock: str
    due_at: datetime
    key: str | None = None
    """Which of the runs side by side, `p1`."""


class PlannedStep(NamedTuple):
    """One step of the agreed plan."""

    step: str
    """`1.pick_up`: the remedy and its step."""
    kind: str
    responsible: str
    due: datetime
    is_done: bool


class Complaint(NamedTuple):
    """One complaint as its facts tell it. Immutable; `evolve` gives the next."""

    complaint_id: StreamId
    version: int
    policy: str
    number: str
    channel: str
    external_ref: str
    received_at: datetime
    text: str
    customer: Customer
    order_ref: str | None
    product: str | None
    scene: str | None
    demands: tuple[str, ...]
    accused: tuple[str, ...]
    attachments: tuple[Attachment, ...]
    contents: frozenset[str]
    """Digests of every content the channel sent."""
    category: Category | None = None
    priority: Priority | None = None
    complexity: Complexity | None = None
    nature: Nature | None = None
    mode: Mode | None = None
    flags: tuple[str, ...] = ()
    sub: str = ""
    signals: tuple[str, ...] | None = None
    """What else the words say (S001-16.2); None where nobody read them for it."""
    owner: str | None = None
    handler: str | None = None
    department: str | None = None
    level: int = 1
    escalations: tuple[Escalation, ...] = ()
    breaches: tuple[Breach, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    last_human_act: datetime | None = None
    migrated_at: datetime | None = None
    """Since when the policy above applies, where it is not the one it was received under (M8)."""
    understanding: Understanding = Understanding()
    participation: Participation = Participation()
    links: Links = Links()
    verification: Verification = Verification()
    solution: Solution = Solution()
    execution: Execution = Execution()
    ending: Ending = Ending()
    learning: Learning = Learning()
    privacy: Privacy = Privacy()

    @property
    def status(self) -> str:
        """One word for lists, how far it has come: received .. archived."""
        return next(word for word, holds in self._milestones() if holds)

    def _milestones(self) -> tuple[tuple[str, bool], ...]:
        """From the end to the beginning; the first that holds is the status."""
        ending, solution = self.ending, self.solution
        return (
            ("merged", self.links.merged_into is not None),
            (ending.closed or "", ending.closed is not None),
            ("called_back", ending.is_called_back),
            ("resolved", ending.is_resolved),
            ("agreed", solution.agreed is not None),
            ("proposed", solution.current is not None),
            ("verified", self.verification.is_done),
            ("reopened", ending.round > 1),
            ("answered", self.is_answered),
            ("assigned", self.handler is not None),
            ("classified", self.category is not None),
            ("received", True),
        )

    @property
    def is_open(self) -> bool:
        """Work on it is owed here: neither closed nor handled in the complaint it is a duplicate of."""
        return self.ending.closed is None and self.links.merged_into is None

    @property
    def plan(self) -> tuple[PlannedStep, ...]:
        """The steps of the agreed solution, in order (S004-5.3)."""
        agreed, done = self.solution.agreed, self.execution.completed
        if agreed is None:
            return ()
        return tuple(
            PlannedStep(name, remedy.kind, remedy.responsible, remedy.due, name in done)
            for remedy in agreed.fact.remedies
            for name in (f"{remedy.id}.{step}" for step in remedy.steps)
        )

    @property
    def is_answered(self) -> bool:
        """A person has acted on it."""
        return self.last_human_act is not None

    def was_breached(self, clock: str, due_at: datetime, key: str | None = None) -> bool:
        """That missed deadline is recorded already."""
        return Breach(clock, due_at, key) in self.breaches

    def attempts_of(self, notice: str) -> tuple[Attempt, ...]:
        """All attempts at one message, first to last."""
        return tuple(attempt for attempt in self.attempts if attempt.notice == notice)


class Case(NamedTuple):
    """A complaint with the history it was folded from: what every decision looks at."""

    complaint: Complaint
    history: History
    kin: tuple[Complaint, ...] = ()
    """The complaints it is linked to, where a command needs them; earlier offers bind there too (S002-3.6)."""
    all_kin: bool = True
    """False where some kin were not looked at: there are too many, or one cannot be read."""
