"""Checks of time: deadlines recomputed from the primary facts, breaches compared with what was recorded."""

from datetime import timedelta
from typing import Any

import pytest

from events.handling import ClockBreached
from events.participation import PolicyMigrated
from events.vocabulary import Priority, ReplyKind
from services.compliance.conformance import clocks
from services.compliance.conformance.deadlines import NOTICED_WITHIN
from tests import controls
from tests.controls import HOUR, MINUTE, SECOND, at, in_the_morning
from tests.examining import altered, examined, found, rehearsed, said, scenario, version_of, with_more, without

MET, RECORDED, LIVE = (
    clocks.every_clock_is_met,
    clocks.breaches_are_recorded_as_they_were,
    clocks.nothing_open_lies_without_a_clock,
)
MICRO = timedelta(microseconds=1)
ACKNOWLEDGED = (controls.started(in_the_morning()), controls.delivered(in_the_morning()))


@pytest.mark.clause("S004-1.3")
def test_a_first_word_exactly_at_the_limit_is_on_time_and_a_moment_later_is_a_violation() -> None:
    given = [*controls.handed_out(), *ACKNOWLEDGED]
    limit = in_the_morning() + 15 * MINUTE
    assert found(examined(*given, controls.told(limit)), [MET]) == []
    [late] = found(examined(*given, controls.told(limit + MICRO)), [MET])
    assert (late.requirement, late.due, late.at, late.late, late.who) == (
        "S004-1.3",
        limit,
        limit + MICRO,
        MICRO,
        "li.na",
    )
    assert [event.type for event in late.events] == ["complaint.received", "complaint.replied"]


@pytest.mark.clause("S004-1.7")
def test_a_complaint_of_the_night_is_due_an_hour_after_opening() -> None:
    night = controls.handed_out(at("21:00"), Priority.GREEN)
    given = [*night, controls.started(at("21:00")), controls.delivered(at("21:00"))]
    due = at("2026-03-03 10:00")
    assert found(examined(*given, until=due), [MET]) == []
    late_by = NOTICED_WITHIN + SECOND
    [late] = [v for v in found(examined(*given, until=due + late_by), [MET]) if v.concerns("S004-1.7")]
    assert (late.due, late.late) == (due, late_by)


@pytest.mark.clause("S004-1.3")
def test_nobody_is_accused_within_a_minute_of_falling_due_while_it_may_still_be_done() -> None:
    given, limit = [*controls.handed_out(), *ACKNOWLEDGED], in_the_morning() + 15 * MINUTE
    assert found(examined(*given, until=limit + NOTICED_WITHIN), [MET]) == []
    [waiting] = found(examined(*given, until=limit + NOTICED_WITHIN + SECOND), [MET])
    assert (waiting.requirement, waiting.who) == ("S004-1.3", "li.na")


@pytest.mark.clause("S004-1.5")
def test_an_acknowledgement_is_no_first_response_of_a_person() -> None:
    of = examined(*controls.handed_out(), *ACKNOWLEDGED, until=in_the_morning() + HOUR)
    assert [violation.requirement for violation in found(of, [MET])] == ["S004-1.3"]


@pytest.mark.clause("S004-2.8", "S002-4.6")
def test_what_is_due_exactly_at_the_end_of_the_examination_is_not_late_yet() -> None:
    given = [*controls.red(), *ACKNOWLEDGED]
    two_hours = in_the_morning() + 2 * HOUR
    assert "S004-2.8" not in {v.requirement for v in found(examined(*given, until=two_hours), [MET])}
    of = examined(*given, until=two_hours + NOTICED_WITHIN + MICRO)
    assert "S004-2.8" in {v.requirement for v in found(of, [MET])}


@pytest.mark.clause("S003-6.2")
async def test_a_broken_promise_names_who_had_promised() -> None:
    [of] = await scenario("g23")
    [broken] = [violation for violation in found(of, [MET]) if violation.requirement == "S003-6.2"]
    assert broken.who == "li.na" and broken.late == 3 * HOUR + 59 * MINUTE


@pytest.mark.clause("S004-2.8")
async def test_a_breach_left_out_of_the_record_is_found() -> None:
    [of] = await scenario("g12")
    hidden = without(of, version_of(of, ClockBreached))
    [violation] = found(hidden, [RECORDED])
    assert violation.requirement == "S004-1.3" and "未予登记" in violation.zh
    assert len(found(hidden, [MET])) == len(found(of, [MET]))


@pytest.mark.clause("S004-2.8")
def test_a_breach_may_be_noticed_a_minute_later_and_no_more() -> None:
    given = [*controls.handed_out(), *ACKNOWLEDGED]
    noticed_by = in_the_morning() + 15 * MINUTE + NOTICED_WITHIN
    assert found(examined(*given, until=noticed_by), [RECORDED]) == []
    assert len(found(examined(*given, until=noticed_by + MICRO), [RECORDED])) == 1


@pytest.mark.clause("S004-2.8")
def test_an_invented_breach_is_found() -> None:
    given = [*controls.handed_out(), *ACKNOWLEDGED]
    due, now = in_the_morning() + 15 * MINUTE, in_the_morning() + 16 * MINUTE
    answered = [*given, controls.told(in_the_morning() + 5 * MINUTE)]
    [violation] = found(examined(*answered, controls.breached(now, "first_human", due)), [RECORDED])
    assert "登记不实" in violation.zh
    assert found(examined(*given, controls.breached(now, "first_human", due)), [RECORDED]) == []


@pytest.mark.clause("S004-2.8")
def test_a_breach_with_another_due_time_is_wrongly_dated_and_not_also_left_out() -> None:
    now, due = in_the_morning() + HOUR, in_the_morning() + 20 * MINUTE
    of = examined(*controls.handed_out(), *ACKNOWLEDGED, controls.breached(now, "first_human", due))
    [violation] = found(of, [RECORDED])
    assert "到期时间有误" in violation.zh and violation.due == in_the_morning() + 15 * MINUTE


@pytest.mark.clause("S004-2.8")
async def test_a_breach_noticed_before_it_was_due_is_found() -> None:
    [of] = await scenario("g12")
    version = version_of(of, ClockBreached)
    due = of.history[version - 1].fact.due_at  # type: ignore[attr-defined]
    assert found(altered(of, version, said(noticed_at=due + MICRO)), [RECORDED]) == []
    [violation] = found(altered(of, version, said(noticed_at=due)), [RECORDED])
    assert "发现时间有误" in violation.zh


@pytest.mark.clause("S004-2.8")
def test_a_breach_recorded_twice_is_found() -> None:
    due, now = in_the_morning() + 15 * MINUTE, in_the_morning() + 16 * MINUTE
    twice = [controls.breached(now, "first_human", due)] * 2
    [violation] = found(examined(*controls.handed_out(), *ACKNOWLEDGED, *twice), [RECORDED])
    assert "重复登记" in violation.zh


@pytest.mark.clause("S004-1.3")
def test_words_told_of_an_earlier_time_do_not_undo_a_breach_on_record() -> None:
    due, now = in_the_morning() + 15 * MINUTE, in_the_morning() + HOUR
    given = [*controls.handed_out(), *ACKNOWLEDGED, controls.breached(now, "first_human", due)]
    of = examined(*given, controls.told(in_the_morning() + 5 * MINUTE))
    assert found(of, [RECORDED]) == []
    assert [violation.requirement for violation in found(of, [MET])] == ["S004-1.3"]


@pytest.mark.clause("S004-1.3")
async def test_a_move_to_another_policy_forgives_nothing_missed_before() -> None:
    every = await scenario("g18")
    [moved] = [of for of in every if of.has(PolicyMigrated)]
    assert [violation.requirement for violation in found(moved, [MET])] == ["S004-2.8"]
    hidden = without(moved, version_of(moved, ClockBreached))
    assert [violation.requirement for violation in found(hidden, [MET])] == ["S004-2.8"]
    assert len(found(hidden, [RECORDED])) == 1


@pytest.mark.clause("S001-17.6")
def test_a_complaint_a_channel_brings_late_owes_no_breach_before_it_was_known() -> None:
    old = controls.received(in_the_morning() - 100 * HOUR)
    of = examined(old)
    late = of.history[0]._replace(recorded_at=in_the_morning())
    seen = altered(of, 1, lambda _: late)
    just = with_more(seen)
    assert found(type(just)(just.history, just.company, in_the_morning() + NOTICED_WITHIN), [RECORDED]) == []
    assert found(type(just)(just.history, just.company, in_the_morning() + 2 * NOTICED_WITHIN), [RECORDED]) != []


@pytest.mark.clause("S001-2.3", "S003-5.7")
async def test_an_open_complaint_of_a_policy_without_clocks_for_it_lies_without_a_clock() -> None:
    start, text = in_the_morning(), controls.published().text
    head, _, tail = text.partition("[clock.progress]")
    _, _, rest = tail.partition("[clock.answer]")
    line = {"at": start.isoformat(), "submit": controls.submission(external_ref="W-1")}
    answered: dict[str, Any] = {"at": (start + MINUTE).isoformat(), "do": "reply", "on": "c1", "by": "li.na"}
    answered["data"] = {"kind": "progress", "medium": "phone", "text": "正在核实，今天给您答复。"}
    proposed = {"until": (start + 2 * MINUTE).isoformat()}
    [kept] = await rehearsed([line, answered, proposed], text)
    assert found(kept, [LIVE]) == []
    without_solution = rest.replace("[clock.answer]", "")
    bare = head.partition("[clock.solution]")[0] + "[clock.answer]" + without_solution
    [left] = await rehearsed([line, answered, proposed], bare)
    assert [violation.requirement for violation in found(left, [LIVE])] == ["S001-2.3"]


@pytest.mark.clause("S002-1.2")
def test_news_by_a_person_is_a_substantive_reply_at_forty_eight_hours_and_not_after() -> None:
    given = [*controls.handed_out(priority=Priority.GREEN), *ACKNOWLEDGED]
    limit = in_the_morning() + 48 * HOUR

    def late(moment: timedelta) -> list[str]:
        of = examined(*given, controls.told(limit + moment, kind=ReplyKind.PROGRESS))
        return [violation.requirement for violation in found(of, [MET]) if violation.requirement == "S002-1.2"]

    assert (late(timedelta()), late(MICRO)) == ([], ["S002-1.2"])
