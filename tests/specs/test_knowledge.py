"""What a person knew when they acted: exactly what the ledger held, by version; what came late, what came after."""

from datetime import timedelta
from typing import Any

import pytest

from events.cases import grown
from events.complaint import Case
from events.envelope import Entry, History, Recorded, StreamId
from events.folding import case, fold
from events.links import Linked
from events.vocabulary import Priority, Relation
from policy.registry import ORGANISATION, POLICIES
from services.compliance.replay.knowledge import Knowledge, NoSuchAct, act_of, as_json, knew
from tests import controls
from tests.controls import in_the_morning, person
from tests.pasts import rehearsed
from tests.specs.test_rerun import histories, ledger_of

MINUTE = timedelta(minutes=1)
OTHER = StreamId("11111111-1111-5111-8111-111111111111")


def publications() -> list[Recorded]:
    """What the company published before anything happened."""
    at = in_the_morning() - timedelta(days=1)
    policy = controls.recorded([Entry(controls.published(), at, controls.machine("setup"))], POLICIES)
    people = controls.recorded([Entry(controls.organisation_published(), at, controls.machine("setup"))], ORGANISATION)
    return [*policy, *people]


def recorded_at(history: History, *late: tuple[int, timedelta]) -> History:
    """The same facts, those versions written down so much later than they happened."""
    delays = dict(late)
    return History(r._replace(recorded_at=r.occurred_at + delays.get(r.version, timedelta())) for r in history)


def of(history: History, version: int, *kin: Case) -> Knowledge:
    return knew(history, act_of(history, version=version), publications(), kin)


def told(history: History) -> History:
    """Received, sorted, assigned; two replies and something red in between."""
    at = in_the_morning()
    return controls.recorded(
        [
            controls.received(at),
            controls.classified(at),
            controls.assigned(at),
            controls.told(at + 5 * MINUTE),
            controls.supplemented(at + 3 * MINUTE, "对了，我还受伤了"),
            controls.classified(at + 7 * MINUTE, Priority.RED),
            controls.told(at + 10 * MINUTE, by="wang.fang"),
        ]
    )


HISTORY = told(History())


@pytest.mark.clause("S000-6.2")
def test_the_state_is_that_before_the_act_not_after() -> None:
    known = of(HISTORY, 4)
    assert known.complaint == fold(HISTORY[:3])
    assert (known.complaint.priority, known.complaint.is_answered) == (Priority.YELLOW, False)
    assert of(HISTORY, 7).complaint.priority is Priority.RED


@pytest.mark.clause("S000-6.2")
def test_what_had_happened_and_was_recorded_after_could_not_be_known() -> None:
    history = recorded_at(HISTORY, (5, 4 * MINUTE))
    known = of(history, 4)
    assert [r.version for r in known.missed] == [5]
    assert [r.version for r in known.later] == [6, 7]


@pytest.mark.clause("S000-6.2")
def test_what_was_known_but_written_down_late_is_told_as_late() -> None:
    history = recorded_at(HISTORY, (5, 4 * MINUTE))
    assert [(r.version, r.recorded_at - r.occurred_at) for r in of(history, 7).late] == [(5, 4 * MINUTE)]
    assert of(recorded_at(HISTORY), 4).late == ()


def test_a_fact_exactly_a_minute_late_is_as_good_as_prompt() -> None:
    assert of(recorded_at(HISTORY, (2, MINUTE)), 4).late == ()
    assert [r.version for r in of(recorded_at(HISTORY, (2, MINUTE + timedelta(microseconds=1))), 4).late] == [2]


@pytest.mark.clause("S004-1.3")
def test_clocks_stand_as_they_stood_at_the_act() -> None:
    states = {reading.clock: reading.state.value for reading in of(HISTORY, 4).clocks}
    assert states["first_human"] == "running"
    assert {r.clock: r.state.value for r in of(HISTORY, 7).clocks}["first_human"] == "stopped"


@pytest.mark.clause("S000-6.2")
def test_rules_and_people_in_force_are_named_by_their_digests() -> None:
    known = of(HISTORY, 4)
    assert known.policy_published.sha256 == controls.published().sha256
    assert known.organisation.sha256 == controls.organisation_published().sha256


@pytest.mark.parametrize(("version", "reply"), [(1, None), (0, None), (8, None), (None, 0), (None, 3)])
def test_there_is_no_such_act(version: int | None, reply: int | None) -> None:
    with pytest.raises(NoSuchAct):
        act_of(HISTORY, version=version, reply=reply)


def test_a_reply_is_found_by_its_number() -> None:
    assert [act_of(HISTORY, reply=number).version for number in (1, 2)] == [4, 7]


def linked(relation: Relation = Relation.REPEAT) -> tuple[History, Case]:
    """The complaint linked to another one that accuses li.na, which was answered only later."""
    at = in_the_morning()
    other = case(
        controls.recorded([controls.received(at - MINUTE, accused=("li.na",)), controls.told(at + 60 * MINUTE)], OTHER)
    )
    link = Entry(Linked(to=OTHER, relation=relation, reason="links.repeat"), at, controls.machine("intake"))
    return controls.recorded([controls.received(at), link, controls.told(at + MINUTE)]), other


@pytest.mark.clause("S002-7.2")
def test_linked_complaints_are_shown_as_they_were_to_those_who_may_see_them() -> None:
    history, other = linked()
    by_wang = History((*history[:2], history[2]._replace(actor=person("zhou.min"))))
    shown = of(by_wang, 3, other).linked
    assert [(each.complaint and each.complaint.is_answered, each.relation) for each in shown] == [
        (False, Relation.REPEAT)
    ]
    assert [each.complaint for each in of(history, 3, other).linked] == [None]


@pytest.mark.clause("S002-7.2")
def test_of_a_linked_complaint_nothing_is_shown_behind_a_fact_recorded_later() -> None:
    """The clock of whoever answered it was set back: the ledger held the last fact only after the one before."""
    history, other = linked()
    by_zhou = History((*history[:2], history[2]._replace(actor=person("zhou.min"))))
    behind = other.history[1]._replace(version=3, position=3, recorded_at=history[0].recorded_at)
    stepped = case(History((*other.history, behind)))
    assert [each.complaint and each.complaint.version for each in of(by_zhou, 3, stepped).linked] == [1]


@pytest.mark.clause("S002-7.1")
def test_an_act_of_somebody_barred_is_told_as_such() -> None:
    at = in_the_morning()
    history = controls.recorded([controls.received(at, accused=("li.na",)), controls.told(at + MINUTE)])
    assert of(history, 2).was_barred
    assert not of(HISTORY, 4).was_barred


@pytest.mark.clause("S000-6.2")
def test_machines_get_the_same_without_a_word_of_the_customer() -> None:
    shown = as_json(of(recorded_at(HISTORY, (5, 4 * MINUTE)), 4))
    assert (shown["known_version"], shown["person"], [fact["version"] for fact in shown["missed"]]) == (3, "li.na", [5])
    text = str(shown)
    assert not any(word in text for word in ("受伤", "张三", "13800000000"))


@pytest.mark.parametrize("name", ["g4", "g6", "g13", "g23", "hands"])
@pytest.mark.clause("S000-6.2")
def test_of_every_act_the_known_facts_and_the_later_ones_are_the_whole_history(name: str) -> None:
    past = rehearsed(name)
    ledger = ledger_of(past)
    texts = [*ledger.load(POLICIES), *ledger.load(ORGANISATION)]
    for history in histories(past):
        for asked in history[1:]:
            known = knew(history, asked, texts, [])
            parts: list[Any] = [*known.history, *known.act, *known.missed, *known.later]
            assert sorted(recorded.version for recorded in parts) == [recorded.version for recorded in history]
            assert known.complaint.version == known.act[0].version - 1


def test_facts_of_one_command_are_one_act() -> None:
    past = rehearsed("g6")
    history = next(h for h in histories(past) if any(r.name == "RefundVerified" for r in h))
    ledger = ledger_of(past)
    texts = [*ledger.load(POLICIES), *ledger.load(ORGANISATION)]
    verified = next(r for r in history if r.name == "RefundVerified")
    known = knew(history, verified, texts, [])
    assert known.act[0] == verified
    assert grown(case(known.history), known.act).history == history[: len(known.history) + len(known.act)]
