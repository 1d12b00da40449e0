"""A what-if as a printable page without scripts, and as a workbook no cell of which is a formula."""

from collections.abc import Sequence
from pathlib import Path

import xlsxwriter

from events.vocabulary import Language
from services.compliance.evidence.markup import Html, page, rows, tag
from services.compliance.exports.cells import fitting, printable
from services.compliance.whatif.whatif_report import Report, Section, sections
from services.compliance.workbook import workbook

_SHEET = 31
"""Characters of a sheet's name at the most (Excel)."""
_FORBIDDEN = str.maketrans(dict.fromkeys("[]:*?/\\", " "))


def write_html(report: Report, file: Path, language: Language) -> None:
    """One page, everything in it: no script, no address, readable in twenty years."""
    every = list(sections(report, language))
    title = f"{every[0].title} · {report.policy.policy_id}"
    body = (part for section in every for part in (tag("h2", section.title), _table(section)))
    file.write_text(page(language, title, tag("h1", title), *body), encoding="utf-8")


def _table(section: Section) -> Html:
    return rows(section.columns, [tag("tr", *map(_cell, row)) for row in section.rows])


def _cell(text: str) -> Html:
    return tag("td", text, class_="n" if _is_number(text) else None)


def _is_number(text: str) -> bool:
    return text.removeprefix("+").removeprefix("-").replace(".", "", 1).isdecimal()


def write_xlsx(report: Report, file: Path, language: Language) -> None:
    """A sheet a table; texts stay texts, whatever sign they begin with."""
    with workbook(file, row_by_row=False) as book:
        bold = book.add_format({"bold": True})
        for number, section in enumerate(sections(report, language), start=1):
            sheet = book.add_worksheet(f"{number} {section.title.translate(_FORBIDDEN)}"[:_SHEET])
            sheet.freeze_panes(1, 0)
            sheet.write_row(0, 0, section.columns, bold)
            for at, row in enumerate(section.rows, start=1):
                _write_row(sheet, at, row)
            sheet.autofit()


def _write_row(sheet: xlsxwriter.worksheet.Worksheet, at: int, row: Sequence[str]) -> None:
    for column, text in enumerate(row):
        if column and _is_number(text):
            sheet.write_number(at, column, float(text))
        else:
            sheet.write_string(at, column, fitting(printable(text)))
