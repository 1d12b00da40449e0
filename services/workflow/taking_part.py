"""Who takes part with which authority: recuse, delegate (S002-7.1, S002-7.2, S001-9.4)."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from events.commands import Refusal, refuse
from events.fact import Value
from events.money import Currency, CurrencyCode, Money
from events.participation import AuthorityDelegated, Recused
from policy.asking import Act, Acts, Ask, Decided
from policy.people.authority import is_supervisor
from policy.people.organisation import COMPLIANCE
from policy.people.participation import barred, unknown_person, who
from policy.timing.moments import Instant
from services.workflow.handling import may_take_on


class Recuse(Value):
    """`recuse`: a person takes no part; `lift` is compliance's exception (S002-7.1)."""

    person: str
    reason: str = Field(min_length=1, max_length=1_000)
    lift: bool = False


class Delegate(Value):
    """`delegate`: lend authority for this complaint, up to one's own limit, for a time (S001-9.4)."""

    to: str
    limit: Annotated[Money, Field(gt=0)]
    until: Instant
    reason: str = Field(min_length=1, max_length=1_000)
    currency: Currency | None = None


def recuse(ask: Ask, data: Recuse) -> Decided:
    """Oneself, or others by a supervisor or compliance; an exception by compliance alone (S002-7.1)."""
    if data.person not in ask.organisation.person:
        return unknown_person(data.person)
    refusal = _may_lift(ask, data) if data.lift else _may_recuse(ask, data)
    return refusal or [Recused(person=data.person, reason=data.reason, lifted=data.lift)]


def _may_recuse(ask: Ask, data: Recuse) -> Refusal | None:
    is_other = data.person != ask.by
    if is_other and not _decides_on_others(ask, ask.by):
        return refuse(
            "recuse_others",
            "S002-7.1",
            "普通人员只能申请自己回避；他人回避请由主管或合规人员决定",
            "people recuse themselves; the recusal of others is decided by a supervisor or compliance",
            may=who(ask.complaint, ask.organisation, lambda id_: _decides_on_others(ask, id_)),
            person=data.person,
        )
    return None


def _may_lift(ask: Ask, data: Recuse) -> Refusal | None:
    if ask.person.role != COMPLIANCE or data.person == ask.by:
        return refuse(
            "exception_by_compliance",
            "S002-7.1",
            "回避的例外只能由合规人员决定，且不得由本人决定",
            "only compliance makes an exception from recusal, never for oneself",
            may=who(
                ask.complaint,
                ask.organisation,
                lambda id_: id_ != data.person and ask.organisation.person[id_].role == COMPLIANCE,
            ),
            recorded=True,
            person=data.person,
        )
    if data.person in barred(ask.complaint, ask.organisation):
        return None
    return refuse(
        "not_recused",
        "S002-7.1",
        f"{data.person} 并未回避，无需例外",
        f"{data.person} is not recused: there is nothing to lift",
        person=data.person,
    )


def _decides_on_others(ask: Ask, person: str) -> bool:
    known = ask.organisation
    return is_supervisor(person, ask.rules.authority, known) or known.person[person].role == COMPLIANCE


def delegate(ask: Ask, data: Delegate) -> Decided:
    """Authority lent for this complaint; it lapses by itself at its instant (S001-9.4)."""
    refusal = may_take_on(ask, data.to) or _not_to_oneself(ask, data) or _within_own_limit(ask, data)
    if (refusal := refusal or _within_time(ask, data.until)) is not None:
        return refusal
    currency = data.currency or _currency(ask)
    return [AuthorityDelegated(to=data.to, limit=data.limit, currency=currency, until=data.until, reason=data.reason)]


def _currency(ask: Ask) -> Currency:
    limits = ask.organisation.limits
    return CurrencyCode(limits.currency if limits else "")


def _not_to_oneself(ask: Ask, data: Delegate) -> Refusal | None:
    if data.to != ask.by:
        return None
    return refuse("to_oneself", "S001-9.4", "不能给自己授权", "nobody lends authority to themselves", person=ask.by)


def _within_own_limit(ask: Ask, data: Delegate) -> Refusal | None:
    own = ask.organisation.limit_of_level(ask.person.level)
    if data.limit <= own and (data.currency or _currency(ask)) == _currency(ask):
        return None
    company = ask.organisation

    def may_lend(id_: str) -> bool:
        return id_ != data.to and company.limit_of_level(company.person[id_].level) >= data.limit

    return refuse(
        "authority_exceeded",
        "S001-9.4",
        f"授权额度不得超过本人权限 {own} {_currency(ask)}，请由更高级别授权",
        f"nobody lends more than their own limit of {own} {_currency(ask)}: ask a higher level",
        may=who(ask.complaint, company, may_lend),
        recorded=True,
        limit=data.limit,
        own=own,
    )


def _within_time(ask: Ask, until: datetime) -> Refusal | None:
    if ask.rules.delegation.allows(until, ask.now):
        return None
    longest = ask.rules.delegation.longest
    return refuse(
        "delegation_time",
        "S001-9.4",
        f"授权须有期限：晚于现在，最长 {longest.days} 天",
        f"authority is lent for a time: after now, {longest.days} days at the most",
        until=until.isoformat(),
        latest=(ask.now + longest).isoformat(),
    )


ACTS: Acts = {"recuse": Act(Recuse, recuse, when_closed=True, when_merged=True), "delegate": Act(Delegate, delegate)}
