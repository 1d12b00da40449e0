"""Proposals: after the facts, answering every demand, within authority; carried out only once agreed (S000-3.1)."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from events.envelope import Entry
from events.participation import ActRefused, AuthorityDelegated
from events.solution import ApprovalGiven, ApprovalRefused, CustomerAgreed, CustomerDeclined
from events.understanding import UnderstandingConfirmed
from events.vocabulary import Category, Liable, RemedyBasis
from tests import controls
from tests.bdd import Given, code, decided, given, refusal
from tests.controls import HOUR, MINUTE, at
from tests.solutions import BASIS, LATER, NOW, after, evidence, offer, proposed, ready, requested

SAID = {"medium": "phone", "words": "可以"}


def propose(state: Given, by: str = "li.na", /, **data: Any) -> Any:
    return state.when("propose_solution", by, LATER, **data)


@pytest.mark.clause("S000-3.1", "S004-5.3", "S004-4.3")
def test_a_proposal_is_numbered_and_every_remedy_has_steps_a_time_and_a_person() -> None:
    fact = proposed(propose(ready(), **offer("100.5")))
    [remedy] = fact.remedies
    assert (fact.number, fact.total, fact.currency, fact.final) == (1, Decimal("100.50"), "CNY", False)
    assert (remedy.id, remedy.kind, remedy.responsible, remedy.steps) == (
        "1",
        "compensation",
        "li.na",
        ("apply", "pay"),
    )
    assert remedy.due == at("2026-03-05 18:00")


@pytest.mark.clause("S004-4.3")
@pytest.mark.parametrize(("kind", "due"), [("refund", "2026-03-05 18:00"), ("pick_up", "2026-03-03 11:00")])
def test_money_goes_back_in_three_working_days_and_goods_are_picked_up_in_a_day(kind: str, due: str) -> None:
    [remedy] = proposed(propose(ready(), **offer("50", kind))).remedies
    assert remedy.due == at(due)


def test_who_proposes_may_name_time_and_person_and_a_date_means_its_end() -> None:
    remedies = [
        {"kind": "refund", "amount": 9.9, "currency": "CNY", "due": "2026-03-04", "responsible": "hu.mei"},
        {"kind": "退款", "amount": "1", "due": "2026-03-04T12:00:00+08:00"},
    ]
    first, second = proposed(propose(ready(), **offer("1") | {"remedies": remedies})).remedies
    assert (first.due, first.responsible, first.amount) == (at("2026-03-05 00:00"), "hu.mei", Decimal("9.90"))
    assert (second.due, second.kind) == (at("2026-03-04 12:00"), "refund")


@pytest.mark.clause("S004-4.3")
@pytest.mark.parametrize(
    ("due", "expected"), [(LATER, "due_in_the_past"), (LATER + MINUTE, ""), ("2026-03-01", "due_in_the_past")]
)
def test_nothing_is_promised_for_a_time_that_has_passed(due: Any, expected: str) -> None:
    remedies = [{"kind": "refund", "amount": "1", "due": due if isinstance(due, str) else due.isoformat()}]
    told = propose(ready(), **offer("1") | {"remedies": remedies})
    assert getattr(told, "code", "") == expected
    assert not expected or refusal(told).requirement == "S004-4.3"


@pytest.mark.clause("S004-5.4")
def test_a_department_named_stands_for_one_of_its_people_and_nobody_unknown_sees_to_anything() -> None:
    def seen_to_by(name: str) -> Any:
        remedies = [{"kind": "refund", "amount": "1", "responsible": name}]
        return propose(ready(), **offer("1") | {"remedies": remedies})

    [remedy] = proposed(seen_to_by("logistics")).remedies
    assert controls.company().person[remedy.responsible].department == "logistics"
    told = refusal(seen_to_by("somebody"))
    assert (told.code, told.requirement) == ("unknown_person", "S004-5.4")


@pytest.mark.clause("S001-18.12", "S001-7.3")
def test_reasons_and_alternatives_are_words_to_the_customer_and_stand_against_the_lint_only_with_a_reason() -> None:
    answers = {"补偿": {"result": "declined", "reason": "这不是我们的责任", "alternative": "维修"}}
    data = offer("200") | {"answers": answers}
    state = ready(liable=Liable.THIRD_PARTY)
    assert code(propose(state, **data)) == "phrase_lint"
    assert proposed(propose(state, **data, override="引用鉴定原文")).override == "引用鉴定原文"


@pytest.mark.clause("S004-3.6", "S003-5.2", "S002-3.1")
def test_nothing_is_proposed_before_the_facts_are_verified() -> None:
    assert code(propose(given(*controls.handed_out()), **offer("50"))) == "not_verified"


@pytest.mark.clause("S003-5.5", "S001-18.13")
def test_nothing_is_offered_before_the_customer_said_what_they_want() -> None:
    without: dict[str, Any] = {"remedies": [{"kind": "apology"}], "basis": BASIS}
    assert code(propose(ready(), **without)) == "demands_unknown"
    understood = UnderstandingConfirmed(number=1, summary="要求道歉", confirmed=True)
    state = ready(Entry(understood, NOW, controls.person(), policy=controls.POLICY_ID))
    assert proposed(propose(state, **without)).number == 1


@pytest.mark.clause("S002-3.1", "S002-3.3")
@pytest.mark.parametrize("basis", [{}, {"basis": " "}])
def test_a_solution_names_the_law_rule_or_commitment_it_rests_on(basis: dict[str, str]) -> None:
    data = offer("50")
    del data["basis"]
    assert (refusal(propose(ready(), **data | basis)).requirement) == "S002-3.3"


@pytest.mark.clause("S004-4.2", "S001-6.7")
def test_every_demand_is_answered() -> None:
    state = ready(demands=("退款", " 道歉 "))
    data = offer("50") | {"answers": {"退款 ": {"result": "met"}}}
    told = refusal(propose(state, **data))
    assert (told.code, told.facts) == ("demand_unanswered", {"demands": " 道歉 "})
    data["answers"]["道歉"] = {"result": "met"}
    assert [answer.demand for answer in proposed(propose(state, **data)).answers] == ["退款", " 道歉 "]


@pytest.mark.clause("S004-4.2")
def test_a_demand_told_only_now_is_answered_too_and_answers_stand_until_changed() -> None:
    state = ready(demands=("退款",))
    answers = {"退款": {"result": "met"}, "书面道歉": {"result": "met"}}
    state = after(state, "propose_solution", "li.na", **offer("50") | {"answers": answers})
    changed = {"退款": {"result": "partly", "reason": "已使用", "alternative": "退一半"}}
    fact = proposed(propose(state, **offer("40") | {"answers": changed}))
    assert [(a.demand, a.result.value) for a in fact.answers] == [("书面道歉", "met"), ("退款", "partly")]


@pytest.mark.clause("S001-18.12", "S002-2.1", "S003-6.3")
@pytest.mark.parametrize("result", ["partly", "declined"])
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({}, "reason_missing"),
        ({"reason": " ", "alternative": "优惠券"}, "reason_missing"),
        ({"reason": "已超期"}, "alternative_missing"),
        ({"reason": "已超期", "alternative": ""}, "alternative_missing"),
    ],
)
def test_no_demand_is_turned_down_without_a_reason_and_an_alternative(
    result: str, words: dict[str, str], expected: str
) -> None:
    state = ready(demands=("退款",))
    data: dict[str, Any] = {"remedies": [], "basis": BASIS, "answers": {"退款": {"result": result, **words}}}
    assert code(propose(state, **data)) == expected
    data["answers"] = {"退款": {"result": result, "reason": "已超期", "alternative": "维修"}}
    assert proposed(propose(state, **data)).total == 0


@pytest.mark.clause("S000-3.1")
def test_an_empty_proposal_is_none() -> None:
    understood = UnderstandingConfirmed(number=1, summary="不满", confirmed=True)
    state = ready(Entry(understood, NOW, controls.person(), policy=controls.POLICY_ID))
    assert code(propose(state, remedies=[], basis=BASIS)) == "nothing_offered"


RETURN = "七天无理由退货"


@pytest.mark.clause("S004-4.1")
@pytest.mark.parametrize("result", ["partly", "declined"])
@pytest.mark.parametrize("demand", [RETURN, "我要7天無理由退貨"])
def test_what_the_law_gives_is_neither_declined_nor_met_in_part(result: str, demand: str) -> None:
    answer = {demand: {"result": result, "reason": "活动商品", "alternative": "换货"}}
    told = refusal(propose(ready(demands=(demand,)), **offer("50", "return") | {"answers": answer}))
    assert (told.code, told.requirement, told.recorded) == ("statutory_entitlement", "S004-4.1", True)
    assert propose(ready(demands=(demand,)), **offer("50", "return") | {"answers": {demand: {"result": "met"}}})


@pytest.mark.clause("S004-4.1")
@pytest.mark.parametrize(
    ("text", "refused"), [("收到三天,申请七天无理由被拒", True), ("用了一年才坏", False)], ids=["asked by law", "not"]
)
def test_a_bare_demand_to_return_asks_for_the_right_where_the_complaint_names_it(text: str, refused: bool) -> None:
    answer = {"退货": {"result": "declined", "reason": "人为损坏", "alternative": "维修"}}
    told = propose(ready(demands=("退货",), text=text), **offer("0", "repair") | {"answers": answer})
    assert (not isinstance(told, list)) is refused


@pytest.mark.clause("S004-4.1", "S002-1.16")
@pytest.mark.parametrize(
    ("exemption", "authentic", "lawful"),
    [("perishable", True, True), ("perishable", None, False), ("perishable", False, False), ("sale", True, False)],
)
def test_only_a_lawful_exemption_that_is_proven_excepts(exemption: str, authentic: bool | None, lawful: bool) -> None:
    state = ready(evidence(NOW, authentic=authentic), demands=(RETURN,))
    how = {"result": "declined", "reason": "生鲜", "alternative": "补发", "exemption": exemption, "evidence": "e" * 64}
    told = propose(state, **offer("20", "resend") | {"answers": {RETURN: how}})
    assert isinstance(told, list) is lawful


@pytest.mark.clause("S000-3.9")
@pytest.mark.parametrize(
    ("by", "amount", "role"),
    [
        ("li.na", "100.00", None),
        ("li.na", "100.01", "supervisor"),
        ("li.na", "1000.00", "supervisor"),
        ("li.na", "1000.01", "manager"),
        ("li.na", "10000.00", "manager"),
        ("wang.fang", "1000.00", None),
        ("wang.fang", "1000.01", "manager"),
        ("zhao.lei", "10000.00", None),
    ],
)
def test_what_exceeds_the_own_limit_waits_for_the_weakest_role_that_may(by: str, amount: str, role: str | None) -> None:
    answer = propose(ready(), by, **offer(amount))
    asked = requested(answer)
    assert (asked and (asked.subject, asked.stages, asked.author)) == (role and ("proposal-1", ((role,),), by))
    assert asked is None or asked.content_sha256 == proposed(answer).content_sha256


@pytest.mark.clause("S000-3.9")
def test_the_remedies_count_together() -> None:
    both = [{"kind": "compensation", "amount": "60"}, {"kind": "refund", "amount": "40.01"}]
    assert requested(propose(ready(), **offer("1") | {"remedies": both}))


@pytest.mark.clause("S000-3.9")
@pytest.mark.parametrize("by", ["li.na", "zhao.lei"])
def test_above_every_limit_only_the_boards_written_ground_helps(by: str) -> None:
    told = refusal(propose(ready(), by, **offer("10000.01")))
    assert (told.code, told.may, told.recorded) == ("beyond_every_limit", ("board",), True)
    asked = requested(propose(ready(), by, **offer("10000.01", ground="董事会决议 2026-7")))
    assert asked is not None
    assert asked.stages == (("manager",),)


@pytest.mark.clause("S001-9.4")
@pytest.mark.parametrize(("later", "waits"), [(0 * MINUTE, False), (MINUTE, True)], ids=["until then", "lapsed"])
def test_lent_authority_counts_until_its_instant_and_then_lapses(later: timedelta, waits: bool) -> None:
    lent = AuthorityDelegated(to="li.na", limit=Decimal(500), currency="CNY", until=LATER, reason="主管休假")
    state = ready(Entry(lent, NOW, controls.person("wang.fang"), policy=controls.POLICY_ID))
    answer = state.when("propose_solution", "li.na", LATER + later, **offer("500"))
    assert (requested(answer) is not None) is waits


@pytest.mark.clause("S000-3.7", "S000-3.8")
@pytest.mark.parametrize(
    ("kind", "amount", "exceptional"),
    [("coupon", "100", False), ("coupon", "100.01", True), ("upgrade_to_suite", "1", True), ("repair", None, False)],
)
def test_what_the_catalogue_does_not_know_needs_a_supervisor_whatever_the_amount(
    kind: str, amount: str | None, exceptional: bool
) -> None:
    answer = propose(ready(), "wang.fang", **offer("1") | {"remedies": [{"kind": kind, "amount": amount}]})
    assert proposed(answer).remedies[0].exceptional is exceptional
    asked = requested(answer)
    assert (asked and asked.stages) == ((("supervisor",),) if exceptional else None)


@pytest.mark.clause("S000-3.7")
def test_a_remedy_whose_preconditions_do_not_hold_is_an_exception() -> None:
    usual = propose(ready(), **offer("50"))
    customers_fault = propose(ready(liable=Liable.CUSTOMER), **offer("50"))
    assert [proposed(a).remedies[0].exceptional for a in (usual, customers_fault)] == [False, True]


@pytest.mark.clause("S004-4.4")
def test_a_goodwill_coupon_has_its_amount_and_validity_from_the_catalogue() -> None:
    [coupon] = proposed(propose(ready(), **offer("1") | {"remedies": [{"kind": "优惠券"}]})).remedies
    assert (coupon.kind, coupon.amount) == ("coupon", Decimal("10.00"))
    assert coupon.valid_until == LATER + 90 * 24 * HOUR


@pytest.mark.clause("S003-5.3")
@pytest.mark.parametrize(
    ("liable", "basis"),
    [
        (Liable.COMPANY, RemedyBasis.LIABILITY),
        (Liable.THIRD_PARTY, RemedyBasis.LIABILITY),
        (Liable.CUSTOMER, RemedyBasis.GOODWILL),
        (Liable.UNDETERMINED, RemedyBasis.UNDECIDED),
    ],
)
def test_a_remedy_says_whether_it_is_owed_or_given(liable: Liable, basis: RemedyBasis) -> None:
    assert proposed(propose(ready(liable=liable), **offer("10", "coupon"))).remedies[0].basis is basis


@pytest.mark.clause("S000-3.9")
def test_money_needs_an_amount_in_the_currency_of_the_limits() -> None:
    data = offer("1")
    assert code(propose(ready(), **data | {"remedies": [{"kind": "refund"}]})) == "amount_missing"
    dollars = [{"kind": "refund", "amount": "9", "currency": "USD"}]
    assert code(propose(ready(), **data | {"remedies": dollars})) == "currency_not_covered"


@pytest.mark.clause("S004-5.4", "S002-7.1")
@pytest.mark.parametrize(("person", "expected"), [("ghost", "unknown_person"), ("zhang.wei", "recused")])
def test_who_sees_to_a_remedy_is_known_and_not_accused(person: str, expected: str) -> None:
    state = given(*controls.handed_out(accused=("张伟",)), ready().case.history[3])  # type: ignore[arg-type]
    data = offer("1") | {"remedies": [{"kind": "apology", "responsible": person}]}
    told = refusal(propose(state, **data))
    assert (told.code, told.recorded) == (expected, False)


@pytest.mark.clause("S000-4.2", "S004-4.5")
def test_after_a_decline_the_next_proposal_is_numbered_and_says_what_changed() -> None:
    state = after(ready(), "propose_solution", "li.na", **offer("50"))
    state = after(state, "decline", "li.na", **SAID | {"words": "太少"})
    fact = proposed(propose(state, **offer("180")))
    assert (fact.number, fact.changed) == (2, "compensation 100.00 -> compensation 180.00")
    assert proposed(propose(state, **offer("80", changed="另加道歉"))).changed == "另加道歉"


@pytest.mark.clause("S000-4.1", "S002-1.17")
def test_the_agreement_keeps_channel_words_and_evidence() -> None:
    state = after(ready(evidence(NOW)), "propose_solution", "li.na", **offer("50"))
    answer = decided(state.when("agree", "li.na", LATER, **SAID, evidence="e" * 64))
    due = state.complaint.solution.proposals[0].fact.remedies[0].due
    assert answer == [CustomerAgreed(proposal=1, medium="phone", words="可以", evidence=("e" * 64,), due=due)]
    assert after(state, "agree", "li.na", **SAID).complaint.solution.agreed is not None


@pytest.mark.clause("S000-4.1")
@pytest.mark.parametrize("name", ["agree", "decline"])
def test_without_a_proposal_there_is_nothing_to_answer(name: str) -> None:
    assert code(ready().when(name, "li.na", LATER, **SAID)) == "nothing_proposed"


@pytest.mark.clause("S000-4.1")
def test_what_was_answered_is_not_answered_again_but_minds_may_change() -> None:
    state = after(ready(), "propose_solution", "li.na", **offer("50"))
    agreed = after(state, "agree", "li.na", **SAID)
    assert code(agreed.when("agree", "li.na", LATER, **SAID)) == "already_agreed"
    declined = after(agreed, "decline", "li.na", **SAID)
    assert decided(declined.when("agree", "li.na", LATER, **SAID))
    assert code(declined.when("decline", "li.na", LATER, **SAID)) == "already_declined"


@pytest.mark.clause("S000-3.9", "S000-4.1")
@pytest.mark.parametrize("name", ["agree", "decline"])
def test_the_customer_is_not_asked_about_what_is_not_approved(name: str) -> None:
    state = after(ready(), "propose_solution", "li.na", **offer("500"))
    told = refusal(state.when(name, "li.na", LATER, **SAID))
    assert (told.code, told.may) == ("approval_pending", ("he.jing", "ma.chao", "wang.fang", "xu.tao", "zhao.lei"))
    sha = state.complaint.solution.proposals[0].fact.content_sha256
    given_ = ApprovalGiven(subject="proposal-1", content_sha256=sha, as_role="supervisor")
    refused = ApprovalRefused(subject="proposal-1", content_sha256=sha, as_role="supervisor", reason="过高")
    by = controls.person("wang.fang")
    assert decided(state.and_then(Entry(given_, LATER, by)).when(name, "li.na", LATER, **SAID))
    assert code(state.and_then(Entry(refused, LATER, by)).when(name, "li.na", LATER, **SAID)) == "approval_refused"


@pytest.mark.clause("S000-4.2")
def test_an_answer_is_to_the_newest_proposal() -> None:
    state = after(ready(), "propose_solution", "li.na", **offer("50"))
    state = after(state, "propose_solution", "li.na", **offer("60"))
    [said] = decided(state.when("decline", "li.na", LATER, **SAID))
    assert isinstance(said, CustomerDeclined)
    assert said.proposal == 2


@pytest.mark.clause("S000-4.2")
def test_what_is_being_carried_out_is_not_declined_any_more() -> None:
    state = after(after(ready(), "propose_solution", "li.na", **offer("50")), "agree", "li.na", **SAID)
    state = after(state, "complete_step", "li.na", step="1.apply")
    assert code(state.when("decline", "li.na", LATER, **SAID)) == "carried_out"


def test_the_category_is_no_bar_to_a_right_before_anybody_sorted_it() -> None:
    state = ready(demands=(RETURN,), category=Category.OTHER)
    answer = {RETURN: {"result": "declined", "reason": "不予", "alternative": "维修"}}
    assert code(propose(state, **offer("1", "repair") | {"answers": answer})) == "statutory_entitlement"


@pytest.mark.clause("S000-3.10")
def test_after_a_try_above_every_limit_somebody_who_may_decide_is_looked_for_on_a_clock() -> None:
    told = refusal(propose(ready(), **offer("10000.01")))
    tried = ActRefused(person="li.na", command="propose_solution", code=told.code, requirement=told.requirement)
    case = ready(Entry(tried, LATER, controls.machine(), policy=controls.POLICY_ID)).case
    running = [
        r.clock for r in controls.policy().clocks.readings(case.history, case.complaint, LATER) if not r.stopped_at
    ]
    assert "find_decider" in running
