"""What the workflow does by itself: sort, hand out, raise, record what was missed; a second look adds nothing."""

from datetime import datetime

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from events.ending import Reopened, Resolved
from events.envelope import Entry
from events.handling import Assigned, Classified, ClockBreached, Escalated
from events.links import Linked, Unlinked
from events.vocabulary import Audience, Category, Priority, Relation, Resolution
from policy.contacting.notices import notices
from tests import controls, examples
from tests.bdd import Given, facts, given, names
from tests.controls import HOUR, MINUTE, SECOND, at, in_the_morning
from tests.outcomes import act

NOW = in_the_morning()
TICK = HOUR / 3_600_000
"""A millisecond: the first instant after a limit at which the workflow looks."""


def after_looks(story: Given, *moments: datetime) -> Given:
    """The complaint after the workflow looked at these moments."""
    for moment in moments:
        story = story.and_then(*story.workflow_looks(moment).entries)
    return story


def duplicate(moment: datetime) -> Entry:
    """It repeats an earlier complaint."""
    fact = Linked(to=examples.OTHER, relation=Relation.DUPLICATE, reason="links.duplicate")
    return Entry(fact, moment, controls.machine("intake"), policy=controls.POLICY_ID)


def parted(moment: datetime) -> Entry:
    """It does not, a colleague found."""
    return act(Unlinked(to=examples.OTHER, relation=Relation.DUPLICATE, reason="不同订单"), moment=moment)


def breaches(story: Given) -> set[tuple[str, datetime]]:
    return {(breach.clock, breach.due_at) for breach in story.complaint.breaches}


@pytest.mark.clause("S004-2.1", "S004-2.7", "S002-1.1")
def test_a_new_complaint_is_sorted_and_handed_out_in_one_look() -> None:
    decided = given(controls.received(text=controls.OVERCHARGED)).workflow_looks(NOW)
    sorted_, handed = facts(decided)
    assert isinstance(sorted_, Classified)
    assert sorted_.category is Category.BILLING
    assert isinstance(handed, Assigned)
    assert (handed.handler, handed.department) == ("liu.yang", "billing")


@pytest.mark.clause("S004-2.2", "S002-4.4", "S001-16.4")
def test_a_red_complaint_is_with_a_supervisor_at_once() -> None:
    *_, raised = facts(given(controls.received(text=controls.DANGEROUS)).workflow_looks(NOW))
    assert raised == Escalated(from_level=1, to_level=2, person="xu.tao", cause="priority_red")


def test_the_machine_acts_under_the_policy_the_complaint_is_pinned_to() -> None:
    for entry in given(controls.received()).workflow_looks(NOW + MINUTE).entries:
        assert entry.policy == controls.POLICY_ID
        assert entry.actor == controls.machine("workflow")
        assert entry.occurred_at == NOW + MINUTE
        assert entry.causation == f"{controls.C1}/1"


@pytest.mark.parametrize("text", [controls.ORDINARY, controls.DANGEROUS, controls.OVERCHARGED])
@pytest.mark.parametrize("later", [0 * SECOND, HOUR, 60 * HOUR], ids=["at once", "an hour", "days"])
def test_a_second_look_at_the_same_moment_adds_nothing(text: str, later: object) -> None:
    moment = NOW + later  # type: ignore[operator]
    once = after_looks(given(controls.received(text=text)), moment)
    assert names(once.workflow_looks(moment)) == []


@pytest.mark.clause("S004-1.3")
@pytest.mark.parametrize(("moment", "missed"), [(NOW + 15 * MINUTE, False), (NOW + 15 * MINUTE + TICK, True)])
def test_a_deadline_is_missed_after_its_instant_and_not_at_it(moment: datetime, missed: bool) -> None:
    story = after_looks(given(*controls.handed_out()), moment)
    assert (("first_human", NOW + 15 * MINUTE) in breaches(story)) is missed


def test_a_breach_tells_when_it_fell_due_and_when_that_was_noticed() -> None:
    late = NOW + 5 * HOUR
    found = [f for f in facts(given(*controls.handed_out()).workflow_looks(late)) if isinstance(f, ClockBreached)]
    assert {breach.noticed_at for breach in found} == {late}
    assert ("first_human", NOW + 15 * MINUTE) in {(b.clock, b.due_at) for b in found}


@pytest.mark.clause("S004-1.5")
def test_the_machines_acknowledgement_keeps_no_human_deadline() -> None:
    acknowledged = [controls.started(NOW), controls.delivered(NOW)]
    story = after_looks(given(*controls.handed_out(), *acknowledged), NOW + HOUR)
    assert ("first_human", NOW + 15 * MINUTE) in breaches(story)


@pytest.mark.clause("S004-1.3", "S001-8.3")
@pytest.mark.parametrize(("told", "missed"), [(15 * MINUTE, False), (15 * MINUTE + SECOND, True)])
def test_a_call_on_the_last_second_is_in_time(told: object, missed: bool) -> None:
    story = given(*controls.handed_out(), controls.told(NOW + told))  # type: ignore[operator]
    assert (("first_human", NOW + 15 * MINUTE) in breaches(after_looks(story, NOW + HOUR))) is missed


@pytest.mark.clause("S002-4.3", "S002-4.6", "S004-2.8")
def test_an_untouched_red_complaint_is_recorded_as_such_and_rises_to_the_top_and_no_further() -> None:
    story = after_looks(given(controls.received(text=controls.DANGEROUS)), NOW, NOW + 3 * HOUR)
    assert ("activity", NOW + 2 * HOUR) in breaches(story)
    story = after_looks(story, NOW + 5 * HOUR, NOW + 9 * HOUR, NOW + 40 * HOUR)
    assert [step.to_level for step in story.complaint.escalations] == [2, 3]


@pytest.mark.clause("S002-1.10")
def test_a_customer_nobody_reached_goes_one_level_up_once() -> None:
    unreached = given(*controls.handed_out(), controls.exhausted(NOW + 2 * MINUTE))
    story = after_looks(unreached, NOW + 3 * MINUTE, NOW + 4 * MINUTE)
    assert [(step.to_level, step.cause) for step in story.complaint.escalations] == [(2, "unreachable")]


@pytest.mark.clause("S002-1.10")
def test_a_customer_nobody_reached_in_a_later_round_goes_one_level_up_again_and_only_then() -> None:
    first = given(*controls.handed_out(), controls.exhausted(NOW))
    raised = first.and_then(*first.workflow_looks(NOW).entries)
    begun_again = raised.and_then(act(Resolved(outcome=Resolution.CORRECTED)), act(Reopened(round=2, reason="不满意")))
    assert "Escalated" not in names(begun_again.workflow_looks(NOW))
    again = begun_again.and_then(controls.exhausted(NOW))
    assert names(again.workflow_looks(NOW)).count("Escalated") == 1


@pytest.mark.clause("S004-1.2")
def test_a_duplicate_is_sorted_and_neither_handed_out_raised_nor_alerted_about_until_it_stands_alone() -> None:
    merged = given(controls.received(NOW, text=controls.DANGEROUS), duplicate(NOW))
    looked = merged.workflow_looks(NOW + 3 * HOUR)
    assert names(looked)[0] == "Classified"
    assert not {"Assigned", "Escalated"} & set(names(looked))
    assert {fact.clock for fact in facts(looked) if isinstance(fact, ClockBreached)} == {"ack"}
    known = merged.and_then(*looked.entries)
    assert not [n for n in notices(known.case, controls.policy(), known.company, NOW) if n.audience is Audience.STAFF]
    alone = known.and_then(parted(NOW + 3 * HOUR))
    assert names(alone.workflow_looks(NOW + 3 * HOUR))[:2] == ["Assigned", "Escalated"]


def test_the_next_look_is_just_after_the_next_deadline() -> None:
    decided = given(controls.received(text=controls.ORDINARY)).workflow_looks(NOW + 2 * MINUTE)
    assert decided.look_at == NOW + 15 * MINUTE + TICK


@pytest.mark.parametrize("due", [MINUTE, 15 * MINUTE])
def test_a_look_exactly_at_a_deadline_looks_once_more(due: object) -> None:
    moment = NOW + due  # type: ignore[operator]
    decided = given(*controls.handed_out()).workflow_looks(moment)
    assert decided.look_at is not None
    assert moment < decided.look_at <= moment + 2 * TICK


def moments() -> st.SearchStrategy[list[datetime]]:
    return st.lists(st.integers(0, 60 * 60), max_size=12).map(lambda found: [NOW + m * MINUTE for m in sorted(found)])


@for_all(moments(), st.sampled_from([controls.ORDINARY, controls.DANGEROUS]), st.integers(0, 60 * 48))
@settings(max_examples=60, deadline=None)
def test_however_late_it_looks_the_same_deadlines_are_recorded_as_missed(
    looks: list[datetime], text: str, told_after: int
) -> None:
    end = NOW + 61 * HOUR
    received: list[Entry] = [controls.received(text=text)]
    punctual = after_looks(given(*received), NOW, *looks, end)
    late = after_looks(given(*received), NOW, end)
    assert breaches(punctual) == breaches(late)
    assert [s.to_level for s in punctual.complaint.escalations] == [s.to_level for s in late.complaint.escalations]
    answered = [controls.told(NOW + told_after * MINUTE)]
    early = after_looks(given(*received), NOW).and_then(*answered)
    assert breaches(after_looks(early, end)) == breaches(after_looks(early, end - HOUR, end))


def test_a_night_complaint_is_due_an_hour_after_the_desk_opens() -> None:
    story = after_looks(given(*controls.handed_out(controls.at_closing())), at("2026-03-03 12:00"))
    assert ("first_human", at("2026-03-03 10:00")) in breaches(story)


def test_sorting_is_not_repeated_and_a_colleagues_choice_stays() -> None:
    chosen = [controls.received(text=controls.DANGEROUS), controls.classified(NOW, Priority.GREEN)]
    story = after_looks(given(*chosen, controls.assigned(NOW, "zhang.wei")), NOW, NOW + HOUR)
    assert story.complaint.priority is Priority.GREEN
    assert story.complaint.handler == "zhang.wei"
