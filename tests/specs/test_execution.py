"""What was agreed is carried out step by step, and nothing before (S000-4.1, S004-5.3, S004-5.4, S004-5.5)."""

import pytest

from events.execution import StepCompleted, StepFailed
from events.solution import DemandAnswered
from events.vocabulary import DemandResult
from tests import controls
from tests.bdd import code, decided, given, refusal
from tests.outcomes import NOW, agreed, an_agreed_plan, carried_out, done, failed, proposed, remedy, verified

APOLOGY = remedy("2", "apology", ("call",))


@pytest.mark.clause("S000-4.1")
@pytest.mark.parametrize("name", ["complete_step", "fail_step"])
def test_nothing_is_carried_out_before_the_customer_agreed(name: str) -> None:
    asked = given(*controls.handed_out(), verified(), proposed(remedy()))
    refused = refusal(asked.when(name, "li.na", NOW, step="1.pick_up"))
    assert (refused.code, refused.requirement) == ("not_agreed", "S000-4.1")


@pytest.mark.clause("S004-5.3")
def test_the_first_step_of_the_agreed_plan_is_recorded_and_is_not_the_last() -> None:
    answer = given(*an_agreed_plan()).when("complete_step", "li.na", NOW, step="1.pick_up", note="已取件")
    assert answer == [StepCompleted(step="1.pick_up", note="已取件", last=False)]


@pytest.mark.clause("S004-5.3")
def test_the_last_step_of_the_whole_plan_says_so() -> None:
    almost = given(*an_agreed_plan(remedy(), APOLOGY), *done("1.pick_up", "1.receive", "2.call"))
    [step] = decided(almost.when("complete_step", "li.na", NOW, step="1.refund"))
    assert isinstance(step, StepCompleted)
    assert step.last


@pytest.mark.clause("S004-5.3")
def test_the_last_step_of_one_remedy_is_not_the_last_while_another_remedy_is_open() -> None:
    almost = given(*an_agreed_plan(remedy(), APOLOGY), *done("1.pick_up", "1.receive"))
    assert almost.when("complete_step", "li.na", NOW, step="1.refund") == [StepCompleted(step="1.refund", last=False)]


@pytest.mark.clause("S004-5.3")
@pytest.mark.parametrize("named", ["1.receive", "1", 1, "receive"])
def test_a_step_is_named_in_full_or_by_its_remedys_number_or_by_its_own_name(named: object) -> None:
    begun = given(*an_agreed_plan(remedy(), APOLOGY), *done("1.pick_up"))
    assert begun.when("complete_step", "li.na", NOW, step=named) == [StepCompleted(step="1.receive")]


@pytest.mark.clause("S004-5.3")
def test_a_remedy_named_by_its_kind_is_done_with_all_that_was_left_of_it_in_order() -> None:
    begun = given(*an_agreed_plan(remedy(), APOLOGY), *done("1.pick_up", "2.call"))
    answer = begun.when("complete_step", "li.na", NOW, step="return")
    assert answer == [StepCompleted(step="1.receive"), StepCompleted(step="1.refund", last=True)]
    failing = begun.when("fail_step", "li.na", NOW, step="return")
    assert failing == [StepFailed(step="1.receive")]


@pytest.mark.clause("S004-5.3")
@pytest.mark.parametrize(
    "named", ["received", "RECEIVED", " 收货 ", "已签收", "1.Receive", "done", "完成", "delivered"]
)
def test_a_step_is_named_by_what_people_say_when_it_is_done(named: str) -> None:
    begun = given(*an_agreed_plan(), *done("1.pick_up"))
    assert begun.when("complete_step", "li.na", NOW, step=named) == [StepCompleted(step="1.receive")]


@pytest.mark.clause("S004-5.3")
@pytest.mark.parametrize("named", ["退货退款", "Return and refund", "RETURN", "退掉这台手机"])
def test_a_remedy_is_named_by_its_other_names_or_by_the_demand_it_alone_answers(named: str) -> None:
    answers = (DemandAnswered(demand="退掉这台手机", result=DemandResult.MET),)
    begun = given(*controls.handed_out(), verified(), proposed(remedy(), answers=answers), agreed())
    steps = [fact.step for fact in decided(begun.when("complete_step", "li.na", NOW, step=named))]  # type: ignore[attr-defined]
    assert steps == ["1.pick_up", "1.receive", "1.refund"]


@pytest.mark.clause("S004-5.3")
def test_everyday_words_keep_the_order_and_mean_what_is_still_open() -> None:
    refused = refusal(given(*an_agreed_plan()).when("complete_step", "li.na", NOW, step="refunded"))
    assert (refused.code, refused.facts["first"]) == ("step_out_of_order", "1.pick_up")
    both = an_agreed_plan(remedy("1", "refund", ("apply", "pay")), remedy("2", "compensation", ("apply", "pay")))
    assert code(given(*both).when("complete_step", "li.na", NOW, step="applied")) == "ambiguous_step"
    assert code(given(*both).when("complete_step", "li.na", NOW, step="done")) == "unknown_step"
    one_left = given(*both, *done("1.apply", "1.pay", "2.apply"))
    for named in ("paid", "支付", "done"):
        assert one_left.when("complete_step", "li.na", NOW, step=named) == [StepCompleted(step="2.pay", last=True)]


@pytest.mark.clause("S004-5.3")
def test_the_steps_of_a_remedy_come_one_after_the_other() -> None:
    refused = refusal(given(*an_agreed_plan()).when("complete_step", "li.na", NOW, step="1.refund"))
    assert (refused.code, refused.facts["first"]) == ("step_out_of_order", "1.pick_up")


@pytest.mark.clause("S004-5.3")
def test_the_steps_of_different_remedies_need_not_wait_for_each_other() -> None:
    plan = given(*an_agreed_plan(remedy(), APOLOGY))
    assert plan.when("complete_step", "li.na", NOW, step="2.call") == [StepCompleted(step="2.call")]


@pytest.mark.clause("S004-5.3")
def test_a_step_nobody_planned_is_answered_with_those_still_open() -> None:
    begun = given(*an_agreed_plan(), *done("1.pick_up"))
    refused = refusal(begun.when("complete_step", "li.na", NOW, step="1.repaint"))
    assert (refused.code, refused.facts["open"]) == ("unknown_step", "1.receive, 1.refund")


@pytest.mark.clause("S004-5.3")
def test_a_name_that_fits_two_remedies_is_asked_for_in_full() -> None:
    twice = given(*an_agreed_plan(remedy("1"), remedy("2")))
    assert code(twice.when("complete_step", "li.na", NOW, step="pick_up")) == "ambiguous_step"


@pytest.mark.clause("S004-5.3")
@pytest.mark.parametrize("name", ["complete_step", "fail_step"])
def test_a_step_that_is_done_stays_done(name: str) -> None:
    begun = given(*an_agreed_plan(), *done("1.pick_up"))
    assert code(begun.when(name, "li.na", NOW, step="1.pick_up")) == "step_done"


@pytest.mark.clause("S004-5.5")
def test_a_failed_step_is_our_own_failure_and_can_be_done_after_all() -> None:
    plan = given(*an_agreed_plan())
    assert plan.when("fail_step", "li.na", NOW, step="1", note="无人在家") == [
        StepFailed(step="1.pick_up", note="无人在家")
    ]
    again = plan.and_then(failed("1.pick_up"))
    assert again.complaint.execution.failures == 1
    assert again.when("complete_step", "li.na", NOW, step="1.pick_up") == [StepCompleted(step="1.pick_up")]


@pytest.mark.clause("S004-5.5")
def test_after_a_failed_step_the_plan_can_be_revised_and_agreed_anew() -> None:
    begun = [*controls.handed_out(demands=("退货",)), verified(), proposed(remedy()), agreed()]
    stuck = given(*begun, failed("1.pick_up"))
    data = {
        "remedies": [{"kind": "refund", "amount": "50"}],
        "answers": {"退货": {"result": "met"}},
        "basis": "取件失败,改为直接退款",
    }
    [revised, *_] = decided(stuck.when("propose_solution", "wang.fang", NOW, **data))
    assert getattr(revised, "number", None) == 2


@pytest.mark.clause("S004-5.4")
def test_every_step_of_the_plan_has_a_responsible_person_the_company_knows() -> None:
    plan = given(*an_agreed_plan(remedy(), APOLOGY))
    assert len(plan.complaint.plan) == 4
    assert all(step.responsible in plan.company.person for step in plan.complaint.plan)


@pytest.mark.clause("S004-5.4")
def test_an_open_step_names_who_is_responsible_when_the_complaint_cannot_be_resolved_for_it() -> None:
    refused = refusal(given(*an_agreed_plan()).when("resolve", "li.na", NOW, outcome="corrected"))
    assert (refused.code, refused.may) == ("steps_open", ("li.na",))


@pytest.mark.clause("S000-4.1", "S004-5.3")
def test_another_agreement_starts_another_plan() -> None:
    assert not any(step.is_done for step in given(*carried_out(), agreed()).complaint.plan)
