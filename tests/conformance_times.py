"""A second opinion on deadlines, written from the requirements alone, over plain JSON event lines.

Figures and arithmetic of time are spelled out once more; part of `conformance_oracle`, which says what it is for.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

Event = Mapping[str, Any]
People = Mapping[str, Mapping[str, Any]]
"""The organisation file's [person] table."""

SHANGHAI = ZoneInfo("Asia/Shanghai")
OPENS, CLOSES = time(9), time(21)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NEWS = ("decision", "progress", "explanation", "confirmation", "refund")
THE_END = ("complaint.not_accepted", "complaint.withdrawn", "complaint.archived")
SPOKEN = ("complaint.customer_agreed", "complaint.customer_declined", "complaint.called_back")


class Fault(NamedTuple):
    """One violation: which rule of RULES, of which requirement, shown by which event."""

    rule: str
    requirement: str
    version: int
    due: datetime | None = None
    """For deadlines and their records."""


def at(event: Event) -> datetime:
    """When it happened."""
    return datetime.fromisoformat(event["occurred_at"])


def kind(event: Event) -> str:
    """`replied`."""
    return str(event["type"]).removeprefix("complaint.")


def by_person(event: Event) -> bool:
    """A colleague did it."""
    return bool(event["actor"]["kind"] == "person")


def _is_news(event: Event) -> bool:
    human = by_person(event) or event["data"].get("approved", False)
    return event["type"] in SPOKEN or (kind(event) == "replied" and human and event["data"]["kind"] in NEWS)


class Run(NamedTuple):
    """A deadline of a complaint."""

    clock: str
    requirement: str
    started: int
    due: datetime
    stop: Event | None
    key: str | None = None


def _stopped(events: Sequence[Event], start: Event, stops: Callable[[Event], bool]) -> Event | None:
    return next((event for event in events if event["version"] > start["version"] and stops(event)), None)


def runs(events: Sequence[Event]) -> Iterator[Run]:
    """Every deadline this opinion knows."""
    first = events[0]
    yield Run("ack", "S004-1.5", 1, at(first) + MINUTE, _stopped(events, first, _is_receipt))
    yield Run("first_human", "S004-1.3", 1, first_response(at(first)), _stopped(events, first, _is_response))
    news = _stopped(events, first, lambda e: _is_news(e) or e["type"] in THE_END)
    yield Run("first_substantive", "S002-1.2", 1, at(first) + 48 * HOUR, news)
    for event in events:
        yield from _later_runs(events, event)


def _is_receipt(event: Event) -> bool:
    return kind(event) == "replied" and event["data"]["kind"] == "acknowledgement"


def _is_response(event: Event) -> bool:
    replied = kind(event) == "replied" and (by_person(event) or event["data"]["approved"])
    return replied or event["type"] in (*SPOKEN, *THE_END)


def _later_runs(events: Sequence[Event], event: Event) -> Iterator[Run]:
    data = event["data"]
    match kind(event):
        case "refund_verified" if data["payable"] and not _is_owed_already(events, event):
            yield Run("refund", "S002-6.4", event["version"], at(event) + 7 * DAY, _stopped(events, event, _is_settled))
        case "resolved":
            within = DAY if _priority(events) == "red" else 3 * DAY
            stop = _stopped(
                events, event, lambda e: _is_callback(e) or kind(e) in ("reopened", "withdrawn", "archived")
            )
            yield Run("callback", "S004-6.1", event["version"], at(event) + within, stop)
        case "commitment_made":
            due, key = datetime.fromisoformat(data["by"]), data["promise"]
            stop = _stopped(events, event, lambda e: kind(e) == "withdrawn" or _is_kept(e, key))
            yield Run("commitment", "S003-6.2", event["version"], due, stop, key)
    if _is_callback(event):
        stop = _stopped(events, event, lambda e: kind(e) in ("archived", "reopened"))
        yield Run("archive", "S002-0.3", event["version"], at(event) + 7 * DAY, stop)


def _is_callback(event: Event) -> bool:
    gave_up = kind(event) == "retry_attempted" and event["data"]["outcome"] == "exhausted"
    return kind(event) == "called_back" or (gave_up and event["data"]["kind"] == "callback")


def _is_kept(event: Event, promise: str) -> bool:
    return kind(event) == "commitment_kept" and bool(event["data"]["promise"] == promise)


def _is_settled(event: Event) -> bool:
    return kind(event) == "refund_paid" or (kind(event) == "refund_verified" and not event["data"]["payable"])


def _is_owed_already(events: Sequence[Event], event: Event) -> bool:
    owed = False
    for earlier in events[: event["version"] - 1]:
        owed = (owed or kind(earlier) == "refund_verified") and not _is_settled(earlier)
    return owed


def _priority(events: Sequence[Event]) -> str:
    return next((str(e["data"]["priority"]) for e in reversed(events) if kind(e) == "classified"), "yellow")


def first_response(received: datetime) -> datetime:
    """15 minutes of the desk's hours; an hour after it opens for what came while it was closed (C1)."""
    local = received.astimezone(SHANGHAI)
    opens, closes = (datetime.combine(local, hour, SHANGHAI) for hour in (OPENS, CLOSES))
    if local < opens:
        return opens + HOUR
    if local >= closes:
        return opens + DAY + HOUR
    left = closes - local
    return local + 15 * MINUTE if left >= 15 * MINUTE else opens + DAY + 15 * MINUTE - left


def is_missed(run: Run, until: datetime) -> bool:
    return (until if run.stop is None else at(run.stop)) > run.due


def deadlines(events: Sequence[Event], _: People, until: datetime) -> Iterator[Fault]:
    """Exactly at the limit is on time, a moment later is late; nobody is accused within a minute while it waits."""
    for run in runs(events):
        if is_missed(run, until) and (run.stop or until > run.due + MINUTE):
            shown = run.stop["version"] if run.stop else run.started
            yield Fault("every_clock_is_met", run.requirement, shown, run.due)


CLOCKS = {"ack": "S004-1.5", "first_human": "S004-1.3", "first_substantive": "S002-1.2", "refund": "S002-6.4"} | {
    "callback": "S004-6.1",
    "commitment": "S003-6.2",
    "archive": "S002-0.3",
}


def records(events: Sequence[Event], _: People, until: datetime) -> Iterator[Fault]:
    """Every missed deadline is on record once, as it was, and nothing else is."""
    name = "breaches_are_recorded_as_they_were"
    missed = {(run.clock, run.due, run.key): run for run in runs(events) if is_missed(run, until)}
    told: dict[tuple[str, datetime, str | None], Event] = {}
    for event in events:
        data = event["data"]
        if kind(event) != "clock_breached" or data["clock"] not in CLOCKS:
            continue
        due = datetime.fromisoformat(data["due_at"])
        identity = (data["clock"], due, data["key"])
        noticed = datetime.fromisoformat(data["noticed_at"])
        wrong = identity in missed and not due < noticed <= max(at(event), datetime.fromisoformat(event["recorded_at"]))
        if identity in told or wrong:
            yield Fault(name, CLOCKS[data["clock"]], event["version"], due)
        told.setdefault(identity, event)
    omitted = {identity: run for identity, run in missed.items() if identity not in told}
    for (clock, due, key), event in told.items():
        if (clock, due, key) in missed:
            continue
        meant = next((run for run in omitted.values() if (run.clock, run.key) == (clock, key)), None)
        if meant is not None:
            del omitted[meant.clock, meant.due, meant.key]
        yield Fault(name, CLOCKS[clock], event["version"], meant.due if meant else due)
    for run in omitted.values():
        if until > run.due + MINUTE:
            yield Fault(name, run.requirement, run.started, run.due)
