"""When colleagues are alerted, and how often an alert is tried."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import Field

from events.complaint import Attempt
from events.fact import Value
from events.vocabulary import Priority
from policy.contact import Next
from policy.durations import Span


class Alert(Value):
    """`[alert]`: who is alerted at assignment, and the retries of an alert that was not delivered."""

    source: tuple[str, ...]
    on_assignment: tuple[Priority, ...]
    """Colours whose handler is alerted at once; the others find the case in their queue."""
    attempts: int = Field(ge=1)
    gap: Span

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
