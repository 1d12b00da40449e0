"""More time: which clocks, by whom, how often, how far; rather slow than wrong (S003-2.5, C3)."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import Field

from events.complaint import Complaint
from events.fact import Value
from policy.timing.clock_readings import ClockReading, ClockState
from policy.timing.durations import Span


class ExtensionRules(Value):
    """`[extension]`: approved more time, told to the customer, a few times at the most (S003-2.5)."""

    source: tuple[str, ...]
    clocks: tuple[str, ...]
    level: int = Field(ge=1)
    """The least level that grants it."""
    most: int = Field(ge=1)
    """How often for one clock of a complaint."""
    longest: Span
    """How far one extension moves a deadline at the most."""


def running(readings: Sequence[ClockReading], clock: str) -> ClockReading | None:
    """The deadline of that clock which counts now; None where it does not run."""
    found = [r for r in readings if r.clock == clock and r.state is not ClockState.STOPPED and r.due_at is not None]
    return found[-1] if found else None


def times_extended(complaint: Complaint, clock: str) -> int:
    """How often that clock got more time."""
    return sum(extension.clock == clock for extension in complaint.execution.extensions)


def is_within(until: datetime, due: datetime, now: datetime, rules: ExtensionRules) -> bool:
    """Later than the deadline as it stands and than now, and not too far."""
    return max(due, now) < until <= max(due, now) + rules.longest
