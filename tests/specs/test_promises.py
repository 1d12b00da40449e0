"""Promises to the customer: feasible, inside one's authority, kept (S003-6.2, S003-3.1, S001-9.3, S001-18.10)."""

from datetime import datetime

import pytest

from events.execution import CommitmentKept, CommitmentMade
from policy.handling.commitment import register
from tests import controls
from tests.bdd import Given, code, decided, given, refusal
from tests.controls import HOUR, SECOND, at
from tests.outcomes import DAY, NOW, act, called_back, ended, promised, verified


def open_case() -> Given:
    """Somebody is dealing with it."""
    return given(*controls.handed_out())


@pytest.mark.clause("S003-6.2", "S004-4.3")
def test_a_promise_is_recorded_with_its_time_and_who_keeps_it() -> None:
    answer = open_case().when("promise", "li.na", NOW, what="24小时内退货", by="2026-03-03T10:00:00+08:00")
    assert answer == [CommitmentMade(promise="p1", what="24小时内退货", by=NOW + DAY, person="li.na")]


@pytest.mark.clause("S003-6.2")
def test_each_promise_has_a_name_and_a_clock_of_its_own() -> None:
    two = open_case().and_then(promised())
    [second] = decided(two.when("promise", "zhang.wei", NOW, what="周三回电", by="2026-03-04T12:00:00+08:00"))
    case = two.and_then(act(second, "zhang.wei")).case
    readings = controls.policy().clocks.readings(case.history, case.complaint, NOW)
    due = {reading.key: reading.due_at for reading in readings if reading.clock == "commitment"}
    assert due == {"p1": NOW + DAY, "p2": at("2026-03-04 12:00")}


@pytest.mark.clause("S001-10.4")
def test_a_promised_call_back_is_a_clock_that_is_missed_when_nobody_calls() -> None:
    waiting = open_case().and_then(promised("请示后回电", by=NOW + 2 * HOUR)).case
    clocks = controls.policy().clocks
    on_time, late = (
        {missed.clock for missed in clocks.breached(waiting.history, waiting.complaint, NOW + 2 * HOUR + late)}
        for late in (0 * SECOND, SECOND)
    )
    assert "commitment" in late - on_time


@pytest.mark.clause("S001-18.10")
def test_a_date_means_the_end_of_that_day_where_the_policy_lives() -> None:
    [made] = decided(open_case().when("promise", "li.na", NOW, what="退款到账", by="2026-03-05"))
    assert isinstance(made, CommitmentMade)
    assert made.by == at("2026-03-06 00:00")


@pytest.mark.clause("S001-18.10")
@pytest.mark.parametrize(("by", "feasible"), [(NOW, False), (NOW - SECOND, False), (NOW + SECOND, True)])
def test_a_promise_is_for_a_time_still_to_come(by: datetime, feasible: bool) -> None:
    answer = open_case().when("promise", "li.na", NOW, what="回电", by=by.isoformat())
    assert bool(decided(answer)) if feasible else code(answer) == "promise_in_the_past"


@pytest.mark.clause("S001-18.10")
@pytest.mark.parametrize(("by", "feasible"), [("09:00:00", False), ("09:00:01", True)])
def test_nobody_promises_for_a_time_before_which_nobody_works(by: str, feasible: bool) -> None:
    late_at_night = at("2026-03-02 22:00")
    answer = open_case().when("promise", "li.na", late_at_night, what="回电", by=f"2026-03-03T{by}+08:00")
    assert bool(decided(answer)) if feasible else code(answer) == "promise_not_feasible"


@pytest.mark.clause("S001-18.10")
@pytest.mark.parametrize(("extra", "feasible"), [(0 * SECOND, True), (SECOND, False)])
def test_nobody_promises_further_ahead_than_the_policy_allows(extra: object, feasible: bool) -> None:
    by = NOW + controls.policy().document.commitment.longest + extra  # type: ignore[operator]
    answer = open_case().when("promise", "li.na", NOW, what="回电", by=by.isoformat())
    assert bool(decided(answer)) if feasible else code(answer) == "promise_not_feasible"


@pytest.mark.clause("S003-3.1", "S001-9.3")
def test_the_process_may_be_promised_at_once() -> None:
    assert decided(open_case().when("promise", "li.na", NOW, what="明天告知核实结果", by="2026-03-03"))


@pytest.mark.clause("S003-3.1", "S001-9.3")
@pytest.mark.parametrize(
    "substance",
    [{"what": "赔偿全部损失"}, {"what": "给您一个说法", "kind": "substantive"}, {"what": "退钱", "amount": "50"}],
)
def test_substance_is_promised_only_after_verification(substance: dict[str, str]) -> None:
    promise = {**substance, "by": "2026-03-03"}
    refused = refusal(open_case().when("promise", "li.na", NOW, **promise))
    assert (refused.code, refused.requirement) == ("promise_before_verification", "S003-3.1")
    assert decided(open_case().and_then(verified()).when("promise", "li.na", NOW, **promise))


@pytest.mark.clause("S003-3.1", "S001-9.3")
@pytest.mark.parametrize(("amount", "allowed"), [("100", True), ("100.01", False)])
def test_money_is_promised_inside_ones_authority_alone(amount: str, allowed: bool) -> None:
    answer = open_case().and_then(verified()).when("promise", "li.na", NOW, what="补救", by="2026-03-03", amount=amount)
    assert bool(decided(answer)) if allowed else code(answer) == "above_authority"


@pytest.mark.clause("S003-6.2")
@pytest.mark.parametrize("named", ["p1", "1", 1, "24小时内退货"])
def test_a_promise_is_named_by_its_name_its_number_or_its_words(named: object) -> None:
    answer = open_case().and_then(promised()).when("keep_promise", "li.na", NOW, promise=named)
    assert answer == [CommitmentKept(promise="p1", late=False)]


@pytest.mark.clause("S003-6.2")
@pytest.mark.parametrize(("after", "late"), [(0 * SECOND, False), (SECOND, True)])
def test_a_promise_kept_exactly_at_its_time_is_in_time(after: object, late: bool) -> None:
    moment = NOW + DAY + after  # type: ignore[operator]
    answer = open_case().and_then(promised()).when("keep_promise", "li.na", moment, promise="p1")
    assert answer == [CommitmentKept(promise="p1", late=late)]


@pytest.mark.clause("S003-6.2")
def test_nobody_keeps_what_was_not_promised_or_keeps_it_twice() -> None:
    kept = open_case().and_then(promised(), act(CommitmentKept(promise="p1", late=False)))
    assert code(kept.when("keep_promise", "li.na", NOW, promise="p1")) == "promise_kept"
    assert code(kept.when("keep_promise", "li.na", NOW, promise="p7")) == "unknown_promise"


@pytest.mark.clause("S003-6.2", "S001-18.10")
def test_the_register_tells_kept_from_late_from_broken_from_pending() -> None:
    made = [promised(str(number), f"p{number}", NOW + number * HOUR) for number in (1, 2, 3, 4)]
    kept = [act(CommitmentKept(promise="p1", late=False), moment=NOW + HOUR)]
    late = [act(CommitmentKept(promise="p2", late=True), moment=NOW + 2 * HOUR + SECOND)]
    found = register(open_case().and_then(*made, *kept, *late).complaint, NOW + 3 * HOUR + SECOND)
    assert [[p.promise for p in row] for row in found] == [["p1"], ["p2"], ["p3"], ["p4"]]
    assert not register(open_case().and_then(*made).complaint, NOW + HOUR).broken


@pytest.mark.clause("S003-6.2")
def test_what_was_promised_is_done_before_the_file_is_closed() -> None:
    owed = given(*ended(), promised(by=NOW + 3 * DAY), called_back())
    assert code(owed.when("archive", "li.na", NOW + 2 * DAY)) == "promises_open"
    kept = owed.and_then(act(CommitmentKept(promise="p1", late=False), moment=NOW + 2 * DAY))
    assert decided(kept.when("archive", "li.na", NOW + 2 * DAY))
