"""No complaint dies silently: whatever people lawfully do, an open one has a clock of theirs (S001-2.3, S003-5.7)."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as for_all
from hypothesis import strategies as st

from events.commands import Refusal
from events.complaint import Breach
from events.contact import Replied
from events.ending import Archived
from events.envelope import Entry
from events.links import Linked, Unlinked
from events.vocabulary import Relation
from policy.timing.clock_readings import ClockReading
from tests import controls, examples
from tests.bdd import Given, given
from tests.controls import HOUR, in_the_morning

NOW = in_the_morning()
CLOCKS = controls.policy().clocks
SHA = "a" * 64
REMEDY = {"kind": "refund", "amount": "50.00", "currency": "CNY", "responsible": "li.na"}
ANSWERS = {"退款": {"result": "met"}}


class Act(NamedTuple):
    """Something people may do; refused where it makes no sense yet."""

    name: str
    by: str
    data: dict[str, Any]


def act(command: str, person: str = "li.na", /, **data: Any) -> Act:
    return Act(command, person, data)


REPLY = act("reply", kind="progress", medium="phone", text="您好,正在核实。")
EXPLAIN = act("reply", kind="explanation", medium="phone", text="您好,已核实并向您说明。")
ATTEMPT = act("record_attempt", medium="phone", outcome="off")
CALLED = act("call_back", solved=True, satisfied=True, medium="phone")
PATH = (
    act("confirm_understanding", summary="多收费用,要求退款", confirmed=True),
    REPLY,
    act("add_evidence", name="账单", media_type="image/png", sha256=SHA, kind="bill", authentic=True),
    act("verify", facts="多收 50 元", liable="company", cause="billing.over", evidence=[SHA]),
    act("propose_solution", remedies=[REMEDY], answers=ANSWERS, basis="refund.standard"),
    act("agree", medium="phone", words="可以", evidence=[SHA]),
    *(act("complete_step", step=step) for step in ("1.apply", "1.verify", "1.pay", "1.refund", "1.1", "apply", "pay")),
    act("resolve", outcome="corrected", statement="已退款"),
    CALLED,
    act("archive"),
)
"""From the complaint to its file, step by step; steps a plan has not are refused."""
DETOURS = (
    REPLY,
    EXPLAIN,
    ATTEMPT,
    act("request_information", what="账单", reason="核对"),
    act("supplement", text="账单见附件"),
    act("decline", medium="phone", words="太少", evidence=[SHA]),
    act("fail_step", step="1.pay"),
    act("promise", what="明日回电", by="2026-03-20T18:00:00+08:00"),
    act("keep_promise", promise="p1"),
    act("hand_over", to="zhang.wei", reason="交班"),
    act("open_task", department="logistics", what="查询"),
    act("extend", "wang.fang", clock="solution", until="2026-03-06T18:00:00+08:00", reason="等待核实"),
    act("call_back", solved=False, satisfied=False, medium="phone"),
    act("reopen", reason="客户不满意"),
    act("not_accept", "wang.fang", ground="settled_and_executed", proof="协议 1 号"),
    act("withdraw", words="不投诉了"),
)

Step = tuple[Act, float]
"""What is done, so many hours after the step before."""


@st.composite
def stories(draw: st.DrawFn) -> list[Step]:
    """The path with some steps left out and some detours put in between."""
    done: list[Step] = []
    for step in PATH:
        done += draw(st.lists(st.tuples(st.sampled_from(DETOURS), st.sampled_from([0.1, 3, 30, 100])), max_size=2))
        if draw(st.integers(0, 9)):
            done.append((step, draw(st.sampled_from([0.1, 1, 26]))))
    return done


def lived(steps: list[Step], looks: list[float] = []) -> list[Given]:  # noqa: B006  # never changed
    """The complaint after each step, as the services and people make it; looks in between at these hours."""
    story, now, found = looked(given(controls.received(NOW, demands=("退款",))), NOW), NOW, []
    for step, hours in steps:
        begun, now = now, now + hours * HOUR
        for look in sorted(NOW + hour * HOUR for hour in looks):
            story = looked(story, look) if begun < look < now else story
        story = looked(done(looked(story, now), step, now), now)
        found.append(story)
    return found


def done(story: Given, step: Act, now: datetime) -> Given:
    answer = story.when(step.name, step.by, now, **step.data)
    if isinstance(answer, Refusal):
        return story
    entries = [Entry(fact, now, controls.person(step.by), policy=controls.POLICY_ID) for fact in answer]
    return story.and_then(*entries)


def looked(story: Given, now: datetime) -> Given:
    return story.and_then(*story.workflow_looks(now).entries)


def running(story: Given, now: datetime) -> list[ClockReading]:
    """Clocks of people that nobody stopped, with a deadline or lawfully standing still."""
    readings = CLOCKS.readings(story.case.history, story.complaint, now)
    own = [r for r in readings if CLOCKS.specs[r.clock].kept_by == "people" and r.stopped_at is None]
    return [r for r in own if r.due_at is not None or r.pauses]


def test_the_path_leads_to_the_archive_so_that_these_histories_are_real_ones() -> None:
    story = lived([(step, 0.5) for step in PATH])[-1]
    assert story.complaint.ending.closed == "archived"


def keeps_a_clock(steps: list[Step]) -> None:
    now = NOW
    for story, (_, hours) in zip(lived(steps), steps, strict=True):
        now += hours * HOUR
        if story.complaint.is_open:
            assert running(story, now), [recorded.name for recorded in story.case.history]


SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


@pytest.mark.clause("S001-2.3", "S003-5.7", "S001-8.3")
@settings(max_examples=12, deadline=None, suppress_health_check=SLOW)
@for_all(stories())
def test_no_open_complaint_is_without_a_running_clock_of_people(steps: list[Step]) -> None:
    keeps_a_clock(steps)


@pytest.mark.long
@settings(max_examples=1_000, deadline=None, suppress_health_check=SLOW)
@for_all(stories())
def test_no_open_complaint_is_without_a_running_clock_in_a_long_run(steps: list[Step]) -> None:
    keeps_a_clock(steps)


@pytest.mark.clause("S003-3.4")
@settings(max_examples=8, deadline=None, suppress_health_check=SLOW)
@for_all(stories())
def test_no_complaint_is_resolved_and_archived_without_a_reply(steps: list[Step]) -> None:
    """Not accepted and withdrawn ones have their notice and the acknowledgement, which only the notifier sends."""
    story = lived([*steps, (REPLY, 1)])[-1]
    filed = next((r.version for r in story.case.history if r.fact == Archived(ground="called_back")), 0)
    replied = [r.version for r in story.case.history if isinstance(r.fact, Replied)]
    assert not filed or min(replied, default=filed + 1) < filed


def misses_the_same(steps: list[Step], looks: list[float]) -> None:
    end = NOW + (sum(hours for _, hours in steps) + 200) * HOUR
    punctual, late = (looked(lived(steps, seen)[-1], end) for seen in (looks, []))
    assert missed(punctual) == missed(late)


def missed(story: Given) -> set[Breach]:
    return set(story.complaint.breaches)


LOOKS = st.lists(st.floats(0, 400), min_size=1, max_size=6)


@pytest.mark.clause("S001-14.1")
@settings(max_examples=8, deadline=None, suppress_health_check=SLOW)
@for_all(stories().filter(bool), LOOKS)
def test_the_same_deadlines_are_missed_however_often_somebody_looked_in_between(
    steps: list[Step], looks: list[float]
) -> None:
    misses_the_same(steps, looks)


@pytest.mark.long
@settings(max_examples=500, deadline=None, suppress_health_check=SLOW)
@for_all(stories().filter(bool), LOOKS)
def test_the_same_deadlines_are_missed_in_a_long_run(steps: list[Step], looks: list[float]) -> None:
    misses_the_same(steps, looks)


@pytest.mark.clause("S004-1.2", "S001-2.3")
def test_a_duplicate_is_not_open_here_and_once_it_stands_alone_again_its_clocks_go_on() -> None:
    link = Linked(to=examples.OTHER, relation=Relation.DUPLICATE, reason="同一事由")
    merged = looked(given(controls.received(NOW)), NOW).and_then(Entry(link, NOW, controls.machine("intake")))
    assert not merged.complaint.is_open
    later = NOW + timedelta(days=9)
    undone = Unlinked(to=examples.OTHER, relation=Relation.DUPLICATE, reason="不同订单")
    alone = merged.and_then(Entry(undone, later, controls.person()))
    assert {r.clock for r in running(alone, later)} >= {"solution", "progress", "first_substantive"}
