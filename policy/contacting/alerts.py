"""When colleagues are alerted, of what, and how often an alert is tried."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field, model_validator

from events.complaint import Attempt
from events.fact import OneOrMore, Value
from events.vocabulary import Priority, ReplyKind
from policy.contacting.contact import Next
from policy.timing.durations import Span
from policy.timing.patterns import parse_pattern


class AlertRule(Value):
    """`[alert.told.<name>]`: facts a colleague is told of (S002-4.5, S001-14.3)."""

    source: tuple[str, ...]
    on: Annotated[OneOrMore, Field(min_length=1)]
    kind: ReplyKind
    whom: str = Field(pattern=r"^(handler|owner|supervisor|\.[a-z_]+)$")
    """A role of the case, or a field of the fact that names the person: `.person`."""

    @model_validator(mode="after")
    def _is_readable(self) -> "AlertRule":
        frozenset(map(parse_pattern, self.on))
        return self


class Alert(Value):
    """`[alert]`: who is alerted of what, and the retries of an alert that was not delivered."""

    source: tuple[str, ...]
    on_assignment: tuple[Priority, ...]
    """Colours whose handler is alerted at once; the others find the case in their queue."""
    attempts: int = Field(ge=1)
    gap: Span
    ahead: dict[ReplyKind, Span] = {}
    """How long before a named time its keeper is reminded: of a promise, a task, an action (S001-2.4)."""
    told: dict[str, AlertRule] = {}

    def next_attempt(self, attempts: Sequence[Attempt], now: datetime) -> Next:
        """The next attempt at one alert."""
        if not attempts:
            return Next("attempt", now)
        last = attempts[-1]
        if last.ended_at is None:
            return Next("wait")
        if last.succeeded or len(attempts) >= self.attempts:
            return Next("done")
        return Next("attempt", last.ended_at + self.gap)
