"""Messages owed: what the history owes the customer and colleagues was started in time, tried again and ended."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from events.complaint import Case
from events.contact import ContactStarted, Replied, RetryAttempted, StaffAlerted
from events.envelope import Recorded
from events.reception import Received
from events.sentences import local_time
from events.solution import ApprovalGiven, ApprovalRequested
from events.vocabulary import ActorKind, Audience, ReplyKind
from policy.contacting.notices import Notice, notices, owed
from policy.policy import Policy
from policy.timing.explanation import in_words
from policy.timing.patterns import parse_pattern
from services.compliance.conformance.checks import check
from services.compliance.conformance.deadlines import NOTICED_WITHIN, readings, whole
from services.compliance.conformance.examined import Examined
from services.compliance.conformance.violation import Violation

ENDED_WITHIN = timedelta(minutes=10)
"""How long a started message may stay without an end: its sender is asked again long before."""
SYSTEM_NOTICE = ("S004-1.5",)
"""What an acknowledgement serves: the policy has no table of its own for it."""


class Due(NamedTuple):
    """A message somebody is owed, since when, and when it had to start."""

    notice: Notice
    since: int
    """Version of the fact after which it was owed."""
    at: datetime
    policy: Policy


@check(
    *("S004-1.5", "S001-14.1", "S001-14.3", "S001-16.4", "S002-1.9", "S002-4.4", "S002-4.5", "S004-2.8"),
    *("S001-8.2", "S001-10.7", "S004-3.2", "S004-6.6", "S003-2.5", "S004-5.5", "S002-7.2", "S002-7.7", "S004-3.5"),
    *("S001-17.7", "S003-6.2", "S004-7.5", "S002-1.15", "S000-3.9", "S001-8.1", "S001-16.5", "S004-6.7", "S003-7.1"),
    zh="应发给客户和同事的每条消息均及时发出",
    en="every message owed to the customer or to a colleague is started in time",
)
def every_message_owed_is_started(of: Examined) -> Iterator[Violation]:
    """After each fact the policy says who is owed what; each is started within a minute, or at its named time."""
    started: dict[str, Recorded] = {}
    for recorded in of.all(ContactStarted):
        if isinstance(recorded.fact, ContactStarted):
            started.setdefault(recorded.fact.notice, recorded)
    if not _is_suspect(of, started):
        return
    told: set[str] = set()
    for due in _ever_owed(of):
        first = started.get(due.notice.name)
        begun = first.occurred_at if first else of.until
        if begun > due.at + NOTICED_WITHIN and due.notice.name not in told:
            told.add(due.notice.name)
            yield _unsent(of, due, first)


def _is_suspect(of: Examined, started: Mapping[str, Recorded]) -> bool:
    """Some message may be missing: one look at the end spares most complaints the look after every fact.

    Whatever the end cannot tell, because it was owed for a time only, counts as suspect unless it was plainly sent.
    """
    organisation = of.organisation(of.until)
    if organisation is None or of.complaint.links.merged_into is not None:
        return True

    def is_missing(name: str, at: datetime) -> bool:
        first = started.get(name)
        return (first.occurred_at if first else of.until) > at + NOTICED_WITHIN

    case = Case(of.complaint, of.history)
    for notice in notices(case, of.policy, organisation, of.until):
        if is_missing(notice.name, max(notice.about.occurred_at, notice.at or notice.about.occurred_at)):
            return True
    return any(is_missing(name, at) for name, at in _owed_for_a_time(of)) or _is_unheard(of, started.values())


def _owed_for_a_time(of: Examined) -> Iterator[tuple[str, datetime]]:
    """Reminders by the clocks, by name, with their time."""
    for reading in of.once(readings):
        for name, at in (("warning-", reading.warn_at), ("", reading.not_before)):
            if at is not None and (reading.stopped_at is None or at < reading.stopped_at):
                yield f"{name}{reading.clock}-{reading.started_by}", max(at, reading.started_at)


def _is_unheard(of: Examined, started: Iterable[Recorded]) -> bool:
    """Some approval was asked for, or some attempt failed, and no message about it followed at once."""
    times = [(recorded.occurred_at, str(getattr(recorded.fact, "kind", ""))) for recorded in started]
    for recorded in of.all(ApprovalRequested, ApprovalGiven, RetryAttempted):
        at, kind = recorded.occurred_at, ReplyKind.APPROVAL
        if isinstance(recorded.fact, RetryAttempted):
            kind = ReplyKind.UNREACHABLE
        if not any(told == kind and at <= moment <= at + NOTICED_WITHIN for moment, told in times):
            return True
    return False


def _ever_owed(of: Examined) -> Iterator[Due]:
    """Every message that was owed when its time came, in order of that time."""
    pending: dict[str, Due] = {}
    for version, now in _moments(of):
        state = of.after(version)
        organisation, policy = of.organisation(now), of.company.policy(state.policy)
        if organisation is None:
            continue
        case = Case(state, of.upto(version))
        named = {notice.name: notice for notice in notices(case, policy, organisation, now)}
        for name, due in list(pending.items()):
            if due.at < now:
                yield pending.pop(name)
            elif name not in named:
                del pending[name]
        for name, notice in named.items():
            at = max(now, notice.at or now)
            known = pending.get(name)
            if known is None or notice.at is not None:
                pending[name] = Due(notice, version, at, policy) if known is None else known._replace(at=at)
    yield from (due for due in pending.values() if due.at < of.until)


_SILENT = (ContactStarted, StaffAlerted)
"""Facts after which nobody is owed anything new."""


def _moments(of: Examined) -> Iterator[tuple[int, datetime]]:
    """The last version of each step in which something happened, and when."""
    now, news = of.history[0].occurred_at, False
    for recorded in of.history:
        moment = recorded.occurred_at
        if isinstance(recorded.fact, Received):
            moment = max(moment, recorded.recorded_at)  # a channel may bring it late (ADR 0007)
        now = max(now, moment)
        news = news or not _is_silent(recorded)
        ends = recorded.version == len(of.history) or of.history[recorded.version].occurred_at > now
        if ends and news:
            yield recorded.version, now
            news = False


def _is_silent(recorded: Recorded) -> bool:
    by_machine = recorded.actor.kind is ActorKind.SYSTEM
    return isinstance(recorded.fact, _SILENT) or (by_machine and isinstance(recorded.fact, Replied))


def _unsent(of: Examined, due: Due, first: Recorded | None) -> Violation:
    notice, zone = due.notice, due.policy.zone
    whom_zh, whom_en = notice.audience.zh, notice.audience.en
    if notice.audience is Audience.STAFF:
        whom_zh = whom_en = notice.recipient
    late = whole((first.occurred_at if first else of.until) - due.at)
    when = local_time(due.at, zone)
    if first is None:
        zh = f"应于 {when} 向{whom_zh}发送{notice.kind.zh}，至今未发。"
        en = f"The {notice.kind.en} was owed to {whom_en} {when} and was never sent."
    else:
        zh = f"应于 {when} 向{whom_zh}发送{notice.kind.zh}，迟了{in_words(late, 'zh')}才发。"
        en = f"The {notice.kind.en} was owed to {whom_en} {when} and was sent {in_words(late, 'en')} late."
    requirement, *also = source_of(notice, due.policy)
    events = [of.history[notice.about.version - 1], *([first] if first else [])]
    at = first.occurred_at if first else of.until
    return of.violation(requirement, *events, zh=zh, en=en, due=due.at, at=at, also=tuple(also))


def source_of(notice: Notice, policy: Policy) -> tuple[str, ...]:
    """The requirements a message serves, as the policy cites them."""
    document = policy.document
    if notice.audience is Audience.STAFF:
        for rule in document.alert.told.values():
            if rule.kind is notice.kind and any(parse_pattern(on).matches(notice.about) for on in rule.on):
                return rule.source
        return document.alert.source
    if notice.kind is ReplyKind.ACKNOWLEDGEMENT:
        return SYSTEM_NOTICE
    if notice.kind is ReplyKind.UNREACHABLE:
        return document.retry.source
    by_template = [rule.source for rule in document.notice.values() if rule.template == notice.template]
    return by_template[0] if by_template else document.approval["written_reply"].source


@check(
    *("S002-1.10", "S002-1.11", "S004-2.8"),
    zh="未送达的消息按规定再次发送、及时记明结果",
    en="a message that did not arrive is tried again as ruled, and its end is recorded",
)
def no_message_is_left_undone(of: Examined) -> Iterator[Violation]:
    """At the end of what is examined no further attempt, giving up or outcome is overdue."""
    organisation = of.organisation(of.until)
    if organisation is None or all(attempt.succeeded for attempt in of.complaint.attempts):
        return
    for message in owed(Case(of.complaint, of.history), of.policy, organisation, of.until):
        if not message.attempts:
            continue
        last = message.attempts[-1]
        at, late = message.next.at, NOTICED_WITHIN
        if message.next.step == "wait":
            at, late = last.started_at, ENDED_WITHIN
        if at is not None and at + late < of.until:
            yield _undone(of, message.notice, message.next.step, at)


_STEPS = {
    "attempt": ("应再次发送，未发送", "was to be tried again and was not"),
    "exhaust": ("未能送达，应登记为时限内未联系上，未登记", "was not delivered, and giving up is not recorded"),
    "wait": ("已开始发送，结果未记", "was started, and its end is not recorded"),
}


def _undone(of: Examined, notice: Notice, step: str, at: datetime) -> Violation:
    zh, en = _STEPS[step]
    started = [r for r in of.all(ContactStarted) if getattr(r.fact, "notice", None) == notice.name]
    source = of.policy.document.alert.source if notice.audience is Audience.STAFF else of.policy.document.retry.source
    requirement = next((id_ for id_ in ("S002-1.10", "S004-2.8") if id_ in source), source[0])
    return of.violation(
        requirement,
        *(started[-1:] or [notice.about]),
        zh=f"{notice.kind.zh}：{zh}（{local_time(at, of.policy.zone)}）。",
        en=f"The {notice.kind.en} {en} ({local_time(at, of.policy.zone)}).",
        due=at,
        at=of.until,
    )
