"""The catalogue of checks: every rule a history can break has one, and every other has its reason."""

import csv
from collections import Counter

import pytest

from policy.policy import Policy
from services.compliance.conformance.afterwards import STORED_ONLY
from services.compliance.conformance.catalogue import CHECKS, UNCHECKABLE
from services.compliance.conformance.clocks import every_clock_is_met
from services.compliance.conformance.reception import PINNED
from tests import controls
from tests.generate_docs import ROOT, rules

RULES = {row["id"] for row in rules()}
KNOWN = {row["id"] for row in csv.DictReader((ROOT / "docs" / "requirements.csv").read_text().splitlines())}
CARRIED = {id_ for each in CHECKS for id_ in each.requirements}


def test_every_rule_is_carried_by_a_check_or_has_a_reason_why_no_history_can_break_it() -> None:
    assert sorted(RULES - CARRIED - UNCHECKABLE.keys()) == []


def test_no_reason_is_given_for_a_rule_that_a_check_carries_or_that_is_none() -> None:
    assert sorted(UNCHECKABLE.keys() & CARRIED) == []
    assert sorted(UNCHECKABLE.keys() - RULES) == []


def test_checks_cite_requirements_of_the_contract_alone() -> None:
    assert sorted(CARRIED - KNOWN - {PINNED, STORED_ONLY}) == []


def test_every_check_has_a_name_of_its_own() -> None:
    assert [name for name, times in Counter(each.name for each in CHECKS).items() if times > 1] == []


@pytest.mark.parametrize("each", CHECKS, ids=lambda each: each.name)
def test_every_check_says_in_both_languages_what_must_hold(each: object) -> None:
    zh, en = each.title("zh"), each.title("en")  # type: ignore[attr-defined]
    assert zh.strip() and en.strip() and zh != en


def test_the_check_of_the_clocks_carries_every_rule_a_clock_of_the_shipped_policy_cites() -> None:
    policy: Policy = controls.policy()
    cited = {id_ for spec in policy.clocks.specs.values() for id_ in spec.source}
    assert sorted(cited & RULES - set(every_clock_is_met.requirements)) == []
