"""What a command prints: tables for people, JSON lines for machines, diagnostics on stderr (design, section 7)."""

import logging
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import structlog
import typer
from rich import box
from rich.console import Console
from rich.table import Table

DONE, FOUND, BAD_INPUT, REFUSED, UNAVAILABLE = 0, 1, 2, 3, 4
"""Exit codes: done; a check found something; bad input; refused by a rule; unavailable."""


def directory(path: Path | None) -> Path | None:
    """A directory of an option, which need not be there yet; ends with bad input for a file."""
    if path is not None and path.exists() and not path.is_dir():
        raise fail(BAD_INPUT, f"{path}: 不是文件夹 / not a directory")
    return path


Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        help="数据目录 / directory of the installation, running or stopped.",
        envvar="AMENDS_DATA",
        callback=directory,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="机器可读输出 / machine output on stdout.")]
English = Annotated[bool, typer.Option("--en", help="English instead of Chinese.")]
Force = Annotated[bool, typer.Option("--force", help="覆盖已有文件 / replace an existing file.")]

EARLIEST, LATEST = 1990, 2100
"""Years a time given by hand may lie in: the calendars reckon around it and must not leave theirs."""


class _Console(Console):
    """A console that tells when nobody reads any more; rich itself would end the process with 1."""

    def on_broken_pipe(self) -> None:
        """Leave it to main."""
        raise BrokenPipeError


class StdoutFailed(Exception):
    """What was printed could not be written."""


out = _Console(soft_wrap=True)
err = Console(stderr=True, soft_wrap=True)


@contextmanager
def _on_stdout() -> Iterator[None]:
    """Name stdout when it cannot be written: a full disk has no file name of its own."""
    try:
        yield
    except BrokenPipeError as gone:
        # Without its number: Typer itself would end the process with 1 on EPIPE.
        raise BrokenPipeError from gone
    except OSError as failure:
        raise StdoutFailed(failure.strerror) from failure


def emit(value: Mapping[str, Any]) -> None:
    """One JSON object on a line of its own, on stdout."""
    emit_line(orjson.dumps(value, default=str))


def emit_line(line: bytes) -> None:
    """A line that is JSON already, on stdout as it is."""
    with _on_stdout():
        sys.stdout.buffer.write(line + b"\n")


@contextmanager
def verdict(code: int) -> Iterator[None]:
    """End with this code once it is told; a reader that has seen enough changes nothing about what was found."""
    try:
        yield
    except BrokenPipeError:
        if not code:
            raise
    if code:
        raise typer.Exit(code)


def flush() -> None:
    """Send what was emitted."""
    with _on_stdout():
        sys.stdout.flush()


def table(title: str, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """A table for people; cells are data, never markup."""
    shown = Table(title=title or None, title_justify="left", box=box.SIMPLE, pad_edge=False)
    for number, column in enumerate(columns):
        shown.add_column(column, overflow="fold", no_wrap=number == 0)
    for row in rows:
        shown.add_row(*("" if cell is None else _plain(cell) for cell in row))
    with _on_stdout():
        out.print(shown)


def say(text: str) -> None:
    """A line for people on stdout."""
    with _on_stdout():
        out.print(text, markup=False, highlight=False)


def fail(code: int, text: str) -> typer.Exit:
    """Tell what went wrong on stderr; raise the result to end with that code."""
    err.print(text, markup=False, highlight=False)
    return typer.Exit(code)


def aware(text: str) -> datetime:
    """A time with a zone from an option; ends with bad input otherwise."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise fail(BAD_INPUT, f"{text!r}: 需要带时区的时间 / a time with a zone is needed, 2026-03-02T20:50:00+08:00")
    if not EARLIEST <= moment.year <= LATEST:
        raise fail(BAD_INPUT, f"{text!r}: 年份须在 / the year must be from {EARLIEST} to {LATEST}")
    return moment


def spell(since: str | None, until: str | None) -> tuple[datetime | None, datetime | None]:
    """From when until when; ends with bad input for a spell that ends before it begins."""
    begin, end = (aware(text) if text else None for text in (since, until))
    if begin is not None and end is not None and begin > end:
        raise fail(BAD_INPUT, f"--since {since} 晚于 / is later than --until {until}")
    return begin, end


def configure_logs(*, as_json: bool) -> None:
    """Logs go to stderr, as JSON lines or as text."""
    renderer: Any = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _plain(cell: object) -> str:
    return str(cell).replace("[", "\\[")
