"""How long a customer has been waiting since somebody last reached them (S000-3.11)."""

from datetime import datetime, timedelta

from events.complaint import Complaint
from events.contact import Replied
from events.envelope import History


def waiting(complaint: Complaint, history: History, now: datetime) -> timedelta | None:
    """Time since the last message that reached the customer, else since the receipt; None once nothing is owed."""
    if not complaint.is_open or complaint.ending.is_called_back:
        return None
    last = max((r.occurred_at for r in history if isinstance(r.fact, Replied)), default=complaint.received_at)
    return max(now - last, timedelta())
