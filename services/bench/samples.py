"""Submissions and ready-made histories to measure with: about 900 bytes each, all different."""

from collections.abc import Iterator, Sequence

import orjson
from eventsourcing.persistence import StoredEvent

from events.envelope import StreamId, complaint_id
from events.ledger import Ledger
from events.stores import Row

TEXT = (
    "三月二日在贵公司网站购买的空气净化器,收到后发现外壳有明显划痕,开机约二十分钟后自动断电,重新插拔电源仍不能使用。"
    "在线客服答复会有专人回电,等了三天没有任何电话,之后要求我自行寄回并承担运费,我不能接受。"
    "希望按照承诺的七天无理由退货办理,退回全部货款,并说明为什么没有人回电。"
)


def submission(run: str, number: int) -> bytes:
    """One submission as a channel sends it."""
    return orjson.dumps(
        {
            "channel": "web",
            "external_ref": f"{run}-{number:07}",
            "text": f"{TEXT}(订单 {number})",
            "customer": {"name": "张三", "contacts": [{"medium": "phone", "address": f"138{number:08}"}]},
            "order_ref": f"SO-{number:09}",
            "product": f"空气净化器 KJ-{number}",  # one product for all would be an incident
            "demands": ["退款", "说明原因"],
        }
    )


def copies(history: Sequence[Row], run: str, complaints: int) -> Iterator[list[StoredEvent]]:
    """That complaint's stored history again and again under other ids, in batches for one commit."""
    batch: list[StoredEvent] = []
    for number in range(complaints):
        stream = complaint_id("copy", f"{run}-{number}")
        batch += [StoredEvent(stream, row.version, row.topic, row.state) for row in history]
        if len(batch) >= 2_000:
            yield batch
            batch = []
    if batch:
        yield batch


def fill(ledger: Ledger, history: Sequence[Row], run: str, complaints: int) -> list[StreamId]:
    """Put that many copies of a history into the ledger; their ids."""
    for batch in copies(history, run, complaints):
        ledger.store.insert(batch)
    return [complaint_id("copy", f"{run}-{number}") for number in range(complaints)]
