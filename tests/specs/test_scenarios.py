"""Golden scenarios: scripts through the real decisions in virtual time, compared line by line with what must happen.

Beside each `tests/scenarios/<name>.jsonl` stands `<name>.expected.jsonl`: the events in order, local time to
the second, each with the fields that matter; `<name>.policy.toml`, if any, is appended to the default policy.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import orjson
import pytest

from events.commands import Command
from events.envelope import StreamId
from events.folding import fold
from policy.policy import DEFAULT_POLICY, SAMPLE_ORGANISATION
from services.wiring.rehearsal import InvalidScript, rehearse
from tests import controls
from tests.bdd import Company
from tests.controls import SCENARIOS, SHANGHAI

SCENARIO_CLAUSES = {
    "g1": ("S004-1.3", "S004-1.4", "S004-1.5", "S004-1.6", "S004-1.7", "S001-17.2"),
    "g2": ("S004-1.4", "S004-1.7", "S001-17.7"),
    "g3_machine": ("S002-1.8", "S002-1.10", "S002-1.11"),
    "g3_person": ("S002-1.8", "S002-1.9", "S002-1.10", "S002-1.11", "S002-1.13"),
    "g5": ("S002-7.1", "S002-7.2"),
    "g18": ("S004-1.3", "S004-1.7"),
    "g22": ("S002-4.6", "S000-3.9", "S000-3.10"),
    "g15": ("S000-3.5", "S001-6.6", "S001-16.5", "S002-1.1"),
    "hands": ("S001-8.1", "S004-8.4", "S002-4.5", "S001-9.4", "S002-7.1", "S002-1.1"),
    "g6": ("S002-6.1", "S002-6.2", "S002-6.5", "S002-6.6", "S003-2.4"),
    "g13": ("S004-6.1", "S004-6.6", "S004-6.7", "S002-0.3", "S004-3.6"),
    "g14": ("S002-7.4", "S002-7.7", "S003-2.2"),
    "g23": ("S004-4.3", "S003-6.2", "S003-3.1", "S004-5.5", "S002-3.5"),
    "g4": ("S002-1.14", "S002-1.15", "S003-2.4", "S002-1.2"),
    "g7": ("S002-3.5", "S002-3.6", "S004-4.5", "S000-4.2"),
    "g8": ("S003-5.6",),
    "g9": ("S004-4.1",),
    "callback_in_vain": ("S002-0.3", "S002-1.10", "S002-1.11", "S002-3.2"),
    "review": ("S000-6.1", "S003-5.4", "S004-6.3", "S004-7.4", "S004-7.5", "S004-7.6"),
    "g12": ("S004-2.8", "S002-4.2", "S002-4.3", "S002-4.4", "S002-4.6", "S001-9.4"),
    "duplicates": ("S004-1.2", "S002-4.2"),
    "g10": ("S004-2.3", "S001-16.4"),
    "g11": ("S004-1.2",),
    "understanding": ("S001-1.7", "S001-4.3", "S004-3.3", "S002-3.1", "S004-2.4", "S001-16.4", "S001-10.1"),
    "g16": ("S001-15.2", "S003-3.2", "S001-7.3", "S003-5.2", "S001-18.5"),
}
NAMES = [pytest.param(name, marks=pytest.mark.clause(*clauses)) for name, clauses in SCENARIO_CLAUSES.items()]
SHOWN: Mapping[str, tuple[str, ...]] = {
    "received": (),
    "linked": ("to", "relation"),
    "unlinked": ("to", "relation"),
    "supplemented": (),
    "classified": ("priority",),
    "assigned": ("handler",),
    "escalated": ("from_level", "to_level", "person", "cause"),
    "clock_breached": ("clock", "due_at"),
    "contact_started": ("kind", "medium", "recipient"),
    "replied": ("kind", "medium"),
    "retry_attempted": ("kind", "outcome", "counted"),
    "act_refused": ("person", "command", "code"),
    "policy_migrated": ("former", "to"),
    "staff_alerted": ("kind", "medium", "person", "delivered"),
    "understanding_confirmed": ("number", "confirmed"),
    "evidence_added": ("kind", "authentic"),
    "verified": ("liable", "cause"),
    "solution_proposed": ("number", "total", "final"),
    "reply_drafted": ("subject", "kind", "medium"),
    "approval_requested": ("subject", "rule", "stages"),
    "approval_given": ("subject", "as_role"),
    "approval_refused": ("subject", "as_role"),
    "customer_agreed": ("proposal",),
    "customer_declined": ("proposal",),
    "step_completed": ("step", "last"),
    "step_failed": ("step",),
    "commitment_made": ("promise", "what"),
    "commitment_kept": ("promise", "late"),
    "refund_verified": ("charged", "due", "refund"),
    "refund_paid": ("amount", "method"),
    "not_accepted": ("ground",),
    "withdrawn": (),
    "reviewed": ("cause",),
    "action_planned": ("action", "owner"),
    "action_taken": ("action",),
    "effect_measured": ("action",),
    "resolved": ("outcome",),
    "called_back": ("solved", "satisfied"),
    "reopened": ("round",),
    "archived": ("ground",),
    "information_requested": ("what",),
    "labelled": ("kind",),
    "deadline_extended": ("clock", "until"),
    "handed_over": ("giver", "handler"),
    "owner_named": ("former", "owner"),
    "recused": ("person", "lifted"),
    "authority_delegated": ("to", "limit"),
    "task_opened": ("task", "department", "person", "party"),
    "task_closed": ("task",),
    "nudged": ("person",),
}
"""What the expected files show of each event."""

Line = Mapping[str, Any]
TEN = {"at": "2026-03-02T10:00:00Z"}


def lines(name: str) -> list[Line]:
    return [orjson.loads(line) for line in (SCENARIOS / f"{name}.jsonl").read_text().splitlines() if line]


async def rehearsed(script: Iterable[Line], name: str = "") -> list[Line]:
    extra = SCENARIOS / f"{name}.policy.toml"
    policy = DEFAULT_POLICY.read_text() + (extra.read_text() if name and extra.exists() else "")
    return await rehearse(script, policy, SAMPLE_ORGANISATION.read_text())


def local(text: str) -> str:
    return f"{datetime.fromisoformat(text).astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"


def readable(line: Line) -> dict[str, Any]:
    """An output line as the expected files write it."""
    if "refused" in line:
        shown = {key: line[key] for key in ("refused", "requirement", "do", "by") if line.get(key)}
        return {"at": local(line["at"]), "on": line["on"], **shown}
    name = line["type"].partition(".")[2]
    data = {key: local(line["data"][key]) if key == "due_at" else line["data"][key] for key in SHOWN[name]}
    by = {"by": line["actor"]["id"]} if line["actor"]["kind"] == "person" else {}
    return {"at": local(line["occurred_at"]), "on": line["complaint_id"], "type": name, **by, **data}


def breaches(output: Iterable[Line]) -> set[tuple[str, str, str]]:
    return {
        (line["complaint_id"], line["data"]["clock"], line["data"]["due_at"])
        for line in output
        if line.get("type") == "complaint.clock_breached"
    }


@pytest.mark.parametrize("name", NAMES)
async def test_everything_happens_that_must_in_order_and_nothing_else(name: str) -> None:
    output = await rehearsed(lines(name), name)
    assert [readable(line) for line in output] == lines(f"{name}.expected")


def test_every_script_has_its_expected_outcome_and_its_clauses() -> None:
    scripts = {path.name.removesuffix(".jsonl") for path in SCENARIOS.glob("*.jsonl")}
    names = {name for name in scripts if not name.endswith(".expected")}
    assert names == set(SCENARIO_CLAUSES)
    assert scripts - names == {f"{name}.expected" for name in names}


@pytest.mark.parametrize("name", ["g1", "g12", "g3_machine"])
async def test_the_same_script_twice_gives_the_same_bytes(name: str) -> None:
    first, second = [orjson.dumps(await rehearsed(lines(name))) for _ in range(2)]
    assert first == second


@pytest.mark.parametrize("name", ["g1", "g12"])
async def test_services_that_were_down_in_between_record_the_same_missed_deadlines(name: str) -> None:
    script = lines(name)
    punctual = breaches(await rehearsed(script))
    company = Company(datetime.fromisoformat(script[0]["at"]))
    ids: dict[str, StreamId] = {}
    for line in script:
        company.clock.set(datetime.fromisoformat(line.get("at") or line["until"]))
        if "submit" in line:
            ids[line["as"]] = (await company.submit(**{"external_ref": line["as"], **line["submit"]})).complaint_id
        elif "do" in line:
            asked = Command(complaint=ids[line["on"]], name=line["do"], by=line["by"], data=line["data"])
            await company.commands.perform(asked)
        # Nobody looks between the lines, however many deadlines pass.
        await company.look(*ids.values())
    late = {(on, b.clock, b.due_at) for on, id_ in ids.items() for b in fold(company.ledger.load(id_)).breaches}
    assert late == {(on, clock, datetime.fromisoformat(due)) for on, clock, due in punctual}
    assert late


@pytest.mark.clause("S002-4.3", "S002-4.6")
async def test_nobody_is_told_the_same_thing_twice_and_nobody_recused_or_absent_is_told_at_all() -> None:
    output = await rehearsed(lines("g12"))
    alerts = [line["data"] for line in output if line.get("type") == "complaint.staff_alerted"]
    assert len({alert["contact"] for alert in alerts}) == len(alerts) > 3
    assert not {alert["person"] for alert in alerts} & {"xu.tao", "zhao.lei"}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ({"at": "2026-03-02T10:00:00", "submit": controls.submission()}, "not a time with a zone"),
        (TEN, "expected submit, do, gateway, absent, publish or until"),
        ({**TEN, "publish": {"version": 1}}, "publish takes a version"),
        ({**TEN, "do": "assign", "on": "c9", "by": "li.na"}, "no complaint was submitted as 'c9'"),
        ({**TEN, "do": "celebrate", "on": "c1", "by": "li.na"}, "no command 'celebrate'"),
        ({**TEN, "gateway": "pigeon", "outcome": "ok"}, "takes a medium"),
        ({**TEN, "absent": "ghost", "back": "2026-03-03T10:00:00Z", "delegate": "li.na"}, "ghost"),
    ],
)
async def test_a_wrong_script_is_refused_by_line(line: Line, told: str) -> None:
    good = {"at": "2026-03-02T09:00:00+08:00", "submit": controls.submission(), "as": "c1"}
    with pytest.raises(InvalidScript, match=f"(?s)line 2: .*{told}"):
        await rehearsed([good, line])


@pytest.mark.clause("S002-1.4")
async def test_a_command_with_wrong_or_missing_data_is_refused_and_the_script_goes_on() -> None:
    good = {"at": "2026-03-02T09:00:00+08:00", "submit": controls.submission(), "as": "c1"}
    asked = {**TEN, "on": "c1", "by": "li.na"}
    forgotten = {**asked, "do": "reply", "data": {"kind": "progress", "medium": "phone"}}
    answered = {**asked, "do": "reply", "data": {"kind": "progress", "medium": "phone", "text": "正在核实"}}
    output = await rehearsed([good, forgotten, answered])
    [refused] = [dict(line) for line in output if "refused" in line]
    assert [problem["field"] for problem in refused.pop("problems")] == ["text"]
    asked = {**TEN, "on": "c1", "do": "reply", "by": "li.na"}
    assert refused == {**asked, "refused": "bad_command", "requirement": "S002-1.4"}
    assert [line["data"]["kind"] for line in output if line.get("type") == "complaint.replied"][-1] == "progress"


async def test_time_in_a_script_only_goes_forward() -> None:
    early, late = ({"at": f"2026-03-02T{hour}:00:00+08:00", "submit": controls.submission()} for hour in ("09", "10"))
    with pytest.raises(InvalidScript, match=r"line 2: .*before the line above"):
        await rehearsed([late, early])
