"""Words of messages: policy data with named placeholders, rendered from facts and clocks, never typed (C2)."""

import string
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from pydantic import field_validator

from events.fact import Value
from events.vocabulary import Language

PLACEHOLDERS = frozenset(
    {"number", "customer", "received", "first_human", "first_substantive", "opens", "category", "priority"}
    | {"handler", "person", "cause", "level", "clock", "due", "noticed"}
)
"""What a template may name."""


class Words(Value):
    """Subject and text in one language."""

    subject: str
    text: str

    @field_validator("subject", "text")
    @classmethod
    def _names_known_placeholders(cls, text: str) -> str:
        named = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
        if unknown := named - PLACEHOLDERS:
            raise ValueError(f"unknown placeholder {sorted(unknown)[0]!r}; known: {', '.join(sorted(PLACEHOLDERS))}")
        return text


class Template(Value):
    """`[template.<name>]`: the same message in both languages, Chinese first."""

    source: tuple[str, ...]
    zh: Words
    en: Words


class Letter(NamedTuple):
    """A message ready to send."""

    subject: str
    text: str
    language: Language


def render(template: Template, language: Language, facts: Mapping[str, object]) -> Letter:
    """The template's words with the facts put in; customer text is inserted, never interpreted."""
    words = template.zh if language == "zh" else template.en
    return Letter(words.subject.format_map(facts), words.text.format_map(facts), language)


def spoken(moment: datetime, language: Language, zone: ZoneInfo) -> str:
    """An instant as a customer reads it in the policy's zone: 3月2日 21:05, 2 March 21:05."""
    local = moment.astimezone(zone)
    if language == "zh":
        return f"{local.month}月{local.day}日 {local:%H:%M}"
    return f"{local.day} {local:%B %H:%M}"


def language_of(text: str) -> Language:
    """The language a customer wrote in: any Han character makes it Chinese."""
    return "zh" if any("\u4e00" <= character <= "\u9fff" for character in text) else "en"
