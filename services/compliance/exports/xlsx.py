"""XLSX: the sheets complaints, events, breaches; a full sheet goes on in another one of the same name and a number."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from events.ledger import Ledger
from services.compliance.exports.cells import fitting, printable
from services.compliance.exports.selection import Progress, Selection, lives
from services.compliance.exports.spreadsheet import BREACHES, COMPLAINTS, EVENTS, Cell, Column, Table, cells, missed
from services.compliance.workbook import workbook

ROWS: Final = 1_048_576
"""Rows a sheet may have, its heading among them."""
FIRST_YEAR: Final = 1900
"""Spreadsheets count days from here; an earlier time is written as text."""
UNDATED: Final = datetime(1980, 1, 1, tzinfo=UTC)


def write(
    path: Path,
    ledger: Ledger,
    selection: Selection,
    table: Table,
    on_progress: Progress = lambda _: None,
    *,
    rows: int = ROWS,
) -> dict[str, int]:
    """Write the workbook, complaint after complaint; how many rows each kind of sheet has.

    While it is written it takes about three times its size beside the file. Cells never hold formulas.
    """
    with workbook(path) as book:
        # No time of writing in it: the same history gives the same bytes.
        book.set_properties({"created": UNDATED})
        complaints = _Sheets(book, ("投诉", "complaints"), COMPLAINTS, table, rows)
        events = _Sheets(book, ("事件", "events"), EVENTS, table, rows)
        breaches = _Sheets(book, ("超时", "breaches"), BREACHES, table, rows)
        for life in lives(ledger, selection, on_progress):
            complaints.add(life.last())
            events.add_all(life.chosen)
            breaches.add_all(missed(life))
    return {"complaints": complaints.count, "events": events.count, "breaches": breaches.count}


class _Sheets:
    """One kind of sheet, and its continuations."""

    def __init__(
        self, book: Any, names: tuple[str, str], columns: tuple[Column[Any], ...], table: Table, rows: int
    ) -> None:
        self._book = book
        self._name = names[0] if table[0] == "zh" else names[1]
        self._columns = columns
        self._table = table
        self._rows = rows
        self._heading = book.add_format({"bold": True})
        self._instant = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._number = 0
        self.count = 0
        self._begin()

    def add_all(self, every: Iterable[Any]) -> None:
        """A row for each."""
        for each in every:
            self.add(each)

    def add(self, about: Any) -> None:
        """One more row."""
        if self._row == self._rows:
            self._begin()
        for column, cell in enumerate(cells(self._columns, about, self._table)):
            self._put(column, cell)
        self._row += 1
        self.count += 1

    def _begin(self) -> None:
        self._number += 1
        self._sheet = self._book.add_worksheet(self._name if self._number == 1 else f"{self._name} {self._number}")
        self._sheet.freeze_panes(1, 0)
        for number, column in enumerate(self._columns):
            self._sheet.set_column(number, number, 20)
            self._sheet.write_string(0, number, column.heading(self._table[0]), self._heading)
        self._row = 1

    def _put(self, column: int, cell: Cell) -> None:
        """A cell of the value's own type: a text is a text whatever it begins with."""
        at = (self._row, column)
        if cell is None:
            return
        if isinstance(cell, str):
            self._sheet.write_string(*at, fitting(printable(cell)))
        elif isinstance(cell, bool):
            self._sheet.write_boolean(*at, cell)
        elif isinstance(cell, int | Decimal):
            self._sheet.write_number(*at, cell)
        elif cell.year < FIRST_YEAR:
            self._sheet.write_string(*at, cell.isoformat())
        else:
            # A spreadsheet knows no zones: it shows the time of the policy's zone.
            self._sheet.write_datetime(*at, cell.replace(tzinfo=None), self._instant)
