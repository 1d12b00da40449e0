"""Event patterns of clocks that name what does not exist, or wait for what never happens (C21)."""

from collections.abc import Iterator
from enum import Enum
from types import UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin

from events.catalogue import FACTS
from events.fact import Fact
from events.vocabulary import ActorKind
from policy.checking.flaws import Flaw, Subject
from policy.timing.clock_rules import ClockSpec
from policy.timing.patterns import ANY, Condition, Pattern, parse_pair, parse_pattern

BY_NAME: dict[str, type[Fact]] = {fact.__name__: fact for fact in FACTS}

ONLY_BY: dict[ActorKind, frozenset[str]] = {
    ActorKind.SYSTEM: frozenset({"ContactStarted", "StaffAlerted", "ClockBreached", "ActRefused"}),
    ActorKind.CHANNEL: frozenset({"Received"}),
    ActorKind.PERSON: frozenset(
        {"UnderstandingConfirmed", "Verified", "SolutionProposed", "ReplyDrafted", "ApprovalGiven", "ApprovalRefused"}
        | {"ApprovalWithdrawn"}
        | {"CustomerAgreed", "CustomerDeclined", "StepCompleted", "StepFailed", "RefundVerified", "RefundPaid"}
        | {"CommitmentKept", "HandedOver", "AuthorityDelegated", "TaskOpened", "TaskClosed", "PolicyMigrated"}
        | {"NotAccepted", "Withdrawn", "DeadlineExtended", "Reviewed", "ActionPlanned", "ActionTaken", "Labelled"}
    ),
}
"""Facts that only one kind of actor ever writes; the golden scenarios hold every one of them to it."""

NEVER_IN_A_COMPLAINT = frozenset({"PolicyPublished", "OrganisationPublished"})
ENDS_ALL = frozenset({"NotAccepted", "Withdrawn", "Resolved", "Reopened", "Archived"})
"""What ends a round or the whole complaint, and so every run of a clock."""
RESTRICTED = frozenset({"Labelled"})
"""What no rule may read (C21)."""


class Placed(NamedTuple):
    """A pattern and where it stands."""

    place: str
    key: str
    pattern: Pattern


def patterns(name: str, spec: ClockSpec) -> Iterator[Placed]:
    """Every pattern of a clock."""
    extend = (spec.extend,) if spec.extend else ()
    for key, texts in (("start", spec.start), ("stop", spec.stop), ("renew", spec.renew), ("extend", extend)):
        for text in texts:
            yield Placed(f"clock.{name}.{key}", key, parse_pattern(text))
    for pair in spec.pause:
        for pattern in parse_pair(pair):
            yield Placed(f"clock.{name}.pause", "pause", pattern)


def unknown_words(subject: Subject) -> Iterator[Flaw]:
    """Events, fields and values the catalogue does not have: such a clock waits for ever."""
    for name, spec in subject.document.clock.items():
        for placed in patterns(name, spec):
            yield from _unknown(placed, _cited(spec))
        yield from _unknown_fields(name, spec)


def _unknown(placed: Placed, cited: str) -> Iterator[Flaw]:
    pattern = placed.pattern
    if pattern.name != ANY and pattern.name not in BY_NAME:
        yield _flaw(
            "unknown_event", placed.place, f"没有事件 {pattern.name}", f"there is no event {pattern.name}", cited
        )
        return
    meant = list(BY_NAME.values()) if pattern.name == ANY else [BY_NAME[pattern.name]]
    for condition in pattern.conditions:
        having = [fact for fact in meant if condition.field in fact.model_fields]
        if not having:
            zh, en = f"{pattern.name} 没有字段 {condition.field}", f"{pattern.name} has no field {condition.field}"
            yield _flaw("unknown_field", placed.place, zh, en, cited)
        for value in _strange_values(condition, having):
            zh, en = f"{condition.field} 不会是 {value}", f"{condition.field} is never {value}"
            yield _flaw("unknown_value", placed.place, zh, en, cited)


def _strange_values(condition: Condition, having: list[type[Fact]]) -> list[str]:
    possible = [values_of(fact.model_fields[condition.field].annotation) for fact in having]
    if not possible or None in possible:
        return []
    return sorted(condition.values.difference(*(values for values in possible if values is not None)))


def values_of(annotation: Any) -> frozenset[str] | None:
    """The texts a field of that type may have; None where any text may stand there."""
    if get_origin(annotation) in (Union, UnionType, tuple):
        inner = [values_of(each) for each in get_args(annotation) if each not in (type(None), ...)]
        return None if None in inner else frozenset().union(*(values for values in inner if values is not None))
    if annotation is bool:
        return frozenset({"true", "false"})
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return frozenset(str(member.value) for member in annotation)
    return None


def _unknown_fields(name: str, spec: ClockSpec) -> Iterator[Flaw]:
    starts = [BY_NAME[n] for text in spec.start if (n := parse_pattern(text).name) in BY_NAME]
    stops = [BY_NAME[n] for text in spec.stop if (n := parse_pattern(text).name) in BY_NAME]
    wanted = [("due_field", spec.due_field, starts)]
    if spec.key is not None:
        wanted += [
            ("key", None if spec.key.start == "version" else spec.key.start, starts),
            ("key", spec.key.stop, stops),
        ]
    if spec.extend is not None and (fact := BY_NAME.get(parse_pattern(spec.extend).name)):
        wanted.append(("extend", "until", [fact]))
    for key, field, facts in wanted:
        if field is not None and facts and not any(field in fact.model_fields for fact in facts):
            zh, en = f"{facts[0].__name__} 没有字段 {field}", f"{facts[0].__name__} has no field {field}"
            yield _flaw("unknown_field", f"clock.{name}.{key}", zh, en, _cited(spec))


def never_stopping(subject: Subject) -> Iterator[Flaw]:
    """A stop that can never happen, because nobody of that kind writes the fact, or it never follows."""
    for name, spec in subject.document.clock.items():
        stops = [placed for placed in patterns(name, spec) if placed.key == "stop"]
        known = [placed for placed in stops if placed.pattern.name in BY_NAME or placed.pattern.name == ANY]
        dead = [placed for placed in known if not _may_happen(placed.pattern)]
        for placed in dead:
            zh, en = f"{placed.pattern.text} 不可能发生", f"{placed.pattern.text} can never happen"
            yield _flaw("stop_never_happens", placed.place, zh, en, "S002-4.6")
        if stops and not [placed for placed in known if placed not in dead]:
            zh = f"时钟 {name} 没有任何可能发生的停止条件，将永远计时"
            yield _flaw(
                "clock_never_stops", f"clock.{name}.stop", zh, f"clock {name} has no stop that can happen", "S002-4.6"
            )


def stopping_all(subject: Subject) -> Iterator[Flaw]:
    """A stop that names no run of a clock with a run for each matter: what ends one would end them all (S002-4.6)."""
    for name, spec in subject.document.clock.items():
        for placed in patterns(name, spec) if spec.key is not None else ():
            fact = BY_NAME.get(placed.pattern.name)
            if placed.key != "stop" or fact is None or fact.__name__ in ENDS_ALL:
                continue
            if spec.key is not None and spec.key.stop not in fact.model_fields:
                zh = f"{placed.pattern.text} 没有字段 {spec.key.stop}，会停止时钟 {name} 的全部计时"
                en = f"{placed.pattern.text} has no field {spec.key.stop} and stops every run of clock {name}"
                yield _flaw("stops_every_run", placed.place, zh, en, "S002-4.6")


def _may_happen(pattern: Pattern) -> bool:
    if pattern.name in NEVER_IN_A_COMPLAINT or pattern.name == "Received":
        return False
    if pattern.actors is None:
        return True
    writer = next((actor for actor, names in ONLY_BY.items() if pattern.name in names), None)
    return writer is None or writer in pattern.actors


def reading_labels(subject: Subject) -> Iterator[Flaw]:
    """A rule that reads a restricted label (C21): labels of temperament or bad faith decide nothing."""
    for name, spec in subject.document.clock.items():
        for placed in patterns(name, spec):
            if placed.pattern.name in RESTRICTED:
                zh = f"{placed.pattern.text} 读取受限标签，任何规则都不得依据它"
                yield _flaw(
                    "reads_restricted_label", placed.place, zh, f"{placed.pattern.text} reads a label", "S001-12.1"
                )


def marks_nobody_sets(subject: Subject) -> Iterator[Flaw]:
    """A length for complaints with a flag that no topic of the triage ever sets."""
    topics = subject.document.triage.topic.values()
    flags = {flag for topic in topics for flag in topic.flags} | {"staff"}
    for name, spec in subject.document.clock.items():
        for key, (amount, _) in spec.amounts.items():
            for mark in amount if isinstance(amount, dict) else ():
                if mark.startswith("flag:") and mark.removeprefix("flag:") not in flags:
                    zh, en = f"分类规则从不标注 {mark}", f"no topic of the triage sets {mark}"
                    yield _flaw("flag_nobody_sets", f"clock.{name}.{key}", zh, en, "S004-2.1")


def _flaw(kind: str, place: str, zh: str, en: str, requirement: str) -> Flaw:
    return Flaw(
        kind,
        place,
        requirement,
        zh,
        en,
        "见 docs/events.md 中的事件、字段与取值",
        "docs/events.md lists events, fields and values",
    )


def _cited(spec: ClockSpec) -> str:
    return spec.source[0] if spec.source else "-"


CHECKS = (unknown_words, never_stopping, stopping_all, reading_labels, marks_nobody_sets)
"""All of them."""
