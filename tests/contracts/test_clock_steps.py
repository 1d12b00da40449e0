"""A clock was set back between two facts, or went far ahead: nothing is lost, no history gets a gap (ADR 14, 18)."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import orjson
import pytest

from events.envelope import Entry, StreamId
from events.ledger import Ledger
from events.links import Linked
from events.vocabulary import Relation, Service
from policy.policy import DEFAULT_POLICY
from policy.registry import ORGANISATION
from services.compliance.conformance.company import company as told_of
from services.compliance.conformance.run import UNREADABLE, Found, Question, check_all, last_recorded
from services.compliance.exports import jsonl, ocel
from services.compliance.exports.selection import Selection, facts, lives
from services.compliance.replay.replaying import Wanted, replayed
from services.wiring.whatif import extent
from tests import controls
from tests.desk_cases import MONDAY_AT_TEN, Company
from tests.pasts import answered

MINUTE = timedelta(minutes=1)
BETWEEN = MONDAY_AT_TEN + 8 * MINUTE
"""After some fact of the complaint and before another, though not in their order."""


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    """Handled at ten, answered ten minutes later, twice more by a clock four minutes behind."""
    opened = Company(tmp_path)
    stream = asyncio.run(opened.handled("W-1"))
    opened.pass_time(minutes=10)
    opened.reply(stream)
    opened.pass_time(minutes=-4)
    opened.reply(stream)
    opened.reply(stream)
    yield opened
    opened.close()


@pytest.fixture
def opener(company: Company) -> Callable[[], Any]:
    """Lends its ledger."""

    @contextmanager
    def lent() -> Iterator[Ledger]:
        yield company.ledger

    return lent


def examined(company: Company, opener: Callable[[], Any], folder: Path, until: datetime | None = None) -> Found:
    folder.mkdir()
    moment = until or last_recorded(company.ledger)
    assert moment is not None
    return check_all(Question(moment), opener, folder, cores=1)


def versions(company: Company, since: datetime | None, until: datetime | None) -> list[list[int]]:
    """Of each life what was known in the end, and what was asked for."""
    found = lives(company.ledger, Selection(company.ledger.head(), since, until))
    return [[r.version for r in part] for life in found for part in (life.history, life.chosen)]


def test_a_complaint_is_exported_up_to_the_first_fact_recorded_later(company: Company) -> None:
    assert versions(company, None, BETWEEN) == [[1, 2, 3], [1, 2, 3]]
    assert versions(company, BETWEEN, None) == [[1, 2, 3, 4, 5, 6], [4, 5, 6]]


def test_spans_side_by_side_leave_no_gap_and_no_doubles(company: Company, tmp_path: Path) -> None:
    head = company.ledger.head()
    spans = (Selection(head, until=BETWEEN), Selection(head, since=BETWEEN))
    assert [r.position for each in spans for r in facts(company.ledger, each)] == list(range(1, head + 1))
    for number, each in enumerate(spans):
        ocel.write(tmp_path / f"{number}.json", "json", company.ledger, each)
    told = [event["id"] for n in (0, 1) for event in orjson.loads((tmp_path / f"{n}.json").read_bytes())["events"]]
    assert sorted(told) == sorted(f"e{position}" for position in range(1, head + 1))


def test_the_lines_up_to_an_instant_have_no_gap_either(company: Company) -> None:
    out = BytesIO()
    jsonl.write(out, company.ledger, Selection(company.ledger.head(), until=BETWEEN))
    lines = [orjson.loads(line) for line in out.getvalue().splitlines()]
    assert [line["version"] for line in lines if line["type"].startswith("complaint.")] == [1, 2, 3]


def test_a_check_up_to_an_instant_looks_at_the_beginning_that_was_recorded_by_then(
    company: Company, opener: Callable[[], Any], tmp_path: Path
) -> None:
    found = examined(company, opener, tmp_path / "until", BETWEEN)
    assert (found.events, found.violations[UNREADABLE]) == (3, 0)
    everything = examined(company, opener, tmp_path / "all")
    assert everything.events == 6


def test_a_plain_check_examines_what_was_recorded_before_the_clock_was_set_back(
    company: Company, opener: Callable[[], Any], tmp_path: Path
) -> None:
    company.pass_time(hours=-2)
    asyncio.run(company.handled("W-2"))
    assert last_recorded(company.ledger) == MONDAY_AT_TEN + 10 * MINUTE
    found = examined(company, opener, tmp_path / "all")
    assert (found.complaints, found.events) == (2, 9)


def test_one_far_clock_ends_no_replay(company: Company) -> None:
    company.pass_time(days=400)
    ahead = asyncio.run(company.handled("W-2"))
    company.pass_time(days=-400, minutes=1)
    later = asyncio.run(company.handled("W-3"))
    shown = {row.stream for row in replayed(company.ledger, Wanted(until=company.now))}
    assert later in shown and ahead not in shown


def test_a_clock_set_back_hides_nothing_recorded_since(company: Company) -> None:
    company.pass_time(hours=-2)
    for number in range(2, 8):
        asyncio.run(company.handled(f"W-{number}"))
    shown = [row.version for row in replayed(company.ledger, Wanted(since=MONDAY_AT_TEN + 5 * MINUTE))]
    assert shown == [4, 5, 6]


def test_what_if_knows_the_past_up_to_its_latest_fact(company: Company, opener: Callable[[], Any]) -> None:
    found = extent(company.ledger)
    assert found is not None
    assert (found.horizon, found.head) == (MONDAY_AT_TEN + 10 * MINUTE, company.ledger.head())
    study = answered(opener, DEFAULT_POLICY.read_text()).study
    assert (study.complaints, study.events, study.silent, study.failed) == (1, 6, 0, ())


def test_an_organisation_holds_from_when_all_before_it_was_recorded() -> None:
    fact, setup = controls.organisation_published(), controls.machine("setup")
    published = controls.recorded([Entry(fact, MONDAY_AT_TEN, setup)] * 2, ORGANISATION)
    late = published[0]._replace(recorded_at=MONDAY_AT_TEN + 10 * MINUTE)
    known = told_of([late, published[1]._replace(recorded_at=MONDAY_AT_TEN + 6 * MINUTE)])
    assert known.organisation(BETWEEN) is None
    assert known.organisation(MONDAY_AT_TEN + 10 * MINUTE) is known.organisations[1]


class Counting(Ledger):
    """A ledger that counts how often each stream was read alone."""

    read: Counter[StreamId]

    def rows_of(self, streams: Iterable[StreamId]) -> Any:
        """As a ledger does."""
        asked = list(streams)
        self.read.update(asked)
        return super().rows_of(asked)


def test_the_lead_of_an_incident_is_read_once_for_all_its_members(company: Company, tmp_path: Path) -> None:
    lead, *members = [asyncio.run(company.submit(f"I-{number}")) for number in range(12)]
    for member in members:
        link = Linked(to=lead, relation=Relation.INCIDENT, reason="links.batch", leads=False)
        company.append(Service.INTAKE, member, [link], controls.machine("intake"))
    company.pass_time(hours=1)
    counting = Counting(company.ledger.store, company.clock, unsafe=True)
    counting.read = Counter()

    @contextmanager
    def lent() -> Iterator[Ledger]:
        yield counting

    found = check_all(Question(company.now), lent, tmp_path, cores=1)
    assert found.violations["S004-1.2"] == len(members)  # the lead names none of them
    assert counting.read[lead] == 1
