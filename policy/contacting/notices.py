"""Which messages are owed to the customer and to colleagues, and what comes next for each."""

from collections.abc import Iterator
from datetime import datetime

from events.complaint import Attempt, Case
from events.vocabulary import Audience, Outcome, ReplyKind
from policy.contacting.contact import Next, first_failure, next_attempt, personal_series
from policy.contacting.customer_notices import customer_notices
from policy.contacting.letters import letter as letter
from policy.contacting.notice import Notice as Notice
from policy.contacting.notice import Owed as Owed
from policy.contacting.staff_notices import staff_notices
from policy.people.organisation import Organisation
from policy.policy import Policy


def owed(case: Case, policy: Policy, organisation: Organisation, now: datetime) -> list[Owed]:
    """Every message of this case that is not done, with its next step."""
    found = []
    for notice in notices(case, policy, organisation, now):
        attempts = case.complaint.attempts_of(notice.name)
        step = _next(notice, attempts, policy, now)
        if step.step != "done":
            found.append(Owed(notice, attempts, step))
    if (given_up := _given_up(case, policy)) is not None:
        found.append(given_up)
    return found


def notices(case: Case, policy: Policy, organisation: Organisation, now: datetime) -> Iterator[Notice]:
    """Every message the history owes, sent or not: the customer's first, then colleagues'."""
    yield from customer_notices(case, policy)
    yield from staff_notices(case, policy, organisation, now)


def _next(notice: Notice, attempts: tuple[Attempt, ...], policy: Policy, now: datetime) -> Next:
    if not attempts:
        return Next("attempt", max(now, notice.at or now))
    if notice.audience is Audience.STAFF:
        return policy.document.alert.next_attempt(attempts, now)
    if notice.kind is ReplyKind.UNREACHABLE:
        # The SMS is sent once; it is not an attempt and has no attempts of its own (S002-1.9).
        return Next("done" if attempts[-1].ended_at else "wait")
    return next_attempt(attempts, policy.document.retry, policy.zone, now)


def _given_up(case: Case, policy: Policy) -> Owed | None:
    """People's own attempts: nothing is sent, but at the end of the window they are recorded as exhausted (C5)."""
    series = personal_series(case)
    first = first_failure(series.attempts)
    if first is None or case.complaint.ending.closed is not None:
        return None
    if any(attempt.outcome is Outcome.EXHAUSTED for attempt in series.attempts):
        return None
    last, about = series.attempts[-1], case.history[0]
    notice = Notice(series.kind.value, Audience.CUSTOMER, series.kind, "", last.medium, last.recipient, about)
    return Owed(notice, series.attempts, Next("exhaust", first + policy.document.retry.window))
