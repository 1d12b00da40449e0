"""What a clock shows for one complaint at one moment."""

from datetime import datetime, timedelta
from typing import NamedTuple

from events.vocabulary import Word
from policy.timing.clock_rules import Action


class ClockState(Word):
    """How a deadline stands."""

    PENDING = "pending", "未起算", "not counting yet"
    RUNNING = "running", "计时中", "running"
    PAUSED = "paused", "暂停", "paused"
    STOPPED = "stopped", "已完成", "stopped"
    BREACHED = "breached", "已超时", "breached"


class ClockReading(NamedTuple):
    """One deadline of one run of a clock; instants in UTC."""

    clock: str
    run: int
    """1 for the first time the clock started."""
    occurrence: int
    """1, and higher for the repeats of a run or for an extension granted after a breach."""
    key: str | None
    """Which of the runs side by side, `promise-7`."""
    calendar: str
    rule: str
    """The duration that applied, `15m@service`."""
    state: ClockState
    started_at: datetime
    started_by: int
    """Version of the start event; 0 where there is no history."""
    counts_from: datetime
    """Where counting began: the start, the next opening, the repeat before."""
    due_at: datetime | None
    """None while paused, and where the policy sets no time for such a complaint."""
    warn_at: datetime | None
    not_before: datetime | None
    stopped_at: datetime | None
    stopped_version: int | None
    late: timedelta
    """How long after the due instant it was stopped; zero otherwise."""
    remaining: timedelta | None
    """Time by the clock until due, negative when late; while paused the open time left."""
    pauses: tuple[tuple[datetime, datetime | None], ...]
    """Pauses that touch it; without end where nobody has ended it."""
    opened_late: bool
    """Started outside the hours: due counts from the opening."""
    extended_by: int | None
    """Version of the event that moved the due instant."""
    provisional: bool
    """Counts days of a year whose official list is not out."""
    on_breach: tuple[Action, ...]

    def is_missed(self, now: datetime) -> bool:
        """True where the due instant passed, strictly, before the stop: exactly at the limit is on time."""
        due = self.due_at
        return due is not None and due < now and (self.stopped_at is None or due < self.stopped_at)
