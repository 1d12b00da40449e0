"""Facts of handling: sorted, given to somebody, raised level by level, late or not."""

from datetime import datetime
from typing import ClassVar

from events.fact import Fact, Lasting, Personal
from events.vocabulary import Category, Complexity, Mode, Nature, Priority, Service


class Classified(Fact):
    """The complaint was sorted by category, colour and complexity (S004-2.1, S001-16.3)."""

    TYPE: ClassVar = "complaint.classified"
    WRITER: ClassVar = Service.WORKFLOW
    ZH: ClassVar = "{time}，{actor}将投诉定为{category}类、{priority}、{complexity}（依据 {rules}）。"
    EN: ClassVar = "{time}: {actor} classified the complaint as {category}, {priority}, {complexity} (rules {rules})."

    category: Category
    priority: Priority
    complexity: Complexity
    nature: Nature | None = None
    mode: Mode | None = None
    taxonomy: str = ""
    """Version of the taxonomy the words above belong to (S004-2.1)."""
    sub: str = ""
    """The sub-cause within the category, `product.fault`; empty where the words name none (S004-2.1)."""
    signals: tuple[str, ...] | None = None
    """What else the words say: what is wanted, a loss, a dispute; None where nobody read them for it (S001-16.2)."""
    flags: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    """Ids of the rules that decided, with the words that made them fire."""


class Assigned(Fact):
    """A handler was named; the owner, who first received it, stays accountable (S002-1.1, S004-2.7)."""

    TYPE: ClassVar = "complaint.assigned"
    WRITER: ClassVar = Service.WORKFLOW
    ZH: ClassVar = "{time}，{actor}将投诉交由 {department} 的 {handler} 处理，负责人 {owner}（{reason}）。"
    EN: ClassVar = "{time}: {actor} assigned the complaint to {handler} of {department}, owner {owner} ({reason})."

    owner: str
    handler: str
    department: str
    reason: Lasting


class Escalated(Fact):
    """The complaint rose to a higher level (S002-4.3); a jump names its rule (S002-4.4)."""

    TYPE: ClassVar = "complaint.escalated"
    WRITER: ClassVar = Service.WORKFLOW
    ZH: ClassVar = "{time}，{actor}将投诉由第 {from_level} 级升级至第 {to_level} 级（{person}），原因：{cause}。"
    EN: ClassVar = "{time}: {actor} escalated the complaint from level {from_level} to {to_level} ({person}): {cause}."

    from_level: int
    to_level: int
    person: str
    """Who decides at the new level, or the colleague standing in."""
    cause: str
    reason: Personal = ""


class ClockBreached(Fact):
    """A deadline was missed: when it fell due, and when that was noticed (design, section 6)."""

    TYPE: ClassVar = "complaint.clock_breached"
    WRITER: ClassVar = Service.WORKFLOW
    ZH: ClassVar = "{time}，{actor}发现时钟 {clock} 超时：应于 {due_at} 前完成，发现于 {noticed_at}。"
    EN: ClassVar = "{time}: {actor} found clock {clock} breached: due {due_at}, noticed {noticed_at}."

    clock: str
    due_at: datetime
    noticed_at: datetime
    key: str | None = None
    """Which of the runs side by side, the promise `p1`."""
