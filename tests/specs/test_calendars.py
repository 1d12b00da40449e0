"""Calendars: which time counts, to the second, over holidays, make-up days and summer time."""

import json
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from events.company import PublicDays
from policy.timing.calendars import Calendar, CalendarSpec
from policy.timing.official_days import official_days
from tests.specs.clock_cases import SHANGHAI, at, shipped

SAMPLE_DATA = Path(os.environ.get("AMENDS_SAMPLE_DATA", Path(__file__).parents[3] / "shared" / "data"))
SERVICE, OFFICE, WALL = (shipped().calendars[name] for name in ("service", "office", "wall"))
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


def calendar(zone: ZoneInfo = SHANGHAI, days: tuple[PublicDays, ...] = (), **spec: object) -> Calendar:
    return Calendar(CalendarSpec.model_validate(spec), zone, days)


@pytest.mark.clause("S004-1.4")
@pytest.mark.parametrize(
    ("moment", "is_open"),
    [("08:59:59.999999", False), ("09:00:00", True), ("20:59:59.999999", True), ("21:00:00", False)],
)
def test_the_desk_is_open_from_nine_and_closed_at_nine_in_the_evening(moment: str, is_open: bool) -> None:
    assert SERVICE.is_open(at(f"2026-03-02 {moment}")) is is_open


@pytest.mark.clause("S004-1.4")
def test_the_next_opening_is_now_while_open_and_nine_o_clock_otherwise() -> None:
    assert SERVICE.next_open(at("2026-03-02 15:00")) == at("2026-03-02 15:00")
    assert SERVICE.next_open(at("2026-03-02 08:59:59")) == at("2026-03-02 09:00")
    assert SERVICE.next_open(at("2026-03-02 21:00")) == at("2026-03-03 09:00")


@pytest.mark.clause("S004-1.3", "S004-1.4")
@pytest.mark.parametrize(
    ("start", "length", "end"),
    [
        ("2026-03-02 14:45", 15 * MINUTE, "2026-03-02 15:00"),
        ("2026-03-02 20:59", MINUTE, "2026-03-02 21:00"),
        ("2026-03-02 20:59", MINUTE + SECOND, "2026-03-03 09:00:01"),
        ("2026-03-02 20:50", 15 * MINUTE, "2026-03-03 09:05"),
        ("2026-03-02 22:00", 15 * MINUTE, "2026-03-03 09:15"),
        ("2026-03-02 09:00", timedelta(hours=12), "2026-03-02 21:00"),
        ("2026-12-31 20:00", timedelta(hours=2), "2027-01-01 10:00"),
        ("2026-03-02 22:00", timedelta(), "2026-03-02 22:00"),
    ],
)
def test_time_is_counted_while_open_and_an_end_may_be_the_close(start: str, length: timedelta, end: str) -> None:
    assert SERVICE.add(at(start), length) == at(end)


@pytest.mark.clause("S001-17.7")
def test_a_lunch_break_does_not_count() -> None:
    assert OFFICE.add(at("2026-03-02 11:30"), timedelta(hours=1)) == at("2026-03-02 14:00")
    assert OFFICE.open_time(at("2026-03-02 00:00"), at("2026-03-03 00:00")) == timedelta(hours=7.5)
    assert OFFICE.slices(at("2026-03-02 11:00"), at("2026-03-02 14:00")) == (
        (at("2026-03-02 11:00"), at("2026-03-02 12:00")),
        (at("2026-03-02 13:30"), at("2026-03-02 14:00")),
    )


@pytest.mark.clause("S002-1.2")
def test_the_wall_clock_counts_every_second_in_one_piece() -> None:
    start, end = at("2026-03-02 23:00"), at("2026-03-04 23:00")
    assert WALL.add(start, timedelta(hours=48)) == end
    assert WALL.slices(start, end) == ((start, end),)
    assert WALL.open_time(end, start) == timedelta()


@pytest.mark.clause("S001-17.7", "S004-4.3")
@pytest.mark.parametrize(
    ("start", "count", "due"),
    [
        ("2026-03-02 10:00", 1, "2026-03-03 18:00"),  # Monday
        ("2026-03-02 00:00", 5, "2026-03-09 18:00"),
        ("2026-03-07 12:00", 1, "2026-03-09 18:00"),  # Saturday
        ("2026-02-13 10:00", 1, "2026-02-14 18:00"),  # Friday, then a make-up Saturday
        ("2026-02-13 10:00", 2, "2026-02-24 18:00"),  # and the Spring Festival
        ("2025-09-26 10:00", 3, "2025-09-30 18:00"),  # make-up Sunday 28 September
        ("2025-09-30 10:00", 1, "2025-10-09 18:00"),  # National Day
    ],
)
def test_working_days_skip_holidays_and_count_make_up_days(start: str, count: int, due: str) -> None:
    assert OFFICE.working_days_after(at(start), count) == at(due)


@pytest.mark.clause("S001-17.7")
def test_a_make_up_saturday_has_the_hours_of_a_weekday_and_a_holiday_none() -> None:
    assert OFFICE.is_open(at("2026-02-14 13:30"))
    assert not OFFICE.is_open(at("2026-02-14 12:00"))
    assert not OFFICE.is_open(at("2026-02-16 10:00"))


@pytest.mark.clause("S004-1.4")
def test_the_service_desk_is_open_on_holidays_too() -> None:
    assert SERVICE.is_open(at("2026-02-16 10:00"))


def test_a_day_listed_as_off_and_as_worked_is_off() -> None:
    both = PublicDays(country="cn", year=2026, off=(date(2026, 3, 7),), worked=(date(2026, 3, 7),), provisional=False)
    office = calendar(days=(both,), weekly={"mon-fri": ["09:00-18:00"]}, holidays="cn", extra_workdays="cn")
    assert not office.is_open(at("2026-03-07 10:00"))


def test_a_year_without_an_official_list_is_provisional_where_holidays_count() -> None:
    assert not OFFICE.is_provisional(2026)
    assert OFFICE.is_provisional(2027)
    assert OFFICE.is_provisional(2040)
    assert not SERVICE.is_provisional(2040)


NEW_YORK, LORD_HOWE = ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe")


def test_an_hour_skipped_in_spring_is_not_counted() -> None:
    nights = calendar(NEW_YORK, weekly={"mon-sun": ["00:00-06:00"]})
    assert nights.open_time(at("2026-03-08 00:00", NEW_YORK), at("2026-03-08 12:00", NEW_YORK)) == timedelta(hours=5)


def test_an_hour_shown_twice_in_autumn_is_counted_twice() -> None:
    nights = calendar(NEW_YORK, weekly={"mon-sun": ["00:00-06:00"]})
    begin, end = at("2026-11-01 00:00", NEW_YORK), at("2026-11-01 12:00", NEW_YORK)
    assert nights.open_time(begin, end) == timedelta(hours=7)


def test_an_opening_in_the_skipped_hour_begins_at_its_end() -> None:
    early = calendar(NEW_YORK, weekly={"mon-sun": ["02:30-06:00"]})
    assert early.next_open(at("2026-03-08 00:00", NEW_YORK)) == datetime(2026, 3, 8, 7, 0, tzinfo=UTC)


def test_an_opening_in_the_doubled_hour_begins_at_its_first_showing() -> None:
    early = calendar(NEW_YORK, weekly={"mon-sun": ["01:30-06:00"]})
    assert early.next_open(at("2026-11-01 00:00", NEW_YORK)) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    assert early.is_open(datetime(2026, 11, 1, 6, 0, tzinfo=UTC))


def test_a_half_hour_change_is_counted_exactly() -> None:
    nights = calendar(LORD_HOWE, weekly={"mon-sun": ["00:00-04:00"]})
    spring, autumn = at("2026-10-04 00:00", LORD_HOWE), at("2026-04-05 00:00", LORD_HOWE)
    assert nights.open_time(spring, spring + timedelta(hours=12)) == timedelta(hours=3.5)
    assert nights.open_time(autumn, autumn + timedelta(hours=12)) == timedelta(hours=4.5)


def test_a_day_that_never_was_is_no_working_day() -> None:
    samoa = ZoneInfo("Pacific/Apia")
    daily = calendar(samoa, weekly={"mon-sun": ["09:00-17:00"]})
    assert daily.working_days_after(at("2011-12-29 10:00", samoa), 1) == at("2011-12-31 17:00", samoa)


def test_a_day_of_24_hours_closes_at_midnight_and_joins_the_next() -> None:
    always = calendar(weekly={"mon-sun": ["00:00-24:00"]})
    begin, end = at("2026-03-02 10:00"), at("2026-03-04 10:00")
    assert always.slices(begin, end) == ((begin, end),)
    assert always.working_days_after(begin, 1) == at("2026-03-04 00:00")


def test_a_calendar_has_its_own_zone_or_the_policys() -> None:
    london = calendar(weekly={"mon-sun": ["09:00-17:00"]}, timezone="Europe/London")
    assert london.next_open(at("2026-03-02 12:00")) == datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.mark.parametrize("ask", ["next_open", "add", "working_days_after"])
def test_a_calendar_that_never_opens_is_an_error_and_no_endless_search(ask: str) -> None:
    closed = calendar(weekly={"mon": []})
    arguments = {"next_open": (), "add": (MINUTE,), "working_days_after": (1,)}[ask]
    with pytest.raises(ValueError, match="does not open long enough"):
        getattr(closed, ask)(at("2026-03-02 10:00"), *arguments)


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"always": True, "weekly": {"mon": ["09:00-12:00"]}},
        {"weekly": {"mon-fri": ["09:00-12:00"], "fri": ["09:00-12:00"]}},
        {"weekly": {"mo": ["09:00-12:00"]}},
        {"weekly": {"mon": ["9:00-12:00"]}},
        {"weekly": {"mon": ["12:00-09:00"]}},
        {"weekly": {"mon": ["09:00-24:30"]}},
        {"weekly": {"mon": ["09:00-12:00", "11:00-13:00"]}},
        {"weekly": {"mon": ["09:00-12:00"]}, "timezone": "Asia/Nowhere"},
        {"weekly": {"mon": ["09:00-12:00"]}, "typo": 1},
    ],
)
def test_a_wrong_calendar_is_refused(spec: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        CalendarSpec.model_validate(spec)


def test_a_range_of_weekdays_may_pass_the_end_of_the_week() -> None:
    weekend = calendar(weekly={"sat-mon": ["09:00-12:00"]})
    assert [weekend.is_open(at(f"2026-03-0{day} 10:00")) for day in range(1, 9)] == [
        True, True, False, False, False, False, True, True,
    ]  # fmt: skip


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        SERVICE.is_open(datetime(2026, 3, 2, 10))  # noqa: DTZ001 - that is the point


def test_official_days_of_2025_are_those_of_the_state_council() -> None:
    source = SAMPLE_DATA / "calendar" / "cn_workdays_2025.json"
    if not source.exists():
        pytest.skip(f"no sample data at {source}: set AMENDS_SAMPLE_DATA")
    listed = json.loads(source.read_text())
    (year,) = official_days("cn", [2025])
    off = {date.fromisoformat(day["date"]) for day in listed["off"]}
    assert {day for day in year.off if day.weekday() < 5} == {day for day in off if day.weekday() < 5}
    assert set(year.off) <= off
    assert year.worked == tuple(date.fromisoformat(day["date"]) for day in listed["worked_weekend"])
    assert not year.provisional


def test_a_year_without_make_up_days_is_provisional() -> None:
    assert [year.provisional for year in official_days("cn", [2027, 2026])] == [False, True]


def test_official_days_of_an_unknown_country_are_refused() -> None:
    with pytest.raises(ValueError, match="xx"):
        official_days("xx", [2026])
