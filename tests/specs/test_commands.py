"""Commands of people: refused with the rule and who may act instead, or recorded once (design, section 6)."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime

import pytest
from pydantic import ValidationError

from events.cases import Cases
from events.commands import Command, Refusal, answer_json, execute
from events.complaint import Case
from events.contact import Replied, RetryAttempted
from events.envelope import Entry, StreamId, complaint_id
from events.fact import Fact
from events.handling import Assigned, Escalated
from events.kin import MOST, with_kin
from events.ledger import LedgerUnavailable
from events.links import Linked
from events.participation import ActRefused
from events.reconciler import TURNS
from events.solution import ReplyDrafted
from events.stores import Row
from events.vocabulary import Medium, Outcome, Relation, ReplyKind, Service
from policy.registry import POLICIES
from services.wiring.commands import NAMES, UnknownCommand
from tests import controls, examples
from tests.bdd import Company, code, decided, given
from tests.controls import C1, HOUR, in_the_morning, put
from tests.outcomes import ended, resolved

NOW = in_the_morning()
DATA: dict[str, dict[str, str]] = {
    "assign": {"handler": "li.na"},
    "escalate": {"reason": "超出权限"},
    "reply": {"kind": "progress", "medium": "phone", "text": "正在核实"},
    "record_attempt": {"medium": "phone", "outcome": "no_answer"},
}
"""Data under which some commands are accepted at once; test_participation_matrix.py knows all there are."""


async def a_company() -> Company:
    """A company with one complaint, handed out to Li Na."""
    company = Company(NOW)
    put(company.ledger, C1, *controls.handed_out())
    return company


@pytest.mark.parametrize("name", DATA)
def test_every_command_is_accepted_from_a_colleague_who_may_act(name: str) -> None:
    answer = given(*controls.handed_out()).when(name, "li.na", NOW, **DATA[name])
    assert not isinstance(answer, Refusal)
    assert len(answer) == 1


@pytest.mark.clause("S002-7.1", "S002-7.2")
@pytest.mark.parametrize("person", ["zhang.wei", "wang.fang"], ids=["accused", "line manager"])
@pytest.mark.parametrize("name", DATA)
def test_the_accused_and_their_line_manager_take_no_part(name: str, person: str) -> None:
    answer = given(*controls.handed_out(accused=("张伟",))).when(name, person, NOW, **DATA[name])
    assert isinstance(answer, Refusal)
    assert (answer.code, answer.requirement) == ("recused", "S002-7.1")
    assert answer.facts == {"person": person, "recused": "wang.fang, zhang.wei"}
    assert answer.may == ("li.na",)


@pytest.mark.clause("S002-7.1")
def test_nobody_may_hand_a_complaint_to_the_accused() -> None:
    answer = given(*controls.handed_out(accused=("zhang.wei",))).when("assign", "li.na", NOW, handler="zhang.wei")
    assert code(answer) == "recused"


@pytest.mark.parametrize("name", DATA)
def test_somebody_who_is_not_in_the_company_is_refused(name: str) -> None:
    answer = given(*controls.handed_out()).when(name, "ghost", NOW, **DATA[name])
    assert code(answer) == "unknown_person"
    assert code(given(*controls.handed_out()).when("assign", "li.na", NOW, handler="ghost")) == "unknown_person"


def test_a_refusal_says_why_in_both_languages() -> None:
    data = {"kind": "acknowledgement", "medium": "phone", "text": "您好"}
    answer = given(*controls.handed_out()).when("reply", "li.na", NOW, **data)
    assert isinstance(answer, Refusal)
    assert "受理通知" in answer.sentence("zh")
    assert "acknowledgement" in answer.sentence("en")
    assert answer_json(answer)["refused"]["code"] == "kind_not_for_people"


@pytest.mark.clause("S002-1.1", "S004-2.7")
def test_a_task_moves_to_the_new_handler_and_the_owner_stays() -> None:
    answer = given(*controls.handed_out()).when("assign", "li.na", NOW, handler="liu.yang", reason="账单")
    assert answer == [Assigned(owner="li.na", handler="liu.yang", department="billing", reason="账单")]


@pytest.mark.clause("S002-4.1", "S002-4.3")
def test_a_colleague_who_cannot_decide_raises_one_level() -> None:
    answer = given(*controls.handed_out()).when("escalate", "li.na", NOW, reason="超出权限")
    assert answer == [Escalated(from_level=1, to_level=2, person="wang.fang", cause="person", reason="超出权限")]


@pytest.mark.clause("S002-4.3")
def test_at_the_top_nobody_can_raise_further() -> None:
    at_the_top = given(*controls.red(), controls.escalated(NOW, 3, "zhao.lei"))
    assert code(at_the_top.when("escalate", "zhou.min", NOW, reason="再升")) == "top_of_ladder"


@pytest.mark.clause("S002-1.5", "S002-1.6")
@pytest.mark.parametrize("medium", [Medium.PHONE, Medium.CHAT, Medium.VISIT])
def test_what_was_said_by_word_of_mouth_or_chat_is_recorded(medium: Medium) -> None:
    answer = given(*controls.handed_out()).when("reply", "li.na", NOW, kind="decision", medium=medium, text="全额退款")
    assert answer == [Replied(kind=ReplyKind.DECISION, medium=medium, text="全额退款", advice=("missing_apology",))]


@pytest.mark.clause("S002-1.14", "S002-1.15")
@pytest.mark.parametrize("medium", ["letter", "email"])
def test_a_written_reply_waits_for_its_approvals(medium: str) -> None:
    answer = given(*controls.handed_out()).when("reply", "li.na", NOW, kind="decision", medium=medium, text="全额退款")
    assert [type(fact) for fact in decided(answer)] == [ReplyDrafted]


@pytest.mark.clause("S002-1.10", "S002-0.3")
def test_a_call_after_the_resolution_is_recorded_as_the_callback_it_was_for() -> None:
    story = given(*ended(), controls.not_reached(NOW + HOUR))
    answer = story.when("record_attempt", "li.na", NOW + 4 * HOUR, medium="phone", outcome="off")
    assert answer == [RetryAttempted(kind=ReplyKind.CALLBACK, medium=Medium.PHONE, outcome=Outcome.OFF, counted=True)]


@pytest.mark.clause("S004-1.5")
@pytest.mark.parametrize("kind", ["acknowledgement", "unreachable", "assignment", "escalation", "breach"])
def test_nobody_passes_for_the_machine(kind: str) -> None:
    answer = given(*controls.handed_out()).when("reply", "li.na", NOW, kind=kind, medium="phone", text="您好")
    assert code(answer) == "kind_not_for_people"


@pytest.mark.clause("S002-1.10", "S002-1.11")
@pytest.mark.parametrize(("hours", "counted"), [(2.99, False), (3, True), (4, True)])
def test_a_second_call_counts_from_three_hours_after_the_first(hours: float, counted: bool) -> None:
    tried = given(*controls.handed_out(), controls.not_reached(NOW))
    answer = tried.when("record_attempt", "li.na", NOW + hours * HOUR, medium="phone", outcome="off")
    assert answer == [
        RetryAttempted(kind=ReplyKind.PROGRESS, medium=Medium.PHONE, outcome=Outcome.OFF, counted=counted)
    ]


@pytest.mark.parametrize(
    ("name", "data", "field"),
    [
        ("assign", {}, "handler"),
        ("escalate", {"reason": ""}, "reason"),
        ("reply", {**DATA["reply"], "medium": "pigeon"}, "medium"),
        ("reply", {**DATA["reply"], "text": ""}, "text"),
        ("reply", {**DATA["reply"], "text": "长" * 20_001}, "text"),
        ("record_attempt", {**DATA["record_attempt"], "extra": 1}, "extra"),
    ],
)
def test_wrong_data_is_refused_field_by_field(name: str, data: dict[str, str], field: str) -> None:
    with pytest.raises(ValidationError) as wrong:
        given(*controls.handed_out()).when(name, "li.na", NOW, **data)
    assert [error["loc"] for error in wrong.value.errors()] == [(field,)]


@pytest.mark.clause("S002-1.8")
@pytest.mark.parametrize("outcome", ["exhausted", "failed", "unknown"])
def test_a_person_reports_what_a_person_can_see(outcome: str) -> None:
    with pytest.raises(ValidationError, match="outcome"):
        given(*controls.handed_out()).when("record_attempt", "li.na", NOW, medium="phone", outcome=outcome)


async def test_a_command_is_recorded_as_its_persons_act_under_the_pinned_policy() -> None:
    company = await a_company()
    answer = await company.command("reply", "li.na", data=DATA["reply"], id="cmd-1")
    assert not isinstance(answer, Refusal)
    [told] = answer
    assert (told.actor, told.policy, told.version) == (controls.person("li.na"), controls.POLICY_ID, 4)
    assert str(told.causation).startswith("command/li.na/reply/cmd-1/")


async def test_the_id_of_a_command_is_not_good_for_other_data() -> None:
    company = await a_company()
    await company.command("reply", "li.na", data=DATA["reply"], id="cmd-1")
    other = await company.command("reply", "li.na", data={**DATA["reply"], "text": "明天给您答复"}, id="cmd-1")
    assert code(other) == "command_id_reused"
    assert company.names().count("Replied") == 1


@pytest.mark.parametrize("text", ["\x00", "坏\ud800", "\x1b[2J"])
def test_a_text_no_store_can_hold_is_no_command(text: str) -> None:
    with pytest.raises(ValidationError, match=r"text: control character"):
        Command(complaint=C1, name="reply", by="li.na", data={**DATA["reply"], "text": text})


@pytest.mark.parametrize("text", [" ", "\u200b\u3000", "\u202e"])
def test_a_text_nobody_can_see_says_nothing(text: str) -> None:
    command = Command(complaint=C1, name="reply", by="li.na", data={**DATA["reply"], "text": text})
    assert command.data["text"] == ""
    with pytest.raises(ValidationError, match="text"):
        given(*controls.handed_out()).when("reply", "li.na", NOW, **command.data)


async def test_the_same_command_twice_is_recorded_once_and_answered_the_same() -> None:
    company = await a_company()
    answers = [await company.command("reply", "li.na", data=DATA["reply"], id="cmd-1") for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert company.names().count("Replied") == 1


async def test_the_same_command_many_times_at_once_is_recorded_once() -> None:
    company = await a_company()
    repeats = [company.command("reply", "li.na", data=DATA["reply"], id="cmd-1") for _ in range(10)]
    await asyncio.gather(*repeats)
    assert company.names().count("Replied") == 1


async def test_an_id_used_by_somebody_else_or_for_something_else_is_another_command() -> None:
    company = await a_company()
    asked = (("reply", "li.na"), ("reply", "zhang.wei"), ("escalate", "li.na"))
    answers = [await company.command(name, by, data=DATA[name], id="1") for name, by in asked]
    assert [[(e.name, e.actor.id) for e in a] for a in answers if not isinstance(a, Refusal)] == [
        [("Replied", "li.na")], [("Replied", "zhang.wei")], [("Escalated", "li.na")]
    ]  # fmt: skip


async def test_no_name_or_id_passes_for_another_cause() -> None:
    company = await a_company()
    await company.command("reply", "li.na", data=DATA["reply"], id="a/reply/b")
    assert code(await company.command("reply", "li.na/reply/a", data=DATA["reply"], id="b")) == "unknown_person"
    put(company.ledger, C1, controls.told(NOW)._replace(causation=f"{C1}/4"))
    answer = await company.command("escalate", "li.na", data=DATA["escalate"], id=f"{C1}/4")
    assert not isinstance(answer, Refusal)
    assert [recorded.name for recorded in answer] == ["Escalated"]


async def test_a_command_always_overtaken_is_given_up_after_so_many_turns() -> None:
    company = await a_company()
    turns = 0

    def overtaken(_: Case, __: Command, now: datetime) -> Sequence[Fact]:
        nonlocal turns
        turns += 1
        assert turns <= TURNS
        put(company.ledger, C1, controls.told(now))
        return [controls.told(now).fact]

    command = Command(complaint=C1, name="reply", by="li.na")
    with pytest.raises(LedgerUnavailable, match="changed 8 times"):
        await execute(company.ledger.writer(Service.NOTIFIER), company.clock, command, overtaken)
    assert turns == TURNS


@pytest.mark.clause("S000-3.10")
@pytest.mark.parametrize("is_settled", [True, False])
async def test_a_refused_try_tells_whether_the_complaint_was_settled_already(is_settled: bool) -> None:
    company = Company(NOW)
    end = [resolved(NOW)] if is_settled else []
    put(company.ledger, C1, controls.received(NOW, accused=("zhang.wei",)), controls.assigned(NOW), *end)
    await company.command("reply", "zhang.wei", data=DATA["reply"])
    [tried] = [r.fact for r in company.ledger.load(C1) if isinstance(r.fact, ActRefused)]
    assert tried.settled is is_settled


@pytest.mark.clause("S002-7.1")
async def test_the_same_refused_try_leaves_one_fact_until_somebody_does_something() -> None:
    company = Company(NOW)
    put(company.ledger, C1, controls.received(NOW, accused=("zhang.wei",)), controls.assigned(NOW))
    for number in range(5):
        assert code(await company.command("reply", "zhang.wei", data=DATA["reply"], id=str(number))) == "recused"
        await company.look(C1)
    assert company.names().count("ActRefused") == 1
    alerts = company.names().count("StaffAlerted")
    await company.command("escalate", "zhang.wei", data=DATA["escalate"])
    assert company.names().count("ActRefused") == 2  # another command is another try
    await company.command("reply", "li.na", data=DATA["reply"])
    await company.command("reply", "zhang.wei", data=DATA["reply"])
    assert company.names().count("ActRefused") == 3
    assert alerts >= 1


@pytest.mark.clause("S002-3.6")
async def test_linked_complaints_are_loaded_for_those_commands_alone_that_look_at_them() -> None:
    company = await a_company()
    asked: list[StreamId] = []
    rows = company.ledger.cases._rows

    def counting(streams: Iterable[StreamId]) -> Sequence[Row]:
        every = list(streams)
        asked.extend(every)
        return rows(every)

    company.ledger.cases = Cases(counting)
    put(company.ledger, C1, linked_to(examples.OTHER))
    await company.command("reply", "li.na", data=DATA["reply"])
    assert asked == [C1]
    await company.command("unlink", "li.na", data={"to": examples.OTHER})
    assert asked == [C1, C1, examples.OTHER]


def linked_to(other: StreamId) -> Entry:
    fact = Linked(to=other, relation=Relation.REPEAT, reason="links.repeat")
    return Entry(fact, NOW, controls.machine("intake"), policy=controls.POLICY_ID)


@pytest.mark.clause("S002-3.6")
@pytest.mark.parametrize(("number", "whole"), [(MOST, True), (MOST + 1, False)])
def test_a_decision_is_told_when_there_are_more_kin_than_are_looked_at(number: int, whole: bool) -> None:
    company = Company(NOW)
    others = [complaint_id("web", f"W-{each:05}") for each in range(number)]
    put(company.ledger, C1, controls.received(NOW), *(linked_to(other) for other in others))
    for each, other in enumerate(others):
        put(company.ledger, other, controls.received(NOW, external_ref=f"W-{each:05}"))
    found = with_kin(company.ledger, C1)
    assert found is not None
    assert (len(found.kin), found.all_kin) == (MOST, whole)


async def test_two_colleagues_at_once_are_both_recorded() -> None:
    company = await a_company()
    acts = [company.command("reply", by, data=DATA["reply"]) for by in ("li.na", "zhang.wei")]
    await asyncio.gather(*acts)
    assert [recorded.version for recorded in company.ledger.load(C1)] == [1, 2, 3, 4, 5]


@pytest.mark.clause("S003-2.4")
async def test_a_command_on_a_version_that_changed_meanwhile_is_refused() -> None:
    company = await a_company()
    put(company.ledger, C1, controls.told(NOW))
    answer = await company.command("escalate", "li.na", data=DATA["escalate"], version=3)
    assert code(answer) == "stale_version"
    assert isinstance(answer, Refusal)
    assert answer.facts == {"seen": "3", "current": "4"}
    assert "Escalated" not in company.names()
    assert not isinstance(await company.command("escalate", "li.na", data=DATA["escalate"], version=4), Refusal)


async def test_a_complaint_that_does_not_exist_is_said_not_to_exist() -> None:
    assert code(await Company(NOW).command("assign", "li.na", data=DATA["assign"])) == "no_such_complaint"


async def test_a_command_nobody_knows_is_answered_with_those_there_are() -> None:
    with pytest.raises(UnknownCommand, match=", ".join(NAMES)):
        await Company(NOW).command("pay_everything", "li.na")


@pytest.mark.parametrize("name", ["", "Reply", "reply.all", "x" * 41, "reply>"])
def test_a_name_that_is_no_command_name_cannot_be_asked(name: str) -> None:
    with pytest.raises(ValidationError):
        Command(complaint=C1, name=name, by="li.na")


async def test_a_company_stream_is_no_complaint() -> None:
    company = await a_company()
    answer = await company.command("assign", "li.na", complaint=POLICIES, data=DATA["assign"])
    assert code(answer) == "no_such_complaint"
    assert company.names(POLICIES) == ["PolicyPublished"]
