"""The complaints about the same matter as they stood at a moment: a final offer in one binds in all (S002-3.6, C9)."""

from collections.abc import Iterator
from typing import NamedTuple

from events.complaint import Complaint
from events.envelope import Recorded, StreamId
from events.vocabulary import Relation
from services.compliance.conformance.examined import Examined


class Matter(NamedTuple):
    """One complaint of the matter at that moment."""

    known: Complaint
    facts: tuple[Recorded, ...]
    """What was recorded in it before."""


def matters(of: Examined, recorded: Recorded) -> list[Matter]:
    """The complaint itself first, then those linked to it near and far, as the ledger held them before that fact.

    Members of an incident are other customers: nobody is bound by what another one was offered.
    """
    first = Matter(of.before(recorded.version), of.history[: recorded.version - 1])
    found: dict[StreamId, Matter] = {first.known.complaint_id: first}
    ahead = list(_linked(first.known))
    while ahead:
        stream = ahead.pop(0)
        if stream in found or (there := of.other(stream)) is None:
            continue
        past = tuple(each for each in there.history if each.position < recorded.position)
        if past:
            found[stream] = Matter(there.states[len(past) - 1], past)
            ahead += _linked(found[stream].known)
    return list(found.values())


def _linked(known: Complaint) -> Iterator[StreamId]:
    return (link.to for link in known.links.every if link.relation is not Relation.INCIDENT)
