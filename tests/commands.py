"""A command of `amends` in this process: what the tests of the command line share (the fixture `run`)."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
import structlog

from services.cli import main as command_line


class Ran(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@contextmanager
def running(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], directory: Path) -> Iterator[Run]:
    """Commands in that directory, with no settings from outside; a traceback fails the test."""
    monkeypatch.chdir(directory)
    monkeypatch.setenv("COLUMNS", "80")
    for name in [name for name in os.environ if name.startswith("AMENDS_")]:
        monkeypatch.delenv(name)
    before = structlog.get_config()

    def run(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["amends", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            command_line.main()
        ran = Ran(int(str(ended.value.code)), *capfd.readouterr())
        assert "Traceback" not in ran.err
        return ran

    yield run
    structlog.configure(**before)
