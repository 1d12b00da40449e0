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
from policy.people.organisation import Limits
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
@pytest.mark.parametrize("category", list(Category))
@pytest.mark.parametrize(
    ("amount", "given_", "basis"),
    [("50", "100", "standard"), ("99.99", "100", "standard"), ("100", "100", "liability"), ("101", "101", "liability")],
)
def test_who_asks_for_less_than_the_standard_gets_the_standard(
    category: Category, amount: str, given_: str, basis: str
) -> None:
    fact = proposed(propose(ready(category=category), **offer(amount)))
    [remedy] = fact.remedies
    assert (remedy.amount, fact.total, remedy.basis) == (Decimal(given_), Decimal(given_), basis)


@pytest.mark.clause("S003-5.6")
def test_only_compensation_that_is_owed_is_raised() -> None:
    assert proposed(propose(ready(liable=Liable.UNDETERMINED), **offer("50"))).total == 50
    assert proposed(propose(ready(), **offer("50", "coupon"))).total == 50


@pytest.mark.clause("S003-5.6")
def test_two_parts_of_one_compensation_are_raised_together_and_not_each() -> None:
    parts = {"remedies": [{"kind": "compensation", "amount": "30"}, {"kind": "补偿", "amount": "20"}]}
    fact = proposed(propose(ready(), **offer("1") | parts))
    assert [remedy.amount for remedy in fact.remedies] == [Decimal(80), Decimal(20)]


@pytest.mark.clause("S003-5.6", "S000-3.9")
def test_the_limits_hold_for_the_amount_that_is_given() -> None:
    less = Limits(currency="CNY", level={1: Decimal(99), 2: Decimal(1000), 3: Decimal(10000)})
    company = controls.company().model_copy(update={"limits": less})
    state = Given(ready().case, company)
    assert requested(state.when("propose_solution", "li.na", AFTER, **offer("50"))) is not None


@pytest.mark.clause("S003-5.6")
@example(st.decimals("0.01", "2000", places=2), st.sampled_from(Category))
def test_the_greater_of_demand_and_standard_is_what_is_offered(demand: Decimal, category: Category) -> None:
    told = propose(ready(category=category), **offer(str(demand)))
    assert proposed(told).total == offer_for(demand, Decimal(100)) == max(demand, Decimal(100))


@pytest.mark.clause("S004-4.5")
def test_the_first_proposal_is_never_take_it_or_leave_it() -> None:
    told = refusal(propose(ready(), **offer("200", final=True)))
    assert (told.code, told.requirement) == ("final_too_early", "S004-4.5")
    waiting = after(ready(), "propose_solution", "wang.fang", **offer("50"))
    assert code(propose(waiting, **offer("200", final=True))) == "final_too_early"
    declined = after(waiting, "decline", "wang.fang", medium="phone", words="太少")
    assert proposed(propose(declined, **offer("200", final=True))).final


@pytest.mark.clause("S002-3.6")
def test_nothing_is_offered_while_a_final_offer_may_stand_where_nobody_looked() -> None:
    state = ready()
    unseen = Given(state.case._replace(all_kin=False), state.company)
    assert code(propose(unseen, **offer("50"))) == "too_many_kin"
    assert proposed(propose(state, **offer("50"))).number == 1


@pytest.mark.clause("S002-3.6")
@pytest.mark.parametrize(("unnamed", "refused"), [(1, False), (0, True)])
def test_nor_while_more_complaints_may_follow_than_this_one_names(unnamed: int, refused: bool) -> None:
    number = controls.policy().document.links.mirrored - unnamed
    many = (Linked(to=StreamId(f"o-{n}"), relation=Relation.REPEAT, reason="r", leads=True) for n in range(number))
    entries = [Entry(link, NOW, controls.machine("intake"), policy=controls.POLICY_ID) for link in many]
    answer = propose(ready().and_then(*entries), **offer("50"))
    assert (getattr(answer, "code", "") == "too_many_kin") is refused


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
    fact = proposed(propose(ready(), **offer("150") | {"answers": {"补偿": {"result": "met"}}}))
    [remedy] = fact.remedies
    text = (
        '{"answers":[{"alternative":null,"demand":"补偿","evidence":[],"exemption":null,"reason":null,"result":"met"}],'
        f'"basis":"{BASIS}","remedies":[{{"amount":"150.00","basis":"liability","currency":"CNY",'
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
