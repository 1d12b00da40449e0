"""Attempts to reach the customer: gap, window, quiet hours, each boundary on both sides (S002-1.8..1.13, G3)."""

from datetime import datetime, timedelta

import pytest

from events.complaint import Attempt
from events.envelope import Entry
from events.vocabulary import Outcome
from policy.contacting.contact import Next, counts, next_attempt
from tests import controls
from tests.bdd import given
from tests.controls import HOUR, MINUTE, SECOND, at

RETRY, ZONE = controls.policy().document.retry, controls.policy().zone
FIRST = at("09:00")
"""When the first attempt failed, in these examples."""


def attempts(*tries: tuple[datetime, bool] | tuple[datetime, bool, Outcome]) -> tuple[Attempt, ...]:
    """Attempts that failed then, counted or not."""
    entries = [controls.received(FIRST)]
    for number, (moment, counted, *outcome) in enumerate(tries, 1):
        entries += [
            controls.started(moment, number=number),
            controls.failed(
                moment, f"acknowledgement#{number}", counted=counted, outcome=(outcome or [Outcome.FAILED])[0]
            ),
        ]
    return given(*entries).complaint.attempts_of("acknowledgement")


def is_counted(moment: datetime, *earlier: tuple[datetime, bool], outcome: Outcome = Outcome.NO_ANSWER) -> bool:
    return counts(attempts(*earlier), RETRY, ZONE, moment, outcome)


def following(*tries: tuple[datetime, bool] | tuple[datetime, bool, Outcome], now: datetime = FIRST) -> Next:
    return next_attempt(attempts(*tries), RETRY, ZONE, now)


@pytest.mark.clause("S002-1.10")
def test_the_first_failure_itself_is_not_one_of_the_three() -> None:
    assert not is_counted(FIRST)


@pytest.mark.clause("S002-1.11")
@pytest.mark.parametrize(
    ("after", "counted"),
    [(3 * HOUR - SECOND, False), (3 * HOUR, True), (3 * HOUR + SECOND, True)],
    ids=["2:59:59", "3:00:00", "3:00:01"],
)
def test_an_attempt_counts_from_three_hours_after_the_one_before(after: timedelta, counted: bool) -> None:
    assert is_counted(FIRST + after, (FIRST, False)) is counted


@pytest.mark.clause("S002-1.11")
def test_the_gap_is_measured_from_the_last_counted_attempt() -> None:
    hasty = (FIRST + 3 * HOUR - MINUTE, False)
    assert is_counted(FIRST + 3 * HOUR, (FIRST, False), hasty)
    assert not is_counted(FIRST + 6 * HOUR - SECOND, (FIRST, False), (FIRST + 3 * HOUR, True))
    assert is_counted(FIRST + 6 * HOUR, (FIRST, False), (FIRST + 3 * HOUR, True))


@pytest.mark.clause("S002-1.10")
@pytest.mark.parametrize(
    ("after", "counted"), [(48 * HOUR, True), (48 * HOUR + SECOND, False)], ids=["48:00:00", "48:00:01"]
)
def test_the_window_closes_48_hours_after_the_first_failure(after: timedelta, counted: bool) -> None:
    assert is_counted(FIRST + after, (FIRST, False)) is counted


@pytest.mark.clause("S002-1.13")
@pytest.mark.parametrize(
    ("moment", "counted"),
    [("20:59:59", True), ("21:00:00", False), ("2026-03-03 08:59:59", False), ("2026-03-03 09:00:00", True)],
)
def test_an_attempt_in_quiet_hours_does_not_count(moment: str, counted: bool) -> None:
    assert is_counted(at(moment), (FIRST, False)) is counted


def test_an_unknown_outcome_does_not_count() -> None:
    assert not is_counted(FIRST + 4 * HOUR, (FIRST, False), outcome=Outcome.UNKNOWN)
    assert is_counted(FIRST + 4 * HOUR, (FIRST, False), outcome=Outcome.REFUSED)


@pytest.mark.clause("S002-1.8", "S002-1.10", "S002-1.11")
def test_a_phone_that_is_off_all_day_fulfils_the_rule_at_eleven_hours() -> None:
    calls = [FIRST + 3 * HOUR - MINUTE, FIRST + 3 * HOUR, FIRST + 7 * HOUR, FIRST + 11 * HOUR]
    tried: list[tuple[datetime, bool]] = [(FIRST, False)]
    for call in calls:
        tried.append((call, is_counted(call, *tried)))
    assert [counted for _, counted in tried] == [False, False, True, True, True]
    assert following(*tried).step == "exhaust"


def test_the_first_attempt_is_made_at_once_at_any_hour() -> None:
    assert following(now=at("23:00")) == Next("attempt", at("23:00"))


@pytest.mark.clause("S002-1.11")
def test_the_next_attempt_comes_three_hours_after_the_last_counted_one() -> None:
    assert following((FIRST, False)) == Next("attempt", FIRST + 3 * HOUR)
    assert following((FIRST, False), (FIRST + HOUR, False)) == Next("attempt", FIRST + 3 * HOUR)
    assert following((FIRST, False), (FIRST + 3 * HOUR, True)) == Next("attempt", FIRST + 6 * HOUR)


@pytest.mark.clause("S002-1.13")
@pytest.mark.parametrize(
    ("first", "expected"),
    [
        ("17:59:59", "2026-03-02 20:59:59"),
        ("18:00", "2026-03-03 09:00"),
        ("23:30", "2026-03-03 09:00"),
        ("2026-03-03 05:30", "2026-03-03 09:00"),
        ("2026-03-03 06:00", "2026-03-03 09:00"),
    ],
)
def test_nobody_is_disturbed_between_nine_in_the_evening_and_nine_in_the_morning(first: str, expected: str) -> None:
    assert following((at(first), False)) == Next("attempt", at(expected))


@pytest.mark.clause("S002-1.10")
def test_after_three_counted_attempts_nobody_tries_again_and_the_end_of_the_window_is_recorded() -> None:
    tried = [(FIRST, False), *((FIRST + hours * HOUR, True) for hours in (3, 6, 9))]
    assert following(*tried) == Next("exhaust", FIRST + 48 * HOUR)


@pytest.mark.clause("S002-1.10")
def test_an_attempt_that_would_fall_outside_the_window_is_not_made() -> None:
    first = at("2026-03-02 18:00")
    late = [(first, False), (first + 45 * HOUR, True)]  # three hours on it is 18:00 on Wednesday, exactly the end
    assert following(*late) == Next("attempt", first + 48 * HOUR)
    later = [(first, False), (first + 45 * HOUR + SECOND, True)]
    assert following(*later) == Next("exhaust", first + 48 * HOUR)


def test_an_unknown_outcome_blocks_three_hours_and_costs_no_attempt() -> None:
    unknown = (FIRST + 4 * HOUR, False, Outcome.UNKNOWN)
    assert following((FIRST, False), (FIRST + 3 * HOUR, True), unknown) == Next("attempt", FIRST + 7 * HOUR)


def test_gap_and_window_start_at_the_first_attempt_known_to_have_failed() -> None:
    unknown, failed = (FIRST, False, Outcome.UNKNOWN), (FIRST + 3 * HOUR, False)
    assert not counts(attempts(unknown), RETRY, ZONE, FIRST + 3 * HOUR, Outcome.FAILED)
    assert following(unknown) == Next("attempt", FIRST + 3 * HOUR)
    for after, counted in (
        (6 * HOUR - SECOND, False),
        (6 * HOUR, True),
        (51 * HOUR, True),
        (51 * HOUR + SECOND, False),
    ):
        assert counts(attempts(unknown, failed), RETRY, ZONE, FIRST + after, Outcome.FAILED) is counted
    done = [(FIRST + hours * HOUR, True) for hours in (6, 9, 12)]
    assert following(unknown, failed, *done) == Next("exhaust", FIRST + 51 * HOUR)


def test_attempts_that_are_only_ever_unknown_come_to_an_end_all_the_same() -> None:
    last = (FIRST + 48 * HOUR, False, Outcome.UNKNOWN)
    assert following((FIRST, False, Outcome.UNKNOWN), last) == Next("exhaust", FIRST + 48 * HOUR)


def test_while_an_attempt_runs_there_is_nothing_to_do_but_wait() -> None:
    running = given(controls.received(), controls.started(FIRST)).complaint.attempts
    assert next_attempt(running, RETRY, ZONE, FIRST + HOUR) == Next("wait")


@pytest.mark.parametrize("ended", [controls.delivered(FIRST), controls.exhausted(FIRST)], ids=["success", "exhausted"])
def test_after_success_and_after_exhaustion_it_is_over(ended: Entry) -> None:
    over = given(controls.received(), controls.started(FIRST), controls.failed(FIRST), ended).complaint
    assert next_attempt(over.attempts_of("acknowledgement"), RETRY, ZONE, FIRST + HOUR) == Next("done")


@pytest.mark.clause("S002-1.10", "S002-1.11", "S002-1.13")
@pytest.mark.parametrize("hour", range(24))
def test_from_every_hour_of_the_day_three_counted_attempts_fit_the_window(hour: int) -> None:
    first = at("00:00") + hour * HOUR
    tried: list[tuple[datetime, bool]] = [(first, False)]
    while (step := following(*tried)).step == "attempt":
        assert step.at is not None
        tried.append((step.at, is_counted(step.at, *tried)))
    assert [counted for _, counted in tried] == [False, True, True, True]
    assert tried[-1][0] <= first + 48 * HOUR
