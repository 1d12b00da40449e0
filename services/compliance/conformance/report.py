"""The findings for people: rows, a printable page grouped by requirement, a workbook no cell of which is a formula."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any, Final

import orjson

from events.envelope import instant
from events.sentences import local_time
from events.vocabulary import Language
from policy.timing.explanation import in_words
from services.compliance.conformance.catalogue import CHECKS
from services.compliance.conformance.deadlines import whole
from services.compliance.conformance.run import NONE, Found
from services.compliance.evidence.markup import Html, page, rows, tag
from services.compliance.exports.cells import fitting, printable
from services.compliance.workbook import workbook

Finding = Mapping[str, Any]
"""A violation as its JSON line tells it."""
COLUMNS: Final[Mapping[Language, tuple[str, ...]]] = {
    "zh": ("要求", "投诉", "发现", "应于", "实际", "超时", "责任人", "事件", "检查"),
    "en": ("requirement", "complaint", "finding", "due", "done", "late", "who", "events", "check"),
}
IN_SHORT: Final[Mapping[Language, tuple[str, ...]]] = {
    "zh": ("要求", "投诉", "发现", "责任人"),
    "en": ("requirement", "complaint", "finding", "who"),
}
SHOWN_ON_PAPER = 200
"""Findings of one requirement on the printed page; a workbook holds them all."""
SHEET_ROWS = 1_000_000
"""Rows of one sheet; more go on in another one."""
SAID: Final[Mapping[str, Mapping[Language, str]]] = {
    "title": {"zh": "合规检查", "en": "Conformance"},
    "examined": {
        "zh": "已检查投诉 {0} 件、事件 {1} 条，截至 {2}",
        "en": "{0} complaints, {1} events examined up to {2}",
    },
    "found": {"zh": "发现 {0} 项", "en": "{0} findings"},
    "clean": {"zh": "未发现违规", "en": "No violation was found"},
    "other": {
        "zh": "另有 {0} 项未列出，见工作簿或 JSON",
        "en": "{0} more are not listed here: see the workbook or JSON",
    },
    "unread": {
        "zh": "因正文加密未能核对：{0}，{1} 件",
        "en": "not compared, since words are encrypted: {0}, {1} complaints",
    },
    "none": {"zh": "无法检查的投诉", "en": "complaints that could not be examined"},
    "summary": {"zh": "汇总", "en": "summary"},
    "count": {"zh": "项数", "en": "findings"},
    "demands": {"zh": "检查内容", "en": "what is checked"},
}


def said(what: str, language: Language, *values: object) -> str:
    """One of the report's own sentences."""
    return SAID[what][language].format(*values)


def lines(found: Found, until: datetime) -> Iterator[bytes]:
    """Every finding as a JSON line, then one that sums up, also where nothing was found."""
    yield from _spooled(found)
    summed = {"complaints": found.complaints, "events": found.events, "until": instant(until), "findings": found.total}
    yield orjson.dumps({**summed, "not_compared": {name: n for name, n in sorted(found.unread.items()) if n}})


def findings(found: Found) -> Iterator[Finding]:
    """Every finding in order of complaint id; read from the files, one at a time."""
    return map(orjson.loads, _spooled(found))


def _spooled(found: Found) -> Iterator[bytes]:
    for file in found.files:
        with file.open("rb") as spool:
            yield from (line.rstrip(b"\n") for line in spool)


def cells(finding: Finding, language: Language, zone: tzinfo) -> tuple[str, ...]:
    """One finding as a row under COLUMNS, times local in the zone."""
    late = finding["late_seconds"]
    return (
        ", ".join((finding["requirement"], *finding["also"])),
        finding["number"] or finding["complaint_id"],
        finding[language],
        _time(finding["due_at"], zone),
        _time(finding["at"], zone),
        "" if late is None else in_words(whole(timedelta(seconds=late)), language),
        finding["who"] or "",
        ", ".join(str(event["version"]) for event in finding["events"]),
        finding["check"],
    )


def shown(finding: Finding, language: Language) -> tuple[str, ...]:
    """One finding as a row of a narrow table, under IN_SHORT: its sentence tells times and lateness."""
    number = finding["number"] or finding["complaint_id"]
    return finding["requirement"], number, finding[language], finding["who"] or ""


def _time(text: str | None, zone: tzinfo) -> str:
    return "" if text is None else local_time(datetime.fromisoformat(text), zone)


def told(found: Found, until: datetime, language: Language, zone: tzinfo) -> Iterator[str]:
    """What was examined and what came of it, in sentences."""
    yield said("examined", language, found.complaints, found.events, local_time(until, zone))
    yield said("found", language, found.total) if found.total else said("clean", language)
    for name, complaints in sorted(found.unread.items()):
        if complaints:
            yield said("unread", language, name, complaints)


def demands(requirement: str, language: Language) -> str:
    """What the checks of a requirement demand; clocks of other policies may cite what no check names."""
    if requirement == NONE:
        return said("none", language)
    return {"zh": "；", "en": "; "}[language].join(
        each.title(language) for each in CHECKS if requirement in each.requirements
    )


def write_json(found: Found, until: datetime, file: Path, language: Language, zone: tzinfo) -> None:
    """A JSON object a line; language and zone are for readers of the other formats."""
    with file.open("wb") as out:
        out.writelines(line + b"\n" for line in lines(found, until))


def write_html(found: Found, until: datetime, file: Path, language: Language, zone: tzinfo) -> None:
    """One printable page, grouped by requirement: no script, nothing loaded from elsewhere."""
    shown: dict[str, list[Html]] = {requirement: [] for requirement in sorted(found.violations)}
    for finding in findings(found):
        group = shown[finding["requirement"]]
        if len(group) < SHOWN_ON_PAPER:
            group.append(_row(finding, language, zone))
    body = [tag("h1", said("title", language)), *(tag("p", line) for line in told(found, until, language, zone))]
    for requirement, group in shown.items():
        body += _group(requirement, group, found.violations[requirement], language)
    file.write_text(page(language, said("title", language), *body), encoding="utf-8")


def _row(finding: Finding, language: Language, zone: tzinfo) -> Html:
    _, number, sentence, _, _, late, who, events, _ = cells(finding, language, zone)
    short = (tag("td", cell, class_="t") for cell in (late, who, events))
    return tag("tr", tag("td", number, class_="t"), tag("td", sentence), *short)


def _group(requirement: str, group: list[Html], total: int, language: Language) -> Iterator[Html]:
    yield tag("h2", f"{requirement} · {total}")
    yield tag("p", demands(requirement, language), class_="note")
    names = COLUMNS[language]
    yield rows((names[1], names[2], names[5], names[6], names[7]), group)
    if total > len(group):
        yield tag("p", said("other", language, total - len(group)), class_="note")


def write_xlsx(found: Found, until: datetime, file: Path, language: Language, zone: tzinfo) -> None:
    """A sheet with the sums, then every finding; texts stay texts, whatever sign they begin with."""
    with workbook(file) as book:
        sheet = book.add_worksheet(said("summary", language))
        sums: list[tuple[str, ...]] = [(line,) for line in told(found, until, language, zone)]
        sums += [(), (COLUMNS[language][0], said("count", language), said("demands", language))]
        sums += [(r, str(n), demands(r, language)) for r, n in sorted(found.violations.items())]
        for at, line in enumerate(sums):
            _write(sheet, at, line)
        for at, finding in enumerate(findings(found)):
            if at % SHEET_ROWS == 0:
                sheet = book.add_worksheet(f"{said('title', language)} {at // SHEET_ROWS + 1}")
                sheet.freeze_panes(1, 0)
                _write(sheet, 0, COLUMNS[language])
            _write(sheet, at % SHEET_ROWS + 1, cells(finding, language, zone))


def _write(sheet: Any, at: int, texts: tuple[str, ...]) -> None:
    for column, text in enumerate(texts):
        sheet.write_string(at, column, fitting(printable(text)))
