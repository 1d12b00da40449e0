"""A complaint with those it is linked to, near and far: what was offered in one binds in all (S002-3.6, C9)."""

from collections.abc import Sequence

from events.complaint import Case, Complaint
from events.envelope import StreamId
from events.ledger import Ledger
from events.vocabulary import Relation

MOST = 200
"""Kin looked at; nobody complains about one matter more often."""


def with_kin(ledger: Ledger, stream: StreamId, named: Sequence[StreamId] = ()) -> Case | None:
    """The complaint and its kin as the ledger has them now; None where it holds no complaint of that id. Blocks.

    `named` are complaints a command speaks of: they are looked at too, linked or not.
    """
    failed: dict[StreamId, Exception] = {}
    found = ledger.cases.load_many([stream], failed).get(stream)
    if failed:
        raise failed[stream]
    return found and found._replace(kin=_kin(ledger, found.complaint, named))


def _kin(ledger: Ledger, complaint: Complaint, named: Sequence[StreamId]) -> tuple[Complaint, ...]:
    known: dict[StreamId, Complaint] = {complaint.complaint_id: complaint}
    ahead = [stream for stream in dict.fromkeys((*named, *_linked(complaint))) if stream not in known]
    while ahead and len(known) < MOST:
        found = ledger.cases.load_many(ahead[: MOST - len(known)], {})
        known |= {stream: case.complaint for stream, case in found.items()}
        ahead = [to for case in found.values() for to in _linked(case.complaint) if to not in known]
    return tuple(kin for stream, kin in known.items() if stream != complaint.complaint_id)


def _linked(complaint: Complaint) -> list[StreamId]:
    # Members of an incident are other customers: nobody is bound by what another one was offered.
    return [link.to for link in complaint.links.every if link.relation is not Relation.INCIDENT]
