"""CSV for spreadsheets: UTF-8 with BOM, one row an event in ledger order, or one row a complaint."""

import codecs
import csv
from collections.abc import Iterable
from datetime import datetime
from io import TextIOWrapper
from typing import BinaryIO, TypeVar

from events.ledger import Ledger
from services.compliance.exports.cells import harmless
from services.compliance.exports.selection import Progress, Selection, facts, lives
from services.compliance.exports.spreadsheet import COMPLAINTS, EVENTS, Cell, Column, Table, cells

T = TypeVar("T")


def write_events(
    file: BinaryIO, ledger: Ledger, selection: Selection, table: Table, on_progress: Progress = lambda _: None
) -> int:
    """Write one row an event; how many."""
    return _write(file, EVENTS, facts(ledger, selection, on_progress), table)


def write_complaints(
    file: BinaryIO, ledger: Ledger, selection: Selection, table: Table, on_progress: Progress = lambda _: None
) -> int:
    """Write one row a complaint with an event in the selection, as it stands at its end; how many."""
    return _write(file, COMPLAINTS, (life.last() for life in lives(ledger, selection, on_progress)), table)


def _write(file: BinaryIO, columns: tuple[Column[T], ...], every: Iterable[T], table: Table) -> int:
    # Without the BOM Excel reads Chinese in the code page of the machine.
    file.write(codecs.BOM_UTF8)
    text = TextIOWrapper(file, "utf-8", newline="", write_through=False)
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(column.heading(table[0]) for column in columns)
    count = 0
    for about in every:
        writer.writerow([_spelled(cell) for cell in cells(columns, about, table)])
        count += 1
    text.flush()
    text.detach()  # the file is the caller's to close
    return count


def _spelled(cell: Cell) -> Cell:
    """Numbers stay numbers; texts become harmless; times are ISO 8601 with their offset."""
    if isinstance(cell, str):
        return harmless(cell)
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, datetime):
        return cell.isoformat(timespec="milliseconds")
    return cell
