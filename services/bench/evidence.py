"""What evidence costs and how it grows: replay with fold and verification, verify, check and a bundle.

Each size has a ledger of its own, made of rehearsed lives (synthetic.py), sealed as the sealer does. The raw limit of
a replay is one process that reads the same rows, decodes their JSON and hashes their lines, in the same round.
"""

import os
import platform
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

import orjson

from events.catalogue import wire
from events.envelope import StreamId
from events.ledger import Ledger
from policy.registry import Policies
from services.bench.figures import Figure, Report, median_ratio
from services.bench.place import Place, StoreKind, place
from services.bench.synthetic import Base, fill, rehearsed
from services.clock import now
from services.compliance.conformance.run import Question, check_all, last_recorded
from services.compliance.evidence import bundle as bundles
from services.compliance.evidence.bundle_file import write
from services.compliance.evidence.bundle_proofs import sealed_by
from services.compliance.replay.folding_all import fold_all
from services.compliance.replay.histories import available_cores, histories
from services.compliance.verification.verifier import entry_hash
from services.compliance.verification.verify_ledger import verify
from services.settings import Settings
from services.wiring.sealing import seal_now, store_of, verifiable
from services.wiring.store import reading_ledger, writing_store

REPLAY_FLOOR, REPLAY_GOAL = 0.5, 1.0
CHECK_SECONDS = 120.0
BUNDLE_SECONDS = 1.0
LARGE = 1_000_000
"""Events at which check and bundle are asked for in that time."""
BUNDLES = 5


class Round(NamedTuple):
    """Seconds of one round."""

    bare: float
    folded: float
    verified: float


async def evidence(kind: StoreKind, *, sizes: Sequence[int], rounds: int, seed: int = 1) -> Report:
    """One ledger after the other, each of that many events or a few more."""
    source = await rehearsed(seed)
    figures: list[Figure] = []
    details: dict[str, Any] = {"cores": available_cores(), "load": [], "machine": platform.machine(), "rounds": {}}
    with place(kind) as here:
        for size in sizes:
            found, seconds = _measured(here, source, size, rounds)
            figures += found
            details["rounds"][f"{size:,}"] = [each._asdict() for each in seconds]
            details["load"].append(round(os.getloadavg()[0], 1))
    return Report("evidence", kind, now(), figures, details)


def _measured(here: Place, source: Base, size: int, rounds: int) -> tuple[list[Figure], list[Round]]:
    settings = here.settings()
    store = writing_store(settings)
    store.create()
    with closing(Ledger(store, now)) as ledger:
        started = perf_counter()
        events = fill(ledger, source, size) + len(source.company)
        filling = perf_counter() - started
        sealing = _seconds(partial(seal_now, settings, ledger, now))
    seconds = [_round(settings) for _ in range(rounds)]
    checking = _seconds(partial(_check, settings))
    bundling = _bundles(settings)
    name = f"{events:,} events"
    bare = [events / each.bare for each in seconds]
    folded = [events / each.folded for each in seconds]
    verified = [events / each.verified for each in seconds]
    large = events >= LARGE
    return [
        Figure(f"{name}: written", events / filling, "events/s"),
        Figure(f"{name}: sealed", events / sealing, "events/s"),
        _beside(f"{name}: replay with fold and verification", folded, bare, REPLAY_FLOOR, REPLAY_GOAL),
        _beside(f"{name}: verify", verified, bare),
        Figure(f"{name}: check", events / checking, "events/s"),
        _within(f"{name}: check of all", checking, CHECK_SECONDS if large else None),
        _within(f"{name}: a bundle", bundling, BUNDLE_SECONDS if large else None),
    ], seconds


def _beside(
    name: str, ours: Sequence[float], bare: Sequence[float], floor: float | None = None, goal: float | None = None
) -> Figure:
    return Figure(name, median(ours), "events/s", median(bare), median_ratio(ours, bare), floor, goal)


def _within(name: str, seconds: float, bound: float | None) -> Figure:
    return Figure(name, seconds, "s", floor=bound, goal=bound, smaller_is_better=True)


def _round(settings: Settings) -> Round:
    opener = partial(reading_ledger, settings, now)
    with opener() as ledger:
        bare = _seconds(partial(read_decode_hash, ledger))
    return Round(bare, _seconds(partial(fold_all, opener)), _seconds(partial(_verify, settings)))


def read_decode_hash(ledger: Ledger) -> int:
    """Every row read, its JSON decoded, its event line hashed, nothing else; how many."""
    number = 0
    for number, row in enumerate(ledger.scan(), start=1):  # noqa: B007 - the count is the result
        orjson.loads(row.state)
        entry_hash(wire(*row))
    return number


def _verify(settings: Settings) -> None:
    report = verify(*verifiable(settings), processes=available_cores())
    if not report.is_sound:
        raise AssertionError(f"the ledger just sealed does not verify: {report}")


def _check(settings: Settings) -> None:
    with tempfile.TemporaryDirectory(prefix="amends-check-") as folder:
        with reading_ledger(settings, now) as ledger:
            until = last_recorded(ledger) or now()
        check_all(Question(until), partial(reading_ledger, settings, now), Path(folder))


def _bundles(settings: Settings) -> float:
    """The slowest of a few bundles, ledger and seal opened for each as the command does."""
    opener = partial(reading_ledger, settings, now)
    with opener() as ledger:
        some = [stream for stream, _ in islice(histories(ledger), BUNDLES)]
    return max(_seconds(partial(_bundle, settings, stream)) for stream in some)


def _bundle(settings: Settings, stream: StreamId) -> None:
    with tempfile.TemporaryDirectory(prefix="amends-bundle-") as folder, reading_ledger(settings, now) as ledger:
        found = bundles.contents(ledger, stream, sealed_by(store_of(settings)))
        write(Path(folder) / "bundle.zip", found, bundles.parts(found, Policies(ledger), {}), {})


def _seconds(work: Callable[[], object]) -> float:
    started = perf_counter()
    work()
    return perf_counter() - started
