"""A workbook no cell of which is a formula, and that leaves nothing behind when it cannot be finished."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import xlsxwriter

AS_GIVEN: Final = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


@contextmanager
def workbook(path: Path, *, row_by_row: bool = True) -> Iterator[xlsxwriter.Workbook]:
    """A workbook, finished at the end; `row_by_row` keeps each row beside the file and not in memory."""
    with TemporaryDirectory(prefix=".", dir=path.parent) as own:
        book = xlsxwriter.Workbook(str(path), {**AS_GIVEN, "constant_memory": row_by_row, "tmpdir": own})
        try:
            yield book
            book.close()
        finally:
            for sheet in book.worksheets():
                if sheet.row_data_fh is not None:  # the library closes its rows only when all is written
                    sheet.row_data_fh.close()
