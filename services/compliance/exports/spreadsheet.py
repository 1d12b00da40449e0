"""What the rows of CSV and XLSX hold: events, complaints, missed deadlines; nothing personal (M16)."""

from collections.abc import Callable, Iterator
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Final, Generic, NamedTuple, TypeVar

from events.complaint import Complaint
from events.envelope import Recorded
from events.fact import Fact
from events.handling import ClockBreached
from events.sentences import sentence
from events.tokens import masked
from events.vocabulary import Language, Word
from services.compliance.exports.attributes import hidden, values
from services.compliance.exports.selection import Life

Cell = str | int | bool | Decimal | datetime | None
T = TypeVar("T")

Table = tuple[Language, tzinfo]
"""The language of words and headings, and the zone of the times."""


class Column(NamedTuple, Generic[T]):
    """One column: its heading, and its cell for a row about `T`."""

    zh: str
    en: str
    read: Callable[[T, Table], Cell]

    def heading(self, language: Language) -> str:
        """What stands above it."""
        return self.zh if language == "zh" else self.en


class Missed(NamedTuple):
    """A deadline that was missed, and who had the complaint then."""

    recorded: Recorded
    fact: ClockBreached
    complaint: Complaint


def missed(life: Life) -> Iterator[Missed]:
    """The missed deadlines among the chosen facts of a complaint."""
    chosen = {recorded.version for recorded in life.chosen}
    for recorded, complaint in life.states():
        if isinstance(recorded.fact, ClockBreached) and recorded.version in chosen:
            yield Missed(recorded, recorded.fact, complaint)


def cells(columns: tuple[Column[T], ...], about: T, table: Table) -> list[Cell]:
    """One row."""
    return [column.read(about, table) for column in columns]


def _word(word: Word | None, table: Table) -> str | None:
    return None if word is None else word.label(table[0])


def _local(moment: datetime, table: Table) -> datetime:
    """The moment as clocks in the zone showed it; as it is within a day of year 1 or 9999."""
    try:
        return moment.astimezone(table[1])
    except OverflowError:
        return moment


def _amount(fact: Fact) -> Decimal | None:
    """The money a fact is about, in its `currency`."""
    found = (getattr(fact, name, None) for name in ("amount", "refund", "total", "limit"))
    return next((amount for amount in found if isinstance(amount, Decimal)), None)


def _currency(fact: Fact) -> str | None:
    return None if _amount(fact) is None else str(getattr(fact, "currency", ""))


def _details(fact: Fact) -> str:
    """`clock=first_human, due_at=…`: every field that may be told."""
    return ", ".join(f"{name}={_spelled(value)}" for name, value in values(fact).items())


def _spelled(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _late(missed: Missed) -> Decimal:
    hours = Decimal((missed.fact.noticed_at - missed.fact.due_at).total_seconds()) / 3600
    return hours.quantize(Decimal("0.01"))


EVENTS: Final[tuple[Column[Recorded], ...]] = (
    Column("位置", "position", lambda r, _: r.position),
    Column("投诉标识", "complaint id", lambda r, _: r.complaint_id),
    Column("版本", "version", lambda r, _: r.version),
    Column("类型", "type", lambda r, _: r.fact.TYPE),
    Column("发生时间", "occurred at", lambda r, table: _local(r.occurred_at, table)),
    Column("记录时间", "recorded at", lambda r, table: _local(r.recorded_at, table)),
    Column("人员类别", "actor kind", lambda r, table: _word(r.actor.kind, table)),
    Column("执行者", "actor", lambda r, _: masked(r.actor.id)),
    Column("政策", "policy", lambda r, _: r.policy),
    Column("起因", "causation", lambda r, _: masked(r.causation or "") or None),
    Column("金额", "amount", lambda r, _: _amount(r.fact)),
    Column("币种", "currency", lambda r, _: _currency(r.fact)),
    Column("说明", "summary", lambda r, table: masked(sentence(r._replace(fact=hidden(r.fact)), *table))),
    Column("明细", "details", lambda r, _: _details(r.fact)),
)

COMPLAINTS: Final[tuple[Column[Complaint], ...]] = (
    Column("投诉标识", "complaint id", lambda c, _: c.complaint_id),
    Column("编号", "number", lambda c, _: c.number),
    Column("状态", "status", lambda c, _: c.status),
    Column("渠道", "channel", lambda c, _: masked(c.channel)),
    Column("受理时间", "received at", lambda c, table: _local(c.received_at, table)),
    Column("类别", "category", lambda c, table: _word(c.category, table)),
    Column("子类", "sub-category", lambda c, _: c.sub or None),
    Column("优先级", "priority", lambda c, table: _word(c.priority, table)),
    Column("复杂度", "complexity", lambda c, table: _word(c.complexity, table)),
    Column("性质", "nature", lambda c, table: _word(c.nature, table)),
    Column("产品", "product", lambda c, _: masked(c.product or "") or None),
    Column("部门", "department", lambda c, _: c.department),
    Column("负责人", "owner", lambda c, _: c.owner),
    Column("处理人", "handler", lambda c, _: c.handler),
    Column("级别", "level", lambda c, _: c.level),
    Column("政策", "policy", lambda c, _: c.policy),
    Column("事件数", "events", lambda c, _: c.version),
    Column("超时次数", "missed deadlines", lambda c, _: len(c.breaches)),
    Column("轮次", "round", lambda c, _: c.ending.round),
    Column("结果", "outcome", lambda c, table: _word(c.ending.resolution, table)),
    Column("满意", "satisfied", lambda c, _: c.ending.satisfied),
    Column("责任方", "liable", lambda c, table: _word(c.verification.finding and c.verification.finding.liable, table)),
)

BREACHES: Final[tuple[Column[Missed], ...]] = (
    Column("投诉标识", "complaint id", lambda m, _: m.complaint.complaint_id),
    Column("编号", "number", lambda m, _: m.complaint.number),
    Column("时钟", "clock", lambda m, _: m.fact.clock),
    Column("分项", "run", lambda m, _: m.fact.key),
    Column("应完成时间", "due at", lambda m, table: _local(m.fact.due_at, table)),
    Column("发现时间", "noticed at", lambda m, table: _local(m.fact.noticed_at, table)),
    Column("发现时已超（小时）", "hours late when noticed", lambda m, _: _late(m)),
    Column("处理人", "handler", lambda m, _: m.complaint.handler),
    Column("级别", "level", lambda m, _: m.complaint.level),
    Column("位置", "position", lambda m, _: m.recorded.position),
)
