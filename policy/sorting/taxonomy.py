"""The facets a complaint is sorted by, the tree of causes, and how older versions of both are read (S001-16.3, C14)."""

from collections.abc import Collection, Iterable
from functools import cached_property
from typing import Self

from pydantic import model_validator

from events.fact import Value
from events.vocabulary import Category, Language, Mode, Nature, Priority

Titles = dict[Language, str]


class NatureRule(Value):
    """Which complaints are of that nature: any of these flags or signals, in that colour if one is named (S001-3.1)."""

    source: tuple[str, ...]
    any: frozenset[str]
    colour: Priority | None = None


class SubCause(Value):
    """A kind of trouble within a category, and the triage topics that speak of it (S004-2.1)."""

    source: tuple[str, ...]
    title: Titles
    topics: frozenset[str] = frozenset()


class Cause(Value):
    """A root cause: a leaf of the tree, `company.image` (S003-1.2, S003-1.3)."""

    source: tuple[str, ...]
    title: Titles
    also: tuple[str, ...] = ()
    """Other words for it."""


class Taxonomy(Value):
    """`[taxonomy]`: one version of all facets; older versions have a table that translates their words."""

    source: tuple[str, ...]
    version: str
    default_nature: Nature
    default_mode: Mode
    nature: dict[Nature, NatureRule]
    sub: dict[str, SubCause]
    cause: dict[str, Cause]
    mapping: dict[str, dict[str, str]] = {}
    """Older version -> its word -> ours."""

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if strange := [code for code in self.sub if code.partition(".")[0] not in set(Category)]:
            raise ValueError(f"taxonomy.sub: {strange[0]!r} begins with no category")
        targets = {word for table in self.mapping.values() for word in table.values()}
        if lost := targets - self.codes:
            raise ValueError(f"taxonomy.mapping: {sorted(lost)[0]!r} is no word of version {self.version}")
        return self

    @property
    def codes(self) -> frozenset[str]:
        """Every word of this version."""
        return frozenset({*Category, *Nature, *self.sub, *self.cause})

    @cached_property
    def sub_of(self) -> dict[tuple[str, str], str]:
        """Category and triage topic -> the kind of trouble they mean."""
        return {(code.partition(".")[0], topic): code for code, sub in self.sub.items() for topic in sub.topics}


def nature(flags: Collection[str], signals: Collection[str], priority: Priority, taxonomy: Taxonomy) -> Nature:
    """Transactional, attitude or opinion: the first rule that holds (S001-3.1)."""
    told = {*flags, *signals}
    for name, rule in taxonomy.nature.items():
        if rule.colour in (None, priority) and not rule.any.isdisjoint(told):
            return name
    return taxonomy.default_nature


def sub_cause(category: Category, reasons: Iterable[str], taxonomy: Taxonomy) -> str:
    """The sub-cause of the category that the reasons `topic:word` speak of first; empty where none (S004-2.1)."""
    topics = (reason.partition(":")[0] for reason in reasons)
    named = (taxonomy.sub_of.get((category, topic)) for topic in topics)
    return next((code for code in named if code is not None), "")


def cause_code(cause: str, taxonomy: Taxonomy) -> str | None:
    """The value of the tree that these words stand for; free text has none (S003-1.2..1.4).

    By code, title, another word for it, or the word of an older version of the taxonomy (C14).
    """
    word = cause.strip().casefold()
    for code, leaf in taxonomy.cause.items():
        if word in {code, *(title.casefold() for title in leaf.title.values()), *map(str.casefold, leaf.also)}:
            return code
    older = (table[cause.strip()] for table in taxonomy.mapping.values() if cause.strip() in table)
    return word if word in taxonomy.sub else next((code for code in older if code not in {*Category, *Nature}), None)
