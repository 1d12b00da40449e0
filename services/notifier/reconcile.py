"""Which messages start now, which must be asked after, and when to look again: pure (S002-1.9..1.11, I6)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from events.complaint import Attempt, Case, Complaint
from events.contact import ContactStarted, RetryAttempted
from events.reconciler import Decision, Draft
from events.vocabulary import Outcome, Service
from policy.contacting.notices import Owed, letter, owed
from policy.people.organisation import Organisation
from policy.policy import Policy
from services.notifier.outcomes import outcome_fact
from services.notifier.senders.port import LONGEST_SEND, Sent

LEASE: timedelta = 3 * LONGEST_SEND
"""How long a started message counts as on its way; its last third is kept for the send itself."""


class Lost(NamedTuple):
    """A message that was started and whose end nobody recorded: its process ended, or hangs."""

    complaint: Complaint
    started: ContactStarted


def reconcile(
    case: Case, policy: Policy, organisation: Organisation, now: datetime, ended: Mapping[str, Sent]
) -> Decision:
    """Record how messages ended, start those that are due, and say when the next one may be."""
    draft = Draft(case, Service.NOTIFIER, now)
    for key, sent in ended.items():
        fact = outcome_fact(draft.case.complaint, key, sent, policy)
        if fact is not None:
            draft.add(fact)
    looks = [
        look
        for message in owed(draft.case, policy, organisation, now)
        if (look := _step(draft, message, policy, organisation, now))
    ]
    return draft.decision(min(looks, default=None))


def _step(draft: Draft, message: Owed, policy: Policy, organisation: Organisation, now: datetime) -> datetime | None:
    """Take one message's next step if it is due; else the instant to look again."""
    step, at = message.next
    if step == "wait":
        return max(now, message.attempts[-1].started_at + LEASE)
    if at is None or at > now:
        return at
    if step == "attempt":
        draft.add(_start(draft.case, message, policy, organisation))
        return now + LEASE
    notice = message.notice
    # By name, else a message called otherwise than its kind would be given up again at every look.
    name = None if notice.name == notice.kind else notice.name
    draft.add(
        RetryAttempted(kind=notice.kind, medium=notice.medium, outcome=Outcome.EXHAUSTED, counted=False, notice=name)
    )
    return None


def _start(case: Case, message: Owed, policy: Policy, organisation: Organisation) -> ContactStarted:
    notice = message.notice
    words = letter(notice, case, policy, organisation)
    return ContactStarted(
        key=f"{notice.name}#{len(message.attempts) + 1}",
        notice=notice.name,
        audience=notice.audience,
        kind=notice.kind,
        medium=notice.medium,
        recipient=notice.recipient,
        subject=words.subject,
        text=words.text,
        language=words.language,
    )


def lost(case: Case, now: datetime) -> list[Lost]:
    """Messages whose lease ran out: their provider is asked, or they are recorded as unknown (never repeated)."""
    expired = {attempt.key for attempt in case.complaint.attempts if _is_lost(attempt, now)}
    if not expired:
        return []
    return [
        Lost(case.complaint, recorded.fact)
        for recorded in case.history
        if isinstance(recorded.fact, ContactStarted) and recorded.fact.key in expired
    ]


def _is_lost(attempt: Attempt, now: datetime) -> bool:
    return attempt.ended_at is None and attempt.started_at + LEASE <= now


def is_too_late(started_at: datetime, now: datetime) -> bool:
    """A send begun now might outlast the lease: the next look takes the message over and asks after it."""
    # A share of the lease, not LONGEST_SEND itself: the flow tests shorten the lease below it.
    return started_at + LEASE * 2 / 3 <= now
