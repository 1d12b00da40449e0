"""Another policy version leaves open complaints where they are, unless somebody who may moves them (M2, M8, G18)."""

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any

import pytest
from pydantic import ValidationError

from events.envelope import Entry, Recorded, StreamId
from events.handling import ClockBreached
from events.participation import PolicyMigrated
from events.vocabulary import Service
from policy.composition import changed
from policy.policy import DEFAULT_POLICY, Policy, publication
from policy.registry import publish_policy
from services.workflow.reconcile import reconcile
from tests import controls
from tests.bdd import Company, Given, code, decided, given, refusal
from tests.controls import at

V2 = "default-cn@2"
WHY = "新版政策对客户没有不利"


def migrated(moment: datetime, to: str = V2) -> Entry:
    """Moved by compliance."""
    fact = PolicyMigrated(former=controls.POLICY_ID, to=to, reason=WHY)
    return Entry(fact, moment, controls.person("wu.hao"), policy=controls.POLICY_ID)


def acknowledged() -> list[Entry]:
    """Handed out, and the machine has told the customer."""
    return [*controls.handed_out(), controls.started(at("10:00")), controls.delivered(at("10:00"))]


@cache
def stricter() -> Policy:
    """A second version that leaves five minutes for the first response."""
    return Policy(publication(changed(DEFAULT_POLICY.read_text(), 2, {"clock.first_human.target": "5m@service"})))


def missed(found: Given, now: datetime) -> list[tuple[str, datetime]]:
    """What the first response misses under the second version."""
    readings = stricter().clocks.breached(found.case.history, found.complaint, now)
    return [
        (reading.clock, reading.due_at) for reading in readings if reading.clock == "first_human" and reading.due_at
    ]


@pytest.mark.clause("S002-4.1")
@pytest.mark.parametrize("by", ["wu.hao", "zhao.lei"])
def test_compliance_and_the_highest_manager_move_a_complaint_to_another_policy(by: str) -> None:
    [fact] = decided(given(*acknowledged()).when("migrate", by, at("10:05"), policy=V2, reason=WHY))
    assert fact == PolicyMigrated(former=controls.POLICY_ID, to=V2, reason=WHY)


@pytest.mark.clause("S002-4.1")
@pytest.mark.parametrize("by", ["li.na", "wang.fang", "chen.jie"])
def test_nobody_else_does_and_the_try_is_recorded(by: str) -> None:
    answer = refusal(given(*controls.handed_out()).when("migrate", by, at("10:05"), policy=V2, reason=WHY))
    assert (answer.code, answer.recorded) == ("migration_not_yours", True)
    assert "zhao.lei" in answer.may


def test_only_a_published_policy_other_than_its_own_can_be_applied() -> None:
    found = given(*controls.handed_out())
    assert (
        code(found.when("migrate", "wu.hao", at("10:05"), policy="default-cn@9", reason=WHY)) == "policy_not_published"
    )
    own = found.when("migrate", "wu.hao", at("10:05"), policy=controls.POLICY_ID, reason=WHY)
    assert code(own) == "already_under_that_policy"


def test_a_complaint_is_moved_for_a_reason_only() -> None:
    with pytest.raises(ValidationError):
        given(*controls.handed_out()).when("migrate", "wu.hao", at("10:05"), policy=V2, reason="")


def test_a_move_hides_no_missed_deadline() -> None:
    late = given(*acknowledged())
    answer = late.when("migrate", "wu.hao", at("10:16"), policy=V2, reason=WHY)
    assert code(answer) == "missed_deadlines_not_recorded_yet"
    recorded = late.and_then(controls.breached(at("10:16"), "first_human", at("10:15")))
    assert decided(recorded.when("migrate", "wu.hao", at("10:16"), policy=V2, reason=WHY))


def test_the_complaint_names_the_policy_it_is_under_and_since_when() -> None:
    moved = given(*controls.handed_out(), migrated(at("10:05"))).complaint
    assert (moved.policy, moved.migrated_at) == (V2, at("10:05"))
    assert given(*controls.handed_out()).complaint.migrated_at is None


@pytest.mark.clause("S004-2.8")
def test_moving_a_complaint_is_not_handling_it() -> None:
    untouched = given(*controls.handed_out(), migrated(at("10:05")))
    readings = controls.policy().clocks.readings(untouched.case.history, untouched.complaint, at("10:06"))
    assert not untouched.complaint.is_answered
    assert {r.stopped_at for r in readings if r.clock in ("activity", "stalled")} == {None}


@pytest.mark.clause("S004-1.3")
def test_a_stricter_rule_counts_from_the_move_at_the_earliest() -> None:
    waiting = given(*controls.handed_out(), migrated(at("10:08")))
    assert missed(waiting, at("10:09")) == [("first_human", at("10:08"))]


def test_what_was_done_in_time_under_the_former_policy_stays_in_time() -> None:
    answered = given(*controls.handed_out(), controls.told(at("10:07")), migrated(at("10:08")))
    assert missed(answered, at("11:00")) == []


def test_what_was_missed_under_the_former_policy_is_not_missed_twice() -> None:
    late = given(
        *controls.handed_out(), controls.breached(at("10:16"), "first_human", at("10:15")), migrated(at("10:30"))
    )
    assert missed(late, at("11:00")) == []


def test_a_deadline_that_lies_ahead_at_the_move_is_the_new_policys() -> None:
    early = given(*controls.handed_out(), migrated(at("10:02")))
    assert missed(early, at("11:00")) == [("first_human", at("10:05"))]


def test_a_look_after_the_move_records_the_deadline_once() -> None:
    waiting = given(*controls.handed_out(), migrated(at("10:08")))
    decision = reconcile(waiting.case, stricter(), controls.company(), at("10:09"))
    again = waiting.and_then(*decision.entries)
    found = [entry.fact for entry in decision.entries if getattr(entry.fact, "clock", "") == "first_human"]
    repeated = reconcile(again.case, stricter(), controls.company(), at("10:10")).entries
    assert len(found) == 1
    assert [entry for entry in repeated if getattr(entry.fact, "clock", "") == "first_human"] == []


OPEN = 500


def first_responses(found: Iterable[Recorded]) -> dict[StreamId, datetime]:
    """When the first response of each complaint was due, of those that missed it."""
    breaches = ((r.complaint_id, r.fact) for r in found if isinstance(r.fact, ClockBreached))
    return {id_: fact.due_at for id_, fact in breaches if fact.clock == "first_human"}


@pytest.mark.clause("S004-1.3", "S004-1.7")
async def test_500_open_complaints_are_judged_by_the_policy_they_were_received_under() -> None:
    company = Company(at("2026-03-06 12:45"))
    friday = [(await company.submit(external_ref=f"W-{n}", customer=caller(n))).complaint_id for n in range(OPEN // 2)]
    company.clock.set(at("2026-03-06 20:55"))
    night = [(await company.submit(external_ref=f"N-{n}", customer=caller(n))).complaint_id for n in range(OPEN // 2)]
    company.clock.set(at("2026-03-06 23:00"))
    await company.workflow.look([*friday, *night])
    last_month = first_responses(company.ledger.replay(0))

    text = changed(DEFAULT_POLICY.read_text(), 8, {"clock.first_human.target": "30m@service"})
    publish_policy(company.ledger.writer(Service.SETUP), text, controls.machine("setup"), at("2026-03-07 08:00"))
    company.policies.refresh()
    company.clock.set(at("2026-03-07 09:12"))  # 15 minutes of service hours have passed, 30 have not
    await company.workflow.look([*friday, *night])
    judged = first_responses(company.ledger.replay(0))

    assert last_month == dict.fromkeys(friday, at("2026-03-06 13:00"))
    assert judged == last_month | dict.fromkeys(night, at("2026-03-07 09:10"))
    policies = {r.policy for r in company.ledger.replay(0) if isinstance(r.fact, ClockBreached)}
    assert (policies, company.policies.published) == ({controls.POLICY_ID}, (controls.POLICY_ID, "default-cn@8"))


def caller(number: int) -> dict[str, Any]:
    """Each complaint is another customer's."""
    return {"name": f"客户{number}", "contacts": [{"medium": "sms", "address": f"139{number:08}"}]}
