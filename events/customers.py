"""Facts about a customer's personal data, in a stream of their own: who saw it, holds, restriction, erasure (M16).

They stand apart from the complaint, so that reading a complaint never changes its version.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar, NamedTuple

from events.envelope import Recorded, StreamId, named_stream
from events.fact import Fact, Lasting
from events.tokens import CustomerId
from events.vocabulary import Service, Word


class ReadFor(Word):
    """Why somebody reads what a customer said and who they are."""

    HANDLING = "handling", "处理投诉", "handling the complaint"
    EVIDENCE = "evidence", "出具证据", "giving evidence"
    AUDIT = "audit", "合规检查", "audit"


class Disclosed(Fact):
    """A person saw a complaint with its personal texts unmasked (M16, S001-14.5)."""

    TYPE: ClassVar = "customer.disclosed"
    WRITER: ClassVar = Service.DESK
    ALSO: ClassVar = frozenset({Service.COMPLIANCE})
    ZH: ClassVar = "{time}，{actor}查看了投诉 {number} 中未遮盖的客户信息（目的：{purpose}）。"
    EN: ClassVar = "{time}: {actor} saw complaint {number} with its personal texts unmasked (purpose: {purpose})."

    complaint: StreamId
    number: str
    purpose: ReadFor
    reason: Lasting | None = None
    """What the person said they need it for, where it leaves the house."""


class HoldPlaced(Fact):
    """A legal hold: while a dispute lasts nothing of this customer is erased (M16)."""

    TYPE: ClassVar = "customer.hold_placed"
    WRITER: ClassVar = Service.COMPLIANCE
    ZH: ClassVar = "{time}，{actor}对客户 {customer} 的资料设置法律保全。"
    EN: ClassVar = "{time}: {actor} placed a legal hold on customer {customer}."

    customer: CustomerId
    reason: Lasting


class HoldReleaseRequested(Fact):
    """Somebody wants the legal hold lifted; another person has to agree (M16)."""

    TYPE: ClassVar = "customer.hold_release_requested"
    WRITER: ClassVar = Service.COMPLIANCE
    ZH: ClassVar = "{time}，{actor}申请解除客户 {customer} 的法律保全。"
    EN: ClassVar = "{time}: {actor} asked to release the legal hold on customer {customer}."

    customer: CustomerId
    reason: Lasting


class HoldReleased(Fact):
    """Two persons lifted the legal hold (M16)."""

    TYPE: ClassVar = "customer.hold_released"
    WRITER: ClassVar = Service.COMPLIANCE
    ZH: ClassVar = "{time}，{actor}解除客户 {customer} 的法律保全（申请人：{requested_by}）。"
    EN: ClassVar = "{time}: {actor} released the legal hold on customer {customer} (asked for by {requested_by})."

    customer: CustomerId
    reason: Lasting
    requested_by: str


class UseRestricted(Fact):
    """The customer's texts are only stored from here on (M16)."""

    TYPE: ClassVar = "customer.use_restricted"
    WRITER: ClassVar = Service.COMPLIANCE
    ZH: ClassVar = "{time}，{actor}限制处理客户 {customer} 的个人信息，仅作保存。"
    EN: ClassVar = "{time}: {actor} restricted the personal data of customer {customer}: stored only."

    customer: CustomerId
    reason: Lasting
    complaints: tuple[StreamId, ...]


class UseAllowed(Fact):
    """The restriction was lifted (M16)."""

    TYPE: ClassVar = "customer.use_allowed"
    WRITER: ClassVar = Service.COMPLIANCE
    ZH: ClassVar = "{time}，{actor}解除对客户 {customer} 个人信息的处理限制。"
    EN: ClassVar = "{time}: {actor} lifted the restriction of the personal data of customer {customer}."

    customer: CustomerId
    reason: Lasting
    complaints: tuple[StreamId, ...]


class ErasureRequested(Fact):
    """The customer's data shall be erased; another person has to agree (M16)."""

    TYPE: ClassVar = "customer.erasure_requested"
    WRITER: ClassVar = Service.COMPLIANCE
    ZH: ClassVar = "{time}，{actor}申请删除客户 {customer} 的个人信息。"
    EN: ClassVar = "{time}: {actor} asked to erase the personal data of customer {customer}."

    customer: CustomerId
    reason: Lasting


class KeyDestroyed(Fact):
    """Two persons had the customer's key destroyed; this fact is the certificate's content (M16)."""

    TYPE: ClassVar = "customer.key_destroyed"
    WRITER: ClassVar = Service.COMPLIANCE
    ZH: ClassVar = "{time}，{actor}删除客户 {customer} 的个人信息（申请人：{requested_by}，证明 {certificate}）。"
    EN: ClassVar = (
        "{time}: {actor} erased the personal data of customer {customer} "
        "(asked for by {requested_by}, certificate {certificate})."
    )

    customer: CustomerId
    """Commits to the destroyed key: whoever still had it could be found out."""
    reason: Lasting
    requested_by: str
    certificate: str
    complaints: tuple[StreamId, ...]
    requested_because: Lasting = ""
    """Why the first person asked; `reason` is the second one's."""


class Request(NamedTuple):
    """Something that waits for a second person."""

    by: str
    reason: str
    at: datetime


class CustomerFile(NamedTuple):
    """What is known of a customer's personal data; not who they are."""

    version: int = 0
    hold: Request | None = None
    release: Request | None = None
    """Somebody asked to lift the hold."""
    restriction: Request | None = None
    erasure: Request | None = None
    """Somebody asked for erasure."""
    erased_at: datetime | None = None
    certificate: str | None = None
    complaints: tuple[StreamId, ...] = ()
    """Of the erased customer."""


def customer_stream(customer: CustomerId) -> StreamId:
    """The id of the stream about a customer's data."""
    return named_stream(f"customer/{customer}")


def customer_file(history: Iterable[Recorded]) -> CustomerFile:
    """What the facts about a customer's data tell."""
    known = CustomerFile()
    for recorded in history:
        changes = _CHANGES.get(type(recorded.fact))
        known = (changes(known, recorded.fact, recorded) if changes else known)._replace(version=recorded.version)
    return known


def _request(fact: Any, recorded: Recorded) -> Request:
    return Request(recorded.actor.id, fact.reason, recorded.occurred_at)


_CHANGES: Mapping[type[Fact], Callable[[CustomerFile, Any, Recorded], CustomerFile]] = {
    HoldPlaced: lambda known, fact, at: known._replace(hold=_request(fact, at), release=None, erasure=None),
    HoldReleaseRequested: lambda known, fact, at: known._replace(release=_request(fact, at)),
    HoldReleased: lambda known, _, __: known._replace(hold=None, release=None),
    UseRestricted: lambda known, fact, at: known._replace(restriction=_request(fact, at)),
    UseAllowed: lambda known, _, __: known._replace(restriction=None),
    ErasureRequested: lambda known, fact, at: known._replace(erasure=_request(fact, at)),
    KeyDestroyed: lambda known, fact, at: known._replace(
        erased_at=at.occurred_at, certificate=fact.certificate, complaints=fact.complaints, erasure=None
    ),
}
