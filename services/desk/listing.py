"""One complaint as the list shows it, as its history tells it up to any instant."""

from typing import NamedTuple

from events.complaint import Complaint
from events.envelope import History, StreamId, instant
from policy.policy import Policy
from services.desk.state import next_due


class Listed(NamedTuple):
    """One complaint as the list shows it; instants as UTC text. It holds none of the customer's words."""

    complaint_id: StreamId
    number: str
    external_ref: str
    channel: str
    received_at: str
    category: str | None
    priority: str | None
    status: str
    owner: str | None
    handler: str | None
    department: str | None
    level: int
    next_due: str | None
    """The earliest deadline a person still owes; it may have passed."""
    next_clock: str | None
    breaches: int
    policy: str
    version: int
    position: int
    """Of its last event."""
    last_event_at: str


def listed(complaint: Complaint, history: History, policy: Policy) -> Listed:
    """The line of a complaint as that history tells it."""
    due = next_due(history, complaint, policy)
    return Listed(
        complaint_id=complaint.complaint_id,
        number=complaint.number,
        external_ref=complaint.external_ref,
        channel=complaint.channel,
        received_at=instant(complaint.received_at),
        category=complaint.category and complaint.category.value,
        priority=complaint.priority and complaint.priority.value,
        status=complaint.status,
        owner=complaint.owner,
        handler=complaint.handler,
        department=complaint.department,
        level=complaint.level,
        next_due=None if due is None else instant(due.at),
        next_clock=None if due is None else due.clock,
        breaches=len(complaint.breaches),
        policy=complaint.policy,
        version=complaint.version,
        position=history[-1].position,
        last_event_at=instant(history[-1].recorded_at),
    )
