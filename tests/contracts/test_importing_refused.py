"""A row that its complaint does not take any more is listed with the reason, and the others are imported (S004-1.2)."""

from pathlib import Path

import pytest

from tests import controls
from tests.contracts.test_importing import House, mapping, written

MOST = controls.policy().document.record.most_supplements

pytestmark = pytest.mark.clause("S004-1.2")


@pytest.fixture
def changing(tmp_path: Path) -> Path:
    """One reference with other content on every row, then another reference."""
    rows = [f"r1,第 {number} 次的内容" for number in range(MOST + 3)]
    return written(tmp_path, "\n".join(["id,text", *rows, "r2,另一件"]))


async def test_rows_beyond_what_one_complaint_takes_are_listed_and_the_rest_goes_on(
    tmp_path: Path, changing: Path
) -> None:
    house = House(tmp_path)
    report = await house.load(changing, mapping())
    assert [(refused.row, refused.problems[0].code) for refused in report.refusals] == [
        (MOST + 2, "too_many_supplements"),
        (MOST + 3, "too_many_supplements"),
    ]
    assert (len(house.supplements), house.received) == (MOST, {"r1": 1, "r2": 1})
    assert (report.accepted, report.duplicates, report.refused) == (2, MOST, 2)
    house.ledger.close()


async def test_imported_again_the_same_rows_are_listed_again(tmp_path: Path, changing: Path) -> None:
    house = House(tmp_path)
    first, second = [await house.load(changing, mapping()) for _ in range(2)]
    assert second.refusals == first.refusals
    house.ledger.close()
