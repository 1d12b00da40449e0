"""`link`: a person says that two complaints belong together (S004-1.2, M15); `unlink` is the workflow's."""

from pydantic import Field

from events.commands import Refusal, no_such_complaint, refuse
from events.complaint import Complaint
from events.envelope import StreamId
from events.fact import Value
from events.links import Linked
from events.vocabulary import Relation
from policy.asking import Act, Ask, Decided, handled_elsewhere
from policy.people.participation import participation


class Link(Value):
    """`link`: join this complaint to another one."""

    to: StreamId
    relation: Relation
    reason: str = Field(default="", max_length=1_000)


def link(ask: Ask, data: Link) -> Decided:
    """The later complaint follows the earlier one; the other gets the mirror of the link (M15)."""
    other = next((kin for kin in ask.kin if kin.complaint_id == data.to), None)
    if data.to == ask.complaint.complaint_id:
        return _to_itself()
    if other is None:
        return no_such_complaint(data.to)
    refusal = participation(other, ask.by, ask.organisation)
    if refusal is None and ask.complaint.links.has(data.to, data.relation):
        return []  # said twice, it is linked once
    refusal = (
        refusal
        or handled_elsewhere(ask.complaint)
        or _merged_otherwise(ask.complaint, other, data)
        or _ended(ask.complaint, data)
        or _ended(other, data)
    )
    leads = _leads(ask.complaint, other, data.relation)
    accused = (*ask.complaint.accused, *other.accused) if data.relation is Relation.DUPLICATE else ()
    reason = data.reason or "command.link"
    return refusal or [Linked(to=data.to, relation=data.relation, reason=reason, leads=leads, accused=accused)]


def _leads(complaint: Complaint, other: Complaint, relation: Relation) -> bool:
    """Whether the other follows this one: the earlier leads; of an incident, who leads members already."""
    if relation is Relation.INCIDENT and (mine := _members(complaint)) != (theirs := _members(other)):
        return mine > theirs
    return complaint.received_at < other.received_at


def _members(complaint: Complaint) -> int:
    return sum(link.relation is Relation.INCIDENT and link.leads for link in complaint.links.every)


def _to_itself() -> Refusal:
    zh, en = "投诉不能与自身关联，请填写另一投诉", "name another complaint: this is the same one"
    return refuse("link_to_itself", "S004-1.2", zh, en)


def _merged_otherwise(complaint: Complaint, other: Complaint, data: Link) -> Refusal | None:
    """A merged complaint is handled elsewhere: what belongs to it belongs there; so no circle can arise."""
    lead = other.links.merged_into
    if lead is None:
        return None
    if lead == complaint.complaint_id:
        zh = "对方已并入本投诉，请先解除（unlink）"
        en = "the other one is merged into this one: undo that first (unlink)"
        return refuse("link_circle", "S004-1.2", zh, en, to=data.to)
    zh = f"该投诉已并入 {lead}，请与 {lead} 关联"
    en = f"that complaint is merged into {lead}: link to {lead} instead"
    return refuse("merged", "S004-1.2", zh, en, to=data.to, lead=lead)


def _ended(complaint: Complaint, data: Link) -> Refusal | None:
    """Nothing is handled in a complaint that has ended; a repeat may name it all the same."""
    closed = complaint.ending.closed
    if closed is None or data.relation is Relation.REPEAT:
        return None
    zh = f"投诉 {complaint.complaint_id} 已结束，只能作为再次投诉（repeat）关联，或先重新处理（reopen）"
    en = f"complaint {complaint.complaint_id} has ended ({closed}): link it as a repeat, or reopen it first"
    return refuse("closed", "S002-0.3", zh, en, complaint=complaint.complaint_id, closed=closed)


ACTS = {"link": Act(Link, link, when_closed=True, when_merged=True, needs_kin=True)}
"""Name -> act; a closed complaint may be named by a repeat, and saying a link again changes nothing."""
