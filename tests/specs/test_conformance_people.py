"""Who acted, for whom, with what right: each rule broken by one altered fact, and kept beside it (S002-7.1)."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from events.ending import Resolved
from events.envelope import Entry
from events.execution import CommitmentMade, RefundVerified
from events.handling import Assigned, Escalated
from events.links import Linked
from events.participation import (
    AuthorityDelegated,
    HandedOver,
    Nudged,
    OwnerNamed,
    PolicyMigrated,
    Recused,
    TaskClosed,
    TaskOpened,
)
from events.solution import ApprovalRequested, SolutionProposed
from events.understanding import Labelled
from events.vocabulary import Audience, LabelKind, Medium, Relation, ReplyKind
from services.compliance.conformance import authority, people, recusal, tasks, writers
from services.compliance.conformance.examined import Examined
from tests import controls
from tests.controls import HOUR, SECOND
from tests.examining import altered, by, entries, examined, of_case, said, tells, version_of, with_more
from tests.outcomes import act
from tests.solutions import LATER, NOW, after, offer, ready

DAY = 24 * HOUR
HANDED_OUT = controls.handed_out()


def test_the_act_of_a_stranger_is_found() -> None:
    lawful = examined(*HANDED_OUT, controls.told(LATER))
    tells(people.whoever_acts_is_known, "S002-1.1", lawful, altered(lawful, 4, by("zhu.bajie")))


@pytest.mark.clause("S002-1.1", "S000-3.5", "S001-8.1")
def test_an_owner_who_changes_silently_is_found_and_a_named_one_is_not() -> None:
    move = Assigned(owner="li.na", handler="zhang.wei", department="service", reason="交班")
    named = act(OwnerNamed(former="li.na", owner="zhang.wei", reason="调岗"), "wang.fang", LATER)
    lawful = examined(*HANDED_OUT, act(move, "wang.fang", LATER), named)
    tells(people.the_owner_stays, "S002-1.1", lawful, altered(lawful, 4, said(owner="zhang.wei")))
    tells(people.the_owner_stays, "S002-1.1", lawful, altered(lawful, 5, said(former="sun.li")))


@pytest.mark.clause("S002-1.1")
def test_an_owner_replaced_by_a_colleague_of_the_same_level_is_found() -> None:
    named = OwnerNamed(former="li.na", owner="zhang.wei", reason="调岗")
    lawful = examined(*HANDED_OUT, act(named, "wang.fang", LATER))
    tells(people.an_owner_is_named_from_above, "S002-1.1", lawful, altered(lawful, 4, by("zhang.wei")))
    tells(people.an_owner_is_named_from_above, "S002-1.1", lawful, altered(lawful, 4, said(reason=" ")))
    for_no_reason = examined(*HANDED_OUT, Entry(named, LATER, controls.machine(), policy=controls.POLICY_ID))
    tells(people.an_owner_is_named_from_above, "S002-1.1", lawful, for_no_reason)


@pytest.mark.clause("S003-2.3")
def test_a_handler_of_another_department_than_recorded_is_found() -> None:
    lawful = examined(*HANDED_OUT)
    tells(people.the_handler_is_of_that_department, "S003-2.3", lawful, altered(lawful, 3, said(department="legal")))


@pytest.mark.clause("S004-8.4")
def test_a_hand_over_by_somebody_who_did_not_have_the_task_is_found() -> None:
    move = HandedOver(giver="li.na", handler="zhang.wei", department="service", reason="交班")
    lawful = examined(*HANDED_OUT, act(move, moment=LATER))
    for wrong in ({"giver": "sun.li"}, {"handler": "li.na"}, {"reason": ""}):
        tells(people.a_hand_over_names_the_giver, "S004-8.4", lawful, altered(lawful, 4, said(**wrong)))


@pytest.mark.clause("S003-1.5")
def test_a_label_may_last_exactly_as_long_as_the_policy_allows_and_no_second_longer() -> None:
    label = Labelled(kind=LabelKind.SUSPICIOUS, value="同业", reason="通话表现", until=LATER + 90 * DAY)
    lawful = examined(*HANDED_OUT, act(label, "wang.fang", LATER))
    longer = altered(lawful, 4, said(until=LATER + 90 * DAY + SECOND))
    tells(people.labels_are_restricted, "S003-1.5", lawful, longer)
    tells(people.labels_are_restricted, "S003-1.5", lawful, altered(lawful, 4, by("li.na")))


@pytest.mark.clause("S002-4.5")
def test_urging_by_an_equal_or_of_somebody_else_is_found() -> None:
    lawful = examined(*HANDED_OUT, act(Nudged(person="li.na", text="请今日答复"), "wang.fang", LATER))
    tells(people.the_supervisor_urges, "S002-4.5", lawful, altered(lawful, 4, by("zhang.wei")))
    tells(people.the_supervisor_urges, "S002-4.5", lawful, altered(lawful, 4, said(person="zhang.wei")))


@pytest.mark.clause("S002-7.1")
@pytest.mark.parametrize("who", ["sun.li", "ma.chao"], ids=["the accused", "their line manager"])
@pytest.mark.parametrize("accused", ["sun.li", "孙丽", " SUN LI "], ids=["by id", "in Chinese", "in English"])
def test_an_act_of_the_accused_or_their_line_manager_is_found(who: str, accused: str) -> None:
    lawful = examined(*controls.handed_out(accused=(accused,)), controls.told(LATER))
    tells(recusal.the_accused_take_no_part, "S002-7.1", lawful, altered(lawful, 4, by(who)))


@pytest.mark.clause("S002-7.1")
def test_an_act_after_the_recusal_is_found_and_one_before_it_or_after_the_exception_is_not() -> None:
    out = act(Recused(person="zhang.wei", reason="亲属"), "wang.fang", LATER)
    back = act(Recused(person="zhang.wei", reason="仅其知情", lifted=True), "wu.hao", LATER)
    told = controls.told(LATER, "zhang.wei")
    lawful = examined(*HANDED_OUT, told, out, back, told)
    tells(recusal.the_accused_take_no_part, "S002-7.1", lawful, examined(*HANDED_OUT, told, out, told))


@pytest.mark.clause("S002-7.1")
def test_a_link_made_by_somebody_the_other_complaint_accuses_is_found() -> None:
    [other] = controls.some_streams(1)
    link = act(Linked(to=other, relation=Relation.REPEAT, reason="同一客户"), "sun.li", LATER)

    def beside(accused: tuple[str, ...]) -> Examined:
        theirs = controls.recorded(controls.handed_out(accused=accused), other)
        of = examined(*HANDED_OUT, link, others={other: theirs})
        return altered(of, 4, lambda recorded: recorded._replace(position=99))

    tells(recusal.nobody_joins_what_accuses_them, "S002-7.1", beside(()), beside(("sun.li",)))


GIVEN = [
    Assigned(owner="li.na", handler="sun.li", department="logistics", reason="x"),
    HandedOver(giver="li.na", handler="sun.li", department="logistics", reason="x"),
    OwnerNamed(former="li.na", owner="sun.li", reason="x"),
    TaskOpened(task="t1", department="logistics", person="sun.li", what="核对", due=LATER + DAY),
    AuthorityDelegated(to="sun.li", limit=Decimal("50"), currency="CNY", until=LATER + DAY, reason="x"),
    Escalated(from_level=1, to_level=2, person="sun.li", cause="person"),
]


@pytest.mark.clause("S002-7.1")
@pytest.mark.parametrize("fact", GIVEN, ids=lambda fact: type(fact).__name__)
def test_work_given_to_the_accused_is_found(fact: Assigned) -> None:
    lawful = examined(*HANDED_OUT, act(fact, "wang.fang", LATER))
    broken = examined(*controls.handed_out(accused=("sun.li",)), act(fact, "wang.fang", LATER))
    tells(recusal.nobody_barred_is_given_work, "S002-7.1", lawful, broken)


@pytest.mark.clause("S002-1.1", "S001-4.2")
def test_work_given_to_a_stranger_or_to_somebody_away_is_found() -> None:
    check, named = recusal.nobody_barred_is_given_work, OwnerNamed(former="li.na", owner="zhang.wei", reason="调岗")
    lawful = examined(*HANDED_OUT, act(named, "wang.fang", LATER))
    tells(check, "S002-1.1", lawful, altered(lawful, 4, said(owner="zhu.bajie")))
    away = controls.with_absent(("zhang.wei", "li.na"))
    company = lawful.company._replace(organisations=(away,))
    tells(check, "S001-4.2", lawful, Examined(lawful.history, company, lawful.until))


@pytest.mark.clause("S001-16.5", "S001-6.6")
def test_a_part_asked_of_no_department_for_the_past_or_out_of_number_is_found() -> None:
    task = TaskOpened(task="t1", department="logistics", person="sun.li", what="核对", due=LATER + SECOND)
    lawful = examined(*HANDED_OUT, act(task, moment=LATER))
    for wrong in ({"task": "t2"}, {"department": "moon"}, {"due": LATER}):
        tells(tasks.parts_are_asked_of_the_company, "S001-16.5", lawful, altered(lawful, 4, said(**wrong)))


@pytest.mark.clause("S001-16.5")
def test_a_part_answered_twice_or_never_asked_is_found() -> None:
    task = TaskOpened(task="t1", department="logistics", person="sun.li", what="核对", due=LATER + DAY)
    answer = act(TaskClosed(task="t1", result="已核对"), "sun.li", LATER)
    lawful = examined(*HANDED_OUT, act(task), answer)
    tells(tasks.parts_are_answered_once, "S001-16.5", lawful, with_more(lawful, answer))
    tells(tasks.parts_are_answered_once, "S001-16.5", lawful, altered(lawful, 5, said(task="t2")))
    tells(tasks.parts_are_answered_once, "S001-16.5", lawful, altered(lawful, 5, said(result="")))


@pytest.mark.clause("S002-7.1", "S002-1.1")
def test_a_handler_who_has_to_go_and_stays_after_the_next_look_is_found() -> None:
    out = act(Recused(person="li.na", reason="亲属"), "wang.fang", LATER)
    named = OwnerNamed(former="li.na", owner="zhang.wei", reason="recusal")
    moved = Assigned(owner="zhang.wei", handler="zhang.wei", department="service", reason="recusal")
    look = [Entry(fact, LATER, controls.machine(), "c/4", controls.POLICY_ID) for fact in (named, moved)]
    raised = controls.escalated(LATER)
    lawful = examined(*HANDED_OUT, out, *look, raised)
    tells(recusal.whoever_must_go_is_replaced, "S002-7.1", lawful, examined(*HANDED_OUT, out, raised))
    assert not list(recusal.whoever_must_go_is_replaced.violations(examined(*HANDED_OUT, out)))


@pytest.mark.clause("S002-7.1")
def test_a_recusal_of_others_by_an_equal_and_an_exception_by_anybody_but_compliance_are_found() -> None:
    oneself = act(Recused(person="zhang.wei", reason="亲属"), "zhang.wei", LATER)
    back = act(Recused(person="zhang.wei", reason="仅其知情", lifted=True), "wu.hao", LATER)
    lawful = examined(*HANDED_OUT, oneself, back)
    check = recusal.recusals_are_decided_by_those_who_may
    tells(check, "S002-7.1", lawful, altered(lawful, 4, by("li.na")))
    tells(check, "S002-7.1", lawful, altered(lawful, 5, by("zhao.lei")))
    tells(check, "S002-7.1", lawful, altered(lawful, 5, said(person="wu.hao")))
    in_advance = examined(*HANDED_OUT, back)
    tells(check, "S002-7.1", lawful, in_advance)


@pytest.mark.clause("S002-7.2")
def test_an_alert_to_the_accused_is_found() -> None:
    fields: dict[str, Any] = {
        "audience": Audience.STAFF,
        "kind": ReplyKind.BREACH,
        "medium": Medium.APP,
        "recipient": "li.na",
    }
    started = controls.started(LATER, "breach-4-handler", **fields)
    alerted = controls.alerted(LATER, "breach-4-handler#1")
    lawful = examined(*HANDED_OUT, started, alerted)
    broken = examined(*controls.handed_out(accused=("li.na",)), started, alerted)
    tells(recusal.the_accused_are_told_nothing, "S002-7.2", lawful, broken)


def test_a_promise_in_the_name_of_another_is_found() -> None:
    promise = CommitmentMade(promise="p1", what="回电", by=LATER + DAY, person="li.na")
    lawful = examined(*HANDED_OUT, act(promise, moment=LATER))
    tells(recusal.a_promise_is_its_makers, "S002-7.1", lawful, altered(lawful, 4, said(person="zhang.wei")))


@pytest.mark.clause("S003-2.4")
def test_a_robot_that_decides_and_a_colleague_who_writes_what_machines_see_are_found() -> None:
    lawful = examined(*HANDED_OUT, controls.told(LATER), controls.breached(LATER, "ack", NOW))
    check = writers.each_fact_has_its_writer
    machine = altered(lawful, 4, lambda r: r._replace(actor=controls.machine("robot")))
    tells(check, "S003-2.4", lawful, machine)
    tells(check, "S003-2.4", lawful, altered(lawful, 5, by("li.na")))
    tells(check, "S003-2.4", lawful, altered(lawful, 1, by("li.na")))
    tells(check, "S003-2.4", lawful, altered(lawful, 4, lambda r: r._replace(actor=controls.WEB)))
    resolving = Entry(Resolved(outcome="corrected"), LATER, controls.machine(), policy=controls.POLICY_ID)
    tells(check, "S003-2.4", lawful, with_more(lawful, resolving))


@pytest.mark.clause("S003-2.4", "S002-1.10")
def test_a_machine_that_speaks_for_people_and_people_who_end_a_machines_message_are_found() -> None:
    lawful = examined(*HANDED_OUT, controls.started(NOW), controls.delivered(NOW), controls.told(LATER))
    check = writers.contacts_are_told_apart
    tells(check, "S003-2.4", lawful, altered(lawful, 5, said(contact=None)))
    tells(check, "S003-2.4", lawful, altered(lawful, 6, said(contact="acknowledgement#1")))
    tells(check, "S003-2.4", lawful, altered(lawful, 6, said(approved=True)))


PROPOSED = after(ready(demands=("补偿",)), "propose_solution", "li.na", **offer("100"))
"""Exactly the limit of the first level."""
ABOVE = after(ready(demands=("补偿",)), "propose_solution", "li.na", **offer("100.01"))
"""One cent above it: a supervisor is asked."""
UNKNOWN = after(ready(demands=("补偿",)), "propose_solution", "wang.fang", **offer("10", kind="特别关照"))
"""Not in the catalogue."""


@pytest.mark.clause("S000-3.9")
def test_exactly_the_limit_is_inside_and_one_cent_above_it_without_asking_is_found() -> None:
    check, inside, asked = authority.money_stays_inside_the_limit, of_case(PROPOSED.case), of_case(ABOVE.case)
    assert not list(check.violations(inside))
    tells(check, "S000-3.9", asked, examined(*entries(asked)[:-1]))
    request = version_of(asked, ApprovalRequested)
    for wrong in ({"stages": (("agent",),)}, {"author": "zhang.wei"}, {"content_sha256": "0" * 64}):
        tells(check, "S000-3.9", asked, altered(asked, request, said(**wrong)))


@pytest.mark.clause("S000-3.8")
def test_a_remedy_outside_the_catalogue_that_nobody_approved_is_found() -> None:
    asked = of_case(UNKNOWN.case)
    tells(authority.money_stays_inside_the_limit, "S000-3.8", asked, examined(*entries(asked)[:-1]))


@pytest.mark.clause("S000-3.9")
def test_more_than_anybody_may_decide_without_the_boards_ground_is_found() -> None:
    grounded = {**offer("10000.01"), "ground": "董事会决定"}
    asked = of_case(after(ready(demands=("补偿",)), "propose_solution", "zhao.lei", **grounded).case)
    bare = altered(asked, version_of(asked, SolutionProposed), said(ground=None))
    tells(authority.money_stays_inside_the_limit, "S000-3.9", asked, bare)


@pytest.mark.clause("S001-9.4")
def test_lent_authority_covers_the_amount_until_it_lapses() -> None:
    lent = AuthorityDelegated(to="li.na", limit=Decimal("200"), currency="CNY", until=LATER, reason="外出")
    asked = entries(of_case(ABOVE.case))
    unasked = [*asked[:-2], act(lent, "wang.fang", NOW), asked[-2]]
    in_time = examined(*unasked)
    lapsed = altered(in_time, version_of(in_time, AuthorityDelegated), said(until=LATER - SECOND))
    tells(authority.money_stays_inside_the_limit, "S000-3.9", in_time, lapsed)


@pytest.mark.clause("S001-9.4")
def test_authority_lent_to_oneself_beyond_ones_own_or_for_too_long_is_found() -> None:
    until = LATER + timedelta(days=14)
    lent = AuthorityDelegated(to="li.na", limit=Decimal("1000"), currency="CNY", until=until, reason="外出")
    lawful = examined(*HANDED_OUT, act(lent, "wang.fang", LATER))
    beyond = Decimal("1000.01")
    for wrong in ({"to": "wang.fang"}, {"limit": beyond}, {"until": until + SECOND}, {"until": LATER}):
        tells(authority.lent_authority_has_its_bounds, "S001-9.4", lawful, altered(lawful, 4, said(**wrong)))


@pytest.mark.clause("S000-3.9")
def test_money_in_another_currency_than_the_limits_is_found() -> None:
    lawful = of_case(PROPOSED.case)
    dollars = altered(lawful, version_of(lawful, SolutionProposed), said(currency="USD"))
    tells(authority.money_is_in_the_currency_of_the_limits, "S000-3.9", lawful, dollars)


@pytest.mark.clause("S000-3.9")
def test_a_refund_above_the_verifiers_limit_without_asking_is_found() -> None:
    asked = of_case(after(ready(), "verify_refund", "li.na", charged="60.01", due="10").case)
    assert version_of(asked, RefundVerified)
    tells(authority.money_stays_inside_the_limit, "S000-3.9", asked, examined(*entries(asked)[:-1]))
    inside = of_case(after(ready(), "verify_refund", "li.na", charged="60.00", due="10").case)
    assert not list(authority.money_stays_inside_the_limit.violations(inside))


@pytest.mark.clause("S002-4.1")
def test_a_policy_changed_by_somebody_who_may_not_is_found() -> None:
    move = PolicyMigrated(former=controls.POLICY_ID, to="default-cn@2", reason="新规有利于客户")
    lawful = examined(*HANDED_OUT, act(move, "wu.hao", LATER))
    check = authority.the_policy_is_moved_by_those_who_may
    tells(check, "S002-4.1", lawful, altered(lawful, 4, by("wang.fang")))
    tells(check, "S002-4.1", lawful, altered(lawful, 4, said(former="default-cn@9")))
