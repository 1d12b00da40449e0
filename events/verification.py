"""Facts of finding out what happened: evidence, then facts, then who is liable (S004-3.6, S002-3.1)."""

from datetime import datetime
from decimal import Decimal
from typing import ClassVar, NamedTuple

from events.envelope import Folds, Recorded
from events.fact import Fact, Lasting, Personal
from events.money import Money
from events.vocabulary import EvidenceKind, Liable, Service


class EvidenceAdded(Fact):
    """A piece of evidence by its digest; unchecked evidence supports no decision (S002-1.16, S004-3.3)."""

    TYPE: ClassVar = "complaint.evidence_added"
    WRITER: ClassVar = Service.INTAKE
    ZH: ClassVar = "{time}，{actor}登记证据（{kind}，真实性核对：{authentic}，摘要 {sha256}）。"
    EN: ClassVar = "{time}: {actor} added evidence ({kind}, found authentic: {authentic}, digest {sha256})."

    name: Personal
    media_type: str
    sha256: str
    kind: EvidenceKind
    authentic: bool | None = None
    """None until somebody checked; the same digest added again records the check."""
    method: Personal | None = None
    """How it was checked (S004-3.3)."""
    told_as: Personal | None = None
    """The word somebody used for a kind nobody knows."""


class Verified(Fact):
    """Facts, evidence and liability were established: the report that precedes any solution (S004-3.6, S001-2.1)."""

    TYPE: ClassVar = "complaint.verified"
    WRITER: ClassVar = Service.WORKFLOW
    ZH: ClassVar = "{time}，{actor}完成核实：责任归属{liable}（{party}），原因：{cause}。"
    EN: ClassVar = "{time}: {actor} verified the complaint: liable {liable} ({party}), cause: {cause}."

    facts: Personal
    liable: Liable
    """Who has to answer inside; outside the company answers always (C10)."""
    party: Lasting | None = None
    cause: Lasting
    """The root cause in the words of whoever verified."""
    cause_code: str | None = None
    """The value of the cause tree those words stand for, where there is one (S003-1.2, S003-1.3)."""
    evidence: tuple[str, ...] = ()
    """Digests of the evidence relied on."""
    loss: Money | None = None
    expected: Personal | None = None
    """What the customer expected, beside what they got (S003-1.1)."""
    preliminary: Personal | None = None
    """The first judgement, made before the report (S001-14.2)."""
    self_reported: bool = False
    """A colleague reported their own fault: the supervisor learns of it before the customer (S003-4.2)."""


class Evidence(NamedTuple):
    """One piece of evidence as last recorded."""

    name: str
    sha256: str
    kind: EvidenceKind
    authentic: bool | None
    added_at: datetime
    version: int


class Finding(NamedTuple):
    """What a verification established, by whom, when."""

    fact: Verified
    by: str
    at: datetime
    version: int

    @property
    def liable(self) -> Liable:
        """Who is liable."""
        return self.fact.liable


class Verification(NamedTuple):
    """What is known about the facts."""

    evidence: tuple[Evidence, ...] = ()
    finding: Finding | None = None
    """The finding that counts; none after a reopening until it is verified again (S004-6.6)."""
    findings: tuple[Finding, ...] = ()
    """All of them, first to last."""

    @property
    def is_done(self) -> bool:
        """Somebody established facts and liability in this round."""
        return self.finding is not None

    def find(self, reference: str) -> Evidence | None:
        """The evidence of that digest or name."""
        return next((e for e in reversed(self.evidence) if reference in (e.sha256, e.name)), None)

    @property
    def loss(self) -> Decimal:
        """The highest loss ever established."""
        return max((f.fact.loss for f in self.findings if f.fact.loss is not None), default=Decimal(0))


def _added(known: Verification, fact: EvidenceAdded, recorded: Recorded) -> Verification:
    others = tuple(e for e in known.evidence if e.sha256 != fact.sha256)
    piece = Evidence(fact.name, fact.sha256, fact.kind, fact.authentic, recorded.occurred_at, recorded.version)
    return known._replace(evidence=(*others, piece))


def _verified(known: Verification, fact: Verified, recorded: Recorded) -> Verification:
    finding = Finding(fact, recorded.actor.id, recorded.occurred_at, recorded.version)
    return known._replace(finding=finding, findings=(*known.findings, finding))


def begun_again(known: Verification) -> Verification:
    """After a reopening everything is kept, and has to be verified again (S004-6.6)."""
    return known._replace(finding=None)


CHANGES: Folds = {EvidenceAdded: _added, Verified: _verified}
"""Fact -> what is known about the facts after it."""
