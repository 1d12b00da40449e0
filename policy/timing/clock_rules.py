"""`[clock.<name>]` of the policy file: what starts and stops a clock, its length, what a breach does."""

import re
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import BeforeValidator, Field, model_validator

from events.fact import OneOrMore, Value
from policy.timing.durations import Amount, parse_amount
from policy.timing.patterns import Pattern, parse_pair, parse_pattern
from policy.titles import Title

_ACTION = re.compile(r"^([a-z_]+):(\+?[a-z0-9_.]+)$")


class Action(NamedTuple):
    """One thing a breach does: `alert:handler`, `sms:handler`, `escalate:+1`."""

    verb: str
    argument: str


def parse_action(text: object) -> Action:
    """An action; raises ValueError for a text without verb and argument."""
    if isinstance(text, Action):
        return text
    found = _ACTION.match(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError(f"{text!r} is not an action like alert:handler or escalate:+1")
    return Action(*found.groups())


class OutOfHours(Value):
    """What a start outside the hours of a calendar means (S004-1.7)."""

    calendar: str
    after_open: Amount | None = None
    """Due that long after the next opening; without it the usual target counts from the next opening."""


class RunKey(Value):
    """Runs side by side, one for each value of a field: one promise, one clock (S004-4.3)."""

    start: str
    """Field of the start event, or `version` for the version of the start event itself."""
    stop: str


def _keyed(value: object) -> object:
    return {"start": value, "stop": value} if isinstance(value, str) else value


class Standstill(Value):
    """`[standstill]`: when every clock that people keep stands still, whatever it says itself (S004-1.2).

    An instant somebody promised stays: a merged complaint's promises and tasks are kept all the same.
    """

    source: tuple[str, ...] = ()
    pause: OneOrMore = ()

    @model_validator(mode="after")
    def _is_readable(self) -> Self:
        frozenset(map(parse_pair, self.pause))
        return self


class ClockSpec(Value):
    """One clock as data; checked here by itself, by `amends policy check` together with the others."""

    source: tuple[str, ...] = ()
    """Requirement ids."""
    title: Title
    start: Annotated[OneOrMore, Field(min_length=1)]
    stop: Annotated[OneOrMore, Field(min_length=1)]
    calendar: str | None = None
    """Counts for every duration that names no calendar itself."""
    target: Amount | None = None
    every: Amount | None = None
    """Instead of a target: due again and again, each time that long after the due before, until stopped."""
    times: int | None = Field(default=None, ge=1)
    """With `every`: how many deadlines there are at most, whatever happens."""
    due_field: str | None = None
    """Field of the start event with the due instant (a date means the end of that day), else `target`."""
    out_of_hours: OutOfHours | None = None
    start_after: Amount | None = None
    """Counting begins that long after the start event."""
    not_before: Amount | None = None
    """Earliest moment the work is wanted; it reminds, it forbids nothing."""
    warn: Amount | None = None
    pause: OneOrMore = ()
    """Pairs `From..To`: the clock stands still between the two events."""
    never_pause: bool = False
    restart: bool = False
    """A later start event begins a new run; otherwise the first one counts until a stop."""
    renew: OneOrMore = ()
    """Events that begin the count anew while the clock runs, and start nothing while it does not."""
    extend: str | None = None
    """Event whose field `until` moves the due instant, where its field `clock` (if any) names this clock."""
    key: Annotated[RunKey | None, BeforeValidator(_keyed)] = None
    on_breach: tuple[Annotated[Action, BeforeValidator(parse_action)], ...] = ()
    cause: str | None = None
    """What an escalation by it names as its cause (S002-4.6); without one the clock's own name."""
    kept_by: Literal["people", "machine"] = "people"
    """Who owes what stops it: a machine's acknowledgement is owed by no colleague."""

    @property
    def patterns(self) -> tuple[Pattern, ...]:
        """All its event patterns, for lints against the catalogue."""
        texts = (*self.start, *self.stop, *self.renew, *((self.extend,) if self.extend else ()))
        pairs = (pattern for pair in self.pause for pattern in parse_pair(pair))
        return (*map(parse_pattern, texts), *pairs)

    @property
    def names(self) -> frozenset[str]:
        """All event names it speaks of."""
        return frozenset().union(*(pattern.names for pattern in self.patterns))

    @property
    def amounts(self) -> dict[str, tuple[Amount, str | None]]:
        """Each length of time it has, by key, with the calendar that counts where none is named."""
        keys = ("target", "every", "start_after", "not_before", "warn")
        found = {key: (getattr(self, key), self.calendar) for key in keys}
        if self.out_of_hours is not None:
            found["after_open"] = (self.out_of_hours.after_open, self.out_of_hours.calendar)
        return {key: (amount, calendar) for key, (amount, calendar) in found.items() if amount is not None}

    @model_validator(mode="after")
    def _is_readable(self) -> Self:
        frozenset(self.patterns)  # raises for a text that is no pattern
        for key, (amount, calendar) in self.amounts.items():
            for duration in parse_amount(amount, calendar).each():
                if not duration.number and key in ("target", "every", "warn"):
                    raise ValueError(f"{key} = {str(duration)!r} leaves no time")
        return self

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        lengths = [key for key in ("target", "every", "due_field") if getattr(self, key) is not None]
        if lengths not in (["target"], ["every"], ["due_field"], ["target", "due_field"]):
            raise ValueError("a clock has a target, a due_field with or without a target, or every")
        if self.times is not None and self.every is None:
            raise ValueError("times belongs to a clock that repeats: give every")
        if self.pause and self.never_pause:
            raise ValueError("a clock that never pauses has no pause")
        if self.every and (self.extend or "after_open" in self.amounts):
            raise ValueError("a clock that repeats is neither extended nor due once after opening")
        if self.key and (self.extend or self.restart):
            raise ValueError("runs side by side are neither extended nor restarted")
        return self
