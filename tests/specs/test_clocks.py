"""The clocks of the handling documents and of other regimes, at both sides of every limit."""

import time
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from events.catalogue import FACTS
from events.envelope import Actor, History
from events.fact import Fact
from events.vocabulary import ActorKind, Complexity, Priority, ReplyKind
from policy.timing.calendars import CalendarSpec
from policy.timing.clocks import TICK, Action, ClockReading, Clocks, ClockSpec, ClockState
from policy.timing.durations import parse_span
from tests.specs.clock_cases import (
    AGENT,
    MACHINE,
    SHANGHAI,
    SUPPLEMENTED,
    at,
    classified,
    clocks,
    history,
    hours,
    known,
    received,
    replied,
    shipped,
)

RED, YELLOW, GREEN = Priority.RED, Priority.YELLOW, Priority.GREEN
SIMPLE, COMPLEX = Complexity.SIMPLE, Complexity.COMPLEX
NOON = at("2026-03-02 12:00")
"""A Monday."""
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
TITLE = {"zh": "钟", "en": "clock"}


class InformationRequested(Fact):
    TYPE: ClassVar = "test.information_requested"


class SolutionProposed(Fact):
    TYPE: ClassVar = "test.solution_proposed"


class DeadlineExtended(Fact):
    TYPE: ClassVar = "test.deadline_extended"
    clock: str
    until: datetime


class CommitmentMade(Fact):
    TYPE: ClassVar = "test.commitment_made"
    promise: str
    by: datetime | date | None = None


class CommitmentKept(Fact):
    TYPE: ClassVar = "test.commitment_kept"
    promise: str


def read(of: Clocks, events: History, now: datetime, clock: str = "it") -> list[ClockReading]:
    return [reading for reading in of.readings(events, known(events), now) if reading.clock == clock]


def missed(of: Clocks, events: History, now: datetime) -> list[tuple[str, datetime | None]]:
    return [(reading.clock, reading.due_at) for reading in of.breached(events, known(events), now)]


# The clocks shipped.


@pytest.mark.clause("S004-1.3", "S004-1.7")
@pytest.mark.parametrize(
    ("start", "due"),
    [
        ("2026-03-02 09:00:00", "2026-03-02 09:15:00"),
        ("2026-03-02 14:45:00", "2026-03-02 15:00:00"),
        ("2026-03-02 20:45:00", "2026-03-02 21:00:00"),
        ("2026-03-02 20:50:00", "2026-03-03 09:05:00"),
        ("2026-03-02 20:59:59", "2026-03-03 09:14:59"),
        ("2026-03-02 21:00:00", "2026-03-03 10:00:00"),
        ("2026-03-02 21:06:00", "2026-03-03 10:00:00"),
        ("2026-03-03 00:00:00", "2026-03-03 10:00:00"),
        ("2026-03-03 08:59:59", "2026-03-03 10:00:00"),
        ("2026-02-13 22:00:00", "2026-02-14 10:00:00"),  # before a make-up Saturday
        ("2026-02-16 22:00:00", "2026-02-17 10:00:00"),  # within the Spring Festival
    ],
)
def test_the_first_human_response_is_due_in_15_minutes_or_an_hour_after_the_desk_opens(start: str, due: str) -> None:
    assert shipped().due_at("first_human", at(start)) == at(due)


@pytest.mark.clause("S004-1.7", "S001-17.7")
def test_a_night_in_a_holiday_counts_from_the_make_up_saturday_where_the_office_decides() -> None:
    office = clocks(it={
        "start": "Received", "stop": "Replied", "target": "15m@office",
        "out_of_hours": {"calendar": "office", "after_open": "1h"},
    })  # fmt: skip
    assert office.due_at("it", at("2026-02-13 22:00")) == at("2026-02-14 10:00")
    assert office.due_at("it", at("2025-10-01 22:00")) == at("2025-10-09 10:00")
    assert office.due_at("it", at("2025-10-10 22:00")) == at("2025-10-11 10:00")


@pytest.mark.clause("S004-1.5", "S001-17.2")
def test_a_machine_reply_stops_the_acknowledgement_and_no_human_clock() -> None:
    events = received(NOON, (NOON + SECOND, replied(ReplyKind.ACKNOWLEDGEMENT), MACHINE))
    states = {reading.clock: reading.state for reading in shipped().readings(events, known(events), NOON + 2 * SECOND)}
    assert states.pop("ack") is ClockState.STOPPED
    assert {states[clock] for clock in ("first_human", "first_substantive")} == {ClockState.RUNNING}
    assert ClockState.STOPPED not in states.values()


@pytest.mark.clause("S004-1.3")
def test_a_human_reply_exactly_at_the_limit_is_on_time_and_a_moment_later_late() -> None:
    limit = at("2026-03-02 12:15")
    for moment, late in ((limit, timedelta()), (limit + TICK, TICK)):
        events = received(NOON, (moment, replied(ReplyKind.EXPLANATION), AGENT))
        (reading,) = read(shipped(), events, NOON + DAY, "first_human")
        assert (reading.state, reading.late, reading.stopped_version) == (ClockState.STOPPED, late, 2)
        assert (("first_human", limit) in missed(shipped(), events, NOON + DAY)) is bool(late)


@pytest.mark.clause("S002-1.2")
def test_48_hours_are_on_time_and_a_second_more_is_not() -> None:
    limit = NOON + hours(48)
    for moment, is_late in ((limit, False), (limit + SECOND, True)):
        events = received(NOON, (moment, replied(ReplyKind.PROGRESS), AGENT))
        assert (("first_substantive", limit) in missed(shipped(), events, limit + hours(1))) is is_late


@pytest.mark.clause("S002-1.2")
def test_only_a_reply_with_substance_stops_the_48_hours() -> None:
    events = received(NOON, (NOON, replied(ReplyKind.ACKNOWLEDGEMENT), AGENT))
    (reading,) = read(shipped(), events, NOON + hours(1), "first_substantive")
    assert reading.state is ClockState.RUNNING


@pytest.mark.clause("S004-1.3")
def test_a_breach_shows_only_after_the_limit() -> None:
    events, limit = received(NOON), at("2026-03-02 12:15")
    assert ("first_human", limit) not in missed(shipped(), events, limit)
    assert ("first_human", limit) in missed(shipped(), events, limit + TICK)


@pytest.mark.clause("S004-2.8")
@pytest.mark.parametrize(("priority", "limit"), [(RED, 2), (YELLOW, 8), (GREEN, 24)])
def test_an_untouched_complaint_is_noticed_by_its_colour(priority: Priority, limit: int) -> None:
    events = received(NOON, (NOON, classified(priority), MACHINE))
    assert ("activity", NOON + hours(limit)) not in missed(shipped(), events, NOON + hours(limit))
    assert ("activity", NOON + hours(limit)) in missed(shipped(), events, NOON + hours(limit) + TICK)


@pytest.mark.clause("S002-4.3", "S002-4.6")
def test_the_ladder_is_climbed_every_four_hours_while_nobody_touches_a_red_complaint() -> None:
    events = received(NOON, (NOON, classified(RED), MACHINE))
    readings = read(shipped(), events, NOON + hours(9), "stalled")
    assert [(reading.occurrence, reading.due_at) for reading in readings] == [
        (1, NOON + hours(4)),
        (2, NOON + hours(8)),
    ]
    assert [reading.is_missed(NOON + hours(9)) for reading in readings] == [True, True]


@pytest.mark.clause("S002-4.6")
def test_any_act_of_a_person_ends_the_ladder() -> None:
    events = received(NOON, (NOON, classified(RED), MACHINE), (NOON + hours(4), SUPPLEMENTED, AGENT))
    assert [due for clock, due in missed(shipped(), events, NOON + DAY) if clock == "stalled"] == []
    late = received(NOON, (NOON, classified(RED), MACHINE), (NOON + hours(4) + TICK, SUPPLEMENTED, AGENT))
    assert [due for clock, due in missed(shipped(), late, NOON + DAY) if clock == "stalled"] == [NOON + hours(4)]


@pytest.mark.clause("S004-2.8", "S002-4.3")
def test_a_breach_says_what_it_does() -> None:
    done = {name: spec.on_breach for name, spec in shipped().specs.items()}
    assert done["activity"] == (Action("sms", "handler"),)
    assert done["stalled"] == (Action("escalate", "+1"),)
    assert done["first_substantive"] == (Action("alert", "handler"), Action("alert", "supervisor"))


# Looking.


@pytest.mark.clause("S001-14.1")
def test_whenever_one_looks_the_breaches_up_to_then_are_the_same() -> None:
    story = [
        (NOON + SECOND, classified(GREEN), MACHINE),
        (NOON + hours(20), classified(RED), MACHINE),
        (NOON + hours(50), replied(ReplyKind.PROGRESS), AGENT),
    ]
    whole = received(NOON, *story)
    for look in (NOON + hours(half / 2) + SECOND for half in range(120)):
        seen = received(NOON, *(event for event in story if event[0] <= look))
        assert missed(shipped(), seen, look) == missed(shipped(), whole, look)


def test_the_next_look_is_at_the_earliest_warning_or_limit_and_ends_when_nothing_is_ahead() -> None:
    it = clocks(it={"start": "Received", "stop": "Replied", "target": "2h@wall", "warn": "90m@wall"})
    events = received(NOON)
    warned, due = NOON + hours(1.5), NOON + hours(2)
    looks = [(NOON, warned), (warned, due), (due - TICK, due), (due, due + TICK), (due + TICK, None)]
    assert [it.next_due(events, known(events), now) for now, _ in looks] == [ahead for _, ahead in looks]


def test_no_next_look_once_everything_is_stopped() -> None:
    events = received(
        NOON, (NOON, replied(ReplyKind.DECISION), AGENT), (NOON, replied(ReplyKind.ACKNOWLEDGEMENT), AGENT)
    )
    some = clocks(it={"start": "Received", "stop": "Replied", "target": "2h@wall"})
    assert some.next_due(events, known(events), NOON + SECOND) is None


def test_a_clock_that_has_not_started_shows_nothing() -> None:
    assert read(shipped(), received(NOON), NOON + DAY, "activity") == []


def test_a_stop_with_a_time_before_the_start_stops_at_once() -> None:
    events = received(NOON, (NOON - hours(1), replied(ReplyKind.DECISION), AGENT))
    (reading,) = read(shipped(), events, NOON, "first_human")
    assert (reading.stopped_at, reading.late) == (NOON, timedelta())


def test_a_neglected_complaint_is_raised_no_more_often_than_the_policy_says() -> None:
    events = received(NOON, (NOON, classified(RED), MACHINE))
    assert len(read(shipped(), events, NOON + 3650 * DAY, "stalled")) == 2


# The algebra, with clocks of later chapters.

SOLUTION: dict[str, Any] = {
    "source": ["S001-17.6", "S001-17.7"],
    "start": "Classified",
    "stop": ["SolutionProposed", "NotAccepted"],
    "target": {"simple": "24h@wall", "complex": "5wd@office"},
    "warn": {"complex": "3wd@office"},
    "pause": ["InformationRequested..Supplemented"],
    "extend": "DeadlineExtended",
}


def solution(complexity: Complexity, *later: tuple[datetime, Fact, Actor]) -> History:
    return received(NOON, (NOON, classified(GREEN, complexity), MACHINE), *later)


@pytest.mark.clause("S001-17.6", "S001-17.7")
def test_a_simple_case_has_24_hours_and_a_complex_one_five_working_days_with_a_warning_after_three() -> None:
    it = clocks(it=SOLUTION)
    (simple,) = read(it, solution(SIMPLE), NOON)
    (complex_,) = read(it, solution(COMPLEX), NOON)
    assert (simple.due_at, simple.warn_at) == (NOON + hours(24), None)
    assert (complex_.due_at, complex_.warn_at) == (at("2026-03-09 18:00"), at("2026-03-05 18:00"))


@pytest.mark.clause("S001-17.6")
def test_the_clock_stands_still_while_the_customer_is_asked() -> None:
    it = clocks(it=SOLUTION)
    asked = (NOON + hours(10), InformationRequested(), AGENT)
    (paused,) = read(it, solution(SIMPLE, asked), NOON + hours(30))
    assert (paused.state, paused.due_at, paused.remaining) == (ClockState.PAUSED, None, hours(14))
    (resumed,) = read(it, solution(SIMPLE, asked, (NOON + hours(40), SUPPLEMENTED, MACHINE)), NOON + hours(41))
    assert (resumed.state, resumed.due_at) == (ClockState.RUNNING, NOON + hours(54))
    assert resumed.pauses == ((NOON + hours(10), NOON + hours(40)),)


@pytest.mark.clause("S001-17.6")
def test_a_question_asked_after_the_limit_pauses_nothing() -> None:
    it = clocks(it=SOLUTION)
    asked = (NOON + hours(24) + TICK, InformationRequested(), AGENT)
    assert missed(it, solution(SIMPLE, asked), NOON + 9 * DAY) == [("it", NOON + hours(24))]


@pytest.mark.clause("S001-17.7")
def test_a_working_day_that_closes_during_a_pause_does_not_count() -> None:
    it = clocks(it=SOLUTION)
    stood = (
        (at("2026-03-03 10:00"), InformationRequested(), AGENT),
        (at("2026-03-04 17:59"), SUPPLEMENTED, MACHINE),
    )
    assert read(it, solution(COMPLEX, *stood), NOON)[0].due_at == at("2026-03-10 18:00")


@pytest.mark.clause("S001-17.6")
def test_a_question_asked_exactly_at_the_limit_does_not_move_it() -> None:
    it = clocks(it=SOLUTION)
    asked = (NOON + hours(24), InformationRequested(), AGENT), (NOON + hours(30), SUPPLEMENTED, MACHINE)
    assert read(it, solution(SIMPLE, *asked), NOON)[0].due_at == NOON + hours(24)


@pytest.mark.clause("S001-17.7")
@pytest.mark.parametrize(
    ("asked", "answered", "due"),
    [
        ("2026-03-03 18:00", "2026-03-04 10:00", "2026-03-09 18:00"),
        ("2026-03-03 17:59", "2026-03-03 18:00", "2026-03-09 18:00"),
        ("2026-03-03 17:59", "2026-03-03 18:01", "2026-03-10 18:00"),
    ],
)
def test_a_pause_that_only_touches_the_close_of_a_day_takes_no_day(asked: str, answered: str, due: str) -> None:
    stood = (at(asked), InformationRequested(), AGENT), (at(answered), SUPPLEMENTED, MACHINE)
    assert read(clocks(it=SOLUTION), solution(COMPLEX, *stood), NOON)[0].due_at == at(due)


def test_a_repeat_in_working_days_loses_no_day_where_days_close_at_midnight() -> None:
    it = clocks(it={"start": "Received", "stop": "Replied", "every": "1wd@wall"})
    due = [reading.due_at for reading in read(it, received(NOON), NOON + 3 * DAY)]
    assert due == [at("2026-03-04 00:00"), at("2026-03-05 00:00"), at("2026-03-06 00:00")]


def test_a_wait_that_nobody_ends_makes_nothing_due_even_after_an_opening() -> None:
    it = clocks(it={
        "start": "Received", "stop": "Replied", "target": "15m@service", "start_after": "2h@wall",
        "out_of_hours": {"calendar": "service", "after_open": "1h"},
        "pause": "InformationRequested..Supplemented",
    })  # fmt: skip
    asked = (at("2026-03-03 09:30"), InformationRequested(), AGENT)
    (reading,) = read(it, received(at("2026-03-02 22:00"), asked), at("2026-03-03 10:00"))
    assert (reading.state, reading.due_at) == (ClockState.PAUSED, None)


@pytest.mark.clause("S003-2.5")
def test_an_extension_moves_the_limit_in_time_and_cannot_erase_a_breach() -> None:
    it, until = clocks(it=SOLUTION), NOON + 3 * DAY
    extended = DeadlineExtended(clock="it", until=until)
    (reading,) = read(it, solution(SIMPLE, (NOON + hours(24), extended, AGENT)), NOON + hours(25))
    assert (reading.due_at, reading.extended_by) == (until, 3)
    late = solution(SIMPLE, (NOON + hours(24) + TICK, extended, AGENT))
    assert missed(it, late, NOON + 9 * DAY) == [("it", NOON + hours(24)), ("it", until)]


@pytest.mark.clause("S003-2.5")
def test_an_extension_of_another_clock_moves_nothing() -> None:
    it = clocks(it=SOLUTION)
    other = DeadlineExtended(clock="callback", until=NOON + 3 * DAY)
    (reading,) = read(it, solution(SIMPLE, (NOON, other, AGENT)), NOON)
    assert reading.due_at == NOON + hours(24)


@pytest.mark.clause("S004-2.2")
def test_a_complaint_turned_red_is_due_sooner_but_not_before_it_turned_red() -> None:
    it = clocks(it={"start": "Classified", "stop": "Replied", "target": {"red": "2h@wall", "green": "24h@wall"}})

    def due(turned: float) -> datetime | None:
        red = (NOON + hours(turned), classified(RED), MACHINE)
        return read(it, received(NOON, (NOON, classified(GREEN), MACHINE), red), NOON)[0].due_at

    assert [due(turned) for turned in (1, 10, 25)] == [NOON + hours(2), NOON + hours(10), NOON + hours(24)]


@pytest.mark.clause("S001-15.4", "S001-10.3", "S004-5.2")
def test_progress_is_told_every_day_after_the_third_until_resolved() -> None:
    it = clocks(it={
        "start": "Classified", "stop": "SolutionProposed", "start_after": "3d@wall", "never_pause": True,
        "every": {"complex": "1d@wall", "simple": "2d@wall"},
    })  # fmt: skip
    events = solution(COMPLEX, (NOON + 5 * DAY, SolutionProposed(), AGENT))
    assert read(it, solution(COMPLEX), NOON + DAY)[0].state is ClockState.PENDING
    assert missed(it, events, NOON + 9 * DAY) == [("it", NOON + 4 * DAY)]
    assert [reading.due_at for reading in read(it, solution(SIMPLE), NOON)] == [NOON + 5 * DAY]


@pytest.mark.clause("S004-5.2")
def test_each_progress_reply_restarts_the_wait_for_the_next() -> None:
    it = clocks(it={
        "start": ["Classified", "Replied[kind=progress]"], "stop": "SolutionProposed", "restart": True,
        "target": "1d@wall",
    })  # fmt: skip
    events = solution(SIMPLE, (NOON + hours(20), replied(ReplyKind.PROGRESS), AGENT))
    assert [(reading.run, reading.due_at, reading.state) for reading in read(it, events, NOON + hours(30))] == [
        (1, NOON + hours(24), ClockState.STOPPED),
        (2, NOON + hours(44), ClockState.RUNNING),
    ]


@pytest.mark.clause("S004-6.1", "S004-6.2")
def test_the_callback_is_wanted_after_a_day_and_due_after_three_red_within_24_hours() -> None:
    it = clocks(it={
        "start": "SolutionProposed", "stop": "CalledBack", "calendar": "wall",
        "target": {"red": "24h", "default": "3d"}, "not_before": {"red": "0h", "default": "1d"},
    })  # fmt: skip
    calm = solution(SIMPLE, (NOON, SolutionProposed(), AGENT))
    (reading,) = read(it, calm, NOON)
    assert (reading.not_before, reading.due_at) == (NOON + DAY, NOON + 3 * DAY)
    assert it.next_due(calm, known(calm), NOON) == NOON + DAY
    assert it.due_at("it", NOON, RED) == NOON + DAY


@pytest.mark.clause("S004-6.4")
def test_a_start_after_a_stop_opens_a_new_run() -> None:
    it = clocks(it={"start": "SolutionProposed", "stop": "Replied", "target": "1d@wall"})
    events = history(
        (NOON, SolutionProposed(), AGENT),
        (NOON + hours(1), SolutionProposed(), AGENT),
        (NOON + hours(2), replied(ReplyKind.DECISION), AGENT),
        (NOON + hours(3), SolutionProposed(), AGENT),
    )
    complaint = known(received(NOON))
    assert [(reading.run, reading.started_by) for reading in it.readings(events, complaint, NOON)] == [
        (1, 1),
        (2, 4),
    ]


@pytest.mark.clause("S004-4.3", "S003-6.2")
def test_every_promise_has_a_clock_of_its_own() -> None:
    it = clocks(it={
        "start": "CommitmentMade", "stop": "CommitmentKept", "key": "promise", "due_field": "by",
        "target": "3wd@office",
    })  # fmt: skip
    events = received(
        NOON,
        (NOON, CommitmentMade(promise="return", by=NOON + hours(24)), AGENT),
        (NOON, CommitmentMade(promise="money"), AGENT),
        (NOON, CommitmentMade(promise="letter", by=date(2026, 3, 4)), AGENT),
        (NOON + hours(25), CommitmentKept(promise="return"), AGENT),
        (NOON + hours(26), CommitmentKept(promise="letter"), AGENT),
    )
    assert {reading.key: (reading.due_at, reading.late) for reading in read(it, events, NOON + hours(30))} == {
        "return": (NOON + hours(24), hours(1)),
        "money": (at("2026-03-05 18:00"), timedelta()),
        "letter": (at("2026-03-05 00:00"), timedelta()),
    }


def test_a_table_may_ask_for_priority_and_complexity_together() -> None:
    table = {"red": {"simple": "1h@wall", "default": "2h@wall"}, "complex": "9h@wall", "default": "5h@wall"}
    it = clocks(it={"start": "Received", "stop": "Replied", "target": table})
    cases = [(RED, SIMPLE), (RED, COMPLEX), (GREEN, COMPLEX), (GREEN, SIMPLE), (None, None)]
    assert [it.due_at("it", NOON, *case) - NOON for case in cases] == [hours(n) for n in (1, 2, 9, 5, 5)]


def test_a_complaint_the_table_does_not_name_has_no_limit_yet() -> None:
    it = clocks(it={"start": "Received", "stop": "Replied", "target": {"red": "2h@wall"}})
    (reading,) = read(it, received(NOON), NOON)
    assert (reading.state, reading.due_at) == (ClockState.PENDING, None)
    (known_red,) = read(it, received(NOON, (NOON + hours(1), classified(RED), MACHINE)), NOON)
    assert known_red.due_at == NOON + hours(2)
    with pytest.raises(ValueError, match="sets no time"):
        it.due_at("it", NOON, GREEN)


# Other regimes as data.


def test_the_british_regime_eight_weeks_and_business_days() -> None:
    it = clocks(
        final={"start": "Received", "stop": "Replied", "target": "8w@wall"},
        payment={"start": "Received", "stop": "Replied", "target": "15wd@office", "warn": "10wd@office"},
        holding={"start": "Received", "stop": "Replied", "target": "35wd@office"},
        summary={
            "start": "Received", "stop": "Replied", "target": "3wd@office",
            "out_of_hours": {"calendar": "office"},
        },
    )  # fmt: skip
    assert it.due_at("final", NOON) == NOON + timedelta(weeks=8)
    assert it.due_at("payment", NOON) == at("2026-03-23 18:00")
    assert it.due_at("holding", NOON) == at("2026-04-21 18:00")
    assert it.due_at("summary", NOON) == at("2026-03-05 18:00")
    assert it.due_at("summary", at("2026-03-02 22:00")) == at("2026-03-06 18:00")


def test_the_banking_regime_15_days_extended_by_approval() -> None:
    it = clocks(it={"start": "Received", "stop": "Replied", "target": "15d@wall", "extend": "DeadlineExtended"})
    granted = DeadlineExtended(clock="it", until=NOON + 30 * DAY)
    assert read(it, received(NOON, (NOON + 14 * DAY, granted, AGENT)), NOON)[0].due_at == NOON + 30 * DAY


# Explaining.


@pytest.mark.clause("S001-17.2", "S004-1.6")
def test_a_clock_explains_itself_in_both_languages() -> None:
    told = shipped().explain(shipped().due("first_human", at("2026-03-02 20:50")))
    assert told.source == ("S004-1.3", "S004-1.7", "S001-8.3")
    assert told.slices == (
        (at("2026-03-02 20:50"), at("2026-03-02 21:00")),
        (at("2026-03-03 09:00"), at("2026-03-03 09:05")),
    )
    zh, en = "\n".join(told.lines("zh")), "\n".join(told.lines("en"))
    assert "时限：15分钟" in zh
    assert "计入：2026-03-02 20:50:00+08:00 至 2026-03-02 21:00:00+08:00（10分钟）" in zh
    assert "到期：2026-03-03 09:05:00+08:00" in zh
    assert "Limit: 15 minutes, counted by service hours" in en
    assert "Due: 2026-03-03 09:05:00+08:00" in en


@pytest.mark.clause("S004-1.7")
def test_a_start_in_the_night_is_explained_by_the_opening() -> None:
    reading = shipped().due("first_human", at("2026-03-02 21:00"))
    assert reading.opened_late
    assert any("自开始工作 2026-03-03 09:00:00+08:00 起算" in line for line in shipped().explain(reading).lines("zh"))


def test_pauses_late_stops_and_extensions_are_explained() -> None:
    it = clocks(it=SOLUTION)
    stood = (NOON + hours(1), InformationRequested(), AGENT), (NOON + hours(3), SUPPLEMENTED, MACHINE)
    late = (NOON + hours(27), SolutionProposed(), AGENT)
    (reading,) = read(it, solution(SIMPLE, *stood, late), NOON)
    told = it.explain(reading)
    assert sum((end - begin for begin, end in told.slices), timedelta()) == hours(24)
    assert [line for line in told.lines("en") if line.startswith(("Paused", "Late"))] == [
        "Paused: 2026-03-02 13:00:00+08:00 to 2026-03-02 15:00:00+08:00",
        "Late by: 1 h",
    ]
    extended = solution(SIMPLE, (NOON, DeadlineExtended(clock="it", until=NOON + DAY), AGENT))
    assert any("event no. 3" in line for line in it.explain(read(it, extended, NOON)[0]).lines("en"))


def test_an_open_pause_is_explained_without_a_due_instant() -> None:
    it = clocks(it=SOLUTION)
    (reading,) = read(it, solution(SIMPLE, (NOON, InformationRequested(), AGENT)), NOON + hours(1))
    lines = it.explain(reading).lines("zh")
    assert "暂停：自 2026-03-02 12:00:00+08:00 起，尚未恢复" in lines
    assert "到期：暂无（暂停）" in lines


@pytest.mark.clause("S001-17.7")
def test_a_deadline_in_a_year_without_official_holidays_is_marked_provisional() -> None:
    it = clocks(it={"start": "Received", "stop": "Replied", "target": "5wd@office"})
    certain, provisional = it.due("it", NOON), it.due("it", at("2026-12-30 10:00"))
    assert (certain.provisional, provisional.provisional) == (False, True)
    assert any("2027" in line and "暂定" in line for line in it.explain(provisional).lines("zh"))


def test_working_days_are_explained_day_by_day_and_long_lists_are_shortened() -> None:
    it = clocks(it={"start": "Received", "stop": "Replied", "target": "35wd@office"})
    told = it.explain(it.due("it", NOON))
    assert len({begin.astimezone(told.zone).date() for begin, _ in told.slices}) == 35
    assert sum(line.startswith("Counted") for line in told.lines("en")) == 8
    assert "... and 62 more stretches" in told.lines("en")


def test_a_due_instant_named_by_the_start_event_is_explained_as_such() -> None:
    it = clocks(it={"start": "CommitmentMade", "stop": "CommitmentKept", "key": "promise", "due_field": "by"})
    events = received(NOON, (NOON, CommitmentMade(promise="return", by=NOON + DAY), AGENT))
    assert "时限：由起点事件指明" in it.explain(read(it, events, NOON)[0]).lines("zh")


@pytest.mark.clause("S001-17.7")
def test_working_days_are_not_due_while_the_clock_stands_still() -> None:
    it = clocks(it=SOLUTION)
    (reading,) = read(it, solution(COMPLEX, (NOON + DAY, InformationRequested(), AGENT)), NOON + 2 * DAY)
    assert (reading.state, reading.due_at, reading.remaining) == (ClockState.PAUSED, None, None)


# What is refused.


@pytest.mark.parametrize(
    "wrong",
    [
        {"target": None},
        {"target": "15x@service"},
        {"target": "15m"},
        {"target": "0m@wall"},
        {"target": "0wd@office"},
        {"target": "10001wd@office"},
        {"target": "99999w@wall"},
        {"target": {"purple": "2h@wall"}},
        {"target": {}},
        {"every": "1d@wall"},
        {"start": []},
        {"stop": "replied"},
        {"pause": "InformationRequested"},
        {"pause": "A..B", "never_pause": True},
        {"on_breach": ["shout"]},
        {"out_of_hours": {"calendar": "service", "after_open": "1"}},
        {"title": {"zh": "钟"}},
        {"key": "promise", "restart": True},
        {"unknown": 1},
    ],
)
def test_a_wrong_clock_is_refused(wrong: dict[str, Any]) -> None:
    right: dict[str, Any] = {"title": TITLE, "start": "Received", "stop": "Replied", "target": "2h@wall"}
    ClockSpec.model_validate(right)
    with pytest.raises(ValidationError):
        ClockSpec.model_validate({**right, **wrong})


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"target": "2h@nowhere"}, "clock it, target: no calendar 'nowhere'"),
        ({"target": "2d@office"}, "ambiguous"),
        ({"target": "2h@wall", "out_of_hours": {"calendar": "nowhere"}}, "out_of_hours: no calendar"),
    ],
)
def test_a_clock_over_a_calendar_that_does_not_fit_is_refused(wrong: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        clocks(it={"start": "Received", "stop": "Replied", **wrong})


def test_a_clock_over_a_calendar_that_never_opens_is_refused() -> None:
    spec = ClockSpec(title=TITLE, start=("Received",), stop=("Replied",), target="2h@shut")
    with pytest.raises(ValueError, match="never opens"):
        Clocks({"it": spec}, {"shut": CalendarSpec(weekly={"mon": ()})}, SHANGHAI)


@pytest.mark.parametrize(("text", "length"), [("10m", hours(1 / 6)), ("3h", hours(3)), ("7d", 7 * DAY)])
def test_a_plain_length_of_time_needs_no_calendar(text: str, length: timedelta) -> None:
    assert parse_span(text) == parse_span(length) == length


@pytest.mark.parametrize("text", ["3wd", "3h@wall", "3", 3])
def test_a_plain_length_of_time_has_neither_calendar_nor_working_days(text: object) -> None:
    with pytest.raises(ValueError, match="length of time"):
        parse_span(text)


def test_clocks_tell_their_event_names_for_a_lint() -> None:
    assert shipped().names <= {fact.__name__ for fact in FACTS}
    assert "InformationRequested" in clocks(it=SOLUTION).names


def test_a_customer_is_no_person_of_ours() -> None:
    customer = Actor(kind=ActorKind.CUSTOMER, id="zhang.san")
    events = received(NOON, (NOON, classified(RED), MACHINE), (NOON, SUPPLEMENTED, customer))
    assert read(shipped(), events, NOON, "activity")[0].state is ClockState.RUNNING


def test_a_look_at_five_clocks_takes_well_under_a_millisecond() -> None:
    """A guard against a slip of an order of magnitude; the figure itself is measured, not asserted."""
    events = received(
        NOON,
        (NOON, classified(RED), MACHINE),
        (NOON, replied(ReplyKind.ACKNOWLEDGEMENT), MACHINE),
        (NOON, SUPPLEMENTED, MACHINE),
    )
    complaint, began = known(events), time.perf_counter()
    for step in range(200):
        now = NOON.astimezone(UTC) + step * SECOND
        shipped().breached(events, complaint, now)
        shipped().next_due(events, complaint, now)
    assert (time.perf_counter() - began) / 200 < 0.001
