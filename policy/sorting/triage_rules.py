"""The `[triage]` table of a policy: topics with words and weights, marks, colours, complexity, red."""

from collections import Counter
from collections.abc import Iterator
from typing import Self

from pydantic import ConfigDict, Field, NonNegativeInt, PositiveInt, model_validator

from events.vocabulary import Category, Priority
from policy.sorting.triage_conditions import Condition, RedRules, Source, Table, Written

_FACTS_OF_EVERY_TEXT = {"grievance", "praise", "silent", "demands", "categories", "emotion"}


class Topic(Table):
    """Words with one meaning: how much they speak for each category, and what they flag."""

    source: Source
    weight: dict[Category, int] = {}
    words: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    """Words of this topic that name a grievance by themselves; denied, they say nothing."""
    flags: tuple[str, ...] = ()
    signals: tuple[str, ...] = ()
    near: tuple[str, ...] = ()
    """Flags only within `reading.near_chars` of a word of one of these topics."""
    asserted: bool = False
    """Denied or only asked about is not said."""
    emotion: int = Field(default=0, ge=0, le=5)


class PriorityRule(Table):
    """One step of the ordered colours (S004-2.5, S004-2.6)."""

    id: str
    source: Source
    colour: Priority
    any: tuple[Written, ...]


class ComplexityRules(Table):
    """Points that make a complaint complex (S001-16.3, S001-17.6, S001-17.7)."""

    source: Source
    complex_from: PositiveInt
    category_margin: NonNegativeInt
    """A second category counts when its score is at most this far below the first one's."""
    points: dict[str, int]

    def conditions(self) -> Iterator[tuple[Condition, int]]:
        """Each condition with its points."""
        for written, points in self.points.items():
            yield Condition.model_validate(Condition.parse(written)), points


class Reading(Table):
    """How words are counted."""

    max_chars: PositiveInt
    """Of a longer text the first and the last half of this many characters are read."""
    near_chars: PositiveInt
    words_of_a_topic: PositiveInt
    """So many different words of one topic are counted."""
    opening: tuple[PositiveInt, ...]
    """How often the first words of a text count, in order: what people say first is mostly what they want put right."""
    later: PositiveInt
    """How often every later word counts."""


class Fold(Table):
    """Characters written otherwise, above their own form (`from` and `to` of equal length)."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)
    written: str = Field(alias="from")
    read: str = Field(alias="to")

    @model_validator(mode="after")
    def _pairs(self) -> Self:
        if len(self.written) != len(self.read):
            raise ValueError("fold: `from` and `to` differ in length")
        return self


class Marks(Table):
    """Words that say nothing of the matter but turn, deny or weigh what stands round them."""

    breaks: tuple[str, ...]
    negation: tuple[str, ...]
    filler: tuple[str, ...]
    """May stand between a denial and what it denies."""
    question: tuple[str, ...]
    praise: tuple[str, ...]
    problem: tuple[str, ...]
    neutral: tuple[str, ...]
    """Longer words that merely contain one of ours."""


class TriageRules(Table):
    """The `[triage]` table of a policy, checked as a whole."""

    source: Source
    max_rules: PositiveInt
    default_category: Category
    default_priority: Priority
    reading: Reading
    fold: Fold
    marks: Marks
    bias: dict[Category, int]
    topic: dict[str, Topic]
    """By id, such as `billing.over`, the first part of a reason."""
    demanded: dict[str, str]
    priority: tuple[PriorityRule, ...]
    complexity: ComplexityRules
    red: RedRules

    @property
    def facts_known(self) -> set[str]:
        """Every name a condition on one text may use."""
        named = {name for topic in self.topic.values() for name in (*topic.flags, *topic.signals)}
        return named | _FACTS_OF_EVERY_TEXT | {f"category:{category}" for category in Category}

    @model_validator(mode="after")
    def _has_every_word_once(self) -> Self:
        listed = [word for topic in self.topic.values() for word in (*topic.words, *topic.problems)]
        listed += [word for marked in dict(self.marks).values() for word in marked]
        words = Counter(word.removesuffix("*") for word in listed)
        doubled = sorted(word for word, count in words.items() if count > 1 or not word)
        if doubled:
            raise ValueError(f"triage: words twice or empty: {doubled}")
        return self

    @model_validator(mode="after")
    def _names_only_what_is_known(self) -> Self:
        named = {near for topic in self.topic.values() for near in topic.near} | set(self.demanded.values())
        conditions = [*self.red.any, *(c for p in self.priority for c in p.any)]
        conditions += [c for c, _ in self.complexity.conditions()]
        strange = {c.name for c in conditions if c.window is None} - self.facts_known
        strange |= named - self.topic.keys()
        if strange or set(self.bias) != set(Category):
            raise ValueError(f"triage: unknown {sorted(strange)}, or bias lacks a category")
        return self
