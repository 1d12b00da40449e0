"""What a verification of the ledger says: what it found, the first bad event by name, and what it only mentions."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from events.vocabulary import Word


class Kind(Word):
    """What was done to a ledger or to its seal."""

    EDITED = "edited", "事件被改动", "an event was edited"
    DELETED = "deleted", "事件被删除", "an event was deleted"
    INSERTED = "inserted", "被插入事件", "an event was inserted"
    REORDERED = "reordered", "事件次序被改动", "events were put in another order"
    SWAPPED = "swapped", "事件被调换到另一投诉", "events were swapped between complaints"
    CUT = "cut", "末尾被截去", "the tail was cut off"
    REWRITTEN = "rewritten", "历史被改写并重新计算了哈希", "history was rewritten and its hashes recomputed"
    FORKED = "forked", "日志分叉：签署了两种不同的历史", "the log is forked: two histories are signed"
    VERSIONS = "versions", "投诉内的版本不连续", "the versions within a complaint are not 1 to n"
    GONE = "gone", "封存不见了", "the seal is gone"
    TABLE = "table", "数据表被改动", "the table itself was altered"
    SIGNATURE = "signature", "签名不成立", "a signature does not hold"
    TILES = "tiles", "封存文件损坏，台账无误", "files of the seal are damaged; the ledger is as it was sealed"


class Finding(NamedTuple):
    """One thing that is not as it must be."""

    kind: Kind
    zh: str
    en: str
    event: int | None = None
    """The first bad event, counted from 1 in ledger order."""
    until: int | None = None
    """Where it cannot be told exactly: the last event that may be the first bad one."""
    position: int | None = None
    complaint_id: str | None = None
    number: str | None = None
    version: int | None = None
    type: str | None = None
    place: str | None = None
    """The checkpoint, key or tile that shows it."""

    def as_json(self) -> dict[str, Any]:
        """The finding for machines; what is not known is left out."""
        told = {name: value for name, value in self._asdict().items() if value is not None}
        return {**told, "kind": self.kind.value}


class Remark(NamedTuple):
    """Something to know that is no violation."""

    zh: str
    en: str


class Report(NamedTuple):
    """The whole answer."""

    findings: tuple[Finding, ...]
    remarks: tuple[Remark, ...]
    events: int
    """Events the ledger holds."""
    sealed: int
    """Events the newest good checkpoint beside the log covers."""
    checkpoints: int
    """Checkpoints whose root was compared."""
    head: Mapping[str, Any] | None
    """Origin, size, root, time of the newest checkpoint that agrees with the ledger."""

    @property
    def is_sound(self) -> bool:
        """Nothing was found."""
        return not self.findings
