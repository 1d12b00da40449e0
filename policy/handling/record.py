"""What a complete record holds, in two steps, and what the customer is therefore never asked again (C18)."""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from events.complaint import Complaint
from events.fact import Value


class Level(StrEnum):
    """How much of the record is asked for."""

    INTAKE = "intake"
    """Before a complaint is taken in (S001-4.1)."""
    VERIFICATION = "verification"
    """Before the facts are established (S001-16.2, S002-1.4)."""
    FILE = "file"
    """What a complete file has: missing, it is shown, and stops nobody (S004-1.8..1.11)."""


class RecordRules(Value):
    """`[record]`: which fields each level has, how people call them, which words of a text say what is wanted."""

    source: tuple[str, ...]
    intake_minimum: tuple[str, ...]
    verification_minimum: tuple[str, ...]
    file: tuple[str, ...]
    most_supplements: int = Field(ge=1)
    """So often one complaint is added to: without a bound a robot could stall every look at it (S004-1.2)."""
    no_wish: frozenset[str]
    """Signals of a text that asks for nothing: praise (S001-16.2)."""
    words: dict[str, tuple[str, ...]]
    """How people call each field when they ask for it (S001-4.3)."""
    filler: tuple[str, ...]
    """Words of a request that ask for nothing by themselves."""

    @model_validator(mode="after")
    def _names_known_fields(self) -> Self:
        named = {*self.intake_minimum, *self.verification_minimum, *self.file, *self.words}
        if strange := named - PLACES.keys():
            raise ValueError(f"record: unknown field {sorted(strange)[0]!r}; known: {', '.join(PLACES)}")
        return self

    def fields(self, level: Level) -> tuple[str, ...]:
        """The fields of a level."""
        minimum = {Level.INTAKE: self.intake_minimum, Level.VERIFICATION: self.verification_minimum}
        return minimum.get(level, self.file)


PLACES: Mapping[str, str] = {
    "who": "customer.name",
    "what": "text",
    "wanted": "demands",
    "demands": "demands",
    "contact": "customer.contacts",
    "member": "customer.member_id",
    "order": "order_ref",
    "product": "product",
    "scene": "scene",
    "expectation": "understanding.expectation",
    "emotion": "understanding.emotion",
    "purpose": "understanding.purpose",
}
"""Field -> where its value stands in the record."""


def missing(complaint: Complaint, rules: RecordRules, level: Level) -> tuple[str, ...]:
    """The fields of that level which the record does not hold, in order (S001-4.1, S001-16.2, S002-1.4)."""
    return tuple(field for field in rules.fields(level) if not _holds(complaint, rules, field))


def is_full(complaint: Complaint, rules: RecordRules) -> bool:
    """It was added to as often as it may be; its first content counts for nothing (S004-1.2)."""
    return len(complaint.contents) > rules.most_supplements


def already_known(complaint: Complaint, rules: RecordRules, what: str) -> tuple[str, ...]:
    """The fields that `what` asks for, where it asks for nothing else and all of them are on record (S001-4.3)."""
    asked, rest = set[str](), what.casefold()
    named = {word.casefold(): field for field, words in rules.words.items() for word in words}
    for word in sorted(named, key=len, reverse=True):
        if word in rest:
            asked.add(named[word])
            rest = rest.replace(word, " ")
    for word in sorted(rules.filler, key=len, reverse=True):
        rest = rest.replace(word, " ") if not word.isascii() else re.sub(rf"\b{re.escape(word)}\b", " ", rest)
    if not asked or re.search(r"\w", rest):
        return ()
    known = tuple(field for field in PLACES if field in asked and _is_written(complaint, field))
    return known if len(known) == len(asked) else ()


def _holds(complaint: Complaint, rules: RecordRules, field: str) -> bool:
    told = _TOLD.get(field)
    return (told is not None and told(complaint, rules)) or _is_written(complaint, field)


def _is_written(complaint: Complaint, field: str) -> bool:
    """The value itself stands in its place."""
    value: object = complaint
    for name in PLACES[field].split("."):
        value = getattr(value, name)
    return bool(value.strip() if isinstance(value, str) else value)


def _is_wanted_told(complaint: Complaint, rules: RecordRules) -> bool:
    """A confirmed summary or the customer's own words say what they want.

    Whoever complains wants it put right; only words that were read and ask for nothing leave it open.
    """
    signals = complaint.signals
    return complaint.understanding.is_confirmed or not signals or not rules.no_wish.issuperset(signals)


_TOLD: Mapping[str, Callable[[Complaint, RecordRules], bool]] = {
    "who": lambda complaint, _: bool(complaint.customer.contacts),
    "wanted": _is_wanted_told,
}
"""Fields that are known by other signs too."""
