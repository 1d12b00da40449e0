"""A billing error: twice the difference, checked first, paid by somebody else, by preferred means (S002-6.1..6.6)."""

from decimal import Decimal

import pytest

from events.ending import Reopened
from events.execution import RefundPaid, RefundVerified, StepCompleted
from events.solution import ApprovalGiven, ApprovalRefused, ApprovalRequested
from events.vocabulary import BillingError, RefundMethod
from policy.handling.refund import figures_sha256, refund_owed
from tests import controls
from tests.bdd import Given, code, decided, given, refusal
from tests.outcomes import NOW, act, an_agreed_plan, checked, done, paid, remedy, resolved, verified
from tests.solutions import after

FACTOR = controls.policy().document.refund.factor
BILL = {"charged": "30.01", "due": "10.00", "currency": "CNY"}
PAYMENT = {"method": "adjustment", "reference": "ADJ-1"}


def a_bill() -> Given:
    """A complaint about a charge, handed out and verified by Liu Yang."""
    return given(*controls.handed_out(text=controls.OVERCHARGED), verified("liu.yang"))


@pytest.mark.clause("S002-6.1")
@pytest.mark.parametrize(
    ("charged", "due", "refund"),
    [
        ("30.01", "10.00", "40.02"),
        ("10.01", "10.00", "0.02"),
        ("10.00", "10.00", "0.00"),
        ("9.99", "10.00", "0.00"),
        ("0", "0", "0.00"),
        ("10.0025", "10.00", "0.01"),
        ("10.0024", "10.00", "0.00"),
        ("0.1", "0", "0.20"),
        ("1000000.01", "0.01", "2000000.00"),
    ],
)
def test_twice_what_was_charged_too_much_is_owed_rounded_once_half_up(charged: str, due: str, refund: str) -> None:
    assert str(refund_owed(Decimal(charged), Decimal(due), FACTOR)) == refund


@pytest.mark.clause("S002-6.2", "S004-5.3")
def test_the_payment_carries_out_the_refund_the_customer_agreed_to() -> None:
    plan = an_agreed_plan(remedy("1", "refund", ("apply", "pay")), remedy("2", "apology", ("apologise",)))
    story = given(*plan, checked())
    [_, *steps] = decided(story.when("pay_refund", "hu.mei", NOW, **PAYMENT))
    assert steps == [StepCompleted(step="1.apply"), StepCompleted(step="1.pay")]
    [_, *last] = decided(story.and_then(*done("1.apply", "2.apologise")).when("pay_refund", "hu.mei", NOW, **PAYMENT))
    assert last == [StepCompleted(step="1.pay", last=True)]
    over = story.and_then(*done("2.apologise"), paid(), *(act(step) for step in steps))
    assert decided(over.when("resolve", "li.na", NOW, outcome="corrected"))


@pytest.mark.clause("S002-6.1", "S002-6.3")
def test_the_check_records_the_figures_the_refund_and_the_kind_of_error() -> None:
    answer = a_bill().when("verify_refund", "liu.yang", NOW, **BILL, error="excess")
    assert answer == [
        RefundVerified(
            charged=Decimal("30.01"),
            due=Decimal("10.00"),
            refund=Decimal("40.02"),
            currency="CNY",
            error=BillingError.EXCESS,
        )
    ]


@pytest.mark.clause("S002-6.1")
def test_places_beyond_the_cent_are_kept_so_that_the_refund_can_be_checked() -> None:
    [fact] = decided(a_bill().when("verify_refund", "liu.yang", NOW, charged="10.0025", due="10"))
    assert isinstance(fact, RefundVerified)
    assert (str(fact.charged), str(fact.due), str(fact.refund)) == ("10.0025", "10.00", "0.01")


@pytest.mark.clause("S002-6.1")
def test_where_too_little_was_charged_it_is_recorded_and_nothing_is_paid() -> None:
    [fact] = decided(a_bill().when("verify_refund", "liu.yang", NOW, charged="9.99", due="10.00", currency="CNY"))
    assert isinstance(fact, RefundVerified)
    assert (fact.refund, fact.payable) == (Decimal(0), False)
    none_owed = a_bill().and_then(checked("0"))
    assert code(none_owed.when("pay_refund", "hu.mei", NOW, **PAYMENT)) == "nothing_to_pay"


@pytest.mark.clause("S002-6.4")
def test_the_clock_of_a_refund_runs_from_the_check_and_not_where_nothing_is_owed() -> None:
    clocks = controls.policy().clocks
    owed, none = a_bill().and_then(checked()).case, a_bill().and_then(checked("0")).case
    due = {r.clock: r.due_at for r in clocks.readings(owed.history, owed.complaint, NOW)}
    assert due["refund"] == NOW + 7 * 24 * controls.HOUR
    assert "refund" not in {r.clock for r in clocks.readings(none.history, none.complaint, NOW)}


@pytest.mark.clause("S002-6.2", "S003-2.4")
def test_nobody_pays_before_somebody_checked() -> None:
    refused = refusal(a_bill().when("pay_refund", "hu.mei", NOW, **PAYMENT))
    assert (refused.code, refused.requirement) == ("refund_not_verified", "S002-6.2")


@pytest.mark.clause("S002-6.2", "S003-2.4")
def test_finance_pays_what_somebody_else_checked() -> None:
    answer = a_bill().and_then(checked()).when("pay_refund", "hu.mei", NOW, **PAYMENT)
    amount = Decimal("40.02")
    assert answer == [
        RefundPaid(amount=amount, currency="CNY", method=RefundMethod.ADJUSTMENT, reference="ADJ-1", reason="")
    ]


@pytest.mark.clause("S002-6.2", "S003-2.4")
def test_whoever_checked_does_not_pay_and_compliance_sees_the_try() -> None:
    refused = refusal(a_bill().and_then(checked(by="hu.mei")).when("pay_refund", "hu.mei", NOW, **PAYMENT))
    assert (refused.code, refused.requirement, refused.recorded) == ("four_eyes", "S002-6.2", True)


@pytest.mark.clause("S002-6.2", "S003-2.4")
def test_whoever_established_the_facts_does_not_pay_either() -> None:
    found = given(*controls.handed_out(), verified("hu.mei"), checked(by="liu.yang"))
    assert code(found.when("pay_refund", "hu.mei", NOW, **PAYMENT)) == "four_eyes"


@pytest.mark.clause("S002-6.2")
def test_only_those_who_may_pay_are_named_instead_of_whoever_checked() -> None:
    assert refusal(a_bill().and_then(checked(by="li.na")).when("pay_refund", "li.na", NOW, **PAYMENT)).may == (
        "hu.mei",
    )


@pytest.mark.clause("S002-6.2")
@pytest.mark.parametrize("person", ["zhang.wei", "zhao.lei", "chen.jie", "wu.hao"])
def test_only_finance_pays(person: str) -> None:
    refused = refusal(a_bill().and_then(checked(by="li.na")).when("pay_refund", person, NOW, **PAYMENT))
    assert (refused.code, refused.may) == ("not_finance", ("hu.mei",))


@pytest.mark.clause("S002-6.2")
@pytest.mark.parametrize("person", ["chen.jie", "wu.hao"])
def test_people_who_decide_nothing_about_complaints_check_no_refund(person: str) -> None:
    assert code(a_bill().when("verify_refund", person, NOW, **BILL)) == "may_not_verify"


@pytest.mark.clause("S002-6.2")
def test_a_refund_is_paid_once() -> None:
    settled = a_bill().and_then(checked(), paid())
    assert code(settled.when("pay_refund", "hu.mei", NOW, **PAYMENT)) == "already_paid"
    assert code(settled.when("verify_refund", "liu.yang", NOW, **BILL)) == "already_paid"


@pytest.mark.clause("S002-6.2")
def test_the_same_figures_are_not_paid_again_after_a_reopening_other_figures_may_be() -> None:
    again = a_bill().and_then(checked(), paid(), resolved(), act(Reopened(round=2, reason="仍有误")), verified("li.na"))
    assert code(again.when("verify_refund", "liu.yang", NOW, **BILL)) == "already_paid"
    assert decided(again.when("verify_refund", "liu.yang", NOW, charged="5", due="4", currency="CNY"))


@pytest.mark.clause("S000-3.9")
@pytest.mark.parametrize(("charged", "asks"), [("50", False), ("50.01", True)])
def test_above_the_checkers_limit_somebody_higher_approves(charged: str, asks: bool) -> None:
    answer = decided(a_bill().when("verify_refund", "liu.yang", NOW, charged=charged, due="0", currency="CNY"))
    assert any(isinstance(fact, ApprovalRequested) for fact in answer) is asks


@pytest.mark.clause("S000-3.9", "S002-6.2")
def test_a_refund_that_waits_for_approval_is_not_paid_until_it_is_given() -> None:
    verified_, asked = decided(a_bill().when("verify_refund", "liu.yang", NOW, charged="100", due="0", currency="CNY"))
    assert isinstance(asked, ApprovalRequested)
    assert (asked.subject, asked.stages) == ("refund-5", (("supervisor",),))
    waiting = a_bill().and_then(act(verified_, "liu.yang"), act(asked, "liu.yang"))
    assert code(waiting.when("pay_refund", "hu.mei", NOW, **PAYMENT)) == "approval_pending"
    approval = {"subject": asked.subject, "content_sha256": asked.content_sha256, "as_role": "supervisor"}
    [given_] = decided(waiting.when("approve", "he.jing", NOW, **approval))
    assert isinstance(given_, ApprovalGiven)
    assert decided(waiting.and_then(act(given_, "he.jing")).when("pay_refund", "hu.mei", NOW, **PAYMENT))


@pytest.mark.clause("S000-3.9")
def test_a_refund_that_was_refused_is_not_paid() -> None:
    answer = decided(a_bill().when("verify_refund", "liu.yang", NOW, charged="100", due="0", currency="CNY"))
    waiting = a_bill().and_then(*(act(fact, "liu.yang") for fact in answer))
    asked = waiting.complaint.solution.approval("refund-5")
    assert asked is not None
    no = ApprovalRefused(
        subject=asked.subject, content_sha256=asked.content_sha256, as_role="supervisor", reason="不符"
    )
    refused = waiting.and_then(act(no, "he.jing")).when("pay_refund", "hu.mei", NOW, **PAYMENT)
    assert code(refused) == "approval_refused"


@pytest.mark.clause("S002-1.15", "S002-6.2")
def test_other_figures_need_another_approval() -> None:
    one, other = (figures_sha256(Decimal(charged), Decimal(0), Decimal(200), "CNY") for charged in ("100.00", "100.01"))
    assert one != other


@pytest.mark.clause("S000-3.9")
def test_above_every_limit_the_boards_written_ground_is_needed() -> None:
    huge = {"charged": "5000.01", "due": "0", "currency": "CNY"}
    refused = refusal(a_bill().when("verify_refund", "liu.yang", NOW, **huge))
    assert (refused.code, refused.recorded) == ("beyond_every_limit", True)
    assert refused.may == ("board",)
    _, asked = decided(a_bill().when("verify_refund", "liu.yang", NOW, **huge, ground="董事会决议 2026-3"))
    assert isinstance(asked, ApprovalRequested)
    assert asked.stages == (("manager",),)


@pytest.mark.clause("S000-3.9")
def test_money_of_another_currency_is_not_held_against_limits_it_is_not_measured_in() -> None:
    answer = a_bill().when("verify_refund", "li.na", NOW, charged="50", due="0", currency="USD")
    assert (code(answer), refusal(answer).requirement) == ("currency_not_covered", "S000-3.9")
    [fact] = decided(a_bill().when("verify_refund", "li.na", NOW, charged="50", due="0"))
    assert isinstance(fact, RefundVerified)
    assert fact.currency == "CNY"


@pytest.mark.clause("S002-1.15", "S000-3.9")
def test_a_refund_checked_anew_waits_alone_and_nobody_approves_the_old_figures() -> None:
    once = after(a_bill(), "verify_refund", "liu.yang", NOW, charged="100", due="0")
    old = once.complaint.solution.waiting("refund")[0]
    again = after(once, "verify_refund", "liu.yang", NOW, charged="90", due="0")
    assert [approval.subject for approval in again.complaint.solution.waiting()] == ["refund-7"]
    stale = {"subject": old.subject, "content_sha256": old.content_sha256, "as_role": "supervisor"}
    assert code(again.when("approve", "he.jing", NOW, **stale)) == "nothing_to_approve"
    small = after(again, "verify_refund", "liu.yang", NOW, charged="1", due="0")
    assert small.complaint.solution.waiting() == ()


@pytest.mark.clause("S002-6.5")
@pytest.mark.parametrize("method", ["adjustment", "top_up"])
def test_an_adjustment_or_a_top_up_needs_no_reason(method: str) -> None:
    assert decided(a_bill().and_then(checked()).when("pay_refund", "hu.mei", NOW, method=method, reference="R-1"))


@pytest.mark.clause("S002-6.5")
def test_any_other_method_needs_a_reason() -> None:
    owed = a_bill().and_then(checked())
    transfer = {"method": "transfer", "reference": "T-1"}
    assert code(owed.when("pay_refund", "hu.mei", NOW, **transfer)) == "method_needs_reason"
    assert code(owed.when("pay_refund", "hu.mei", NOW, **transfer, reason="")) == "method_needs_reason"
    assert decided(owed.when("pay_refund", "hu.mei", NOW, **transfer, reason="客户已销户"))


@pytest.mark.clause("S002-6.2")
def test_a_refund_needs_no_agreement_and_is_paid_before_the_complaint_is_resolved() -> None:
    owed = a_bill().and_then(checked())
    assert code(owed.when("resolve", "liu.yang", NOW, outcome="corrected")) == "refund_unpaid"
    assert decided(owed.and_then(paid()).when("resolve", "liu.yang", NOW, outcome="corrected"))
