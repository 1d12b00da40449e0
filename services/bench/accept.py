"""Submissions over HTTP, a receipt only after the commit, beside a bare handler with the same group commit."""

from statistics import median
from typing import Any

from events.subjects import Role
from services.bench.figures import Figure, Report, median_ratio, sizes
from services.bench.load import generate
from services.bench.place import StoreKind, place, running, watch
from services.bench.raw import bare_accept
from services.clock import now

FLOOR, GOAL = 0.4, 0.6
P99_MS = 60.0


async def accept(kind: StoreKind, *, complaints: int, submitters: int, rounds: int) -> Report:
    """Interleaved rounds of ours and the bare handler under the same load."""
    ours: list[dict[str, Any]] = []
    bare: list[dict[str, Any]] = []
    with place(kind) as here:
        async with running(here, (Role.INTAKE,)) as (house, _), bare_accept(here.recorder()) as bare_port:
            assert house.http_port is not None
            commits = watch(house.ledger)
            for number in range(-1, rounds):
                mine = await generate(house.http_port, f"ours{number}", complaints, submitters)
                theirs = await generate(bare_port, f"bare{number}", complaints, submitters)
                if number >= 0:  # the first round warms up
                    ours.append(_all_taken(mine, complaints))
                    bare.append(_all_taken(theirs, complaints))
    return Report("accept", kind, now(), _figures(ours, bare), _details(ours, bare, [len(c.events) for c in commits]))


def _all_taken(measured: dict[str, Any], complaints: int) -> dict[str, Any]:
    if measured["statuses"] != {"201": complaints}:
        raise ValueError(f"not every submission was taken: {measured['statuses']}")
    return measured


def _figures(ours: list[dict[str, Any]], bare: list[dict[str, Any]]) -> list[Figure]:
    mine, raw = _column(ours, "per_second"), _column(bare, "per_second")
    slow, raw_slow = median(_column(ours, "p99_ms")), median(_column(bare, "p99_ms"))
    return [
        Figure("throughput", median(mine), "complaints/s", median(raw), median_ratio(mine, raw), FLOOR, GOAL),
        Figure("p99", slow, "ms", raw_slow, None, P99_MS, P99_MS, smaller_is_better=True),
    ]


def _details(ours: list[dict[str, Any]], bare: list[dict[str, Any]], batches: list[int]) -> dict[str, Any]:
    return {"commit_sizes": sizes(batches), "rounds": {"ours": ours, "bare": bare}}


def _column(rounds: list[dict[str, Any]], name: str) -> list[float]:
    return [float(one[name]) for one in rounds]
