"""What another policy version means for a complaint that is under way: the past was judged, the future counts (M8)."""

from events.complaint import Complaint
from policy.timing.clock_readings import ClockReading


def judged_anew(reading: ClockReading, complaint: Complaint) -> ClockReading | None:
    """A deadline missed under the policy a complaint was moved to, as it may be held against us; None where it may not.

    What was done before the move was judged under the former policy. What is still undone and would have been due
    before it is due at the move itself: never earlier than the moment the new rule began to count.
    """
    since, due = complaint.migrated_at, reading.due_at
    if since is None or due is None or due >= since:
        return reading
    if reading.stopped_at is not None and reading.stopped_at <= since:
        return None
    if any(_same_run(breach.clock, breach.key, reading) for breach in complaint.breaches if breach.due_at <= since):
        return None
    return reading._replace(due_at=since)


def _same_run(clock: str, key: str | None, reading: ClockReading) -> bool:
    return clock == reading.clock and key in (None, reading.key)
