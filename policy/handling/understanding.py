"""Where a summary is read back, who may label a customer and for how long, what a finding has to say."""

from datetime import datetime

from pydantic import Field

from events.complaint import Complaint
from events.fact import Value
from events.vocabulary import Language, Liable
from policy.timing.durations import Span


class UnderstandingRules(Value):
    """`[understanding]`: the channels on which a summary is confirmed first, and what is said when we ask."""

    source: tuple[str, ...]
    channels: frozenset[str]
    """Where the customer is on the line or in the room (S001-1.7, S001-17.3)."""
    reason: dict[Language, str]
    """Why we ask for more, where nobody gave another reason (S001-16.6)."""


class LabelRules(Value):
    """`[label]`: who may add a restricted label, and how long it lasts at the most (C21)."""

    source: tuple[str, ...]
    least_level: int = Field(ge=1)
    longest: Span

    def latest(self, now: datetime) -> datetime:
        """Until when a label given now may last; exactly so long is inside."""
        return now + self.longest


class VerificationRules(Value):
    """`[verification]`: what a finding has to say (S001-2.1, S000-3.5)."""

    source: tuple[str, ...]
    by_name: frozenset[Liable]
    """Who is liable only by name: a third party."""


def is_live(complaint: Complaint, rules: UnderstandingRules) -> bool:
    """The customer spoke or chatted with us, and so can confirm what we understood (S001-1.7)."""
    return complaint.channel in rules.channels


def is_confirmed(complaint: Complaint, rules: UnderstandingRules) -> bool:
    """The customer confirmed our last summary, or wrote to us so that nothing is to be read back (S001-17.3)."""
    return not is_live(complaint, rules) or complaint.understanding.is_confirmed
