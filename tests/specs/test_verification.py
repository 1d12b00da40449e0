"""Facts before liability: a finding stands on a record, a confirmed summary and checked evidence (S004-3.6)."""

from decimal import Decimal
from typing import Any

import pytest

from events.envelope import Entry
from events.understanding import UnderstandingConfirmed
from events.verification import EvidenceAdded, Verified
from events.vocabulary import Category, Complexity, EvidenceKind, Liable
from tests import controls
from tests.bdd import Given, code, decided, given, refusal
from tests.controls import in_the_morning

NOW = in_the_morning()
SHA = "e" * 64
FINDING: dict[str, Any] = {"facts": "保洁漏做,监控可见", "liable": "company", "cause": "individual.training"}


def piece(authentic: bool | None = True, kind: EvidenceKind = EvidenceKind.PHOTO, **data: Any) -> Entry:
    """Evidence on record."""
    usual = {"name": "照片.jpg", "media_type": "image/jpeg", "sha256": SHA, "kind": kind, "authentic": authentic}
    return Entry(EvidenceAdded(**{**usual, **data}), NOW, controls.person(), policy=controls.POLICY_ID)


def summary(*, confirmed: bool = True) -> Entry:
    """Our summary, read back."""
    fact = UnderstandingConfirmed(number=1, summary="房间未打扫", confirmed=confirmed)
    return Entry(fact, NOW, controls.person(), policy=controls.POLICY_ID)


def a_complaint(*more: Entry, channel: str = "web", **sorted_: Any) -> Given:
    received = controls.received(channel=channel, demands=("道歉",))
    return given(received, controls.classified(NOW, **sorted_), controls.assigned(NOW), *more)


def verified(story: Given, **data: Any) -> Verified:
    [fact] = decided(story.when("verify", "li.na", NOW, **{**FINDING, **data}))
    assert isinstance(fact, Verified)
    return fact


def refused(story: Given, **data: Any) -> str:
    return code(story.when("verify", "li.na", NOW, **{**FINDING, **data}))


@pytest.mark.clause("S004-3.6", "S001-2.1", "S000-3.3")
def test_a_finding_says_what_happened_who_is_liable_and_what_was_lost() -> None:
    fact = verified(a_complaint(piece()), evidence=["照片.jpg"], loss="80.5", expected="干净的房间", preliminary="漏扫")
    assert (fact.liable, fact.cause, fact.loss) == (Liable.COMPANY, "individual.training", Decimal("80.50"))
    assert fact.evidence == (SHA,)
    assert verified(a_complaint(), loss=80.5).loss == Decimal("80.50")


@pytest.mark.clause("S003-1.1", "S001-14.2")
def test_what_was_expected_and_the_first_judgement_are_kept_beside_the_finding() -> None:
    fact = verified(a_complaint(), expected="干净的房间", preliminary="可能漏扫")
    assert (fact.expected, fact.preliminary, fact.facts) == ("干净的房间", "可能漏扫", "保洁漏做,监控可见")


@pytest.mark.clause("S001-1.7", "S001-7.2", "S001-17.3")
@pytest.mark.parametrize("channel", ["phone", "hotline", "chat", "visit"])
def test_what_was_said_aloud_or_in_chat_is_confirmed_before_it_is_verified(channel: str) -> None:
    answer = refusal(a_complaint(channel=channel).when("verify", "li.na", NOW, **FINDING))
    assert (answer.code, answer.requirement) == ("understanding_not_confirmed", "S001-1.7")
    assert refused(a_complaint(summary(confirmed=False), channel=channel)) == "understanding_not_confirmed"
    assert verified(a_complaint(summary(), channel=channel))


@pytest.mark.clause("S001-1.7")
def test_what_the_customer_wrote_needs_no_reading_back() -> None:
    assert verified(a_complaint(channel="web"))
    assert verified(a_complaint(channel="email"))


@pytest.mark.clause("S002-3.1")
def test_a_finding_cites_only_evidence_on_record() -> None:
    answer = refusal(a_complaint(piece()).when("verify", "li.na", NOW, **FINDING, evidence=[SHA, "录音.wav"]))
    assert (answer.code, answer.requirement, answer.facts["evidence"]) == ("evidence_unknown", "S002-3.1", "录音.wav")


@pytest.mark.clause("S004-3.3")
@pytest.mark.parametrize("authentic", [None, False], ids=["unchecked", "found false"])
def test_evidence_nobody_found_authentic_supports_no_finding(authentic: bool | None) -> None:
    story = a_complaint(piece(authentic))
    assert refused(story, evidence=["照片.jpg"]) == "evidence_unchecked"
    assert refused(story, evidence=[SHA]) == "evidence_unchecked"
    assert verified(story.and_then(piece(True)), evidence=["照片.jpg"])


@pytest.mark.clause("S001-2.1")
@pytest.mark.parametrize("cause", ["不明", "Unknown", "无法确定。", "监控已被覆盖,双方说法不一"])
def test_a_finding_may_leave_cause_and_liability_open_until_the_complaint_ends(cause: str) -> None:
    assert verified(a_complaint(), liable="undetermined", cause=cause).cause == cause


@pytest.mark.clause("S001-2.1")
def test_every_finding_names_a_cause() -> None:
    assert refused(a_complaint(), cause="") == "cause_not_reasoned"


@pytest.mark.clause("S001-2.1", "S000-3.5")
def test_a_third_party_is_liable_only_by_name() -> None:
    assert refused(a_complaint(), liable="third_party") == "party_missing"
    assert refused(a_complaint(), liable="third_party", party=" ") == "party_missing"
    assert verified(a_complaint(), liable="third_party", party="顺达快运").party == "顺达快运"


@pytest.mark.clause("S002-1.3", "S004-3.6")
def test_an_explanation_alone_carries_a_simple_finding_and_no_complex_one() -> None:
    assert verified(a_complaint(complexity=Complexity.SIMPLE))
    complex_ = a_complaint(complexity=Complexity.COMPLEX)
    assert refused(complex_) == "evidence_needed"
    assert verified(complex_.and_then(piece()), evidence=[SHA])


@pytest.mark.clause("S002-1.3", "S002-0.1")
def test_what_is_solved_on_the_spot_needs_no_more_than_an_explanation() -> None:
    on_the_spot = UnderstandingConfirmed(number=1, summary="换房", confirmed=True, on_the_spot=True)
    story = a_complaint(Entry(on_the_spot, NOW, controls.person()), channel="phone", complexity=Complexity.COMPLEX)
    assert verified(story)


@pytest.mark.clause("S002-3.1")
@pytest.mark.parametrize("mark", [{"flags": ("fraud",)}, {"signals": ("dispute",)}], ids=["flag", "signal"])
def test_a_disputed_finding_rests_on_evidence_however_simple_it_is(mark: dict[str, Any]) -> None:
    assert refused(a_complaint(**mark)) == "evidence_needed"
    assert verified(a_complaint(piece(), **mark), evidence=[SHA])


@pytest.mark.clause("S002-3.1", "S001-2.1")
def test_that_nothing_can_be_determined_needs_a_reason_and_no_evidence() -> None:
    story = a_complaint(complexity=Complexity.COMPLEX)
    assert verified(story, liable="undetermined", cause="监控已被覆盖,双方说法不一")


@pytest.mark.clause("S004-3.4")
def test_the_customer_is_not_blamed_for_a_disputed_quality_without_a_third_partys_report() -> None:
    disputed: dict[str, Any] = {"category": Category.PRODUCT, "signals": ("dispute",)}
    blamed = {"liable": "customer", "cause": "customer.use", "evidence": [SHA]}
    answer = refusal(a_complaint(piece(), **disputed).when("verify", "li.na", NOW, **{**FINDING, **blamed}))
    assert (answer.code, answer.requirement) == ("report_missing", "S004-3.4")
    assert verified(a_complaint(piece(kind=EvidenceKind.REPORT), **disputed), **blamed)
    assert verified(a_complaint(piece(), **disputed), evidence=[SHA])


@pytest.mark.clause("S004-3.4")
def test_a_report_nobody_checked_proves_no_quality() -> None:
    story = a_complaint(piece(None, EvidenceKind.REPORT), category=Category.PRODUCT, signals=("dispute",))
    assert refused(story, liable="customer", evidence=[SHA]) == "evidence_unchecked"


@pytest.mark.clause("S001-16.2", "S002-1.4", "S001-4.1")
def test_nothing_is_verified_before_it_is_known_what_the_customer_wants() -> None:
    silent = controls.classified(NOW, signals=("praise",))
    story = given(controls.received(), silent, controls.assigned(NOW))
    answer = refusal(story.when("verify", "li.na", NOW, **FINDING))
    assert (answer.code, answer.facts["missing"]) == ("record_incomplete", "wanted")
    assert verified(story.and_then(summary()))


@pytest.mark.clause("S004-3.6")
def test_a_new_finding_is_added_and_the_earlier_one_stays() -> None:
    story = a_complaint()
    first = Entry(verified(story), NOW, controls.person())
    again = Entry(verified(story.and_then(first), cause="company.process"), NOW, controls.person())
    known = story.and_then(first, again).complaint.verification
    assert [finding.fact.cause for finding in known.findings] == ["individual.training", "company.process"]
    assert known.finding is not None
    assert known.finding.fact.cause == "company.process"


@pytest.mark.clause("S003-1.2", "S003-1.3", "S003-1.4", "S001-2.2")
@pytest.mark.parametrize(
    ("cause", "code_"),
    [
        ("company.unclear_text", "company.unclear_text"),
        ("训练不足", "individual.training"),
        ("不受尊重", "psychological.respect"),
        ("Poor communication", "communication.misunderstanding"),
        ("product.fault", "product.fault"),
        ("保洁员请假无人顶班", None),
    ],
)
def test_a_cause_is_read_as_a_value_of_the_tree_where_there_is_one(cause: str, code_: str | None) -> None:
    fact = verified(a_complaint(), cause=cause)
    assert (fact.cause, fact.cause_code) == (cause, code_)


@pytest.mark.clause("S000-3.2", "S004-3.6", "S001-1.7")
def test_wishes_then_facts_then_a_proposal_in_that_order() -> None:
    proposal = {"remedies": [], "answers": {"道歉": {"result": "met"}}, "basis": "service.apology"}
    heard = a_complaint(channel="phone")
    assert code(heard.when("propose_solution", "li.na", NOW, **proposal)) == "not_verified"
    assert refused(heard) == "understanding_not_confirmed"
    understood = heard.and_then(summary())
    assert code(understood.when("propose_solution", "li.na", NOW, **proposal)) == "not_verified"
    established = understood.and_then(Entry(verified(understood), NOW, controls.person()))
    assert established.when("propose_solution", "li.na", NOW, **proposal)


@pytest.mark.clause("S002-1.16", "S004-3.6")
def test_a_disputed_complaint_is_not_resolved_without_any_evidence_of_how_it_was_handled() -> None:
    open_ = Verified(facts="说法不一", liable=Liable.UNDETERMINED, cause="监控已被覆盖")
    story = a_complaint(Entry(open_, NOW, controls.person()), flags=("fraud",))
    assert code(story.when("resolve", "li.na", NOW, outcome="clarified")) == "evidence_missing"
    kept = story.and_then(piece(None)).when("resolve", "li.na", NOW, outcome="clarified")
    assert getattr(kept, "code", None) != "evidence_missing"
