"""Nobody is accused wrongly: whatever the real decisions let people do, no check of handling finds a violation."""

import pytest

from events.contact import ContactStarted
from events.vocabulary import ReplyKind
from services.compliance.conformance import wording
from services.compliance.conformance.checks import Check
from tests.examining import CHECKS, HANDLING, altered, found, said, scenario, tells
from tests.random_lives import Life
from tests.specs.test_scenarios import SCENARIO_CLAUSES

SPECS = ("people", "findings", "offers", "endings", "lives")


@pytest.mark.parametrize("name", SCENARIO_CLAUSES)
async def test_a_golden_scenario_is_lawful_in_every_act(name: str) -> None:
    for of in await scenario(name):
        assert found(of) == []


async def is_lawful(seed: int, steps: int) -> int:
    life = Life(seed)
    for of in await life.live(steps):
        assert found(of) == [], [(r.version, r.name, r.actor.id) for r in of.history]
    return life.done - life.refused.total()


@pytest.mark.parametrize("seed", range(3))
async def test_a_life_at_random_is_lawful_because_the_decisions_refuse_what_is_not(seed: int) -> None:
    assert await is_lawful(seed, 40) > 10


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 400))
async def test_a_life_at_random_is_lawful_in_a_long_run(seed: int) -> None:
    assert await is_lawful(seed, 80) > 10


@pytest.mark.clause("S003-5.1")
async def test_a_confirmation_that_does_not_say_who_is_liable_is_found() -> None:
    lives = [of for of in await scenario("g13") if of.has(ContactStarted)]
    lawful, version = next(
        (of, r.version)
        for of in lives
        for r in of.all(ContactStarted)
        if isinstance(r.fact, ContactStarted) and r.fact.kind is ReplyKind.CONFIRMATION
    )
    silent = altered(lawful, version, said(text="您已同意处理方案。"))
    tells(wording.liability_is_stated_in_words, "S003-5.1", lawful, silent)


@pytest.mark.parametrize("each", CHECKS, ids=lambda check: check.name)
def test_every_check_of_handling_is_broken_and_kept_in_a_specification(
    each: Check, request: pytest.FixtureRequest
) -> None:
    folder = request.path.parent
    specified = "".join((folder / f"test_conformance_{name}.py").read_text() for name in SPECS)
    [module] = [m.__name__.rpartition(".")[2] for m in HANDLING if vars(m).get(each.name) is each]
    assert f"{module}.{each.name}" in specified
