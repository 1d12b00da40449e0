"""Evidence is kept by its digest, checked before it counts, and never missing where a dispute is likely (S002-1.16)."""

from typing import Any

import pytest
from pydantic import ValidationError

from events.commands import Refusal
from events.complaint import Complaint
from events.envelope import Entry
from events.verification import EvidenceAdded
from events.vocabulary import EvidenceKind
from policy.handling.evidence import consent_missing, evidence_missing
from tests import controls, examples
from tests.bdd import Company, Given, code, decided, given
from tests.controls import C1, in_the_morning, put

NOW = in_the_morning()
SHA = "e" * 64
PHOTO: dict[str, Any] = {"name": "照片.jpg", "media_type": "image/jpeg", "sha256": SHA, "kind": "photo"}
RULES = controls.policy().document.evidence


def a_complaint(*flags: str) -> Given:
    return given(controls.received(), controls.classified(NOW, flags=flags), controls.assigned(NOW))


def with_piece(story: Given, **data: Any) -> Given:
    """The complaint after `add_evidence`."""
    found = decided(story.when("add_evidence", "li.na", NOW, **{**PHOTO, **data}))
    return story.and_then(*(Entry(fact, NOW, controls.person()) for fact in found))


def pieces(story: Given) -> list[tuple[str, bool | None]]:
    return [(piece.name, piece.authentic) for piece in story.complaint.verification.evidence]


@pytest.mark.clause("S002-1.16", "S004-3.3")
def test_evidence_is_recorded_unchecked_and_checked_later() -> None:
    unchecked = with_piece(a_complaint())
    assert pieces(unchecked) == [("照片.jpg", None)]
    checked = with_piece(unchecked, authentic=False, method="查看原图信息")
    assert pieces(checked) == [("照片.jpg", False)]
    last = checked.case.history[-1].fact
    assert isinstance(last, EvidenceAdded)
    assert last.method == "查看原图信息"


@pytest.mark.clause("S004-3.3")
def test_the_same_piece_without_a_verdict_takes_none_away() -> None:
    checked = with_piece(a_complaint(), authentic=True)
    assert decided(checked.when("add_evidence", "li.na", NOW, **PHOTO)) == []
    assert pieces(with_piece(checked, name="原图.jpg")) == [("原图.jpg", True)]


@pytest.mark.clause("S002-1.16")
@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("call_record", EvidenceKind.CALL_RECORD),
        ("recording", EvidenceKind.CALL_RECORD),
        ("screenshot", EvidenceKind.PHOTO),
        ("照片", EvidenceKind.PHOTO),
        ("检测报告", EvidenceKind.REPORT),
        ("Consent", EvidenceKind.CONSENT),
    ],
)
def test_kinds_of_evidence_are_understood_as_people_call_them(written: str, kind: EvidenceKind) -> None:
    [fact] = decided(a_complaint().when("add_evidence", "li.na", NOW, **{**PHOTO, "kind": written}))
    assert isinstance(fact, EvidenceAdded)
    assert fact.kind is kind


@pytest.mark.clause("S002-1.16")
def test_no_evidence_is_refused_for_the_word_it_is_called_by() -> None:
    [fact] = decided(a_complaint().when("add_evidence", "li.na", NOW, **{**PHOTO, "kind": "梦"}))
    assert isinstance(fact, EvidenceAdded)
    assert (fact.kind, fact.told_as) == (EvidenceKind.OTHER, "梦")


@pytest.mark.clause("S002-1.16")
@pytest.mark.parametrize(
    "word",
    [
        "record",
        "log",
        "email",
        "letter",
        "judgment",
        "court_ruling",
        "Court-ruling",
        "waybill",
        "ticket",
        "scan",
        "payment_record",
        "expert_opinion",
        "工单",
        "系统记录",
    ],
)
def test_common_words_for_evidence_have_their_kind(word: str) -> None:
    [fact] = decided(a_complaint().when("add_evidence", "li.na", NOW, **{**PHOTO, "kind": word}))
    assert isinstance(fact, EvidenceAdded)
    assert fact.kind is not EvidenceKind.OTHER
    assert fact.told_as is None


@pytest.mark.clause("S002-1.16")
@pytest.mark.parametrize("digest", ["E" * 64, "e" * 63, "g" * 64, ""])
def test_evidence_needs_a_digest_that_can_be_checked(digest: str) -> None:
    with pytest.raises(ValidationError, match="sha256"):
        a_complaint().when("add_evidence", "li.na", NOW, **{**PHOTO, "sha256": digest})


def missing(complaint: Complaint) -> str | None:
    answer = evidence_missing(complaint, RULES)
    return None if answer is None else answer.code


@pytest.mark.clause("S002-1.16")
@pytest.mark.parametrize("flag", ["fraud", "exposure_threat"])
def test_a_complaint_prone_to_dispute_is_not_resolved_with_an_empty_list(flag: str) -> None:
    story = a_complaint(flag)
    assert missing(story.complaint) == "evidence_missing"
    assert missing(with_piece(story, authentic=False).complaint) == "evidence_missing"
    assert missing(with_piece(story).complaint) is None


@pytest.mark.clause("S002-1.16")
@pytest.mark.parametrize("text", ["厂家拒不承认,我要去法院起诉", "你们否认有问题,我这里有录音"])
def test_the_customers_own_words_tell_that_a_dispute_is_likely(text: str) -> None:
    story = given(controls.received(text=text))
    after = story.workflow_looks(NOW).after
    assert after is not None
    assert missing(after) == "evidence_missing"


@pytest.mark.clause("S002-1.16")
def test_an_ordinary_complaint_is_resolved_without_evidence() -> None:
    assert missing(a_complaint("staff", "repeat").complaint) is None


def consent(complaint: Complaint, *references: str) -> Refusal | None:
    return consent_missing(complaint, RULES, references)


@pytest.mark.clause("S002-1.17")
def test_consent_in_a_complaint_prone_to_dispute_is_proven_by_a_record_of_it() -> None:
    story = a_complaint("fraud")
    assert consent(story.complaint) is not None
    assert consent(story.complaint, "同意录音.wav") is not None
    recorded = with_piece(story, name="同意录音.wav", kind="call_record", media_type="audio/wav")
    assert consent(recorded.complaint, "同意录音.wav") is None
    assert consent(with_piece(recorded, authentic=False).complaint, SHA) is not None


@pytest.mark.clause("S002-1.17")
def test_consent_in_an_ordinary_complaint_needs_no_proof() -> None:
    assert consent(a_complaint().complaint) is None


@pytest.mark.clause("S002-1.17")
def test_an_agreement_in_a_complaint_prone_to_dispute_names_the_record_of_it() -> None:
    proposed = Entry(examples.PROPOSED, NOW, controls.person(), policy=controls.POLICY_ID)
    story = with_piece(a_complaint("fraud"), name="同意录音.wav", kind="consent", media_type="audio/wav")
    story = story.and_then(proposed)
    assert code(story.when("agree", "li.na", NOW, medium="phone", words="可以")) == "consent_missing"
    proven = story.when("agree", "li.na", NOW, medium="phone", words="可以", evidence=["同意录音.wav"])
    assert [type(fact).__name__ for fact in decided(proven)] == ["CustomerAgreed"]


@pytest.mark.clause("S002-1.16")
async def test_intake_writes_what_colleagues_add() -> None:
    company = Company(NOW)
    put(company.ledger, C1, *controls.handed_out())
    await company.command("add_evidence", "li.na", data=PHOTO)
    assert company.names()[-1] == "EvidenceAdded"
    assert company.ledger.load(C1)[-1].actor == controls.person("li.na")
