"""A what-if as a printable page without scripts, and as a workbook no cell of which is a formula."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

import xlsxwriter

from events.vocabulary import Language
from services.compliance.whatif.whatif_report import Report, Section, sections
from services.compliance.workbook import workbook

_STYLE = (
    "body{font:14px/1.5 'Noto Sans CJK SC','Microsoft YaHei',sans-serif;margin:2em;color:#111}"
    "h1{font-size:1.4em}h2{font-size:1.1em;margin-top:1.6em}table{border-collapse:collapse}"
    "th,td{border:1px solid #999;padding:.25em .6em;text-align:left;vertical-align:top;overflow-wrap:anywhere}"
    "th{background:#eee}td.n{text-align:right;white-space:nowrap}"
    "@media print{body{margin:0}tr{break-inside:avoid}h2{break-after:avoid}}"
)
_SHEET = 31
"""Characters of a sheet's name at the most (Excel)."""
_FORBIDDEN = str.maketrans(dict.fromkeys("[]:*?/\\", " "))
CELL = 32_000
"""Characters of a cell; Excel takes 32,767."""


def write_html(report: Report, file: Path, language: Language) -> None:
    """One page, everything in it: no script, no address, readable in twenty years."""
    every = list(sections(report, language))
    lang = "zh-CN" if language == "zh" else "en"
    title = escape(f"{every[0].title} · {report.policy.policy_id}")
    body = "".join(map(_html, every))
    page = (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title>'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<style>{_STYLE}</style></head><body><h1>{title}</h1>{body}</body></html>\n"
    )
    file.write_text(page, encoding="utf-8")


def _html(section: Section) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in section.columns)
    rows = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in section.rows)
    return f"<h2>{escape(section.title)}</h2><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _cell(text: str) -> str:
    kind = ' class="n"' if _is_number(text) else ""
    return f"<td{kind}>{escape(text)}</td>"


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
            sheet.write_string(at, column, text[:CELL])
