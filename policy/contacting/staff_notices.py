"""Which colleagues are alerted of what, once each; never somebody barred or absent: a delegate stands in (S001-9.4)."""

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from events.complaint import Case, Complaint
from events.envelope import Recorded
from events.execution import CommitmentMade
from events.handling import Assigned, ClockBreached, Escalated
from events.learning import ActionPlanned
from events.participation import TaskOpened
from events.vocabulary import ActorKind, Audience, Medium, ReplyKind
from policy.contacting.alerts import AlertRule
from policy.contacting.notice import Notice
from policy.people.authority import may_approve
from policy.people.hand_over import PING_PONG
from policy.people.organisation import COMPLIANCE, TOP, Organisation
from policy.people.participation import barred, who
from policy.policy import Policy
from policy.timing.clock_readings import ClockReading
from policy.timing.patterns import Pattern, parse_pattern


class _Alert(NamedTuple):
    """Who is to be told what, before it is known who that is today."""

    about: Recorded
    kind: ReplyKind
    whom: str
    """A role of the case (handler, owner, supervisor) or the id of a colleague."""
    medium: Medium | None = None
    at: datetime | None = None
    name: str | None = None


def staff_notices(case: Case, policy: Policy, organisation: Organisation, now: datetime) -> Iterator[Notice]:
    """Every alert the history owes, sent or not; while it is handled in the complaint it repeats, none (S004-1.2)."""
    if case.complaint.links.merged_into is not None:
        return
    for recorded in case.history:
        yield from _of_fact(case.complaint, recorded, policy, organisation, now)
    for alert in (*_of_clocks(case, policy, now), *_of_approvals(case, policy, organisation, now)):
        yield from _to_whom(case.complaint, alert, organisation, now)


def _of_fact(
    complaint: Complaint, recorded: Recorded, policy: Policy, organisation: Organisation, now: datetime
) -> Iterator[Notice]:
    """What one fact owes colleagues; who is meant twice, as handler and as owner, is told once by each means."""
    told: set[tuple[ReplyKind, Medium, str, datetime | None]] = set()
    for alert in _alerts(complaint, recorded, policy):
        for notice in _to_whom(complaint, alert, organisation, now):
            once = (notice.kind, notice.medium, notice.recipient, notice.at)
            if once not in told:
                told.add(once)
                yield notice


def _alerts(complaint: Complaint, recorded: Recorded, policy: Policy) -> Iterator[_Alert]:
    """What one fact owes colleagues."""
    fact = recorded.fact
    if isinstance(fact, Assigned) and complaint.priority in policy.document.alert.on_assignment:
        yield _Alert(recorded, ReplyKind.ASSIGNMENT, "handler")
    elif isinstance(fact, Escalated):
        kind = ReplyKind.PING_PONG if fact.cause == PING_PONG else ReplyKind.ESCALATION
        yield _Alert(recorded, kind, fact.person)
    elif isinstance(fact, ClockBreached):
        for action in policy.alerts_of(fact.clock):
            whom = keeper(complaint, fact.key) if action.argument == "person" else action.argument
            if whom is not None:
                medium = Medium.SMS if action.verb == "sms" else None
                yield _Alert(recorded, ReplyKind.BREACH, whom, medium)
    for pattern, rule in _told_of(policy).get(recorded.name, ()):
        if pattern.matches(recorded):
            whom = str(getattr(fact, rule.whom[1:])) if rule.whom.startswith(".") else rule.whom
            yield _Alert(recorded, rule.kind, whom)
    yield from _ahead(complaint, recorded, policy)


@lru_cache(maxsize=64)
def _told_of(policy: Policy) -> dict[str, list[tuple[Pattern, AlertRule]]]:
    found: dict[str, list[tuple[Pattern, AlertRule]]] = {}
    for rule in policy.document.alert.told.values():
        for pattern in map(parse_pattern, rule.on):
            found.setdefault(pattern.name, []).append((pattern, rule))
    return found


def _ahead(complaint: Complaint, recorded: Recorded, policy: Policy) -> Iterator[_Alert]:
    """Whoever promised or took on something is reminded in time, while it is not done (S003-6.2, S001-2.4)."""
    fact = recorded.fact
    if isinstance(fact, CommitmentMade):
        key, kind, due = fact.promise, ReplyKind.COMMITMENT, fact.by
    elif isinstance(fact, TaskOpened):
        key, kind, due = fact.task, ReplyKind.TASK, fact.due
    elif isinstance(fact, ActionPlanned):
        key, kind, due = fact.action, ReplyKind.ACTION, fact.due
    else:
        return
    ahead, person = policy.document.alert.ahead.get(kind), keeper(complaint, key, undone=True)
    if ahead is not None and person is not None and due - ahead > recorded.occurred_at:
        yield _Alert(recorded, kind, person, at=due - ahead, name=f"reminder-{recorded.version}")


def keeper(complaint: Complaint, key: str | None, undone: bool = False) -> str | None:
    """Who has that promise, task or action to do; with `undone` only while it is not done."""
    for promise in complaint.execution.promises:
        if promise.promise == key:
            return None if undone and promise.kept_at is not None else promise.person
    for task in complaint.participation.tasks:
        if task.task == key:
            return None if undone and not task.is_open else task.person
    action = complaint.learning.find(key or "")
    return None if action is None or (undone and action.taken_at is not None) else action.owner


def _of_clocks(case: Case, policy: Policy, now: datetime) -> Iterator[_Alert]:
    """A deadline that comes near, and work that may now begin: the callback is ours to start (S001-17.7, S001-8.2)."""
    complaint = case.complaint
    if not policy.clocks.reminds(complaint):
        return
    for reading in policy.clocks.readings(case.history, complaint, now):
        if reading.stopped_at is None and reading.due_at is not None:
            if reading.warn_at is not None:
                name = f"warning-{reading.clock}-{reading.started_by}"
                yield _Alert(_missing(case, reading), ReplyKind.WARNING, "handler", at=reading.warn_at, name=name)
            if reading.not_before is not None:
                name = f"{reading.clock}-{reading.started_by}"
                yield _Alert(_missing(case, reading), ReplyKind.CALLBACK, "handler", at=reading.not_before, name=name)


def _missing(case: Case, reading: ClockReading) -> Recorded:
    return case.history[reading.started_by - 1]


def _of_approvals(case: Case, policy: Policy, organisation: Organisation, now: datetime) -> Iterator[_Alert]:
    """For each role whose turn it is one colleague who may approve, the handler's own line first (S000-3.9)."""
    complaint = case.complaint
    for approval in complaint.solution.waiting() if complaint.is_open else ():
        for role in approval.waiting_for:
            may = [
                id_
                for id_ in _nearest_first(complaint, organisation)
                if may_approve(complaint, approval, role, id_, policy.document.authority, organisation)
                and organisation.standing_in(id_, now) == id_
            ]
            if may:
                about = case.history[approval.version - 1]
                yield _Alert(about, ReplyKind.APPROVAL, may[0], name=f"approval-{approval.version}-{role}")


def _nearest_first(complaint: Complaint, organisation: Organisation) -> list[str]:
    """The handler's reporting line, then everybody, the lower level first."""
    line = organisation.managers_of(complaint.handler) if complaint.handler in organisation.person else ()
    others = sorted(organisation.person, key=lambda id_: (organisation.level_of(id_), id_))
    return list(dict.fromkeys((*line, *others)))


def _to_whom(complaint: Complaint, alert: _Alert, organisation: Organisation, now: datetime) -> Iterator[Notice]:
    """The alert to that person, or to whoever stands in.

    Where that person is recused, or nobody stands in, the next of their reporting line who may is told (S002-7.1).
    Nobody is told what they did themselves.
    """
    for whom in _overseers(complaint, organisation) if alert.whom == TOP else (alert.whom,):
        yield from _to_one(complaint, alert._replace(whom=whom), organisation, now)


def _overseers(complaint: Complaint, organisation: Organisation) -> tuple[str, ...]:
    """What goes to the board, where nobody on the ladder is left, is told to the owner and compliance (S002-4.3)."""
    return ("owner", *who(complaint, organisation, lambda id_: organisation.person[id_].role == COMPLIANCE))


def _to_one(complaint: Complaint, alert: _Alert, organisation: Organisation, now: datetime) -> Iterator[Notice]:
    about = alert.about
    person = _person(complaint, alert.whom, organisation)
    out = barred(complaint, organisation)
    line = (person, *organisation.managers_of(person)) if person in organisation.person else ()
    reached = next((found for id_ in line if (found := organisation.standing_in(id_, now, out))), None)
    by = about.actor.id if about.actor.kind is ActorKind.PERSON else None
    if reached is None or (alert.at is None and by in (person, reached)):
        return
    means = alert.medium or organisation.person[reached].medium
    name = alert.name or f"{alert.kind}-{about.version}-{alert.whom}"
    yield Notice(name, Audience.STAFF, alert.kind, alert.kind.value, means, reached, about, alert.at)


def _person(complaint: Complaint, whom: str, organisation: Organisation) -> str | None:
    if whom == "supervisor":
        line = organisation.managers_of(complaint.handler) if complaint.handler in organisation.person else ()
        return line[0] if line else None
    return {"handler": complaint.handler, "owner": complaint.owner}.get(whom, whom)
