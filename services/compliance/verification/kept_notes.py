"""The signed notes of a file kept outside: one checkpoint, or all the copies that were ever appended to it."""

from collections.abc import Iterator
from pathlib import Path

LARGEST = 100_000
"""Characters of one note at the most; longer ones are no checkpoints."""
MARK = "— "
"""How a signature line begins."""


def notes_of(file: Path) -> Iterator[str]:
    """Its notes in order, one in memory at a time; raises OSError.

    What was cut off before its signature is left out; of a file without any signature the last block is told.
    """
    note, seen, is_signed = "", 0, False
    for line in _lines(file):
        if line.startswith(MARK):
            note, is_signed = note + line if len(note) <= LARGEST else note, True
            continue
        if is_signed:
            yield _ended(note)
            note, seen, is_signed = "", seen + 1, False
        # After an empty line comes the signature: otherwise another note begins, or this is none.
        if note.endswith("\n\n") or len(note) > LARGEST:
            note = ""
        if note or line != "\n":
            note += line
    if is_signed or not seen:
        yield _ended(note)


def _lines(file: Path) -> Iterator[str]:
    with file.open(encoding="utf-8", errors="replace") as opened:
        while line := opened.readline(LARGEST):
            yield line


def _ended(note: str) -> str:
    return note.rstrip("\n") + "\n"
