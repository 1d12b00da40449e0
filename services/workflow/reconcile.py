"""What is due on a complaint now: sort it, hand it out, raise it, record what was missed; when to look again."""

from datetime import datetime, timedelta

from events.complaint import Case
from events.handling import Assigned, Classified, ClockBreached, Escalated
from events.reconciler import Decision, Draft
from events.vocabulary import Service
from policy.ladder import Step, jump, one_level_up
from policy.organisation import Organisation
from policy.policy import Policy
from policy.routing import assignment

JUST_AFTER = timedelta(milliseconds=1)
"""A moment exactly at the limit is on time, so a look for breaches comes just after it (design, section 6)."""

UNREACHABLE = "unreachable"


def reconcile(case: Case, policy: Policy, organisation: Organisation, now: datetime) -> Decision:
    """All facts that are due and not recorded, in order; nothing when everything is: safe to repeat."""
    draft = Draft(case, Service.WORKFLOW, now)
    _classify(draft, policy)
    _assign(draft, policy, organisation, now)
    _raise(draft, jump(draft.case.complaint, policy.document.ladder, organisation, now))
    _record_breaches(draft, policy, organisation, now)
    _raise_when_unreachable(draft, policy, organisation, now)
    due = policy.clocks.next_due(draft.case.history, draft.case.complaint, now)
    return draft.decision(None if due is None else due + JUST_AFTER)


def _classify(draft: Draft, policy: Policy) -> None:
    complaint = draft.case.complaint
    if complaint.category is not None:
        return
    triage = policy.triager.classify(
        complaint.text, demands=complaint.demands, scene=complaint.scene, has_accused=bool(complaint.accused)
    )
    draft.add(
        Classified(
            category=triage.category,
            priority=triage.priority,
            complexity=triage.complexity,
            flags=triage.flags,
            rules=triage.rules,
        )
    )


def _assign(draft: Draft, policy: Policy, organisation: Organisation, now: datetime) -> None:
    if draft.case.complaint.handler is None:
        found = assignment(draft.case.complaint, policy.document.routing, organisation, now)
        draft.add(Assigned(owner=found.owner, handler=found.handler, department=found.department, reason=found.reason))


def _record_breaches(draft: Draft, policy: Policy, organisation: Organisation, now: datetime) -> None:
    """Every missed deadline once, in order of due time, each followed by what its rule demands."""
    case = draft.case
    for missed in policy.clocks.breached(case.history, case.complaint, now):
        if missed.due_at is None or draft.case.complaint.was_breached(missed.clock, missed.due_at):
            continue
        draft.add(ClockBreached(clock=missed.clock, due_at=missed.due_at, noticed_at=now))
        if policy.escalates(missed.clock):
            _raise(
                draft,
                one_level_up(draft.case.complaint, policy.document.ladder, organisation, now, missed.clock),
            )


def _raise_when_unreachable(draft: Draft, policy: Policy, organisation: Organisation, now: datetime) -> None:
    """A customer nobody reached within the window goes one level up, once (design, section 6)."""
    complaint = draft.case.complaint
    if complaint.is_exhausted and not any(step.cause == UNREACHABLE for step in complaint.escalations):
        _raise(draft, one_level_up(complaint, policy.document.ladder, organisation, now, UNREACHABLE))


def _raise(draft: Draft, step: Step | None) -> None:
    if step is not None:
        draft.add(Escalated(from_level=step.from_level, to_level=step.to_level, person=step.person, cause=step.cause))
