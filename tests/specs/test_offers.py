"""Offers: never below the company's standard, never above a final offer without a proven cause (S002-3.5, S003-5.6)."""

import hashlib
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given as example
from hypothesis import strategies as st

from events.ending import Reopened
from events.envelope import Entry, StreamId
from events.execution import CommitmentMade, StepFailed
from events.links import Linked
from events.participation import Nudged
from events.vocabulary import Category, EvidenceKind, Liable, Relation
from policy.handling.offers import content_sha256, offer_for
from tests import controls
from tests.bdd import Given, code, decided, given, refusal
from tests.controls import HOUR, MINUTE
from tests.solutions import BASIS, LATER, NOW, after, evidence, final_of, offer, proposed, ready, requested, verified

AFTER = LATER + HOUR


def propose(state: Given, **data: Any) -> Any:
    return state.when("propose_solution", "wang.fang", AFTER, **data)


def by_person(fact: Any, moment: Any = AFTER, who: str = "li.na") -> Entry:
    return Entry(fact, moment, controls.person(who), policy=controls.POLICY_ID)


@pytest.mark.clause("S003-5.6")
@pytest.mark.parametrize(("amount", "expected"), [("50", "below_standard"), ("99.99", "below_standard"), ("100", "")])
def test_who_asks_for_less_than_the_standard_gets_the_standard(amount: str, expected: str) -> None:
    state = ready(demands=("赔偿50元",), category=Category.LOGISTICS)
    told = propose(state, **offer(amount) | {"answers": {"赔偿50元": {"result": "met"}}})
    assert getattr(told, "code", "") == expected


@pytest.mark.clause("S003-5.6")
def test_the_refusal_names_the_standard_and_only_what_is_owed_has_one() -> None:
    assert refusal(propose(ready(category=Category.LOGISTICS), **offer("50"))).facts["standard"] == "100.00"
    assert proposed(propose(ready(category=Category.SERVICE), **offer("50")))
    assert proposed(propose(ready(category=Category.LOGISTICS, liable=Liable.UNDETERMINED), **offer("50")))
    assert proposed(propose(ready(category=Category.LOGISTICS), **offer("50", "coupon")))


@pytest.mark.clause("S003-5.6")
@example(st.decimals("0", "2000", places=2))
def test_the_greater_of_demand_and_standard_is_never_refused_and_less_than_the_standard_always(demand: Decimal) -> None:
    state, least = ready(category=Category.LOGISTICS), Decimal(100)
    assert proposed(propose(state, **offer(str(offer_for(demand, least))))).total == max(demand, least)
    below = propose(state, **offer(str(demand)))
    assert (getattr(below, "code", "") == "below_standard") is (demand < least)


@pytest.mark.clause("S004-4.5")
def test_the_first_proposal_is_never_take_it_or_leave_it() -> None:
    told = refusal(propose(ready(), **offer("200", final=True)))
    assert (told.code, told.requirement) == ("final_too_early", "S004-4.5")
    waiting = after(ready(), "propose_solution", "wang.fang", **offer("50"))
    assert code(propose(waiting, **offer("200", final=True))) == "final_too_early"
    declined = after(waiting, "decline", "wang.fang", medium="phone", words="太少")
    assert proposed(propose(declined, **offer("200", final=True))).final


@pytest.mark.clause("S002-3.5", "S002-3.6")
@pytest.mark.parametrize(("amount", "locked"), [("200.00", False), ("200.01", True), ("150", False)])
def test_after_the_final_offer_nothing_higher(amount: str, locked: bool) -> None:
    told = propose(final_of("200"), **offer(amount))
    assert (getattr(told, "code", "") == "final_offer_locked") is locked


@pytest.mark.clause("S002-3.6")
def test_the_refusal_is_seen_by_compliance_and_names_what_would_unlock() -> None:
    told = refusal(propose(final_of("200"), **offer("300")))
    assert (told.recorded, told.requirement, told.facts["final"]) == (True, "S002-3.6", "200.00")
    assert "new_facts, statutory, own_failure, authority_ruling" in told.en


@pytest.mark.clause("S002-3.6")
def test_reopening_urging_and_complaining_again_raise_nothing() -> None:
    again = [
        by_person(Reopened(round=2, reason="客户不满")),
        verified(AFTER),
        by_person(Nudged(person="li.na", text="催")),
    ]
    told = propose(final_of("200").and_then(*again, controls.supplemented(AFTER)), **offer("201"))
    assert code(told) == "final_offer_locked"


@pytest.mark.clause("S002-3.6")
@pytest.mark.parametrize("relation", [Relation.DUPLICATE, Relation.REPEAT])
def test_the_final_offer_binds_in_linked_complaints_too(relation: Relation) -> None:
    kin = final_of("200").complaint
    link = Linked(to=kin.complaint_id, relation=relation, reason="同一事由", leads=relation is Relation.DUPLICATE)
    alone = ready(by_person(link))
    linked = Given(alone.case._replace(kin=(kin._replace(complaint_id=StreamId("earlier")),)), alone.company)
    assert proposed(propose(alone, **offer("300")))
    assert code(propose(linked, **offer("300"))) == "final_offer_locked"
    assert proposed(propose(linked, **offer("200", final=True)))


@pytest.mark.clause("S002-3.5")
def test_a_lower_offer_made_later_takes_nothing_back() -> None:
    state = after(final_of("200"), "propose_solution", "wang.fang", AFTER, **offer("150", final=True))
    assert proposed(propose(state, **offer("200")))
    assert code(propose(state, **offer("200.01"))) == "final_offer_locked"


@pytest.mark.clause("S002-3.5", "S000-3.9")
def test_an_offer_nobody_approved_never_reached_the_customer_and_binds_nobody() -> None:
    state = after(ready(), "propose_solution", "li.na", **offer("50"))
    state = after(state, "decline", "li.na", medium="phone", words="太少")
    state = after(state, "propose_solution", "li.na", **offer("200", final=True))
    assert proposed(propose(state, **offer("300")))
    sha = state.complaint.solution.proposals[-1].fact.content_sha256
    state = after(state, "approve", "wang.fang", subject="proposal-2", content_sha256=sha, as_role="supervisor")
    assert code(propose(state, **offer("300"))) == "final_offer_locked"


UNKNOWN, KNOWN = "f" * 64, "e" * 64


@pytest.mark.clause("S002-3.6")
@pytest.mark.parametrize(
    ("cause", "since", "unlocks"),
    [
        ("new_facts", [verified(AFTER, evidence=(UNKNOWN,))], True),
        ("new_facts", [verified(AFTER, loss="300")], True),
        ("new_facts", [verified(AFTER)], False),
        ("new_facts", [evidence(AFTER, kind=EvidenceKind.PHOTO), verified(AFTER, evidence=(KNOWN,))], True),
        ("new_facts", [evidence(AFTER, kind=EvidenceKind.CALL_RECORD), verified(AFTER, evidence=(KNOWN,))], False),
        ("new_facts", [], False),
        ("own_failure", [by_person(StepFailed(step="1.pay"))], True),
        (
            "own_failure",
            [by_person(CommitmentMade(promise="p1", what="退款", by=AFTER - MINUTE, person="li.na"))],
            True,
        ),
        ("own_failure", [by_person(CommitmentMade(promise="p1", what="退款", by=AFTER, person="li.na"))], False),
        ("own_failure", [by_person(CommitmentMade(promise="p1", what="退款", by=NOW, person="li.na"))], False),
        ("own_failure", [], False),
        ("authority_ruling", [evidence(AFTER)], True),
        ("authority_ruling", [evidence(AFTER, authentic=None)], False),
        ("authority_ruling", [evidence(AFTER, kind=EvidenceKind.PHOTO)], False),
        ("statutory", [], False),
        ("complained_again", [verified(AFTER, loss="300")], False),
    ],
)
def test_only_a_named_cause_that_the_record_bears_out_unlocks(cause: str, since: list[Entry], unlocks: bool) -> None:
    told = propose(final_of("200").and_then(*since), **offer("300", unlock=cause))
    assert isinstance(told, list) is unlocks
    assert not unlocks or proposed(told).unlock == cause


@pytest.mark.clause("S002-3.6")
def test_the_cause_may_be_named_as_the_basis_and_is_not_assumed() -> None:
    state = final_of("200").and_then(verified(AFTER, loss="300"))
    assert code(propose(state, **offer("300"))) == "final_offer_locked"
    assert proposed(propose(state, **offer("300") | {"basis": "new_facts"})).unlock == "new_facts"
    assert proposed(propose(state, **offer("150", unlock="new_facts"))).unlock is None


@pytest.mark.clause("S002-3.6", "S004-4.1")
def test_a_right_the_law_gives_unlocks() -> None:
    answers = {"七天无理由退货": {"result": "met"}}
    assert proposed(propose(final_of("200"), **offer("300", unlock="statutory") | {"answers": answers}))


@pytest.mark.clause("S002-3.6")
def test_facts_known_before_the_final_offer_are_not_new() -> None:
    state = after(
        ready(verified(LATER - MINUTE, loss="300", evidence=(KNOWN,))), "propose_solution", "li.na", **offer("50")
    )
    state = after(state, "decline", "li.na", medium="phone", words="太少")
    state = after(state, "propose_solution", "wang.fang", **offer("200", final=True))
    same = state.and_then(verified(AFTER, loss="300", evidence=(KNOWN,)))
    more = state.and_then(verified(AFTER, loss="300.01"))
    assert code(propose(same, **offer("300", unlock="new_facts"))) == "final_offer_locked"
    assert proposed(propose(more, **offer("300", unlock="new_facts")))


@pytest.mark.clause("S002-3.6")
def test_a_failure_is_not_forgotten_when_work_begins_anew() -> None:
    failed = [by_person(StepFailed(step="1.pay")), by_person(Reopened(round=2, reason="不满")), verified(AFTER)]
    assert proposed(propose(final_of("200").and_then(*failed), **offer("210", unlock="own_failure")))


@pytest.mark.clause("S002-3.5")
def test_what_was_unlocked_once_binds_again_at_the_higher_offer() -> None:
    state = final_of("200").and_then(verified(AFTER, loss="300"))
    state = after(state, "propose_solution", "wang.fang", AFTER, **offer("300", final=True, unlock="new_facts"))
    assert proposed(propose(state, **offer("300")))
    assert code(propose(state, **offer("301", unlock="new_facts"))) == "final_offer_locked"


@pytest.mark.clause("S000-3.9", "S002-3.6")
def test_an_unlocked_offer_still_needs_the_authority() -> None:
    state = final_of("200").and_then(verified(AFTER, loss="5000"))
    assert requested(propose(state, **offer("5000", unlock="new_facts"))) is not None


@pytest.mark.clause("S002-1.15")
def test_the_digest_is_of_canonical_json_that_anybody_can_compute() -> None:
    fact = proposed(propose(ready(), **offer("50") | {"answers": {"补偿": {"result": "met"}}}))
    [remedy] = fact.remedies
    text = (
        '{"answers":[{"alternative":null,"demand":"补偿","evidence":[],"exemption":null,"reason":null,"result":"met"}],'
        f'"basis":"{BASIS}","remedies":[{{"amount":"50.00","basis":"liability","currency":"CNY",'
        f'"due":"{remedy.due.isoformat().replace("+00:00", "Z")}","exceptional":false,"id":"1","kind":"compensation",'
        '"responsible":"li.na","steps":["apply","pay"],"valid_until":null}]}'
    )
    assert fact.content_sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert content_sha256(fact.remedies, fact.answers, "另一依据") != fact.content_sha256


@pytest.mark.clause("S002-5.1")
def test_the_customers_interest_is_protected_before_liability_is_settled() -> None:
    state = ready(liable=Liable.UNDETERMINED)
    data = {"remedies": [{"kind": "resend"}], "basis": "先行补救", "answers": {"尽快收到": {"result": "met"}}}
    assert requested(propose(state, **data)) is None
    by = (LATER + HOUR).isoformat()
    early = decided(given(*controls.handed_out()).when("promise", "li.na", LATER, what="暂停扣费", by=by))
    assert [type(fact) for fact in early] == [CommitmentMade]
