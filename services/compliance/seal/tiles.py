"""Where the tiles of the log lie and what is in them (C2SP tlog-tiles)."""

from collections.abc import Iterable

from services.compliance.seal.tree import HASH, WIDTH, Tile

CHECKPOINT = "checkpoint"
"""The newest signed checkpoint."""


def tile_path(level: int, index: int, width: int = WIDTH) -> str:
    """`tile/0/x001/x234/067`, or with `.p/17` while it holds 17 hashes."""
    return f"tile/{level}/{_number(index)}{_partial(width)}"


def entries_path(index: int, width: int = WIDTH) -> str:
    """`tile/entries/…`, the entries below the tile of level 0 with that index."""
    return f"tile/entries/{_number(index)}{_partial(width)}"


def partials_of(path: str) -> str:
    """Where the partial tiles lie that a full tile makes needless."""
    return f"{path}.p/"


def _partial(width: int) -> str:
    return "" if width == WIDTH else f".p/{width}"


def _number(index: int) -> str:
    groups = [f"{index % 1000:03}"]
    while index := index // 1000:
        groups.append(f"x{index % 1000:03}")
    return "/".join(reversed(groups))


def tile_bytes(tile: Tile) -> bytes:
    """What the file of a tile holds: its hashes one after the other."""
    return b"".join(tile.hashes)


def hashes_in(content: bytes) -> list[bytes]:
    """The hashes of a tile's file; raises ValueError for a cut one."""
    if len(content) % HASH or len(content) > HASH * WIDTH:
        raise ValueError(f"a tile of {len(content)} bytes")
    return [content[start : start + HASH] for start in range(0, len(content), HASH)]


ENTRY = 2 + HASH
"""Bytes of an entry in a bundle, with its length."""


def bundle_bytes(entries: Iterable[bytes]) -> bytes:
    """An entry bundle: each entry after its length as two bytes, high byte first."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def entries_in(content: bytes) -> list[bytes]:
    """The entries of a bundle; raises ValueError for a cut one."""
    entries, at = [], 0
    while at < len(content):
        end = at + 2 + int.from_bytes(content[at : at + 2], "big")
        if end > len(content):
            raise ValueError("an entry bundle ends within an entry")
        entries.append(content[at + 2 : end])
        at = end
    return entries
