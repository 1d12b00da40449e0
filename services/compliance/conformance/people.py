"""Who owns, who handles, who may say so: known people, one owner, the department with the mandate (S002-1.1)."""

from collections.abc import Iterator

from events.envelope import Recorded
from events.handling import Assigned
from events.participation import HandedOver, Nudged, OwnerNamed
from events.understanding import Labelled
from policy.people.organisation import COMPLIANCE, Organisation
from services.compliance.conformance.checks import check
from services.compliance.conformance.examined import Examined
from services.compliance.conformance.standing import acts, barred, by_person, level_of, people
from services.compliance.conformance.violation import Violation


@check("S002-1.1", zh="经办人员均为组织架构中的人员", en="whoever acts is somebody of the company")
def whoever_acts_is_known(of: Examined) -> Iterator[Violation]:
    """Every person who acted was in the organisation in force at that moment."""
    for recorded in acts(of):
        organisation, who = people(of, recorded), recorded.actor.id
        if organisation is None or who not in organisation.person:
            yield of.violation(
                "S002-1.1",
                recorded,
                zh=f"{who} 当时不在组织架构中，却记录了 {recorded.name}。",
                en=f"{who} was not in the organisation then, yet recorded {recorded.name}.",
                at=recorded.occurred_at,
                who=who,
            )


@check(
    "S002-1.1",
    "S000-3.5",
    "S001-8.1",
    zh="首问责任人自始至终不变，变更须记录在案",
    en="the owner stays to the end unless another one is named on record",
)
def the_owner_stays(of: Examined) -> Iterator[Violation]:
    """An assignment names the owner there is; the first receiver begins; a naming names whom it replaces."""
    for recorded in of.all(Assigned, OwnerNamed):
        fact, owner = recorded.fact, of.before(recorded.version).owner
        told = fact.former if isinstance(fact, OwnerNamed) else fact.owner  # type: ignore[attr-defined]  # Assigned
        first = recorded.actor.id if by_person(recorded) else None
        expected = owner or first
        if expected is not None and told != expected:
            yield of.violation(
                "S002-1.1",
                recorded,
                zh=f"责任人原为 {expected}，{recorded.name} 却记为 {told}，且无变更记录。",
                en=f"The owner was {expected}, but {recorded.name} names {told} with no change on record.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


@check("S002-1.1", "S001-8.1", zh="责任人只能由其上级或合规人员变更", en="an owner is replaced only from above")
def an_owner_is_named_from_above(of: Examined) -> Iterator[Violation]:
    """By a superior of the owner or compliance, with a reason; by the system only where the owner must go."""
    for recorded in of.all(OwnerNamed):
        organisation, known = people(of, recorded), of.before(recorded.version)
        owner = known.owner
        if organisation is None or owner is None or not isinstance(fact := recorded.fact, OwnerNamed):
            continue
        if by_person(recorded):
            lawful = owner not in organisation.person or _oversees(of, recorded, owner, organisation)
        else:
            lawful = owner in barred(of, known, organisation)
        if not lawful or not fact.reason.strip() or fact.owner == owner:
            yield of.violation(
                "S002-1.1",
                recorded,
                zh=f"责任人由 {owner} 变更为 {fact.owner}：变更人无权决定，或未说明理由。",
                en=f"{fact.owner} was made owner instead of {owner} by somebody who may not, or without a reason.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


def _oversees(of: Examined, recorded: Recorded, other: str, organisation: Organisation) -> bool:
    """Compliance, the other's reporting line, or a level above both the other and a supervisor."""
    who = recorded.actor.id
    somebody = organisation.person.get(who)
    if somebody is None:
        return False
    above = max(level_of(organisation, other), of.policy_for(recorded).document.authority.supervisor_level)
    line = organisation.managers_of(other)
    return somebody.role == COMPLIANCE or who in line or level_of(organisation, who) > above


@check("S003-2.3", "S004-2.7", zh="处理部门即处理人所在部门", en="the department on record is the handler's own")
def the_handler_is_of_that_department(of: Examined) -> Iterator[Violation]:
    """Whoever is given the task belongs to the department the record names."""
    for recorded in of.all(Assigned, HandedOver):
        organisation, fact = people(of, recorded), recorded.fact
        if organisation is None or not isinstance(fact, Assigned | HandedOver):
            continue
        handler = organisation.person.get(fact.handler)
        if handler is None or handler.department != fact.department:
            yield of.violation(
                "S003-2.3",
                recorded,
                zh=f"{fact.handler} 当时不属于 {fact.department}。",
                en=f"{fact.handler} did not belong to {fact.department} then.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


@check("S004-8.4", "S001-8.1", zh="移交记明原处理人和理由", en="a hand-over names who gave the task, and why")
def a_hand_over_names_the_giver(of: Examined) -> Iterator[Violation]:
    """From whoever handled it until then, to somebody else, with a reason."""
    for recorded in of.all(HandedOver):
        fact, handler = recorded.fact, of.before(recorded.version).handler
        if isinstance(fact, HandedOver) and (
            fact.giver != handler or fact.handler == fact.giver or not fact.reason.strip()
        ):
            yield of.violation(
                "S004-8.4",
                recorded,
                zh=f"移交记为由 {fact.giver} 交给 {fact.handler}，实际处理人为 {handler or '无'}，或未说明理由。",
                en=f"Handed from {fact.giver} to {fact.handler}, but {handler or 'nobody'} handled it, or no reason.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


@check("S003-1.5", zh="受限标签由主管加注并有期限", en="restricted labels come from a supervisor and expire")
def labels_are_restricted(of: Examined) -> Iterator[Violation]:
    """A level that may, a reason, and an end no further away than the policy allows; exactly so far is inside."""
    for recorded in of.all(Labelled):
        organisation, fact, rules = people(of, recorded), recorded.fact, of.policy_for(recorded).document.label
        if organisation is None or not isinstance(fact, Labelled):
            continue
        latest = recorded.occurred_at + rules.longest
        timely = recorded.occurred_at < fact.until <= latest
        if not timely or not fact.reason or level_of(organisation, recorded.actor.id) < rules.least_level:
            yield of.violation(
                "S003-1.5",
                recorded,
                zh="受限标签由级别不足的人员加注，或未说明理由，或有效期超出规定。",
                en="A restricted label by somebody too low, without a reason, or for too long.",
                due=latest if not timely else None,
                at=fact.until if not timely else None,
                who=recorded.actor.id,
            )


@check("S002-4.5", zh="督促由主管向处理人作出", en="the supervisor urges the handler")
def the_supervisor_urges(of: Examined) -> Iterator[Violation]:
    """Urged by a supervisor, and whoever handles it is urged."""
    for recorded in of.all(Nudged):
        organisation, fact = people(of, recorded), recorded.fact
        least = of.policy_for(recorded).document.authority.supervisor_level
        if organisation is None or not isinstance(fact, Nudged):
            continue
        handler = of.before(recorded.version).handler
        if level_of(organisation, recorded.actor.id) < least or fact.person != handler:
            yield of.violation(
                "S002-4.5",
                recorded,
                zh=f"督促须由主管向处理人 {handler or '无'} 作出，记录为 {recorded.actor.id} 督促 {fact.person}。",
                en=f"A supervisor urges the handler {handler or 'nobody'}; {recorded.actor.id} urged {fact.person}.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )
