"""Tables that leave out what the requirements ask for: sources, titles, remedies, refund, final offer, labels."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from csv import DictReader
from functools import cache
from pathlib import Path
from typing import Any

from events.vocabulary import LabelKind
from policy.checking.flaws import Flaw, Subject
from policy.timing.durations import parse_duration

REQUIREMENT = re.compile(r"^[A-Z]+\d*-\d+(?:\.\d+)*[A-Za-z]?$")
"""S002-1.10; other regimes have ids of their own, DISP-1.6.2."""
LISTS = (Path(__file__).parents[2] / "docs" / "requirements.csv",)
"""Where known ids are listed, each a CSV with the column `id`."""


def sources(tables: object, place: str = "") -> Iterator[tuple[str, Any]]:
    """Every `source` of the text with the table it belongs to."""
    if isinstance(tables, Mapping):
        for key, value in tables.items():
            inside = f"{place}.{key}" if place else str(key)
            if key == "source":
                yield place, value
            else:
                yield from sources(value, inside)
    elif isinstance(tables, list):
        for number, each in enumerate(tables):
            yield from sources(each, f"{place}[{number}]")


@cache
def known_requirements() -> frozenset[str]:
    """The ids of the requirements, where their list is at hand; empty otherwise."""
    found: set[str] = set()
    for place in LISTS:
        if place.exists():
            with place.open(encoding="utf-8-sig") as file:
                found |= {row["id"] for row in DictReader(file)}
    return frozenset(found)


def unsourced(subject: Subject) -> Iterator[Flaw]:
    """A clock without a source, and ids that are none: nobody could say where the figure comes from."""
    known = known_requirements()
    families = {id_.partition("-")[0] for id_ in known}
    for place, cited in sources(subject.tables):
        for id_ in cited if isinstance(cited, list) else [cited]:
            listed = str(id_).partition("-")[0] not in families or id_ in known
            if not REQUIREMENT.match(str(id_)) or not listed:
                yield _unknown_source(f"{place}.source", str(id_))
    for name, spec in subject.document.clock.items():
        if not spec.source:
            yield Flaw(
                "no_source",
                f"clock.{name}.source",
                "-",
                "时钟没有注明依据",
                "the clock cites no source",
                "写出要求编号",
                "cite the requirement's id",
                is_warning=True,
            )


def _unknown_source(place: str, id_: str) -> Flaw:
    return Flaw(
        "unknown_requirement",
        place,
        id_,
        f"没有要求 {id_}",
        f"there is no requirement {id_}",
        "写出要求清单中的编号，例如 S002-1.10",
        "cite an id of the list of requirements, such as S002-1.10",
    )


def doubled_titles(subject: Subject) -> Iterator[Flaw]:
    """Two clocks of one name: an alert would not say which is meant (S004-2.8)."""
    named: defaultdict[str, list[str]] = defaultdict(list)
    for name, spec in subject.document.clock.items():
        for title in spec.title.values():
            named[title.casefold()].append(name)
    for title, names in named.items():
        if len(set(names)) > 1:
            yield Flaw(
                "title_twice",
                f"clock.{names[1]}.title",
                "S004-2.8",
                f"时钟 {names[0]} 与 {names[1]} 同名“{title}”",
                f"clocks {names[0]} and {names[1]} share the title {title!r}",
                "换一个名称",
                "give one of them another title",
            )


def unfinished_remedies(subject: Subject) -> Iterator[Flaw]:
    """A remedy whose time is counted in a calendar the policy does not have (S004-4.3)."""
    calendars = subject.policy.clocks.calendars
    for kind, rule in subject.document.remedy.items():
        if parse_duration(rule.due).calendar not in calendars:
            yield Flaw(
                "remedy_without_time",
                f"remedy.{kind}.due",
                "S004-4.3",
                f"补救措施的时限 {rule.due} 没有对应的日历",
                f"{rule.due}: the policy has no such calendar",
                f"改用 {'、'.join(calendars)}",
                f"name one of {', '.join(calendars)}",
            )


def locked_for_ever(subject: Subject) -> Iterator[Flaw]:
    """A final offer that nothing may undo, not even the law (S002-3.6, C9)."""
    if not subject.document.offer.unlock_causes:
        yield Flaw(
            "lock_without_key",
            "offer.unlock_causes",
            "S002-3.6",
            "最终方案锁定后没有任何解除事由",
            "a final offer is locked and no cause undoes it",
            "列出解除事由，例如 new_facts、statutory",
            "list the causes, such as new_facts and statutory",
        )


def reading_restricted(subject: Subject) -> Iterator[Flaw]:
    """A triage rule, flag or topic named for a restricted label (C21): labels decide nothing."""
    rules, labels = subject.document.triage, {kind.value for kind in LabelKind}
    conditions = [("triage.red", c.name) for c in rules.red.any]
    conditions += [(f"triage.priority.{rule.id}", c.name) for rule in rules.priority for c in rule.any]
    conditions += [("triage.complexity.points", c.name) for c, _ in rules.complexity.conditions()]
    conditions += [(f"triage.topic.{n}", s) for n, t in rules.topic.items() for s in (*t.flags, *t.signals)]
    conditions += [(f"ladder.jump.{n}", f) for n, jump in subject.document.ladder.jump.items() for f in jump.flags]
    for place, name in conditions:
        if name in labels or name.startswith("label"):
            yield Flaw(
                "reads_restricted_label",
                place,
                "S001-12.1",
                f"规则依据受限标签 {name}；任何规则都不得依据它",
                f"the rule reads the restricted label {name}: no rule may",
                "删除该条件",
                "remove the condition",
            )


def grounds_missing(subject: Subject) -> Iterator[Flaw]:
    """Refusing to accept a complaint without a ground or without proof (S002-7.3, S002-7.7)."""
    acceptance = subject.document.acceptance
    if not acceptance.not_accepted or not acceptance.proof_required:
        yield Flaw(
            "refusal_without_proof",
            "acceptance",
            "S002-7.7",
            "不予受理必须有列明的理由和证明",
            "not accepting a complaint needs listed grounds, and proof",
            "列出 not_accepted，并写 proof_required = true",
            "list not_accepted, and write proof_required = true",
        )


CHECKS = (
    unsourced,
    doubled_titles,
    unfinished_remedies,
    locked_for_ever,
    reading_restricted,
    grounds_missing,
)
"""All of them."""
