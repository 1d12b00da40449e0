"""One way of handling for front line, manager and specialist: the role changes rights, never steps (S000-0.1)."""

from collections.abc import Mapping
from typing import Any

import pytest

from policy.policy import DEFAULT_POLICY, SAMPLE_ORGANISATION
from services.wiring.rehearsal import rehearse
from tests import controls
from tests.examples import SHA

ROLES = {"li.na": "front line", "zhao.lei": "manager", "zhou.min": "specialist of another department"}
DEMAND = "退还房费"
STEPS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("10:01", "assign", {"handler": "PERSON", "reason": "首问负责"}),
    ("10:02", "confirm_understanding", {"summary": "房间未打扫,要求退还房费", "confirmed": True}),
    ("10:05", "reply", {"kind": "progress", "medium": "phone", "text": "您好,我正在核实,下午给您消息。"}),
    ("10:10", "add_evidence", {
        "name": "照片.jpg", "media_type": "image/jpeg", "sha256": SHA, "kind": "photo", "authentic": True,
    }),
    ("10:20", "verify", {"facts": "房间未打扫", "liable": "company", "cause": "service.process", "evidence": [SHA]}),
    ("10:30", "propose_solution", {
        "remedies": [{
            "kind": "refund", "amount": "100.00", "currency": "CNY", "due": "2026-03-05T18:00:00+08:00",
            "responsible": "PERSON",
        }],
        "answers": {DEMAND: {"result": "met"}}, "basis": "refund.standard",
    }),
    ("10:40", "agree", {"medium": "phone", "words": "可以", "evidence": []}),
    ("11:00", "complete_step", {"step": "1.apply"}),
    ("11:10", "complete_step", {"step": "1.pay"}),
    ("11:20", "resolve", {"outcome": "corrected"}),
)  # fmt: skip
NOTICES = ("complaint.contact_started", "complaint.staff_alerted")
"""Whom colleagues and customer are told by depends on who acts; what is done does not."""


def as_person(value: Any, person: str) -> Any:
    if isinstance(value, Mapping):
        return {key: as_person(each, person) for key, each in value.items()}
    if isinstance(value, list):
        return [as_person(each, person) for each in value]
    return person if value == "PERSON" else value


async def story_of(person: str) -> list[str]:
    """What happens when that person does all the steps: the events, and the codes of refusals."""
    submitted = controls.submission(demands=[DEMAND])
    script: list[dict[str, Any]] = [{"at": "2026-03-02T10:00:00+08:00", "submit": submitted, "as": "c1"}]
    script += [
        {"at": f"2026-03-02T{at}:00+08:00", "do": name, "on": "c1", "by": person, "data": as_person(data, person)}
        for at, name, data in STEPS
    ]
    output = await rehearse(script, DEFAULT_POLICY.read_text(), SAMPLE_ORGANISATION.read_text())
    return [line.get("refused") or line["type"] for line in output if line.get("type") not in NOTICES]


@pytest.mark.clause("S000-0.1", "S003-2.2")
@pytest.mark.parametrize("person", ROLES, ids=ROLES.values())
async def test_every_role_takes_the_same_steps_to_the_same_end(person: str) -> None:
    story = await story_of(person)
    assert story == await story_of("zhang.wei")
    assert story[-1] == "complaint.resolved"
    assert all(step.startswith("complaint.") for step in story)
