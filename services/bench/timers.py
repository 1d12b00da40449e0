"""Timers: what 100,000 pending ones cost a step, and how a burst of due ones is handled."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from time import perf_counter

from events.agenda import BrokerAgenda
from events.attention import Attention, pay_attention
from events.bus import broker, connect, jetstream, stop
from events.envelope import StreamId, complaint_id
from events.reconciler import Settled
from events.subjects import Role
from events.vocabulary import Service
from services.bench.figures import Figure, Report
from services.bench.flow import BATCH, through
from services.bench.place import StoreKind, place, running, watch
from services.clock import now

PENDING_RATIO = 1.1
BURST_SECONDS = 10.0
SPREAD = timedelta(seconds=1)
"""The burst falls due within this."""
AHEAD = timedelta(seconds=3)
SLOWEST_SCHEDULING = 1_000
"""Timers a second: all are written before the first is due."""
ORDER_MS = 100.0
"""Due times closer than this may change places: timers are gathered for that long at the most, twice."""
ENOUGH_SECONDS = 120.0


async def timers(kind: StoreKind, *, pending: int, burst: int, rounds: int) -> Report:
    """Both; each with a broker of its own."""
    figures = [await _pending(kind, pending, rounds), *await _burst(kind, burst)]
    return Report("timers", kind, now(), figures, {"pending": pending, "burst": burst})


async def _pending(kind: StoreKind, pending: int, rounds: int) -> Figure:
    """A step with that many timers waiting, beside one with none: two installations, interleaved."""
    seconds: list[list[float]] = [[], []]
    with place(kind) as here:
        async with running(here) as (empty, _), running(here) as (full, nats):
            client = await connect(nats, Role.OPERATOR)
            tomorrow = now() + timedelta(days=1)
            looks = {complaint_id("timer", str(number)): tomorrow for number in range(pending)}
            await BrokerAgenda(client.jetstream(), Service.WORKFLOW).schedule(looks)
            await client.close()
            commits = [watch(empty.ledger), watch(full.ledger)]
            for number in range(-1, rounds):
                for house, seen, into in zip((empty, full), commits, seconds, strict=True):
                    taken = await through(house, seen, f"step{number}", BATCH)
                    into += [taken] if number >= 0 else []  # the first round warms up
    value, raw = (1e6 * median(each) / BATCH for each in (seconds[1], seconds[0]))
    ratio = median(full / empty for empty, full in zip(*seconds, strict=True))
    name = f"a complaint's steps with {pending:,} timers pending, beside none"
    return Figure(name, value, "µs", raw, ratio, PENDING_RATIO, PENDING_RATIO, smaller_is_better=True)


class Handled:
    """Stands where a service looks: notes when each complaint's timer arrived."""

    def __init__(self, expected: int) -> None:
        self.at: dict[StreamId, datetime] = {}
        self._expected = expected
        self.all = asyncio.Event()

    async def look(self, complaints: Sequence[StreamId]) -> Settled:
        """Note and decide nothing."""
        moment = now()
        for complaint in complaints:
            self.at.setdefault(complaint, moment)
        if len(self.at) >= self._expected:
            self.all.set()
        return Settled({}, {}, {}, {})


async def _burst(kind: StoreKind, burst: int) -> list[Figure]:
    """That many timers due within a second."""
    with place(kind) as here:
        async with running(here, (Role.RELAY,)) as (_, nats):
            handled = Handled(burst)
            stopping = False
            service = broker(nats, Role.OPERATOR, lambda: stopping)
            await service.connect()
            agenda = BrokerAgenda(jetstream(service), Service.WORKFLOW)
            pay_attention(Attention(Service.WORKFLOW, handled.look, agenda, service), Service.WORKFLOW, service)
            await service.start()
            first = now() + AHEAD + timedelta(seconds=burst / SLOWEST_SCHEDULING)
            due = {complaint_id("due", str(n)): first + SPREAD * (n / burst) for n in range(burst)}
            started = perf_counter()
            await agenda.schedule(due)
            scheduled = burst / (perf_counter() - started)
            async with asyncio.timeout(ENOUGH_SECONDS):
                await handled.all.wait()
            stopping = True
            await stop(service)
    return _burst_figures(due, handled.at, scheduled)


def _burst_figures(due: dict[StreamId, datetime], at: dict[StreamId, datetime], scheduled: float) -> list[Figure]:
    last = max(at.values()) - max(due.values())
    early = sum(at[complaint] < moment for complaint, moment in due.items())
    in_order_of_handling = [due[complaint] for complaint in sorted(at, key=lambda c: (at[c], due[c]))]
    back = max((before - after for before, after in pairwise(in_order_of_handling)), default=timedelta())
    count = len(due)
    return [
        Figure("scheduling", scheduled, "timers/s"),
        Figure(
            f"a burst of {count:,} handled after its last due time",
            last.total_seconds(),
            "s",
            None,
            None,
            BURST_SECONDS,
            2.0,
            smaller_is_better=True,
        ),
        Figure("handled early", early, "timers", None, None, 0, 0, smaller_is_better=True),
        Figure(
            "largest step back in due time",
            back.total_seconds() * 1_000,
            "ms",
            None,
            None,
            ORDER_MS,
            ORDER_MS,
            smaller_is_better=True,
        ),
    ]
