"""A complaint and its clocks as JSON: one shape for the HTTP API and the command line."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, NamedTuple

from pydantic import BaseModel

from events.complaint import Complaint
from events.envelope import History, instant
from events.vocabulary import Word
from policy.people.participation import valid_labels
from policy.policy import Policy
from policy.timing.clocks import ClockReading
from policy.timing.waiting import waiting
from services.desk.casework import casework

Json = dict[str, Any]


class Status(Word):
    """How far a complaint has come; the word of `Complaint.status`."""

    RECEIVED = "received", "已受理", "received"
    CLASSIFIED = "classified", "已分类", "classified"
    ASSIGNED = "assigned", "已派单", "assigned"
    ANSWERED = "answered", "已答复", "answered"
    REOPENED = "reopened", "重新处理中", "reopened"
    VERIFIED = "verified", "已核实", "verified"
    PROPOSED = "proposed", "已提出方案", "solution proposed"
    AGREED = "agreed", "客户已同意", "customer agreed"
    RESOLVED = "resolved", "已办结", "resolved"
    CALLED_BACK = "called_back", "已回访", "called back"
    NOT_ACCEPTED = "not_accepted", "不予受理", "not accepted"
    WITHDRAWN = "withdrawn", "已撤回", "withdrawn"
    MERGED = "merged", "已并案", "merged"
    ARCHIVED = "archived", "已归档", "archived"


class Due(NamedTuple):
    """The earliest thing a person still owes."""

    clock: str
    at: datetime


def next_due(history: History, complaint: Complaint, policy: Policy) -> Due | None:
    """The earliest deadline not met yet of the clocks that only a person stops; it may have passed already.

    It depends on the history alone, never on the time of asking: a view rebuilt tomorrow holds the same.
    """
    readings = policy.clocks.readings(history, complaint, history[-1].recorded_at)
    owed = [
        Due(reading.clock, reading.due_at)
        for reading in readings
        if reading.stopped_at is None and reading.due_at is not None and is_human(policy, reading.clock)
    ]
    return min(owed, key=lambda due: (due.at, due.clock), default=None)


def is_human(policy: Policy, clock: str) -> bool:
    """Only people stop this clock; a machine's acknowledgement does not (design, 6)."""
    return policy.clocks.specs[clock].kept_by == "people"


def complaint_json(
    complaint: Complaint, history: History, policy: Policy, now: datetime, *, labels: bool = False
) -> Json:
    """Everything known of the complaint, with the deadline a person has to keep next.

    Restricted labels only for those who may see them, and only until they expire (C21).
    """
    due = next_due(history, complaint, policy)
    shown = valid_labels(complaint, now) if labels else ()
    complaint = complaint._replace(understanding=complaint.understanding._replace(labels=shown))
    return {
        **{name: plain(value) for name, value in complaint._asdict().items()},
        "status": complaint.status,
        "answered": complaint.is_answered,
        "open": complaint.is_open,
        "plan": plain(complaint.plan),
        "next_clock": due and due.clock,
        "next_due": due and instant(due.at),
        "overdue": due is not None and due.at < now,
        "waiting_seconds": plain(waiting(complaint, history, now)),
        **casework(complaint, history, policy),
        "position": history[-1].position,
        "last_event_at": instant(history[-1].recorded_at),
    }


def clocks_json(complaint: Complaint, history: History, policy: Policy, now: datetime) -> list[Json]:
    """Every reading of every clock that has started, each with its explanation."""
    return [clock_json(reading, policy, now) for reading in policy.clocks.readings(history, complaint, now)]


def clock_json(reading: ClockReading, policy: Policy, now: datetime) -> Json:
    """One reading: due, state, how late, why, and the requirements it stands on."""
    explanation = policy.clocks.explain(reading)
    shown = {name: plain(value) for name, value in reading._asdict().items() if name not in _SAID_OTHERWISE}
    return {
        **shown,
        "title": dict(explanation.title),
        "human": is_human(policy, reading.clock),
        "late_seconds": late(reading, now).total_seconds(),
        "remaining_seconds": plain(reading.remaining),
        "on_breach": [f"{action.verb}:{action.argument}" for action in reading.on_breach],
        "requirements": list(explanation.source),
        "explanation": {"zh": list(explanation.lines("zh")), "en": list(explanation.lines("en"))},
    }


_SAID_OTHERWISE = {"late", "remaining", "on_breach"}


def late(reading: ClockReading, now: datetime) -> timedelta:
    """How long past its due instant it was stopped, or runs on still."""
    end = now if reading.stopped_at is None else reading.stopped_at
    return max(end - reading.due_at, timedelta()) if reading.due_at is not None else timedelta()


def plain(value: object) -> Any:
    """A value as JSON holds it: instants in UTC, lengths in seconds, sets sorted, named tuples as objects."""
    if hasattr(value, "_asdict"):
        return plain(value._asdict())
    for kind, as_plain in _PLAIN.items():
        if isinstance(value, kind):
            return as_plain(value)
    return str(value)


_PLAIN: Mapping[type | tuple[type, ...], Callable[[Any], Any]] = {
    Enum: lambda word: word.value,
    (str, int, float, type(None)): lambda scalar: scalar,
    datetime: instant,
    timedelta: timedelta.total_seconds,
    BaseModel: lambda model: model.model_dump(mode="json"),
    Mapping: lambda mapping: {str(key): plain(each) for key, each in mapping.items()},
    (frozenset, set): lambda several: sorted(map(plain, several)),
    (tuple, list): lambda several: [plain(each) for each in several],
}
"""Kind of value -> how it is shown; the first kind that fits, so words come before the texts they are."""
