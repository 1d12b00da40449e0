"""Time: every deadline of every clock is kept, every miss is on record as it was, nothing open lies without a clock."""

from collections.abc import Iterator
from datetime import datetime
from operator import attrgetter

from events.complaint import Breach
from events.envelope import Recorded
from events.handling import ClockBreached
from events.sentences import local_time
from policy.policy import Policy
from policy.timing.explanation import in_words
from services.compliance.conformance.checks import check
from services.compliance.conformance.deadlines import NOTICED_WITHIN, Missed, missed, readings, responsible, whole
from services.compliance.conformance.examined import Examined
from services.compliance.conformance.violation import Violation

NO_REQUIREMENT = "-"
"""Stands where a policy's clock cites no requirement."""


@check(
    *("S004-1.3", "S004-1.4", "S004-1.7", "S001-8.3", "S002-1.2", "S004-1.5", "S001-4.2", "S004-2.8"),
    *("S002-4.3", "S002-4.6", "S001-17.6", "S001-17.7", "S002-1.7", "S003-2.5"),
    *("S001-15.4", "S001-10.3", "S004-5.2", "S000-4.1", "S004-4.5", "S000-3.9", "S000-3.10", "S000-5.1", "S004-4.3"),
    *("S002-6.4", "S003-6.2", "S001-10.4", "S004-3.2", "S001-16.5", "S001-6.6", "S004-6.7"),
    *("S004-6.1", "S004-6.2", "S001-6.1", "S001-8.2", "S002-0.3", "S001-2.3"),
    *("S001-14.4", "S000-6.1", "S004-7.5", "S003-5.4"),
    zh="适用政策的每个时钟均按时完成",
    en="every clock of the pinned policy is met",
)
def every_clock_is_met(of: Examined) -> Iterator[Violation]:
    """Every deadline is recomputed from the primary facts; exactly at the limit is on time (design, section 6).

    One met late counts to the second; one that waits still is nobody's fault within a minute of falling due (ADR 0016).
    """
    for miss in of.once(missed):
        is_settled = miss.reading.stopped_at is not None or not miss.found
        if is_settled or of.until > miss.due_at + NOTICED_WITHIN:
            yield _late(of, miss)


def _late(of: Examined, miss: Missed) -> Violation:
    reading, clock = miss.reading, miss.reading.clock
    at = reading.stopped_at if reading.stopped_at is not None and reading.stopped_at > miss.due_at else None
    until = at or of.until
    zone, late = miss.policy.zone, whole(until - miss.due_at)
    due, done = local_time(miss.due_at, zone), local_time(until, zone)
    name_zh, name_en = _named(miss, "zh"), _named(miss, "en")
    if at is None:
        zh = f"{name_zh}应于 {due} 前完成，至 {done} 仍未完成，已超时{in_words(late, 'zh')}。"
        en = f"{name_en} was due {due} and is not met by {done}: {in_words(late, 'en')} late."
    else:
        zh = f"{name_zh}应于 {due} 前完成，实际于 {done} 完成，超时{in_words(late, 'zh')}。"
        en = f"{name_en} was due {due} and was met {done}: {in_words(late, 'en')} late."
    first, *also = _source(miss.policy, clock)
    stop = reading.stopped_version if at is not None else None
    events = [of.history[version - 1] for version in (reading.started_by, stop) if version]
    return of.violation(
        first, *events, zh=zh, en=en, due=miss.due_at, at=until, who=responsible(of, miss), also=tuple(also)
    )


def _named(miss: Missed, language: str) -> str:
    title = miss.policy.title(miss.reading.clock, "zh" if language == "zh" else "en")
    key = f" {miss.reading.key}" if miss.reading.key else ""
    return (
        f"时钟 {miss.reading.clock}{key}“{title}”" if language == "zh" else f"Clock {miss.reading.clock}{key} ({title})"
    )


def _source(policy: Policy, clock: str) -> tuple[str, ...]:
    spec = policy.clocks.specs.get(clock)
    return (spec.source if spec else ()) or (NO_REQUIREMENT,)


@check(
    *("S004-2.8", "S001-2.3", "S002-4.6"),
    zh="超时登记与事实一致：不漏登、不虚登、时间无误",
    en="missed deadlines are recorded as they were: none left out, none invented, none wrongly dated",
)
def breaches_are_recorded_as_they_were(of: Examined) -> Iterator[Violation]:
    """What was recorded is compared with what the primary facts say; each miss is recorded once, after it was due."""
    known = {miss.breach: miss for miss in of.once(missed)}
    recorded: dict[Breach, Recorded] = {}
    for event in of.all(ClockBreached):
        fact = event.fact
        if isinstance(fact, ClockBreached):
            breach = Breach(fact.clock, fact.due_at, fact.key)
            if breach in recorded:
                yield _wrong(of, event, "重复登记", "is recorded twice", fact.due_at)
            elif breach in known:
                yield from _noticed_wrongly(of, event, fact)
            recorded.setdefault(breach, event)
    omitted = [miss for breach, miss in known.items() if breach not in recorded]
    for breach, event in recorded.items():
        if breach not in known:
            yield _invented(of, event, breach, omitted)
    for miss in omitted:
        # A channel may bring a complaint when its first deadlines have passed already (ADR 0007).
        known_since = of.history[miss.reading.started_by - 1].recorded_at
        if of.until > max(miss.due_at, known_since) + NOTICED_WITHIN:
            yield _omitted(of, miss)


def _noticed_wrongly(of: Examined, event: Recorded, fact: ClockBreached) -> Iterator[Violation]:
    if not fact.due_at < fact.noticed_at <= max(event.occurred_at, event.recorded_at):
        yield _wrong(of, event, "发现时间有误", "has a wrong time of notice", fact.due_at, at=fact.noticed_at)


def _invented(of: Examined, event: Recorded, breach: Breach, omitted: list[Missed]) -> Violation:
    """A miss that was none; where the same clock missed another instant, it is that one wrongly dated."""
    same = next((miss for miss in omitted if miss.breach._replace(due_at=breach.due_at) == breach), None)
    if same is None:
        return _wrong(of, event, "并未超时，登记不实", "was not missed: the record is untrue", breach.due_at)
    omitted.remove(same)
    due = local_time(same.due_at, same.policy.zone)
    return _wrong(of, event, f"到期时间有误，应为 {due}", f"has a wrong due time, it was {due}", same.due_at)


def _wrong(of: Examined, event: Recorded, zh: str, en: str, due: datetime, at: datetime | None = None) -> Violation:
    clock = getattr(event.fact, "clock", "")
    first, *also = _source(of.policy_for(event), clock)
    return of.violation(
        first,
        event,
        zh=f"时钟 {clock} 的超时登记：{zh}。",
        en=f"The recorded breach of clock {clock} {en}.",
        due=due,
        at=at,
        also=tuple(also),
    )


def _omitted(of: Examined, miss: Missed) -> Violation:
    clock, due = miss.reading.clock, local_time(miss.due_at, miss.policy.zone)
    first, *also = _source(miss.policy, clock)
    return of.violation(
        first,
        of.history[miss.reading.started_by - 1],
        zh=f"时钟 {clock} 于 {due} 超时，未予登记。",
        en=f"Clock {clock} was missed {due}, and no breach is recorded.",
        due=miss.due_at,
        also=tuple(also),
    )


def _covered(of: Examined) -> list[tuple[datetime, datetime | None]]:
    """The stretches in which clocks of people run, joined where they touch; without end where one still runs."""
    specs, joined = of.policy.clocks.specs, list[tuple[datetime, datetime | None]]()
    for reading in sorted(of.once(readings), key=attrgetter("started_at")):
        if specs[reading.clock].kept_by != "people":
            continue
        begin, end = reading.started_at, reading.stopped_at
        last = joined[-1][1] if joined else begin
        if joined and (last is None or begin <= last):
            joined[-1] = joined[-1][0], None if last is None or end is None else max(last, end)
        else:
            joined.append((begin, end))
    return joined


@check(
    *("S001-2.3", "S003-5.7", "S001-8.3", "S001-6.5"),
    zh="未结束的投诉任何时刻都有由人负责的时钟在走",
    en="an open complaint has a clock that people keep, at every moment",
)
def nothing_open_lies_without_a_clock(of: Examined) -> Iterator[Violation]:
    """Between any two events of an open complaint some clock of people had started and was not stopped."""
    runs = of.once(_covered)
    for recorded, state in zip(of.history, of.states, strict=True):
        at = recorded.occurred_at
        is_last = recorded.version == len(of.history) or of.history[recorded.version].occurred_at > at
        if is_last and state.is_open and not any(begin <= at and (end is None or end > at) for begin, end in runs):
            yield of.violation(
                "S001-2.3",
                recorded,
                zh=f"投诉未结束，但自 {local_time(at, of.policy.zone)} 起没有任何时钟在走。",
                en=f"The complaint is open, but from {local_time(at, of.policy.zone)} on no clock runs.",
                at=at,
                who=state.handler or state.owner,
                also=("S003-5.7", "S001-8.3", "S001-6.5"),
            )
            return
