"""Offered, approved, written: each rule broken by one altered fact, and kept beside it (S004-4.2, S002-3.6)."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from events.contact import ContactStarted, Replied
from events.envelope import Entry
from events.execution import RefundPaid, StepFailed
from events.links import Linked
from events.solution import (
    ApprovalGiven,
    ApprovalRefused,
    ApprovalRequested,
    CustomerDeclined,
    ReplyDrafted,
    SolutionProposed,
)
from events.verification import Verified
from events.vocabulary import DemandResult, EvidenceKind, Liable, Medium, Relation, ReplyKind
from services.compliance.conformance import approvals, offers, replies, solution, wording
from services.compliance.conformance.examined import Examined
from tests import controls
from tests.bdd import Given
from tests.controls import HOUR
from tests.examining import altered, by, entries, examined, of_case, said, tells, version_of, with_more, without
from tests.outcomes import act, agreed
from tests.solutions import BASIS, LATER, NOW, after, evidence, final_of, offer, ready, verified

ANSWER = {"result": "declined", "reason": "超出标准", "alternative": "优惠券"}


def proposal() -> Examined:
    """A proposal by the supervisor, to a customer who wants two things."""
    answers = {"补偿": {"result": "met"}, "道歉": ANSWER}
    data = {"remedies": [{"kind": "compensation", "amount": "100"}, {"kind": "coupon"}], "answers": answers}
    return of_case(after(ready(demands=("补偿", "道歉")), "propose_solution", "wang.fang", basis=BASIS, **data).case)


MADE = proposal()
AT = version_of(MADE, SolutionProposed)
FACT: SolutionProposed = MADE.history[AT - 1].fact  # type: ignore[assignment]
FIRST, SECOND = FACT.answers


def with_answers(*answers: Any) -> Examined:
    return altered(MADE, AT, said(answers=answers))


def with_remedy(**changes: Any) -> Examined:
    """The first remedy altered."""
    first, *others = FACT.remedies
    return altered(MADE, AT, said(remedies=(first.model_copy(update=changes), *others)))


@pytest.mark.clause("S004-4.2")
def test_a_demand_without_an_answer_is_found() -> None:
    tells(solution.every_demand_is_answered, "S004-4.2", MADE, with_answers(FIRST))
    added = controls.supplemented(NOW)._replace(
        fact=controls.supplemented(NOW).fact.model_copy(update={"demands": ("换货",)})
    )
    known = entries(MADE)
    tells(solution.every_demand_is_answered, "S004-4.2", MADE, examined(*known[:-1], added, known[-1]))


@pytest.mark.clause("S000-3.1")
def test_a_proposal_of_nothing_is_found() -> None:
    silent = of_case(
        after(
            ready(),
            "propose_solution",
            "li.na",
            remedies=[{"kind": "apology"}],
            basis=BASIS,
            answers={"道歉": {"result": "met"}},
        ).case
    )
    empty = altered(silent, version_of(silent, SolutionProposed), said(answers=(), remedies=()))
    tells(solution.every_demand_is_answered, "S000-3.1", silent, empty)


@pytest.mark.clause("S001-18.12", "S002-2.1", "S003-6.3")
def test_a_bare_refusal_is_found() -> None:
    check = solution.no_refusal_is_bare
    tells(check, "S003-6.3", MADE, with_answers(FIRST, SECOND.model_copy(update={"reason": " "})))
    tells(check, "S001-18.12", MADE, with_answers(FIRST, SECOND.model_copy(update={"alternative": None})))


@pytest.mark.clause("S004-4.1")
def test_a_statutory_right_declined_without_a_proven_exemption_is_found() -> None:
    text = "七天无理由退货，你们不同意。"
    refused = {"退货": {**ANSWER, "exemption": "custom_made", "evidence": ["e" * 64]}}
    story = after(
        ready(evidence(NOW), demands=("退货",), text=text),
        "propose_solution",
        "li.na",
        remedies=[{"kind": "apology"}],
        basis=BASIS,
        answers=refused,
    )
    lawful = of_case(story.case)
    at, check = version_of(lawful, SolutionProposed), solution.no_right_is_declined
    [answer] = lawful.history[at - 1].fact.answers  # type: ignore[attr-defined]
    for wrong in ({"exemption": None}, {"evidence": ()}, {"exemption": "because"}):
        tells(check, "S004-4.1", lawful, altered(lawful, at, said(answers=(answer.model_copy(update=wrong),))))
    met = altered(
        lawful, at, said(answers=(answer.model_copy(update={"exemption": None, "result": DemandResult.MET}),))
    )
    assert not list(check.violations(met))


@pytest.mark.clause("S004-4.1")
def test_sealed_words_are_held_against_nobody() -> None:
    story = after(
        ready(demands=("退货",)),
        "propose_solution",
        "li.na",
        remedies=[{"kind": "apology"}],
        basis=BASIS,
        answers={"退货": ANSWER},
    )
    plain = of_case(story.case)
    sealed = Examined(plain.history, plain.company, plain.until, lambda _: None)
    assert not list(solution.no_right_is_declined.violations(sealed))
    assert not list(solution.a_proposal_is_what_its_digest_says.violations(sealed))


@pytest.mark.clause("S000-3.7", "S004-5.3", "S004-4.4")
def test_a_remedy_that_departs_from_the_catalogue_is_found() -> None:
    check = solution.remedies_follow_the_catalogue
    for wrong in ({"steps": ("pay",)}, {"amount": None}, {"exceptional": True}, {"valid_until": LATER + HOUR}):
        tells(check, "S000-3.7", MADE, with_remedy(**wrong))
    coupon = FACT.remedies[1]
    assert coupon.valid_until == LATER + timedelta(days=90)
    longer = coupon.model_copy(update={"valid_until": LATER + timedelta(days=91)})
    tells(check, "S000-3.7", MADE, altered(MADE, AT, said(remedies=(FACT.remedies[0], longer))))
    more = coupon.model_copy(update={"amount": Decimal("100.01")})
    tells(check, "S000-3.7", MADE, altered(MADE, AT, said(remedies=(FACT.remedies[0], more))))
    most = altered(MADE, AT, said(remedies=(FACT.remedies[0], coupon.model_copy(update={"amount": Decimal(100)}))))
    assert not list(check.violations(most))


@pytest.mark.clause("S000-3.8")
def test_a_remedy_the_catalogue_does_not_know_and_nobody_marked_is_found() -> None:
    tells(solution.remedies_follow_the_catalogue, "S000-3.8", MADE, with_remedy(kind="特别关照"))


@pytest.mark.clause("S004-5.4", "S004-4.3")
def test_a_remedy_without_somebody_or_without_time_is_found() -> None:
    check = solution.each_remedy_has_somebody_and_a_time
    tells(check, "S004-5.4", MADE, with_remedy(responsible="service"))
    tells(check, "S004-4.3", MADE, with_remedy(due=LATER))
    assert not list(check.violations(with_remedy(due=LATER + controls.SECOND)))


@pytest.mark.clause("S003-5.5")
def test_an_offer_before_the_customer_said_what_they_want_is_found() -> None:
    silent = examined(*entries(of_case(ready().case)), act(FACT.model_copy(update={"answers": ()}), moment=LATER))
    tells(solution.the_customer_speaks_first, "S003-5.5", MADE, silent)


@pytest.mark.clause("S002-3.3", "S002-3.1")
def test_a_proposal_that_rests_on_nothing_is_found() -> None:
    tells(solution.a_proposal_names_its_ground, "S002-3.3", MADE, altered(MADE, AT, said(basis=" ")))


FINAL: Given = final_of("200")
"""A first offer of 100, declined, then 200 for good: approved by nobody, for the supervisor may."""
BOUND = of_case(FINAL.case)


@pytest.mark.clause("S000-4.2")
def test_a_proposal_out_of_number_or_silent_about_its_changes_is_found() -> None:
    check, second = solution.proposals_are_numbered_and_say_what_changed, version_of(BOUND, SolutionProposed, 2)
    tells(check, "S000-4.2", BOUND, altered(BOUND, second, said(number=3)))
    tells(check, "S000-4.2", BOUND, altered(BOUND, second, said(changed=None)))


@pytest.mark.clause("S002-1.15", "S000-3.9")
def test_a_proposal_that_is_not_what_its_digest_or_its_total_says_is_found() -> None:
    check = solution.a_proposal_is_what_its_digest_says
    tells(check, "S002-1.15", MADE, altered(MADE, AT, said(basis="别的依据")))
    tells(check, "S000-3.9", MADE, altered(MADE, AT, said(total=FACT.total + 1)))


def higher(amount: str = "200.01", **changes: Any) -> Entry:
    """One more proposal by the supervisor, above the final offer."""
    fact = BOUND.history[version_of(BOUND, SolutionProposed, 2) - 1].fact
    changed = {"number": 3, "total": Decimal(amount), "final": False, **changes}
    return act(fact.model_copy(update=changed), "wang.fang", LATER + HOUR)


@pytest.mark.clause("S002-3.5", "S002-3.6")
def test_one_cent_above_a_final_offer_is_found_and_the_same_again_is_not() -> None:
    tells(
        offers.nothing_above_a_final_offer, "S002-3.6", with_more(BOUND, higher("200.00")), with_more(BOUND, higher())
    )


UNLOCKED: dict[str, list[Entry]] = {
    "new_facts": [evidence(LATER, "f" * 64), verified(LATER, evidence=("f" * 64,))],
    "own_failure": [act(StepFailed(step="1.pay"), moment=LATER)],
    "authority_ruling": [evidence(LATER, "f" * 64)],
}
NOTHING_NEW: dict[str, list[Entry]] = {
    "new_facts": [evidence(LATER, "f" * 64, EvidenceKind.CALL_RECORD), verified(LATER, evidence=("f" * 64,))],
    "own_failure": [],
    "authority_ruling": [evidence(LATER, "f" * 64, authentic=None)],
}


@pytest.mark.clause("S002-3.6")
@pytest.mark.parametrize("cause", UNLOCKED)
def test_a_cause_the_record_bears_out_unlocks_and_one_it_does_not_is_found(cause: str) -> None:
    check, more = offers.nothing_above_a_final_offer, higher(unlock=cause)
    lawful = with_more(BOUND, *UNLOCKED[cause], more)
    tells(check, "S002-3.6", lawful, with_more(BOUND, *NOTHING_NEW[cause], more))
    tells(check, "S002-3.6", lawful, with_more(BOUND, *UNLOCKED[cause], higher(unlock="complained_again")))


@pytest.mark.clause("S002-3.6")
def test_a_final_offer_in_a_linked_complaint_binds_here_too() -> None:
    other = BOUND.history[0].complaint_id
    link = Entry(Linked(to=other, relation=Relation.REPEAT, reason="同一事由"), LATER, controls.machine("intake"))
    fresh, more = entries(of_case(ready().case)), higher(number=1)
    this = controls.some_streams(1)[0]

    def story(*facts: Entry) -> Examined:
        history = controls.recorded(facts, this)
        late = [r._replace(position=r.position + 1_000) for r in history]
        return Examined(
            type(history)(late),
            BOUND.company,
            late[-1].recorded_at,
            others=lambda stream: BOUND if stream == other else None,
        )

    tells(offers.nothing_above_a_final_offer, "S002-3.6", story(*fresh, more), story(*fresh, link, more))


@pytest.mark.clause("S004-4.5")
def test_a_final_offer_before_the_customer_declined_anything_is_found() -> None:
    tells(offers.nothing_is_final_at_first, "S004-4.5", BOUND, without(BOUND, version_of(BOUND, CustomerDeclined)))


@pytest.mark.clause("S003-5.6")
def test_an_offer_one_cent_below_the_companys_standard_is_found_where_the_company_is_liable() -> None:
    below = with_remedy(amount=Decimal("99.99"))
    tells(offers.no_offer_is_below_the_standard, "S003-5.6", MADE, below)
    customers = altered(below, version_of(below, Verified), said(liable=Liable.CUSTOMER))
    assert not list(offers.no_offer_is_below_the_standard.violations(customers))


def approved(*more: tuple[str, str, str]) -> Examined:
    """A letter drafted by Li Na with these decisions on it: command, role, person."""
    state = after(ready(), "reply", "li.na", kind="progress", medium="letter", text="您好，给您带来不便，我很抱歉。")
    asked = state.workflow_looks(LATER).entries
    state = state.and_then(*asked)
    for command, role, who in more:
        [wait] = state.complaint.solution.waiting()
        state = after(
            state,
            command,
            who,
            LATER,
            subject=wait.subject,
            content_sha256=wait.content_sha256,
            as_role=role,
            reason="已阅",
        )
    return of_case(state.case)


LETTER = approved(
    ("approve", "department", "zhang.wei"), ("approve", "legal", "chen.jie"), ("approve", "manager", "zhao.lei")
)
DRAFT = version_of(LETTER, ReplyDrafted)


@pytest.mark.clause("S003-2.4", "S002-1.14")
def test_an_approval_by_the_author_by_somebody_twice_or_without_the_office_is_found() -> None:
    check, department = approvals.an_approver_is_somebody_else, version_of(LETTER, ApprovalGiven)
    legal = version_of(LETTER, ApprovalGiven, 2)
    tells(check, "S003-2.4", LETTER, altered(LETTER, department, by("li.na")))
    tells(check, "S003-2.4", LETTER, altered(LETTER, department, by("sun.li")))
    tells(check, "S003-2.4", LETTER, altered(LETTER, legal, by("zhang.wei")))
    tells(check, "S003-2.4", LETTER, altered(LETTER, version_of(LETTER, ApprovalGiven, 3), by("wang.fang")))


@pytest.mark.clause("S002-1.15", "S002-1.14", "S003-6.3")
def test_an_approval_out_of_turn_or_of_other_words_is_found() -> None:
    check = approvals.approvals_are_of_those_words_and_in_order
    first, second, third = (version_of(LETTER, ApprovalGiven, number) for number in (1, 2, 3))
    tells(check, "S002-1.15", LETTER, without(LETTER, second))
    tells(check, "S002-1.15", LETTER, altered(LETTER, first, said(content_sha256="0" * 64)))
    tells(check, "S002-1.15", LETTER, altered(LETTER, second, said(as_role="department")))
    tells(check, "S002-1.15", LETTER, altered(LETTER, third, said(more=True)))
    refused = approved(("refuse_approval", "legal", "chen.jie"))
    tells(check, "S003-6.3", refused, altered(refused, version_of(refused, ApprovalRefused), said(reason="")))
    edited = LETTER.history[DRAFT - 1]
    edit = Entry(edited.fact.model_copy(update={"text": "改过的", "content_sha256": "1" * 64}), LATER, edited.actor)
    known = entries(LETTER)
    tells(check, "S002-1.15", LETTER, examined(*known[:second], edit, *known[second:]))


@pytest.mark.clause("S002-1.14")
def test_a_request_that_leaves_out_legal_or_names_another_author_is_found() -> None:
    check, request = approvals.approvals_ask_the_right_people, version_of(LETTER, ApprovalRequested)
    for wrong in ({"stages": (("department",), ("manager",))}, {"author": "zhang.wei"}, {"content_sha256": "0" * 64}):
        tells(check, "S002-1.14", LETTER, altered(LETTER, request, said(**wrong)))


def sent(of: Examined, **changes: Any) -> Examined:
    """The letter on its way."""
    fact = of.history[DRAFT - 1].fact
    name = f"{fact.subject}-{fact.content_sha256[:8]}"  # type: ignore[attr-defined]
    fields = {"kind": ReplyKind.PROGRESS, "medium": Medium.LETTER, "text": fact.text, **changes}  # type: ignore[attr-defined]
    return with_more(
        of, controls.started(LATER, changes.pop("notice", name), **{k: v for k, v in fields.items() if k != "notice"})
    )


@pytest.mark.clause("S002-1.14", "S002-1.15")
def test_a_letter_sent_unapproved_or_with_other_words_is_found() -> None:
    check, lawful = replies.a_letter_is_sent_as_approved, sent(LETTER)
    tells(check, "S002-1.15", lawful, sent(without(LETTER, version_of(LETTER, ApprovalGiven, 3))))
    tells(check, "S002-1.15", lawful, sent(without(LETTER, version_of(LETTER, ApprovalRequested))))
    tells(check, "S002-1.15", lawful, sent(LETTER, text="改过的话"))
    tells(check, "S002-1.14", lawful, sent(LETTER, notice="progress-99"))
    assert version_of(lawful, ContactStarted)


@pytest.mark.clause("S002-1.14")
def test_a_colleague_who_writes_to_the_customer_past_the_approvers_is_found() -> None:
    check, lawful = replies.nobody_writes_past_the_approvers, examined(*controls.handed_out(), controls.told(LATER))
    tells(check, "S002-1.14", lawful, altered(lawful, 4, said(medium=Medium.EMAIL)))
    machine = examined(*controls.handed_out(), controls.started(NOW), controls.delivered(NOW))
    tells(check, "S002-1.14", machine, altered(machine, version_of(machine, Replied), said(approved=True)))


@pytest.mark.clause("S002-1.15")
def test_a_draft_whose_words_are_not_those_of_its_digest_is_found() -> None:
    tells(replies.a_draft_is_what_its_digest_says, "S002-1.15", LETTER, altered(LETTER, DRAFT, said(text="改过的")))


@pytest.mark.clause("S003-4.2")
def test_a_decision_told_to_the_customer_before_any_supervisor_knows_of_the_fault_is_found() -> None:
    told = controls.told(LATER, kind=ReplyKind.DECISION)
    own = entries(of_case(ready(self_reported=True).case))
    lawful = examined(*own, controls.escalated(LATER), told)
    tells(replies.the_supervisor_hears_of_a_fault_first, "S003-4.2", lawful, examined(*own, told))


@pytest.mark.clause("S000-3.9")
def test_a_proposal_put_to_the_customer_and_a_refund_paid_before_it_is_approved_are_found() -> None:
    check, waiting = (
        approvals.nothing_goes_out_unapproved,
        of_case(after(ready(), "propose_solution", "li.na", **offer("100.01")).case),
    )
    yes = agreed(LATER)
    tells(check, "S000-3.9", with_more(MADE, yes), with_more(waiting, yes))
    paid = act(
        RefundPaid(amount=Decimal("100.02"), currency="CNY", method="adjustment", reference="A"), "hu.mei", LATER
    )
    checked = of_case(after(ready(), "verify_refund", "li.na", charged="60.01", due="10").case)
    tells(check, "S000-3.9", with_more(without(checked, len(checked.history)), paid), with_more(checked, paid))


@pytest.mark.clause("S001-7.3", "S003-5.2", "S000-2.1")
def test_forbidden_words_without_a_reason_and_advice_left_out_are_found() -> None:
    spoken = after(ready(), "reply", "li.na", kind="progress", medium="phone", text="我们正在核实。")
    lawful, check = of_case(spoken.case), wording.words_are_checked
    at = version_of(lawful, Replied)
    assert "missing_apology" in lawful.history[at - 1].fact.advice  # type: ignore[attr-defined]
    tells(check, "S000-2.1", lawful, altered(lawful, at, said(advice=())))
    tells(check, "S001-7.3", lawful, altered(lawful, at, said(text="这不是我们的责任。")))
    before = without(
        altered(lawful, at, said(text="给您带来不便，我很抱歉。责任在厂家。")), version_of(lawful, Verified)
    )
    assert "S003-5.2" in {violation.requirement for violation in check.violations(before)}


@pytest.mark.clause("S001-4.8")
def test_knowledge_that_is_not_in_the_policy_named_as_used_is_found() -> None:
    lawful = examined(*controls.handed_out(), controls.told(LATER))
    tells(
        wording.guidance_that_was_used_exists, "S001-4.8", lawful, altered(lawful, 4, said(used=("knowledge.nothing",)))
    )
