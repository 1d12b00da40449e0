"""Facts of receiving: a customer's words become one record, whatever channel brought them (S004-1.1)."""

from typing import ClassVar

from events.fact import Fact, Personal, Value
from events.vocabulary import Medium, Service


class Contact(Value):
    """One way to reach the customer."""

    medium: Medium
    address: Personal
    costly: bool = False
    """Reaching them there costs them money: roaming, a paid line (S002-1.13)."""


class Customer(Value):
    """Who complains; at least a name or one contact (S004-1.8, S000-5.4)."""

    name: Personal | None = None
    contacts: tuple[Contact, ...] = ()
    member_id: Personal | None = None
    preferred: Medium | None = None
    """The medium the customer asked for; it wins over ours (S002-1.12)."""


class Attachment(Value):
    """A file of the customer by its digest; the bytes stay in the file store."""

    name: Personal
    media_type: str
    sha256: str
    size: int | None = None
    """Bytes, where they were told."""


class Received(Fact):
    """A complaint reached the company (S004-1.9, S001-4.1)."""

    TYPE: ClassVar = "complaint.received"
    WRITER: ClassVar = Service.INTAKE
    ZH: ClassVar = "{time}，{actor}受理投诉 {number}，来自渠道 {channel}（渠道编号 {external_ref}）。"
    EN: ClassVar = "{time}: {actor} received complaint {number} from channel {channel} (reference {external_ref})."

    number: str
    """What the customer quotes on the phone."""
    channel: str
    external_ref: str
    """The channel's own id of the message; channel + external_ref make the complaint id."""
    text: Personal
    customer: Customer
    order_ref: str | None = None
    product: str | None = None
    scene: Personal | None = None
    """When and where the problem was noticed (S004-1.10)."""
    demands: tuple[Personal, ...] = ()
    accused: tuple[str, ...] = ()
    """Staff the customer complains about, by id or name; they take no part (S002-7.1). Staff of ours stay readable:
    that they took no part must be provable also after the customer was erased."""
    attachments: tuple[Attachment, ...] = ()
    content_sha256: Personal
    """Digest of the submission as sent, so that a repeat with other content is noticed."""


class Supplemented(Fact):
    """The same channel message came again with other content: nothing is lost (S004-1.2)."""

    TYPE: ClassVar = "complaint.supplemented"
    WRITER: ClassVar = Service.INTAKE
    ZH: ClassVar = "{time}，{actor}补充了投诉内容。"
    EN: ClassVar = "{time}: {actor} added to the complaint."

    text: Personal
    demands: tuple[Personal, ...] = ()
    accused: tuple[str, ...] = ()
    """Staff the customer names only now: they take no part from here on (S002-7.1)."""
    attachments: tuple[Attachment, ...] = ()
    content_sha256: Personal
