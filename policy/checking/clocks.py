"""Clocks that contradict each other or themselves, found by asking the real clocks (C1, C3, C5)."""

from collections.abc import Iterator

from policy.checking.flaws import Flaw, Subject
from policy.timing.clock_rules import ClockSpec
from policy.timing.deadlines import Grade
from policy.timing.durations import Amount, parse_amount

ORDER = (("ack", "first_human", "S001-17.2"), ("first_human", "first_substantive", "S004-1.3"))
"""What has to be due no later than what."""


def contradicting(subject: Subject) -> Iterator[Flaw]:
    """A receipt due after the first human response, or that one due after the first reply (C1)."""
    for sooner, later, requirement in ORDER:
        if {sooner, later} <= subject.document.clock.keys():
            yield from _out_of_order(subject, sooner, later, requirement)


def _out_of_order(subject: Subject, sooner: str, later: str, requirement: str) -> Iterator[Flaw]:
    clocks, specs = subject.policy.clocks, subject.document.clock
    grades = _asked_grades(subject, sooner, later)
    for start in subject.starts():
        for grade in grades:
            first, second = clocks.due(sooner, start, *grade).due_at, clocks.due(later, start, *grade).due_at
            if first is not None and second is not None and first > second:
                one, other = specs[sooner].title, specs[later].title
                at, due, limit = (f"{moment:%m-%d %H:%M}" for moment in (start, first, second))
                yield Flaw(
                    "clocks_contradict",
                    f"clock.{sooner}.target",
                    requirement,
                    f"{at} 开始时，“{one['zh']}”的时限（{due}）晚于“{other['zh']}”（{limit}）",
                    f"started {at}, {one['en']} is due {due}, after {other['en']} ({limit})",
                    f"缩短 clock.{sooner}，或延长 clock.{later}",
                    f"shorten clock.{sooner} or lengthen clock.{later}",
                )
                return


def _asked_grades(subject: Subject, *names: str) -> list[Grade]:
    """One grade where none of the clocks asks for any."""
    every = list(subject.grades(*names))
    amounts = (a for name in names for a, _ in subject.document.clock[name].amounts.values())
    return every if any(not isinstance(a, str) for a in amounts) else every[:1]


def wanted_too_late(subject: Subject) -> Iterator[Flaw]:
    """Work that may not begin before it is due (C5)."""
    for name, spec in subject.document.clock.items():
        if spec.not_before is None:
            continue
        for grade, start in ((g, s) for g in _asked_grades(subject, name) for s in subject.starts(days=1)):
            reading = subject.policy.clocks.due(name, start, *grade)
            if None not in (reading.not_before, reading.due_at) and reading.not_before >= reading.due_at:  # type: ignore[operator]
                yield Flaw(
                    "not_before_at_due",
                    f"clock.{name}.not_before",
                    "S004-6.1",
                    f"“{spec.title['zh']}”最早开始的时间（{_of(grade)}）不早于其时限，没有可办理的时间",
                    f"{spec.title['en']}: the earliest moment ({_of(grade)}) leaves no time before the deadline",
                    "缩短 not_before，或延长 target",
                    "shorten not_before or lengthen target",
                )
                break


def warnings_too_late(subject: Subject) -> Iterator[Flaw]:
    """A warning that comes with the deadline or after it warns of nothing (S001-17.7)."""
    for name, spec in subject.document.clock.items():
        for grade in _asked_grades(subject, name) if spec.warn is not None else ():
            if _has_length(spec.warn, spec, grade) and not _ever_warns(subject, name, grade):
                yield Flaw(
                    "warning_after_due",
                    f"clock.{name}.warn",
                    "S001-17.7",
                    f"“{spec.title['zh']}”的提醒（{_of(grade)}）不早于时限",
                    f"{spec.title['en']}: the warning ({_of(grade)}) comes no earlier than the deadline",
                    "缩短 warn",
                    "shorten warn",
                )
                break


def _ever_warns(subject: Subject, name: str, grade: Grade) -> bool:
    readings = (subject.policy.clocks.due(name, start, *grade) for start in subject.starts(minutes=6 * 60))
    return any(reading.due_at is None or reading.warn_at is not None for reading in readings)


def _has_length(amount: Amount | None, spec: ClockSpec, grade: Grade) -> bool:
    return amount is not None and parse_amount(amount, spec.calendar).of(*grade) is not None


def without_length(subject: Subject) -> Iterator[Flaw]:
    """A table that names some colours or complexities and leaves others without any deadline."""
    for name, spec in subject.document.clock.items():
        amount = spec.target if spec.target is not None else spec.every
        if amount is None or isinstance(amount, str) or spec.due_field is not None:
            continue
        graded = parse_amount(amount, spec.calendar)
        lacking = [grade for grade in subject.grades() if graded.of(*grade) is None]
        if lacking and len(amount) > 1 and graded.rows:  # a table of one grade means that grade alone
            yield Flaw(
                "grade_without_length",
                f"clock.{name}.{'target' if spec.target is not None else 'every'}",
                "S004-2.5",
                f"“{spec.title['zh']}”对{_of(lacking[0])}的投诉没有时限",
                f"{spec.title['en']}: complaints that are {_of(lacking[0])} have no deadline",
                "补上该级别，或写 default",
                "add that grade, or default",
                is_warning=True,
            )


def closed_for_ever(subject: Subject) -> Iterator[Flaw]:
    """A calendar without a single opening (S004-1.4)."""
    for name, calendar in subject.policy.clocks.calendars.items():
        if not calendar.may_open:
            yield Flaw(
                "calendar_never_opens",
                f"calendar.{name}.weekly",
                "S004-1.4",
                f"日历 {name} 从不开放，以它计时的时限永远不会到期",
                f"calendar {name} never opens: nothing counted in it would ever fall due",
                "写出至少一段开放时间，或 always = true",
                "give at least one opening, or always = true",
            )


def _of(grade: Grade) -> str:
    return ", ".join(str(part) for part in (*grade[:2], *sorted(grade[2])) if part is not None)


CHECKS = (contradicting, wanted_too_late, warnings_too_late, without_length, closed_for_ever)
"""All of them."""
