"""The large history that is measured and checked: lawful, in order, the same again from the same seed."""

import asyncio
from collections import Counter
from datetime import datetime
from itertools import pairwise

import pytest

from events.catalogue import decode, recorded_at
from events.envelope import contiguous
from events.folding import fold
from events.ledger import Ledger
from events.reception import Received
from events.stores import MemoryStore
from policy.policy import DEFAULT_POLICY, SAMPLE_ORGANISATION
from services.bench.lives import LIVES, WAITING, script
from services.bench.synthetic import Base, copies, fill, rehearsed
from services.compliance.conformance.run import Question, company_of, examine, last_recorded, others_in
from services.compliance.replay.histories import histories
from services.wiring.rehearsal import rehearse
from tests import controls

COPIES = 3


@pytest.fixture(scope="module")
def base() -> Base:
    """The lives, begun in one week."""
    return asyncio.run(rehearsed(seed=5, times=1))


@pytest.fixture(scope="module")
def ledger(base: Base) -> Ledger:
    """Three copies of each life."""
    ledger = Ledger(MemoryStore(), controls.Clock(), unsafe=True)
    fill(ledger, base, COPIES * len(base.events))
    return ledger


def test_nothing_a_life_tells_of_is_refused() -> None:
    begin = datetime.fromisoformat("2026-03-02T10:00:00+08:00")
    policy, organisation = DEFAULT_POLICY.read_text(), SAMPLE_ORGANISATION.read_text()
    told = asyncio.run(rehearse(script(begin), policy, organisation))
    assert [event for event in told if "refused" in event] == []
    assert sum(event["type"] == "complaint.received" for event in told) == len(LIVES)


def test_the_same_seed_gives_the_same_history_byte_for_byte(base: Base) -> None:
    again = asyncio.run(rehearsed(seed=5, times=1))
    events = 2 * len(base.events)
    assert list(copies(base, events)) == list(copies(again, events))


def test_rows_stand_in_the_order_in_which_they_were_recorded(ledger: Ledger) -> None:
    times = [recorded_at(row.state, row.position) for row in ledger.scan()]
    assert all(one <= two for one, two in pairwise(times))


def test_each_copy_is_a_complaint_of_its_own_that_reads_and_folds(ledger: Ledger, base: Base) -> None:
    complaints = [fold(contiguous(decode(*row) for row in rows)) for _, rows in histories(ledger)]
    assert len(complaints) == COPIES * len(base.lives)
    assert len({complaint.number for complaint in complaints}) == len(complaints)
    assert len({complaint.external_ref for complaint in complaints}) == len(complaints)
    assert all(complaint.number in _first(ledger, complaint.complaint_id) for complaint in complaints)


def _first(ledger: Ledger, stream: str) -> str:
    fact = ledger.load(next(row.stream for row in ledger.scan() if row.stream == stream))[0].fact
    return fact.number if isinstance(fact, Received) else ""


def test_a_copy_violates_exactly_what_its_life_violates(ledger: Ledger) -> None:
    known, until = company_of(ledger), last_recorded(ledger)
    assert until is not None
    found: Counter[tuple[object, ...]] = Counter()
    others = others_in(ledger, known, until)
    for stream, rows in histories(ledger):
        _, violations = examine(Question(until), known, stream, rows, others, Counter())
        found[tuple((v.check, v.requirement, tuple(shown.version for shown in v.events)) for v in violations)] += 1
    assert all(times % COPIES == 0 for times in found.values())
    assert found[()] == COPIES * (len(LIVES) - len(WAITING))
