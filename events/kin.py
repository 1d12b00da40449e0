"""A complaint with those it is linked to, near and far: what was offered in one binds in all (S002-3.6, C9)."""

from collections.abc import Callable, Mapping, Sequence

from events.complaint import Case, Complaint
from events.envelope import StreamId
from events.ledger import Ledger
from events.vocabulary import Relation

Load = Callable[[Sequence[StreamId], dict[StreamId, Exception]], Mapping[StreamId, Case]]
"""Complaints of these ids; what cannot be read goes into the second."""

MOST = 200
"""Kin looked at, the nearest first; a decision that needs them all is told when there were more (`Case.all_kin`)."""


def alone(ledger: Ledger, stream: StreamId) -> Case | None:
    """The complaint as the ledger has it now; None where it holds no complaint of that id. Blocks."""
    failed: dict[StreamId, Exception] = {}
    found = ledger.cases.load_many([stream], failed).get(stream)
    if failed:
        raise failed[stream]
    return found


def with_kin(ledger: Ledger, stream: StreamId, named: Sequence[StreamId] = ()) -> Case | None:
    """The same with its kin, one query a hop; `named` are complaints a command speaks of, linked or not. Blocks."""
    found = alone(ledger, stream)
    return found and kin_of(found, ledger.cases.load_many, named)


def kin_of(case: Case, load: Load, named: Sequence[StreamId] = ()) -> Case:
    """A case with its kin as `load` gives them: as they are now, or as they were at another moment."""
    complaint, failed = case.complaint, dict[StreamId, Exception]()
    known: dict[StreamId, Complaint] = {complaint.complaint_id: complaint}
    ahead = [stream for stream in dict.fromkeys((*named, *_linked(complaint))) if stream not in known]
    is_cut = False
    while ahead and not is_cut:
        room = MOST + 1 - len(known)
        is_cut = len(ahead) > room
        found = load(ahead[:room], failed)
        known |= {stream: kin.complaint for stream, kin in found.items()}
        linked = dict.fromkeys(to for kin in found.values() for to in _linked(kin.complaint))
        ahead = [to for to in linked if to not in known and to not in failed]
    kin = tuple(each for stream, each in known.items() if stream != complaint.complaint_id)
    return case._replace(kin=kin, all_kin=not is_cut and not failed)


def _linked(complaint: Complaint) -> list[StreamId]:
    # Members of an incident are other customers: nobody is bound by what another one was offered.
    return [link.to for link in complaint.links.every if link.relation is not Relation.INCIDENT]
