"""What is wrong with a policy, told so that its author can put it right: place, what, why, cure, in both languages."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import product
from typing import Any, NamedTuple

from events.vocabulary import Complexity, Language, Priority
from policy.document import Document
from policy.people.organisation import Organisation
from policy.policy import Policy
from policy.timing.deadlines import Grade
from policy.timing.durations import MARK
from policy.timing.instants import SECOND, micros, moment

MINUTE = 60 * SECOND
MINUTES_OF_A_DAY = 1_440
HALF_HOUR = 30
WEEKS = 14
"""How the instants are chosen at which deadlines are compared: every half hour of two weeks."""


class Flaw(NamedTuple):
    """One mistake of a policy."""

    kind: str
    """Stable name, snake case."""
    place: str
    """The key of the policy file, `clock.first_human.target`."""
    requirement: str
    """What it offends."""
    zh: str
    en: str
    cure_zh: str
    cure_en: str
    is_warning: bool = False
    """It may be meant; publishing goes on."""

    def lines(self, language: Language) -> tuple[str, str]:
        """What is wrong, and the cure."""
        return (self.zh, self.cure_zh) if language == "zh" else (self.en, self.cure_en)


class Subject(NamedTuple):
    """A policy under examination."""

    policy: Policy
    tables: Mapping[str, Any]
    """The text as TOML reads it, for what is the same in every table."""
    organisation: Organisation | None

    @property
    def document(self) -> Document:
        """The policy's tables as the rules read them."""
        return self.policy.document

    def grades(self, *specs: str) -> Iterator[Grade]:
        """Every colour and complexity, unmarked and with each mark the named clocks ask for."""
        named = {key for spec in specs for key in _keys(self.tables["clock"].get(spec)) if MARK.match(key)}
        marks = [frozenset[str](), *(frozenset({mark}) for mark in sorted(named))]
        for mark, priority, complexity in product(marks, Priority, Complexity):
            yield priority, complexity, mark

    def starts(self, days: int = WEEKS, minutes: int = HALF_HOUR) -> Iterator[datetime]:
        """Instants of the policy's zone from its first day on: a night, a weekend, most often a holiday among them."""
        head = self.document.policy
        first = micros(
            datetime(head.valid_from.year, head.valid_from.month, head.valid_from.day, tzinfo=self.policy.zone)
        )
        for step in range(days * MINUTES_OF_A_DAY // minutes):
            yield moment(first + step * minutes * MINUTE).astimezone(self.policy.zone)


def _keys(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield key
            yield from _keys(inner)
