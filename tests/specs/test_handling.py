"""Who owns and who handles: moved on record, never round in circles, never silently (S002-1.1, S001-8.1, C12)."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from events.commands import Refusal
from events.envelope import Entry
from events.fact import Fact
from events.handling import Assigned, Escalated
from events.links import Linked, Unlinked
from events.participation import HandedOver, OwnerNamed, Recused
from events.reception import Customer
from events.solution import CustomerDeclined
from events.understanding import UnderstandingConfirmed
from events.verification import Verified
from events.vocabulary import Category, Liable, Medium, Mode, Relation
from policy.people.hand_over import PING_PONG
from policy.people.routing import RECUSAL
from tests import controls, examples
from tests.bdd import Given, code, decided, facts, given, names, refusal
from tests.controls import HOUR, SECOND, at, in_the_morning, with_absent

NOW = in_the_morning()
RULE = controls.policy().document.hand_over


def act(fact: Fact, moment: object = NOW, by: str = "li.na") -> Entry:
    return Entry(fact, moment, controls.person(by), policy=controls.POLICY_ID)  # type: ignore[arg-type]


def handed_round(*people: str, every: timedelta = HOUR) -> tuple[Given, list[Fact]]:
    """Li Na's complaint passed from hand to hand; the story so far and what the last move led to."""
    story, moment, last = given(*controls.handed_out()), NOW, list[Fact]()
    for to in people:
        moment += every
        by = story.complaint.handler or ""
        last = decided(story.when("hand_over", by, moment, to=to, reason="请你处理"))
        story = story.and_then(*(act(fact, moment, by) for fact in last))
    return story, last


@pytest.mark.clause("S004-8.4", "S002-1.1")
def test_a_colleague_takes_over_and_the_owner_stays() -> None:
    answer = given(*controls.handed_out()).when("hand_over", "li.na", NOW, to="zhang.wei", reason="情绪激动,由同事接替")
    assert answer == [
        HandedOver(giver="li.na", handler="zhang.wei", department="service", reason="情绪激动,由同事接替")
    ]
    after = given(*controls.handed_out()).and_then(*(act(fact) for fact in decided(answer))).complaint
    assert (after.owner, after.handler) == ("li.na", "zhang.wei")


@pytest.mark.clause("S001-8.1")
def test_however_often_a_task_moves_its_owner_never_changes_silently() -> None:
    story, _ = handed_round("liu.yang", "sun.li", "zhou.min", "li.na", "zhang.wei")
    assert story.complaint.owner == "li.na"


@pytest.mark.clause("S004-8.4")
def test_a_hand_over_needs_a_reason_and_somebody_else() -> None:
    with pytest.raises(ValidationError, match="reason"):
        given(*controls.handed_out()).when("hand_over", "li.na", NOW, to="zhang.wei", reason="")
    same = given(*controls.handed_out()).when("hand_over", "li.na", NOW, to="li.na", reason="x")
    assert code(same) == "same_person"


def test_why_it_was_assigned_stays_readable_and_names_no_customer() -> None:
    story = given(*controls.handed_out(customer=Customer(name="张三")))
    for name, field, by in (("assign", "handler", "li.na"), ("name_owner", "to", "wu.hao")):
        assert code(story.when(name, by, NOW, **{field: "zhang.wei"}, reason="张三不满意")) == "names_customer"
        assert decided(story.when(name, by, NOW, **{field: "zhang.wei"}, reason="客户不满意"))


@pytest.mark.clause("S002-7.1")
@pytest.mark.parametrize(("name", "field"), [("hand_over", "to"), ("assign", "handler"), ("name_owner", "to")])
def test_nothing_is_given_to_the_accused_a_stranger_or_somebody_away(name: str, field: str) -> None:
    story = given(*controls.handed_out(accused=("sun.li",)), company=with_absent(("liu.yang", "he.jing")))
    codes = [code(story.when(name, "wu.hao", NOW, **{field: to}, reason="x")) for to in ("sun.li", "ghost", "liu.yang")]
    assert codes == ["recused", "unknown_person", "away"]


@pytest.mark.clause("S002-7.1")
def test_who_names_an_accused_by_mistake_is_told_but_not_reported() -> None:
    story = given(*controls.handed_out(accused=("sun.li",)))
    assert not refusal(story.when("hand_over", "li.na", NOW, to="sun.li", reason="x")).recorded


@pytest.mark.clause("S001-4.2")
def test_of_somebody_away_it_is_said_who_stands_in_and_at_the_last_instant_they_are_back() -> None:
    away = given(*controls.handed_out(), company=with_absent(("zhang.wei", "liu.yang")))
    answer = refusal(away.when("hand_over", "li.na", NOW, to="zhang.wei", reason="x"))
    assert answer.may == ("liu.yang",)
    assert decided(away.when("hand_over", "li.na", at("2026-04-01 00:00"), to="zhang.wei", reason="x"))


@pytest.mark.clause("S001-8.1")
def test_the_third_move_that_comes_back_raises_the_complaint_by_name_and_only_then() -> None:
    _, second = handed_round("liu.yang", "li.na")
    assert [type(fact) for fact in second] == [HandedOver]
    _, third = handed_round("liu.yang", "li.na", "liu.yang")
    assert third[1] == Escalated(from_level=1, to_level=2, person="he.jing", cause=PING_PONG)


@pytest.mark.clause("S001-8.1")
def test_a_department_that_had_it_before_counts_as_coming_back() -> None:
    _, moves = handed_round("liu.yang", "sun.li", "he.jing")
    assert [type(fact) for fact in moves] == [HandedOver, Escalated]


@pytest.mark.clause("S001-8.1", "S003-2.3")
def test_moving_on_to_ever_other_departments_is_no_circle() -> None:
    _, moves = handed_round("liu.yang", "sun.li", "zhou.min")
    assert [type(fact) for fact in moves] == [HandedOver]


@pytest.mark.clause("S001-8.1")
def test_each_circle_is_raised_once() -> None:
    story, _ = handed_round(*["liu.yang", "li.na"] * 3)
    assert [step.cause for step in story.complaint.escalations] == [PING_PONG, PING_PONG]
    story, _ = handed_round(*["liu.yang", "li.na"] * 2, "liu.yang")
    assert [step.cause for step in story.complaint.escalations] == [PING_PONG]


@pytest.mark.clause("S001-8.1")
@pytest.mark.parametrize(("beyond", "raised"), [(timedelta(), True), (SECOND, False)])
def test_moves_count_within_the_window_its_end_included(beyond: timedelta, raised: bool) -> None:
    story, _ = handed_round("liu.yang", "li.na")
    moment = NOW + HOUR + RULE.window + beyond
    answer = decided(story.when("hand_over", "li.na", moment, to="liu.yang", reason="x"))
    assert (len(answer) == 2) is raised


@pytest.mark.clause("S001-8.1")
def test_people_who_assign_back_and_forth_are_noticed_as_well() -> None:
    story = given(*controls.handed_out())
    for to in ("liu.yang", "li.na", "liu.yang"):
        last = decided(story.when("assign", "wang.fang", NOW, handler=to))
        story = story.and_then(*(act(fact, by="wang.fang") for fact in last))
    assert [type(fact) for fact in last] == [Assigned, Escalated]


@pytest.mark.clause("S002-4.3", "S001-8.1")
def test_at_the_top_of_the_ladder_a_circle_raises_nothing_more() -> None:
    story, _ = handed_round(*["liu.yang", "li.na"] * 8)
    assert story.complaint.level == controls.policy().document.ladder.top


@pytest.mark.clause("S002-1.1")
@pytest.mark.parametrize("by", ["wang.fang", "zhao.lei", "wu.hao"])
def test_another_owner_is_named_from_above_and_on_record(by: str) -> None:
    answer = given(*controls.handed_out()).when("name_owner", by, NOW, to="zhang.wei", reason="调岗")
    assert answer == [OwnerNamed(former="li.na", owner="zhang.wei", reason="调岗")]


@pytest.mark.clause("S002-1.1", "S001-8.1")
@pytest.mark.parametrize("by", ["li.na", "zhang.wei", "he.jing", "chen.jie"])
def test_nobody_rids_themselves_or_a_neighbour_of_accountability(by: str) -> None:
    answer = refusal(given(*controls.handed_out()).when("name_owner", by, NOW, to="sun.li", reason="x"))
    assert (answer.code, answer.recorded) == ("owner_named_above", True)
    assert answer.may == ("wang.fang", "wu.hao", "zhao.lei")


@pytest.mark.clause("S001-10.7")
def test_a_special_case_is_told_to_the_supervisor_by_its_name() -> None:
    answer = given(*controls.handed_out()).when("escalate", "li.na", NOW, reason="客户为未成年人", special=True)
    assert decided(answer) == [
        Escalated(from_level=1, to_level=2, person="wang.fang", cause="special_case", reason="客户为未成年人")
    ]


@pytest.mark.clause("S002-7.1", "S002-1.1")
def test_a_handler_who_is_recused_gives_way_to_a_colleague_and_the_owner_stays() -> None:
    story = given(
        controls.received(), controls.classified(NOW, category=Category.BILLING), controls.assigned(NOW, "liu.yang")
    )
    looked = story.and_then(act(Recused(person="liu.yang", reason="亲属"), by="liu.yang")).workflow_looks(NOW)
    assert facts(looked) == [Assigned(owner="li.na", handler="he.jing", department="billing", reason=RECUSAL)]


@pytest.mark.clause("S002-7.1", "S002-1.1")
def test_an_owner_accused_later_is_replaced_on_record() -> None:
    accusing = controls.supplemented(NOW)
    accusing = accusing._replace(fact=accusing.fact.model_copy(update={"accused": ("李娜",)}))
    looked = given(*controls.handed_out()).and_then(accusing).workflow_looks(NOW)
    named, assigned = facts(looked)
    assert (named, assigned) == (
        OwnerNamed(former="li.na", owner="zhang.wei", reason=RECUSAL),
        Assigned(owner="zhang.wei", handler="zhang.wei", department="service", reason=RECUSAL),
    )


@pytest.mark.clause("S002-7.1")
def test_once_replaced_nothing_more_is_owed() -> None:
    recused = given(*controls.handed_out()).and_then(act(Recused(person="li.na", reason="亲属")))
    after = recused.and_then(*recused.workflow_looks(NOW).entries)
    assert names(after.workflow_looks(NOW)) == []


@pytest.mark.clause("S002-7.1")
def test_where_everybody_is_barred_nobody_barred_is_named_in_circles() -> None:
    everybody = [act(Recused(person=id_, reason="x"), by="wu.hao") for id_ in controls.company().person]
    assert names(given(*controls.handed_out(), *everybody).workflow_looks(NOW)) == []


@pytest.mark.clause("S004-2.7", "S001-4.2", "S002-0.4")
@pytest.mark.parametrize("text", [controls.ORDINARY, controls.OVERCHARGED, controls.DANGEROUS, "随便说说", "?"])
def test_whatever_comes_in_is_handed_to_somebody_in_the_same_look(text: str) -> None:
    looked = given(controls.received(text=text)).workflow_looks(NOW)
    assert "Assigned" in names(looked)
    assert looked.after is not None
    assert looked.after.handler is not None


def own_fault(by: str = "li.na") -> Entry:
    fact = Verified(facts="我漏记了一笔", liable=Liable.COMPANY, cause="service.process", self_reported=True)
    return act(fact, by=by)


@pytest.mark.clause("S003-4.2")
def test_the_look_after_a_self_reported_fault_tells_the_supervisor_before_any_answer() -> None:
    story = given(*controls.handed_out(), own_fault())
    assert code(story.when("reply", "li.na", NOW, kind="decision", medium="phone", text="您好")) == "supervisor_first"
    looked = story.workflow_looks(NOW)
    assert [fact.cause for fact in facts(looked) if isinstance(fact, Escalated)] == ["self_reported"]
    told = story.and_then(*looked.entries).when("reply", "li.na", NOW, kind="decision", medium="phone", text="您好")
    assert not isinstance(told, Refusal) or told.code != "supervisor_first"


@pytest.mark.clause("S002-0.5")
def test_what_the_customer_does_not_accept_is_dispatched_whatever_the_agent_thinks() -> None:
    spoken = UnderstandingConfirmed(number=1, summary="话费多收", confirmed=True, on_the_spot=True)
    story = given(*controls.handed_out()).and_then(act(spoken))
    assert story.complaint.mode is Mode.ON_THE_SPOT
    declined = story.and_then(act(CustomerDeclined(proposal=1, medium=Medium.PHONE, words="我不认可")))
    assert declined.complaint.mode is Mode.DISPATCHED


@pytest.mark.clause("S002-0.4", "S002-0.5")
def test_a_complaint_not_settled_with_the_customer_has_no_way_out_but_a_handler() -> None:
    spoken = UnderstandingConfirmed(number=1, summary="话费多收", confirmed=True, on_the_spot=True)
    declined = CustomerDeclined(proposal=1, medium=Medium.PHONE, words="我不认可")
    story = given(*controls.handed_out()).and_then(act(spoken), act(declined))
    assert code(story.when("resolve", "li.na", NOW, outcome="corrected")) == "not_verified"
    assert code(story.when("archive", "li.na", NOW)) == "not_resolved"
    assert story.complaint.is_open


@pytest.mark.clause("S002-7.1", "S004-1.2")
def test_whoever_is_accused_in_a_duplicate_gives_way_in_the_complaint_that_is_handled() -> None:
    told_again = Linked(to=examples.OTHER, relation=Relation.DUPLICATE, reason="x", leads=True, accused=("李娜",))
    story = given(*controls.handed_out(), Entry(told_again, NOW, controls.machine("intake"), policy=controls.POLICY_ID))
    assert [type(fact) for fact in facts(story.workflow_looks(NOW))] == [OwnerNamed, Assigned]
    undone = Unlinked(to=examples.OTHER, relation=Relation.DUPLICATE, reason="不同事由")
    assert code(story.when("escalate", "li.na", NOW, reason="x")) == "recused"
    assert decided(story.and_then(act(undone)).when("escalate", "li.na", NOW, reason="x"))


@pytest.mark.clause("S002-1.1", "S004-8.4")
def test_what_nobody_handles_yet_is_handed_over_by_its_first_receiver_who_then_owns_it() -> None:
    answer = given(controls.received()).when("hand_over", "li.na", NOW, to="sun.li", reason="物流问题")
    assert answer == [Assigned(owner="li.na", handler="sun.li", department="logistics", reason="物流问题")]
