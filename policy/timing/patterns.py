"""Event patterns of the policy file: `Received`, `*[by=human]`, `Replied[by=human & kind in a,b]`."""

import re
from collections.abc import Collection
from enum import Enum
from typing import NamedTuple

from events.envelope import Recorded
from events.fact import Fact
from events.vocabulary import ActorKind

ANY = "*"
"""Matches every event of the handling."""

OF_THE_FILE = frozenset({"PolicyMigrated", "Labelled"})
"""Events by which nobody handled anything: `*` does not mean them, they are named or not meant at all (M8, C21)."""

ACTORS = {
    "human": ActorKind.PERSON,
    "machine": ActorKind.SYSTEM,
    "customer": ActorKind.CUSTOMER,
    "channel": ActorKind.CHANNEL,
}
"""What `by` may name."""

_PATTERN = re.compile(r"^(\*|[A-Z][A-Za-z0-9]*)\s*(?:\[([^\[\]]*)\])?$")
_CONDITION = re.compile(r"^([a-z][a-z0-9_]*)(\s*=\s*|\s+in\s+)([^=&]+)$")
_VALUE = re.compile(r"^[^\s,=&\[\]]+$")


class Condition(NamedTuple):
    """A field of the fact and the texts it may have; `true` and `false` for a switch."""

    field: str
    values: frozenset[str]

    def holds(self, fact: Fact) -> bool:
        """True where the fact has the field with one of the values; of a list, one element is enough."""
        value = getattr(fact, self.field, None)
        if isinstance(value, str):  # a Word too: it compares and hashes as its text
            return value in self.values
        if isinstance(value, tuple):
            return any(_text(element) in self.values for element in value)
        return value is not None and _text(value) in self.values


class Pattern(NamedTuple):
    """One compiled pattern."""

    text: str
    name: str
    """The event's name, or `*`."""
    actors: frozenset[ActorKind] | None
    """Who may have acted; None for anybody."""
    conditions: tuple[Condition, ...]

    @property
    def names(self) -> frozenset[str]:
        """The event names it speaks of, for a lint against the catalogue; empty for `*`."""
        return frozenset() if self.name == ANY else frozenset({self.name})

    def unknown_names(self, known: Collection[str]) -> frozenset[str]:
        """Its event names that this release does not know."""
        return self.names.difference(known)

    def matches(self, recorded: Recorded) -> bool:
        """True where the recorded fact is meant."""
        return self.speaks_of(recorded.name, recorded.actor.kind) and self.holds(recorded.fact)

    def speaks_of(self, name: str, actor: ActorKind) -> bool:
        """True where facts of that name by such an actor may match."""
        named = name not in OF_THE_FILE if self.name == ANY else self.name == name
        return named and (self.actors is None or actor in self.actors)

    def holds(self, fact: Fact) -> bool:
        """True where the fact's fields are as asked."""
        return all(condition.holds(fact) for condition in self.conditions)


def parse_pattern(text: str) -> Pattern:
    """A pattern of the policy file; raises ValueError that says what cannot be read."""
    found = _PATTERN.match(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is not an event pattern like Received or Replied[by=human & kind in a,b]")
    name, inside = found.groups()
    actors: frozenset[ActorKind] | None = None
    conditions: list[Condition] = []
    for part in inside.split("&") if inside is not None else ():
        field, values = _parse_condition(part.strip(), text)
        if field == "by":
            named = _parse_actors(values, text)
            actors = named if actors is None else actors & named
        else:
            conditions.append(Condition(field, values))
    if actors is not None and not actors:
        raise ValueError(f"{text!r}: nobody can be all of these at once")
    return Pattern(text, name, actors, tuple(conditions))


def parse_pair(text: str) -> tuple[Pattern, Pattern]:
    """A stretch between two events, `InformationRequested..Supplemented`."""
    first, dots, last = text.partition("..")
    if not dots:
        raise ValueError(f"{text!r} is not a pair of events like InformationRequested..Supplemented")
    return parse_pattern(first), parse_pattern(last)


def _parse_condition(part: str, text: str) -> tuple[str, frozenset[str]]:
    found = _CONDITION.match(part)
    if found is None:
        raise ValueError(f"{text!r}: cannot read {part!r}, expected field=value or field in a,b")
    field, operator, listed = found.groups()
    values = [listed.strip()] if "=" in operator else [value.strip() for value in listed.split(",")]
    for value in values:
        if not _VALUE.match(value):
            raise ValueError(f"{text!r}: {value!r} is no value to compare {field} with")
    return field, frozenset(values)


def _parse_actors(values: frozenset[str], text: str) -> frozenset[ActorKind]:
    unknown = values.difference(ACTORS)
    if unknown:
        actors = ", ".join(ACTORS)
        raise ValueError(f"{text!r}: nobody acts as {', '.join(sorted(unknown))}; by is one of {actors}")
    return frozenset(ACTORS[value] for value in values)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value.value) if isinstance(value, Enum) else str(value)
