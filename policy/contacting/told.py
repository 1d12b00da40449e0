"""Whether people told the customer: themselves, or by words of theirs that a machine carried once approved (C5)."""

from events.contact import Replied
from events.ending import CalledBack
from events.envelope import Recorded
from events.solution import CustomerAgreed, CustomerDeclined
from events.vocabulary import ActorKind


def is_told(recorded: Recorded) -> bool:
    """People answered the customer: by mouth or chat, or in words that were approved before they were sent."""
    fact = recorded.fact
    return isinstance(fact, Replied) and (fact.approved or recorded.actor.kind is ActorKind.PERSON)


def is_spoken_with(recorded: Recorded) -> bool:
    """Somebody spoke with the customer about the matter itself: an answer, or their word on what we offered or did."""
    return is_told(recorded) or isinstance(recorded.fact, CustomerAgreed | CustomerDeclined | CalledBack)
