"""An import loses and doubles nothing, whatever the file holds and whenever it is killed (S004-1.2)."""

import asyncio
import csv
import json
import os
import signal
import stat
import subprocess
import sys
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from events.envelope import Actor
from events.ledger import Ledger
from events.reception import Received, Supplemented
from events.stores import SQLiteStore
from events.vocabulary import ActorKind, Service
from policy.policy import DEFAULT_POLICY
from policy.registry import Policies, publish_policy
from services.intake.csv_rows import ROW_BYTES, CsvRows, InvalidFile
from services.intake.importing import AT_ONCE, ImportReport, Progress, import_csv
from services.intake.intake import Intake
from services.intake.mapping import CsvMap, InvalidMapping, parse_mapping, read_mapping
from services.intake.receipts import Receipt
from services.intake.submission import InvalidSubmission, Submission

pytestmark = pytest.mark.asyncio

SAMPLE_DATA = Path(os.environ.get("AMENDS_SAMPLE_DATA", Path(__file__).parents[3] / "shared" / "data"))
NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
SETUP = Actor(kind=ActorKind.SYSTEM, id="setup")
MAPPING = """
[csv]
encoding = "{encoding}"
[complaint]
channel = "shop"
external_ref = "{{id}}"
text = "{{text}}"
[customer]
name = "顾客 {{id}}"
"""


class House:
    """A SQLite ledger with intake in front of it, and what was sent there."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        store = SQLiteStore(directory / "ledger.db")
        store.create()
        self.ledger = Ledger(store, lambda: NOW)
        publish_policy(self.ledger.writer(Service.SETUP), DEFAULT_POLICY.read_text(), SETUP, NOW)
        self.intake = Intake(self.ledger.writer(Service.INTAKE), Policies(self.ledger), lambda: NOW)
        self.sent: list[str] = []

    async def accept_all(self, submissions: Sequence[Submission]) -> Sequence[Receipt | InvalidSubmission]:
        self.sent += [submission.external_ref for submission in submissions]
        return await self.intake.accept_all(submissions)

    async def load(self, file: Path, mapping: CsvMap, **options: Any) -> ImportReport:
        accept_all = options.pop("accept_all", self.accept_all)
        now = options.pop("now", NOW)
        return await import_csv(file, mapping, accept_all, now, progress_directory=self.directory, **options)

    @property
    def received(self) -> Counter[str]:
        """How often each reference was received."""
        facts = (recorded.fact for recorded in self.ledger.replay())
        return Counter(fact.external_ref for fact in facts if isinstance(fact, Received))

    @property
    def texts(self) -> dict[str, str]:
        facts = (recorded.fact for recorded in self.ledger.replay())
        return {fact.external_ref: fact.text for fact in facts if isinstance(fact, Received)}

    @property
    def supplements(self) -> list[str]:
        facts = (recorded.fact for recorded in self.ledger.replay())
        return [fact.text for fact in facts if isinstance(fact, Supplemented)]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.ledger.close()


def mapping(encoding: str = "utf-8") -> CsvMap:
    return parse_mapping(MAPPING.format(encoding=encoding))


def written(directory: Path, content: str | bytes, name: str = "shop.csv") -> Path:
    file = directory / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def many(directory: Path, rows: int) -> Path:
    lines = [f"r{number},第 {number} 件投诉" for number in range(1, rows + 1)]
    return written(directory, "\n".join(["id,text", *lines]))


def reasons(report: ImportReport) -> list[tuple[int, int, str, str]]:
    return [(r.row, r.line, p.field, p.code) for r in report.refusals for p in r.problems]


class Sample(NamedTuple):
    file: str
    mapping: str
    accepted: int
    left_out: int


SAMPLES = (
    Sample("en/cfpb_narratives.csv", "cfpb-narratives", 200, 0),
    Sample("en/cfpb_full_rows.csv", "cfpb", 105, 0),
    Sample("en/cfpb_metadata.csv", "cfpb-metadata", 500, 0),
    Sample("zh/complaints_labelled.csv", "zh-complaints", 146, 10),
)


@pytest.mark.clause("S004-1.1")
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.mapping)
async def test_real_complaints_are_imported_and_a_second_time_known(house: House, sample: Sample) -> None:
    file = SAMPLE_DATA / sample.file
    if not file.exists():
        print(f"skipped: no sample data at {file}; set AMENDS_SAMPLE_DATA")
        pytest.skip(f"no sample data at {file}: set AMENDS_SAMPLE_DATA")
    first = await house.load(file, read_mapping(sample.mapping))
    second = await house.load(file, read_mapping(sample.mapping))
    assert first[1:5] == (sample.accepted, 0, 0, sample.left_out)
    assert second[1:5] == (0, sample.accepted, 0, sample.left_out)
    assert first.unmapped == ()
    assert house.received.total() == sample.accepted
    assert house.supplements == []


@pytest.mark.clause("S004-1.9")
async def test_a_complaint_without_a_narrative_says_what_the_customer_chose(house: House) -> None:
    columns = read_mapping("cfpb").csv.ignore
    cells = {
        "Complaint ID": "42",
        "Issue": "Late fee",
        "Sub-issue": "",
        "Consumer complaint narrative": "",
        "Product": "Credit card",
        "Sub-product": "",
        "Company": "A Bank",
        "State": "TX",
        "ZIP code": "",
        "Date received": "2024-01-21",
    } | dict.fromkeys(columns, "N/A")
    file = house.directory / "cfpb.csv"
    with file.open("w", newline="") as out:
        csv.DictWriter(out, list(cells)).writeheader()
        csv.DictWriter(out, list(cells)).writerow(cells)
    await house.load(file, read_mapping("cfpb"))
    (recorded,) = [r for r in house.ledger.replay() if isinstance(r.fact, Received)]
    assert isinstance(recorded.fact, Received)
    assert (recorded.fact.text, recorded.fact.product, recorded.fact.scene) == ("Late fee", "Credit card", "A Bank, TX")
    assert recorded.occurred_at == datetime(2024, 1, 21, 5, 0, tzinfo=UTC)


class Killed(BaseException):
    """The process ends here."""


def killing(house: House, *, call: int, committed: bool) -> Callable[[Sequence[Submission]], Any]:
    """Intake that dies at that call, before or after the commit."""
    calls = 0

    async def accept_all(submissions: Sequence[Submission]) -> Sequence[Receipt | InvalidSubmission]:
        nonlocal calls
        calls += 1
        if calls == call and not committed:
            raise Killed
        receipts = await house.accept_all(submissions)
        if calls == call:
            raise Killed
        return receipts

    return accept_all


@pytest.mark.clause("S004-1.2")
@pytest.mark.parametrize("committed", [False, True])
@pytest.mark.parametrize("call", [1, 2, 3])
async def test_killed_in_any_batch_and_resumed_each_complaint_is_there_once(
    house: House, call: int, committed: bool
) -> None:
    file = many(house.directory, 2 * AT_ONCE + 50)
    with pytest.raises(Killed):
        await house.load(file, mapping(), accept_all=killing(house, call=call, committed=committed))
    report = await house.load(file, mapping())
    assert report.resumed_after == (call - 1) * AT_ONCE
    assert report.accepted + report.duplicates == report.rows == 2 * AT_ONCE + 50
    assert house.received == {f"r{number}": 1 for number in range(1, 2 * AT_ONCE + 51)}
    assert house.supplements == []


@pytest.mark.clause("S004-1.2")
async def test_cancelled_and_resumed_only_the_last_batch_is_sent_again(house: House) -> None:
    file = many(house.directory, 3 * AT_ONCE)
    task: asyncio.Task[ImportReport] | None = None

    def cancel(progress: Progress) -> None:
        if task is not None and progress.rows == 2 * AT_ONCE:
            task.cancel()

    task = asyncio.create_task(house.load(file, mapping(), on_progress=cancel))
    with pytest.raises(asyncio.CancelledError):
        await task
    house.sent.clear()
    report = await house.load(file, mapping())
    assert report.rows == house.received.total() == 3 * AT_ONCE
    assert f"r{AT_ONCE}" not in house.sent
    assert {f"r{AT_ONCE + 1}", f"r{3 * AT_ONCE}"} <= set(house.sent)


@pytest.mark.clause("S004-1.2")
async def test_a_killed_process_leaves_what_the_next_one_needs(house: House) -> None:
    file = many(house.directory, 2 * AT_ONCE)
    house.ledger.close()
    ended = subprocess.run([sys.executable, "-c", _DIES, str(house.directory), str(file)], check=False)
    after = House(house.directory)
    report = await after.load(file, mapping())
    received = after.received
    after.ledger.close()
    assert ended.returncode == -signal.SIGKILL
    assert (report.resumed_after, report.rows) == (AT_ONCE, 2 * AT_ONCE)
    assert received == {f"r{number}": 1 for number in range(1, 2 * AT_ONCE + 1)}


_DIES = """
import asyncio, os, signal, sys
from pathlib import Path
from tests.contracts.test_importing import House, mapping

def die(progress):
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(House(Path(sys.argv[1])).load(Path(sys.argv[2]), mapping(), on_progress=die))
"""


@pytest.mark.clause("S004-1.2")
async def test_refused_rows_of_both_parts_of_an_interrupted_import_are_listed(house: House) -> None:
    lines = [f"r{number}," + ("" if number % AT_ONCE == 7 else "坏了") for number in range(1, 2 * AT_ONCE + 1)]
    file = written(house.directory, "\n".join(["id,text", *lines]))
    with pytest.raises(Killed):
        await house.load(file, mapping(), accept_all=killing(house, call=2, committed=False))
    report = await house.load(file, mapping(), refused_file=house.directory / "refused.jsonl")
    assert [refusal.row for refusal in report.refusals] == [7, AT_ONCE + 7]
    assert len((house.directory / "refused.jsonl").read_text().splitlines()) == 2


@pytest.mark.clause("S004-1.2")
async def test_a_row_refused_before_the_kill_is_judged_by_the_same_time_after_it(house: House) -> None:
    # Else its date is right by then, but it counts as done: nobody would ever hear of it.
    text = MAPPING.format(encoding="utf-8").replace(
        "[customer]", 'occurred_at = { from = "{date}", timezone = "UTC" }\n[customer]'
    )
    lines = [f"r{number},坏了,2026-03-0{3 if number == 5 else 1}" for number in range(1, 2 * AT_ONCE + 1)]
    file = written(house.directory, "\n".join(["id,text,date", *lines]))
    with pytest.raises(Killed):
        await house.load(file, parse_mapping(text), accept_all=killing(house, call=2, committed=False))
    report = await house.load(file, parse_mapping(text), now=NOW + timedelta(days=9))
    assert reasons(report) == [(5, 6, "date", "in_the_future")]


@pytest.mark.clause("S004-1.2")
async def test_a_ledger_that_lost_what_was_imported_gets_everything_again(house: House, tmp_path: Path) -> None:
    file = many(house.directory, 2 * AT_ONCE)
    with pytest.raises(Killed):
        await house.load(file, mapping(), accept_all=killing(house, call=2, committed=False))
    (tmp_path / "restored").mkdir()
    restored = House(tmp_path / "restored")
    report = await house.load(file, mapping(), accept_all=restored.accept_all)
    assert restored.received.total() == report.rows == 2 * AT_ONCE
    assert report.resumed_after == 0
    restored.ledger.close()


@pytest.mark.clause("S004-1.2")
async def test_a_changed_file_or_mapping_starts_over(house: House) -> None:
    file = many(house.directory, 2 * AT_ONCE)
    for changed in ("file", "mapping"):
        with pytest.raises(Killed):
            await house.load(file, mapping(), accept_all=killing(house, call=2, committed=False))
        other = mapping() if changed == "file" else mapping("utf-8-sig")
        if changed == "file":
            file.write_text(file.read_text() + "\nnew,另一件")
        assert (await house.load(file, other)).resumed_after == 0


async def test_a_finished_import_leaves_no_progress_file_and_a_damaged_one_is_ignored(house: House) -> None:
    file = many(house.directory, 3)
    (house.directory / "shop.csv.progress.json").write_text('{"rows": 2')
    report = await house.load(file, mapping())
    assert (report.accepted, report.resumed_after) == (3, 0)
    assert not list(house.directory.glob("*.progress.*"))


async def test_progress_is_told_after_each_batch(house: House) -> None:
    told: list[Progress] = []
    file = many(house.directory, AT_ONCE + 1)
    await house.load(file, mapping(), on_progress=told.append)
    assert [(progress.rows, progress.accepted) for progress in told] == [(AT_ONCE, AT_ONCE), (AT_ONCE + 1,) * 2]
    assert told[-1].bytes_done == told[-1].bytes_total == file.stat().st_size


@pytest.mark.clause("S004-1.2")
async def test_a_reference_that_comes_again_with_other_words_adds_them_to_its_complaint(house: House) -> None:
    file = written(house.directory, "id,text\n1,坏了\n1,坏了\n1,还没修\n")
    first = await house.load(file, mapping())
    second = await house.load(file, mapping())
    assert (first.accepted, first.duplicates, second.duplicates) == (1, 2, 3)
    assert house.supplements == ["还没修"]


@pytest.mark.clause("S004-1.2")
@pytest.mark.parametrize(
    ("content", "texts", "refused"),
    [
        pytest.param(
            'id,text\n1,"甲\n2,乙\n3,丙\n', {"2": "乙", "3": "丙"}, [(1, 2, "broken_quotes")], id="never closed"
        ),
        pytest.param(
            'id,text\n1,"甲\n2,"乙"\n3,丙', {"2": "乙", "3": "丙"}, [(1, 2, "broken_quotes")], id="closed below"
        ),
        pytest.param('id,text\n1,"甲"乙\n2,丙\n', {"2": "丙"}, [(1, 2, "broken_quotes")], id="text after the quote"),
        pytest.param('id,text\n1,"甲', {}, [(1, 2, "broken_quotes")], id="cut at the end of the file"),
        pytest.param('id,text\n1,"甲\n2', {}, [(1, 2, "broken_quotes"), (2, 3, "wrong_columns")], id="cut below"),
        pytest.param('id,text\n1,5" 屏\n2,乙\n', {"1": '5" 屏', "2": "乙"}, [], id="a quote inside a plain cell"),
        pytest.param('id,text\n1,"甲 ""乙"", 丙"\n', {"1": '甲 "乙", 丙'}, [], id="doubled quotes"),
        pytest.param(
            'id,text\r\n1,"甲\r\n乙"\r\n\r\n2,丙\r\n', {"1": "甲\r\n乙", "2": "丙"}, [], id="line ends in a cell"
        ),
        pytest.param(
            "id,text\n1\n2,乙,x\n3,丙\n", {"3": "丙"}, [(1, 2, "wrong_columns"), (2, 3, "wrong_columns")], id="cells"
        ),
        pytest.param("id,text\n1,甲\x00\n2,乙\n", {"2": "乙"}, [(1, 2, "nul")], id="NUL"),
        pytest.param("id,text\n1,甲\r2,乙\n3,丙\n", {"3": "丙"}, [(1, 2, "broken_csv")], id="a line end of old Macs"),
        pytest.param(b"\xef\xbb\xbfid,text\n1,\xe7\x94\xb2\n", {"1": "甲"}, [], id="byte order mark"),
        pytest.param("id,text\n\n1,甲\n", {"1": "甲"}, [], id="blank line"),
        pytest.param(b"id,text\n1,\xe7\x94", {}, [(1, 2, "bad_encoding")], id="a character cut at the end"),
    ],
)
async def test_damage_costs_the_damaged_row_only(
    house: House, content: str | bytes, texts: dict[str, str], refused: list[tuple[int, int, str]]
) -> None:
    report = await house.load(written(house.directory, content), mapping())
    assert house.texts == texts
    assert [(row, line, code) for row, line, _, code in reasons(report)] == refused


@pytest.mark.clause("S004-1.2")
async def test_a_row_larger_than_a_submission_is_skipped_whole(house: House) -> None:
    # Its lines look like rows: a customer's words must not make up complaints.
    cell = ("9,伪造" + "长" * 300 + "\n") * 12_000
    file = written(house.directory, f'id,text\n1,"{cell}"\n2,乙\n')
    report = await house.load(file, mapping(), refused_file=house.directory / "refused.jsonl")
    assert file.stat().st_size > 10_000_000 > ROW_BYTES
    assert house.texts == {"2": "乙"}
    assert reasons(report) == [(1, 2, "", "too_large")]
    assert (house.directory / "refused.jsonl").stat().st_size < 20_000


@pytest.mark.clause("S004-1.2")
async def test_a_cell_of_ten_megabytes_is_read_past_in_the_memory_of_one_row(tmp_path: Path) -> None:
    file = written(tmp_path, b'id,text\n1,"' + b"x" * 10_000_000 + b'"\n2,x\n')
    with file.open("rb") as content:
        tracemalloc.start()
        rows = [(row.number, len(row.problems)) for row in CsvRows(content, mapping().csv)]
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert rows == [(1, 1), (2, 0)]
    assert peak < 4 * ROW_BYTES


@pytest.mark.clause("S004-1.2")
async def test_a_quote_cut_before_megabytes_of_rows_does_not_swallow_them(house: House) -> None:
    lines = "\n".join(f"r{number}," + "x" * 2_000 for number in range(500))
    report = await house.load(written(house.directory, f'id,text\n1,"甲\n{lines}\n'), mapping())
    assert report.accepted == 500
    assert reasons(report) == [(1, 2, "", "broken_quotes")]


@pytest.mark.clause("S004-1.2")
async def test_rows_that_are_not_in_the_named_encoding_are_refused_by_column_and_byte(house: House) -> None:
    rows = [b"id,text", "1,退款".encode("gb18030"), "2,退款".encode()]
    file = written(house.directory, b"\n".join(rows))
    report = await house.load(file, mapping(), refused_file=house.directory / "refused.jsonl")
    assert house.texts == {"2": "退款"}
    assert reasons(report) == [(1, 2, "text", "bad_encoding")]
    assert "0xcd" in report.refusals[0].problems[0].en
    assert json.loads((house.directory / "refused.jsonl").read_text())["original"]["text"].startswith("\\xcd")


@pytest.mark.parametrize("encoding", ["gb18030", "gbk", "big5"])
async def test_files_in_chinese_encodings_are_read(house: House, encoding: str) -> None:
    content = 'id,text\n1,"要求退款,\n賠償"\n'
    await house.load(written(house.directory, content.encode(encoding)), mapping(encoding))
    assert house.texts == {"1": "要求退款,\n賠償"}


@pytest.mark.parametrize(
    ("content", "encoding", "message"),
    [
        ("", "utf-8", "the file is empty"),
        ("id,text\n1,甲\n".encode("utf-16"), "utf-8", "the file is UTF-16: save it as CSV UTF-8"),
        (
            "id,text\n1,退款退款退款\n",
            "gb18030",
            'the file is UTF-8, the mapping says gb18030: write encoding = "utf-8"',
        ),
        ("id,内容\n".encode("gb18030"), "utf-8", "the header cannot be read: character 4 (0xc4) is not utf-8"),
        ('id,"text\n1,甲\n', "utf-8", "the header cannot be read: a quote is never closed"),
    ],
)
async def test_a_file_that_cannot_be_read_at_all_is_refused_before_anything_is_sent(
    house: House, content: str | bytes, encoding: str, message: str
) -> None:
    with pytest.raises(InvalidFile) as refused:
        await house.load(written(house.directory, content), mapping(encoding))
    assert str(refused.value) == message
    assert house.sent == []


async def test_a_file_without_a_needed_column_is_refused_before_anything_is_sent(house: House) -> None:
    with pytest.raises(InvalidMapping, match=r"complaint\.text: the CSV has no column 'text'"):
        await house.load(written(house.directory, "id,words\n1,甲\n"), mapping())
    assert house.sent == []


@pytest.mark.clause("S004-1.2")
async def test_columns_nobody_spoke_of_are_reported(house: House) -> None:
    report = await house.load(written(house.directory, "id,text,phone,\n1,甲,138,\n"), mapping())
    assert report.unmapped == ("phone", "column 4")


@pytest.mark.clause("S004-1.2")
async def test_refused_rows_are_written_with_reasons_and_original_for_their_owner_alone(house: House) -> None:
    refused = house.directory / "shop.csv.refused.jsonl"
    await house.load(written(house.directory, 'id,text\n1,\n2,"甲"乙\n3,丙\n'), mapping(), refused_file=refused)
    first, second = map(json.loads, refused.read_text().splitlines())
    assert (first["row"], first["line"], first["original"]) == (1, 2, {"id": "1", "text": ""})
    assert first["problems"] == [{"field": "text", "code": "empty", "zh": "text:没有内容", "en": "text: nothing there"}]
    assert second["original"] == '2,"甲"乙'
    assert stat.S_IMODE(refused.stat().st_mode) == 0o600


async def test_without_refusals_an_old_list_of_them_is_removed(house: House) -> None:
    refused = written(house.directory, "old", "refused.jsonl")
    await house.load(many(house.directory, 1), mapping(), refused_file=refused)
    assert not refused.exists()


async def test_a_file_without_a_header_gets_its_columns_from_the_mapping(house: House) -> None:
    text = MAPPING.format(encoding="utf-8").replace(
        "[complaint]", 'header = false\ncolumns = ["id", "text"]\ndelimiter = ";"\n[complaint]'
    )
    await house.load(written(house.directory, '1;"甲;乙"\n'), parse_mapping(text))
    assert house.texts == {"1": "甲;乙"}
