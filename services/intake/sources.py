"""Where the content of one field comes from, in one notation.

`"{Issue}: {Sub-issue}"` is a template of columns, `"{Issue}"` one column, `"web"` a constant; a list takes the first
that is not empty. A template with an empty column is empty as a whole, so that a list can fall back. `{{` and `}}` are
braces. The table form adds a value map: `{ from = "{Submitted via}", values = { Web = "app" }, otherwise = "letter" }`.
White space around a cell does not count.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BeforeValidator, Field, field_validator, model_validator

from events.fact import Value

Row = Mapping[str, str]
"""Cells by column."""


@dataclass(frozen=True)
class Template:
    """Text with columns in braces."""

    text: str
    pieces: tuple[tuple[str, str], ...]
    """Literal text, and the column after it (empty after the last one)."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it reads."""
        return tuple(column for _, column in self.pieces if column)

    def fill(self, row: Row) -> str:
        """The text with the row's cells; empty when one of them is."""
        parts = []
        for literal, column in self.pieces:
            cell = row[column].strip() if column else ""
            if column and not cell:
                return ""
            parts += [literal, cell]
        return "".join(parts)


_BRACES = re.compile(r"\{\{|\}\}|\{([^{}]+)\}|([{}])")


def _template(text: object) -> object:
    """A template as written; other types are left for pydantic to refuse."""
    if not isinstance(text, str):
        return text
    pieces, literal, end = [], "", 0
    for found in _BRACES.finditer(text):
        if found[2]:
            raise ValueError(f"a single {found[2]!r} in {text!r}: write {{Column}}, or double it for a brace")
        literal += text[end : found.start()]
        end = found.end()
        if found[1]:
            pieces.append((literal, found[1].strip()))
            literal = ""
        else:
            literal += found[0][0]
    return Template(text, (*pieces, (literal + text[end:], "")))


def listed(one: object) -> object:
    """A list of one where a list may be written short."""
    return one if isinstance(one, list | tuple) else [one]


class Source(Value):
    """Where the content of one field comes from."""

    alternatives: Annotated[tuple[Annotated[Template, BeforeValidator(_template)], ...], BeforeValidator(listed)] = (
        Field(alias="from", min_length=1)
    )
    values: dict[str, str] | None = None
    """What is written for what is found; "" leaves the field empty."""
    otherwise: str | None = None
    """For what `values` does not name; without it such a row is refused."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it reads."""
        return tuple(dict.fromkeys(column for template in self.alternatives for column in template.columns))

    @model_validator(mode="after")
    def _otherwise_than_what(self) -> "Source":
        if self.otherwise is not None and self.values is None:
            raise ValueError("otherwise goes with values")
        return self

    def read(self, row: Row) -> str:
        """The field's text, empty for none; raises ValueError for a value the map does not know."""
        return self._written(self._found(row))

    def _found(self, row: Row) -> str:
        return next(filter(None, (template.fill(row).strip() for template in self.alternatives)), "")

    def _written(self, found: str) -> str:
        if self.values is None or not found:
            return found
        written = self.values.get(found, self.otherwise)
        if written is None:
            raise ValueError(f"{found[:80]!r} is not one of {', '.join(map(repr, self.values))}")
        return written


class Several(Source):
    """Where a list comes from: one cell cut at a separator."""

    separator: str | None = Field(default=None, min_length=1)

    def read_all(self, row: Row) -> list[str]:
        """Each text that is not empty; raises ValueError for a value the map does not know."""
        found = self._found(row)
        parts = found.split(self.separator) if self.separator else [found]
        return [text for part in parts if (text := self._written(part.strip()))]


class Moment(Source):
    """Where an instant comes from; a date alone means midnight."""

    format: str | None = None
    """As strptime takes it, `%d/%m/%Y %H:%M`; ISO 8601 without one."""
    timezone: str
    """For times that carry no offset of their own."""

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError(f"unknown time zone {name!r}, expected a name such as Asia/Shanghai")
        return name

    @field_validator("format")
    @classmethod
    def _is_a_format(cls, pattern: str) -> str:
        try:
            _parsed(datetime(2026, 3, 2, tzinfo=UTC).strftime(pattern), pattern)
        except (ValueError, re.error) as wrong:
            raise ValueError(f"{pattern!r} is not a date format such as %d/%m/%Y: {wrong}") from None
        return pattern

    def moment(self, row: Row) -> datetime | None:
        """The instant in UTC; raises ValueError for what is no date."""
        if not (text := self.read(row)):
            return None
        found = _parsed(text, self.format)
        try:
            # In UTC, for the offsets of old local times have seconds, which JSON readers refuse.
            return (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(self.timezone))).astimezone(UTC)
        except OverflowError as far:
            raise ValueError(f"{text!r} is out of range") from far


def _parsed(text: str, pattern: str | None) -> datetime:
    """The time as written; the mapping's zone is added where it carries none."""
    return datetime.strptime(text, pattern) if pattern else datetime.fromisoformat(text)  # noqa: DTZ007
