"""Who complained of what, lately: a view in memory that tails the ledger and holds digests, no words (S004-1.2)."""

from bisect import bisect_left
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import timedelta
from hashlib import blake2b
from operator import attrgetter
from typing import NamedTuple

import structlog

from events.catalogue import decode
from events.envelope import StreamId
from events.ledger import Clock, Ledger
from events.reception import Received
from events.stores import Row
from policy.policy import Policy
from policy.registry import Policies
from policy.sorting.links import Batch, LinkRules, batch, customer_keys, product_key, traces
from policy.timing.instants import micros, span

log = structlog.get_logger()

PAGE = 2_000
"""Rows read at once."""
MOST = 50
"""Complaints of one customer compared, the latest ones; and waiting members of an incident not yet begun."""


class Incident(NamedTuple):
    """Complaints of one cause: who came first, and those with whom there were enough of them."""

    head: StreamId
    founders: tuple[StreamId, ...]
    reason: str
    """The rule of the policy that makes them one."""


class Found(NamedTuple):
    """What the ledger says beside one complaint, as of that complaint's own place in it."""

    earlier: tuple[StreamId, ...] = ()
    """Complaints of the same customer recorded before, the first one first."""
    incident: Incident | None = None


class _Seen(NamedTuple):
    position: int
    stream: StreamId
    received_at: int
    recorded_at: int
    """Microseconds, as in `policy.instants`: a third of what a datetime takes."""
    customers: tuple[int, ...]
    causes: tuple[int, ...]


class _Cause(NamedTuple):
    """What many complaints may have in common, and how many make an incident."""

    key: int
    rule: Batch
    reason: str


class _Wave:
    """Complaints of one cause, in ledger order."""

    __slots__ = ("incident", "last", "waiting")

    def __init__(self) -> None:
        self.waiting: list[_Seen] = []
        """Close together, but not enough yet."""
        self.incident: Incident | None = None
        self.last: _Seen | None = None

    def add(self, seen: _Seen, cause: _Cause) -> Iterable[StreamId]:
        """Take one more; who belongs to the incident from now on."""
        rule, before, self.last = cause.rule, self.last, seen
        if self.incident and before and _are_close(before, seen, rule.window):
            return (seen.stream,)
        self.incident = None
        close = [each for each in self.waiting if _are_close(each, seen, rule.window)]
        self.waiting = [*close, seen][-MOST:]
        if _different(self.waiting) < rule.at_least:
            return ()
        founders = tuple(each.stream for each in self.waiting)
        self.incident, self.waiting = Incident(founders[0], founders, cause.reason), []
        return founders


class Kinship:
    """Same customer, same product: an answer depends on nothing but the ledger up to the complaint asked about.

    Holds what was recorded within `links.remember` of the policy in force, so its memory follows the traffic of
    that time, not the ledger. Blocks; one thread at a time.
    """

    def __init__(self, ledger: Ledger, policies: Policies, clock: Clock) -> None:
        self._ledger = ledger
        self._policies = policies
        self._clock = clock
        self._position: int | None = None
        self._order: deque[_Seen] = deque()
        self._known: dict[StreamId, _Seen] = {}
        self._of_customer: dict[int, Sequence[_Seen]] = {}
        """A tuple for the most, who complain once: half of what a list takes."""
        self._waves: dict[int, _Wave] = {}
        self._incidents: dict[StreamId, tuple[Incident, ...]] = {}
        """A complaint is a member of the first; it may have brought about the others."""

    def __len__(self) -> int:
        """Complaints held."""
        return len(self._order)

    def beside(self, streams: Iterable[StreamId]) -> dict[StreamId, Found]:
        """What stands beside these complaints, and beside the founders of their incidents; raises LedgerUnavailable.

        The ledger is read to its end first. A complaint older than what is held is left out.
        """
        self._catch_up()
        every = dict.fromkeys(streams)
        for stream in list(every):
            # A founder looks after the others: whoever brought the incident about may have died before that.
            for incident in self._incidents.get(stream, ()):
                if stream in incident.founders:
                    every |= dict.fromkeys(incident.founders)
        return {stream: self._beside(seen) for stream in every if (seen := self._known.get(stream)) is not None}

    def _beside(self, seen: _Seen) -> Found:
        earlier = {
            other.position: other.stream
            for key in seen.customers
            for other in _latest_before(self._of_customer[key], seen.position)
        }
        latest = sorted(earlier)[-MOST:]
        return Found(
            tuple(earlier[position] for position in latest), next(iter(self._incidents.get(seen.stream, ())), None)
        )

    def _catch_up(self) -> None:
        if self._position is None:
            self._position = self._ledger.position_before(self._clock() - self._remember())
        while rows := self._ledger.rows_after(self._position, PAGE):
            for row in self._ledger.opened([row for row in rows if row.topic == Received.TYPE], whole=False):
                self._take(row)
            self._position = rows[-1].position
        self._forget()

    def _remember(self) -> timedelta:
        return self._policies.current(self._clock()).document.links.remember

    def _take(self, row: Row) -> None:
        try:
            seen, causes = self._read(row)
        except Exception:  # catch-all: a complaint that cannot be read must not keep the others apart (I9)
            log.exception("complaint cannot be compared", complaint=row.stream)
            return
        self._order.append(seen)
        self._known[seen.stream] = seen
        for key in seen.customers:
            self._hold(key, seen)
        for cause in causes:
            wave = self._waves.setdefault(cause.key, _Wave())
            for member in wave.add(seen, cause):
                if wave.incident is not None:
                    self._incidents[member] = (*self._incidents.get(member, ()), wave.incident)

    def _hold(self, key: int, seen: _Seen) -> None:
        held = self._of_customer.get(key)
        if isinstance(held, list):
            held.append(seen)
        else:
            self._of_customer[key] = [*held, seen] if held else (seen,)

    def _read(self, row: Row) -> tuple[_Seen, Sequence[_Cause]]:
        """A row as digests, and its possible causes by the policy it is pinned to."""
        recorded = decode(*row)
        fact = recorded.fact
        if not isinstance(fact, Received):
            raise TypeError(f"{row.topic} is no {Received.TYPE}")
        policy = self._policies.get(recorded.policy)
        causes = tuple(_causes(fact, policy))
        seen = _Seen(
            row.position,
            row.stream,
            micros(recorded.occurred_at),
            micros(recorded.recorded_at),
            _customers(fact, policy.document.links),
            tuple(cause.key for cause in causes),
        )
        return seen, causes

    def _forget(self) -> None:
        """Let go of what was recorded so long before the newest that no rule compares it."""
        if not self._order:
            return
        since = self._order[-1].recorded_at - span(self._remember())
        while self._order[0].recorded_at < since:
            self._drop(self._order.popleft())

    def _drop(self, seen: _Seen) -> None:
        del self._known[seen.stream]
        self._incidents.pop(seen.stream, None)
        for key in seen.customers:
            held = self._of_customer[key]
            if isinstance(held, list) and len(held) > 1:
                del held[0]  # both are in ledger order: who goes first came first
            else:
                del self._of_customer[key]
        for key in seen.causes:
            if (wave := self._waves.get(key)) is not None and wave.last is seen:
                del self._waves[key]


def _latest_before(held: Sequence[_Seen], position: int) -> Sequence[_Seen]:
    """The last MOST of them before that position, however many one customer has: they stand in ledger order."""
    end = bisect_left(held, position, key=attrgetter("position"))
    return held[max(0, end - MOST) : end]


def _causes(fact: Received, policy: Policy) -> Iterator[_Cause]:
    """One product (S004-2.3); one trace of a swindler where triage reads a fraud (S003-7.2)."""
    document = policy.document
    product, rule = product_key(fact.product), batch(document.triage.red)
    if product is not None and rule is not None:
        yield _Cause(_digest(f"product:{product}"), rule, "triage.red.batch")
    modus = document.links.modus
    named = traces(fact, document.links)
    if named and modus.flag in policy.triager.classify(fact.text, demands=fact.demands, scene=fact.scene).flags:
        for trace in sorted(named):
            yield _Cause(_digest(f"trace:{trace}"), Batch(modus.at_least, modus.window), "links.modus")


def _customers(fact: Received, rules: LinkRules) -> tuple[int, ...]:
    return tuple(sorted({_digest(key) for key in customer_keys(fact.customer, rules.dial_prefixes)}))


def _digest(key: str) -> int:
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest())


def _are_close(one: _Seen, other: _Seen, window: timedelta) -> bool:
    return abs(one.received_at - other.received_at) <= span(window)


def _different(waiting: Collection[_Seen]) -> int:
    """How many customers there are; who left no address counts as one of their own."""
    known: set[int] = set()
    number = 0
    for seen in waiting:
        if known.isdisjoint(seen.customers):
            number += 1
        known.update(seen.customers)
    return number
