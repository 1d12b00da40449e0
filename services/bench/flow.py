"""Received, classified, assigned, acknowledged: four durable steps through all services, beside a bare batch loop."""

import asyncio
from collections.abc import Sequence
from statistics import median
from time import perf_counter

from events.bus import connect
from events.contact import Replied
from events.ledger import Ledger
from events.reception import Received
from events.stores import Row
from events.subjects import Role
from events.vocabulary import Service
from policy.registry import Policies
from services.bench.figures import Figure, Report, median_ratio, percentile, sizes
from services.bench.place import Commit, Place, StoreKind, place, running, watch
from services.bench.raw import BareLoop
from services.bench.samples import fill, submission
from services.clock import now
from services.intake.intake import Intake
from services.intake.receipts import Receipt
from services.intake.submission import parse
from services.notifier.notifier import Notifier
from services.notifier.senders.choose import Senders
from services.wiring.roles import House
from services.workflow.workflow import Workflow

FLOOR, GOAL = 0.4, 1.0
LIGHT_FLOOR_MS, LIGHT_GOAL_MS = 30.0, 10.0
GROWTH = 1.2
BATCH = 250
"""Submissions recorded together, as a pull of intake does."""
ENOUGH_SECONDS = 120.0
"""Nothing here takes that long: then something is wrong."""


async def flow(kind: StoreKind, *, complaints: int, rounds: int) -> Report:
    """Interleaved rounds of all services and of the bare loop over as many complaints."""
    ours: list[float] = []
    bare: list[float] = []
    with place(kind) as here:
        async with running(here) as (house, nats):
            commits = watch(house.ledger)
            await through(house, commits, "warm", BATCH)
            states = [row.state for row in some_history(house.ledger)]
            client = await connect(nats, Role.OPERATOR)
            loop = BareLoop(here.recorder(), client.jetstream(), states[:4])
            await loop.prepare()
            for number in range(rounds):
                ours.append(complaints / await through(house, commits, f"round{number}", complaints))
                bare.append(complaints / await loop.run(complaints))
            await client.close()
    figure = Figure("throughput", median(ours), "complaints/s", median(bare), median_ratio(ours, bare), FLOOR, GOAL)
    details = {
        "events_a_complaint": len(states),
        "commit_sizes": sizes([len(commit.events) for commit in commits]),
        "rounds": {"ours": ours, "bare": bare},
    }
    return Report("flow", kind, now(), [figure], details)


async def light(kind: StoreKind, *, complaints: int, pause_seconds: float = 0.05) -> Report:
    """From the start of accepting one complaint to its acknowledgement committed, one at a time."""
    taken: list[float] = []
    with place(kind) as here:
        async with running(here) as (house, _):
            commits = watch(house.ledger)
            await through(house, commits, "warm", 20)
            for number in range(complaints):
                taken.append(1_000 * await through(house, commits, f"light{number}", 1))
                await asyncio.sleep(pause_seconds)
    p50 = percentile(taken, 0.5)
    figures = [
        Figure("p50 under light load", p50, "ms", None, None, LIGHT_FLOOR_MS, LIGHT_GOAL_MS, smaller_is_better=True)
    ]
    return Report("flow --light", kind, now(), figures, {"p99_ms": percentile(taken, 0.99), "complaints": complaints})


async def growth(kind: StoreKind, *, small: int, large: int, rounds: int) -> Report:
    """What the three steps of a complaint cost over a small ledger and over a large one, interleaved."""
    with place(kind) as here:
        async with running(here) as (house, _):
            await through(house, watch(house.ledger), "seed", 1)
            history = some_history(house.ledger)
        steps = [_Steps(here) for _ in range(2)]
        seconds: list[list[float]] = [[], []]
        try:
            for each, complaints in zip(steps, (small, large), strict=True):
                await asyncio.to_thread(fill, each.ledger, history, "growth", complaints)
            for number in range(-1, rounds):
                for each, into in zip(steps, seconds, strict=True):
                    taken = await each.seconds(f"growth{number}")
                    into += [taken] if number >= 0 else []  # the first round warms up
        finally:
            for each in steps:
                each.ledger.close()
    ratio = median_ratio(seconds[1], seconds[0])
    value, raw = (1e6 * median(one) / BATCH for one in (seconds[1], seconds[0]))
    name = f"a complaint's steps with {large:,} in the ledger, beside {small:,}"
    figure = Figure(name, value, "µs", raw, ratio, GROWTH, GROWTH, smaller_is_better=True)
    return Report("flow --growth", kind, now(), [figure], {"rounds": {"small": seconds[0], "large": seconds[1]}})


async def through(house: House, commits: list[Commit], run: str, complaints: int) -> float:
    """Seconds until that many new complaints are all acknowledged."""
    seen = len(commits)
    started = perf_counter()
    for first in range(0, complaints, BATCH):
        numbers = range(first, min(first + BATCH, complaints))
        await house.intake.accept_all([parse(submission(run, number), now()) for number in numbers])
    missing = complaints
    async with asyncio.timeout(ENOUGH_SECONDS):
        while True:
            while seen < len(commits):
                missing -= sum(event.topic == Replied.TYPE for event in commits[seen].events)
                seen += 1
            if missing <= 0:
                return commits[seen - 1].at - started
            await asyncio.sleep(0.002)


class _Steps:
    """The three services over one ledger without a broker, which does not know how big the ledger is."""

    def __init__(self, here: Place) -> None:
        settings = here.settings()
        self.ledger = here.ledger(settings)
        policies, senders = Policies(self.ledger), Senders(settings.senders, now)
        self._intake = Intake(self.ledger.writer(Service.INTAKE), policies, now)
        self._workflow = Workflow(self.ledger.writer(Service.WORKFLOW), policies, now)
        self._notifier = Notifier(self.ledger.writer(Service.NOTIFIER), policies, senders, now)

    async def seconds(self, run: str) -> float:
        """How long a bundle of new complaints takes from accepting to acknowledged."""
        started = perf_counter()
        receipts = await self._intake.accept_all([parse(submission(run, number), now()) for number in range(BATCH)])
        complaints = [receipt.complaint_id for receipt in receipts if isinstance(receipt, Receipt)]
        await self._workflow.look(complaints)
        await self._notifier.look(complaints)
        return perf_counter() - started


def some_history(ledger: Ledger) -> Sequence[Row]:
    """The stored rows of one acknowledged complaint."""
    first = next(row.stream for row in ledger.scan() if row.topic == Received.TYPE)
    return ledger.store.streams([first])
