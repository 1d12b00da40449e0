"""What a person knew when they acted: the complaint as the ledger held it at that version, and what came too late.

A command is appended on the version it was decided on, so the facts before it are exactly what could be known; times
only tell what happened earlier and was written down later.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple

from events.approvals import Approval
from events.company import OrganisationPublished
from events.complaint import Case, Complaint
from events.contact import Replied
from events.envelope import History, Recorded, StreamId, instant
from events.folding import fold
from events.horizon import as_known
from events.solution import Proposal
from events.understanding import Labelled
from events.vocabulary import ActorKind, Relation
from policy.people.organisation import Organisation
from policy.people.participation import barred, may_read, may_read_labels
from policy.policy import Policy
from policy.timing.clocks import ClockReading
from services.compliance.conformance.company import company
from services.compliance.whatif.difference import SAME_MOMENT

Json = dict[str, Any]


class NoSuchAct(LookupError):
    """The complaint has no fact of that version, or no reply of that number."""


class InForce(NamedTuple):
    """A text of the company that held when somebody acted."""

    id: str
    sha256: str
    published_at: datetime


class Linked(NamedTuple):
    """A complaint this one was linked to, as it was; the accused in it learn nothing of it (S002-7.2)."""

    complaint: Complaint | None
    """None where the person was not allowed to see it."""
    relation: Relation


class Knowledge(NamedTuple):
    """One act, and the world as the person could see it."""

    act: tuple[Recorded, ...]
    """All facts of the act, the one asked for among them."""
    complaint: Complaint
    """As it was just before."""
    history: History
    """What the ledger held."""
    policy: Policy
    policy_published: InForce
    organisation: InForce
    was_barred: bool
    """The person should have taken no part."""
    saw_labels: bool
    clocks: tuple[ClockReading, ...]
    """Every deadline as it stood then."""
    linked: tuple[Linked, ...]
    late: tuple[Recorded, ...]
    """Known by then, but written down late or out of order."""
    missed: tuple[Recorded, ...]
    """Had happened by then and was written down after: nobody could know it from here."""
    later: tuple[Recorded, ...]
    """Everything else that came after."""


def act_of(history: History, *, version: int | None = None, reply: int | None = None) -> Recorded:
    """The fact of that version, or the reply of that number from 1; raises NoSuchAct."""
    replies = [recorded for recorded in history if isinstance(recorded.fact, Replied)]
    if version is None and not 0 < (reply or 0) <= len(replies):
        raise NoSuchAct(f"没有第 {reply} 次回复，共 {len(replies)} 次 / no reply {reply}: there are {len(replies)}")
    found = [r for r in history if r.version == version] if version is not None else replies[(reply or 1) - 1 :]
    if not found or found[0].version < 2:
        last = history.version
        raise NoSuchAct(f"没有第 {version} 版，可用 2 至 {last} / no act of version {version}: there are 2 to {last}")
    return found[0]


def knew(history: History, asked: Recorded, texts: Sequence[Recorded], kin: Sequence[Case]) -> Knowledge:
    """What whoever did that act knew; `texts` are the company's publications, `kin` the linked complaints whole."""
    act = _whole_act(history, asked)
    before = History(recorded for recorded in history if recorded.version < act[0].version)
    complaint = fold(before)
    told = company(texts)
    policy = told.policy(complaint.policy)
    moment, person = asked.recorded_at, asked.actor.id
    organisation = told.organisation(moment) or told.organisations[0]
    after = [recorded for recorded in history if recorded.version > act[-1].version]
    missed = tuple(recorded for recorded in after if recorded.occurred_at < asked.occurred_at - SAME_MOMENT)
    return Knowledge(
        act=act,
        complaint=complaint,
        history=before,
        policy=policy,
        policy_published=_policy(texts, policy),
        organisation=_organisation(texts, moment),
        was_barred=asked.actor.kind is ActorKind.PERSON and person in barred(complaint, organisation),
        saw_labels=may_read_labels(person, organisation, policy.document.authority.supervisor_level),
        clocks=policy.clocks.readings(before, complaint, asked.occurred_at),
        linked=tuple(_linked(complaint, kin, moment, person, organisation)),
        late=tuple(_late(before)),
        missed=missed,
        later=tuple(recorded for recorded in after if recorded not in missed),
    )


def _whole_act(history: History, asked: Recorded) -> tuple[Recorded, ...]:
    """The facts one command led to stand side by side, by one actor, at one moment, of one cause."""

    def same(recorded: Recorded) -> object:
        return recorded.recorded_at, recorded.occurred_at, recorded.actor, recorded.causation

    groups = (tuple(group) for _, group in groupby(history, key=same))
    return next(group for group in groups if asked in group)


def _organisation(texts: Sequence[Recorded], moment: datetime) -> InForce:
    published = [r for r in texts if isinstance(r.fact, OrganisationPublished)]
    last = (as_known(published, moment) or published)[-1]
    assert isinstance(last.fact, OrganisationPublished)
    return InForce("organisation", last.fact.sha256, last.recorded_at)


def _policy(texts: Sequence[Recorded], policy: Policy) -> InForce:
    at = next(r.recorded_at for r in texts if getattr(r.fact, "policy_id", None) == policy.id)
    return InForce(policy.id, policy.published.sha256, at)


def _linked(
    complaint: Complaint, kin: Sequence[Case], moment: datetime, person: str, organisation: Organisation
) -> Iterator[Linked]:
    """Each link of then, with the other complaint as it was then."""
    known = {case.complaint.complaint_id: case.history for case in kin}
    for link in complaint.links.every:
        by_then = as_known(known.get(link.to, ()), moment)
        if not by_then:
            continue
        other = fold(by_then)
        hidden = person in organisation.person and may_read(other, person, organisation) is not None
        yield Linked(None if hidden else other, link.relation)


def _late(before: History) -> Iterator[Recorded]:
    """Facts written down long after they happened, or after others that happened later."""
    latest = before[0].occurred_at
    for recorded in before:
        if recorded.recorded_at - recorded.occurred_at > SAME_MOMENT or recorded.occurred_at < latest - SAME_MOMENT:
            yield recorded
        latest = max(latest, recorded.occurred_at)


def shown(facts: Iterable[Recorded], labels: bool) -> list[Recorded]:
    """The facts a reader sees: restricted labels for few (C21)."""
    return [recorded for recorded in facts if labels or not isinstance(recorded.fact, Labelled)]


def as_json(known: Knowledge, *, labels: bool = False) -> Json:
    """The same for machines; it holds none of the customer's words."""
    complaint, asked = known.complaint, known.act[0]
    return {
        "complaint_id": complaint.complaint_id,
        "number": complaint.number,
        "person": asked.actor.id,
        "kind": asked.actor.kind.value,
        "act": [_fact(recorded) for recorded in shown(known.act, labels)],
        "known_version": complaint.version,
        "was_barred": known.was_barred,
        "saw_labels": known.saw_labels,
        "state": _state(complaint, labels),
        "policy": _text(known.policy_published),
        "organisation": _text(known.organisation),
        "clocks": [_clock(reading, asked.occurred_at) for reading in known.clocks],
        "breaches": [{"clock": b.clock, "due_at": instant(b.due_at), "key": b.key} for b in complaint.breaches],
        "linked": [_link(each) for each in known.linked],
        "proposals": [_proposal(each) for each in complaint.solution.proposals],
        "drafts": [
            {"subject": d.fact.subject, "kind": d.fact.kind.value, "by": d.by, "content_sha256": d.fact.content_sha256}
            for d in complaint.solution.drafts
        ],
        "approvals": [_approval(each) for each in complaint.solution.approvals],
        "late": [_fact(recorded) for recorded in shown(known.late, labels)],
        "missed": [_fact(recorded) for recorded in shown(known.missed, labels)],
        "later": [_fact(recorded) for recorded in shown(known.later, labels)],
    }


def _fact(recorded: Recorded) -> Json:
    return {
        "version": recorded.version,
        "position": recorded.position,
        "type": recorded.fact.TYPE,
        "actor": {"kind": recorded.actor.kind.value, "id": recorded.actor.id},
        "occurred_at": instant(recorded.occurred_at),
        "recorded_at": instant(recorded.recorded_at),
        "late_seconds": (recorded.recorded_at - recorded.occurred_at).total_seconds(),
    }


def _state(complaint: Complaint, labels: bool) -> Json:
    refund = complaint.execution.refund
    return {
        "status": complaint.status,
        "category": complaint.category,
        "priority": complaint.priority,
        "complexity": complaint.complexity,
        "flags": list(complaint.flags),
        "level": complaint.level,
        "owner": complaint.owner,
        "handler": complaint.handler,
        "department": complaint.department,
        "round": complaint.ending.round,
        "open": complaint.is_open,
        "liable": complaint.verification.finding and complaint.verification.finding.fact.liable.value,
        "evidence": [piece.sha256 for piece in complaint.verification.evidence],
        "refund": None if refund is None else {"amount": str(refund.amount), "currency": refund.currency},
        "attempts": len(complaint.attempts),
        "labels": [label.kind.value for label in complaint.understanding.labels] if labels else [],
    }


def _text(text: InForce) -> Json:
    return {"id": text.id, "sha256": text.sha256, "published_at": instant(text.published_at)}


def _clock(reading: ClockReading, moment: datetime) -> Json:
    late = reading.late if reading.stopped_at is not None else _past(reading.due_at, moment)
    return {
        "clock": reading.clock,
        "key": reading.key,
        "state": reading.state.value,
        "due_at": reading.due_at and instant(reading.due_at),
        "stopped_at": reading.stopped_at and instant(reading.stopped_at),
        "late_seconds": late.total_seconds(),
    }


def _past(due: datetime | None, moment: datetime) -> timedelta:
    return timedelta() if due is None else max(moment - due, timedelta())


def _link(linked: Linked) -> Json:
    other = linked.complaint
    told: Json = {"hidden": True} if other is None else {"number": other.number, "status": other.status}
    return {"relation": linked.relation.value, "complaint_id": _id(other), **told}


def _id(other: Complaint | None) -> StreamId | None:
    return None if other is None else other.complaint_id


def _proposal(proposal: Proposal) -> Json:
    return {
        "subject": proposal.subject,
        "by": proposal.by,
        "total": str(proposal.fact.total),
        "currency": proposal.fact.currency,
        "agreed": proposal.agreed,
        "declined": proposal.declined,
    }


def _approval(approval: Approval) -> Json:
    return {
        "subject": approval.subject,
        "rule": approval.rule,
        "given": [list(each) for each in approval.given],
        "refused_by": approval.refused_by,
        "waiting_for": list(approval.waiting_for),
    }
