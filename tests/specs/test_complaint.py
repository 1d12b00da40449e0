"""What we know of a complaint is what its facts tell, however they are read (style, section 2; I13)."""

from datetime import timedelta

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from events.catalogue import FACTS
from events.complaint import Complaint
from events.envelope import Entry, History
from events.fact import Fact
from events.folding import evolve, fold
from events.vocabulary import Category, Complexity, Outcome, Priority
from policy.contacting.contact import has_given_up
from tests import controls, examples
from tests.bdd import given
from tests.controls import HOUR, MINUTE, in_the_morning

NOW = in_the_morning()
LATER: list[Entry] = [
    controls.supplemented(NOW),
    controls.classified(NOW),
    controls.classified(NOW, Priority.RED, category=Category.PRODUCT),
    controls.assigned(NOW),
    controls.assigned(NOW, "liu.yang", "zhang.wei"),
    controls.escalated(NOW),
    controls.escalated(NOW, 3, "zhao.lei"),
    controls.breached(NOW, "first_human", NOW),
    controls.started(NOW),
    controls.started(NOW, number=2),
    controls.failed(NOW),
    controls.failed(NOW, "acknowledgement#2", counted=True),
    controls.delivered(NOW),
    controls.exhausted(NOW),
    controls.told(NOW),
    controls.not_reached(NOW, counted=True),
    controls.alerted(NOW, "breach-6-handler#1"),
    *(Entry(fact, NOW, controls.person(), policy=controls.POLICY_ID) for fact in examples.HANDLING),
    *(Entry(fact, NOW, controls.person(), policy=controls.POLICY_ID) for fact in examples.PRIVACY[:3]),
]
# An alert is what a reminder owes; a refused try changes nothing, which is its point.
WITHOUT_A_CHANGE = frozenset({"complaint.nudged", "complaint.act_refused"})
"""Facts that deliberately change nothing we know; name them here with the reason."""


def stories() -> st.SearchStrategy[History]:
    """Any facts in any order after Received, a minute apart."""
    return st.lists(st.sampled_from(LATER), max_size=25).map(
        lambda entries: controls.recorded(
            [controls.received(), *(e._replace(occurred_at=NOW + n * MINUTE) for n, e in enumerate(entries, 1))]
        )
    )


@for_all(stories(), st.integers(0, 26))
@settings(max_examples=200, deadline=None)
def test_reading_the_first_facts_and_going_on_is_reading_all(history: History, first: int) -> None:
    first = max(1, first % (len(history) + 1))
    assert fold(history[first:], fold(history[:first])) == fold(history)


@for_all(stories())
@settings(max_examples=100, deadline=None)
def test_the_version_is_the_last_facts_and_reading_changes_nothing_read(history: History) -> None:
    before = repr(history)
    assert fold(history).version == history.version
    assert fold(history) == fold(history)
    assert repr(history) == before


@pytest.mark.parametrize("fact", [fact for fact in FACTS if fact.TYPE.startswith("complaint.")], ids=lambda f: f.TYPE)
def test_every_fact_tells_something_or_is_named_as_telling_nothing(fact: type[Fact]) -> None:
    example = Entry(controls.every_fact()[fact.TYPE], NOW + HOUR, controls.machine(), policy=controls.POLICY_ID)
    before_it = (
        Entry(f, NOW, controls.machine(), policy=controls.POLICY_ID) for f in examples.BEFORE if f.TYPE != fact.TYPE
    )
    running = [controls.started(NOW), controls.started(NOW, "breach-6-handler"), *before_it]
    history = controls.recorded([controls.received(), *running, example])
    if fact.TYPE == "complaint.received":
        assert isinstance(evolve(None, history[-1]), Complaint)
        return
    before = fold(history[:-1])
    changed = evolve(before, history[-1])._replace(version=before.version) != before
    assert changed is (fact.TYPE not in WITHOUT_A_CHANGE)


def test_a_complaint_begins_with_received_and_with_nothing_else() -> None:
    with pytest.raises(ValueError, match="begins with Received, not Classified"):
        fold(controls.recorded([controls.classified(NOW)]))
    with pytest.raises(ValueError, match="begins with Received"):
        fold(())


@pytest.mark.clause("S004-1.9")
def test_received_tells_the_customers_words_and_the_policy_pinned() -> None:
    complaint = given(controls.received(text="太慢", accused=("zhang.wei",), demands=("退款",))).complaint
    assert (complaint.text, complaint.accused, complaint.demands) == ("太慢", ("zhang.wei",), ("退款",))
    assert (complaint.received_at, complaint.policy, complaint.level) == (NOW, "default-cn@1", 1)
    assert complaint.status == "received"


@pytest.mark.clause("S004-1.2")
def test_a_supplement_adds_its_demands_once_and_is_known_again() -> None:
    complaint = given(
        controls.received(demands=("退款",)), controls.supplemented(NOW), controls.supplemented(NOW)
    ).complaint
    assert complaint.demands == ("退款", "道歉")
    assert complaint.contents == {controls.ABSURD_DIGEST, "1" * 64}
    assert complaint.text == controls.ORDINARY


@pytest.mark.clause("S002-1.1")
def test_a_new_handler_takes_over_and_the_owner_stays_as_recorded() -> None:
    complaint = given(*controls.handed_out(), controls.assigned(NOW, "liu.yang", "li.na")).complaint
    assert (complaint.owner, complaint.handler, complaint.department) == ("li.na", "liu.yang", "billing")
    assert complaint.status == "assigned"


def test_the_last_sorting_counts() -> None:
    complaint = given(*controls.handed_out(), controls.classified(NOW, Priority.RED, flags=("safety",))).complaint
    assert (complaint.priority, complaint.complexity) == (Priority.RED, Complexity.SIMPLE)
    assert complaint.flags == ("safety",)


@pytest.mark.clause("S002-4.3")
def test_each_step_up_is_kept_with_its_cause() -> None:
    complaint = given(*controls.red(), controls.escalated(NOW, 3, "zhao.lei", "stalled")).complaint
    assert complaint.level == 3
    assert [(step.to_level, step.person, step.cause) for step in complaint.escalations] == [
        (2, "xu.tao", "priority_red"),
        (3, "zhao.lei", "stalled"),
    ]


def test_a_missed_deadline_is_known_by_its_clock_and_its_due_instant() -> None:
    complaint = given(*controls.handed_out(), controls.breached(NOW + HOUR, "first_human", NOW)).complaint
    assert complaint.was_breached("first_human", NOW)
    assert not complaint.was_breached("first_human", NOW + timedelta(seconds=1))
    assert not complaint.was_breached("activity", NOW)


def test_only_a_person_answers_a_complaint() -> None:
    by_machine = given(*controls.handed_out(), controls.started(NOW), controls.delivered(NOW))
    assert not by_machine.complaint.is_answered
    answered = by_machine.and_then(controls.told(NOW + HOUR)).complaint
    assert answered.is_answered
    assert (answered.last_human_act, answered.status) == (NOW + HOUR, "answered")


def test_a_message_runs_until_its_end_is_recorded() -> None:
    [running] = given(controls.received(), controls.started(NOW)).complaint.attempts
    assert (running.ended_at, running.succeeded, running.outcome) == (None, False, None)
    [ended] = given(controls.received(), controls.started(NOW), controls.delivered(NOW + MINUTE)).complaint.attempts
    assert (ended.ended_at, ended.succeeded, ended.outcome) == (NOW + MINUTE, True, None)


def test_delivered_corrects_unknown_and_ends_one_message_alone() -> None:
    unknown = controls.failed(NOW, outcome=Outcome.UNKNOWN)
    first, second = given(
        controls.received(), controls.started(NOW), controls.started(NOW, number=2), unknown, controls.delivered(NOW)
    ).complaint.attempts
    assert (first.succeeded, first.outcome) == (True, None)
    assert second.ended_at is None


@pytest.mark.clause("S002-1.8")
def test_a_persons_failed_call_is_an_attempt_of_its_own() -> None:
    complaint = given(*controls.handed_out(), controls.not_reached(NOW), controls.not_reached(NOW + HOUR)).complaint
    assert [(a.outcome, a.started_at) for a in complaint.attempts_of("progress")] == [
        (Outcome.NO_ANSWER, NOW),
        (Outcome.NO_ANSWER, NOW + HOUR),
    ]
    assert not has_given_up(complaint)


@pytest.mark.clause("S002-1.10")
def test_exhausted_attempts_are_known_as_such() -> None:
    assert has_given_up(given(controls.received(), controls.exhausted(NOW)).complaint)
