"""The rows of a CSV file, whatever is in it: bounded memory, and damage costs the damaged row only (S004-1.2).

A quote that is never closed, or closed in the middle of a cell, makes every CSV parser swallow the rows below. Here
such a row is refused and reading goes on with its second line, which is where the next row most likely begins. A row
that is well formed but too large is skipped whole: its lines are somebody's text, and reading them as rows would let
a customer's words make up complaints.
"""

import codecs
import csv
import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO, NamedTuple

from services.intake.mapping import Csv
from services.intake.sources import Row
from services.intake.submission import BODY_BYTES, Problem

ROW_BYTES = BODY_BYTES
"""A whole row; what is larger could not be submitted either."""
PIECE_BYTES = 65_536
SHOWN_CHARACTERS = 2_000
"""How much of an unreadable row is kept to be shown."""

_DAMAGE = re.compile("[\x00\udc80-\udcff]")


class InvalidFile(ValueError):
    """No row of the file can be read; the message says why and what to do."""


class ReadRow(NamedTuple):
    """One row as it stands in the file."""

    number: int
    """1 is the first row below the header; blank lines do not count."""
    line: int
    """The line of the file it begins on, as an editor shows it."""
    end: int
    """Bytes of the file up to its end."""
    cells: Row
    """Empty where the row could not be cut into cells."""
    text: str
    """The row as written, shortened, where there are no cells."""
    problems: tuple[Problem, ...] = ()


class _Record(NamedTuple):
    line: int
    end: int
    text: str
    problem: Problem | None


class _Quotes:
    """Follows the quotes of one record, so that its end is found without keeping it."""

    def __init__(self, delimiter: str) -> None:
        self._delimiter = delimiter
        self.state = "start"
        """start of a cell, in a plain or quoted one, closing after a quote in a quoted one; broken."""

    def feed(self, text: str) -> None:
        at = 0
        while 0 <= at < len(text) and self.state != "broken":
            at = self._step(text, at)

    def _step(self, text: str, at: int) -> int:
        """The place to look at next, -1 when nothing in the text can change the state."""
        letter = text[at]
        if self.state == "quoted":
            return self._jump(text, at, '"', "closing")
        if self.state == "plain":
            return self._jump(text, at, self._delimiter, "start")
        if letter == '"':
            self.state = "quoted"
        elif letter == self._delimiter:
            self.state = "start"
        elif self.state == "start":
            self.state = "plain"
        elif letter not in "\r\n":
            self.state = "broken"
        return at + 1

    def _jump(self, text: str, at: int, letter: str, state: str) -> int:
        found = text.find(letter, at)
        if found >= 0:
            self.state = state
        return found + 1 or -1


class _Records:
    """Cuts a file into records; each is at most ROW_BYTES in memory."""

    def __init__(self, file: BinaryIO, csv_file: Csv) -> None:
        self._file = file
        self._csv = csv_file
        self._decoder = codecs.getincrementaldecoder(csv_file.encoding.removesuffix("-sig"))("surrogateescape")
        self._offset = 0
        self._line = 1

    def __iter__(self) -> Iterator[_Record]:
        while (record := self._next()) is not None:
            yield record

    def _next(self) -> _Record | None:
        start, line = self._offset, self._line
        second: int | None = None
        quotes, parts, done = _Quotes(self._csv.delimiter), [], False
        while not done and (piece := self._file.readline(PIECE_BYTES)):
            text = self._decode(piece)
            quotes.feed(text)
            if self._offset - start <= ROW_BYTES:
                parts.append(text)
            if piece.endswith(b"\n"):
                second = second or self._offset
                done = quotes.state != "quoted"
        if not done:  # the file ends, perhaps within a character
            parts.append(self._decoder.decode(b"", True))
        if self._offset == start:
            return None
        return self._judged(_Record(line, self._offset, "".join(parts), None), self._offset - start, quotes, second)

    def _decode(self, piece: bytes) -> str:
        text = self._decoder.decode(piece, piece.endswith(b"\n"))
        text = text.removeprefix("\ufeff") if self._offset == 0 else text
        self._offset += len(piece)
        self._line += piece.count(b"\n")
        return text

    def _judged(self, record: _Record, size: int, quotes: _Quotes, second: int | None) -> _Record:
        """The record with what is wrong with it; reading goes on below its first line when its quotes are wrong."""
        if quotes.state in ("quoted", "broken"):
            if second is not None and second < self._offset:
                self._file.seek(second)
                self._offset, self._line = second, record.line + 1
                self._decoder.reset()
            first = record.text.partition("\n")[0][:SHOWN_CHARACTERS]
            return record._replace(text=first, end=self._offset, problem=_broken_quotes(quotes.state))
        if size > ROW_BYTES:
            return record._replace(text=record.text[:SHOWN_CHARACTERS], problem=_too_large(size))
        return record


class CsvRows:
    """The columns and the rows of a CSV file; raises InvalidFile when it has no usable header."""

    def __init__(self, file: BinaryIO, csv_file: Csv) -> None:
        _refuse_other_encodings(file, csv_file.encoding)
        self._csv = csv_file
        self._records = iter(_Records(file, csv_file))
        self.columns: Sequence[str] = csv_file.columns if not csv_file.header else self._header()

    def _header(self) -> Sequence[str]:
        record = next(self._records, None)
        if record is None:
            raise InvalidFile("the file is empty")
        cells, problem = self._cut(record)
        if problem is None and _DAMAGE.search(record.text):
            problem = _damaged("", record.text, self._csv.encoding)
        if problem is not None:
            raise InvalidFile(f"the header cannot be read: {problem.en}")
        return [cell.strip() or f"column {number}" for number, cell in enumerate(cells, start=1)]

    def __iter__(self) -> Iterator[ReadRow]:
        number = 0
        for record in self._records:
            if record.problem is None and not record.text.strip():
                continue
            number += 1
            yield self._row(number, record)

    def _row(self, number: int, record: _Record) -> ReadRow:
        cells, problem = self._cut(record)
        row: Row = {}
        problems = [problem] if problem else []
        if problem is None and len(cells) != len(self.columns):
            problems = [_wrong_width(len(cells), len(self.columns))]
        elif problem is None:
            row = dict(zip(self.columns, cells, strict=True))
        if _DAMAGE.search(record.text):
            problems += [_damaged(c, text, self._csv.encoding) for c, text in row.items() if _DAMAGE.search(text)]
        text = "" if row else record.text[:SHOWN_CHARACTERS].rstrip("\r\n")
        return ReadRow(number, record.line, record.end, row, text, tuple(problems))

    def _cut(self, record: _Record) -> tuple[list[str], Problem | None]:
        if record.problem is not None:
            return [], record.problem
        try:
            return next(csv.reader([record.text], delimiter=self._csv.delimiter, strict=True)), None
        except (csv.Error, StopIteration) as error:
            return [], _problem("", "broken_csv", f"不是有效的 CSV({error})", f"not valid CSV: {error}")


def shown(text: str) -> str:
    """The text with undecodable bytes as `\\xff`, so that it can be written out."""
    return _DAMAGE.sub(lambda found: f"\\x{ord(found.group()) & 0xFF:02x}", text)


def _refuse_other_encodings(file: BinaryIO, encoding: str) -> None:
    """Raise InvalidFile for a file that is certainly written otherwise: what is recorded garbled stays garbled."""
    head = file.read(PIECE_BYTES)
    file.seek(0)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise InvalidFile("the file is UTF-16: save it as CSV UTF-8")
    letters = sum(byte >= 0x80 for byte in head)
    # Several characters of another encoding are practically never valid UTF-8; one or two may be by accident.
    if encoding.startswith("utf-8") or letters < 12:
        return
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return
    raise InvalidFile(f'the file is UTF-8, the mapping says {encoding}: write encoding = "utf-8"')


def _problem(field: str, code: str, zh: str, en: str) -> Problem:
    return Problem(field=field, code=code, zh=zh, en=en)


def _broken_quotes(state: str) -> Problem:
    if state == "quoted":
        return _problem("", "broken_quotes", "引号没有结束", "a quote is never closed")
    zh, en = (
        "引号结束后还有其他字符；单元格内的引号应写两次",
        "text follows a closing quote; double quotes inside a cell",
    )
    return _problem("", "broken_quotes", zh, en)


def _too_large(size: int) -> Problem:
    zh, en = f"该行有 {size} 字节，上限 {ROW_BYTES} 字节", f"the row has {size} bytes, {ROW_BYTES} are allowed"
    return _problem("", "too_large", zh, en)


def _wrong_width(found: int, wanted: int) -> Problem:
    zh, en = f"该行有 {found} 列，表头有 {wanted} 列", f"the row has {found} columns, the header {wanted}"
    return _problem("", "wrong_columns", zh, en)


def _damaged(column: str, text: str, encoding: str) -> Problem:
    found = _DAMAGE.search(text)
    assert found is not None
    place = found.start() + 1
    if found.group() == "\x00":
        return _problem(column, "nul", f"第 {place} 个字符为 NUL", f"character {place} is NUL")
    byte = f"0x{ord(found.group()) & 0xFF:02x}"
    zh, en = f"第 {place} 个字符（{byte}）不是 {encoding} 编码", f"character {place} ({byte}) is not {encoding}"
    return _problem(column, "bad_encoding", zh, en)
