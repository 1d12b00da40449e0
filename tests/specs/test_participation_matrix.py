"""Every command, every person, every relation: whoever is barred takes no part, whoever is not may try (S002-7.1)."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from events.commands import Refusal
from events.ending import Resolved
from events.envelope import Entry
from events.fact import Fact
from events.folding import fold
from events.participation import ActRefused, Recused
from events.solution import CustomerAgreed
from events.verification import Verified
from policy.people.participation import barred, participation
from services.wiring.commands import NAMES
from tests import controls, examples
from tests.bdd import ACTS, Company, given
from tests.controls import in_the_morning, put

NOW = in_the_morning()
SHA, TOMORROW = examples.SHA, examples.TOMORROW.isoformat()
APPROVAL = {"subject": "proposal-1", "content_sha256": SHA, "as_role": "manager", "reason": "x"}
ROWS: dict[str, dict[str, Any]] = {
    "add_evidence": {"name": "账单.pdf", "media_type": "application/pdf", "sha256": SHA, "kind": "bill"},
    "agree": {"medium": "phone", "words": "可以"},
    "approve": APPROVAL,
    "archive": {},
    "assign": {"handler": "sun.li"},
    "call_back": {"solved": True, "satisfied": True, "medium": "phone"},
    "close_task": {"task": "t1", "result": "已核对"},
    "complete_step": {"step": "1.apply"},
    "confirm_understanding": {"summary": "多收话费", "confirmed": True},
    "decline": {"medium": "phone", "words": "太少"},
    "delegate": {"to": "sun.li", "limit": "50", "until": TOMORROW, "reason": "x"},
    "escalate": {"reason": "超出权限"},
    "extend": {"clock": "solution", "until": TOMORROW, "reason": "等待检测报告"},
    "fail_step": {"step": "1.apply"},
    "hand_over": {"to": "sun.li", "reason": "交班"},
    "keep_promise": {"promise": "p1"},
    "label": {"kind": "temperament", "value": "活泼型", "reason": "通话表现"},
    "link": {"to": examples.OTHER, "relation": "repeat", "reason": "同一事由"},
    "measure_effect": {"action": "a1", "before": "3", "after": "1", "since": "2026-03-09", "until": "2026-03-15"},
    "migrate": {"policy": "default-cn@2", "reason": "新规有利于客户"},
    "name_owner": {"to": "sun.li", "reason": "调岗"},
    "not_accept": {"ground": "settled_and_executed", "proof": "协议"},
    "nudge": {"text": "请今日答复"},
    "open_task": {"what": "核对签收", "department": "logistics"},
    "pay_refund": {"method": "adjustment", "reference": "ADJ-1"},
    "promise": {"what": "24小时内退货", "by": TOMORROW},
    "propose_solution": {"remedies": [], "answers": {}, "basis": "refund.standard"},
    "record_attempt": {"medium": "phone", "outcome": "no_answer"},
    "recuse": {"person": "sun.li", "reason": "亲属"},
    "refuse_approval": APPROVAL,
    "reopen": {"reason": "回访不满意"},
    "reply": {"kind": "progress", "medium": "phone", "text": "正在核实"},
    "request_information": {"what": "购买凭证"},
    "resolve": {"outcome": "clarified"},
    "review": dict.fromkeys(("what", "why", "when", "where", "who", "how", "cause", "lesson"), "x"),
    "supplement": {"text": "还有照片"},
    "take_action": {"action": "a1"},
    "unlink": {"to": examples.OTHER, "relation": "repeat", "reason": "不同订单"},
    "verify": {"facts": "充电器短路", "liable": "company", "cause": "product.fault"},
    "verify_refund": {"charged": "30.01", "due": "10.00", "currency": "CNY"},
    "withdraw": {"words": "不投诉了"},
}
"""Data whose shape each command takes; whether the complaint is ready for it is another rule's matter."""

EXCEEDING: dict[str, dict[str, Any]] = {
    "delegate": {"limit": "900"},
    "promise": {"amount": "900"},
    "recuse": {"person": "wu.hao"},
    "verify_refund": {"charged": "90000", "due": "0"},
}
"""More than most people may decide."""
VERIFIED = next(fact for fact in examples.HANDLING if isinstance(fact, Verified))
AGREED = next(fact for fact in examples.HANDLING if isinstance(fact, CustomerAgreed))
RESOLVED = next(fact for fact in examples.HANDLING if isinstance(fact, Resolved))

PEOPLE = sorted(controls.company().person)
MANAGERS = {manager: id_ for id_, person in controls.company().person.items() if (manager := person.manager)}
"""Line manager -> one of their people."""


def recused(person: str) -> Entry:
    return Entry(Recused(person=person, reason="亲属"), NOW, controls.person("wu.hao"), policy=controls.POLICY_ID)


def cases_barring(person: str) -> Iterator[tuple[str, list[Entry]]]:
    """Complaints in which that person takes no part, by their relation to it."""
    yield "accused by id", controls.handed_out(accused=(person,))
    yield "accused by name", controls.handed_out(accused=(controls.company().person[person].name["zh"],))
    if person in MANAGERS:
        yield "line manager of the accused", controls.handed_out(accused=(MANAGERS[person],))
    yield "recused", [*controls.handed_out(), recused(person)]
    yield "recused handler", [controls.received(), controls.classified(NOW), handled_by(person), recused(person)]


def cases_open_to(person: str) -> Iterator[tuple[str, list[Entry]]]:
    """Complaints in which that person may take part, by their relation to it."""
    yield "unrelated", controls.handed_out()
    yield "handler", [controls.received(), controls.classified(NOW), handled_by(person)]
    yield "owner", [controls.received(), controls.classified(NOW), controls.assigned(NOW, "li.na", owner=person)]
    proposed = Entry(examples.PROPOSED, NOW, controls.person(person), policy=controls.POLICY_ID)
    yield "author", [*controls.handed_out(), proposed]


def handled_by(person: str) -> Entry:
    return controls.assigned(NOW, person, owner="zhou.min" if person != "zhou.min" else "sun.li")


def told(fact: object) -> tuple[str, str, str]:
    """Who tried what, and why it was refused."""
    assert isinstance(fact, ActRefused)
    return fact.person, fact.command, fact.code


def test_every_command_there_is_has_a_row_of_data_here() -> None:
    assert set(ROWS) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_row_is_of_the_shape_its_command_takes(name: str) -> None:
    try:
        ACTS[name].shape.model_validate(ROWS[name])
    except ValidationError as wrong:
        pytest.fail(str(wrong))


@pytest.mark.clause("S002-7.1", "S002-7.2")
@pytest.mark.parametrize("name", NAMES)
async def test_whoever_is_barred_is_refused_and_the_try_alone_is_recorded(name: str) -> None:
    company = Company(NOW)
    every = [(who, relation, entries) for who in PEOPLE for relation, entries in cases_barring(who)]
    for stream, (person, relation, entries) in zip(controls.some_streams(len(every)), every, strict=True):
        put(company.ledger, stream, *entries)
        before = company.names(stream)
        answer = await company.command(name, person, stream, data=ROWS[name])
        history = company.ledger.load(stream)
        assert isinstance(answer, Refusal), (person, relation)
        assert (answer.code, answer.requirement) == ("recused", "S002-7.1"), (person, relation)
        assert company.names(stream) == [*before, "ActRefused"], (person, relation)
        assert told(history[-1].fact) == (person, name, "recused")
        assert answer.may, (person, relation)
        assert not set(answer.may) & barred(fold(history), controls.company()), (person, relation)


@pytest.mark.clause("S002-7.1")
@pytest.mark.parametrize("name", NAMES)
def test_whoever_is_not_barred_is_never_refused_for_who_they_are(name: str) -> None:
    for person in PEOPLE:
        for relation, entries in cases_open_to(person):
            answer = given(*entries).when(name, person, NOW, **ROWS[name])
            if isinstance(answer, Refusal):
                assert (answer.code, answer.facts.get("person")) != ("recused", person), (name, relation)
                assert answer.code != "unknown_person", (name, person, relation)


STAGES: tuple[tuple[Fact, ...], ...] = (
    (),
    (VERIFIED, *examples.BEFORE),
    (VERIFIED, *examples.BEFORE, AGREED, RESOLVED, examples.PLANNED.model_copy(update={"action": "a2"})),
)
"""How far a complaint has come when somebody is refused."""


@pytest.mark.clause("S002-7.1", "S002-7.2")
@pytest.mark.parametrize("barred_one", PEOPLE)
def test_no_refusal_sends_anybody_to_somebody_barred(barred_one: str) -> None:
    for stage in STAGES:
        happened = [Entry(fact, NOW, controls.person("li.na"), policy=controls.POLICY_ID) for fact in stage]
        for story in (
            given(*controls.handed_out(accused=(barred_one,)), *happened),
            given(*controls.handed_out(), *happened, recused(barred_one)),
        ):
            out = barred(story.complaint, controls.company())
            for name in NAMES:
                for by in ("li.na", "sun.li", "hu.mei", "wang.fang", "wu.hao"):
                    answer = story.when(name, by, NOW, **{**ROWS[name], **EXCEEDING.get(name, {})})
                    assert not isinstance(answer, Refusal) or not set(answer.may) & out, (name, by, answer)


@pytest.mark.clause("S002-7.1")
@pytest.mark.parametrize("name", NAMES)
def test_nobody_from_outside_the_company_gives_any_command(name: str) -> None:
    answer = given(*controls.handed_out()).when(name, "ghost", NOW, **ROWS[name])
    assert isinstance(answer, Refusal)
    assert answer.code == "unknown_person"


@pytest.mark.clause("S002-7.1")
@pytest.mark.parametrize("person", PEOPLE)
def test_there_is_always_somebody_else_whoever_is_accused(person: str) -> None:
    complaint = given(*controls.handed_out(accused=(person,))).complaint
    refusal = participation(complaint, person, controls.company())
    assert refusal is not None
    assert set(refusal.may) <= set(PEOPLE) - barred(complaint, controls.company())
