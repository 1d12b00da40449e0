"""Which colleagues are alerted of what, when, once each, and who stands in for whom (S001-9.4, S002-7.1)."""

from datetime import datetime, timedelta

import pytest

from events.ending import Resolved
from events.envelope import Actor, Entry
from events.execution import CommitmentKept, CommitmentMade
from events.fact import Fact
from events.handling import ClockBreached, Escalated
from events.learning import ActionPlanned, ActionTaken
from events.participation import HandedOver, Nudged, TaskClosed, TaskOpened
from events.solution import ApprovalGiven, ApprovalRequested, SolutionProposed
from events.vocabulary import Complexity, Priority, ReplyKind, Resolution
from policy.contacting.notices import Notice, letter, owed
from policy.people.organisation import Organisation
from policy.timing.waiting import waiting
from services.desk.state import complaint_json
from tests import controls, examples
from tests.bdd import Given, given
from tests.controls import HOUR, at, in_the_morning, with_absent

NOW = in_the_morning()
DAY = timedelta(days=1)
POLICY = controls.policy()
AGENT = controls.person()
PROMISED = CommitmentMade(promise="p1", what="回电", by=NOW + DAY, person="zhang.wei")
TASK = TaskOpened(task="t1", department="logistics", person="sun.li", what="查询签收", due=NOW + DAY)
PLANNED = ActionPlanned(action="a1", what="培训", owner="xu.tao", due=NOW + 9 * DAY, cause="service.process")
MOVED = HandedOver(giver="li.na", handler="sun.li", department="logistics", reason="物流")
RESOLVED = Resolved(outcome=Resolution.CORRECTED)


def fact(moment: datetime, what: Fact, by: Actor = AGENT) -> Entry:
    return Entry(what, moment, by, policy=controls.POLICY_ID)


def after(*facts: Fact, company: Organisation | None = None, by: Actor = AGENT) -> Given:
    return given(*controls.handed_out(), *(fact(NOW, each, by) for each in facts), company=company)


def alerts(story: Given, now: datetime = NOW) -> list[tuple[ReplyKind, str, datetime | None]]:
    """What colleagues are told next: kind, person, when."""
    found = owed(story.case, POLICY, story.company, now)
    return [(o.notice.kind, o.notice.recipient, o.next.at) for o in found if o.notice.audience.value == "staff"]


def now_told(story: Given, now: datetime = NOW) -> list[tuple[ReplyKind, str]]:
    return [(kind, person) for kind, person, when in alerts(story, now) if when is None or when <= now]


def found(story: Given, kind: ReplyKind) -> Notice:
    every = owed(story.case, POLICY, story.company, NOW)
    return next(o.notice for o in every if o.notice.kind is kind)


@pytest.mark.clause("S002-4.5", "S004-8.4", "S001-16.5", "S004-7.5", "S003-6.2", "S001-2.4")
@pytest.mark.parametrize(
    ("happened", "kind", "person"),
    [
        (Nudged(person="zhang.wei", text="请今日答复"), ReplyKind.NUDGE, "zhang.wei"),
        (MOVED, ReplyKind.ASSIGNMENT, "sun.li"),
        (TASK, ReplyKind.TASK, "sun.li"),
        (PROMISED, ReplyKind.COMMITMENT, "zhang.wei"),
        (PLANNED, ReplyKind.ACTION, "xu.tao"),
    ],
    ids=["urged", "handed over", "task", "promise", "action"],
)
def test_whoever_has_something_to_do_is_told_at_once(happened: Fact, kind: ReplyKind, person: str) -> None:
    assert now_told(after(happened)) == [(kind, person)]


def test_nobody_is_told_what_they_did_themselves() -> None:
    assert now_told(after(PROMISED, by=controls.person("zhang.wei"))) == []


@pytest.mark.clause("S001-9.4", "S002-7.1")
def test_a_delegate_stands_in_and_somebody_barred_is_passed_over() -> None:
    assert now_told(after(TASK, company=with_absent(("sun.li", "ma.chao")))) == [(ReplyKind.TASK, "ma.chao")]
    accused = given(*controls.handed_out(accused=("zhang.wei",)), fact(NOW, PROMISED))
    assert [person for _, person in now_told(accused)] == ["zhao.lei"]


@pytest.mark.clause("S003-6.2", "S001-2.4")
@pytest.mark.parametrize(
    ("opened", "done", "reminder"),
    [
        (PROMISED, CommitmentKept(promise="p1", late=False), NOW + DAY - 2 * HOUR),
        (TASK, TaskClosed(task="t1", result="已查"), NOW + DAY - 2 * HOUR),
        (PLANNED, ActionTaken(action="a1"), NOW + 8 * DAY),
    ],
    ids=["promise", "task", "action"],
)
def test_what_somebody_took_on_is_brought_back_to_mind_in_time_unless_it_is_done(
    opened: Fact, done: Fact, reminder: datetime
) -> None:
    assert reminder in [when for _, _, when in alerts(after(opened))]
    assert reminder not in [when for _, _, when in alerts(after(opened, done))]


@pytest.mark.clause("S003-6.2")
def test_a_broken_promise_is_told_to_who_made_it_and_to_the_owner() -> None:
    broken = ClockBreached(clock="commitment", due_at=NOW, noticed_at=NOW, key="p1")
    told = now_told(after(PROMISED).and_then(fact(NOW, broken, controls.machine())))
    assert told == [(ReplyKind.COMMITMENT, "zhang.wei"), (ReplyKind.BREACH, "zhang.wei"), (ReplyKind.BREACH, "li.na")]


@pytest.mark.clause("S003-6.2")
def test_who_is_owner_and_made_the_promise_is_told_of_its_breach_once() -> None:
    broken = ClockBreached(clock="commitment", due_at=NOW, noticed_at=NOW, key="p1")
    own = PROMISED.model_copy(update={"person": "li.na"})
    told = now_told(after(own).and_then(fact(NOW, broken, controls.machine())))
    assert told.count((ReplyKind.BREACH, "li.na")) == 1


# Approvals.


def waiting_for(*stages: tuple[str, ...]) -> tuple[SolutionProposed, ApprovalRequested]:
    return examples.PROPOSED, examples.REQUESTED.model_copy(update={"stages": stages})


@pytest.mark.clause("S000-3.9", "S002-1.14", "S002-1.15")
def test_each_role_whose_turn_it_is_has_one_colleague_told_that_may_approve() -> None:
    story = after(*waiting_for(("department", "legal"), ("manager",)))
    assert now_told(story) == [(ReplyKind.APPROVAL, "wang.fang"), (ReplyKind.APPROVAL, "chen.jie")]
    given_ = [
        ApprovalGiven(subject="proposal-1", content_sha256=examples.SHA, as_role=r) for r in ("department", "legal")
    ]
    later = story.and_then(fact(NOW, given_[0], controls.person("wang.fang")))
    later = later.and_then(fact(NOW, given_[1], controls.person("chen.jie")))
    assert now_told(later) == [(ReplyKind.APPROVAL, "zhao.lei")]


@pytest.mark.clause("S000-3.9", "S003-2.4")
def test_the_nearest_of_the_line_is_asked_and_neither_the_author_nor_somebody_absent() -> None:
    story = waiting_for(("supervisor",))
    assert now_told(after(*story)) == [(ReplyKind.APPROVAL, "wang.fang")]
    away = after(*story, company=with_absent(("wang.fang", "li.na")))
    assert now_told(away) == [(ReplyKind.APPROVAL, "zhao.lei")]


# Clocks.


@pytest.mark.clause("S004-6.1", "S004-6.2", "S001-8.2")
@pytest.mark.parametrize(("priority", "opens"), [(Priority.YELLOW, DAY), (Priority.RED, 0 * DAY)])
def test_the_system_starts_the_callback_when_its_window_opens(priority: Priority, opens: timedelta) -> None:
    story = given(*controls.handed_out(priority=priority), fact(NOW, RESOLVED))
    assert [(person, when) for kind, person, when in alerts(story) if kind is ReplyKind.CALLBACK] == [
        ("li.na", NOW + opens)
    ]


def test_the_alert_to_call_back_says_by_when() -> None:
    story = after(RESOLVED)
    assert "最迟3月5日 10:00" in letter(found(story, ReplyKind.CALLBACK), story.case, POLICY, story.company).text


@pytest.mark.clause("S001-17.7")
def test_a_complex_complaint_without_a_solution_warns_its_handler_after_three_working_days() -> None:
    begun = given(controls.received(), controls.classified(NOW, complexity=Complexity.COMPLEX), controls.assigned(NOW))
    assert (ReplyKind.WARNING, "li.na", at("2026-03-05 18:00")) in alerts(begun)
    said = letter(found(begun, ReplyKind.WARNING), begun.case, POLICY, begun.company)
    assert "3月9日 18:00" in said.text and "解决方案" in said.subject
    proposed = begun.and_then(fact(NOW + HOUR, examples.PROPOSED))
    assert ReplyKind.WARNING not in [kind for kind, _, _ in alerts(proposed)]


# People.


@pytest.mark.clause("S001-14.3")
def test_the_owner_knows_when_the_responsible_department_spoke_with_the_customer() -> None:
    elsewhere = given(controls.received(), controls.classified(NOW), controls.assigned(NOW, "liu.yang"))
    assert now_told(elsewhere.and_then(controls.told(NOW, "liu.yang"))) == [(ReplyKind.DIRECT_CONTACT, "li.na")]
    assert now_told(elsewhere.and_then(controls.told(NOW, "li.na"))) == []


@pytest.mark.clause("S001-8.1")
def test_a_task_handed_round_in_circles_is_told_as_such_to_who_decides() -> None:
    raised = Escalated(from_level=1, to_level=2, person="wang.fang", cause="ping_pong")
    story = given(*controls.handed_out(), fact(NOW, raised, controls.machine()))
    assert now_told(story) == [(ReplyKind.PING_PONG, "wang.fang")]


# How long the customer has been waiting.


@pytest.mark.clause("S000-3.11")
@pytest.mark.parametrize("hours", [[], [3], [3, 30], [30, 3]], ids=["never", "once", "twice", "written down late"])
def test_waiting_counts_from_the_last_time_the_customer_was_reached(hours: list[int]) -> None:
    story = given(*controls.handed_out(), *(controls.told(NOW + n * HOUR) for n in hours))
    tried = story.and_then(controls.not_reached(NOW + 35 * HOUR))
    oracle = 40 - max([0, *hours])
    assert waiting(tried.complaint, tried.case.history, NOW + 40 * HOUR) == oracle * HOUR


@pytest.mark.clause("S000-3.11")
def test_the_desk_shows_how_long_the_customer_has_been_waiting() -> None:
    story = given(*controls.handed_out(), controls.told(NOW + HOUR))
    shown = complaint_json(story.complaint, story.case.history, POLICY, NOW + 3 * HOUR)
    assert shown["waiting_seconds"] == 2 * 3600
