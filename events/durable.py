"""Files that are on the disk whole or not at all, whatever happens meanwhile; readable by their owner alone."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def sync(path: Path) -> None:
    """Wait until a file's content, or the names in a folder, are on the disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def put(part: Path, file: Path, *, replace: bool = True) -> None:
    """Give a complete file its name, both on the disk; raises FileExistsError where it may not replace another."""
    sync(part)
    if replace or not _linked(part, file):
        part.replace(file)
    sync(file.parent)


@contextmanager
def new_file(file: Path, *, replace: bool = True) -> Iterator[Path]:
    """A path beside the file to write to; it becomes the file at the end, and nothing stays after a failure.

    Raises FileExistsError where the file is there and must not be replaced.
    """
    if not replace and file.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(file))
    opened, name = tempfile.mkstemp(".part", ".", file.parent)
    os.close(opened)
    try:
        yield Path(name)
        put(Path(name), file, replace=replace)
    finally:
        Path(name).unlink(missing_ok=True)


def write(file: Path, content: bytes, *, replace: bool = True) -> None:
    """Write a small file; raises FileExistsError where it may not replace another."""
    with new_file(file, replace=replace) as part:
        part.write_bytes(content)


def _linked(part: Path, file: Path) -> bool:
    """Whether the disk knows a second name for a file: unlike a rename it fails where somebody else was faster."""
    try:
        os.link(part, file)
    except OSError as unable:
        if unable.errno not in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS):
            raise
        return False
    return True
