"""An independent witness: remembers what clients sent and were told, and compares it with ledger and outbox.

It reads stored bytes as plain JSON and shares no code with the services it judges (reliability, section 8).
"""

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import orjson

Ref = tuple[str, str]
"""Channel and the channel's own message id."""

ACKNOWLEDGEMENT = "acknowledgement"


class StoredRow(Protocol):
    """A row of the ledger as it is stored."""

    @property
    def position(self) -> int: ...
    @property
    def stream(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def topic(self) -> str: ...
    @property
    def state(self) -> bytes: ...


class Told(NamedTuple):
    """What a client may rely on."""

    complaint_id: str
    number: str


@dataclass
class Seen:
    """What the ledger says of one complaint."""

    version: int = 0
    refs: list[Ref] = field(default_factory=list)
    number: str = ""
    types: Counter[str] = field(default_factory=Counter)
    started: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    delivered: set[str] = field(default_factory=set)
    acknowledged: bool = False

    @property
    def is_finished(self) -> bool:
        """Classified, assigned, acknowledged, and no message still on its way."""
        steps = self.types["complaint.classified"] and self.types["complaint.assigned"]
        return bool(steps) and self.acknowledged and self.started.keys() == self.ended.keys()


class Verdict(NamedTuple):
    """The comparison."""

    seed: int | None
    cycles: int
    submitted: int
    acknowledged: int
    """Receipts told, and messages the broker took."""
    recorded: int
    lost: int
    doubled: int
    unfinished: int
    longest_stall: float
    problems: tuple[str, ...]

    def __str__(self) -> str:
        counts = (
            f"seed {self.seed} cycles {self.cycles} submitted {self.submitted} acknowledged {self.acknowledged} "
            f"recorded {self.recorded} lost {self.lost} doubled {self.doubled} unfinished {self.unfinished} "
            f"longest stall {self.longest_stall:.2f} s"
        )
        return "\n  ".join([counts, *self.problems[:20]])


class Oracle:
    """Told of everything that clients send and get; fed with the ledger's rows as it grows."""

    def __init__(self, seed: int | None = None) -> None:
        self.seed = seed
        self.cycles = 0
        self.position = 0
        """Of the last row read."""
        self._sent: Counter[Ref] = Counter()
        self._taken: set[Ref] = set()
        self._told: dict[Ref, Told] = {}
        self._seen: dict[str, Seen] = {}
        self._problems: list[str] = []
        self._waiting_since: float | None = None
        self._longest_stall = 0.0

    def sends(self, channel: str, external_ref: str) -> None:
        """A client sends a submission, perhaps not for the first time."""
        self._sent[channel, external_ref] += 1
        self._waiting_since = self._waiting_since or time.monotonic()

    def is_taken(self, channel: str, external_ref: str) -> None:
        """The broker acknowledged the submission: it must be recorded, with or without a receipt."""
        self._taken.add((channel, external_ref))
        self._answered()

    def is_told(self, channel: str, external_ref: str, receipt: Mapping[str, Any]) -> None:
        """A client got a receipt; a repeat must get the same one."""
        self._answered()
        told = Told(receipt["complaint_id"], receipt["number"])
        first = self._told.setdefault((channel, external_ref), told)
        if first != told:
            self._problems.append(f"{channel}/{external_ref}: told {first}, then {told}")

    def was_told(self, channel: str, external_ref: str) -> bool:
        """Whether a receipt came."""
        return (channel, external_ref) in self._told

    @property
    def receipts(self) -> Mapping[Ref, Told]:
        """Every receipt told, by what was submitted."""
        return self._told

    def _answered(self) -> None:
        if self._waiting_since is not None:
            self._longest_stall = max(self._longest_stall, time.monotonic() - self._waiting_since)
        done = len(self._told.keys() | self._taken)
        self._waiting_since = time.monotonic() if done < len(self._sent) else None

    def reads(self, rows: Iterable[StoredRow]) -> None:
        """The next rows of the ledger, in its order."""
        for row in rows:
            if row.position <= self.position:
                self._problems.append(f"position {row.position} comes after {self.position}")
            self.position = row.position
            if row.topic.startswith("complaint."):
                self._read(row)

    def _read(self, row: StoredRow) -> None:
        seen = self._seen.setdefault(row.stream, Seen())
        if row.version != seen.version + 1:
            self._problems.append(f"{row.stream}: version {row.version} comes after {seen.version}")
        seen.version = row.version
        seen.types[row.topic] += 1
        data = orjson.loads(row.state)["data"]
        if row.topic == "complaint.received":
            seen.refs.append((data["channel"], data["external_ref"]))
            seen.number = data["number"]
        elif row.topic == "complaint.contact_started":
            seen.started[data["key"]] += 1
        elif data.get("contact"):
            seen.ended[data["contact"]] += 1
            if row.topic == "complaint.replied":
                seen.delivered.add(data["contact"])
                seen.acknowledged = seen.acknowledged or data["kind"] == ACKNOWLEDGEMENT

    @property
    def recorded(self) -> int:
        """Complaints the ledger holds."""
        return len(self._seen)

    def events(self, topic: str) -> int:
        """How many facts of that type the ledger holds."""
        return sum(seen.types[topic] for seen in self._seen.values())

    def unfinished(self) -> list[str]:
        """Complaints not yet classified, assigned and acknowledged."""
        return [stream for stream, seen in self._seen.items() if not seen.is_finished]

    def missing(self) -> list[Ref]:
        """What was promised to a client and is not in the ledger."""
        there = {ref for seen in self._seen.values() for ref in seen.refs}
        return [ref for ref in self._told.keys() | self._taken if ref not in there]

    def is_content(self) -> bool:
        """Everything promised is there and finished."""
        return not self.missing() and not self.unfinished()

    def verdict(self, outbox: Sequence[Mapping[str, Any]]) -> Verdict:
        """Compare everything, once all is quiet."""
        problems = list(self._problems)
        lost = self._lost(problems)
        doubled = self._doubled(problems) + self._sent_twice(outbox, problems)
        unfinished = self.unfinished()
        problems += [f"{stream}: unfinished: {dict(self._seen[stream].types)}" for stream in unfinished[:5]]
        return Verdict(
            self.seed,
            self.cycles,
            len(self._sent),
            len(self._told.keys() | self._taken),
            self.recorded,
            lost,
            doubled,
            len(unfinished),
            self._longest_stall,
            tuple(problems),
        )

    def _lost(self, problems: list[str]) -> int:
        lost = self.missing()
        problems += [f"{channel}/{ref}: promised, not in the ledger" for channel, ref in lost]
        for ref, told in self._told.items():
            seen = self._seen.get(told.complaint_id)
            if seen is None or seen.number != told.number or ref not in seen.refs:
                problems.append(f"{ref}: told {told}, the ledger has {seen and (seen.number, seen.refs)}")
        return len(lost)

    def _doubled(self, problems: list[str]) -> int:
        doubled = 0
        by_ref = Counter(ref for seen in self._seen.values() for ref in seen.refs)
        for ref, times in by_ref.items():
            if times > 1:
                doubled += 1
                problems.append(f"{ref}: recorded {times} times")
            if ref not in self._sent:
                problems.append(f"{ref}: recorded, but nobody sent it")
        for stream, seen in self._seen.items():
            once = {topic: seen.types[topic] for topic in ("complaint.classified", "complaint.assigned")}
            repeated = {what: n for what, n in {**once, **seen.started, **seen.ended}.items() if n > 1}
            if repeated:
                doubled += 1
                problems.append(f"{stream}: more than once: {repeated}")
        return doubled

    def _sent_twice(self, outbox: Sequence[Mapping[str, Any]], problems: list[str]) -> int:
        keys = Counter(str(line["key"]) for line in outbox)
        twice = [key for key, times in keys.items() if times > 1]
        problems += [f"{key}: sent {keys[key]} times" for key in twice]
        acknowledgements = Counter(key.partition("/")[0] for key in keys if f"/{ACKNOWLEDGEMENT}#" in key)
        again = [stream for stream, times in acknowledgements.items() if times > 1]
        problems += [f"{stream}: {acknowledgements[stream]} acknowledgements" for stream in again]
        for stream, seen in self._seen.items():
            unsent = [key for key in seen.delivered if f"{stream}/{key}" not in keys]
            problems += [f"{stream}: {key} is recorded as delivered, the outbox has no such line" for key in unsent]
        strangers = {key.partition("/")[0] for key in keys} - self._seen.keys()
        problems += [f"{stream}: a message went out, the ledger has no such complaint" for stream in strangers]
        return len(twice) + len(again)
