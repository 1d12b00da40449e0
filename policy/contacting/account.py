"""What we did so far, told to the customer from the facts: real steps only, nothing invented (S000-4.3)."""

from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator

from events.envelope import History, Recorded
from events.fact import Value
from events.vocabulary import Language
from policy.contacting.templates import spoken
from policy.timing.patterns import Pattern, parse_pattern

_WHEN = "{when}"


class Step(Value):
    """`[[account.step]]`: how one kind of fact is told to the customer; facts without a step are not told."""

    on: str
    """Which fact, `Replied[by=human]`."""
    zh: str
    en: str

    @field_validator("on")
    @classmethod
    def _is_a_pattern(cls, text: str) -> str:
        parse_pattern(text)
        return text

    @field_validator("zh", "en")
    @classmethod
    def _tells_when(cls, text: str) -> str:
        if text.count("{") != 1 or _WHEN not in text:
            raise ValueError("expected a sentence with {when} and no other placeholder")
        return text


class Account(Value):
    """`[account]`: the paragraph "what we did so far"."""

    source: tuple[str, ...]
    zh: str
    """How it begins."""
    en: str
    step: tuple[Step, ...] = Field(min_length=1)

    def patterns(self) -> Iterator[tuple[Pattern, Step]]:
        """Each step with what it tells of."""
        for step in self.step:
            yield parse_pattern(step.on), step


def steps_so_far(account: Account, history: History, language: Language, zone: ZoneInfo) -> Sequence[str]:
    """One sentence a real step, in order; the same step at the same minute is told once."""
    patterns = tuple(account.patterns())
    told = (_sentence(patterns, recorded, language, zone) for recorded in history)
    return list(dict.fromkeys(sentence for sentence in told if sentence is not None))


def _sentence(
    patterns: Sequence[tuple[Pattern, Step]], recorded: Recorded, language: Language, zone: ZoneInfo
) -> str | None:
    step = next((step for pattern, step in patterns if pattern.matches(recorded)), None)
    if step is None:
        return None
    words = step.zh if language == "zh" else step.en
    return words.replace(_WHEN, spoken(recorded.occurred_at, language, zone))


def paragraph(account: Account, history: History, language: Language, zone: ZoneInfo) -> str:
    """All steps in one paragraph, ready to be put into a reply."""
    steps = steps_so_far(account, history, language, zone)
    if language == "zh":
        return f"{account.zh}{'；'.join(steps)}。"
    return f"{account.en} {'; '.join(steps)}."
