"""The contract of a submission: every bad input is refused with field, code and what would be right (S004-1.9)."""

from datetime import UTC, timedelta
from typing import Any

import orjson
import pytest

from services.intake.submission import BODY_BYTES, TEXT_CHARACTERS, InvalidSubmission, Submission, parse
from tests import controls
from tests.controls import MINUTE, body, in_the_morning, submission

NOW = in_the_morning()
LONG_DIGEST = "a" * 64


def problems(content: bytes) -> list[tuple[str, str]]:
    """Field and code of everything wrong with a body."""
    with pytest.raises(InvalidSubmission) as refused:
        parse(content, NOW)
    assert all(problem.zh and problem.en for problem in refused.value.problems)
    return [(problem.field, problem.code) for problem in refused.value.problems]


def attachment(**changes: Any) -> dict[str, Any]:
    return {"name": "a.jpg", "media_type": "image/jpeg", "sha256": LONG_DIGEST, "size": 1, **changes}


@pytest.mark.clause("S004-1.8", "S000-5.4")
def test_channel_reference_text_and_a_name_are_enough() -> None:
    parsed = parse(body(customer={"name": "张三"}), NOW)
    assert isinstance(parsed, Submission)
    assert (parsed.text, parsed.occurred_at, parsed.customer.contacts) == (controls.ORDINARY, None, ())


@pytest.mark.clause("S004-1.8")
def test_a_contact_without_a_name_is_enough_too() -> None:
    parsed = parse(body(customer={"contacts": [{"medium": "phone", "address": controls.PHONE}]}), NOW)
    assert parsed.customer.name is None


def test_a_full_submission_is_read_as_it_was_sent() -> None:
    sent = submission(
        occurred_at="2026-03-01T20:50:00+08:00", demands=["退款", "道歉"], accused=["zhang.wei"], product="充电器",
        order_ref="O-1", scene="三月一日在家", attachments=[attachment()],
    )  # fmt: skip
    parsed = parse(orjson.dumps(sent), NOW).model_dump(mode="json", exclude_unset=True)
    assert parsed == sent


@pytest.mark.parametrize("field", ["channel", "external_ref", "text", "customer"])
def test_what_is_compulsory_is_named_when_missing(field: str) -> None:
    assert problems(body(**{field: ...})) == [(field, "missing")]


@pytest.mark.clause("S004-1.8")
@pytest.mark.parametrize("customer", [{}, {"name": None}, {"contacts": []}, {"member_id": "M-1"}])
def test_somebody_must_be_there_to_answer(customer: dict[str, Any]) -> None:
    assert problems(body(customer=customer)) == [("", "value_error")]


@pytest.mark.parametrize("cut", [0, 1, 10, -30, -1])
def test_a_body_cut_off_anywhere_is_no_json(cut: int) -> None:
    assert problems(body()[:cut]) == [("", "json_invalid")]


@pytest.mark.parametrize("content", [b"[]", b"null", b'"text"', b"17"])
def test_json_that_is_no_submission_is_refused(content: bytes) -> None:
    [(field, code)] = problems(content)
    assert (field, code) == ("", "model_type")


DEEP = b'{"a":' * 300 + b"1" + b"}" * 300


@pytest.mark.parametrize("content", [b"\xff\xfe", b'{"text": "\xe5\xa5"}', DEEP, b"{'a': 1}"])
def test_bytes_that_are_no_json_are_refused(content: bytes) -> None:
    [(field, code)] = problems(content)
    assert (field, code) == ("", "json_invalid")


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"channel": 5}, "channel", "string_type"),
        ({"channel": "Web!"}, "channel", "string_pattern_mismatch"),
        ({"channel": "web\n"}, "channel", "string_pattern_mismatch"),
        ({"channel": "a.b"}, "channel", "string_pattern_mismatch"),
        ({"channel": "w" * 33}, "channel", "string_pattern_mismatch"),
        ({"external_ref": ""}, "external_ref", "string_too_short"),
        ({"external_ref": "r" * 201}, "external_ref", "string_too_long"),
        ({"external_ref": 17}, "external_ref", "string_type"),
        ({"text": None}, "text", "string_type"),
        ({"text": ""}, "text", "string_too_short"),
        ({"text": " \n\t\u3000"}, "text", "value_error"),
        ({"text": "长" * (TEXT_CHARACTERS + 1)}, "text", "string_too_long"),
        ({"customer": []}, "customer", "model_type"),
        ({"customer": {"name": ""}}, "customer.name", "string_too_short"),
        ({"customer": {"name": "  "}}, "customer.name", "value_error"),
        ({"customer": {"contacts": [{"medium": "pigeon", "address": "1"}]}}, "customer.contacts.0.medium", "enum"),
        ({"customer": {"name": "张三", "contacts": [{"medium": "phone"}]}}, "customer.contacts.0.address", "missing"),
        ({"customer": {"name": "张三", "preferred": "pigeon"}}, "customer.preferred", "enum"),
        ({"customer": {"contacts": [{"medium": "phone", "address": "1"}] * 11}}, "customer.contacts", "too_long"),
        ({"demands": "退款"}, "demands", "tuple_type"),
        ({"demands": ["退款", 5]}, "demands.1", "string_type"),
        ({"demands": ["退款"] * 21}, "demands", "too_long"),
        ({"accused": [None]}, "accused.0", "string_type"),
        ({"attachments": [attachment(sha256="A" * 64)]}, "attachments.0.sha256", "string_pattern_mismatch"),
        ({"attachments": [attachment(size=-1)]}, "attachments.0.size", "greater_than_equal"),
        ({"attachments": [attachment(size="1")]}, "attachments.0.size", "int_type"),
        ({"attachments": [attachment(media_type="a/b\r\nX:")]}, "attachments.0.media_type", "string_pattern_mismatch"),
        ({"colour": "red"}, "colour", "extra_forbidden"),
        ({"customer": {"name": "张三", "age": 40}}, "customer.age", "extra_forbidden"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named_with_a_code(changes: dict[str, Any], field: str, code: str) -> None:
    assert problems(body(**changes)) == [(field, code)]


def test_everything_wrong_is_told_at_once() -> None:
    assert problems(body(channel=5, text="", colour="red")) == [
        ("channel", "string_type"), ("text", "string_too_short"), ("colour", "extra_forbidden")
    ]  # fmt: skip


@pytest.mark.parametrize("size", [BODY_BYTES + 1, 10_000_000])
def test_a_body_over_the_limit_is_refused_unread(size: int) -> None:
    assert problems(b"x" * size) == [("", "too_large")]
    assert problems(body(text="长" * (size // 3 + 1))) == [("", "too_large")]


def test_a_text_exactly_at_the_limit_is_taken() -> None:
    assert len(parse(body(text="长" * TEXT_CHARACTERS), NOW).text) == TEXT_CHARACTERS


@pytest.mark.parametrize("sign", [0x00, 0x07, 0x0B, 0x1B, 0x7F])
@pytest.mark.parametrize("field", ["text", "external_ref", "scene", "product"])
def test_control_characters_are_refused_and_told_by_number(field: str, sign: int) -> None:
    with pytest.raises(InvalidSubmission, match=f"{field}: control character U\\+{sign:04X} at 1"):
        parse(body(**{field: f"a{chr(sign)}b"}), NOW)


@pytest.mark.parametrize("text", ["第一行\n第二行\r\n\t缩进", "🙂😡", "\u202e反", "訂單 (dìngdān)", "\ufeffBOM"])
def test_lines_tabs_emoji_and_any_script_are_the_customers_own(text: str) -> None:
    assert parse(body(text=text), NOW).text == text


@pytest.mark.parametrize("half", [b"\\ud83d", b"\\udca9", b"\\ud83d\\u0041"])
def test_half_a_character_is_refused(half: bytes) -> None:
    [(field, code)] = problems(body(text="HALF").replace(b"HALF", b"a" + half))
    assert (field, code) in {("", "json_invalid"), ("text", "value_error")}


@pytest.mark.parametrize(
    ("moment", "code"),
    [
        ("2026-03-02T09:00:00", "value_error"),
        ("2026-03-02", "value_error"),
        ("1999-01-01T00:00:00Z", "too_old"),
        ("0001-01-01T00:00:00+14:00", "too_old"),
        ("2100-01-01T00:00:00Z", "in_the_future"),
        ("9999-12-31T23:59:59-12:00", "in_the_future"),
        ("2026-02-30T00:00:00Z", "datetime_from_date_parsing"),
        ("2026-03-02T25:00:00Z", "datetime_from_date_parsing"),
        ("gestern", "value_error"),
        ([], "value_error"),
        (1795000000, "value_error"),
        ("1795000000", "value_error"),
    ],
)
def test_a_moment_that_cannot_be_is_refused(moment: object, code: str) -> None:
    [(field, found)] = problems(body(occurred_at=moment))
    assert (field, found.replace("datetime_parsing", "datetime_from_date_parsing")) == ("occurred_at", code)


@pytest.mark.parametrize(("ahead", "taken"), [(5 * MINUTE, True), (5 * MINUTE + timedelta(seconds=1), False)])
def test_a_channels_clock_may_run_five_minutes_ahead(ahead: timedelta, taken: bool) -> None:
    content = body(occurred_at=(NOW + ahead).isoformat())
    if taken:
        assert parse(content, NOW).occurred_at == NOW + ahead
    else:
        assert problems(content) == [("occurred_at", "in_the_future")]


def test_a_moment_in_any_zone_is_the_same_moment() -> None:
    assert parse(body(occurred_at="2026-03-02T01:30:00Z"), NOW).occurred_at == (NOW - 30 * MINUTE).astimezone(UTC)


@pytest.mark.parametrize("size", [2**53, 2**64, 10**30])
def test_a_size_no_file_has_is_refused(size: int) -> None:
    content = body(attachments=[attachment(size=0)]).replace(b'"size":0', b'"size":%d' % size)
    assert problems(content) == [("attachments.0.size", "less_than_equal")]


@pytest.mark.clause("S004-1.2")
def test_the_same_content_has_the_same_digest_however_it_was_written() -> None:
    first = parse(body(occurred_at="2026-03-01T00:00:00Z"), NOW)
    again = parse(orjson.dumps(dict(reversed(submission().items())), option=orjson.OPT_INDENT_2), NOW)
    assert first.content_sha256 == again.content_sha256
    assert first.content_sha256 != parse(body(text="别的"), NOW).content_sha256


@pytest.mark.clause("S004-1.8")
def test_an_address_stays_on_one_line() -> None:
    contact = {"medium": "email", "address": "a@b.cn\r\nBcc: x@y.cn"}
    assert problems(body(customer={"contacts": [contact]})) == [("customer.contacts.0.address", "value_error")]
