"""A condition on the facts of a complaint, as the policy writes it, such as `emotion>=5`."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PositiveInt

_SHAPE = re.compile(r"(?P<name>[a-z_:]+)(?:>=(?P<bound>\d{1,6})(?:/(?P<hours>\d{1,4})h)?)?")


class Table(BaseModel):
    """A policy table: immutable, and a key nobody knows is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Condition(Table):
    """One fact with its bound (S004-2.2..2.4)."""

    name: str
    at_least: PositiveInt = 1
    window: timedelta | None = None
    """Counted over this time by the stream; one text cannot know it."""

    @classmethod
    def parse(cls, value: object) -> object:
        """The written form, or what is a condition already."""
        if not isinstance(value, str):
            return value
        shape = _SHAPE.fullmatch(value)
        if shape is None:
            raise ValueError(f"not a condition: {value!r}")
        hours = shape["hours"]
        window = timedelta(hours=int(hours)) if hours else None
        return cls(name=shape["name"], at_least=int(shape["bound"] or 1), window=window)

    def holds(self, facts: Mapping[str, int]) -> bool:
        """True when the facts reach the bound; an unknown fact counts nothing."""
        return facts.get(self.name, 0) >= self.at_least

    def __str__(self) -> str:
        """The written form without its window."""
        return self.name if self.at_least == 1 else f"{self.name}>={self.at_least}"


Written = Annotated[Condition, BeforeValidator(Condition.parse)]
Source = Annotated[tuple[str, ...], Field(min_length=1)]
"""Clause ids of the handling document."""


class RedRules(Table):
    """The `[triage.red]` table: any one of these makes a complaint red (S004-2.2, S004-2.3, S004-2.4)."""

    source: Source
    any: tuple[Written, ...]

    def fired(self, facts: Mapping[str, int]) -> tuple[str, ...]:
        """The conditions that hold; give `batch` too when the stream has counted it."""
        return tuple(str(condition) for condition in self.any if condition.holds(facts))
