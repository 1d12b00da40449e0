"""What the sender of a submission gets back, the same for every repeat (design, section 7)."""

from datetime import datetime

from events.envelope import Recorded, StreamId
from events.fact import Value
from events.reception import Received
from policy.policy import Policy


class Promise(Value):
    """What the customer may expect, from the clock that will judge it."""

    first_response_due: datetime


class Receipt(Value):
    """Proof that a complaint is in the ledger."""

    complaint_id: StreamId
    number: str
    duplicate: bool
    received_at: datetime
    promise: Promise
    code: str
    """Proves to whoever holds a checkpoint of the log that the complaint is in it (ADR 0015)."""


def receipt(received: Recorded, policy: Policy, code: str, *, duplicate: bool) -> Receipt:
    """The receipt of a complaint from its first fact, the policy pinned to it and its code."""
    assert isinstance(received.fact, Received)
    due = policy.clocks.due_at("first_human", received.occurred_at)
    return Receipt(
        complaint_id=received.complaint_id,
        number=received.fact.number,
        duplicate=duplicate,
        received_at=received.occurred_at.astimezone(policy.zone),
        promise=Promise(first_response_due=due.astimezone(policy.zone)),
        code=code,
    )
