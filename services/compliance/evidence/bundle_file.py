"""The zip a bundle is: the same parts give the same bytes; attachments are found by what they hold, not by name."""

import hashlib
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from services.compliance.evidence.bundle import Contents, digest_of, manifest

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every part: a zip knows no earlier one."""
READABLE = 0o100644 << 16
UNIX = 3
_BLOCK = 1 << 20
MOST_FILES = 10_000
"""Files of a directory that are looked into for attachments."""


class OtherAttachment(ValueError):
    """A file is named by a digest its content does not have, or changed while it was read."""


class Written(NamedTuple):
    """A bundle as written."""

    fingerprint: str
    """SHA-256 of the manifest: tell it to the receiver by another way."""
    size: int
    """Bytes of the zip."""


def write(file: Path, found: Contents, parts: Mapping[str, bytes], files: Mapping[str, Path]) -> Written:
    """Write a bundle to a file that gets its name afterwards; raises OtherAttachment, OSError."""
    digests = {name: digest_of(content) for name, content in parts.items()}
    digests |= {f"attachments/{sha256}": (sha256, path.stat().st_size) for sha256, path in files.items()}
    listed = manifest(found, digests)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as out:
        _put(out, "manifest.json", [listed], len(listed))
        for name in sorted(digests):
            if name in parts:
                _put(out, name, [parts[name]], len(parts[name]))
            else:
                sha256, size = digests[name]
                _put(out, name, _checked(files[sha256], sha256), size)
    return Written(digest_of(listed)[0], file.stat().st_size)


def _put(out: zipfile.ZipFile, name: str, blocks: Iterable[bytes], size: int) -> None:
    part = zipfile.ZipInfo(name, EPOCH)
    part.create_system, part.external_attr, part.file_size = UNIX, READABLE, size
    with out.open(part, "w") as to:
        for block in blocks:
            to.write(block)


def _checked(path: Path, sha256: str) -> Iterator[bytes]:
    found = hashlib.sha256()
    for block in _blocks(path):
        found.update(block)
        yield block
    if found.hexdigest() != sha256:
        raise OtherAttachment(f"{path}: 文件在读取时改变了 / the file changed while it was read")


def attachments_in(directory: Path, wanted: Iterable[str]) -> dict[str, Path]:
    """The files of a directory whose SHA-256 is wanted; raises OtherAttachment, OSError.

    One named by a wanted digest (`<sha256>` or `<sha256>.jpg`) must have it; of others the content decides.
    """
    open_ = set(wanted)
    found: dict[str, Path] = {}
    for number, path in enumerate(sorted(directory.iterdir())):
        named = path.name.partition(".")[0]
        if not path.is_file() or (number >= MOST_FILES and named not in open_):
            continue
        sha256 = _digest(path)
        if named in open_ and named != sha256:
            raise OtherAttachment(
                f"{path}: 内容的 SHA-256 是 {sha256}，与记录的附件不符 / its content is not the attachment on record"
            )
        if sha256 in open_:
            found.setdefault(sha256, path)
    return found


def _digest(path: Path) -> str:
    found = hashlib.sha256()
    for block in _blocks(path):
        found.update(block)
    return found.hexdigest()


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block
