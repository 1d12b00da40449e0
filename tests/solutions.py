"""Complaints on the way to a solution: verified, proposed, approved; every step by the real decision."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from events.envelope import Entry
from events.solution import ApprovalRequested, SolutionProposed
from events.verification import EvidenceAdded, Verified
from events.vocabulary import Category, EvidenceKind, Liable
from tests import controls
from tests.bdd import Given, decided, given
from tests.controls import HOUR, in_the_morning

NOW = in_the_morning()
LATER = NOW + HOUR
"""When the colleagues of these examples act."""
BASIS = "客户服务补救办法第三条"


def verified(
    moment: datetime = NOW,
    *,
    liable: Liable = Liable.COMPANY,
    loss: str | None = None,
    evidence: tuple[str, ...] = (),
    by: str = "li.na",
    self_reported: bool = False,
) -> Entry:
    """The facts were established."""
    fact = Verified(
        facts="核实无误",
        liable=liable,
        cause="service.process",
        evidence=evidence,
        loss=None if loss is None else Decimal(loss),
        self_reported=self_reported,
    )
    return Entry(fact, moment, controls.person(by), policy=controls.POLICY_ID)


def evidence(
    moment: datetime, sha256: str = "e" * 64, kind: EvidenceKind = EvidenceKind.DOCUMENT, authentic: bool | None = True
) -> Entry:
    """A piece of evidence came to the file."""
    fact = EvidenceAdded(name="附件", media_type="image/jpeg", sha256=sha256, kind=kind, authentic=authentic)
    return Entry(fact, moment, controls.person(), policy=controls.POLICY_ID)


def ready(*more: Entry, demands: tuple[str, ...] = (), category: Category = Category.SERVICE, **how: Any) -> Given:
    """A complaint that li.na handles, verified: a solution may be proposed."""
    received = controls.received(NOW, demands=demands, text=how.pop("text", controls.ORDINARY))
    entries = [received, controls.classified(NOW, category=category), controls.assigned(NOW)]
    return given(*entries, verified(**how), *more)


def after(state: Given, name: str, by: str, now: datetime = LATER, /, **data: Any) -> Given:
    """The complaint after a colleague's command, which must not be refused."""
    facts = decided(state.when(name, by, now, **data))
    more = [Entry(fact, now, controls.person(by), policy=controls.POLICY_ID) for fact in facts]
    return Given(state.and_then(*more).case._replace(kin=state.case.kin), state.company)


def offer(amount: str | float, kind: str = "compensation", **more: Any) -> dict[str, Any]:
    """Data of a proposal of one remedy worth that amount."""
    return {
        "remedies": [{"kind": kind, "amount": amount}],
        "basis": BASIS,
        "answers": {demand: {"result": "met"} for demand in ("补偿", "道歉")},
        **more,
    }


def proposed(answer: Any) -> SolutionProposed:
    """The proposal a command led to."""
    [fact] = [fact for fact in decided(answer) if isinstance(fact, SolutionProposed)]
    return fact


def requested(answer: Any) -> ApprovalRequested | None:
    """The approval it waits for, or None."""
    return next((fact for fact in decided(answer) if isinstance(fact, ApprovalRequested)), None)


def final_of(amount: str, first: str = "50") -> Given:
    """A first offer the customer declined, and a final one that stands, approved where it has to be."""
    state = ready()
    state = after(state, "propose_solution", "wang.fang", **offer(first))
    state = after(state, "decline", "wang.fang", medium="phone", words="太少")
    return after(state, "propose_solution", "wang.fang", **offer(amount, final=True))
