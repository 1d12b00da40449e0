"""Facts of doing what was agreed: steps, refunds, promises, and more time where it was granted (S004-5.3, S002-6.1)."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, NamedTuple

from events.envelope import Folds, Recorded
from events.fact import Fact, Personal
from events.money import Currency, ExactMoney, Money
from events.vocabulary import BillingError, Language, RefundMethod, Service


class StepCompleted(Fact):
    """One step of the agreed plan is done (S004-5.3)."""

    TYPE: ClassVar = "complaint.step_completed"
    WRITER: ClassVar = Service.WORKFLOW
    ZH: ClassVar = "{time}，{actor}完成步骤 {step}。"
    EN: ClassVar = "{time}: {actor} completed step {step}."

    step: str
    """`1.pick_up`: the remedy and its step."""
    note: Personal = ""
    last: bool = False
    """Nothing of the plan is left: the execution clock stops."""


class StepFailed(Fact):
    """A step could not be done: our own failure, which may cost us more (S004-5.5, C9)."""

    TYPE: ClassVar = "complaint.step_failed"
    WRITER: ClassVar = Service.WORKFLOW
    ZH: ClassVar = "{time}，{actor}报告步骤 {step} 未能完成。"
    EN: ClassVar = "{time}: {actor} reported that step {step} failed."

    step: str
    note: Personal = ""


class RefundVerified(Fact):
    """A billing error was checked; twice the difference is owed (S002-6.1, S002-6.2)."""

    TYPE: ClassVar = "complaint.refund_verified"
    WRITER: ClassVar = Service.WORKFLOW
    ZH: ClassVar = "{time}，{actor}查证：已收 {charged}，应收 {due}，应退 {refund} {currency}。"
    EN: ClassVar = "{time}: {actor} verified: charged {charged}, due {due}, refund {refund} {currency}."

    charged: ExactMoney
    due: ExactMoney
    refund: Money
    currency: Currency
    payable: bool = True
    """False where nothing is owed: no clock of a payment starts."""
    error: BillingError | None = None
    """What kind of billing error it was (S002-6.3)."""
    ground: Personal | None = None
    """The board's written ground, above every limit (S000-3.9)."""


class RefundPaid(Fact):
    """The refund went out, paid by another person than the one who verified (S002-6.2, S002-6.5)."""

    TYPE: ClassVar = "complaint.refund_paid"
    WRITER: ClassVar = Service.WORKFLOW
    ZH: ClassVar = "{time}，{actor}以{method}退费 {amount} {currency}（凭证 {reference}）。"
    EN: ClassVar = "{time}: {actor} refunded {amount} {currency} by {method} (reference {reference})."

    amount: Money
    currency: Currency
    method: RefundMethod
    reference: Personal
    reason: Personal = ""
    """Why not by the preferred method (S002-6.5)."""


class CommitmentMade(Fact):
    """The customer was promised something by a time: a clock of its own (S004-4.3, S003-6.2)."""

    TYPE: ClassVar = "complaint.commitment_made"
    WRITER: ClassVar = Service.WORKFLOW
    ZH: ClassVar = "{time}，{actor}向客户承诺（{promise}）：{what}，{by} 前兑现。"
    EN: ClassVar = "{time}: {actor} promised the customer ({promise}): {what}, by {by}."

    promise: str
    """`p1`, `p2`, in order."""
    what: Personal
    by: datetime
    person: str
    """Who keeps it."""


class CommitmentKept(Fact):
    """A promise was kept, in time or late (S003-6.2)."""

    TYPE: ClassVar = "complaint.commitment_kept"
    WRITER: ClassVar = Service.WORKFLOW
    ZH: ClassVar = "{time}，{actor}按时兑现承诺 {promise}。"
    EN: ClassVar = "{time}: {actor} kept promise {promise} in time."
    LATE: ClassVar[Mapping[Language, str]] = {
        "zh": "{time}，{actor}逾期兑现承诺 {promise}。",
        "en": "{time}: {actor} kept promise {promise} late.",
    }

    promise: str
    late: bool

    def told(self, language: Language) -> str:
        """In time or late, in so many words (S003-6.2)."""
        return self.LATE[language] if self.late else super().told(language)


class DeadlineExtended(Fact):
    """A deadline was moved by somebody who may, with a reason the customer is told (S003-2.5, C3)."""

    TYPE: ClassVar = "complaint.deadline_extended"
    WRITER: ClassVar = Service.WORKFLOW
    ZH: ClassVar = "{time}，{actor}将 {clock} 延至 {until}（{reason}）。"
    EN: ClassVar = "{time}: {actor} extended {clock} until {until} ({reason})."

    clock: str
    until: datetime
    reason: Personal


class Done(NamedTuple):
    """A step that was tried."""

    step: str
    by: str
    at: datetime
    failed: bool = False


class Refund(NamedTuple):
    """A refund of a billing error."""

    amount: Decimal
    currency: str
    verified_by: str
    verified_at: datetime
    version: int
    """Of the verification."""
    paid_by: str | None = None

    @property
    def subject(self) -> str:
        """What approvals of it name."""
        return f"refund-{self.version}"


class Promise(NamedTuple):
    """Something the customer was promised."""

    promise: str
    what: str
    by: datetime
    person: str
    kept_at: datetime | None = None

    def is_broken(self, now: datetime) -> bool:
        """The time passed and it was not kept by then."""
        return self.by < (self.kept_at or now)


class Extension(NamedTuple):
    """A deadline moved."""

    clock: str
    until: datetime
    by: str


class Execution(NamedTuple):
    """What was done of what was agreed, paid and promised."""

    steps: tuple[Done, ...] = ()
    """Of the plan agreed last; the latest try of each step."""
    failures: int = 0
    """Steps that ever failed: our own failures (C9)."""
    refund: Refund | None = None
    promises: tuple[Promise, ...] = ()
    extensions: tuple[Extension, ...] = ()

    @property
    def completed(self) -> frozenset[str]:
        """Steps that are done."""
        return frozenset(done.step for done in self.steps if not done.failed)

    @property
    def open_promises(self) -> tuple[Promise, ...]:
        """Promises not kept yet."""
        return tuple(promise for promise in self.promises if promise.kept_at is None)


def _completed(known: Execution, fact: StepCompleted, recorded: Recorded) -> Execution:
    return _tried(known, Done(fact.step, recorded.actor.id, recorded.occurred_at))


def _failed(known: Execution, fact: StepFailed, recorded: Recorded) -> Execution:
    tried = _tried(known, Done(fact.step, recorded.actor.id, recorded.occurred_at, failed=True))
    return tried._replace(failures=known.failures + 1)


def _tried(known: Execution, done: Done) -> Execution:
    return known._replace(steps=(*(each for each in known.steps if each.step != done.step), done))


def _refund_verified(known: Execution, fact: RefundVerified, recorded: Recorded) -> Execution:
    refund = Refund(fact.refund, fact.currency, recorded.actor.id, recorded.occurred_at, recorded.version)
    return known._replace(refund=refund)


def _refund_paid(known: Execution, _: RefundPaid, recorded: Recorded) -> Execution:
    return known._replace(refund=known.refund and known.refund._replace(paid_by=recorded.actor.id))


def _promised(known: Execution, fact: CommitmentMade, _: Recorded) -> Execution:
    return known._replace(promises=(*known.promises, Promise(fact.promise, fact.what, fact.by, fact.person)))


def _kept(known: Execution, fact: CommitmentKept, recorded: Recorded) -> Execution:
    kept = recorded.occurred_at
    promises = (p._replace(kept_at=kept) if p.promise == fact.promise else p for p in known.promises)
    return known._replace(promises=tuple(promises))


def _extended(known: Execution, fact: DeadlineExtended, recorded: Recorded) -> Execution:
    return known._replace(extensions=(*known.extensions, Extension(fact.clock, fact.until, recorded.actor.id)))


def begun_again(known: Execution) -> Execution:
    """Another plan was agreed, or work begins again: its steps are all still to be done."""
    return known._replace(steps=())


CHANGES: Folds = {
    StepCompleted: _completed,
    StepFailed: _failed,
    RefundVerified: _refund_verified,
    RefundPaid: _refund_paid,
    CommitmentMade: _promised,
    CommitmentKept: _kept,
    DeadlineExtended: _extended,
}
"""Fact -> what was done after it."""
