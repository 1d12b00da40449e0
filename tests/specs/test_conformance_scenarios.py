"""The checks over golden scenarios and random lives: nothing is found but what each story plainly misses."""

from collections import Counter
from collections.abc import Mapping

import pytest

from events.handling import ClockBreached
from services.compliance.conformance import clocks, contact, ladder, links, messages, reception, sorting
from services.compliance.conformance.checks import Check
from services.compliance.conformance.deadlines import missed
from services.compliance.conformance.examined import Examined
from tests.examining import found, scenario
from tests.random_lives import Life
from tests.specs.test_scenarios import SCENARIO_CLAUSES

MODULES = (reception, clocks, messages, contact, sorting, links, ladder)
CHECKS = [each for module in MODULES for each in vars(module).values() if isinstance(each, Check)]
SPECS = ("clocks", "contact", "sorting", "ladder")
LATE = {clocks.every_clock_is_met.name, contact.customers_are_not_given_up_too_early.name}
"""What people may do wrong although every command was allowed: be late, or try too seldom."""
MISSED: Mapping[str, Mapping[str, int]] = {
    "g1": {"activity": 3, "first_human": 5},
    "g2": {"activity": 2, "solution": 2, "progress": 9, "office_days": 2},
    "g3_machine": {"ack": 1, "solution": 1, "progress": 1},
    "g3_person": {"solution": 1, "progress": 1},
    "g10": {"first_human": 22},
    "g11": {"first_human": 1},
    "g12": {"first_human": 1, "activity": 1, "stalled": 2, "progress": 1},
    "g18": {"activity": 2, "first_human": 1},
    "g22": {"approval": 2},
    "g23": {"commitment": 1},
}
"""What the stories themselves tell: how often which clock is missed; in the others, and beside these, nothing."""
FALLING_DUE = {"g1": 2, "g2": 1, "g10": 1}
"""Deadlines of the last minute of a script: missed, and nobody is accused of them yet (ADR 0016)."""


@pytest.mark.parametrize("name", SCENARIO_CLAUSES)
async def test_a_scenario_violates_what_its_story_tells_and_nothing_else(name: str) -> None:
    every = await scenario(name)
    told = Counter(miss.reading.clock for of in every for miss in missed(of))
    assert dict(told) == dict(MISSED.get(name, {}))
    violations = [violation for of in every for violation in found(of, CHECKS)]
    assert [v for v in violations if v.check != clocks.every_clock_is_met.name] == []
    assert len(violations) == told.total() - FALLING_DUE.get(name, 0)


@pytest.mark.parametrize("name", MISSED)
async def test_the_deadlines_found_without_the_record_are_those_recorded_while_it_was_lived(name: str) -> None:
    for of in await scenario(name):
        recorded = {(r.fact.clock, r.fact.due_at, r.fact.key) for r in of.all(ClockBreached)}  # type: ignore[attr-defined]
        assert {tuple(miss.breach) for miss in missed(of)} == recorded


async def finds_only_lateness(seed: int, steps: int) -> int:
    every = await Life(seed).live(steps)
    for of in every:
        lived = Examined(of.history, of.company, of.history[-1].recorded_at, of.texts, of.others)
        assert {violation.check for violation in found(lived, CHECKS)} <= LATE
    return len(every)


@pytest.mark.parametrize("seed", range(3))
async def test_a_life_at_random_is_late_at_the_most(seed: int) -> None:
    assert await finds_only_lateness(seed, 30) > 0


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 400))
async def test_a_life_at_random_is_late_at_the_most_in_a_long_run(seed: int) -> None:
    assert await finds_only_lateness(seed, 60) > 0


@pytest.mark.parametrize("each", CHECKS, ids=lambda check: check.name)
def test_every_check_is_broken_and_kept_in_a_specification(each: Check, request: pytest.FixtureRequest) -> None:
    folder = request.path.parent
    specified = "".join((folder / f"test_conformance_{name}.py").read_text() for name in SPECS)
    [module] = [m.__name__.rpartition(".")[2] for m in MODULES if vars(m).get(each.name) is each]
    assert f"{module}.{each.name}" in specified
