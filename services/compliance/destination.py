"""Where what leaves the house goes: a file that appears whole or not at all, or standard output."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from events import durable

STDOUT = "-"


class Occupied(ValueError):
    """Something is there already and was not to be replaced."""


class NoFolder(ValueError):
    """The folder that a file is to be written into is missing."""


@contextmanager
def new_file(target: Path, *, force: bool) -> Iterator[Path]:
    """A path beside the target to write to; it becomes the target at the end, and nothing stays after a failure.

    Raises Occupied where a file is there and `force` is not given, and always for what is no file.
    """
    refuse(target, force=force)
    target = Path(os.path.realpath(target))
    try:
        with durable.new_file(target, replace=force) as part:
            yield part
    except FileExistsError:
        refuse(target, force=force)  # somebody else was faster
        raise


def refuse(target: Path, *, force: bool) -> None:
    """Raise Occupied where the target may not be written, NoFolder where nothing can be."""
    if not target.parent.is_dir():
        raise NoFolder(f"{target}: 文件夹不存在 / the folder does not exist: {target.parent}")
    if target.exists() and not target.is_file():
        raise Occupied(f"{target}: 不是普通文件 / not a regular file")
    if target.exists() and not force:
        raise Occupied(f"{target}: 文件已存在，如需覆盖请加 --force / the file exists; --force replaces it")


@contextmanager
def opened(target: str, *, force: bool) -> Iterator[BinaryIO]:
    """Bytes to a new file, or to standard output for `-`."""
    if target == STDOUT:
        try:
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        except BrokenPipeError as gone:
            raise BrokenPipeError from gone  # without its number: on EPIPE Typer would end the process by itself
        return
    with new_file(Path(target), force=force) as part, part.open("wb", buffering=1 << 20) as file:
        yield file
