"""Carried out, paid, ended, learned: each rule broken by one altered fact, and kept beside it (S000-4.1, S002-0.3)."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from events.contact import Replied
from events.ending import Archived, CalledBack, NotAccepted, Reopened, Resolved, Withdrawn
from events.envelope import Entry
from events.execution import (
    CommitmentKept,
    CommitmentMade,
    DeadlineExtended,
    RefundPaid,
    RefundVerified,
    StepCompleted,
    StepFailed,
)
from events.learning import ActionPlanned, ActionTaken, EffectMeasured, Reviewed
from events.participation import TaskOpened
from events.privacy import Restricted, RestrictionLifted
from events.solution import CustomerAgreed, CustomerDeclined
from events.verification import Verified
from events.vocabulary import (
    DemandResult,
    Ground,
    Liable,
    Medium,
    Outcome,
    Priority,
    RefundMethod,
    ReplyKind,
    Resolution,
)
from services.compliance.conformance import (
    afterwards,
    callback,
    ending,
    execution,
    extension,
    filing,
    learning,
    promises,
    refunds,
    told,
)
from services.compliance.conformance.examined import Examined
from tests import controls, examples
from tests.controls import HOUR, SECOND
from tests.examining import altered, by, entries, examined, of_case, said, tells, version_of, with_more, without
from tests.outcomes import (
    act,
    called_back,
    carried_out,
    checked,
    declined_with,
    ended,
    paid,
    promised,
    proposed,
    resolved,
    taken,
    verified,
)
from tests.solutions import LATER, NOW, after, offer, ready
from tests.solutions import evidence as piece

DAY = 24 * HOUR
SOON = NOW + 30 * HOUR


def lived() -> Examined:
    """Proposed, agreed, carried out, told, resolved, called back, reviewed and archived by the real decisions."""
    state = after(ready(demands=("补偿",)), "propose_solution", "li.na", **offer("100"))
    state = after(state, "agree", "li.na", medium="phone", words="可以")
    state = after(state, "reply", "li.na", kind="explanation", medium="phone", text="给您带来不便，我很抱歉。")
    state = after(state, "promise", "li.na", what="回电", by=(LATER + DAY).isoformat())
    for step in ("1.apply", "1.pay"):
        state = after(state, "complete_step", "li.na", step=step)
    state = after(state, "resolve", "li.na", outcome="corrected")
    state = after(state, "keep_promise", "li.na", promise="p1")
    state = after(state, "call_back", "li.na", SOON, solved=True, satisfied=True, medium="phone")
    answers = dict.fromkeys(("what", "why", "when", "where", "who", "how", "cause", "lesson"), "说明")
    due = (SOON + 7 * DAY).isoformat()
    actions = [{"what": "培训", "owner": "liu.yang", "due": due}]
    state = after(state, "review", "wang.fang", SOON, **answers, actions=actions)
    state = after(state, "archive", "li.na", SOON)
    state = after(state, "take_action", "liu.yang", SOON, action="a1")
    today = SOON.date().isoformat()
    measured = {"action": "a1", "before": "3", "after": "1", "since": today, "until": today}
    return of_case(after(state, "measure_effect", "liu.yang", SOON, **measured).case)


LIFE = lived()


def at(kind: Any, number: int = 1) -> int:
    return version_of(LIFE, kind, number)


@pytest.mark.clause("S000-4.1")
def test_a_step_done_before_the_customer_agreed_is_found() -> None:
    check = execution.nothing_is_done_before_the_customer_agreed
    tells(check, "S000-4.1", LIFE, without(LIFE, at(CustomerAgreed)))
    again = [act(Reopened(round=2, reason="不满意"), moment=SOON), act(StepCompleted(step="1.pay"), moment=SOON)]
    tells(check, "S000-4.1", LIFE, with_more(LIFE, *again))


@pytest.mark.clause("S004-5.3")
def test_a_step_out_of_order_done_twice_or_in_no_plan_is_found() -> None:
    check, first, second = execution.steps_follow_the_plan, at(StepCompleted), at(StepCompleted, 2)
    tells(check, "S004-5.3", LIFE, without(LIFE, first))
    tells(check, "S004-5.3", LIFE, altered(LIFE, second, said(step="1.apply")))
    tells(check, "S004-5.3", LIFE, altered(LIFE, second, said(step="2.pay")))
    tells(check, "S004-5.3", LIFE, altered(LIFE, second, said(last=False)))
    tells(check, "S004-5.3", LIFE, altered(LIFE, first, said(last=True)))
    failed = entries(LIFE)
    failed.insert(second - 1, act(StepFailed(step="1.pay"), moment=LATER))
    assert not list(check.violations(examined(*failed)))


@pytest.mark.clause("S000-4.1", "S004-4.3", "S004-5.5")
def test_an_answer_to_a_proposal_that_does_not_stand_is_found() -> None:
    check, answer = execution.the_customer_answers_what_stands, at(CustomerAgreed)
    tells(check, "S000-4.1", LIFE, altered(LIFE, answer, said(proposal=2)))
    tells(check, "S000-4.1", LIFE, altered(LIFE, answer, said(words=" ")))
    tells(check, "S004-4.3", LIFE, altered(LIFE, answer, said(due=None)))
    tells(check, "S000-4.1", LIFE, examined(*entries(LIFE)[:answer], entries(LIFE)[answer - 1]))
    no = act(CustomerDeclined(proposal=1, medium=Medium.PHONE, words="太少"), moment=LATER)
    before, begun = entries(LIFE)[:answer], entries(LIFE)[: at(StepCompleted)]
    tells(check, "S004-5.5", examined(*before, no), examined(*begun, no))


@pytest.mark.clause("S001-18.10")
def test_a_promise_for_the_past_for_too_far_ahead_or_for_the_night_is_found() -> None:
    check, known, longest = promises.promises_are_feasible, controls.handed_out(), timedelta(days=90)
    lawful = examined(*known, act(CommitmentMade(promise="p1", what="回电", by=NOW + longest, person="li.na")))
    tells(check, "S001-18.10", lawful, altered(lawful, 4, said(by=NOW + longest + SECOND)))
    tells(check, "S001-18.10", lawful, altered(lawful, 4, said(by=NOW)))
    evening = controls.at("2026-03-02 21:00")
    night = examined(
        *controls.handed_out(evening),
        act(CommitmentMade(promise="p1", what="回电", by=evening + 12 * HOUR, person="li.na"), moment=evening),
    )
    tells(check, "S001-18.10", altered(night, 4, said(by=evening + 12 * HOUR + SECOND)), night)


@pytest.mark.clause("S003-3.1", "S001-9.3")
def test_substance_promised_before_verification_is_found() -> None:
    promise = promised(what="赔偿到账")
    lawful = examined(*controls.handed_out(), verified(), promise)
    tells(promises.substance_is_promised_after_verification, "S003-3.1", lawful, without(lawful, 4))


@pytest.mark.clause("S003-6.2", "S001-10.4")
def test_a_promise_kept_exactly_in_time_is_in_time_and_a_late_one_not_called_late_is_found() -> None:
    check = promises.promises_are_registered_truly
    kept = act(CommitmentKept(promise="p1", late=False), moment=NOW + DAY)
    lawful = examined(*controls.handed_out(), promised(), kept)
    late = examined(*controls.handed_out(), promised(), kept._replace(occurred_at=NOW + DAY + SECOND))
    tells(check, "S003-6.2", lawful, late)
    tells(check, "S003-6.2", lawful, altered(lawful, 5, said(late=True)))
    tells(check, "S003-6.2", lawful, altered(lawful, 5, said(promise="p2")))
    tells(check, "S003-6.2", lawful, with_more(lawful, kept))
    tells(check, "S003-6.2", lawful, altered(lawful, 4, said(promise="p2")))


def extended() -> Examined:
    """More time granted by the real decision, as far as it goes."""
    state = ready()
    until = NOW + timedelta(days=1, hours=24 * 14)
    more = {"clock": "solution", "until": until.isoformat(), "reason": "等待检测报告"}
    return of_case(after(state, "extend", "wang.fang", LATER, **more).case)


@pytest.mark.clause("S003-2.5")
def test_more_time_by_a_colleague_for_another_clock_too_far_or_too_often_is_found() -> None:
    check, lawful = extension.extensions_are_granted_within_bounds, extended()
    last = version_of(lawful, DeadlineExtended)
    until = lawful.history[last - 1].fact.until  # type: ignore[attr-defined]
    tells(check, "S003-2.5", lawful, altered(lawful, last, by("li.na")))
    for wrong in ({"clock": "progress"}, {"until": until + SECOND}, {"until": NOW + DAY}, {"reason": " "}):
        tells(check, "S003-2.5", lawful, altered(lawful, last, said(**wrong)))
    again = [
        act(DeadlineExtended(clock="solution", until=until + n * HOUR, reason="等"), "wang.fang", LATER) for n in (1, 2)
    ]
    tells(check, "S003-2.5", with_more(lawful, again[0]), with_more(lawful, *again))
    stopped = with_more(
        of_case(after(ready(), "propose_solution", "li.na", **offer("100", answers={"补偿": {"result": "met"}})).case),
        again[0],
    )
    assert "S003-2.5" in {violation.requirement for violation in check.violations(stopped)}


PAID = examined(*controls.handed_out(), verified(), checked(by="liu.yang"), paid())
"""Verified by Li Na, checked by Liu Yang, paid by finance: 40.02 for 20.01 too much."""


@pytest.mark.clause("S002-6.1")
@pytest.mark.parametrize(
    ("charged", "due", "refund"),
    [("30.01", "10.00", "40.02"), ("10.00", "10.00", "0.00"), ("9.99", "10.00", "0.00"), ("10.0025", "10.00", "0.01")],
    ids=["too much", "exactly", "too little", "half a cent is rounded up"],
)
def test_a_refund_one_cent_off_twice_the_difference_is_found(charged: str, due: str, refund: str) -> None:
    owed = Decimal(refund)
    figures = {"charged": Decimal(charged), "due": Decimal(due), "refund": owed, "payable": owed > 0}
    lawful = altered(PAID, 5, said(**figures))
    tells(
        refunds.twice_the_difference_is_owed,
        "S002-6.1",
        lawful,
        altered(lawful, 5, said(refund=owed + Decimal("0.01"))),
    )
    tells(refunds.twice_the_difference_is_owed, "S002-6.1", lawful, altered(lawful, 5, said(payable=not owed)))


@pytest.mark.clause("S002-6.2")
def test_a_payment_unchecked_of_another_amount_or_a_second_time_is_found() -> None:
    check = refunds.a_refund_is_checked_then_paid_once
    tells(check, "S002-6.2", PAID, without(PAID, 5))
    tells(check, "S002-6.2", PAID, altered(PAID, 6, said(amount=Decimal("40.03"))))
    tells(check, "S002-6.2", PAID, with_more(PAID, paid()))
    tells(check, "S002-6.2", PAID, altered(PAID, 5, said(refund=Decimal(0))))


@pytest.mark.clause("S002-6.2")
def test_what_was_paid_and_is_found_owed_again_is_found() -> None:
    check, other = refunds.nothing_paid_is_owed_again, {"charged": Decimal(50), "refund": Decimal(80)}
    again = checked(by="liu.yang", moment=LATER)
    tells(check, "S002-6.2", PAID, with_more(PAID, again))
    reopened = act(Reopened(round=2, reason="又多收"), moment=LATER)
    new = again._replace(fact=again.fact.model_copy(update=other))
    tells(check, "S002-6.2", with_more(PAID, reopened, new), with_more(PAID, reopened, again))
    tells(check, "S002-6.2", PAID, with_more(PAID, new))


@pytest.mark.clause("S002-6.2", "S003-2.4")
def test_one_person_in_two_of_the_three_duties_is_found() -> None:
    check = refunds.verifier_payer_and_reviewer_are_three
    reviewed = act(examples_of(Reviewed), "wang.fang", LATER)
    lawful = with_more(PAID, reviewed)
    for version, who in ((6, "liu.yang"), (6, "li.na")):
        tells(check, "S002-6.2", lawful, altered(lawful, version, by(who)))
    for who in ("liu.yang", "li.na", "hu.mei"):
        tells(check, "S003-2.4", lawful, altered(lawful, 7, by(who)))
    again = with_more(lawful, checked(by="hu.mei", moment=LATER))
    assert "S003-2.4" in {violation.requirement for violation in check.violations(again)}


def examples_of(kind: Any) -> Any:
    """The example of that fact."""
    return next(fact for fact in examples.HANDLING if type(fact) is kind)


@pytest.mark.clause("S002-6.2")
def test_a_refund_checked_or_paid_by_an_office_that_does_not_is_found() -> None:
    check = refunds.refunds_are_handled_by_their_offices
    tells(check, "S002-6.2", PAID, altered(PAID, 5, by("chen.jie")))
    tells(check, "S002-6.2", PAID, altered(PAID, 6, by("zhao.lei")))


@pytest.mark.clause("S002-6.5")
def test_a_refund_by_transfer_without_a_reason_or_without_a_reference_is_found() -> None:
    check = refunds.refunds_go_by_preferred_means
    tells(check, "S002-6.5", PAID, altered(PAID, 6, said(method=RefundMethod.TRANSFER)))
    tells(check, "S002-6.5", PAID, altered(PAID, 6, said(reference=" ")))
    reasoned = altered(PAID, 6, said(method=RefundMethod.TRANSFER, reason="客户已销户"))
    assert not list(check.violations(reasoned))


@pytest.mark.clause("S002-6.6")
def test_a_notice_of_a_payment_that_was_not_made_is_found() -> None:
    notice: dict[str, Any] = {"kind": ReplyKind.REFUND, "text": "退费已办理"}
    lawful = with_more(PAID, controls.started(NOW, "refund-6", **notice))
    tells(
        told.notices_tell_of_what_happened,
        "S002-6.6",
        lawful,
        with_more(PAID, controls.started(NOW, "refund-5", **notice)),
    )
    tells(
        told.notices_tell_of_what_happened,
        "S002-6.6",
        lawful,
        with_more(without(PAID, 6), controls.started(NOW, "refund-6", **notice)),
    )


@pytest.mark.clause("S000-3.1", "S002-3.2", "S000-4.1")
def test_a_resolution_without_a_solution_or_an_explanation_is_found() -> None:
    check = ending.nothing_ends_without_a_solution
    tells(check, "S000-3.1", LIFE, without(LIFE, at(CustomerAgreed), at(StepCompleted), at(StepCompleted, 2)))
    clear = examined(
        *controls.handed_out(),
        verified(),
        controls.told(LATER, kind=ReplyKind.EXPLANATION),
        resolved(LATER, Resolution.CLARIFIED),
    )
    tells(check, "S002-3.2", clear, without(clear, 5))
    tells(check, "S002-3.2", clear, altered(clear, 5, said(kind=ReplyKind.PROGRESS)))
    tells(check, "S000-3.1", clear, altered(clear, 6, said(outcome=Resolution.PARTLY)))
    refund = examined(*entries(PAID), resolved(LATER))
    tells(check, "S000-3.1", refund, without(refund, 5, 6))


@pytest.mark.clause("S000-3.1", "S002-2.1")
def test_a_reasoned_refusal_clarifies_and_a_bare_one_does_not() -> None:
    def refused(reason: str | None, alternative: str | None) -> Examined:
        answer = declined_with(reason, alternative)
        assert answer.result is DemandResult.DECLINED
        return examined(
            *controls.handed_out(), verified(), proposed(answers=(answer,)), resolved(LATER, Resolution.CLARIFIED)
        )

    tells(ending.nothing_ends_without_a_solution, "S002-3.2", refused("无此规定", "优惠券"), refused("无此规定", None))


@pytest.mark.clause("S002-3.2", "S002-6.2", "S001-16.5", "S001-6.6", "S000-3.5")
def test_a_resolution_with_a_step_a_refund_or_a_part_of_others_left_is_found() -> None:
    check = ending.nothing_is_left_undone_at_the_resolution
    tells(check, "S002-3.2", LIFE, without(LIFE, at(StepCompleted, 2)))
    task = act(TaskOpened(task="t1", department="logistics", person="sun.li", what="核对", due=LATER), moment=NOW)
    known = entries(LIFE)
    tells(check, "S001-16.5", LIFE, examined(*known[:4], task, *known[4:]))
    suggested = task._replace(actor=controls.machine())
    assert not list(check.violations(examined(*known[:4], suggested, *known[4:])))
    refund = examined(*entries(PAID), resolved(LATER))
    tells(check, "S002-6.2", refund, without(refund, version_of(refund, RefundPaid)))


@pytest.mark.clause("S002-7.3", "S002-7.4", "S002-7.5", "S002-7.6", "S002-7.7")
@pytest.mark.parametrize(
    ("ground", "clause"), list(zip(Ground, ("S002-7.3", "S002-7.4", "S002-7.5", "S002-7.6"), strict=True))
)
def test_not_accepting_without_proof_is_found_on_every_ground(ground: Ground, clause: str) -> None:
    check = ending.not_accepting_has_its_ground_and_proof
    lawful = examined(*controls.handed_out(), act(NotAccepted(ground=ground, proof="(2026)京01民终1号"), moment=LATER))
    tells(check, clause, lawful, altered(lawful, 4, said(proof=" ")))


@pytest.mark.clause("S002-7.7", "S004-3.3")
def test_not_accepting_on_evidence_nobody_checked_is_found() -> None:
    end = act(NotAccepted(ground=Ground.SETTLED, proof="e" * 64), moment=LATER)
    lawful = examined(*controls.handed_out(), piece(NOW), end)
    tells(ending.not_accepting_has_its_ground_and_proof, "S002-7.3", lawful, altered(lawful, 4, said(authentic=None)))
    by_name = altered(lawful, 5, said(proof="附件"))
    tells(
        ending.not_accepting_has_its_ground_and_proof, "S002-7.3", by_name, altered(by_name, 4, said(authentic=False))
    )


@pytest.mark.clause("S003-5.7", "S002-3.2")
def test_a_withdrawal_without_words_or_after_the_resolution_is_found() -> None:
    check, back = ending.complaints_are_taken_back_in_words, act(Withdrawn(words="不投诉了"), moment=LATER)
    lawful = examined(*controls.handed_out(), back)
    tells(check, "S003-5.7", lawful, altered(lawful, 4, said(words="")))
    tells(check, "S002-3.2", lawful, examined(*ended(), back))


@pytest.mark.clause("S002-3.2")
def test_a_second_resolution_without_a_reopening_is_found() -> None:
    again = [act(Reopened(round=2, reason="不满意"), moment=LATER), resolved(LATER)]
    lawful = examined(*ended(), *again)
    tells(ending.nothing_is_resolved_twice, "S002-3.2", lawful, examined(*ended(), again[1]))


@pytest.mark.clause("S002-0.3")
def test_handling_after_the_end_without_a_reopening_is_found() -> None:
    check = afterwards.nothing_is_handled_after_the_end
    for fact in (
        Verified(facts="x", liable=Liable.COMPANY, cause="y"),
        CommitmentMade(promise="p2", what="x", by=SOON + DAY, person="li.na"),
    ):
        again = [act(Reopened(round=2, reason="新情况"), moment=SOON), act(fact, moment=SOON)]
        tells(check, "S002-0.3", with_more(LIFE, *again), with_more(LIFE, again[1]))
    tells(check, "S002-0.3", LIFE, with_more(LIFE, controls.escalated(SOON)))
    tells(check, "S002-0.3", LIFE, with_more(LIFE, act(StepCompleted(step="1.pay"), moment=SOON)))


def test_handling_while_personal_data_are_stored_only_is_found() -> None:
    check = afterwards.nothing_is_handled_while_stored_only
    stored, used = act(Restricted(), "wu.hao", LATER), act(RestrictionLifted(), "wu.hao", LATER)
    known, told_so = controls.handed_out(), controls.told(LATER)
    tells(check, "M16", examined(*known, stored, used, told_so), examined(*known, stored, told_so))


@pytest.mark.clause("S002-0.3", "S004-6.6")
def test_an_archive_before_the_callback_or_of_a_dissatisfied_customer_is_found() -> None:
    check = callback.nothing_is_archived_before_the_callback
    tells(check, "S002-0.3", LIFE, without(LIFE, at(CalledBack)))
    tells(check, "S004-6.6", LIFE, altered(LIFE, at(CalledBack), said(satisfied=False)))
    tells(check, "S002-0.3", LIFE, without(LIFE, at(Resolved), at(CalledBack)))
    tells(check, "S002-0.3", LIFE, altered(LIFE, at(Archived), said(ground="callback_exhausted")))


def in_vain(*hours: float, archived: float = 48) -> Examined:
    """Resolved at eleven, tried so many hours later, archived in the end."""
    tries = [controls.not_reached(LATER + hour * HOUR) for hour in hours]
    end = act(Archived(ground="callback_exhausted"), moment=LATER + archived * HOUR)
    return examined(*ended(LATER), *tries, end)


@pytest.mark.clause("S002-0.3", "S002-1.10", "S002-1.11")
def test_three_further_attempts_three_hours_apart_in_48_hours_are_enough_and_fewer_are_found() -> None:
    check, lawful = callback.nothing_is_archived_before_the_callback, in_vain(0, 3, 6, 9)
    for broken in (
        in_vain(0, 3, 6),
        in_vain(0, 3, 6, 8.999),
        in_vain(0, 3, 6, 11),
        in_vain(0, 3, 6, 9, archived=47.999),
    ):
        tells(check, "S002-0.3", lawful, broken)
    assert not list(check.violations(in_vain(0, 3, 6, 48)))
    unheard = altered(lawful, version_of(lawful, Archived) - 1, said(outcome=Outcome.UNKNOWN))
    tells(check, "S002-0.3", lawful, unheard)


@pytest.mark.clause("S004-6.1", "S004-6.3")
def test_a_callback_before_the_resolution_twice_or_by_the_wrong_means_is_found() -> None:
    check = callback.callbacks_follow_the_resolution
    tells(check, "S004-6.1", LIFE, without(LIFE, at(Resolved)))
    known = entries(LIFE)
    tells(check, "S004-6.1", LIFE, examined(*known[: at(CalledBack)], called_back()))
    red = [controls.received(NOW), controls.classified(NOW, Priority.RED), *ended()[2:], called_back()]
    lawful = examined(*red)
    tells(check, "S004-6.3", lawful, altered(lawful, len(red), said(medium=Medium.CHAT)))
    yellow = altered(altered(lawful, len(red), said(medium=Medium.CHAT)), 2, said(priority=Priority.YELLOW))
    assert not list(check.violations(yellow))


def looked(*facts: Any) -> list[Entry]:
    """What one look of the workflow added."""
    return [Entry(fact, SOON + DAY, controls.machine(), "c/13", controls.POLICY_ID) for fact in facts]


@pytest.mark.clause("S004-6.6")
def test_a_dissatisfied_customer_whose_complaint_is_looked_at_but_not_reopened_is_found() -> None:
    angry = [*ended(), called_back(satisfied=False)]
    breach = controls.breached(SOON, "archive", SOON).fact
    lawful = examined(*angry, *looked(Reopened(round=2, reason="callback.dissatisfied"), breach))
    tells(callback.the_dissatisfied_begin_anew, "S004-6.6", lawful, examined(*angry, *looked(breach)))
    assert not list(callback.the_dissatisfied_begin_anew.violations(examined(*angry)))


@pytest.mark.clause("S004-6.7", "S001-6.5")
def test_a_suggestion_nobody_was_asked_to_answer_is_found() -> None:
    story = [*ended(), called_back(suggestion="加快退款")]
    task = TaskOpened(task="t1", department="service", person="li.na", what="答复客户建议", due=SOON + 7 * DAY)
    breach = controls.breached(SOON, "archive", SOON).fact
    tells(
        callback.suggestions_are_answered_for,
        "S004-6.7",
        examined(*story, *looked(task, breach)),
        examined(*story, *looked(breach)),
    )


@pytest.mark.clause("S003-3.4")
def test_an_archive_although_nobody_ever_answered_the_customer_is_found() -> None:
    tries = [controls.not_reached(LATER + hour * HOUR) for hour in (0, 3, 6, 9)]
    end = act(Archived(ground="callback_exhausted"), moment=LATER + 48 * HOUR)
    asked = [*carried_out(), resolved(LATER)]
    silent = [entry for entry in asked if not isinstance(entry.fact, CustomerAgreed | Replied)]
    lawful, broken = examined(*asked, *tries, end), examined(*silent, *tries, end)
    tells(callback.nobody_is_left_without_an_answer, "S003-3.4", lawful, broken)
    given_up = controls.exhausted(NOW)
    assert not list(callback.nobody_is_left_without_an_answer.violations(examined(*silent, given_up, *tries, end)))


@pytest.mark.clause("S003-6.2")
def test_an_archive_with_an_open_promise_is_found() -> None:
    tells(filing.promises_are_kept_before_the_archive, "S003-6.2", LIFE, without(LIFE, at(CommitmentKept)))


@pytest.mark.clause("S000-6.1")
def test_a_red_complaint_archived_without_a_review_is_found_and_a_yellow_one_is_not() -> None:
    unreviewed = without(LIFE, at(Reviewed), at(ActionPlanned))
    red = altered(unreviewed, 2, said(priority=Priority.RED))
    tells(filing.reviews_come_before_the_archive, "S000-6.1", unreviewed, red)


@pytest.mark.clause("S002-3.4")
def test_an_archive_without_the_evidence_a_finding_relied_on_is_found() -> None:
    missing = altered(LIFE, at(Verified), said(evidence=("f" * 64,)))
    tells(filing.the_file_is_complete, "S002-3.4", LIFE, missing)


@pytest.mark.clause("S004-7.4", "S000-6.1")
def test_a_review_before_the_end_or_with_an_open_question_is_found() -> None:
    check = learning.reviews_answer_every_question
    tells(check, "S000-6.1", LIFE, without(LIFE, at(Resolved), at(CalledBack)))
    for question in ("what", "why", "when", "where", "who", "how", "cause", "lesson"):
        tells(check, "S004-7.4", LIFE, altered(LIFE, at(Reviewed), said(**{question: ""})))


@pytest.mark.clause("S001-6.3", "S003-5.4")
def test_a_review_that_leads_to_nothing_is_found() -> None:
    check = learning.reviews_lead_to_action
    tells(check, "S003-5.4", LIFE, without(LIFE, at(ActionPlanned)))
    customers = altered(LIFE, at(Verified), said(liable=Liable.CUSTOMER))
    tells(check, "S001-6.3", customers, without(customers, at(ActionPlanned)))
    reasoned = altered(without(customers, at(ActionPlanned)), at(Reviewed), said(no_action="偶发"))
    assert not list(check.violations(reasoned))


@pytest.mark.clause("S004-7.5")
def test_an_action_without_an_owner_a_date_a_number_or_a_review_is_found() -> None:
    check = learning.actions_have_an_owner_and_a_date
    for wrong in ({"owner": "zhu.bajie"}, {"due": SOON}, {"action": "a2"}):
        tells(check, "S004-7.5", LIFE, altered(LIFE, at(ActionPlanned), said(**wrong)))
    tells(check, "S004-7.5", LIFE, without(LIFE, at(Reviewed)))


@pytest.mark.clause("S004-7.5", "S004-7.6")
def test_an_action_reported_by_somebody_else_twice_or_measured_too_early_is_found() -> None:
    check = learning.actions_are_taken_and_measured
    tells(check, "S004-7.5", LIFE, altered(LIFE, at(ActionTaken), by("li.na")))
    assert not list(check.violations(altered(LIFE, at(ActionTaken), by("wang.fang"))))
    tells(check, "S004-7.5", LIFE, with_more(LIFE, taken(SOON)))
    tells(check, "S004-7.6", LIFE, without(LIFE, at(ActionTaken)))
    tells(check, "S004-7.6", LIFE, altered(LIFE, at(EffectMeasured), said(since=date(2026, 3, 1))))
    tells(check, "S004-7.6", LIFE, altered(LIFE, at(EffectMeasured), said(until=date(2099, 1, 1))))


def test_the_life_of_this_file_is_a_whole_one() -> None:
    assert LIFE.complaint.status == "archived"
    assert version_of(PAID, RefundVerified) == 5
