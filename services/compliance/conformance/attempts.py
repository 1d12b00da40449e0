"""Attempts to reach the customer, counted anew by the rule: what was recorded as counted is not believed."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from events.complaint import Attempt, Case
from events.contact import RetryAttempted
from events.envelope import Recorded
from events.vocabulary import Outcome
from policy.contacting.contact import counts, first_failure, is_personal, personal_series
from policy.policy import Policy
from services.compliance.conformance.examined import Examined


class Tried(NamedTuple):
    """One failed attempt, or the end of a row of them, as the rule sees it."""

    recorded: Recorded
    fact: RetryAttempted
    row: tuple[Attempt, ...]
    """The attempts of the same row before it, counted anew."""
    at: datetime
    """When the attempt was made."""
    counted: bool
    """Whether the rule counts it."""
    policy: Policy

    @property
    def gives_up(self) -> bool:
        """It tells that the customer was not reached within the window."""
        return self.fact.outcome is Outcome.EXHAUSTED


def tried(of: Examined) -> tuple[Tried, ...]:
    """Every failed attempt at the customer with its row, first to last."""
    counted: dict[str, bool] = {}
    return tuple(_each(of, counted))


def _each(of: Examined, counted: dict[str, bool]) -> Iterator[Tried]:
    for recorded in of.all(RetryAttempted):
        fact, policy = recorded.fact, of.policy_for(recorded)
        if not isinstance(fact, RetryAttempted):
            continue
        key = fact.contact or f"version-{recorded.version}"
        row = tuple(
            attempt._replace(counted=counted.get(attempt.key, False))
            for attempt in _row(of, recorded, fact)
            if attempt.key != key
        )
        at = _begun(of, recorded, fact)
        counts_now = fact.outcome is not Outcome.EXHAUSTED and counts(
            row, policy.document.retry, policy.zone, at, fact.outcome
        )
        counted[key] = counts_now
        yield Tried(recorded, fact, row, at, counts_now, policy)


def _row(of: Examined, recorded: Recorded, fact: RetryAttempted) -> tuple[Attempt, ...]:
    """The attempts it stands in a row with: at the same message, or a person's own since somebody was reached."""
    known = of.before(recorded.version)
    if fact.contact is not None:
        notice = next((a.notice for a in known.attempts if a.key == fact.contact), "")
        return known.attempts_of(notice)
    by_machine = tuple(a for a in known.attempts_of(fact.notice or fact.kind) if not is_personal(a))
    if fact.outcome is Outcome.EXHAUSTED and by_machine:
        return by_machine
    return personal_series(Case(known, of.upto(recorded.version - 1))).attempts


def _begun(of: Examined, recorded: Recorded, fact: RetryAttempted) -> datetime:
    """When the attempt itself was made: of a machine's message when it was started."""
    if fact.contact is None:
        return recorded.occurred_at
    attempts = of.before(recorded.version).attempts
    return next((a.started_at for a in attempts if a.key == fact.contact), recorded.occurred_at)


def unreached(of: Examined) -> tuple[Attempt, ...]:
    """The row of people's own attempts that still runs at the end, counted anew; empty for none."""
    row = personal_row(of, of.history.version)
    return () if any(attempt.succeeded or attempt.outcome is Outcome.EXHAUSTED for attempt in row) else row


def personal_row(of: Examined, version: int) -> tuple[Attempt, ...]:
    """The row of people's own attempts as it stood after that version, counted anew."""
    counted = {each.fact.contact or f"version-{each.recorded.version}": each.counted for each in of.once(tried)}
    row = personal_series(Case(of.after(version), of.upto(version))).attempts
    return tuple(attempt._replace(counted=counted.get(attempt.key, False)) for attempt in row)


def window_end(row: tuple[Attempt, ...], policy: Policy) -> datetime | None:
    """When the window of a row closes; None while no failure is known."""
    first = first_failure(row)
    return None if first is None else first + policy.document.retry.window
