"""What a proposal consists of: every demand answered, every remedy with amount, time and a person (S004-4.2)."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from pydantic import Field

from events.commands import Refusal, refuse
from events.fact import OneOrMore, Value
from events.money import Currency, Money, rounded
from events.solution import DemandAnswered, Remedy
from events.verification import Finding
from events.vocabulary import DemandResult, RemedyBasis
from policy.asking import Ask
from policy.handling.entitlements import asked_for, is_excepted, is_withheld
from policy.handling.offers import at_standard
from policy.handling.remedies import RemedyRule, basis_of, due_by, kind_of
from policy.people.authority import currency_not_covered
from policy.people.participation import participation
from policy.people.routing import free_person
from policy.timing.moments import Named, instant_of


class RemedyAsked(Value):
    """One remedy of `propose_solution`; what is left out comes from the catalogue."""

    kind: str = Field(min_length=1, max_length=100)
    amount: Money | None = None
    currency: Currency | None = None
    due: Named | None = None
    """An instant, or a date that means the end of that day."""
    responsible: str | None = None
    """Who sees to it, a person or a department (S004-5.4); the handler unless named."""
    basis: RemedyBasis | None = None


class Answered(Value):
    """What becomes of one demand in `propose_solution`."""

    result: DemandResult
    reason: str | None = Field(default=None, max_length=5_000)
    alternative: str | None = Field(default=None, max_length=5_000)
    exemption: str | None = None
    evidence: OneOrMore = ()
    """Names or digests."""


def answers(ask: Ask, said: Mapping[str, Answered]) -> tuple[DemandAnswered, ...]:
    """The answers given now, after those of the proposal before it that still stand (S004-4.2)."""
    now = {_matching(demand, ask.complaint.demands): answer for demand, answer in said.items()}
    current = ask.complaint.solution.current
    kept = [a for a in current.fact.answers if a.demand not in now] if current else []
    return (*kept, *(DemandAnswered(demand=d, **answer.model_dump()) for d, answer in now.items()))


def _matching(demand: str, known: Sequence[str]) -> str:
    """The demand as it stands on record, whatever spaces surround it."""
    return next((each for each in known if each.strip() == demand.strip()), demand.strip())


def answers_refused(ask: Ask, given: Sequence[DemandAnswered]) -> Refusal | None:
    """Every demand on record is answered, no refusal is bare, none denies what the law gives."""
    if (refusal := _unanswered(ask, given)) is not None:
        return refusal
    checks = (_bare(answer) or _statutory(ask, answer) for answer in given if is_withheld(answer))
    return next((refusal for refusal in checks if refusal is not None), None)


def _unanswered(ask: Ask, given: Sequence[DemandAnswered]) -> Refusal | None:
    answered = {answer.demand for answer in given}
    open_ = [demand for demand in ask.complaint.demands if demand.strip() and demand not in answered]
    if not open_:
        return None
    return refuse(
        "demand_unanswered",
        "S004-4.2",
        f"方案须逐项答复客户诉求，尚未答复：{'、'.join(open_)}",
        f"the proposal answers every demand; still open: {', '.join(open_)}",
        demands=", ".join(open_),
    )


def _bare(answer: DemandAnswered) -> Refusal | None:
    """No demand is turned down without a reason and an alternative (S001-18.12, S002-2.1, S003-6.3)."""
    if not (answer.reason or "").strip():
        return refuse(
            "reason_missing",
            "S003-6.3",
            f"诉求“{answer.demand}”未能全部满足，须向客户说明原因（reason）",
            f"the demand {answer.demand!r} is not met in full: say plainly why (reason)",
            demand=answer.demand,
        )
    if not (answer.alternative or "").strip():
        return refuse(
            "alternative_missing",
            "S001-18.12",
            f"诉求“{answer.demand}”未能全部满足，须给客户一个替代办法（alternative）",
            f"the demand {answer.demand!r} is not met in full: offer an alternative",
            demand=answer.demand,
        )
    return None


def _statutory(ask: Ask, answer: DemandAnswered) -> Refusal | None:
    """What the law gives is not declined (S004-4.1)."""
    name = entitlement(ask, answer.demand)
    if name is None or is_excepted(answer, right := ask.rules.entitlement[name], ask.complaint):
        return None
    lawful = ", ".join(right.exemptions)
    return refuse(
        "statutory_entitlement",
        "S004-4.1",
        f"“{answer.demand}”属法定义务（{right.law['zh']}），不得拒绝；法定例外须写明（exemption:{lawful}）并附真实证据",
        f"{answer.demand!r} is owed by law ({right.law['en']}): meet it in full, or cite a lawful exemption ({lawful}) "
        "with evidence found authentic",
        recorded=True,
        demand=answer.demand,
        entitlement=name,
        exemption=answer.exemption or "",
    )


def entitlement(ask: Ask, demand: str) -> str | None:
    """The statutory right a demand asks for (S004-4.1)."""
    return asked_for(demand, ask.complaint, ask.rules.entitlement, ask.policy.triager.normal)


def remedies(ask: Ask, finding: Finding, asked: Sequence[RemedyAsked]) -> tuple[Remedy, ...] | Refusal:
    """The remedies with what the catalogue adds, or what is wrong with one of them."""
    for each in asked:
        if (refusal := _money_refused(ask, each) or _too_late(ask, each) or _person_refused(ask, each)) is not None:
            return refusal
    found = [_remedy(ask, finding, number, each) for number, each in enumerate(asked, start=1)]
    if finding.liable not in ask.rules.offer.floor_when_liable:
        return tuple(found)
    return at_standard(found, ask.complaint.category, ask.rules.remedy)


def _remedy(ask: Ask, finding: Finding, number: int, asked: RemedyAsked) -> Remedy:
    kind = kind_of(asked.kind, ask.rules.remedy)
    rule, offer = ask.rules.remedy.get(kind), ask.rules.offer
    amount = asked.amount if asked.amount is not None or rule is None else rule.amount
    return Remedy(
        id=str(number),
        kind=kind,
        amount=amount,
        currency=None if amount is None else asked.currency or offer.currency,
        due=_due(ask, rule, asked.due),
        responsible=_responsible(ask, asked),
        exceptional=rule is None or not rule.fits(ask.complaint.category, finding.liable, amount),
        steps=offer.exceptional_steps if rule is None else rule.steps,
        basis=asked.basis or basis_of(finding.liable, offer.goodwill_when_liable),
        valid_until=None if rule is None or rule.valid is None else ask.now + rule.valid,
    )


def _due(ask: Ask, rule: RemedyRule | None, asked: datetime | date | None) -> datetime:
    if asked is None:
        return due_by(rule.due if rule else ask.rules.offer.exceptional_due, ask.now, ask.policy.clocks.calendars)
    return instant_of(asked, ask.policy.zone)


def _responsible(ask: Ask, asked: RemedyAsked) -> str:
    handler = ask.complaint.handler
    fallback = ask.by if handler is None or participation(ask.complaint, handler, ask.organisation) else handler
    named = asked.responsible or fallback
    if named not in ask.organisation.department or named in ask.organisation.person:
        return named
    return free_person(named, ask.complaint, ask.rules.routing, ask.organisation, ask.now) or named


def _person_refused(ask: Ask, asked: RemedyAsked) -> Refusal | None:
    """Somebody of the company, not barred, sees to every remedy (S004-5.4, S002-7.1)."""
    refusal = participation(ask.complaint, _responsible(ask, asked), ask.organisation)
    if refusal is None:
        return None
    requirement = "S004-5.4" if refusal.code == "unknown_person" else refusal.requirement
    return refusal.model_copy(update={"recorded": False, "requirement": requirement})


def _too_late(ask: Ask, asked: RemedyAsked) -> Refusal | None:
    """What is promised lies ahead: a time that has passed can be kept by nobody (S004-4.3)."""
    due = None if asked.due is None else instant_of(asked.due, ask.policy.zone)
    if due is None or due > ask.now:
        return None
    return refuse(
        "due_in_the_past",
        "S004-4.3",
        f"补救措施“{asked.kind}”的期限已过，请写明今后的时间（due）",
        f"the time of the remedy {asked.kind!r} has passed: name one that lies ahead (due)",
        kind=asked.kind,
        due=due.isoformat(),
        now=ask.now.isoformat(),
    )


def _money_refused(ask: Ask, asked: RemedyAsked) -> Refusal | None:
    """A sum is named where money goes out, in the currency of the limits: nobody decides an open sum (S000-3.9)."""
    rule = ask.rules.remedy.get(kind_of(asked.kind, ask.rules.remedy))
    if not asked.amount and rule is not None and rule.money and rule.amount is None:
        return refuse(
            "amount_missing",
            "S000-3.9",
            f"{rule.title['zh']}须写明金额（amount），才能判断处理权限",
            f"the {rule.title['en']} needs an amount: authority depends on it",
            kind=asked.kind,
        )
    return currency_not_covered(asked.currency, ask.rules.offer.currency)


def total(given: Sequence[Remedy]) -> Decimal:
    """What the remedies are worth in money, all together (S000-3.9)."""
    return rounded(sum((remedy.amount for remedy in given if remedy.amount is not None), Decimal(0)))


def what_changed(ask: Ask, given: Sequence[Remedy]) -> str | None:
    """What is different from the proposal before it, where nobody says it in words (S000-4.2)."""
    current = ask.complaint.solution.current
    if current is None:
        return None
    return f"{_worded(current.fact.remedies)} -> {_worded(given)}"


def _worded(given: Sequence[Remedy]) -> str:
    return ", ".join(r.kind if r.amount is None else f"{r.kind} {r.amount}" for r in given) or "-"
