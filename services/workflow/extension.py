"""More time where it is granted, with a reason the customer is told (S003-2.5, C3)."""

from datetime import datetime

from pydantic import Field

from events.commands import Refusal, refuse
from events.execution import DeadlineExtended
from events.fact import Value
from policy.asking import Act, Acts, Ask, Decided
from policy.handling.extension import is_within, running, times_extended
from policy.people.participation import superiors
from policy.timing.moments import Named, instant_of


class Extend(Value):
    """`extend`: a running clock falls due later; a date means the end of that day."""

    clock: str = Field(min_length=1, max_length=100)
    until: Named
    reason: str = Field(min_length=1, max_length=1_000)


def extend(ask: Ask, data: Extend) -> Decided:
    """Rather slow than wrong: granted by a supervisor, a few times, so far and no further (S003-2.5)."""
    until = instant_of(data.until, ask.policy.zone)
    refusal = _not_extendable(ask, data.clock) or _needs_supervisor(ask) or _no_reason(data)
    if refusal is not None:
        return refusal
    return (
        _too_often(ask, data.clock)
        or _not_further(ask, data.clock, until)
        or [DeadlineExtended(clock=data.clock, until=until, reason=data.reason.strip())]
    )


def _not_extendable(ask: Ask, clock: str) -> Refusal | None:
    allowed = ask.rules.extension.clocks
    if clock in allowed:
        return None
    listed = ", ".join(allowed)
    known = clock in ask.policy.clocks.specs
    return refuse(
        "clock_not_extendable" if known else "unknown_clock",
        "S003-2.5",
        f"时限 {clock} 不可延期；可延期的时限：{listed}" if known else f"没有时限 {clock}；可延期的时限：{listed}",
        f"clock {clock} is never extended; these are: {listed}" if known else f"no clock {clock}; there are {listed}",
        clock=clock,
        allowed=listed,
    )


def _needs_supervisor(ask: Ask) -> Refusal | None:
    needed = ask.rules.extension.level
    if ask.organisation.level_of(ask.by) >= needed:
        return None
    return refuse(
        "needs_supervisor",
        "S003-2.5",
        "延期须由主管批准，请报主管决定",
        "more time is granted by a supervisor: ask yours",
        may=superiors(ask.complaint, ask.by, needed, ask.organisation),
        recorded=True,
        level=ask.organisation.level_of(ask.by),
        needed=needed,
    )


def _no_reason(data: Extend) -> Refusal | None:
    if data.reason.strip():
        return None
    return refuse("reason_missing", "S003-2.5", "请说明延期原因", "say why more time is needed")


def _too_often(ask: Ask, clock: str) -> Refusal | None:
    done, most = times_extended(ask.complaint, clock), ask.rules.extension.most
    if done < most:
        return None
    return refuse(
        "extended_too_often",
        "S003-2.5",
        f"时限 {clock} 已延期 {done} 次，不得再延",
        f"clock {clock} was extended {done} times already, which is the most",
        clock=clock,
        times=done,
        most=most,
    )


def _not_further(ask: Ask, clock: str, until: datetime) -> Refusal | None:
    reading = running(ask.policy.clocks.readings(ask.history, ask.complaint, ask.now), clock)
    if reading is None or reading.due_at is None:
        return refuse(
            "clock_not_running",
            "S003-2.5",
            f"时限 {clock} 未在计时",
            f"clock {clock} is not running",
            clock=clock,
        )
    rules = ask.rules.extension
    if is_within(until, reading.due_at, ask.now, rules):
        return None
    latest = max(reading.due_at, ask.now) + rules.longest
    return refuse(
        "extension_out_of_range",
        "S003-2.5",
        "延期后的时间必须晚于现有时限和现在，且不超过最长延期",
        "the new time lies after the deadline as it stands and after now, and not too far ahead",
        clock=clock,
        due=reading.due_at.isoformat(),
        until=until.isoformat(),
        latest=latest.isoformat(),
    )


ACTS: Acts = {"extend": Act(Extend, extend)}
