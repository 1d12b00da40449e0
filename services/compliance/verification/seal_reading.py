"""The published seal as a verifier reads it: files by their names (C2SP tlog-tiles), apart from what wrote them."""

import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import ObjectStore, from_url

from services.compliance.verification.ledger_reading import Unreadable

FULL = 256
"""Hashes of a full tile."""
HASH = 32
PREFIX = b"\x00\x20"
"""Before each entry in a bundle: its length, 32, in two bytes."""


class PublishedSeal(NamedTuple):
    """Where the log is published; can be handed to another process."""

    url: str
    """A directory, file://, s3://, gs://, az://."""

    def names(self, under: str) -> list[str]:
        """Names of the files below a path that ends with a slash, sorted; raises Unreadable."""
        folder = _directory(self.url)
        if folder is not None:
            found = (folder / under).rglob("*")
            return sorted(file.relative_to(folder).as_posix() for file in found if file.is_file())
        try:
            return sorted(each["path"] for page in obstore.list(_objects(self.url), prefix=under) for each in page)
        except (BaseError, OSError) as failure:
            raise Unreadable(f"{self.url}: {failure}") from failure

    def read(self, name: str) -> bytes | None:
        """What a file holds, None for none; raises Unreadable."""
        folder = _directory(self.url)
        try:
            if folder is not None:
                return (folder / name).read_bytes()
            return bytes(obstore.get(_objects(self.url), name).bytes())
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except (BaseError, OSError) as failure:
            raise Unreadable(f"{self.url}: {failure}") from failure

    def text(self, name: str) -> str | None:
        """The same as text; what is no UTF-8 shows as such and fits no signature."""
        content = self.read(name)
        return None if content is None else content.decode(errors="replace")

    def hashes(self, level: int, index: int, width: int) -> bytes | None:
        """The first hashes of a tile, one after the other; None where they are not all there."""
        return self._start(f"tile/{level}/{_number(index)}", width, width * HASH)

    def bundle(self, index: int, width: int) -> bytes | None:
        """The first entries of a bundle with their lengths; None where they are not all there."""
        return self._start(f"tile/entries/{_number(index)}", width, width * (HASH + len(PREFIX)))

    def notes(self, name: str) -> list[str]:
        """The signed notes in a file of several, with an empty line after each; what is cut off is left out."""
        content = self.text(name) or ""
        return [found.group(1) for found in _NOTE.finditer(content)]

    def _start(self, name: str, width: int, length: int) -> bytes | None:
        # A partial tile may be removed once the full one is there, which begins with the same hashes.
        for each in ([f"{name}.p/{width}"] if width < FULL else []) + [name]:
            content = self.read(each)
            if content is not None:
                return content[:length] if len(content) >= length else None
        return None


_NOTE = re.compile(r"((?:^[^\n—][^\n]*\n)+\n(?:^— [^\n]+\n)+)", re.MULTILINE)


def _number(index: int) -> str:
    """`x001/x234/067`"""
    text = f"{index:03}"
    text = text.zfill(-(-len(text) // 3) * 3)
    groups = [text[at : at + 3] for at in range(0, len(text), 3)]
    return "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])


@lru_cache
def _directory(url: str) -> Path | None:
    if "://" not in url:
        return Path(url)
    parts = urlsplit(url)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None


@lru_cache
def _objects(url: str) -> ObjectStore:
    try:
        return from_url(url)
    except BaseError as wrong:
        raise Unreadable(f"{url}: {wrong}") from wrong
