"""Words of messages: policy data with named placeholders, rendered from facts and clocks, never typed (C2)."""

import string
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from pydantic import field_validator, model_validator

from events.fact import Value
from events.vocabulary import Language

PLACEHOLDERS = frozenset(
    {"number", "customer", "received", "first_human", "first_substantive", "opens", "category", "priority"}
    | {"handler", "person", "cause", "level", "clock", "due", "noticed", "handler_name", "staff_number"}
    | {
        "what",
        "reason",
        "steps",
        "amount",
        "method",
        "reference",
        "next_news",
        "procedure",
        "decision",
        "basis",
        "liability",
    }
)
"""What a template may name."""

BY = "by_"
"""A placeholder may also name a clock of the policy that starts with the receipt: `{by_final_response}` (C2)."""


def _named(text: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


class EmptySlot(ValueError):
    """A template names something nobody told: such a message is not sent (S000-5.2)."""


class Words(Value):
    """Subject and text in one language."""

    subject: str
    text: str

    @property
    def named(self) -> frozenset[str]:
        """The placeholders they name."""
        return _named(self.subject) | _named(self.text)

    @property
    def clocks(self) -> frozenset[str]:
        """The clocks whose deadline they tell."""
        return frozenset(name.removeprefix(BY) for name in self.named if name.startswith(BY))

    @field_validator("subject", "text")
    @classmethod
    def _names_known_placeholders(cls, text: str) -> str:
        if unknown := {name for name in _named(text) - PLACEHOLDERS if not name.startswith(BY)}:
            raise ValueError(f"unknown placeholder {sorted(unknown)[0]!r}; known: {', '.join(sorted(PLACEHOLDERS))}")
        return text


class Template(Value):
    """`[template.<name>]`: the same message in both languages, Chinese first."""

    source: tuple[str, ...]
    slots: frozenset[str] = frozenset()
    """What both languages must name: an interim notice without a next date is none (S000-5.2)."""
    zh: Words
    en: Words

    @model_validator(mode="after")
    def _names_its_slots(self) -> "Template":
        for language, words in (("zh", self.zh), ("en", self.en)):
            if missing := self.slots - words.named:
                raise ValueError(f"{language}: the placeholder {sorted(missing)[0]!r} has to be named")
        return self


class Letter(NamedTuple):
    """A message ready to send."""

    subject: str
    text: str
    language: Language


def render(template: Template, language: Language, facts: Mapping[str, object]) -> Letter:
    """The template's words with the facts put in; customer text is inserted, never interpreted."""
    words = template.zh if language == "zh" else template.en
    if empty := empty_slots(words, facts):
        raise EmptySlot(f"nothing is known for {', '.join(empty)}")
    return Letter(words.subject.format_map(facts), words.text.format_map(facts), language)


def empty_slots(words: Words, facts: Mapping[str, object]) -> list[str]:
    """What the words name and nobody told, sorted."""
    return sorted(name for name in words.named if not str(facts.get(name, "")).strip())


class Composed(NamedTuple):
    """A message for a person to finish."""

    letter: Letter
    missing: tuple[str, ...]
    """Slots nobody told anything for; they stand in braces."""


def compose(template: Template, language: Language, facts: Mapping[str, object]) -> Composed:
    """A person's message begun in the template's words, and what is still to be said (S000-5.2, S002-1.6)."""
    empty = tuple(empty_slots(template.zh if language == "zh" else template.en, facts))
    open_ = {name: f"{{{name}}}" for name in empty}
    return Composed(render(template, language, {**facts, **open_}), empty)


def spoken(moment: datetime, language: Language, zone: ZoneInfo) -> str:
    """An instant as a customer reads it in the policy's zone: 3月2日 21:05, 2 March 21:05."""
    local = moment.astimezone(zone)
    if language == "zh":
        return f"{local.month}月{local.day}日 {local:%H:%M}"
    return f"{local.day} {local:%B %H:%M}"


def language_of(text: str) -> Language:
    """The language a customer wrote in: any Han character makes it Chinese."""
    return "zh" if any("\u4e00" <= character <= "\u9fff" for character in text) else "en"
