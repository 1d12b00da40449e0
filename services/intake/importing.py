"""Bulk import of a CSV file: every row is accepted, known already, left out or refused with a reason (S004-1.2).

Complaint ids come from channel and reference, so sending a row twice changes nothing: a kill at any moment loses and
doubles nothing. The progress file only saves time. After a kill the rows are read again, so that the refused ones are
listed completely, but those done are not sent again, except the last batch: if the ledger does not know it, the ledger
was replaced or restored meanwhile, and all rows are sent again.
"""

import asyncio
import hashlib
import itertools
import os
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import orjson
from pydantic import AwareDatetime, ValidationError

from events.fact import Value
from services.intake.csv_rows import CsvRows, ReadRow, shown
from services.intake.drafting import to_submission
from services.intake.mapping import CsvMap
from services.intake.receipts import Receipt
from services.intake.submission import InvalidSubmission, Problem, Submission

AT_ONCE = 200
"""Rows of one batch; their complaints share a commit."""
REFUSALS_KEPT = 1_000
"""Refused rows in the report; the file holds all."""

AcceptAll = Callable[[Sequence[Submission]], Awaitable[Sequence[Receipt | InvalidSubmission]]]
"""`Intake.accept_all`, or the same over HTTP or NATS."""


class Refusal(NamedTuple):
    """A row that was not imported, and why."""

    row: int
    """1 is the first row below the header."""
    line: int
    """The line of the file it begins on."""
    problems: tuple[Problem, ...]
    """Each `field` names the column."""


class Progress(NamedTuple):
    """How far an import is."""

    rows: int = 0
    accepted: int = 0
    duplicates: int = 0
    """Known already; what they say anew was added to their complaint."""
    refused: int = 0
    left_out: int = 0
    """Rows `where` does not want."""
    bytes_done: int = 0
    bytes_total: int = 0


class ImportReport(NamedTuple):
    """What became of every row."""

    rows: int
    accepted: int
    duplicates: int
    refused: int
    left_out: int
    refusals: tuple[Refusal, ...]
    """The first REFUSALS_KEPT."""
    unmapped: tuple[str, ...]
    """Columns the mapping says nothing about: their content was not imported."""
    resumed_after: int
    """Rows an interrupted import had done before; 0 when this one began at the start."""


class _Saved(Value):
    """The progress file."""

    file_sha256: str
    mapping_sha256: str
    started_at: AwareDatetime
    """Dates are judged by this instant after a kill too: a row refused before it must not be skipped as done."""
    rows: int = 0
    accepted: int = 0
    duplicates: int = 0


class _LedgerReplaced(Exception):
    """The ledger does not hold what the progress file says it does."""


async def import_csv(
    file: Path,
    mapping: CsvMap,
    accept_all: AcceptAll,
    now: datetime,
    *,
    progress_directory: Path,
    refused_file: Path | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> ImportReport:
    """Import a file; interrupted, the same call goes on where it stopped.

    `refused_file` gets the refused rows as JSON lines with their original content, which is personal data.
    Raises InvalidFile, InvalidMapping, OSError before the first row is sent, and what accept_all raises at any time.
    """
    run = _Import(file, mapping, accept_all, progress_directory, refused_file, on_progress)
    saved = run.saved(now)
    try:
        return await run.rows_from(saved)
    except _LedgerReplaced:
        return await run.rows_from(saved.model_copy(update={"rows": 0, "accepted": 0, "duplicates": 0}))


class _Import:
    """One call of import_csv."""

    def __init__(
        self,
        file: Path,
        mapping: CsvMap,
        accept_all: AcceptAll,
        progress_directory: Path,
        refused_file: Path | None,
        on_progress: Callable[[Progress], None],
    ) -> None:
        self._file = file
        self._mapping = mapping
        self._accept_all = accept_all
        self._progress_file = progress_directory / f"{file.name}.progress.json"
        self._refused_file = refused_file
        self._on_progress = on_progress
        self._is_saving = True

    def saved(self, now: datetime) -> _Saved:
        """Where the last run of this file with this mapping stopped, or the start."""
        with self._file.open("rb") as content:
            sha256 = hashlib.file_digest(content, "sha256").hexdigest()
        start = _Saved(file_sha256=sha256, mapping_sha256=self._mapping.digest, started_at=now)
        try:
            saved = _Saved.model_validate_json(self._progress_file.read_bytes())
        except (FileNotFoundError, ValidationError):
            return start
        same = (saved.file_sha256, saved.mapping_sha256) == (start.file_sha256, start.mapping_sha256)
        return saved if same else start

    async def rows_from(self, saved: _Saved) -> ImportReport:
        """Send all rows after those saved; the report covers the whole file."""
        with ExitStack() as stack:
            rows = CsvRows(stack.enter_context(self._file.open("rb")), self._mapping.csv)
            unmapped = self._mapping.unmapped(rows.columns)
            refused = _Refused(stack, self._refused_file)
            sent = saved
            progress = Progress(bytes_total=self._file.stat().st_size)
            ahead = iter(rows)
            while batch := self._next_batch(ahead, saved.started_at, refused):
                sent = await self._send(batch, saved, sent, refused)
                progress = Progress(
                    batch.last,
                    sent.accepted,
                    sent.duplicates,
                    refused.count,
                    progress.left_out + batch.left_out,
                    batch.end,
                    progress.bytes_total,
                )
                self._on_progress(progress)
        self._progress_file.unlink(missing_ok=True)
        return ImportReport(*progress[:5], tuple(refused.first), unmapped, saved.rows)

    def _next_batch(self, rows: Iterator[ReadRow], now: datetime, refused: "_Refused") -> "_Batch | None":
        """The next rows, judged one by one."""
        first = last = end = left_out = 0
        submissions, wanted = [], []
        for row in itertools.islice(rows, AT_ONCE):
            first, last, end = first or row.number, row.number, row.end
            try:
                submission = self._judge(row, now)
            except InvalidSubmission as invalid:
                refused.add(row, invalid.problems)
                continue
            if submission is None:
                left_out += 1
            else:
                submissions.append(submission)
                wanted.append(row)
        return _Batch(first, last, end, left_out, submissions, wanted) if last else None

    def _judge(self, row: ReadRow, now: datetime) -> Submission | None:
        """The submission, None for a row left out; raises InvalidSubmission."""
        if row.problems:
            raise InvalidSubmission(row.problems)
        return to_submission(row.cells, self._mapping, now) if self._mapping.wants(row.cells) else None

    async def _send(self, batch: "_Batch", saved: _Saved, sent: _Saved, refused: "_Refused") -> _Saved:
        """Record a batch unless an earlier run did; it counts as done only after its commit.

        From the first row that its complaint does not take on, nothing is saved as done: a rerun lists it again.
        """
        if batch.last < saved.rows:
            return sent
        answers = await self._accept_all(batch.submissions) if batch.submissions else ()
        receipts = [answer for answer in answers if isinstance(answer, Receipt)]
        for row, answer in zip(batch.wanted, answers, strict=True):
            if isinstance(answer, InvalidSubmission):
                refused.add(row, answer.problems)
                self._is_saving = False
        known = sum(receipt.duplicate for receipt in receipts)
        new = len(receipts) - known
        if batch.first <= saved.rows:  # the last batch of the earlier run, sent again as a check
            if new:
                raise _LedgerReplaced
            return sent
        await asyncio.sleep(0)  # a file of bad rows alone must not hold up a cancellation
        counts = {"rows": batch.last, "accepted": sent.accepted + new, "duplicates": sent.duplicates + known}
        sent = sent.model_copy(update=counts)
        if self._is_saving:
            self._save(sent)
        return sent

    def _save(self, sent: _Saved) -> None:
        self._progress_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = self._progress_file.with_suffix(".new")
        new.write_bytes(sent.model_dump_json().encode())
        new.replace(self._progress_file)


class _Refused:
    """The refused rows: the first ones in memory, all in the file if one is wanted; without any there is no file."""

    def __init__(self, stack: ExitStack, path: Path | None) -> None:
        self.count = 0
        self.first: list[Refusal] = []
        self._stack = stack
        self._path = path
        self._file: BinaryIO | None = None
        if path is not None:
            path.unlink(missing_ok=True)

    def add(self, row: ReadRow, problems: tuple[Problem, ...]) -> None:
        """One more."""
        self.count += 1
        if self.count <= REFUSALS_KEPT:
            self.first.append(Refusal(row.number, row.line, problems))
        if self._path is not None:
            self._file = self._file or self._opened(self._path)
            self._file.write(orjson.dumps(_as_json(row, problems), option=orjson.OPT_APPEND_NEWLINE))

    def _opened(self, path: Path) -> BinaryIO:
        # For its owner alone: the rows are personal data.
        private = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        return self._stack.enter_context(os.fdopen(private, "wb"))


def _as_json(row: ReadRow, problems: tuple[Problem, ...]) -> dict[str, Any]:
    original: Any = {column: shown(cell) for column, cell in row.cells.items()} or shown(row.text)
    reasons = [problem.model_dump() for problem in problems]
    return {"row": row.number, "line": row.line, "problems": reasons, "original": original}


class _Batch(NamedTuple):
    """Rows `first` to `last`, without those left out or refused."""

    first: int
    last: int
    end: int
    left_out: int
    submissions: list[Submission]
    wanted: list[ReadRow]
    """The row of each submission."""
