"""The answer to a what-if in tables, for people in Chinese and English and for machines (ADR 0017)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from events.codes import in_plain
from events.company import PolicyPublished
from events.envelope import instant
from events.vocabulary import Audience, Category, Language, Medium, Priority, ReplyKind
from policy.policy import Policy
from services.compliance.whatif.difference import Changed, Study, compared
from services.compliance.whatif.figures import BEYOND, Figure, Figures, Group


class Report(NamedTuple):
    """What was asked, what came out, and that nothing was written."""

    policy: PolicyPublished
    other_organisation: bool
    since: datetime | None
    until: datetime | None
    horizon: datetime
    """The past is known up to here."""
    study: Study
    before: str
    """Digest of the ledger before."""
    after: str
    """And after."""
    ledger_events: int

    @property
    def is_untouched(self) -> bool:
        """The ledger holds what it held."""
        return self.before == self.after


class Section(NamedTuple):
    """One table of the report."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def sections(report: Report, language: Language) -> Iterator[Section]:
    """All tables that have a line, the summary first."""
    words = _Words(language, Policy(report.policy))
    yield words.summary(report)
    yield from _figures(report, words)
    study = report.study
    yield from _listed(words.title("refused"), words.columns("refused"), _refused(study))
    yield from _listed(words.title("acts"), words.columns("acts"), [tuple(each) for each in _shown(study.refused)])
    yield from _listed(words.title("changed"), words.columns("changed"), [words.change(each) for each in study.changed])
    unlike = [(each.number, each.complaint, ", ".join(each.what)) for each in study.unlike]
    yield from _listed(words.title("unlike"), words.columns("unlike"), unlike)
    yield from _listed(words.title("failed"), words.columns("failed"), list(study.failed))


def _listed(title: str, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[Section]:
    if rows:
        yield Section(title, columns, tuple(rows))


def _figures(report: Report, words: "_Words") -> Iterator[Section]:
    """A table a group, every figure of both; the hours as a week."""
    own, other = report.study.own, report.study.other
    for group in Group:
        names = sorted({figure.name for figure in {*own, *other} if figure.group is group}, key=_in_order)
        if group is Group.HOURS:
            yield from _listed(words.label(group), words.week(), _week(own, other))
            continue
        rows = [
            (words.figure(Figure(group, name)), *_three(own[Figure(group, name)], other[Figure(group, name)]))
            for name in names
        ]
        yield from _listed(words.label(group), words.columns("figures"), rows)


def _in_order(name: str) -> tuple[int, str]:
    bounds = ("1h", "4h", "1d", "3d", BEYOND)
    return (bounds.index(name) if name in bounds else 0, name)


def _three(own: int | Decimal, other: int | Decimal) -> tuple[str, str, str]:
    return str(own), str(other), _signed(other - own)


def _signed(amount: int | Decimal) -> str:
    return f"+{amount}" if amount > 0 else str(amount)


def _week(own: Figures, other: Figures) -> list[tuple[str, ...]]:
    """A row an hour, a column a weekday: `before → after`, or one number where it stays."""
    rows = []
    for hour in range(24):
        cells = []
        for day in range(1, 8):
            figure = Figure(Group.HOURS, f"{day} {hour:02}")
            before, after = own[figure], other[figure]
            cells.append("" if not before and not after else str(after) if before == after else f"{before} → {after}")
        if any(cells):
            rows.append((f"{hour:02}:00", *cells))
    return rows


def _refused(study: Study) -> list[tuple[str, ...]]:
    return [(*names, str(times)) for names, times in sorted(study.refused_by.items())]


def _shown(acts: Sequence[Any]) -> Iterator[tuple[str, ...]]:
    for act in acts:
        yield act.number, act.at, act.person, act.command, act.code, act.requirement


_Line = tuple[tuple[str, str], object]
"""What it is called in both languages, and what it is."""


class _Words:
    """The report's own words in one language."""

    def __init__(self, language: Language, policy: Policy) -> None:
        self._language = language
        self._policy = policy

    def _of(self, pair: tuple[str, str]) -> str:
        return pair[0] if self._language == "zh" else pair[1]

    def label(self, group: Group) -> str:
        """The group's title."""
        return group.label(self._language)

    def title(self, name: str) -> str:
        """A table's title."""
        return self._of(_TITLES[name])

    def columns(self, name: str) -> tuple[str, ...]:
        """A table's columns."""
        return tuple(self._of(pair) for pair in _COLUMNS[name])

    def week(self) -> tuple[str, ...]:
        """Hour and seven days."""
        days = ("周一 周二 周三 周四 周五 周六 周日", "Mon Tue Wed Thu Fri Sat Sun")
        return (self._of(("小时", "hour")), *self._of(days).split())

    def figure(self, figure: Figure) -> str:
        """What a figure counts, as people call it."""
        group, name = figure
        if name in self._policy.document.clock:
            return self._policy.title(name, self._language)
        if group in _WORDS:
            return str(_WORDS[group](name).label(self._language))
        if group is Group.NOTICES:
            audience, kind, medium = name.split("/")
            words = (Audience.of(audience), ReplyKind.of(kind), Medium.of(medium))
            return " · ".join(word.label(self._language) for word in words)
        return self._of(_NAMES[name]) if name in _NAMES else in_plain(name, self._language)

    def change(self, changed: Changed) -> tuple[str, ...]:
        """One complaint and all that changes in it but the hours."""
        told = [
            f"{self.label(figure.group)} · {self.figure(figure)}: {before} → {after}"
            for figure, before, after in changed.figures
            if figure.group is not Group.HOURS
        ]
        return changed.number, changed.complaint, "; ".join(told) or self.label(Group.HOURS)

    def summary(self, report: Report) -> Section:
        """What was asked and how far the answer carries."""
        rows = [*self._asked(report), *self._found(report.study), *self._ledger(report)]
        shown = tuple((self._of(name), str(value)) for name, value in rows if value not in (None, 0))
        return Section(self.title("summary"), self.columns("summary"), shown)

    def _asked(self, report: Report) -> Iterator[_Line]:
        yield from (
            (("另一政策", "other policy"), f"{report.policy.policy_id} ({report.policy.sha256})"),
            (("另一组织架构", "other organisation"), self._of(("是", "yes")) if report.other_organisation else None),
            (("受理起", "received from"), report.since and instant(report.since)),
            (("受理止（不含）", "received before"), report.until and instant(report.until)),
            (("历史截至", "the past is known up to"), instant(report.horizon)),
        )

    def _found(self, study: Study) -> Iterator[_Line]:
        faithful = study.complaints - study.unlike_number
        yield from (
            (("投诉宗数", "complaints"), study.complaints),
            (("事实条数", "facts"), study.events),
            (("结果有变的投诉", "complaints that would differ"), study.changed_number),
            (("另一政策下会被拒绝的操作", "acts it would have refused"), study.refused_number),
            (("另一政策下不再需要的操作", "acts no longer needed"), study.needless),
            (("按原政策重演与记录一致", "own re-run equals the record"), f"{faithful}/{study.complaints}"),
            (("照录、未重新判断的操作", "acts taken over as recorded"), study.kept),
            (("略去的政策迁移", "moves between policies left out"), study.moves),
            (("有关联（关联照录）的投诉", "complaints with links, taken over"), study.linked),
            (("文字已不可读、沿用原分类", "unreadable, classification kept"), study.unreadable),
            (("记录中断（比较到中断为止）", "record falls silent, compared up to there"), study.silent),
            (("无法重演", "could not be re-run"), len(study.failed)),
        )

    def _ledger(self, report: Report) -> Iterator[_Line]:
        yield from (
            (("台账摘要（之前）", "ledger digest before"), f"{report.before} ({report.ledger_events})"),
            (("台账摘要（之后）", "ledger digest after"), report.after),
            (("台账未变", "ledger unchanged"), self._of(("是", "yes") if report.is_untouched else ("否", "NO"))),
        )


_WORDS: Mapping[Group, Any] = {Group.PRIORITIES: Priority.of, Group.CATEGORIES: Category.of}
_NAMES: Mapping[str, tuple[str, str]] = {
    "1h": ("1 小时以内", "up to 1 hour"),
    "4h": ("4 小时以内", "up to 4 hours"),
    "1d": ("1 天以内", "up to 1 day"),
    "3d": ("3 天以内", "up to 3 days"),
    BEYOND: ("3 天以上", "more than 3 days"),
}
"""What the bounds are called."""
_TITLES: Mapping[str, tuple[str, str]] = {
    "summary": ("政策推演", "What if"),
    "refused": ("另一政策下会被拒绝的操作（汇总）", "Acts the other policy would have refused"),
    "acts": ("另一政策下会被拒绝的操作（照常计入）", "The same one by one; they are kept in the re-run"),
    "changed": ("结果有变的投诉", "Complaints that would differ"),
    "unlike": (
        "按原政策重演与记录不同（服务曾停止或延迟，或有缺陷）",
        "Own re-run differs from the record",
    ),
    "failed": ("无法重演的投诉", "Complaints that could not be re-run"),
}
_NUMBER = ("编号", "number")
_COMPLAINT = ("标识", "id")
_COLUMNS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "summary": (("项目", "what"), ("内容", "value")),
    "figures": (("项目", "what"), ("原政策", "as it was"), ("另一政策", "other policy"), ("差异", "difference")),
    "refused": (("操作", "command"), ("代码", "code"), ("依据", "requirement"), ("次数", "times")),
    "acts": (
        *(_NUMBER, ("时间", "at"), ("人员", "person")),
        *(("操作", "command"), ("代码", "code"), ("依据", "requirement")),
    ),
    "changed": (_NUMBER, _COMPLAINT, ("变化", "changes")),
    "unlike": (_NUMBER, _COMPLAINT, ("不同之处", "in what")),
    "failed": (_COMPLAINT, ("原因", "why")),
}


def as_json(report: Report) -> Mapping[str, Any]:
    """The report for machines: figures as they are, nothing left out but the complaints beyond the named ones."""
    study = report.study
    return {
        **_asked(report),
        "complaints": study.complaints,
        "events": study.events,
        "differs": study.differs,
        "figures": _all_figures(study),
        "changed": {"number": study.changed_number, "complaints": [_change(each) for each in study.changed]},
        "refused": _refusals(study),
        "unlike": {"number": study.unlike_number, "complaints": [each._asdict() for each in study.unlike]},
        "failed": [{"complaint_id": stream, "why": why} for stream, why in study.failed],
        **{name: getattr(study, name) for name in ("needless", "kept", "moves", "linked", "unreadable", "silent")},
        "ledger": {
            "events": report.ledger_events,
            "digest_before": report.before,
            "digest_after": report.after,
            "unchanged": report.is_untouched,
        },
    }


def _asked(report: Report) -> Mapping[str, Any]:
    return {
        "policy": report.policy.policy_id,
        "sha256": report.policy.sha256,
        "other_organisation": report.other_organisation,
        "since": report.since and instant(report.since),
        "until": report.until and instant(report.until),
        "horizon": instant(report.horizon),
    }


def _all_figures(study: Study) -> Mapping[str, Any]:
    return {
        "recorded": _plain(study.recorded),
        "own": _plain(study.own),
        "other": _plain(study.other),
        "difference": {
            group: {name: _number(after - before) for name, (before, after) in names.items()}
            for group, names in _by_group(study).items()
        },
    }


def _change(changed: Changed) -> Mapping[str, Any]:
    figures = [
        {"group": f.group.value, "name": f.name, "own": _number(own), "other": _number(other)}
        for f, own, other in changed.figures
    ]
    return {"complaint_id": changed.complaint, "number": changed.number, "figures": figures}


def _refusals(study: Study) -> Mapping[str, Any]:
    by = [
        {"command": command, "code": code, "requirement": requirement, "times": times}
        for (command, code, requirement), times in sorted(study.refused_by.items())
    ]
    acts = [each._asdict() for each in study.refused]
    return {"number": study.refused_number, "by": by, "acts": acts}


def _by_group(study: Study) -> dict[str, dict[str, tuple[int | Decimal, int | Decimal]]]:
    groups: dict[str, dict[str, tuple[int | Decimal, int | Decimal]]] = {}
    for figure, before, after in compared(study.own, study.other):
        groups.setdefault(figure.group.value, {})[figure.name] = (before, after)
    return groups


def _plain(figures: Figures) -> dict[str, dict[str, Any]]:
    groups: dict[str, dict[str, Any]] = {}
    for figure in sorted(figures):
        groups.setdefault(figure.group.value, {})[figure.name] = _number(figures[figure])
    return groups


def _number(amount: int | Decimal) -> int | str:
    """Money and hours keep their places as text."""
    return amount if isinstance(amount, int) else str(amount)
