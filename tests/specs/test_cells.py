"""No text of a customer becomes a formula in a spreadsheet (S001-8.4)."""

import csv
import re
from io import BytesIO, StringIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.compliance.exports import csv as csv_export
from services.compliance.exports.cells import LONGEST, fitting, harmless, printable
from tests.exported import HOSTILE, all_of, with_hostile_texts

ZONE = ZoneInfo("Asia/Shanghai")
STARTS = re.compile(r"^[\s\x00-\x20\u3000\u200b\ufeff]*[=+\-@＝＋－＠]")
"""What a formula starts with, said once more and apart from the code under test."""


def cells_of_a_spreadsheet(text: str) -> list[str]:
    """The pieces a spreadsheet may take for cells: lines, and what `;` or a tab parts."""
    return re.split(r"[\r\n;\t]", text)


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_a_text_that_starts_a_formula_gets_an_apostrophe_before_it(text: str) -> None:
    assert not any(STARTS.match(cell) for cell in cells_of_a_spreadsheet(harmless(text)))
    assert harmless(text) != text


@given(st.text(alphabet="=+-@＝＋－＠'\" \t\r\n\0;a1\u3000\u200b", max_size=12))
def test_no_mixture_of_signs_starts_a_formula_in_any_line_or_column(text: str) -> None:
    assert not any(STARTS.match(cell) for cell in cells_of_a_spreadsheet(harmless(text)))


@pytest.mark.parametrize(
    "text", ["房间很脏，要求退款", "a=b", "1-2", "li.na@example.com", "C260302-PVM6M-MRJP1", "'quoted'"]
)
def test_an_ordinary_text_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


def test_control_signs_are_replaced_and_line_breaks_stay() -> None:
    assert printable("a\0b\x1bc\nd\te") == "a\ufffdb\ufffdc\nd\te"


@pytest.mark.parametrize(
    ("text", "size"), [("字" * LONGEST, LONGEST), ("字" * (LONGEST + 1), LONGEST), ("😀" * LONGEST, 16_384)]
)
def test_a_cell_holds_no_more_than_a_spreadsheet_takes(text: str, size: int) -> None:
    assert len(fitting(text)) == size
    assert len(fitting(text).encode("utf-16-le")) // 2 <= LONGEST


@pytest.mark.clause("S001-8.4")
def test_no_cell_of_a_csv_export_is_a_formula_whatever_customers_wrote(tmp_path: Path) -> None:
    ledger = with_hostile_texts(tmp_path / "ledger.db")
    file = BytesIO()
    csv_export.write_complaints(file, ledger, all_of(ledger), ("zh", ZONE))
    csv_export.write_events(file, ledger, all_of(ledger), ("zh", ZONE))
    ledger.close()
    rows = csv.reader(StringIO(file.getvalue().decode("utf-8-sig"), newline=""))
    every = [cell for row in rows for cell in row]
    assert len(every) > 1_500
    assert not [cell for cell in every if STARTS.match(cell)]
