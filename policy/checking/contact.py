"""Attempts that cannot be made in time, and hours in which nobody may be called (C6, S002-1.10, S002-1.11)."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from zoneinfo import ZoneInfo

from events.complaint import Attempt
from events.vocabulary import Audience, Medium, Outcome, ReplyKind
from policy.checking.flaws import MINUTES_OF_A_DAY, Flaw, Subject
from policy.contacting.contact import Retry, counts, is_quiet, next_attempt


def schedule_too_long(subject: Subject) -> Iterator[Flaw]:
    """The attempts the rule demands do not fit its window from every minute a first one may fail (C6)."""
    retry = subject.document.retry
    for first in subject.starts(days=1, minutes=1):
        made = attempts_counted(retry, first, subject.policy.zone)
        if made < retry.min_attempts:
            yield Flaw(
                "retry_does_not_fit",
                "retry.window",
                "S002-1.10",
                f"{first:%H:%M} 首次未联系上时，时限内只能计入 {made} 次，少于 {retry.min_attempts} 次",
                f"first failed at {first:%H:%M}, only {made} of {retry.min_attempts} attempts fit the window",
                "延长 window、缩短 min_gap 或 quiet，或减少 min_attempts",
                "lengthen window, shorten min_gap or quiet, or ask for fewer attempts",
            )
            return


def attempts_counted(retry: Retry, first: datetime, zone: ZoneInfo) -> int:
    """How many attempts count where every one fails at once, by the rules that count them."""
    made = [_failed(first, counted=False)]
    for _ in range(MINUTES_OF_A_DAY):
        step = next_attempt(made, retry, zone, first)
        if step.step != "attempt" or step.at is None:
            break
        counted = counts(made, retry, zone, step.at, Outcome.NO_ANSWER)
        made.append(_failed(step.at, counted=counted))
    return sum(attempt.counted for attempt in made)


def _failed(at: datetime, *, counted: bool) -> Attempt:
    kind = ReplyKind.PROGRESS
    return Attempt(
        "", kind, kind, Audience.CUSTOMER, Medium.PHONE, "", at, at, outcome=Outcome.NO_ANSWER, counted=counted
    )


def never_to_be_called(subject: Subject) -> Iterator[Flaw]:
    """Quiet hours that leave no minute of the service hours (S002-1.13, S004-1.4)."""
    document, clocks = subject.document, subject.policy.clocks
    calendar = clocks.calendars[document.policy.service_calendar]
    open_now = (start for start in subject.starts(minutes=10) if calendar.is_open(start))
    if not any(not is_quiet(start, document.retry.quiet, subject.policy.zone) for start in islice(open_now, 2_016)):
        yield Flaw(
            "quiet_swallows_service",
            "retry.quiet",
            "S002-1.13",
            "免打扰时段覆盖了全部服务时间，永远不能联系客户",
            "the quiet hours cover all service hours: nobody could ever be called",
            "缩短 quiet，或延长服务时间",
            "shorten quiet, or lengthen the service hours",
        )


CHECKS = (schedule_too_long, never_to_be_called)
"""All of them."""
