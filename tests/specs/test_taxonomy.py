"""Facets that do not depend on each other, in a version that later versions can read (S001-16.3, S004-2.1, C14)."""

from itertools import product
from typing import Any

import pytest
from pydantic import ValidationError

from events.handling import Assigned, Classified
from events.vocabulary import Category, Complexity, Mode, Nature, Priority
from policy.people.routing import assignment
from policy.sorting.playbook import attached, valued
from policy.sorting.taxonomy import Taxonomy, cause_code, nature, sub_cause
from tests import controls
from tests.bdd import Given, facts, given
from tests.controls import in_the_morning

NOW = in_the_morning()
POLICY = controls.policy()
TAXONOMY = POLICY.document.taxonomy


def sorted_by_its_words(text: str, **more: Any) -> Classified:
    [classified] = [
        fact
        for fact in facts(given(controls.received(text=text, **more)).workflow_looks(NOW))
        if isinstance(fact, Classified)
    ]
    return classified


@pytest.mark.clause("S001-3.1")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (controls.OVERCHARGED, Nature.TRANSACTIONAL),
        ("前台骂人,态度恶劣", Nature.ATTITUDE),
        ("建议增加夜间客服", Nature.OPINION),
        ("请问退货政策是什么", Nature.OPINION),
    ],
)
def test_a_complaint_is_about_a_transaction_an_attitude_or_an_opinion(text: str, expected: Nature) -> None:
    assert sorted_by_its_words(text).nature is expected


@pytest.mark.clause("S001-3.1")
def test_a_suggestion_beside_a_grievance_is_no_mere_opinion() -> None:
    assert nature((), ("suggestion", "grievance"), Priority.YELLOW, TAXONOMY) is Nature.TRANSACTIONAL
    assert nature((), ("suggestion",), Priority.GREEN, TAXONOMY) is Nature.OPINION


@pytest.mark.clause("S004-2.1", "S002-0.1", "S001-16.3")
def test_a_classification_names_its_version_and_how_it_is_handled() -> None:
    classified = sorted_by_its_words(controls.ORDINARY)
    assert (classified.taxonomy, classified.mode) == ("cn-1", Mode.DISPATCHED)


@pytest.mark.clause("S001-2.11", "S001-3.1")
def test_a_suggestion_is_an_item_of_its_own() -> None:
    classified = sorted_by_its_words("建议增加夜间客服")
    assert (classified.nature, classified.priority) == (Nature.OPINION, Priority.GREEN)
    assert classified.signals is not None
    assert "suggestion" in classified.signals


@pytest.mark.clause("S004-2.1", "S001-17.4", "S002-6.1", "S001-2.2")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("手机黑屏,开不了机", "product.fault"),
        ("售后维修不到位,修了还是坏", "service.after_sales"),
        ("快递没收到,物流太慢", "logistics.late"),
        ("多收了我话费", "billing.overcharge"),
        ("服务态度很差", "service.attitude"),
    ],
)
def test_every_category_has_kinds_of_trouble(text: str, expected: str) -> None:
    assert sorted_by_its_words(text).sub == expected


@pytest.mark.clause("S004-2.1")
def test_a_kind_of_trouble_belongs_to_the_category_or_is_left_open() -> None:
    assert {code.partition(".")[0] for code in TAXONOMY.sub} == set(Category)
    assert sub_cause(Category.BILLING, ["product.fault:黑屏", "billing.over:多收"], TAXONOMY) == "billing.overcharge"
    assert sub_cause(Category.OTHER, ["product.fault:黑屏"], TAXONOMY) == ""


@pytest.mark.clause("S003-1.2", "S003-1.3", "S003-1.4", "S001-2.2")
def test_the_tree_of_causes_has_company_individual_psychological_and_communication() -> None:
    wanted = {
        "company": {"image", "promise", "unclear_text", "policy_change"},
        "individual": {"training", "experience", "uneven_standard", "low_alertness"},
        "psychological": {"respect"},
        "communication": {"misunderstanding"},
    }
    for branch, leaves in wanted.items():
        assert {f"{branch}.{leaf}" for leaf in leaves} <= set(TAXONOMY.cause)


@pytest.mark.clause("S004-2.1", "S001-2.2")
@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("售后维修不到位", "service.after_sales"),
        (" 沟通不畅 ", "communication.misunderstanding"),
        ("product.fault", "product.fault"),
        ("自编词", None),
    ],
)
def test_a_cause_in_the_words_of_an_older_version_is_counted_with_ours(word: str, code: str | None) -> None:
    assert cause_code(word, TAXONOMY) == code


@pytest.mark.clause("S004-2.1")
def test_a_translation_into_nowhere_is_refused() -> None:
    with pytest.raises(ValidationError, match="nowhere"):
        Taxonomy.model_validate({**TAXONOMY.model_dump(), "mapping": {"cn-0": {"其他": "nowhere"}}})


def story(category: Category, priority: Priority, complexity: Complexity) -> Given:
    classified = controls.classified(NOW, priority, category=category, complexity=complexity)
    return given(controls.received(), classified)


def limits(given_: Given) -> dict[str, object]:
    """Which department, until when somebody must act, until when it must be solved."""
    due = {
        reading.clock: reading.due_at
        for reading in POLICY.clocks.readings(given_.case.history, given_.complaint, NOW)
        if reading.clock in ("activity", "solution")
    }
    handed = assignment(given_.complaint, POLICY.document.routing, controls.company(), NOW)
    return {**due, "department": handed.department}


@pytest.mark.clause("S001-16.3")
@pytest.mark.parametrize(("facet", "limit"), [(0, "department"), (1, "activity"), (2, "solution")])
def test_category_urgency_and_complexity_each_decide_one_thing_and_nothing_else(facet: int, limit: str) -> None:
    """The nine and more combinations: what a facet decides is the same whatever the two others are."""
    by_value: dict[object, set[object]] = {}
    for combination in product(Category, Priority, Complexity):
        by_value.setdefault(combination[facet], set()).add(limits(story(*combination))[limit])
    assert all(len(found) == 1 for found in by_value.values())
    assert len({next(iter(found)) for found in by_value.values()}) > 1


@pytest.mark.clause("S001-16.3")
def test_the_facets_are_recorded_apart() -> None:
    [classified, assigned, *_] = facts(given(controls.received(text=controls.OVERCHARGED)).workflow_looks(NOW))
    assert isinstance(classified, Classified)
    assert isinstance(assigned, Assigned)
    recorded = (classified.category, classified.priority, classified.complexity, classified.nature)
    assert recorded == (Category.BILLING, Priority.YELLOW, Complexity.SIMPLE, Nature.TRANSACTIONAL)


BOOKS = POLICY.document.playbook


@pytest.mark.clause("S003-6.6", "S001-10.2")
@pytest.mark.parametrize("text", ["再不处理我就找记者曝光你们", "不止我一个,同一批次的都坏了"])
def test_a_matter_that_may_spread_gets_the_playbook(text: str) -> None:
    after = given(controls.received(text=text)).workflow_looks(NOW).after
    assert after is not None
    assert attached(after, BOOKS) == ("spread_risk",)
    assert len(BOOKS["spread_risk"].steps) > 3


@pytest.mark.clause("S003-6.6")
def test_an_ordinary_matter_gets_none() -> None:
    after = given(controls.received()).workflow_looks(NOW).after
    assert after is not None
    assert attached(after, BOOKS) == ()


@pytest.mark.clause("S001-18.2")
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("物流太慢,快递一直没收到", "speed"),
        ("服务态度很差", "respect"),
        ("多收了我话费", "money"),
        ("手机黑屏,开不了机", "reliability"),
    ],
)
def test_what_a_customer_complains_of_tells_what_they_value(text: str, value: str) -> None:
    assert value in valued(sorted_by_its_words(text).rules, POLICY.document.orientation)


@pytest.mark.clause("S001-18.2")
def test_every_value_the_training_names_is_there() -> None:
    wanted = {"speed", "respect", "money", "reliability", "flexibility", "fairness"}
    assert set(POLICY.document.orientation) == wanted
