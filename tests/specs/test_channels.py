"""One record whatever channel brought the complaint, and a clock on every one of them (S001-4.5, S001-17.1)."""

import pytest

from events.folding import fold
from events.vocabulary import Priority
from tests.bdd import Company
from tests.controls import in_the_morning, policy

CHANNELS = ("web", "app", "phone", "email", "chat", "wechat", "weibo", "douyin", "taobao", "jd", "store", "regulator")


@pytest.mark.clause("S001-4.5", "S001-17.1", "S004-1.1")
async def test_the_same_complaint_is_the_same_record_through_every_channel() -> None:
    company = Company(in_the_morning())
    records = []
    for channel in CHANNELS:
        receipt = await company.submit(channel=channel, external_ref="R-1", demands=["退款"])
        complaint = fold(company.ledger.load(receipt.complaint_id))
        assert complaint.channel == channel
        records.append((complaint.text, complaint.customer, complaint.demands, complaint.received_at, complaint.policy))
    assert len(set(records)) == 1


@pytest.mark.clause("S001-6.5", "S001-8.3")
async def test_a_suggestion_is_answered_by_the_clock_like_any_complaint() -> None:
    company = Company(in_the_morning())
    receipt = await company.submit(text="建议增加夜间客服,希望能考虑。")
    await company.look(receipt.complaint_id)
    history = company.ledger.load(receipt.complaint_id)
    complaint = fold(history)
    running = {reading.clock for reading in policy().clocks.readings(history, complaint, in_the_morning())}
    assert complaint.priority is Priority.GREEN
    assert {"first_human", "first_substantive"} <= running
