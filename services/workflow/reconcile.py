"""What is due on a complaint now: sort it, hand it out, raise it, record what was missed; when to look again."""

from datetime import datetime, timedelta

from events.complaint import Breach, Case
from events.handling import Assigned, ClockBreached
from events.reconciler import Decision, Draft
from events.vocabulary import Service
from policy.contacting.contact import has_given_up
from policy.people.ladder import Step, jump, one_level_up
from policy.people.organisation import Organisation
from policy.people.routing import assignment
from policy.policy import Policy
from services.workflow.approval import request_approvals
from services.workflow.callback import after_callback
from services.workflow.classification import classify, classify_anew
from services.workflow.handling import escalated, replace_the_barred
from services.workflow.linking import redden

JUST_AFTER = timedelta(milliseconds=1)
"""A moment exactly at the limit is on time, so a look for breaches comes just after it (design, section 6)."""

UNREACHABLE = "unreachable"


def reconcile(case: Case, policy: Policy, organisation: Organisation, now: datetime) -> Decision:
    """All facts that are due and not recorded; nothing when everything is: safe to repeat.

    Each step sees what those before it added. First the colour, since limits, ladder and routing ask for it; then
    people, since everything after it names owner or handler; then what their decisions owe; the missed deadlines
    near the end, when all that could have stopped or moved a clock is there, each raised from the level reached by
    then; a customer nobody reached last, since a breach of the same instant comes before it.
    """
    draft = Draft(case, Service.WORKFLOW, now)
    classify(draft, policy)
    classify_anew(draft, policy)
    redden(draft, policy)
    # Handed out before it is raised: the ladder goes up the handler's own line.
    _assign(draft, policy, organisation, now)
    replace_the_barred(draft, policy, organisation, now)
    _jump(draft, policy, organisation, now)
    request_approvals(draft, policy)
    # Before the breaches are counted: a new round stops clocks of the old one.
    after_callback(draft, policy, organisation, now)
    _record_breaches(draft, policy, organisation, now)
    _raise_when_unreachable(draft, policy, organisation, now)
    due = policy.clocks.next_due(draft.case.history, draft.case.complaint, now)
    return draft.decision(None if due is None else due + JUST_AFTER)


def _assign(draft: Draft, policy: Policy, organisation: Organisation, now: datetime) -> None:
    complaint = draft.case.complaint
    if complaint.handler is None and complaint.is_open:
        found = assignment(complaint, policy.document.routing, organisation, now)
        draft.add(Assigned(owner=found.owner, handler=found.handler, department=found.department, reason=found.reason))


def _jump(draft: Draft, policy: Policy, organisation: Organisation, now: datetime) -> None:
    """Every step a named rule demands at once, each once (S002-4.2, S002-4.4); the level rises, so it ends."""
    while draft.case.complaint.is_open:
        step = jump(draft.case.complaint, policy.document.ladder, organisation, now)
        if step is None:
            return
        _raise(draft, step)


def _record_breaches(draft: Draft, policy: Policy, organisation: Organisation, now: datetime) -> None:
    """Every missed deadline once, in order of due time, each followed by what its rule demands."""
    for clock, due_at, key in _missed(draft.case, policy, now):
        if draft.case.complaint.was_breached(clock, due_at, key):
            continue
        draft.add(ClockBreached(clock=clock, due_at=due_at, noticed_at=now, key=key))
        if policy.escalates(clock) and draft.case.complaint.is_open:
            cause = policy.cause_of(clock)
            _raise(draft, one_level_up(draft.case.complaint, policy.document.ladder, organisation, now, cause))


def _missed(case: Case, policy: Policy, now: datetime) -> list[Breach]:
    """Deadlines missed by now, first to last; the clocks tell what a move to another policy leaves of them (M8)."""
    found = (
        Breach(missed.clock, missed.due_at, missed.key)
        for missed in policy.clocks.breached(case.history, case.complaint, now)
        if missed.due_at is not None
    )
    return sorted(found, key=lambda breach: breach.due_at)


def _raise_when_unreachable(draft: Draft, policy: Policy, organisation: Organisation, now: datetime) -> None:
    """A customer nobody reached within the window goes one level up, once a round; after a callback it ends (C5)."""
    complaint = draft.case.complaint
    if not complaint.is_open or not has_given_up(complaint):
        return
    since = complaint.solution.round_since
    if not any(step.cause == UNREACHABLE and step.version > since for step in complaint.escalations):
        _raise(draft, one_level_up(complaint, policy.document.ladder, organisation, now, UNREACHABLE))


def _raise(draft: Draft, step: Step | None) -> None:
    if step is not None:
        draft.add(escalated(step))
