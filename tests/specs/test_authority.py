"""Who decides how much: every level at its exact limit, and nobody approves their own words (S000-3.9, S003-2.4)."""

import pytest

from events.commands import Refusal
from events.envelope import Entry
from events.solution import ApprovalRequested, SolutionProposed
from policy.people.authority import is_supervisor, may_approve, oversees, who_may_approve
from policy.people.organisation import COMPLIANCE
from tests import controls, examples
from tests.bdd import Given, given
from tests.controls import in_the_morning

NOW = in_the_morning()
AUTHORITY = controls.policy().document.authority
PEOPLE = sorted(controls.company().person)


def verified() -> Given:
    """A service complaint whose facts are known, with one demand."""
    kinds = ("EvidenceAdded", "Verified")
    entries = [Entry(f, NOW, controls.person(), policy=controls.POLICY_ID) for f in examples.HANDLING
               if type(f).__name__ in kinds]  # fmt: skip
    return given(*controls.handed_out(demands=("退还房费",)), *entries)


def proposal(by: str, amount: str) -> object:
    """What proposing that amount leads to: `done`, the roles asked for, or the refusal's code."""
    remedy = {"kind": "refund", "amount": amount, "currency": "CNY", "due": "2026-03-05T18:00:00+08:00"}
    answer = verified().when(
        "propose_solution", by, NOW, remedies=[{**remedy, "responsible": "li.na"}],
        answers={"退还房费": {"result": "met"}}, basis="refund.standard",
    )  # fmt: skip
    if isinstance(answer, Refusal):
        return answer.code
    assert isinstance(answer[0], SolutionProposed)
    asked = [fact for fact in answer if isinstance(fact, ApprovalRequested)]
    return asked[0].stages[0] if asked else "done"


@pytest.mark.clause("S000-3.9", "S002-4.1")
@pytest.mark.parametrize(
    ("by", "amount", "outcome"),
    [
        ("li.na", "100.00", "done"), ("li.na", "100.01", ("supervisor",)), ("li.na", "1000.00", ("supervisor",)),
        ("li.na", "1000.01", ("manager",)), ("li.na", "10000.00", ("manager",)),
        ("wang.fang", "1000.00", "done"), ("wang.fang", "1000.01", ("manager",)),
        ("zhao.lei", "10000.00", "done"),
        ("chen.jie", "0.01", ("supervisor",)), ("hu.mei", "100.00", ("supervisor",)),
        ("wu.hao", "1000.01", ("manager",)),
    ],
)  # fmt: skip
def test_up_to_the_limit_one_decides_above_it_the_weakest_role_that_may_is_asked(
    by: str, amount: str, outcome: object
) -> None:
    assert proposal(by, amount) == outcome


@pytest.mark.clause("S000-3.9")
@pytest.mark.parametrize("by", ["li.na", "wang.fang", "zhao.lei", "chen.jie"])
def test_above_every_limit_nobody_of_the_company_decides_without_the_boards_ground(by: str) -> None:
    assert isinstance(outcome := proposal(by, "10000.01"), str)
    assert outcome != "done"


def approvers(role: str, author: str = "li.na", *accused: str) -> set[str]:
    asked = examples.REQUESTED.model_copy(update={"author": author, "stages": ((role,),)})
    story = given(
        *controls.handed_out(accused=accused), Entry(asked, NOW, controls.machine(), policy=controls.POLICY_ID)
    )
    approval = story.complaint.solution.approval("proposal-1")
    assert approval is not None
    company = controls.company()
    found = {p for p in PEOPLE if may_approve(story.complaint, approval, role, p, AUTHORITY, company)}
    assert found == set(who_may_approve(story.complaint, approval, AUTHORITY, company))
    return found


@pytest.mark.clause("S000-3.9", "S002-1.14", "S002-1.15")
@pytest.mark.parametrize(
    ("role", "people"),
    [
        ("supervisor", {"wang.fang", "he.jing", "ma.chao", "xu.tao", "zhao.lei"}),
        ("manager", {"zhao.lei"}),
        ("legal", {"chen.jie"}),
        ("department", {"zhang.wei", "wang.fang", "zhao.lei"}),
    ],
)
def test_each_role_is_filled_by_its_people_and_a_higher_level(role: str, people: set[str]) -> None:
    assert approvers(role) == people


@pytest.mark.clause("S003-2.4", "S002-7.1")
def test_neither_the_author_nor_anybody_barred_approves() -> None:
    assert "wang.fang" not in approvers("supervisor", author="wang.fang")
    assert approvers("supervisor", "li.na", "zhang.wei") == {"he.jing", "ma.chao", "xu.tao", "zhao.lei"}


@pytest.mark.clause("S002-4.5", "S002-1.1")
def test_supervisors_and_those_who_oversee_a_colleague() -> None:
    company = controls.company()
    assert {p for p in PEOPLE if is_supervisor(p, AUTHORITY, company)} == approvers("supervisor", author="li.na")
    assert {p for p in PEOPLE if oversees(p, "liu.yang", AUTHORITY, company)} == {"he.jing", "zhao.lei", "wu.hao"}
    assert company.person["wu.hao"].role == COMPLIANCE
