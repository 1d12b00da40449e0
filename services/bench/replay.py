"""Reading and folding the whole ledger, beside reading the same rows and decoding their JSON."""

import asyncio
from collections.abc import Callable
from statistics import median
from time import perf_counter

import orjson

from events.complaint import Complaint
from events.envelope import StreamId
from events.folding import evolve
from events.ledger import Ledger
from events.reception import Received
from services.bench.figures import Figure, Report, median_ratio
from services.bench.flow import some_history, through
from services.bench.place import StoreKind, place, running, watch
from services.bench.samples import fill
from services.clock import now

FLOOR, GOAL = 0.5, 1.0
PAGE = 2_000


async def replay(kind: StoreKind, *, complaints: int, rounds: int) -> Report:
    """Interleaved rounds over the same ledger."""
    with place(kind) as here:
        async with running(here) as (house, _):
            await through(house, watch(house.ledger), "seed", 1)
            history = some_history(house.ledger)
        ledger = here.ledger(here.settings())
        try:
            await asyncio.to_thread(fill, ledger, history, "replay", complaints)
            runs = [(_rate(folded, ledger), _rate(decoded, ledger)) for _ in range(rounds)]
        finally:
            ledger.close()
    ours, raw = [mine for mine, _ in runs], [bare for _, bare in runs]
    figure = Figure("with fold", median(ours), "events/s", median(raw), median_ratio(ours, raw), FLOOR, GOAL)
    details = {"events": complaints * len(history), "rounds": {"ours": ours, "bare": raw}}
    return Report("replay", kind, now(), [figure], details)


def folded(ledger: Ledger) -> int:
    """Every fact decoded and every complaint folded, in ledger order; how many facts."""
    complaints: dict[StreamId, Complaint] = {}
    number = 0
    for number, recorded in enumerate(ledger.replay(), start=1):  # noqa: B007 - the count is the result
        if isinstance(recorded.fact, Received) or recorded.complaint_id in complaints:
            complaints[recorded.complaint_id] = evolve(complaints.get(recorded.complaint_id), recorded)
    return number


def decoded(ledger: Ledger) -> int:
    """Every row read page by page and its JSON decoded, nothing else."""
    number = position = 0
    while rows := ledger.store.after(position, PAGE):
        for row in rows:
            orjson.loads(row.state)
        number += len(rows)
        position = rows[-1].position
    return number


def _rate(run: Callable[[Ledger], int], ledger: Ledger) -> float:
    started = perf_counter()
    return run(ledger) / (perf_counter() - started)
