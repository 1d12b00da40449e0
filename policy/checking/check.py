"""`amends policy check`: everything wrong with a policy, found before it is published (S004-1.6, C2, C6, C21)."""

import tomllib
from collections.abc import Callable, Iterable, Iterator

from policy.checking import (
    clocks,
    contact,
    life,
    patterns,
    people,
    rules,
    templates,
)
from policy.checking.flaws import Flaw, Subject
from policy.document import parse
from policy.people.organisation import Organisation
from policy.policy import Policy, publication

Check = Callable[[Subject], Iterator[Flaw]]

CHECKS: tuple[Check, ...] = (
    *clocks.CHECKS,
    *patterns.CHECKS,
    *life.CHECKS,
    *contact.CHECKS,
    *templates.CHECKS,
    *people.CHECKS,
    *rules.CHECKS,
)
"""All of them, in the order their findings are told."""


def check(text: str, organisation: Organisation | None = None) -> tuple[Flaw, ...]:
    """Every flaw of a complete policy text, also against an organisation where one is given.

    Raises InvalidPolicy for a text that is no policy at all.
    """
    parse(text)
    try:
        policy = Policy(publication(text))
    except ValueError as mistake:  # a clock or calendar that cannot be made to run: nothing else can be asked
        return (_cannot_run(str(mistake)),)
    subject = Subject(policy, tomllib.loads(text), organisation)
    return tuple(flaw for find in CHECKS for flaw in find(subject))


def errors(flaws: Iterable[Flaw]) -> tuple[Flaw, ...]:
    """The flaws with which a policy is not published."""
    return tuple(flaw for flaw in flaws if not flaw.is_warning)


def _cannot_run(why: str) -> Flaw:
    place = why.partition(":")[0].replace("clock ", "clock.").replace(", ", ".")
    return Flaw(
        "clock_cannot_run",
        place,
        "S004-1.3",
        f"无法计时：{why}",
        f"it cannot be counted: {why}",
        "改正该时钟或日历",
        "put that clock or calendar right",
    )
