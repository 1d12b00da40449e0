"""Whatever a customer does but bring new facts, a final offer stays the most they can be given (S002-3.6, C9)."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given as example
from hypothesis import settings
from hypothesis import strategies as st

from events.commands import Refusal
from events.ending import CalledBack, Reopened
from events.envelope import Entry, StreamId
from events.links import Linked
from events.participation import Nudged
from events.vocabulary import EvidenceKind, Medium, Relation
from tests import controls
from tests.bdd import Given
from tests.controls import HOUR
from tests.solutions import LATER, after, evidence, final_of, offer, ready, verified

Act = Callable[[Given, Any], Given]
FINAL = Decimal(200)


def _recorded(fact: Any, who: str = "li.na") -> Act:
    return lambda state, now: _and(state, Entry(fact, now, controls.person(who), policy=controls.POLICY_ID))


def _and(state: Given, *entries: Entry) -> Given:
    return Given(state.and_then(*entries).case._replace(kin=state.case.kin), state.company)


def _reopened(state: Given, now: Any) -> Given:
    again = Reopened(round=state.complaint.ending.round + 1, reason="客户不满意")
    return _and(_recorded(again)(state, now), verified(now))


def _said_again(state: Given, now: Any) -> Given:
    """The customer called once more: the recording is evidence, and the verification rests on it."""
    digest = f"{state.complaint.version:064x}"
    heard = evidence(now, digest, EvidenceKind.CALL_RECORD)
    return _and(state, heard, verified(now, evidence=(digest,)))


def _complained_elsewhere(relation: Relation) -> Act:
    """The same matter through another channel: a complaint of its own, linked; what is decided, is decided there."""

    def act(state: Given, now: Any) -> Given:
        earlier = state.complaint._replace(complaint_id=StreamId(f"earlier-{len(state.case.kin)}"))
        fresh = ready()
        link = Linked(to=earlier.complaint_id, relation=relation, reason="同一事由", leads=True)
        linked = fresh.and_then(Entry(link, now, controls.person(), policy=controls.POLICY_ID))
        return Given(linked.case._replace(kin=(*state.case.kin, earlier)), state.company)

    return act


def _tried(amount: Decimal, cause: str | None, by: str) -> Act:
    def act(state: Given, now: Any) -> Given:
        data = offer(str(amount), unlock=cause)
        answer = state.when("propose_solution", by, now, **data)
        return state if isinstance(answer, Refusal) else after(state, "propose_solution", by, now, **data)

    return act


def _declined(state: Given, now: Any) -> Given:
    current = state.complaint.solution.current
    pending = current and not state.complaint.solution.is_approved(current.subject, current.fact.content_sha256)
    if current is None or current.declined or pending:
        return state
    return after(state, "decline", "li.na", now, medium="phone", words="还是太少")


COMPLAINING_MORE = st.one_of(
    st.just(_reopened),
    st.just(_said_again),
    st.just(_declined),
    st.sampled_from([_complained_elsewhere(r) for r in (Relation.DUPLICATE, Relation.REPEAT)]),
    st.just(lambda state, now: _and(state, controls.supplemented(now))),
    st.just(lambda state, now: _and(state, controls.escalated(now))),
    st.just(_recorded(Nudged(person="li.na", text="催办"))),
    st.just(_recorded(CalledBack(solved=False, satisfied=False, medium=Medium.PHONE))),
    st.builds(
        _tried,
        st.decimals("0", "12000", places=2),
        st.sampled_from([None, "new_facts", "own_failure", "authority_ruling", "statutory"]),
        st.sampled_from(["li.na", "wang.fang", "zhao.lei"]),
    ),
)


@pytest.mark.clause("S002-3.5", "S002-3.6")
@settings(max_examples=60, deadline=None)
@example(st.lists(COMPLAINING_MORE, max_size=8), st.decimals("200.01", "10000", places=2))
def test_no_history_of_complaining_more_raises_what_can_be_agreed(acts: list[Act], more: Decimal) -> None:
    state, now = final_of(str(FINAL)), LATER
    for act in acts:
        now += HOUR
        state = act(state, now)
    every = (state.complaint, *state.case.kin)
    assert max(p.fact.total for complaint in every for p in complaint.solution.proposals) == FINAL
    refused = state.when("propose_solution", "zhao.lei", now + timedelta(hours=1), **offer(str(more)))
    assert isinstance(refused, Refusal)
    assert refused.code == "final_offer_locked"


WORDS = st.text("退款道歉 abc", min_size=1, max_size=20).filter(str.strip)


@pytest.mark.clause("S002-1.15")
@settings(max_examples=60, deadline=None)
@example(WORDS, WORDS, st.integers(0, 3))
def test_an_edit_makes_every_approval_void(first: str, second: str, given_before: int) -> None:
    state = _written(ready(), first)
    for role, person in (("department", "wang.fang"), ("legal", "chen.jie"), ("manager", "zhao.lei"))[:given_before]:
        state = _approved(state, role, person)
    if second == first:
        return
    approval = _written(state, second).complaint.solution.approvals[-1]
    assert approval.given == ()
    assert approval.waiting_for == ("department", "legal")


def _written(state: Given, text: str) -> Given:
    state = after(state, "reply", "li.na", kind="decision", medium="email", text=text)
    return _and(state, *state.workflow_looks(LATER).entries)


def _approved(state: Given, role: str, person: str) -> Given:
    draft = state.complaint.solution.drafts[-1].fact
    data = {"subject": draft.subject, "content_sha256": draft.content_sha256, "as_role": role}
    return after(state, "approve", person, **data)
