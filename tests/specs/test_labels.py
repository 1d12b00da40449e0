"""Restricted labels: given by few, for a time, and read by no rule (S001-10.1, S001-12.1, S003-1.5, C21)."""

import ast
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from events.envelope import Entry
from events.understanding import Labelled
from events.vocabulary import LabelKind
from tests import controls
from tests.bdd import Given, code, facts, given, refusal
from tests.controls import SECOND, in_the_morning
from tests.specs.test_participation_matrix import ROWS

NOW = in_the_morning()
ROOT = Path(__file__).parents[2]
LONGEST = controls.policy().document.label.longest
LABEL: dict[str, Any] = {"kind": "bad_faith", "value": "疑似同业", "reason": "同一号码多次无实据投诉"}


def labelled(kind: LabelKind = LabelKind.BAD_FAITH, value: str = "疑似同业") -> Entry:
    fact = Labelled(kind=kind, value=value, reason="同一号码多次无实据投诉", until=NOW + LONGEST)
    return Entry(fact, NOW, controls.person("wang.fang"), policy=controls.POLICY_ID)


def label(by: str, **data: Any) -> object:
    return given(*controls.handed_out()).when("label", by, NOW, **{**LABEL, **data})


@pytest.mark.clause("S001-10.1", "S003-1.5")
@pytest.mark.parametrize("kind", LabelKind)
def test_only_a_supervisor_or_above_may_label_a_customer(kind: LabelKind) -> None:
    answer = refusal(label("li.na", kind=kind))
    assert (answer.code, answer.requirement, answer.recorded) == ("level_too_low", "S001-10.1", True)
    assert answer.may == ("wang.fang", "zhao.lei")
    assert label("wang.fang", kind=kind) == [
        Labelled(kind=kind, value="疑似同业", reason=LABEL["reason"], until=NOW + LONGEST)
    ]


@pytest.mark.clause("S001-10.1")
def test_people_outside_the_ladder_may_not_label() -> None:
    answer = refusal(label("hu.mei"))
    assert (answer.code, answer.may) == ("level_too_low", ("he.jing", "ma.chao", "wang.fang", "xu.tao", "zhao.lei"))


@pytest.mark.clause("S001-12.1")
def test_a_label_ends_in_the_future_and_no_later_than_the_policy_allows() -> None:
    for until in (NOW, NOW + LONGEST + SECOND):
        assert code(label("wang.fang", until=until)) == "label_too_long"
    for until in (NOW + SECOND, NOW + LONGEST):
        assert label("wang.fang", until=until) != []


def without_labels(story: Given) -> list[Entry]:
    return [
        Entry(r.fact, r.occurred_at, r.actor, r.causation, r.policy)
        for r in story.case.history
        if not isinstance(r.fact, Labelled)
    ]


def answered(story: Given, name: str, by: str, moment: datetime) -> str:
    """What a command leads to; a subject such as `refund-5` is named for its place in the history."""
    place = story.complaint.version + 1
    return repr(story.when(name, by, moment, **ROWS[name])).replace(f"-{place}'", "-n'")


@pytest.mark.clause("S003-1.5", "S001-12.1", "S001-10.1")
@settings(max_examples=120, deadline=None)
@for_all(
    st.sampled_from(LabelKind),
    st.sampled_from([controls.ORDINARY, controls.DANGEROUS, controls.OVERCHARGED]),
    st.timedeltas(timedelta(0), timedelta(days=9)),
    st.sampled_from(sorted(ROWS)),
    st.sampled_from(["li.na", "wang.fang", "zhao.lei", "hu.mei"]),
)
def test_a_labelled_customer_gets_the_same_steps_as_anybody(
    kind: LabelKind, text: str, later: timedelta, name: str, by: str
) -> None:
    moment: datetime = NOW + later
    story = controls.handed_out(text=text, demands=("退款",))
    marked, plain = given(*story, labelled(kind)), given(*story)
    assert answered(marked, name, by, moment) == answered(plain, name, by, moment)
    looks = [each.workflow_looks(moment) for each in (marked, plain)]
    assert facts(looks[0]) == facts(looks[1])
    assert looks[0].look_at == looks[1].look_at


@pytest.mark.clause("S003-1.5")
def test_a_label_stops_no_clock_and_is_no_answer_to_the_customer() -> None:
    story = given(*controls.handed_out(), labelled())
    plain = given(*without_labels(story))
    later = NOW + timedelta(days=3)
    clocks = controls.policy().clocks
    assert clocks.breached(story.case.history, story.complaint, later) == clocks.breached(
        plain.case.history, plain.complaint, later
    )
    assert not story.complaint.is_answered


READERS = {
    "events/understanding.py": "where it is folded",
    "events/catalogue.py": "where it is named",
    "events/folding.py": "a label is no act of handling",
    "policy/timing/patterns.py": "`*` does not mean it",
    "policy/people/participation.py": "who may see it, until when",
    "policy/handling/understanding.py": "who may give it, how long it lasts",
    "policy/document.py": "the table of the above",
    "services/workflow/understanding.py": "the command that adds it",
    "services/compliance/conformance/people.py": "whether whoever gave it might",
    "services/desk/readers.py": "left out for those who may not see it",
    "services/desk/state.py": "shown to those who may see it",
    "services/desk/api.py": "asked who reads",
    "services/desk/case_file.py": "asked who reads",
    "services/desk/page.py": "asked who reads",
    "services/cli/complaints.py": "asked who reads",
    "services/cli/knowledge.py": "asked who reads",
    "services/compliance/replay/knowledge.py": "left out for those who may not see it",
    "services/wiring/asked.py": "the command that adds it, read back from its fact",
}
"""Every file that may know of labels, and why it decides nothing by them."""


def names_a_label(path: Path) -> bool:
    """Reads or passes on `labels`, or names `Labelled`, `Label`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and node.attr == "labels":
            return True
        if isinstance(node, ast.Name) and node.id in {"Labelled", "Label"}:
            return True
        if isinstance(node, ast.keyword) and node.arg == "labels":
            return True
    return False


@pytest.mark.clause("S001-12.1", "S003-1.5", "S001-10.1")
def test_no_rule_reads_a_label() -> None:
    paths = [path for folder in ("events", "policy", "services") for path in (ROOT / folder).rglob("*.py")]
    found = {path.relative_to(ROOT).as_posix() for path in paths if names_a_label(path)}
    assert {"events/understanding.py", "services/desk/state.py"} <= found <= set(READERS)


@pytest.mark.clause("S001-12.1", "S003-1.5", "S001-10.1")
def test_no_pattern_or_condition_of_the_policy_names_a_label() -> None:
    document = controls.policy().document
    patterns = [text for spec in document.clock.values() for text in (*spec.start, *spec.stop, *spec.pause)]
    assert not [text for text in patterns if "Labelled" in text or "label" in text.lower()]
    assert not document.triage.facts_known & {kind.value for kind in LabelKind}
