"""We say back what we understood, ask only for what we lack, notice how the customer feels (S001-1.7, S001-16.6)."""

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from events.ending import Archived
from events.envelope import Entry
from events.handling import Classified, Escalated
from events.reception import Supplemented
from events.understanding import InformationRequested, UnderstandingConfirmed
from events.vocabulary import Expectation, Mode, Priority, Purpose
from services.workflow.classification import added_since_sorted
from tests import controls
from tests.bdd import Company, Given, code, decided, facts, given, refusal
from tests.controls import C1, MINUTE, in_the_morning, put

NOW = in_the_morning()
SAYS: dict[str, Any] = {"summary": "房间未打扫,希望道歉", "confirmed": True}


def said(**data: Any) -> Entry:
    """Our summary as recorded."""
    fact = UnderstandingConfirmed(**{"number": 1, **SAYS, **data})
    return Entry(fact, NOW, controls.person(), policy=controls.POLICY_ID)


def on_the_phone(**changes: Any) -> Given:
    return given(*controls.handed_out(channel="phone", **changes))


@pytest.mark.clause("S001-1.7", "S001-7.2", "S001-17.3")
def test_a_summary_that_is_corrected_makes_the_next_number() -> None:
    first = decided(on_the_phone().when("confirm_understanding", "li.na", NOW, summary="房间脏", confirmed=False))
    corrected = on_the_phone().and_then(said(confirmed=False))
    again = decided(corrected.when("confirm_understanding", "li.na", NOW, **SAYS))
    assert [fact.number for fact in (*first, *again) if isinstance(fact, UnderstandingConfirmed)] == [1, 2]


@pytest.mark.clause("S001-1.7")
def test_every_summary_is_kept_and_the_last_one_counts() -> None:
    story = on_the_phone().and_then(said(summary="房间脏"), said(number=2, summary="房间脏、态度差", confirmed=False))
    known = story.complaint.understanding
    assert known.summaries == ("房间脏", "房间脏、态度差")
    assert not known.is_confirmed


@pytest.mark.clause("S001-18.1", "S001-9.6", "S001-18.9", "S000-3.4")
def test_what_the_customer_hopes_for_wants_and_why_is_kept() -> None:
    data = {"demands": ["退款"], "expectation": "compensate", "purpose": "negotiate", "requested": "300"}
    [fact] = decided(on_the_phone().when("confirm_understanding", "li.na", NOW, **SAYS, **data))
    complaint = on_the_phone().and_then(Entry(fact, NOW, controls.person())).complaint
    known = complaint.understanding
    assert complaint.demands == ("退款",)
    assert (known.expectation, known.purpose) == (Expectation.COMPENSATE, Purpose.NEGOTIATE)
    assert known.requested == Decimal("300.00")


@pytest.mark.clause("S001-1.5", "S000-1.3")
def test_how_the_customer_feels_may_be_noted_again_and_the_earlier_notes_stay() -> None:
    known = on_the_phone().and_then(said(emotion=4), said(number=2, emotion=2)).complaint.understanding
    assert [level for _, level in known.emotions] == [4, 2]
    assert known.emotion == 2


@pytest.mark.parametrize("level", [0, 6])
def test_an_emotion_beyond_the_scale_is_refused(level: int) -> None:
    with pytest.raises(ValidationError, match="emotion"):
        on_the_phone().when("confirm_understanding", "li.na", NOW, **SAYS, emotion=level)


@pytest.mark.clause("S000-1.3", "S004-2.4")
def test_extreme_emotion_makes_the_complaint_red_and_strong_emotion_does_not() -> None:
    strong = facts(on_the_phone().and_then(said(emotion=4)).workflow_looks(NOW))
    assert not [fact for fact in strong if isinstance(fact, Classified)]
    red, *_ = facts(on_the_phone().and_then(said(emotion=5)).workflow_looks(NOW))
    assert isinstance(red, Classified)
    assert (red.priority, red.rules) == (Priority.RED, ("red:emotion>=5",))


@pytest.mark.clause("S001-16.4", "S002-4.4", "S004-2.4")
def test_a_complaint_that_turns_red_is_with_a_supervisor_in_the_same_look() -> None:
    found = facts(on_the_phone().and_then(said(emotion=5)).workflow_looks(NOW))
    [raised] = [fact for fact in found if isinstance(fact, Escalated)]
    assert (raised.to_level, raised.person, raised.cause) == (2, "wang.fang", "priority_red")


@pytest.mark.clause("S004-2.4")
def test_turning_red_is_recorded_once_and_calming_down_lowers_no_colour() -> None:
    story = on_the_phone().and_then(said(emotion=5))
    story = story.and_then(*story.workflow_looks(NOW).entries)
    assert not story.workflow_looks(NOW).entries
    calm = story.and_then(said(number=2, emotion=1))
    assert not calm.workflow_looks(NOW).entries
    assert calm.complaint.priority is Priority.RED


@pytest.mark.clause("S004-2.2", "S004-2.4")
def test_something_dangerous_that_is_added_later_makes_the_complaint_red() -> None:
    harmless = given(*controls.handed_out(), controls.supplemented(NOW))
    assert harmless.workflow_looks(NOW).after.priority is Priority.YELLOW  # type: ignore[union-attr]
    dangerous = given(*controls.handed_out(), controls.supplemented(NOW, controls.DANGEROUS))
    after = dangerous.workflow_looks(NOW).after
    assert after is not None
    assert after.priority is Priority.RED
    assert "safety" in after.flags


@pytest.mark.clause("S004-2.2", "S004-2.4")
def test_something_dangerous_that_was_added_before_anybody_looked_makes_it_red_at_once() -> None:
    after = given(controls.received(NOW), controls.supplemented(NOW, controls.DANGEROUS)).workflow_looks(NOW).after
    assert after is not None
    assert (after.priority, "safety" in after.flags) == (Priority.RED, True)


@pytest.mark.clause("S004-2.2")
def test_what_was_read_once_is_not_read_again_unless_only_a_person_sorted_it_since() -> None:
    sorted_ = [controls.received(NOW), *added(0, 3), controls.classified(NOW)]
    by_hand = controls.classified(NOW)._replace(actor=controls.person())
    assert unread(*sorted_) == []
    assert unread(*sorted_, *added(3, 5), by_hand) == ["第 3 次", "第 4 次"]


def added(first: int, last: int) -> list[Entry]:
    return [controls.supplemented(NOW, f"第 {number} 次", f"{number + 1:064}") for number in range(first, last)]


def unread(*entries: Entry) -> list[str]:
    return [fact.text for fact in added_since_sorted(controls.a_case(*entries).history)]


@pytest.mark.clause("S001-16.6", "S004-3.5")
def test_a_request_for_information_always_has_a_reason() -> None:
    named = on_the_phone().when("request_information", "li.na", NOW, what="购买凭证", reason="核对批次")
    assert named == [InformationRequested(what="购买凭证", reason="核对批次")]
    [usual] = decided(on_the_phone().when("request_information", "li.na", NOW, what="购买凭证"))
    assert isinstance(usual, InformationRequested)
    assert usual.reason == controls.policy().document.understanding.reason["zh"]


@pytest.mark.clause("S001-4.3")
def test_what_the_customer_was_asked_for_is_not_asked_again() -> None:
    asked = on_the_phone().and_then(
        Entry(
            InformationRequested(what="购买凭证", reason="核对批次"), NOW, controls.person(), policy=controls.POLICY_ID
        )
    )
    assert code(asked.when("request_information", "li.na", NOW, what="购买凭证")) == "already_asked"
    assert decided(asked.when("request_information", "li.na", NOW, what="故障照片"))


@pytest.mark.clause("S001-4.3")
@pytest.mark.parametrize(
    ("what", "place"),
    [
        ("请提供您的订单号", "order_ref"),
        ("order number", "order_ref"),
        ("联系电话", "customer.contacts"),
        ("您的姓名和联系方式", "customer.name, customer.contacts"),
        ("Please tell us what product", "product"),
        ("诉求", "demands"),
    ],
)
def test_nobody_asks_the_customer_for_what_is_on_record(what: str, place: str) -> None:
    story = on_the_phone(order_ref="O-1", product="充电器", demands=("退款",))
    answer = refusal(story.when("request_information", "li.na", NOW, what=what))
    assert (answer.code, answer.requirement) == ("already_known", "S001-4.3")
    assert answer.facts["place"] == place


@pytest.mark.clause("S001-4.3")
@pytest.mark.parametrize("what", ["订单截图", "产品照片", "订单号和照片", "会员号", "联系电话的机主证明", "故障视频"])
def test_what_is_not_on_record_or_more_than_that_may_be_asked_for(what: str) -> None:
    story = on_the_phone(order_ref="O-1", product="充电器")
    assert decided(story.when("request_information", "li.na", NOW, what=what))


@pytest.mark.clause("S001-16.6", "S004-3.5")
def test_what_the_customer_owes_us_is_open_until_they_send_something() -> None:
    asked = Entry(InformationRequested(what="购买凭证", reason="核对批次"), NOW, controls.person())
    waiting = on_the_phone().and_then(asked)
    assert waiting.complaint.understanding.asked == ("购买凭证",)
    assert waiting.and_then(controls.supplemented(NOW)).complaint.understanding.asked == ()


@pytest.mark.clause("S002-0.1")
def test_only_what_is_raised_in_person_is_solved_on_the_spot() -> None:
    fact = decided(on_the_phone().when("confirm_understanding", "li.na", NOW, **SAYS, on_the_spot=True))[0]
    assert on_the_phone().and_then(Entry(fact, NOW, controls.person())).complaint.mode is Mode.ON_THE_SPOT
    written = given(*controls.handed_out()).when("confirm_understanding", "li.na", NOW, **SAYS, on_the_spot=True)
    assert code(written) == "not_on_the_spot"


@pytest.mark.clause("S004-3.5", "S004-1.2")
async def test_the_same_addition_twice_is_recorded_once() -> None:
    company = Company(NOW)
    put(company.ledger, C1, *controls.handed_out())
    for text in ("补充照片", "补充照片", "还有发票"):
        await company.command("supplement", "li.na", data={"text": text, "attachments": []})
    assert company.names().count("Supplemented") == 2


@pytest.mark.clause("S004-1.11", "S002-7.1")
def test_an_addition_may_bring_demands_files_and_names() -> None:
    file = {"name": "照片.jpg", "media_type": "image/jpeg", "sha256": "a" * 64, "size": 10}
    data = {"text": "服务员是张伟", "attachments": [file], "demands": ["道歉"], "accused": ["张伟"]}
    [fact] = decided(given(*controls.handed_out()).when("supplement", "li.na", NOW, **data))
    after = given(*controls.handed_out(), Entry(fact, NOW, controls.person())).complaint
    assert (after.demands, after.accused, after.attachments[0].sha256) == (("道歉",), ("张伟",), "a" * 64)


@pytest.mark.clause("S004-3.5")
def test_a_file_may_come_without_its_size() -> None:
    file = {"name": "照片.jpg", "media_type": "image/jpeg", "sha256": "a" * 64}
    [fact] = decided(given(*controls.handed_out()).when("supplement", "li.na", NOW, text="照片", attachments=[file]))
    assert isinstance(fact, Supplemented)
    assert fact.attachments[0].size is None


@pytest.mark.clause("S004-3.3")
@pytest.mark.parametrize(
    ("file", "missing"),
    [("照片.jpg", "media_type, sha256"), ({"name": "照片.jpg", "media_type": "image/jpeg"}, "sha256")],
)
def test_a_file_that_cannot_be_told_from_another_is_refused_with_what_is_needed(file: object, missing: str) -> None:
    told = refusal(given(*controls.handed_out()).when("supplement", "li.na", NOW, text="照片", attachments=[file]))
    assert (told.code, told.facts["missing"]) == ("attachment_incomplete", missing)
    assert "SHA-256" in told.zh
    assert "SHA-256" in told.en


@pytest.mark.clause("S004-3.5")
def test_what_a_customer_adds_after_the_end_is_not_lost() -> None:
    ended = given(*controls.handed_out(), Entry(Archived(ground="called_back"), NOW, controls.person()))
    assert decided(ended.when("supplement", "li.na", NOW + MINUTE, text="又想起一点", attachments=[]))


@pytest.mark.clause("S001-16.6")
@pytest.mark.parametrize(("language", "thanks"), [("zh", "感谢"), ("en", "thank you")])
def test_whoever_is_asked_for_more_is_told_why_and_thanked(language: str, thanks: str) -> None:
    words = getattr(controls.policy().document.template["information_request"], language).text
    assert "{reason}" in words
    assert thanks in words
