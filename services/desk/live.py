"""Facts as sentences: what the live page shows as they happen."""

from collections.abc import Sequence
from datetime import tzinfo
from typing import NamedTuple

import orjson
import structlog

from events.catalogue import UnknownFact, decode
from events.company import PolicyPublished
from events.envelope import BrokenHistory, Recorded, StreamId, instant
from events.sentences import sentence
from events.stores import Row
from policy.registry import UnknownPolicy
from services.desk.desk import PAGES_A_QUESTION, Desk
from services.desk.readers import Reader
from services.desk.streams import ROWS, frame

log = structlog.get_logger()


class Told(NamedTuple):
    """One fact as a sentence, with the complaint it belongs to."""

    position: int
    complaint_id: StreamId
    number: str | None
    """None for facts of the company, and while the list is far behind."""
    type: str
    occurred_at: str
    zh: str
    en: str


def told(desk: Desk, rows: Sequence[Row]) -> list[Told]:
    """The sentences of these rows; blocks. Rows of a newer release are left out."""
    facts = [recorded for row in rows if (recorded := _known(row)) is not None]
    desk.view.catch_up(PAGES_A_QUESTION)
    numbers = desk.view.numbers(list({recorded.complaint_id for recorded in facts}))
    return [_told(recorded, numbers.get(recorded.complaint_id), zone_of(desk, recorded)) for recorded in facts]


def latest(desk: Desk, count: int, reader: Reader) -> tuple[list[Told], int]:
    """The last sentences the reader may see, newest first, and the position they reach; blocks."""
    head = desk.ledger.head()
    rows = [row for row in desk.ledger.rows_after(max(0, head - count), count + ROWS) if row.position <= head]
    return told(desk, reader.rows(desk.ledger, desk.policies, rows[-count:]))[::-1], head


def live_frames(desk: Desk, rows: Sequence[Row]) -> bytes:
    """Each row as the event `sentence`."""
    return b"".join(frame(each.position, "sentence", orjson.dumps(each._asdict())) for each in told(desk, rows))


def zone_of(desk: Desk, recorded: Recorded) -> tzinfo:
    """The zone of the policy the fact stands under."""
    published = recorded.fact.policy_id if isinstance(recorded.fact, PolicyPublished) else None
    try:
        return desk.policies.get(recorded.policy or published).zone
    except UnknownPolicy:
        return desk.zone()


def _known(row: Row) -> Recorded | None:
    try:
        return decode(*row)
    except (UnknownFact, BrokenHistory) as why:
        log.warning("fact without a sentence", position=row.position, reason=str(why))
        return None


def _told(recorded: Recorded, number: str | None, zone: tzinfo) -> Told:
    return Told(
        recorded.position,
        recorded.complaint_id,
        number,
        recorded.fact.TYPE,
        instant(recorded.occurred_at),
        sentence(recorded, "zh", zone),
        sentence(recorded, "en", zone),
    )
