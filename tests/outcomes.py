"""A complaint's way from the finding to the archive as entries, for specifications: small, named, a minute apart."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from events.ending import CalledBack, Resolved
from events.envelope import Entry
from events.execution import CommitmentMade, RefundPaid, RefundVerified, StepCompleted, StepFailed
from events.fact import Fact
from events.learning import ActionPlanned, ActionTaken
from events.solution import CustomerAgreed, DemandAnswered, Remedy, SolutionProposed
from events.verification import Verified
from events.vocabulary import DemandResult, Liable, Medium, RefundMethod, Resolution
from tests import controls
from tests.controls import HOUR, in_the_morning

NOW = in_the_morning()
DAY = 24 * HOUR
SHA = "e" * 64


def act(fact: Fact, by: str = "li.na", moment: datetime = NOW) -> Entry:
    """Something a colleague did."""
    return Entry(fact, moment, controls.person(by), policy=controls.POLICY_ID)


def verified(by: str = "li.na", liable: Liable = Liable.COMPANY, moment: datetime = NOW, **changes: Any) -> Entry:
    """Facts and liability are established."""
    return act(Verified(**{"facts": "多收话费", "liable": liable, "cause": "billing.error", **changes}), by, moment)


def remedy(id_: str = "1", kind: str = "return", steps: tuple[str, ...] = ("pick_up", "receive", "refund")) -> Remedy:
    """One remedy with its steps; Li Na is responsible."""
    return Remedy(
        id=id_, kind=kind, amount=Decimal("50"), currency="CNY", due=NOW + 3 * DAY, responsible="li.na", steps=steps
    )


def proposed(*remedies: Remedy, answers: tuple[DemandAnswered, ...] = (), moment: datetime = NOW) -> Entry:
    """The first proposal."""
    fact = SolutionProposed(
        number=1,
        remedies=remedies,
        answers=answers,
        basis="remedy.return",
        total=Decimal("50.00"),
        currency="CNY",
        content_sha256=SHA,
    )
    return act(fact, moment=moment)


def declined_with(reason: str | None, alternative: str | None) -> DemandAnswered:
    """A demand that is not met."""
    return DemandAnswered(demand="双倍赔偿", result=DemandResult.DECLINED, reason=reason, alternative=alternative)


def agreed(moment: datetime = NOW) -> Entry:
    """The customer agreed to it."""
    return act(CustomerAgreed(proposal=1, medium=Medium.PHONE, words="可以"), moment=moment)


def an_agreed_plan(*remedies: Remedy) -> list[Entry]:
    """Handed out, verified, proposed, agreed; by default a return in three steps."""
    return [*controls.handed_out(), verified(), proposed(*(remedies or (remedy(),))), agreed()]


def done(*steps: str) -> list[Entry]:
    """These steps were carried out."""
    return [act(StepCompleted(step=step)) for step in steps]


def failed(step: str) -> Entry:
    """That step could not be."""
    return act(StepFailed(step=step, note="地址有误"))


def carried_out() -> list[Entry]:
    """The whole plan is done."""
    return [*an_agreed_plan(), *done("1.pick_up", "1.receive", "1.refund")]


def resolved(moment: datetime = NOW, outcome: Resolution = Resolution.CORRECTED) -> Entry:
    """The complaint counts as resolved."""
    return act(Resolved(outcome=outcome), moment=moment)


def ended(moment: datetime = NOW) -> list[Entry]:
    """Carried out, told and resolved; the callback comes next."""
    return [*carried_out(), controls.told(NOW), resolved(moment)]


def called_back(satisfied: bool = True, suggestion: str | None = None, moment: datetime = NOW + DAY) -> Entry:
    """The customer was asked."""
    fact = CalledBack(solved=True, satisfied=satisfied, suggestion=suggestion, medium=Medium.PHONE)
    return act(fact, moment=moment)


def checked(refund: str = "40.02", by: str = "li.na", moment: datetime = NOW) -> Entry:
    """A billing error was checked: 30.01 charged, 10.00 due."""
    fact = RefundVerified(
        charged=Decimal("30.01"),
        due=Decimal("10.00"),
        refund=Decimal(refund),
        currency="CNY",
        payable=Decimal(refund) > 0,
    )
    return act(fact, by, moment)


def paid(by: str = "hu.mei") -> Entry:
    """The refund went out."""
    fact = RefundPaid(amount=Decimal("40.02"), currency="CNY", method=RefundMethod.ADJUSTMENT, reference="ADJ-1")
    return act(fact, by)


def promised(what: str = "24小时内退货", name: str = "p1", by: datetime | None = None) -> Entry:
    """The customer was promised something, by default within a day."""
    return act(CommitmentMade(promise=name, what=what, by=by or NOW + DAY, person="li.na"))


def planned(due: timedelta = 7 * DAY) -> Entry:
    """An action against its happening again."""
    fact = ActionPlanned(action="a1", what="核对资费配置", owner="liu.yang", due=NOW + due, cause="billing.error")
    return act(fact, "wang.fang")


def taken(moment: datetime = NOW) -> Entry:
    """The action was carried out."""
    return act(ActionTaken(action="a1"), "liu.yang", moment)
