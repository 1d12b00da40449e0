"""Understood, proven, verified: each rule broken by one altered fact, and kept beside it (S001-1.7, S004-3.6)."""

from typing import Any

import pytest

from events.ending import Reopened, Resolved
from events.envelope import Entry
from events.solution import CustomerAgreed, SolutionProposed
from events.understanding import UnderstandingConfirmed
from events.verification import EvidenceAdded, Verified
from events.vocabulary import Category, Complexity, EvidenceKind, Liable, Mode
from services.compliance.conformance import evidence, understanding, verification
from tests import controls
from tests.controls import HOUR
from tests.examining import altered, entries, examined, of_case, said, tells, version_of, with_more, without
from tests.outcomes import act, agreed, ended, proposed, remedy
from tests.solutions import LATER, NOW, after, offer, ready, verified
from tests.solutions import evidence as piece

SHA = "e" * 64


def by_phone(*facts: Any) -> list[Entry]:
    """A complaint on the telephone, and what Li Na did."""
    return [*controls.handed_out(channel="phone"), *(act(fact, moment=LATER) for fact in facts)]


CONFIRMED = UnderstandingConfirmed(number=1, summary="多收话费", confirmed=True)
FINDING = Verified(facts="多收话费", liable=Liable.COMPANY, cause="billing.error")


@pytest.mark.clause("S001-1.7", "S001-7.2", "S001-17.3")
def test_a_finding_before_the_customer_on_the_line_confirmed_our_summary_is_found() -> None:
    check, lawful = understanding.the_summary_is_confirmed_before_verification, examined(*by_phone(CONFIRMED, FINDING))
    tells(check, "S001-1.7", lawful, without(lawful, 4))
    tells(check, "S001-1.7", lawful, altered(lawful, 4, said(confirmed=False)))
    corrected = CONFIRMED.model_copy(update={"number": 2, "confirmed": False})
    tells(check, "S001-1.7", lawful, examined(*by_phone(CONFIRMED, corrected, FINDING)))
    written = examined(*controls.handed_out(), act(FINDING, moment=LATER))
    assert not list(check.violations(written))


@pytest.mark.clause("S001-1.7")
def test_a_correction_that_takes_the_number_of_the_summary_before_is_found() -> None:
    lawful = examined(*by_phone(CONFIRMED, CONFIRMED.model_copy(update={"number": 2})))
    tells(understanding.summaries_are_numbered, "S001-1.7", lawful, altered(lawful, 5, said(number=1)))


@pytest.mark.clause("S002-0.1")
def test_a_case_solved_on_the_spot_with_nobody_there_is_found() -> None:
    on_the_spot = CONFIRMED.model_copy(update={"on_the_spot": True})
    written = examined(*controls.handed_out(), act(on_the_spot, moment=LATER))
    tells(understanding.the_spot_is_where_the_customer_is, "S002-0.1", examined(*by_phone(on_the_spot)), written)


@pytest.mark.clause("S004-6.6", "S000-0.1")
def test_rounds_that_are_not_counted_one_by_one_are_found() -> None:
    lawful = examined(*ended(), act(Reopened(round=2, reason="客户不满意"), moment=LATER))
    check, last = understanding.every_round_begins_with_verification, len(lawful.history)
    for wrong in ({"round": 3}, {"reason": ""}):
        tells(check, "S004-6.6", lawful, altered(lawful, last, said(**wrong)))


CITED = of_case(ready(piece(NOW), verified(NOW, evidence=(SHA,))).case)
"""A finding that rests on a piece found authentic."""


@pytest.mark.clause("S004-3.3", "S002-3.1")
def test_a_finding_on_unchecked_false_or_unknown_evidence_is_found() -> None:
    check, on_file = evidence.decisions_rest_on_checked_evidence, version_of(CITED, EvidenceAdded)
    tells(check, "S004-3.3", CITED, altered(CITED, on_file, said(authentic=None)))
    tells(check, "S004-3.3", CITED, altered(CITED, on_file, said(authentic=False)))
    tells(check, "S002-3.1", CITED, without(CITED, on_file))


def sorted_as(**changes: Any) -> list[Entry]:
    """A complaint of that sort, given to Li Na."""
    return [controls.received(NOW), controls.classified(NOW, **changes), controls.assigned(NOW)]


LIGHT: tuple[dict[str, Any], ...] = (
    {"complexity": Complexity.SIMPLE},
    {"complexity": Complexity.COMPLEX, "mode": Mode.ON_THE_SPOT},
)
HEAVY: tuple[dict[str, Any], ...] = (
    {"complexity": Complexity.COMPLEX},
    {"complexity": Complexity.SIMPLE, "flags": ("fraud",)},
    {"complexity": Complexity.SIMPLE, "signals": ("dispute",)},
)


@pytest.mark.clause("S002-3.1", "S002-0.5")
@pytest.mark.parametrize("light", LIGHT)
@pytest.mark.parametrize("heavy", HEAVY)
def test_a_complex_or_disputed_finding_without_evidence_is_found(light: dict[str, Any], heavy: dict[str, Any]) -> None:
    lawful, broken = (examined(*sorted_as(**sort), verified(LATER)) for sort in (light, heavy))
    tells(evidence.a_weighty_finding_cites_evidence, "S002-3.1", lawful, broken)
    open_ = examined(*sorted_as(**heavy), verified(LATER, liable=Liable.UNDETERMINED))
    assert not list(evidence.a_weighty_finding_cites_evidence.violations(open_))


@pytest.mark.clause("S004-3.4")
def test_a_customer_held_liable_for_a_disputed_quality_without_a_report_is_found() -> None:
    sort = sorted_as(category=Category.PRODUCT, complexity=Complexity.COMPLEX)
    finding = verified(LATER, liable=Liable.CUSTOMER, evidence=(SHA,))
    lawful = examined(*sort, piece(NOW, kind=EvidenceKind.REPORT), finding)
    tells(
        evidence.a_third_party_reports_on_quality, "S004-3.4", lawful, altered(lawful, 4, said(kind=EvidenceKind.PHOTO))
    )


@pytest.mark.clause("S004-3.3")
def test_a_verdict_on_evidence_that_was_wiped_out_is_found() -> None:
    lawful = examined(*controls.handed_out(), piece(NOW, authentic=False), piece(LATER, authentic=True))
    tells(evidence.no_verdict_on_evidence_is_lost, "S004-3.3", lawful, altered(lawful, 5, said(authentic=None)))


def disputed(authentic: bool | None, *more: Entry) -> list[Entry]:
    """A complaint prone to dispute with one piece of evidence."""
    return [*sorted_as(flags=("dispute",)), piece(NOW, authentic=authentic), *more]


@pytest.mark.clause("S002-1.16")
def test_a_disputed_complaint_resolved_with_nothing_on_file_is_found() -> None:
    end = act(Resolved(outcome="clarified"), moment=LATER)
    lawful = examined(*disputed(None, end))
    tells(evidence.disputed_complaints_keep_evidence, "S002-1.16", lawful, examined(*disputed(False, end)))
    tells(evidence.disputed_complaints_keep_evidence, "S002-1.16", lawful, without(lawful, 4))


@pytest.mark.clause("S002-1.17")
def test_consent_in_a_disputed_complaint_without_its_proof_is_found() -> None:
    story = disputed(True, proposed(remedy()), agreed())
    lawful = altered(examined(*story), 6, said(evidence=(SHA,)))
    assert version_of(lawful, CustomerAgreed) == 6
    tells(evidence.disputed_consent_is_proven, "S002-1.17", lawful, examined(*story))
    tells(evidence.disputed_consent_is_proven, "S002-1.17", lawful, altered(lawful, 4, said(authentic=False)))
    by_name = altered(lawful, 6, said(evidence=("附件",)))
    assert not list(evidence.disputed_consent_is_proven.violations(by_name))


WHOLE = of_case(after(ready(demands=("补偿",)), "propose_solution", "li.na", **offer("100")).case)


@pytest.mark.clause("S004-3.6", "S003-5.2")
def test_a_proposal_or_a_resolution_before_the_finding_of_that_round_is_found() -> None:
    check = verification.nothing_is_solved_before_it_is_verified
    tells(check, "S004-3.6", WHOLE, without(WHOLE, version_of(WHOLE, Verified)))
    again = [act(Resolved(outcome="partly"), moment=LATER), act(Reopened(round=2, reason="不满意"), moment=LATER)]
    end = act(Resolved(outcome="partly"), moment=LATER + HOUR)
    tells(check, "S004-3.6", WHOLE, with_more(WHOLE, *again, end))
    assert not list(check.violations(with_more(WHOLE, *again, verified(LATER), end)))


@pytest.mark.clause("S001-2.1", "S000-3.5")
def test_a_finding_without_a_cause_or_with_a_nameless_third_party_is_found() -> None:
    check, finding = verification.a_finding_says_why_and_who, version_of(WHOLE, Verified)
    tells(check, "S001-2.1", WHOLE, altered(WHOLE, finding, said(cause=" ")))
    tells(check, "S001-2.1", WHOLE, altered(WHOLE, finding, said(liable=Liable.THIRD_PARTY)))
    named = altered(WHOLE, finding, said(liable=Liable.THIRD_PARTY, party="顺丰"))
    assert not list(check.violations(named))


@pytest.mark.clause("S001-2.1")
def test_an_end_with_cause_and_liability_unknown_and_no_word_why_is_found() -> None:
    unknown = act(Verified(facts="查不清", liable=Liable.UNDETERMINED, cause="不明。"), moment=NOW)
    end = act(Resolved(outcome="partly", statement="监控已被覆盖"), moment=LATER)
    lawful = examined(*controls.handed_out(), unknown, end)
    tells(verification.nothing_ends_unexplained, "S001-2.1", lawful, altered(lawful, 5, said(statement="")))
    known = altered(altered(lawful, 5, said(statement="")), 4, said(cause="人手不足"))
    assert not list(verification.nothing_ends_unexplained.violations(known))


def test_the_stories_of_this_file_are_real_ones() -> None:
    assert version_of(WHOLE, SolutionProposed) == len(entries(WHOLE))
