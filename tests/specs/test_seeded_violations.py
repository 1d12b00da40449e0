"""Whatever is planted is found, nothing is made up: the checker beside what was planted and beside a second opinion."""

import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import orjson
import pytest
from eventsourcing.persistence import StoredEvent

from events.envelope import StreamId, complaint_id
from events.ledger import Ledger
from events.stores import SQLiteStore
from services.clock import now
from services.compliance.conformance.catalogue import CHECKS
from services.compliance.conformance.run import Question, check_all
from tests.conformance_oracle import JUDGED, faults, is_covered
from tests.conformance_times import CLOCKS, Fault
from tests.seeding import PLANTERS, Planted, planted
from tests.synthetic import PEOPLE, Lines, company_rows, row_of, worlds

TIMED = frozenset({"every_clock_is_met", "breaches_are_recorded_as_they_were"})
ROWS_OF_ATTEMPTS = frozenset({"attempts_are_counted_by_the_rule", "customers_are_not_given_up_too_early"})


class Seeded(NamedTuple):
    """One complaint of the ledger that is examined."""

    lines: Lines
    notes: Sequence[Planted]


def seeded(seed: int, times: int, weeks: int) -> Iterator[Seeded]:
    """Lawful histories as they are, each kind of violation planted so often into one of them, then several in one."""
    chance = Random(seed)
    lawful = [lines for world in worlds(seed, weeks) for lines in world.complaints.values() if is_covered(lines)]
    yield from (Seeded(lines, ()) for lines in lawful)
    for planter in PLANTERS.values():
        fitting = [lines for lines in lawful if planted(lines, planter, Random(seed)) is not None]
        for _ in range(times):
            lines, notes = planted(chance.choice(fitting), planter, chance) or ([], [])
            yield Seeded(lines, notes)
    for _ in range(times * len(PLANTERS) // 4):
        yield Seeded(_crowded(chance.choice(lawful), chance), ())


def _crowded(lines: Lines, chance: Random) -> Lines:
    """Several violations in one history: what each shows then is for the two opinions to agree on."""
    for planter in chance.sample(list(PLANTERS.values()), 6):
        lines, _ = planted(lines, planter, chance) or (lines, [])
    return lines


@contextmanager
def reading(path: Path) -> Iterator[Ledger]:
    """The ledger to read, in whatever process."""
    with closing(Ledger(SQLiteStore(path, read_only=True), now, unsafe=True)) as ledger:
        yield ledger


def examined(every: Sequence[Seeded], until: datetime, folder: Path) -> dict[StreamId, set[Fault]]:
    """What `amends check` finds in a ledger of all of them, as far as the second opinion can tell."""
    store = SQLiteStore(folder / "ledger.db")
    store.create()
    store.insert([StoredEvent(row.stream, row.version, row.topic, row.state) for row in company_rows()])
    for number, each in enumerate(every):
        rows = [row_of(line) for line in each.lines]
        store.insert([StoredEvent(stream_of(number), row.version, row.topic, row.state) for row in rows])
    store.close()
    question = Question(until, checks=tuple(sorted(JUDGED)))
    check_all(question, partial(reading, folder / "ledger.db"), folder)
    found: dict[StreamId, set[Fault]] = {stream_of(number): set() for number in range(len(every))}
    lines_of = {stream_of(number): each.lines for number, each in enumerate(every)}
    for file in folder.glob("*.jsonl"):
        for violation in map(orjson.loads, file.read_bytes().splitlines()):
            stream = violation["complaint_id"]
            if _is_known(violation, lines_of[stream]):
                found[stream].add(_fault(violation))
    return found


def stream_of(number: int) -> StreamId:
    """The id of one of them: every history stands for itself."""
    return complaint_id("seeded", str(number))


def _is_known(violation: dict[str, Any], lines: Lines) -> bool:
    """The second opinion knows some clocks, and people's own attempts and callbacks."""
    if violation["check"] in TIMED:
        return violation["requirement"] in CLOCKS.values()
    if violation["check"] not in ROWS_OF_ATTEMPTS:
        return True
    line = lines[violation["events"][-1]["version"] - 1]
    if violation["check"] == "attempts_are_counted_by_the_rule":
        return bool(line["actor"]["kind"] == "person")
    return (line["data"].get("outcome"), line["data"].get("kind")) == ("exhausted", "callback")


def _fault(violation: dict[str, Any]) -> Fault:
    due = violation["due_at"] and datetime.fromisoformat(violation["due_at"])
    version = violation["events"][-1]["version"]
    return Fault(violation["check"], violation["requirement"], version, due if violation["check"] in TIMED else None)


def _end(every: Sequence[Seeded]) -> datetime:
    return max(datetime.fromisoformat(line["recorded_at"]) for each in every for line in each.lines) + timedelta(days=1)


def disagreements(seed: int, times: int, weeks: int) -> tuple[int, list[str]]:
    """How many violations were planted, and whatever is missed, made up or judged otherwise."""
    every = list(seeded(seed, times, weeks))
    until = _end(every)
    with tempfile.TemporaryDirectory() as folder:
        found = examined(every, until, Path(folder))
    wrong: list[str] = []
    for number, each in enumerate(every):
        ours, theirs = found[stream_of(number)], faults(each.lines, PEOPLE, until)
        seen = {(fault.rule, fault.requirement, fault.version) for fault in ours}
        missed = [note for note in each.notes if not _is_seen(note, seen)]
        wrong += [f"{number} planted, not found: {note.rule} {note.line['version']}" for note in missed]
        wrong += [f"{number} the checker alone: {fault}" for fault in sorted(ours - theirs)]
        wrong += [f"{number} the second opinion alone: {fault}" for fault in sorted(theirs - ours)]
    return sum(len(each.notes) for each in every), wrong


def _is_seen(note: Planted, seen: set[tuple[str, str, int]]) -> bool:
    return any(
        rule == note.rule and version == note.line["version"] and note.requirement in ("", requirement)
        for rule, requirement, version in seen
    )


EVERY = ("S004-1.3", "S004-1.5", "S004-1.7", "S002-1.2", "S002-1.10", "S002-1.11", "S002-6.1", "S002-6.2", "S002-6.4")
MORE = ("S002-7.1", "S002-1.15", "S000-4.1", "S004-5.3", "S002-0.3", "S002-3.5", "S004-4.5", "S002-4.3", "S004-6.1")


@pytest.mark.clause(*EVERY, *MORE, "S004-2.8")
def test_every_planted_violation_is_found_and_none_is_made_up() -> None:
    number, wrong = disagreements(seed=1, times=10, weeks=1)
    assert number >= len(PLANTERS) * 10
    assert wrong == []


@pytest.mark.long
@pytest.mark.clause(*EVERY, *MORE, "S004-2.8")
@pytest.mark.parametrize("seed", range(2, 12))
def test_tens_of_thousands_of_complaints_are_judged_alike_by_two_opinions(seed: int) -> None:
    number, wrong = disagreements(seed, times=100, weeks=6)
    assert number >= len(PLANTERS) * 100
    assert wrong == []


def test_the_second_opinion_speaks_of_checks_there_are() -> None:
    assert sorted(JUDGED - {each.name for each in CHECKS}) == []


@pytest.mark.parametrize("file", ["conformance_oracle.py", "conformance_times.py"])
def test_the_second_opinion_shares_no_code_with_the_checker(file: str) -> None:
    source = (Path(__file__).parents[1] / file).read_text()
    imported = re.findall(r"^(?:from|import) ([a-z_.]+)", source, re.MULTILINE)
    ours = {name for name in imported if name.split(".")[0] in ("events", "policy", "services", "deploy", "tests")}
    assert ours <= {"tests.conformance_times"}
