"""Attempts to reach the customer: SMS after the first failure, gaps, window, quiet hours (S002-1.8..1.13)."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import Field

from events.complaint import Attempt, Case, Complaint
from events.contact import Replied
from events.ending import CalledBack, Reopened, Resolved
from events.envelope import Recorded
from events.fact import Value
from events.vocabulary import ActorKind, Medium, Outcome, ReplyKind
from policy.timing.durations import Span

PERSONAL_ATTEMPT = ReplyKind.PROGRESS
"""What a person's failed attempt is counted under: one row of attempts, whatever they wanted to say."""


class QuietHours(Value):
    """From evening to morning, half open: 21:00:00 is quiet, 09:00:00 is not."""

    since: time
    until: time


class Retry(Value):
    """`[retry]`: when a failed contact is tried again."""

    source: tuple[str, ...]
    sms_after_first_failure: bool
    min_attempts: int = Field(ge=1)
    """Counted attempts after the first failure."""
    most_attempts: int = Field(ge=1)
    """Attempts after the first, also those of unknown outcome that do not count: each may have reached the customer."""
    min_gap: Span
    window: Span
    """From the first failure; an attempt exactly at its end is inside."""
    quiet: QuietHours
    phone_media: tuple[Medium, ...]
    """Media whose address is a telephone number, so that an SMS can follow."""


class Next(NamedTuple):
    """What comes next for one message to the customer."""

    step: Literal["attempt", "wait", "exhaust", "done"]
    at: datetime | None = None
    """When; None for wait and done."""


class Series(NamedTuple):
    """People's own attempts in a row: what the window and the gaps are measured in."""

    since: int
    """Version of the fact the row begins after; 0 for the first one."""
    attempts: tuple[Attempt, ...]
    kind: ReplyKind
    """What they were for: news, or the callback once it is resolved."""


def personal_series(case: Case) -> Series:
    """The row that runs now: a customer reached, a resolution or a reopening begins another one (S002-1.10, C5)."""
    resolved = case.complaint.ending.is_resolved
    kind = ReplyKind.CALLBACK if resolved else PERSONAL_ATTEMPT
    tried = [attempt for attempt in case.complaint.attempts if is_personal(attempt)]
    if not tried:
        return Series(0, (), kind)
    since = max((recorded.version for recorded in case.history if _begins_a_row(recorded)), default=0)
    return Series(since, tuple(a for a in tried if int(a.key.removeprefix(_BY_VERSION)) > since), kind)


def is_personal(attempt: Attempt) -> bool:
    """Tried by a person, not by a machine; or the end of such a row."""
    return attempt.notice in _PERSONAL and attempt.key.startswith(_BY_VERSION)


def has_given_up(complaint: Complaint) -> bool:
    """In this round the customer was not reached with something they had to hear (S002-1.10).

    A callback in vain only ends the file (C5); a complaint that begins again is tried again.
    """
    return any(_is_given_up(attempt, complaint.solution.round_since) for attempt in complaint.attempts)


def _is_given_up(attempt: Attempt, round_since: int) -> bool:
    if attempt.outcome is not Outcome.EXHAUSTED or attempt.kind is ReplyKind.CALLBACK:
        return False
    return int(attempt.key.removeprefix(_BY_VERSION)) > round_since


_PERSONAL = (PERSONAL_ATTEMPT, ReplyKind.CALLBACK)
_BY_VERSION = "version-"
"""How the fold names an attempt no machine made."""


def _begins_a_row(recorded: Recorded) -> bool:
    fact = recorded.fact
    if isinstance(fact, Replied):
        return recorded.actor.kind is ActorKind.PERSON
    return isinstance(fact, Resolved | Reopened | CalledBack)


def next_attempt(attempts: Sequence[Attempt], retry: Retry, zone: ZoneInfo, now: datetime) -> Next:
    """The next attempt at one message, from all attempts at it so far."""
    if not attempts:
        return Next("attempt", now)
    if any(attempt.succeeded or attempt.outcome is Outcome.EXHAUSTED for attempt in attempts):
        return Next("done")
    if attempts[-1].ended_at is None:
        return Next("wait")
    # Until a failure is known the window opens with the first attempt: else unknown ones would go on for ever.
    end = (first_failure(attempts) or attempts[0].started_at) + retry.window
    counted = sum(attempt.counted for attempt in attempts)
    at = after_quiet_hours(blocked_until(attempts, retry), retry.quiet, zone)
    if counted >= retry.min_attempts or len(attempts) > retry.most_attempts or at > end:
        return Next("exhaust", end)
    return Next("attempt", at)


def counts(earlier: Sequence[Attempt], retry: Retry, zone: ZoneInfo, at: datetime, outcome: Outcome) -> bool:
    """Whether an attempt that failed at `at` counts towards the rule; the first failure never does."""
    tried = [attempt for attempt in earlier if attempt.ended_at is not None]
    first = first_failure(tried)
    if first is None or outcome is Outcome.UNKNOWN:
        return False
    last = max([first, *(attempt.started_at for attempt in tried if attempt.counted)])
    in_window = at <= first + retry.window
    return in_window and at >= last + retry.min_gap and not is_quiet(at, retry.quiet, zone)


def has_failed(attempt: Attempt) -> bool:
    """It is known that this attempt did not reach the customer; of an unknown outcome that is not known."""
    return attempt.outcome not in (None, Outcome.UNKNOWN, Outcome.EXHAUSTED)


def first_failure(attempts: Sequence[Attempt]) -> datetime | None:
    """When the first attempt known to have failed was started: gaps and window are measured from that start."""
    return next((attempt.started_at for attempt in attempts if has_failed(attempt)), None)


def blocked_until(attempts: Sequence[Attempt], retry: Retry) -> datetime:
    """No attempt before this: the gap after the last counted one, or after one of unknown outcome."""
    blocking = [a.started_at for a in attempts if a.counted or a.outcome is Outcome.UNKNOWN]
    return max([first_failure(attempts) or attempts[0].started_at, *blocking]) + retry.min_gap


def is_quiet(moment: datetime, quiet: QuietHours, zone: ZoneInfo) -> bool:
    """Whether the customer must not be disturbed at that moment (S002-1.13, C6)."""
    local = moment.astimezone(zone).time()
    if quiet.since <= quiet.until:
        return quiet.since <= local < quiet.until
    return local >= quiet.since or local < quiet.until


def after_quiet_hours(moment: datetime, quiet: QuietHours, zone: ZoneInfo) -> datetime:
    """The same moment, or the end of the quiet hours it falls into."""
    if not is_quiet(moment, quiet, zone):
        return moment
    local = moment.astimezone(zone)
    day = local.date() + timedelta(days=1) if local.time() >= quiet.until else local.date()
    return datetime.combine(day, quiet.until, zone)
