"""What a sender's answer is recorded as: Replied, RetryAttempted or StaffAlerted, at most once a message."""

from events.complaint import Attempt, Complaint
from events.contact import Replied, RetryAttempted, StaffAlerted
from events.fact import Fact
from events.vocabulary import Audience, Outcome
from policy.contacting.contact import counts
from policy.contacting.written import approved_as
from policy.policy import Policy
from services.notifier.senders.port import Delivered, Sent, Unknown


def outcome_fact(complaint: Complaint, key: str, sent: Sent, policy: Policy) -> Fact | None:
    """The fact that ends a message; None when its end is recorded already."""
    attempt = next((attempt for attempt in complaint.attempts if attempt.key == key), None)
    if attempt is None or not _is_news(attempt, sent):
        return None
    if attempt.audience is Audience.STAFF:
        return _alerted(attempt, sent)
    if isinstance(sent, Delivered):
        approved = approved_as(complaint, attempt.notice) is not None
        return Replied(kind=attempt.kind, medium=attempt.medium, contact=key, receipt=sent.receipt, approved=approved)
    outcome = Outcome.UNKNOWN if isinstance(sent, Unknown) else Outcome.FAILED
    earlier = [other for other in complaint.attempts_of(attempt.notice) if other.key != key]
    counted = counts(earlier, policy.document.retry, policy.zone, attempt.started_at, outcome)
    return RetryAttempted(
        kind=attempt.kind,
        medium=attempt.medium,
        outcome=outcome,
        counted=counted,
        contact=key,
        note=sent.reason,
    )


def _is_news(attempt: Attempt, sent: Sent) -> bool:
    """An end is recorded once; only `delivered` may still correct an `unknown` or a failed guess."""
    return attempt.ended_at is None or (not attempt.succeeded and isinstance(sent, Delivered))


def _alerted(attempt: Attempt, sent: Sent) -> StaffAlerted:
    delivered = isinstance(sent, Delivered)
    return StaffAlerted(
        kind=attempt.kind,
        medium=attempt.medium,
        person=attempt.recipient,
        delivered=delivered,
        contact=attempt.key,
        receipt=sent.receipt if isinstance(sent, Delivered) else None,
        note="" if isinstance(sent, Delivered) else sent.reason,
    )
