"""The accused, their line managers and whoever was recused take no part and learn nothing (S002-7.1, S002-7.2)."""

from collections.abc import Iterator

from events.contact import ContactStarted, StaffAlerted
from events.envelope import Recorded
from events.execution import CommitmentMade
from events.handling import Assigned, Escalated
from events.links import Linked, Unlinked
from events.participation import AuthorityDelegated, HandedOver, OwnerNamed, Recused, TaskOpened
from events.solution import SolutionProposed
from policy.people.organisation import COMPLIANCE
from services.compliance.conformance.checks import check
from services.compliance.conformance.examined import Examined
from services.compliance.conformance.standing import acts, barred, by_person, free, level_of, looks, people
from services.compliance.conformance.violation import Violation

LINKS = (Linked, Unlinked)
GIVEN = (Assigned, HandedOver, OwnerNamed, TaskOpened, AuthorityDelegated, Escalated, SolutionProposed)
"""Facts that name somebody who shall do something."""


@check("S002-7.1", zh="被投诉人、其直接主管和已回避人员不参与处理", en="the accused and the recused take no part")
def the_accused_take_no_part(of: Examined) -> Iterator[Violation]:
    """Nobody who was accused, the accused's line manager or recused at that moment did anything to the complaint."""
    for recorded in acts(of):
        known, organisation = of.before(recorded.version), people(of, recorded)
        if organisation is None or recorded.actor.id not in barred(of, known, organisation):
            continue
        yield of.violation(
            "S002-7.1",
            recorded,
            zh=f"{recorded.actor.id} 当时应回避，却记录了 {recorded.name}。",
            en=f"{recorded.actor.id} takes no part in this complaint, yet recorded {recorded.name}.",
            at=recorded.occurred_at,
            who=recorded.actor.id,
        )


@check("S002-7.1", zh="被投诉人员不得关联或解除与其有关的投诉", en="nobody joins or parts complaints that accuse them")
def nobody_joins_what_accuses_them(of: Examined) -> Iterator[Violation]:
    """Whoever links this complaint to another one, or undoes that, might take part in the other one too."""
    for recorded in of.all(*LINKS):
        fact, organisation = recorded.fact, people(of, recorded)
        if not by_person(recorded) or not isinstance(fact, Linked | Unlinked) or organisation is None:
            continue
        other = of.other(fact.to)
        past = sum(each.position < recorded.position for each in other.history) if other else 0
        if other is not None and past and recorded.actor.id in barred(other, other.after(past), organisation):
            yield of.violation(
                "S002-7.1",
                recorded,
                zh=f"{recorded.actor.id} 在另一投诉中应回避，却记录了 {recorded.name}。",
                en=f"{recorded.actor.id} takes no part in the other complaint, yet recorded {recorded.name}.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


def _named(recorded: Recorded) -> tuple[str, ...]:
    """Who shall do something by that fact."""
    match recorded.fact:
        case Assigned(handler=handler) | HandedOver(handler=handler):
            return (handler,)
        case OwnerNamed(owner=owner):
            return (owner,)
        case TaskOpened(person=person) | Escalated(person=person):
            return (person,)
        case AuthorityDelegated(to=to):
            return (to,)
        case SolutionProposed(remedies=remedies):
            return tuple(dict.fromkeys(remedy.responsible for remedy in remedies))
    return ()


@check("S002-7.1", "S001-4.2", "S002-1.1", zh="不向应回避或不在岗的人员交办", en="nobody barred or away is given work")
def nobody_barred_is_given_work(of: Examined) -> Iterator[Violation]:
    """Handler, owner, helper, decider and whoever sees to a remedy may take part, and the first four are there.

    The system names somebody barred or away only where nobody at all is left (S002-7.1).
    """
    for recorded in of.all(*GIVEN):
        organisation = people(of, recorded)
        if organisation is None:
            continue
        out, at = barred(of, of.before(recorded.version), organisation), recorded.occurred_at
        for person in _named(recorded):
            away = organisation.is_away(person, at) and not isinstance(recorded.fact, SolutionProposed)
            stranger = person not in organisation.person and isinstance(recorded.fact, OwnerNamed | TaskOpened)
            if stranger or ((person in out or away) and (by_person(recorded) or free(organisation, out, at))):
                yield of.violation(
                    "S002-7.1" if person in out else "S002-1.1" if stranger else "S001-4.2",
                    recorded,
                    zh=f"{recorded.name} 指定了{'应回避' if person in out else '不在岗或不存在'}的 {person}。",
                    en=f"{recorded.name} names {person}, who {'takes no part' if person in out else 'was not there'}.",
                    at=recorded.occurred_at,
                    who=recorded.actor.id,
                )


@check("S002-7.1", zh="应回避的责任人、处理人由他人接替", en="an owner or handler who must go is replaced")
def whoever_must_go_is_replaced(of: Examined) -> Iterator[Violation]:
    """After each look of the workflow neither owner nor handler of an open complaint is barred, if anybody is left."""
    if not _may_bar(of):
        return
    told: set[str] = set()
    for recorded in looks(of):
        known, organisation = of.after(recorded.version), people(of, recorded)
        if organisation is None or not known.is_open:
            continue
        out = barred(of, known, organisation)
        stuck = {person for person in (known.owner, known.handler) if person in out} - told
        if stuck and free(organisation, out, recorded.occurred_at):
            told |= stuck
            yield of.violation(
                "S002-7.1",
                recorded,
                zh=f"{'、'.join(sorted(stuck))} 应回避，仍为责任人或处理人。",
                en=f"{', '.join(sorted(stuck))} must take no part but still owns or handles it.",
                at=recorded.occurred_at,
                who=sorted(stuck)[0],
            )


def _may_bar(of: Examined) -> bool:
    end = of.complaint
    return bool(end.accused or end.links.every or end.links.undone or of.has(Recused))


@check("S002-7.1", zh="他人回避由主管决定，例外由合规决定", en="recusal of others and exceptions have their deciders")
def recusals_are_decided_by_those_who_may(of: Examined) -> Iterator[Violation]:
    """Oneself, or others by a supervisor or compliance; the exception by compliance alone, never for oneself."""
    for recorded in of.all(Recused):
        organisation, fact, who = people(of, recorded), recorded.fact, recorded.actor.id
        if organisation is None or not isinstance(fact, Recused) or who not in organisation.person:
            continue
        watches = organisation.person[who].role == COMPLIANCE
        least = of.policy_for(recorded).document.authority.supervisor_level
        if fact.lifted:
            # Nobody is let back before they had to go: an exception in advance would outlive a later accusation.
            lawful = (
                watches and who != fact.person and fact.person in barred(of, of.before(recorded.version), organisation)
            )
        else:
            lawful = who == fact.person or watches or level_of(organisation, who) >= least
        if not lawful or not fact.reason.strip():
            yield of.violation(
                "S002-7.1",
                recorded,
                zh=f"{who} 无权决定 {fact.person} 的{'例外参与' if fact.lifted else '回避'}。",
                en=f"{who} may not decide on the {'exception' if fact.lifted else 'recusal'} of {fact.person}.",
                at=recorded.occurred_at,
                who=who,
            )


@check("S002-7.2", "S002-7.1", zh="应回避人员不获知投诉情况", en="whoever takes no part is told nothing")
def the_accused_are_told_nothing(of: Examined) -> Iterator[Violation]:
    """No alert about the complaint went to somebody who took no part when it was sent."""
    if not of.has(StaffAlerted) or not _may_bar(of):
        return
    started = {r.fact.key: r for r in of.all(ContactStarted) if isinstance(r.fact, ContactStarted)}
    for recorded in of.all(StaffAlerted):
        fact = recorded.fact
        sent = started.get(fact.contact, recorded) if isinstance(fact, StaffAlerted) else recorded
        organisation = people(of, sent)
        if organisation is None or not isinstance(fact, StaffAlerted):
            continue
        if fact.person in barred(of, of.before(sent.version), organisation):
            yield of.violation(
                "S002-7.2",
                sent,
                recorded,
                zh=f"{fact.person} 当时应回避，系统仍向其发送了提醒。",
                en=f"{fact.person} takes no part, yet was alerted about the complaint.",
                at=recorded.occurred_at,
                who=fact.person,
            )


@check("S002-7.1", zh="承诺由作出者本人兑现", en="a promise is kept by whoever made it")
def a_promise_is_its_makers(of: Examined) -> Iterator[Violation]:
    """The person who keeps a promise is the one who gave it, so nobody barred is bound by another's word."""
    for recorded in of.all(CommitmentMade):
        if isinstance(fact := recorded.fact, CommitmentMade) and fact.person != recorded.actor.id:
            yield of.violation(
                "S002-7.1",
                recorded,
                zh=f"{recorded.actor.id} 以 {fact.person} 的名义作出承诺 {fact.promise}。",
                en=f"{recorded.actor.id} made promise {fact.promise} in the name of {fact.person}.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )
