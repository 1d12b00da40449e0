"""How a complaint ends: what may not be accepted, how the customer is called back, what a file needs (C5, C11, C16)."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic import Field

from events.complaint import Attempt, Case, Complaint
from events.fact import Value
from events.verification import Verified
from events.vocabulary import Ground, Liable, Medium, Outcome, Priority, ReplyKind
from policy.contacting.contact import Retry, counts, first_failure, has_failed, personal_series
from policy.timing.durations import Span


class Acceptance(Value):
    """`[acceptance]`: the grounds on which a complaint may be not accepted, each with proof (S002-7.3..7.7)."""

    source: tuple[str, ...]
    not_accepted: tuple[Ground, ...]
    proof_required: bool


class Callback(Value):
    """`[callback]`: who is called back by what means, and what becomes of suggestions (S004-6.3, S004-6.7)."""

    source: tuple[str, ...]
    medium: Medium
    """For those below, where the customer asked for no other."""
    priority: tuple[Priority, ...]
    emotion: int = Field(ge=1, le=5)
    """Customers noted as that agitated or more."""
    feedback_within: Span
    """How long the department has to answer a suggestion (S004-6.7, S001-6.5)."""


class Conclusion(Value):
    """`[conclusion]`: what resolving and archiving ask for (S001-2.1, S002-0.3)."""

    source: tuple[str, ...]
    unknown: frozenset[str]
    """Causes that say nothing."""

    def says_nothing(self, cause: str) -> bool:
        """The cause only says that nobody knows, in whatever words (S001-2.1)."""
        return cause.strip().rstrip("。.!").strip().casefold() in self.unknown


def callback_medium(complaint: Complaint, rules: Callback, retry: Retry) -> Medium | None:
    """The one means of calling back; None where any will do (S004-6.3).

    A customer who asked for another means, or who cannot be reached by this one, is not forced to it (C16).
    """
    emotion = complaint.understanding.emotion or 0
    if complaint.priority not in rules.priority and emotion < rules.emotion:
        return None
    contacts = complaint.customer.contacts
    by_phone = any(contact.medium in retry.phone_media for contact in contacts)
    if contacts and not by_phone and rules.medium in retry.phone_media:
        return None
    return rules.medium


def may_call_back_by(medium: Medium, complaint: Complaint, rules: Callback, retry: Retry) -> bool:
    """Whether that means is right for this customer: what they asked for always is (S004-6.3, C16)."""
    return callback_medium(complaint, rules, retry) in (None, medium) or medium is complaint.customer.preferred


def is_callback_exhausted(case: Case, retry: Retry, zone: ZoneInfo, now: datetime) -> bool:
    """Whether people tried to call back as often as the rule asks, and its window has passed (C5, S002-1.10)."""
    series = personal_series(case)
    tried = [attempt for attempt in series.attempts if has_failed(attempt)]
    first = first_failure(tried)
    if series.kind is not ReplyKind.CALLBACK or first is None or now < first + retry.window:
        return False
    return _counted(tried, retry, zone) >= retry.min_attempts


def _counted(tried: Sequence[Attempt], retry: Retry, zone: ZoneInfo) -> int:
    """Attempts that count towards the callback by the rule itself, whatever was noted when they were made."""
    row: list[Attempt] = []
    for attempt in tried:
        counted = counts(row, retry, zone, attempt.started_at, attempt.outcome or Outcome.FAILED)
        row.append(attempt._replace(counted=counted))
    return sum(attempt.counted for attempt in row)


def is_unreasoned(finding: Verified, rules: Conclusion) -> bool:
    """Nobody is found liable, and the cause says nothing of why (S001-2.1)."""
    return finding.liable is Liable.UNDETERMINED and rules.says_nothing(finding.cause)
