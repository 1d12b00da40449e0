"""What a history cost, in figures that add up: breaches, escalations, money, approvals, notices, deadlines by hour."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from events.complaint import Complaint
from events.contact import ContactStarted
from events.envelope import History
from events.execution import RefundPaid, RefundVerified
from events.handling import ClockBreached, Escalated
from events.solution import ApprovalRequested, SolutionProposed
from events.vocabulary import Word
from policy.policy import Policy
from policy.timing.clocks import ClockReading


class Group(Word):
    """What a figure tells of."""

    BREACHES = "breaches", "超时次数（按时钟）", "missed deadlines by clock"
    LATE_HOURS = "late_hours", "超时合计小时数（按时钟）", "hours late by clock"
    LATENESS = "lateness", "超时多久", "how late"
    ESCALATIONS = "escalations", "升级（按原因）", "escalations by cause"
    VERIFIED = "refunds_verified", "查证应退金额（按币种）", "refunds verified, by currency"
    PAID = "refunds_paid", "已付退费金额（按币种）", "refunds paid, by currency"
    OFFERED = "offered", "方案金额（按币种）", "offered, by currency"
    APPROVALS = "approvals", "须经批准（按规则）", "approvals needed, by rule"
    NOTICES = "notices", "发出的通知", "notices sent"
    PRIORITIES = "priorities", "颜色", "colours"
    CATEGORIES = "categories", "类别", "categories"
    HOURS = "hours", "人员时限到点（星期与小时）", "deadlines of people by weekday and hour"


class Figure(NamedTuple):
    """One figure's name: its group, and what of it."""

    group: Group
    name: str


Figures = Counter[Figure]
"""Figure -> how many, or how much; figures of many complaints add up."""

BOUNDS: tuple[tuple[str, timedelta], ...] = (
    ("1h", timedelta(hours=1)),
    ("4h", timedelta(hours=4)),
    ("1d", timedelta(days=1)),
    ("3d", timedelta(days=3)),
)
"""How late missed deadlines are shown: up to each of these, each bound inside."""
BEYOND = "later"
"""More than the last of them."""


def figures(history: History, complaint: Complaint, policy: Policy, until: datetime) -> Figures:
    """The figures of one complaint as it stands at that instant, under the policy it is pinned to."""
    readings = policy.clocks.readings(history, complaint, until)
    counted: Figures = Counter()
    for figure, amount in (*_of_facts(history), *_late(history, readings, until), *_hours(readings, policy)):
        counted[figure] += amount  # type: ignore[assignment] # sums of money are exact
    for group, word in ((Group.PRIORITIES, complaint.priority), (Group.CATEGORIES, complaint.category)):
        if word is not None:
            counted[Figure(group, word.value)] += 1
    return counted


Counted = Iterator[tuple[Figure, int | Decimal]]


def _of_facts(history: History) -> Counted:
    for recorded in history:
        fact = recorded.fact
        if isinstance(fact, ClockBreached):
            yield Figure(Group.BREACHES, fact.clock), 1
        elif isinstance(fact, Escalated):
            yield Figure(Group.ESCALATIONS, fact.cause), 1
        elif isinstance(fact, RefundVerified):
            yield Figure(Group.VERIFIED, fact.currency), fact.refund
        elif isinstance(fact, RefundPaid):
            yield Figure(Group.PAID, fact.currency), fact.amount
        elif isinstance(fact, SolutionProposed):
            yield Figure(Group.OFFERED, fact.currency), fact.total
        elif isinstance(fact, ApprovalRequested):
            yield Figure(Group.APPROVALS, fact.rule), 1
        elif isinstance(fact, ContactStarted):
            yield Figure(Group.NOTICES, f"{fact.audience.value}/{fact.kind.value}/{fact.medium.value}"), 1


def _late(history: History, readings: Iterable[ClockReading], until: datetime) -> Counted:
    """How late each recorded breach is by now: until its clock stopped, or still."""
    ends = {(each.clock, each.due_at, each.key): each.stopped_at or until for each in readings}
    for recorded in history:
        fact = recorded.fact
        if isinstance(fact, ClockBreached):
            end = ends.get((fact.clock, fact.due_at, fact.key), fact.noticed_at)
            late = max(end - fact.due_at, timedelta())
            yield Figure(Group.LATE_HOURS, fact.clock), hours(late)
            yield Figure(Group.LATENESS, _bound(late)), 1


def hours(length: timedelta) -> Decimal:
    """A length in hours, two places."""
    return (Decimal(length // timedelta(seconds=1)) / 3600).quantize(Decimal("0.01"))


def _bound(late: timedelta) -> str:
    return next((name for name, bound in BOUNDS if late <= bound), BEYOND)


def _hours(readings: Iterable[ClockReading], policy: Policy) -> Counted:
    """What people owe falls due then; clocks of machines are nobody's work."""
    for reading in readings:
        if reading.due_at is not None and policy.document.clock[reading.clock].kept_by == "people":
            due = reading.due_at.astimezone(policy.zone)
            yield Figure(Group.HOURS, f"{due.isoweekday()} {due.hour:02}"), 1
