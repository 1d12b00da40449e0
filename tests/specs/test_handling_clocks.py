"""The clocks of handling, from the solution to the effect of what was learned: each limit on both sides."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from events.catalogue import BY_TYPE, encode
from events.contact import RetryAttempted
from events.ending import Archived, CalledBack, NotAccepted, Reopened, Resolved, Withdrawn
from events.envelope import Actor, Entry
from events.execution import (
    CommitmentKept,
    CommitmentMade,
    DeadlineExtended,
    RefundPaid,
    RefundVerified,
    StepCompleted,
)
from events.fact import Fact
from events.handling import ClockBreached, Escalated
from events.learning import ActionPlanned, ActionTaken, EffectMeasured
from events.links import Linked, Unlinked
from events.nudges import WANTED, wants
from events.participation import ActRefused, PolicyMigrated, TaskClosed, TaskOpened
from events.solution import ApprovalGiven, ApprovalRefused, ApprovalWithdrawn, CustomerAgreed, CustomerDeclined
from events.understanding import InformationRequested
from events.vocabulary import (
    Complexity,
    Ground,
    Medium,
    Outcome,
    Priority,
    RefundMethod,
    Relation,
    ReplyKind,
    Resolution,
    Service,
)
from policy.timing.clock_readings import ClockReading, ClockState
from policy.timing.patterns import parse_pattern
from tests import controls, examples
from tests.bdd import Given, facts, given
from tests.controls import HOUR, SECOND, at, in_the_morning

NOW = in_the_morning()
DAY = timedelta(days=1)
CLOCKS = controls.policy().clocks
AGENT = controls.person()


def fact(moment: datetime, what: Fact, by: Actor = AGENT) -> Entry:
    """Something a colleague did."""
    return Entry(what, moment, by, policy=controls.POLICY_ID)


def a_case(*entries: Entry, complexity: Complexity = Complexity.SIMPLE, priority: Priority = Priority.YELLOW) -> Given:
    sorted_ = controls.classified(NOW, priority, complexity=complexity)
    return given(controls.received(NOW), sorted_, controls.assigned(NOW), *entries)


def read(story: Given, clock: str, now: datetime = NOW) -> list[ClockReading]:
    return [r for r in CLOCKS.readings(story.case.history, story.complaint, now) if r.clock == clock]


def due(story: Given, clock: str, now: datetime = NOW) -> datetime | None:
    """The deadline of that clock that runs now."""
    running = [r for r in read(story, clock, now) if r.stopped_at is None]
    return running[-1].due_at if running else None


def is_missed(story: Given, clock: str, limit: datetime, now: datetime) -> bool:
    return any(r.due_at == limit and r.is_missed(now) for r in read(story, clock, now))


def proposed(moment: datetime, **changes: object) -> Entry:
    return fact(moment, examples.PROPOSED.model_copy(update=changes))


def requested(moment: datetime, subject: str = "proposal-1") -> Entry:
    return fact(moment, examples.REQUESTED.model_copy(update={"subject": subject}))


def approved(moment: datetime, subject: str = "proposal-1", *, more: bool = False) -> Entry:
    return fact(moment, ApprovalGiven(subject=subject, content_sha256=examples.SHA, as_role="legal", more=more))


def agreed(moment: datetime, due_: datetime | None = None) -> Entry:
    return fact(moment, CustomerAgreed(proposal=1, medium=Medium.PHONE, words="可以", due=due_))


def promised(moment: datetime, by: datetime, name: str = "p1") -> Entry:
    return fact(moment, CommitmentMade(promise=name, what="回电", by=by, person="li.na"))


def resolved(moment: datetime) -> Entry:
    return fact(moment, Resolved(outcome=Resolution.CORRECTED))


def linked(moment: datetime, *, leads: bool = False) -> Entry:
    what = Linked(to=examples.OTHER, relation=Relation.DUPLICATE, reason="同一事由", leads=leads)
    return fact(moment, what, controls.machine("intake"))


def unlinked(moment: datetime) -> Entry:
    return fact(moment, Unlinked(to=examples.OTHER, relation=Relation.DUPLICATE, reason="不同订单"))


# The solution.


@pytest.mark.clause("S001-17.6", "S002-1.7")
@pytest.mark.parametrize(("after", "missed"), [(24 * HOUR, False), (24 * HOUR + SECOND, True)])
def test_a_simple_complaint_has_a_solution_within_24_hours(after: timedelta, missed: bool) -> None:
    story = a_case(proposed(NOW + after))
    assert is_missed(story, "solution", NOW + 24 * HOUR, NOW + 9 * DAY) is missed


@pytest.mark.clause("S001-17.7")
def test_a_complex_one_within_five_working_days_with_a_warning_after_three() -> None:
    (reading,) = read(a_case(complexity=Complexity.COMPLEX), "solution")
    assert (reading.warn_at, reading.due_at) == (at("2026-03-05 18:00"), at("2026-03-09 18:00"))


def test_sorting_a_complaint_again_never_resets_the_time_for_its_solution() -> None:
    again = controls.classified(NOW + 5 * HOUR)._replace(actor=AGENT)
    assert due(a_case(again), "solution") == NOW + 24 * HOUR
    assert read(a_case(proposed(NOW + HOUR), again), "solution")[-1].state is ClockState.STOPPED


@pytest.mark.clause("S004-3.5", "S001-16.6")
def test_while_the_customer_looks_for_what_we_asked_the_solution_waits_and_the_news_do_not() -> None:
    asked = fact(NOW + 10 * HOUR, InformationRequested(what="凭证", reason="核对"))
    waiting = a_case(asked)
    assert due(waiting, "solution", NOW + DAY) is None
    assert due(waiting, "progress", NOW + DAY) == NOW + 2 * DAY
    assert due(waiting.and_then(controls.supplemented(NOW + 40 * HOUR)), "solution") == NOW + 54 * HOUR


@pytest.mark.clause("S003-2.5")
def test_an_extension_moves_the_solution_and_nothing_else() -> None:
    story = a_case(fact(NOW + HOUR, DeadlineExtended(clock="solution", until=NOW + 3 * DAY, reason="检测")))
    assert due(story, "solution") == NOW + 3 * DAY
    assert due(story, "progress") == NOW + 2 * DAY


@pytest.mark.clause("S004-6.6")
def test_a_reopening_starts_the_solution_and_the_news_again_and_keeps_what_was_missed() -> None:
    late = a_case(proposed(NOW + 30 * HOUR), resolved(NOW + 31 * HOUR))
    again = late.and_then(fact(NOW + 50 * HOUR, Reopened(round=2, reason="不满意")))
    assert due(again, "solution") == NOW + 74 * HOUR
    assert due(again, "progress") == NOW + 98 * HOUR
    assert is_missed(again, "solution", NOW + 24 * HOUR, NOW + 51 * HOUR)


# News.


@pytest.mark.clause("S001-15.4", "S001-10.3", "S001-14.6")
@pytest.mark.parametrize(("complexity", "days"), [(Complexity.COMPLEX, 1), (Complexity.SIMPLE, 2)])
def test_the_customer_hears_of_a_complex_complaint_daily_and_of_a_simple_one_every_second_day(
    complexity: Complexity, days: int
) -> None:
    story = a_case(complexity=complexity)
    missed = [r.due_at for r in read(story, "progress", NOW + 7 * DAY) if r.is_missed(NOW + 7 * DAY)]
    assert missed == [NOW + days * n * DAY for n in range(1, 7) if days * n < 7]


@pytest.mark.clause("S001-10.3", "S004-5.2")
def test_news_count_anew_from_each_time_a_person_told_the_customer_also_of_no_news() -> None:
    told = a_case(controls.told(NOW + 40 * HOUR))
    assert due(told, "progress", NOW + 41 * HOUR) == NOW + 88 * HOUR
    assert not [r for r in read(told, "progress", NOW + 88 * HOUR) if r.is_missed(NOW + 88 * HOUR)]


@pytest.mark.clause("S004-1.5")
def test_a_machines_notice_is_no_news_and_a_letter_people_approved_is() -> None:
    notice = controls.delivered(NOW + HOUR)
    assert due(a_case(controls.started(NOW), notice), "progress") == NOW + 2 * DAY
    letter = notice.fact.model_copy(update={"kind": ReplyKind.DECISION, "approved": True})
    story = a_case(controls.started(NOW), notice._replace(fact=letter))
    assert due(story, "progress") == NOW + HOUR + 2 * DAY
    assert read(story, "first_substantive")[0].state is ClockState.STOPPED


@pytest.mark.clause("S000-3.6")
def test_waiting_for_a_carrier_stops_no_news() -> None:
    asked = TaskOpened(task="t1", department="logistics", person="sun.li", party="承运商", what="查询", due=NOW + DAY)
    assert due(a_case(fact(NOW + HOUR, asked)), "progress") == NOW + 2 * DAY


SPOKEN = (
    CustomerAgreed(proposal=1, medium=Medium.PHONE, words="可以"),
    CustomerDeclined(proposal=1, medium=Medium.PHONE, words="不行"),
    CalledBack(solved=True, satisfied=True, medium=Medium.PHONE),
)
OVER = (NotAccepted(ground=Ground.LAW, proof="1"), Withdrawn(words="算了"), Archived(ground="callback_exhausted"))


@pytest.mark.clause("S004-1.3", "S002-1.2")
@pytest.mark.parametrize("what", [*SPOKEN, *OVER], ids=lambda what: type(what).__name__)
@pytest.mark.parametrize("clock", ["first_human", "first_substantive"])
def test_who_heard_the_customers_word_answered_and_after_the_end_nobody_waits(clock: str, what: Fact) -> None:
    assert due(a_case(), clock) is not None
    assert due(a_case(fact(NOW, what)), clock) is None


@pytest.mark.clause("S002-0.3")
@pytest.mark.parametrize("what", OVER, ids=lambda what: type(what).__name__)
def test_after_the_end_only_what_is_still_owed_has_a_time(what: Fact) -> None:
    busy = a_case(proposed(NOW), agreed(NOW), fact(NOW, examples.VERIFIED_REFUND), promised(NOW, NOW + DAY))
    done = [fact(NOW, Resolved(outcome=Resolution.CORRECTED))] if isinstance(what, Archived) else []
    story = busy.and_then(*done, fact(NOW, what))
    running = {r.clock for r in CLOCKS.readings(story.case.history, story.complaint, NOW) if r.stopped_at is None}
    owed = {"refund"} if isinstance(what, Withdrawn) else {"refund", "commitment"}
    assert {name for name in running if controls.policy().document.clock[name].kept_by == "people"} == owed


def test_once_it_is_resolved_nobody_is_owed_news_and_a_word_afterwards_starts_nothing() -> None:
    story = a_case(resolved(NOW + HOUR), controls.told(NOW + 2 * HOUR))
    assert due(story, "progress") is None


# Authority.


@pytest.mark.clause("S002-4.6", "S000-3.9")
@pytest.mark.parametrize(("after", "raised"), [(4 * HOUR, []), (4 * HOUR + SECOND, ["stalled"])])
def test_an_approval_nobody_gives_for_four_hours_is_raised_as_stalled(after: timedelta, raised: list[str]) -> None:
    story = a_case(controls.told(NOW), proposed(NOW), requested(NOW))
    found = facts(story.workflow_looks(NOW + after))
    assert [f.cause for f in found if isinstance(f, Escalated)] == raised


@pytest.mark.clause("S002-4.6")
def test_a_decision_either_way_ends_the_wait_and_the_next_role_has_its_own_time() -> None:
    waiting = a_case(proposed(NOW), requested(NOW))
    assert due(waiting.and_then(approved(NOW + HOUR)), "approval") is None
    refused = ApprovalRefused(subject="proposal-1", content_sha256=examples.SHA, as_role="legal", reason="依据不足")
    assert due(waiting.and_then(fact(NOW + HOUR, refused)), "approval") is None
    assert due(waiting.and_then(approved(NOW + 3 * HOUR, more=True)), "approval") == NOW + 7 * HOUR


def test_an_edited_letter_is_waited_for_anew_and_another_subject_goes_its_own_way() -> None:
    story = a_case(requested(NOW, "reply-4"), requested(NOW + HOUR, "refund-9"), requested(NOW + 2 * HOUR, "reply-4"))
    running = {r.key: r.due_at for r in read(story, "approval") if r.stopped_at is None}
    assert running == {"refund-9": NOW + 5 * HOUR, "reply-4": NOW + 6 * HOUR}


@pytest.mark.clause("S002-4.6", "S000-3.9")
def test_a_new_proposal_ends_only_the_wait_for_the_one_it_replaces() -> None:
    story = a_case(proposed(NOW), requested(NOW), requested(NOW, "refund-9"))
    replaced = fact(NOW + HOUR, ApprovalWithdrawn(subject="proposal-1"))
    again = story.and_then(proposed(NOW + HOUR, number=2), replaced)
    running = {r.key: r.due_at for r in read(again, "approval") if r.stopped_at is None}
    assert running == {"refund-9": NOW + 4 * HOUR}
    assert [approval.subject for approval in again.complaint.solution.waiting()] == ["refund-9"]


@pytest.mark.clause("S000-3.10")
@pytest.mark.parametrize("end", [Archived(ground="called_back"), Reopened(round=2, reason="不满意")])
def test_the_search_for_somebody_who_may_decide_ends_with_the_round(end: Fact) -> None:
    refused = ApprovalRefused(subject="proposal-1", content_sha256=examples.SHA, as_role="manager", reason="不同意")
    story = a_case(fact(NOW, refused))
    assert due(story, "find_decider") == NOW + 4 * HOUR
    assert due(story.and_then(fact(NOW + HOUR, end)), "find_decider") is None


@pytest.mark.clause("S000-3.10")
def test_an_act_refused_after_the_end_sends_nobody_to_look_for_a_decider() -> None:
    tried = ActRefused(person="li.na", command="approve", code="not_authorised", requirement="S003-2.4", settled=True)
    story = a_case(resolved(NOW), fact(NOW + HOUR, tried, controls.machine()))
    assert due(story, "find_decider") is None


@pytest.mark.clause("S000-3.10")
def test_where_somebody_may_not_decide_one_who_may_is_found_within_four_hours() -> None:
    tried = ActRefused(person="li.na", command="propose_solution", code="beyond_every_limit", requirement="S000-3.9")
    story = a_case(fact(NOW, tried, controls.machine()))
    assert due(story, "find_decider") == NOW + 4 * HOUR
    assert due(story.and_then(controls.escalated(NOW + HOUR)._replace(actor=AGENT)), "find_decider") is None
    found = facts(story.workflow_looks(NOW + 4 * HOUR + SECOND))
    assert [f.cause for f in found if isinstance(f, Escalated)] == ["find_decider"]


# Carrying it out.


@pytest.mark.clause("S000-5.1")
def test_what_was_agreed_is_begun_within_four_working_hours() -> None:
    assert due(a_case(agreed(at("16:00"))), "execution_start") == at("2026-03-03 11:00")
    begun = a_case(agreed(at("16:00")), fact(at("17:00"), StepCompleted(step="1.apply")))
    assert due(begun, "execution_start") is None


@pytest.mark.clause("S004-4.3")
def test_it_is_carried_out_by_the_last_remedys_own_date_and_else_in_three_working_days() -> None:
    assert due(a_case(agreed(NOW, NOW + 7 * DAY)), "execution") == NOW + 7 * DAY
    assert due(a_case(agreed(NOW)), "execution") == at("2026-03-05 18:00")


@pytest.mark.clause("S004-4.3")
def test_only_the_last_step_ends_the_execution() -> None:
    story = a_case(agreed(NOW), fact(NOW + HOUR, StepCompleted(step="1.apply")))
    assert due(story, "execution") is not None
    assert due(story.and_then(fact(NOW + 2 * HOUR, StepCompleted(step="1.pay", last=True))), "execution") is None


@pytest.mark.clause("S002-6.4")
@pytest.mark.parametrize(("after", "missed"), [(7 * DAY, False), (7 * DAY + SECOND, True)])
def test_a_verified_refund_is_paid_within_seven_days(after: timedelta, missed: bool) -> None:
    paid = RefundPaid(amount=Decimal("40.02"), currency="CNY", method=RefundMethod.ADJUSTMENT, reference="A-1")
    story = a_case(fact(NOW, examples.VERIFIED_REFUND), fact(NOW + after, paid))
    assert is_missed(story, "refund", NOW + 7 * DAY, NOW + 9 * DAY) is missed


def test_where_nothing_is_owed_no_refund_is_waited_for() -> None:
    nothing: RefundVerified = examples.VERIFIED_REFUND.model_copy(update={"payable": False})
    assert read(a_case(fact(NOW, nothing)), "refund") == []


# Promises and parts.


@pytest.mark.clause("S003-6.2", "S004-4.3", "S001-10.4")
@pytest.mark.parametrize(("after", "missed"), [(DAY, False), (DAY + SECOND, True)])
def test_a_promise_is_kept_by_the_instant_promised(after: timedelta, missed: bool) -> None:
    story = a_case(promised(NOW, NOW + DAY), fact(NOW + after, CommitmentKept(promise="p1", late=missed)))
    assert is_missed(story, "commitment", NOW + DAY, NOW + 2 * DAY) is missed


@pytest.mark.clause("S003-6.2")
def test_two_promises_due_at_the_same_instant_are_two_breaches_each_with_its_name() -> None:
    both = a_case(promised(NOW, NOW + HOUR), promised(NOW, NOW + HOUR, "p2"), controls.told(NOW))
    later = NOW + 2 * HOUR
    broken = [f for f in facts(both.workflow_looks(later)) if isinstance(f, ClockBreached) and f.clock == "commitment"]
    assert [(f.key, f.due_at) for f in broken] == [("p1", NOW + HOUR), ("p2", NOW + HOUR)]
    recorded = both.and_then(*both.workflow_looks(later).entries)
    assert not facts(recorded.workflow_looks(later))


@pytest.mark.clause("S004-3.2", "S001-6.6", "S001-16.5")
def test_parallel_parts_have_a_time_each_and_end_one_by_one() -> None:
    def part(name: str, when: datetime) -> Entry:
        what = TaskOpened(task=name, department="logistics", person="sun.li", what="查询", due=when)
        return fact(NOW, what)

    story = a_case(part("t1", NOW + HOUR), part("t2", NOW + DAY), fact(NOW, TaskClosed(task="t1", result="已查")))
    assert [(r.key, r.state) for r in read(story, "task")] == [("t1", ClockState.STOPPED), ("t2", ClockState.RUNNING)]


@pytest.mark.clause("S004-7.5", "S001-2.4", "S003-5.4")
def test_an_action_has_its_own_date_and_its_effect_is_looked_at_two_weeks_after_it() -> None:
    planned = ActionPlanned(action="a1", what="培训", owner="xu.tao", due=NOW + 3 * DAY, cause="service.process")
    story = a_case(fact(NOW, planned))
    assert due(story, "action") == NOW + 3 * DAY
    taken = story.and_then(fact(NOW + DAY, ActionTaken(action="a1")))
    assert (due(taken, "action"), due(taken, "effect")) == (None, NOW + 15 * DAY)
    day = NOW.date()
    measured = EffectMeasured(action="a1", before=Decimal(3), after=Decimal(1), since=day, until=day)
    assert due(taken.and_then(fact(NOW + 2 * DAY, measured)), "effect") is None


# The end.


@pytest.mark.clause("S004-6.1", "S004-6.2", "S001-6.1")
@pytest.mark.parametrize(
    ("priority", "opens", "limit"), [(Priority.RED, 0 * DAY, DAY), (Priority.YELLOW, DAY, 3 * DAY)]
)
def test_the_callback_has_a_window_by_colour(priority: Priority, opens: timedelta, limit: timedelta) -> None:
    (reading,) = read(a_case(resolved(NOW + HOUR), priority=priority), "callback")
    assert (reading.not_before, reading.due_at) == (NOW + HOUR + opens, NOW + HOUR + limit)


@pytest.mark.clause("S004-6.6", "S002-0.3")
def test_the_callback_counts_anew_after_each_resolution_and_leads_to_the_archive() -> None:
    called = fact(NOW + 30 * HOUR, CalledBack(solved=True, satisfied=True, medium=Medium.PHONE))
    story = a_case(
        resolved(NOW), fact(NOW + HOUR, Reopened(round=2, reason="未解决")), resolved(NOW + 5 * HOUR), called
    )
    assert [r.due_at for r in read(story, "callback")] == [NOW + 3 * DAY, NOW + 5 * HOUR + 3 * DAY]
    assert due(story, "archive") == NOW + 30 * HOUR + 7 * DAY
    assert due(story.and_then(fact(NOW + 31 * HOUR, Archived(ground="called_back"))), "archive") is None


@pytest.mark.clause("S002-0.3")
def test_a_callback_tried_in_vain_hands_over_to_the_archive() -> None:
    in_vain = RetryAttempted(kind=ReplyKind.CALLBACK, medium=Medium.PHONE, outcome=Outcome.EXHAUSTED, counted=False)
    story = a_case(resolved(NOW), fact(NOW + 2 * DAY, in_vain, controls.machine("notifier")))
    assert due(story, "callback") is None
    assert due(story, "archive") == NOW + 9 * DAY


@pytest.mark.clause("S001-14.4", "S000-6.1")
def test_a_red_complaint_is_reviewed_by_its_department_and_of_others_nobody_must() -> None:
    assert due(a_case(resolved(NOW), priority=Priority.RED), "review") == at("2026-03-09 18:00")
    assert due(a_case(resolved(NOW)), "review") is None


# Merged, and written down late.


@pytest.mark.clause("S004-1.2")
def test_a_duplicates_clocks_stand_still_and_go_on_where_they_stood_once_the_link_is_undone() -> None:
    merged = a_case(linked(NOW + 10 * HOUR))
    assert [due(merged, clock, NOW + DAY) for clock in ("solution", "progress", "first_substantive")] == [None] * 3
    looked = facts(merged.workflow_looks(NOW + 30 * DAY))
    assert "solution" not in [f.clock for f in looked if isinstance(f, ClockBreached)]
    free = merged.and_then(unlinked(NOW + 100 * HOUR))
    assert due(free, "solution") == NOW + 114 * HOUR


@pytest.mark.clause("S004-1.2")
def test_the_earlier_complaint_counts_on_when_another_one_is_merged_into_it() -> None:
    assert due(a_case(linked(NOW + HOUR, leads=True)), "solution") == NOW + 24 * HOUR


@pytest.mark.clause("S001-14.1")
def test_a_reply_written_down_after_the_breach_does_not_undo_it_and_makes_no_second_one() -> None:
    limit = NOW + 48 * HOUR
    story = a_case(controls.breached(limit + HOUR, "first_substantive", limit), controls.told(limit - HOUR))
    (reading,) = [r for r in read(story, "first_substantive", limit + DAY) if r.due_at == limit]
    assert reading.is_missed(limit + DAY)
    assert reading.stopped_version == 5
    assert not [f for f in facts(story.workflow_looks(limit + DAY)) if getattr(f, "clock", "") == "first_substantive"]


@pytest.mark.clause("S001-14.1")
def test_a_question_written_down_after_the_breach_moves_no_deadline() -> None:
    limit = NOW + 24 * HOUR
    asked = fact(NOW + HOUR, InformationRequested(what="凭证", reason="核对"))
    story = a_case(controls.breached(limit + HOUR, "solution", limit), asked)
    assert is_missed(story, "solution", limit, limit + DAY)


@pytest.mark.clause("S001-14.1")
def test_nothing_falls_due_by_another_policy_before_the_complaint_was_moved_to_it() -> None:
    moved = PolicyMigrated(former="default-cn@0", to="default-cn@1", reason="新规")
    story = a_case(fact(NOW + 30 * HOUR, moved))
    broken = [f for f in facts(story.workflow_looks(NOW + 49 * HOUR)) if isinstance(f, ClockBreached)]
    assert broken
    assert min(f.due_at for f in broken) >= NOW + 30 * HOUR


@pytest.mark.parametrize(("by", "looks"), [(AGENT, True), (controls.machine(), False)], ids=["person", "machine"])
def test_sorting_by_a_person_makes_the_workflow_look_and_its_own_does_not(by: Actor, looks: bool) -> None:
    stored = encode(controls.classified(NOW)._replace(actor=by), NOW)
    assert wants(Service.WORKFLOW, "complaint.classified", stored) is looks


@pytest.mark.clause("S001-14.1")
def test_every_fact_that_starts_a_clock_of_people_makes_the_workflow_look() -> None:
    starts = {
        pattern.name
        for spec in CLOCKS.specs.values()
        for pattern in map(parse_pattern, (*spec.start, *((spec.extend,) if spec.extend else ())))
    }
    wanted = {BY_TYPE[type_].__name__ for type_ in WANTED[Service.WORKFLOW]}
    assert starts - wanted == {"Classified"}  # the workflow's own; a person's sorting makes it look all the same
