"""Who may hold, restrict and erase a customer's data, and when (M16, G19)."""

import pytest

from events.commands import Refusal
from events.complaint import Complaint
from events.customers import (
    CustomerFile,
    ErasureRequested,
    HoldPlaced,
    HoldReleased,
    HoldReleaseRequested,
    KeyDestroyed,
    Request,
    UseAllowed,
    UseRestricted,
)
from events.ending import Withdrawn
from events.fact import Fact
from events.folding import fold
from events.privacy import Erased, Privacy, Restricted, RestrictionLifted
from events.tokens import CustomerId
from policy.people.organisation import parse_organisation
from policy.policy import SAMPLE_ORGANISATION
from services.compliance.privacy import ACTS, Asked, decide, owed
from tests import controls, outcomes, times
from tests.bdd import code, given

NOW = times.in_the_morning()
CUSTOMER = CustomerId("Zk0-5n7yVbq1hCw3Xr9_Ta")
PEOPLE = parse_organisation(SAMPLE_ORGANISATION.read_text())
BY_WU = Request("wu.hao", "客户申请", NOW)
GONE = outcomes.act(Withdrawn(words="我不投诉了"))
OPEN = fold(controls.recorded([controls.received()]))
ENDED = fold(controls.recorded([controls.received(), GONE]))


def wanted(by: str = "chen.jie", reason: str = "客户申请", *complaints: Complaint, **known: object) -> Asked:
    """Somebody asks, of a customer whose complaints have ended unless told otherwise."""
    return Asked(CUSTOMER, CustomerFile(**known), complaints or (ENDED,), (), by, reason, PEOPLE, NOW)  # type: ignore[arg-type]


def refused(act: str, asked: Asked) -> str:
    """The code of the refusal."""
    answer = decide(act, asked)
    assert isinstance(answer, Refusal), answer
    assert answer.zh
    assert answer.en
    return answer.code


def recorded(act: str, asked: Asked) -> Fact:
    """What is recorded."""
    answer = decide(act, asked)
    assert not isinstance(answer, Refusal), answer
    return answer


def test_the_first_person_asks_for_erasure_and_nothing_is_destroyed_yet() -> None:
    assert recorded("erase", wanted("wu.hao")) == ErasureRequested(customer=CUSTOMER, reason="客户申请")


def test_a_second_person_has_the_key_destroyed_and_every_complaint_says_so() -> None:
    fact = recorded("erase", wanted(erasure=BY_WU))
    assert isinstance(fact, KeyDestroyed)
    assert (fact.requested_by, fact.complaints) == ("wu.hao", (controls.C1,))
    assert fact.requested_because and fact.reason
    assert owed(ENDED, CustomerFile(erased_at=NOW, certificate="E-1")) == Erased(certificate="E-1")


def test_nobody_is_their_own_second_person() -> None:
    assert refused("erase", wanted("wu.hao", erasure=BY_WU)) == "second_person"
    assert refused("release", wanted("wu.hao", hold=BY_WU, release=BY_WU)) == "second_person"


def test_an_open_complaint_is_neither_erased_nor_restricted() -> None:
    assert refused("erase", wanted("wu.hao", "客户申请", ENDED, OPEN)) == "complaint_open"
    assert refused("restrict", wanted("wu.hao", "客户申请", OPEN)) == "complaint_open"


def test_a_legal_hold_stops_erasure_also_after_it_was_asked_for() -> None:
    assert refused("erase", wanted(hold=BY_WU)) == "legal_hold"
    assert refused("erase", wanted(hold=BY_WU, erasure=BY_WU)) == "legal_hold"


def test_a_hold_is_lifted_by_two_persons() -> None:
    assert recorded("hold", wanted()) == HoldPlaced(customer=CUSTOMER, reason="客户申请")
    first = recorded("release", wanted("wu.hao", hold=BY_WU))
    assert isinstance(first, HoldReleaseRequested)
    second = recorded("release", wanted(hold=BY_WU, release=BY_WU))
    assert isinstance(second, HoldReleased)
    assert second.requested_by == "wu.hao"


def test_a_restriction_is_set_and_lifted_in_every_complaint() -> None:
    assert isinstance(recorded("restrict", wanted()), UseRestricted)
    assert isinstance(recorded("allow", wanted(restriction=BY_WU)), UseAllowed)
    stored = ENDED._replace(privacy=Privacy(is_restricted=True))
    assert owed(ENDED, CustomerFile(restriction=BY_WU)) == Restricted()
    assert owed(stored, CustomerFile()) == RestrictionLifted()
    assert owed(ENDED, CustomerFile()) is owed(stored, CustomerFile(restriction=BY_WU)) is None
    assert refused("restrict", wanted(restriction=BY_WU)) == "restricted"
    assert refused("allow", wanted()) == "not_restricted"


@pytest.mark.parametrize("act", sorted(ACTS))
def test_compliance_and_legal_alone_decide_and_say_why(act: str) -> None:
    assert refused(act, wanted("li.na")) == "not_an_officer"
    assert refused(act, wanted("nobody")) == "unknown_person"
    assert refused(act, wanted(reason="  ")) == "no_reason"


@pytest.mark.clause("S002-7.1")
def test_an_accused_officer_does_not_erase_the_complaint_about_them() -> None:
    about = fold(controls.recorded([controls.received(accused=("陈洁",)), GONE]))
    assert refused("erase", wanted("chen.jie", "客户申请", about)) == "not_an_officer"
    assert recorded("erase", wanted("wu.hao", "客户申请", about)) == ErasureRequested(
        customer=CUSTOMER, reason="客户申请"
    )


@pytest.mark.parametrize("act", sorted(ACTS))
def test_what_was_erased_stays_erased(act: str) -> None:
    assert refused(act, wanted(erased_at=NOW, certificate="E-260302-1")) == "erased"


def test_nobody_acts_on_an_erased_or_restricted_complaint() -> None:
    ended = given(controls.received(), GONE)
    erased = ended.and_then(outcomes.act(Erased(certificate="E-1"), "wu.hao"))
    assert erased.complaint.privacy == Privacy(erased_at=outcomes.NOW)
    assert code(erased.when("reopen", "li.na", NOW, reason="客户来电")) == "erased"
    stored = ended.and_then(outcomes.act(Restricted(), "wu.hao"))
    assert code(stored.when("reopen", "li.na", NOW, reason="客户来电")) == "restricted"
    lifted = stored.and_then(outcomes.act(RestrictionLifted(), "wu.hao"))
    assert lifted.complaint.privacy.is_readable


def test_what_officers_do_about_the_record_is_no_handling() -> None:
    before = given(controls.received(), GONE)
    after = before.and_then(outcomes.act(Restricted(), "wu.hao", NOW + times.HOUR))
    assert after.complaint.last_human_act == before.complaint.last_human_act


def test_used_facts_name_every_complaint() -> None:
    fact = recorded("restrict", wanted("chen.jie", "异议", ENDED))
    assert isinstance(fact, UseRestricted)
    assert fact.complaints == (controls.C1,)
