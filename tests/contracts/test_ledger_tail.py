"""A reader that tails the ledger misses nothing while others write (pitfalls G1, invariant I4)."""

import multiprocessing
import re
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

from deploy.postgres_server import Database
from events.ledger import Append, Conflict, Ledger
from events.stores import PostgresStore
from services.clock import now
from tests import controls
from tests.controls import in_the_morning, received, some_streams, told

ROOT = Path(__file__).parents[2]
WRITERS, COMMITS = 4, 60


def write(connection: dict[str, Any], number: int) -> int:
    """In a process of its own: commits of one to five facts, each to a complaint of its own; how many facts."""
    written = 0
    with closing(PostgresStore(**connection)) as store:
        ledger = Ledger(store, now)
        for stream in some_streams(WRITERS * COMMITS)[number::WRITERS]:
            entries = (received(), *[told(in_the_morning())] * (written % 5))
            outcome = ledger.commit([Append(stream, 0, entries)])[0]
            assert not isinstance(outcome, Conflict)
            written += len(outcome)
    return written


def test_a_reader_that_tails_the_ledger_misses_nothing_of_four_writing_processes(postgres: Database) -> None:
    seen: list[int] = []
    with closing(controls.postgres_store(postgres)) as store:
        ledger = Ledger(store, now)
        with ProcessPoolExecutor(WRITERS, mp_context=multiprocessing.get_context("spawn")) as pool:
            writing = [pool.submit(write, controls.connection(postgres), number) for number in range(WRITERS)]
            while not all(each.done() for each in writing):
                # Each page begins where the last one ended, as the relay and the views read.
                seen += [row.position for row in ledger.rows_after(seen[-1] if seen else 0, 50)]
        written = sum(each.result() for each in writing)
        seen += [row.position for row in ledger.rows_after(seen[-1] if seen else 0, 10_000)]
        every = [row.position for row in ledger.rows_after(0, 10_000)]
    assert seen == every
    assert len(every) == written


def test_the_setting_that_loses_events_for_readers_is_never_used() -> None:
    sources = [path for folder in ("events", "policy", "services", "deploy") for path in (ROOT / folder).rglob("*.py")]
    text = "\n".join(path.read_text() for path in sources)
    assert "POSTGRES_ENABLE_DB_FUNCTIONS" not in text
    switches = re.findall(r"enable_db_functions=(\w+)", text)
    assert switches
    assert set(switches) == {"False"}
