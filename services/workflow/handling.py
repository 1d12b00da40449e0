"""Who owns and handles it, and on which level: assign, hand_over, name_owner, escalate (S002-1.1, S004-2.7, C12)."""

from datetime import datetime

from pydantic import Field

from events.commands import Refusal, refuse
from events.envelope import Actor, Entry
from events.fact import Value
from events.handling import Assigned, Escalated
from events.participation import HandedOver, OwnerNamed
from events.reconciler import Draft, ahead
from events.vocabulary import ActorKind
from policy.asking import Act, Ask, Decided
from policy.people.authority import oversees
from policy.people.hand_over import PING_PONG
from policy.people.ladder import Step, one_level_up
from policy.people.organisation import Organisation
from policy.people.participation import barred, participation, who
from policy.people.routing import replacement
from policy.policy import Policy

SPECIAL_CASE = "special_case"
"""The cause an escalation names when a colleague calls the case special (S001-10.7)."""


class Assign(Value):
    """`assign`: give the complaint to a handler."""

    handler: str
    reason: str = Field(default="", max_length=1_000)


class HandOver(Value):
    """`hand_over`: the handler's task goes to a colleague, nobody is blamed (S004-8.4)."""

    to: str
    reason: str = Field(min_length=1, max_length=1_000)


class NameOwner(Value):
    """`name_owner`: another person becomes accountable, never silently (S002-1.1)."""

    to: str
    reason: str = Field(min_length=1, max_length=1_000)


class Escalate(Value):
    """`escalate`: raise the complaint one level (S002-4.1)."""

    reason: str = Field(min_length=1, max_length=1_000)
    special: bool = False
    """A special case, which the level above has to know of (S001-10.7)."""


def assign(ask: Ask, data: Assign) -> Decided:
    """The task moves to the handler; the owner stays (S002-1.1, C12)."""
    if (refusal := may_take_on(ask, data.handler)) is not None:
        return refusal
    department = ask.organisation.person[data.handler].department
    owner = ask.complaint.owner or ask.by
    reason = data.reason or "command.assign"
    return moved(ask, Assigned(owner=owner, handler=data.handler, department=department, reason=reason))


def hand_over(ask: Ask, data: HandOver) -> Decided:
    """The task moves to a colleague; the owner stays, nobody is blamed (S004-8.4, C12)."""
    refusal = may_take_on(ask, data.to) or _not_the_same(data.to, ask.complaint.handler)
    if refusal is not None:
        return refusal
    giver = ask.complaint.handler
    if giver is None:
        return assign(ask, Assign(handler=data.to, reason=data.reason))
    department = ask.organisation.person[data.to].department
    return moved(ask, HandedOver(giver=giver, handler=data.to, department=department, reason=data.reason))


def name_owner(ask: Ask, data: NameOwner) -> Decided:
    """Another accountable person, named by somebody above the owner (S002-1.1)."""
    owner = ask.complaint.owner or ask.by
    refusal = _may_name_owner(ask, owner) or may_take_on(ask, data.to) or _not_the_same(data.to, ask.complaint.owner)
    return refusal or [OwnerNamed(former=owner, owner=data.to, reason=data.reason)]


def escalate(ask: Ask, data: Escalate) -> Decided:
    """One level up because the person cannot handle it, or must tell of a special case (S002-4.1, S001-10.7)."""
    cause = SPECIAL_CASE if data.special else "person"
    step = one_level_up(ask.complaint, ask.rules.ladder, ask.organisation, ask.now, cause)
    if step is None:
        return refuse(
            "top_of_ladder",
            "S002-4.3",
            "投诉已在最高级别，不能再升级",
            "the complaint is at the highest level already",
            level=ask.complaint.level,
        )
    return [escalated(step, data.reason)]


def escalated(step: Step, reason: str = "") -> Escalated:
    """The fact of one step up."""
    return Escalated(
        from_level=step.from_level, to_level=step.to_level, person=step.person, cause=step.cause, reason=reason
    )


def moved(ask: Ask, move: Assigned | HandedOver) -> Decided:
    """The move, and one level up where it closes a circle, once for each circle (S001-8.1)."""
    entry = Entry(move, ask.now, Actor(kind=ActorKind.PERSON, id=ask.by), None, ask.complaint.policy)
    after = ahead(ask.case, entry)
    if not ask.rules.hand_over.is_ping_pong(after.history, ask.now):
        return [move]
    step = one_level_up(after.complaint, ask.rules.ladder, ask.organisation, ask.now, PING_PONG)
    return [move, escalated(step)] if step else [move]


def may_take_on(ask: Ask, person: str) -> Refusal | None:
    """Why that person cannot take it on: unknown, barred or away (S002-7.1)."""
    refusal = participation(ask.complaint, person, ask.organisation)
    if refusal is not None:
        # Whoever asks does nothing wrong by naming somebody who may not: only tries of the barred are recorded.
        return refusal.model_copy(update={"recorded": False})
    if not ask.organisation.is_away(person, ask.now):
        return None
    standing_in = ask.organisation.standing_in(person, ask.now, barred(ask.complaint, ask.organisation))
    return refuse(
        "away",
        "S001-4.2",
        f"{person} 不在岗，请交给在岗的同事" + (f"（代理人 {standing_in}）" if standing_in else ""),
        f"{person} is away: give it to somebody who is there" + (f", {standing_in} stands in" if standing_in else ""),
        may=[standing_in] if standing_in else [],
        person=person,
    )


def _not_the_same(person: str, current: str | None) -> Refusal | None:
    if person != current:
        return None
    return refuse(
        "same_person",
        "S002-1.1",
        f"已由 {person} 负责，无需变更",
        f"it is {person}'s already: nothing to change",
        person=person,
    )


def _may_name_owner(ask: Ask, owner: str) -> Refusal | None:
    authority, company = ask.rules.authority, ask.organisation
    if owner not in company.person or oversees(ask.by, owner, authority, company):
        return None
    above = who(ask.complaint, company, lambda id_: oversees(id_, owner, authority, company))
    return refuse(
        "owner_named_above",
        "S002-1.1",
        f"首问责任人 {owner} 只能由其上级主管或合规人员变更",
        f"{owner} is accountable to the end; only a superior of theirs or compliance may name another owner",
        may=above,
        recorded=True,
        owner=owner,
    )


def replace_the_barred(draft: Draft, policy: Policy, organisation: Organisation, now: datetime) -> None:
    """Owner or handler may no longer take part: somebody else does, on record (S002-7.1, S002-1.1)."""
    complaint = draft.case.complaint
    found = replacement(complaint, policy.document.routing, organisation, now) if complaint.is_open else None
    if found is None:
        return
    if complaint.owner is not None and found.owner != complaint.owner:
        draft.add(OwnerNamed(former=complaint.owner, owner=found.owner, reason=found.reason))
    if found.handler != complaint.handler:
        draft.add(Assigned(owner=found.owner, handler=found.handler, department=found.department, reason=found.reason))


ACTS = {
    "assign": Act(Assign, assign),
    "hand_over": Act(HandOver, hand_over),
    "name_owner": Act(NameOwner, name_owner),
    "escalate": Act(Escalate, escalate),
}
