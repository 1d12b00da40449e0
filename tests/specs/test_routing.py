"""Who owns and who handles: a table of mandates, the work spread evenly, never the accused (S004-2.7, S002-7.1)."""

from collections import Counter
from itertools import combinations

import pytest

from events.complaint import Complaint
from events.envelope import StreamId
from events.vocabulary import Category
from policy.people.organisation import Organisation
from policy.people.routing import Assignment, assignment, free_person, replacement
from tests import controls
from tests.bdd import given
from tests.controls import in_the_morning, some_streams, with_absent

NOW = in_the_morning()
ROUTING = controls.policy().document.routing
AGENTS = {Category.PRODUCT: "zhou.min", Category.LOGISTICS: "sun.li", Category.BILLING: "liu.yang"}


def a_complaint(category: Category, *accused: str, id_: StreamId = controls.C1) -> Complaint:
    story = given(controls.received(accused=accused), controls.classified(NOW, category=category))
    return story.complaint._replace(complaint_id=id_)


def routed(complaint: Complaint, company: Organisation | None = None) -> Assignment:
    return assignment(complaint, ROUTING, company or controls.company(), NOW)


@pytest.mark.clause("S004-2.7", "S003-2.3")
@pytest.mark.parametrize(("category", "agent"), AGENTS.items())
def test_a_complaint_goes_to_the_department_with_the_mandate(category: Category, agent: str) -> None:
    found = routed(a_complaint(category))
    assert (found.handler, found.department) == (agent, category.value)
    assert found.reason == f"routing.{category}"


@pytest.mark.clause("S002-1.1")
@pytest.mark.parametrize("category", Category)
def test_the_owner_is_of_the_department_that_first_receives(category: Category) -> None:
    assert routed(a_complaint(category)).owner in ("li.na", "zhang.wei")


@pytest.mark.clause("S002-1.1")
@pytest.mark.parametrize("category", [Category.SERVICE, Category.OTHER])
def test_what_the_receiving_department_handles_itself_stays_in_one_hand(category: Category) -> None:
    found = routed(a_complaint(category))
    assert found.owner == found.handler


def test_the_same_complaint_always_goes_to_the_same_person() -> None:
    assert len({routed(a_complaint(Category.SERVICE)) for _ in range(20)}) == 1


def test_complaints_are_spread_evenly_over_colleagues() -> None:
    owners = Counter(routed(a_complaint(Category.SERVICE, id_=stream)).handler for stream in some_streams(400))
    assert set(owners) == {"li.na", "zhang.wei"}
    assert min(owners.values()) > 150


@pytest.mark.clause("S002-7.1")
@pytest.mark.parametrize("accused", sorted(controls.company().person))
@pytest.mark.parametrize("category", Category)
def test_nobody_accused_and_no_line_manager_of_theirs_owns_or_handles(category: Category, accused: str) -> None:
    found = routed(a_complaint(category, accused))
    assert not {found.owner, found.handler} & controls.company().recused([accused])


@pytest.mark.clause("S002-7.1")
def test_with_two_accused_from_anywhere_there_is_still_somebody_unsuspected() -> None:
    for pair in combinations(sorted(controls.company().person), 2):
        found = routed(a_complaint(Category.SERVICE, *pair))
        assert not {found.owner, found.handler} & controls.company().known(pair)


def test_an_absent_agent_is_passed_over() -> None:
    away = with_absent(("li.na", "zhang.wei"))
    assert {routed(a_complaint(Category.SERVICE, id_=s), away).handler for s in some_streams(20)} == {"zhang.wei"}


def test_where_every_agent_is_away_the_supervisor_of_the_department_handles() -> None:
    found = routed(a_complaint(Category.BILLING), with_absent(("liu.yang", "he.jing")))
    assert (found.handler, found.department) == ("he.jing", "billing")


@pytest.mark.clause("S002-7.1")
def test_a_department_recused_as_a_whole_gives_its_case_to_the_receiving_one() -> None:
    found = routed(a_complaint(Category.BILLING, "liu.yang"))
    assert found.handler == found.owner
    assert found.department == "service"


def test_an_unsorted_complaint_goes_where_other_goes() -> None:
    unsorted = given(controls.received()).complaint
    assert routed(unsorted).department == "service"


def test_a_company_where_everybody_is_away_still_names_somebody() -> None:
    nobody = with_absent(*((id_, id_) for id_ in controls.company().person))
    found = routed(a_complaint(Category.SERVICE, "zhao.lei"), nobody)
    assert found.handler in controls.company().person
    assert found.handler != "zhao.lei"


@pytest.mark.clause("S001-6.6", "S003-2.3")
@pytest.mark.parametrize(
    ("department", "person"), [("logistics", "sun.li"), ("legal", "chen.jie"), ("finance", "hu.mei")]
)
def test_a_part_goes_to_somebody_of_the_department_asked(department: str, person: str) -> None:
    assert free_person(department, a_complaint(Category.SERVICE), ROUTING, controls.company(), NOW) == person


@pytest.mark.clause("S002-7.1")
@pytest.mark.parametrize("accused", sorted(controls.company().person))
def test_whoever_takes_the_place_of_somebody_barred_is_not_barred(accused: str) -> None:
    complaint = a_complaint(Category.SERVICE, accused)._replace(owner=accused, handler=accused, department="service")
    found = replacement(complaint, ROUTING, controls.company(), NOW)
    assert found is not None
    assert not {found.owner, found.handler} & controls.company().recused([accused])


@pytest.mark.clause("S002-7.1")
def test_nobody_barred_is_named_where_nobody_else_is_left_and_one_who_is_left_takes_both() -> None:
    people = {id_: controls.company().person[id_] for id_ in ("li.na", "zhang.wei", "wang.fang", "zhao.lei")}
    small = controls.company().model_copy(update={"person": people, "absence": ()})
    complaint = a_complaint(Category.SERVICE, "li.na")._replace(
        owner="li.na", handler="li.na", department="service", accused=("li.na", "zhang.wei", "zhao.lei")
    )
    assert replacement(complaint, ROUTING, small, NOW) is None
    free = complaint._replace(handler="zhang.wei", accused=("li.na",))
    found = replacement(free, ROUTING, small, NOW)
    assert found is not None
    assert (found.owner, found.handler) == ("zhang.wei", "zhang.wei")


@pytest.mark.clause("S002-1.1")
def test_whoever_may_stay_stays() -> None:
    complaint = a_complaint(Category.BILLING, "liu.yang")
    complaint = complaint._replace(owner="li.na", handler="liu.yang", department="billing")
    found = replacement(complaint, ROUTING, controls.company(), NOW)
    assert found is not None
    assert found.owner == "li.na"
    assert replacement(complaint._replace(handler="sun.li"), ROUTING, controls.company(), NOW) is None
