"""Facts of reaching people: every outward message is recorded before it starts and after it ended (I6)."""

from typing import ClassVar

from events.fact import Fact, Personal
from events.vocabulary import Audience, Medium, Outcome, ReplyKind, Service


class ContactStarted(Fact):
    """A message is about to go out; its key makes a repeat recognisable (reliability I6)."""

    TYPE: ClassVar = "complaint.contact_started"
    WRITER: ClassVar = Service.NOTIFIER
    ZH: ClassVar = "{time}，{actor}开始通过{medium}向{audience}发送{kind}（编号 {key}）。"
    EN: ClassVar = "{time}: {actor} started to send the {kind} to the {audience} by {medium} (key {key})."

    key: str
    """Stable name of this message and attempt, `acknowledgement#1`; senders pass it on."""
    notice: str
    """Stable name of the message whatever the attempt, `acknowledgement`."""
    audience: Audience
    kind: ReplyKind
    medium: Medium
    recipient: Personal
    """Address of the customer or id of the colleague."""
    subject: Personal
    text: Personal
    language: str = "zh"


class Replied(Fact):
    """The customer was told (S002-1.5, 1.6); by the system it names the contact it ends."""

    TYPE: ClassVar = "complaint.replied"
    WRITER: ClassVar = Service.NOTIFIER
    ZH: ClassVar = "{time}，{actor}通过{medium}向客户作出{kind}。"
    EN: ClassVar = "{time}: {actor} told the customer by {medium}: {kind}."

    kind: ReplyKind
    medium: Medium
    text: Personal | None = None
    """What a person said; the words of a machine message stand in its ContactStarted."""
    contact: str | None = None
    """Key of the ContactStarted this ends."""
    receipt: str | None = None
    """The provider's own id of the message: evidence."""
    approved: bool = False
    """People wrote these words and approved them; a machine only carried them, so clocks of people stop (S002-1.15)."""
    advice: tuple[str, ...] = ()
    """What the phrase lint said of these words at that moment (S001-10.5)."""
    override: Personal | None = None
    """Why the words were used against the lint's advice (S001-7.3)."""
    used: tuple[str, ...] = ()
    """Scripts, checklist items and knowledge the colleague had at hand and used (S001-4.8, S000-1.1)."""


class RetryAttempted(Fact):
    """An attempt to reach the customer failed, or the attempts are exhausted (S002-1.8..1.11)."""

    TYPE: ClassVar = "complaint.retry_attempted"
    WRITER: ClassVar = Service.NOTIFIER
    ZH: ClassVar = "{time}，{actor}通过{medium}联系客户未果：{outcome}（计入次数：{counted}）。"
    EN: ClassVar = "{time}: {actor} tried to reach the customer by {medium}: {outcome} (counted: {counted})."

    kind: ReplyKind
    medium: Medium
    outcome: Outcome
    counted: bool
    """False when too early, in quiet hours, unknown, or the first failure itself (S002-1.10, 1.11)."""
    contact: str | None = None
    note: Personal = ""
    notice: str | None = None
    """Name of the message given up, where it is not its kind."""


class StaffAlerted(Fact):
    """A colleague was told of an assignment, an escalation or a missed deadline (S004-2.8, S002-4.4)."""

    TYPE: ClassVar = "complaint.staff_alerted"
    WRITER: ClassVar = Service.NOTIFIER
    ZH: ClassVar = "{time}，{actor}通过{medium}提醒 {person}：{kind}（送达：{delivered}）。"
    EN: ClassVar = "{time}: {actor} alerted {person} by {medium}: {kind} (delivered: {delivered})."

    kind: ReplyKind
    medium: Medium
    person: str
    delivered: bool
    contact: str
    receipt: str | None = None
    note: str = ""
