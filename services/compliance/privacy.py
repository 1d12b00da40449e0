"""Decisions about a customer's personal data: hold, release, restrict, allow, erase (M16, ADR 0019)."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from events.commands import Refusal, refuse
from events.complaint import Complaint
from events.customers import (
    CustomerFile,
    ErasureRequested,
    HoldPlaced,
    HoldReleased,
    HoldReleaseRequested,
    KeyDestroyed,
    UseAllowed,
    UseRestricted,
)
from events.envelope import StreamId
from events.fact import Fact, lasting_texts
from events.privacy import Erased, Restricted, RestrictionLifted
from events.reception import Customer
from events.tokens import CustomerId
from policy.people.naming import names_customer
from policy.people.organisation import COMPLIANCE, Organisation
from policy.people.participation import barred, unknown_person

LEGAL = "legal"
OFFICERS = (COMPLIANCE, LEGAL)
"""Roles that decide about personal data."""


class Asked(NamedTuple):
    """Who wants what with a customer's data, and all that decides it."""

    customer: CustomerId
    file: CustomerFile
    complaints: Sequence[Complaint]
    """Every complaint under the customer's key, as stored."""
    unreadable: Sequence[StreamId]
    """Those of them whose history does not fit together: nobody knows how they stand."""
    by: str
    reason: str
    organisation: Organisation
    now: datetime
    """In the company's zone: a certificate is numbered by its day."""
    customers: Sequence[Customer] = ()
    """Who it is, as their complaints tell, for as long as anybody can read it."""

    @property
    def streams(self) -> tuple[StreamId, ...]:
        """The ids of the complaints."""
        return tuple(complaint.complaint_id for complaint in self.complaints)


Decided = Fact | Refusal
"""What is recorded in the customer's stream, or why not."""


def decide(act: str, asked: Asked) -> Decided:
    """What the act leads to, or who refuses it and why; raises KeyError for an act there is not."""
    decision = ACTS[act]
    decided = officer(asked) or _reason(asked) or _erased(asked) or decision(asked)
    if isinstance(decided, Refusal):
        return decided
    return names_customer(asked.customers, lasting_texts(decided), asked.organisation.person) or decided


def officer(asked: Asked) -> Refusal | None:
    """Compliance and legal alone, and none who is accused in one of the complaints (S002-7.1)."""
    if asked.by not in asked.organisation.person:
        return unknown_person(asked.by)
    out = frozenset[str]().union(*(barred(complaint, asked.organisation) for complaint in asked.complaints))
    if asked.organisation.person[asked.by].role in OFFICERS and asked.by not in out:
        return None
    return refuse(
        "not_an_officer",
        "M16",
        f"{asked.by} 不得处理客户个人信息事项，须由合规或法务人员办理",
        f"{asked.by} may not decide about personal data: compliance or legal must",
        may=_officers(asked, out),
    )


def _officers(asked: Asked, out: frozenset[str] = frozenset()) -> list[str]:
    people = asked.organisation.person
    return sorted(id_ for id_, person in people.items() if person.role in OFFICERS and id_ not in out)


def _reason(asked: Asked) -> Refusal | None:
    if asked.reason.strip():
        return None
    return refuse("no_reason", "M16", "请说明理由（--reason）", "give a reason (--reason)")


def _erased(asked: Asked) -> Refusal | None:
    if asked.file.erased_at is None:
        return None
    return refuse(
        "erased",
        "M16",
        f"该客户的个人信息已删除（证明 {asked.file.certificate}）",
        f"the customer's personal data were erased already (certificate {asked.file.certificate})",
        certificate=str(asked.file.certificate),
    )


def hold(asked: Asked) -> Decided:
    """A legal hold stops every erasure until two persons lift it."""
    if (held := asked.file.hold) is not None:
        return refuse(
            "held", "M16", f"{held.by} 已设置法律保全", f"{held.by} placed a legal hold already", held_by=held.by
        )
    return HoldPlaced(customer=asked.customer, reason=asked.reason)


def release(asked: Asked) -> Decided:
    """The first asks, a second person lifts the hold."""
    if asked.file.hold is None:
        return refuse("not_held", "M16", "没有法律保全", "there is no legal hold")
    request = asked.file.release
    if request is None:
        return HoldReleaseRequested(customer=asked.customer, reason=asked.reason)
    if request.by == asked.by:
        return _second_person(asked)
    return HoldReleased(customer=asked.customer, reason=asked.reason, requested_by=request.by)


def restrict(asked: Asked) -> Decided:
    """Store only; not while a complaint is open, for its handlers need the texts."""
    if asked.file.restriction is not None:
        return refuse("restricted", "M16", "已限制处理", "the data are restricted already")
    if (refusal := _open(asked)) is not None:
        return refusal
    return UseRestricted(customer=asked.customer, reason=asked.reason, complaints=asked.streams)


def allow(asked: Asked) -> Decided:
    """Readable again."""
    if asked.file.restriction is None:
        return refuse("not_restricted", "M16", "没有限制处理", "the data are not restricted")
    return UseAllowed(customer=asked.customer, reason=asked.reason, complaints=asked.streams)


def erase(asked: Asked) -> Decided:
    """The first asks, a second person has the key destroyed; never under a hold, never while a complaint is open."""
    if (held := asked.file.hold) is not None:
        return refuse(
            "legal_hold",
            "M16",
            f"{held.by} 设置了法律保全，不得删除；须先由两人解除",
            f"{held.by} placed a legal hold: two persons must release it first",
            held_by=held.by,
            reason=held.reason,
        )
    if (refusal := _open(asked)) is not None:
        return refusal
    request = asked.file.erasure
    if request is None:
        return ErasureRequested(customer=asked.customer, reason=asked.reason)
    if request.by == asked.by:
        return _second_person(asked)
    return KeyDestroyed(
        customer=asked.customer,
        reason=asked.reason,
        requested_by=request.by,
        requested_because=request.reason,
        certificate=certificate_number(asked.customer, asked.now),
        complaints=asked.streams,
    )


def owed(complaint: Complaint, file: CustomerFile) -> Fact | None:
    """What the complaint's own stream must still say about its customer's data; None where it stands so already."""
    known = complaint.privacy
    if file.erased_at is not None:
        return None if known.erased_at is not None else Erased(certificate=file.certificate or "")
    if known.is_restricted == (file.restriction is not None):
        return None
    return RestrictionLifted() if known.is_restricted else Restricted()


def certificate_number(customer: CustomerId, now: datetime) -> str:
    """What a certificate of erasure is quoted by, `E-260302-7f3a9c21`."""
    return f"E-{now:%y%m%d}-{hashlib.sha256(customer.encode()).hexdigest()[:8]}"


def _open(asked: Asked) -> Refusal | None:
    if asked.unreadable:
        broken = ", ".join(asked.unreadable)
        return refuse(
            "complaint_unreadable",
            "M16",
            f"投诉无法读取，不知是否办结：{broken}；请先运行 amends verify",
            f"complaints cannot be read, so nobody knows whether they have ended: {broken}; run amends verify first",
            complaints=broken,
        )
    waiting = [complaint.number for complaint in asked.complaints if complaint.is_open]
    if not waiting:
        return None
    return refuse(
        "complaint_open",
        "M16",
        f"仍有未结投诉：{'、'.join(waiting)}；请先办结或撤回",
        f"complaints are still open: {', '.join(waiting)}; end or withdraw them first",
        complaints=", ".join(waiting),
    )


def _second_person(asked: Asked) -> Refusal:
    return refuse(
        "second_person",
        "M16",
        f"{asked.by} 已提出申请，须由另一人办理",
        f"{asked.by} asked for it: another person has to do it",
        may=[id_ for id_ in _officers(asked) if id_ != asked.by],
    )


ACTS: Mapping[str, Callable[[Asked], Decided]] = {
    "hold": hold,
    "release": release,
    "restrict": restrict,
    "allow": allow,
    "erase": erase,
}
"""Name of the act -> its decision."""
