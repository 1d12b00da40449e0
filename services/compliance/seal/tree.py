"""The tree that is written: the growing right edge of an RFC 6962 Merkle tree, in tiles of 256 hashes (ADR 0014)."""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import NamedTuple, Self

WIDTH = 256
"""Hashes of a full tile (C2SP tlog-tiles)."""
HASH = 32
"""Bytes of a hash."""


class Tile(NamedTuple):
    """Consecutive hashes of one level; of level 0 they are leaf hashes, above them each is the root of a full tile."""

    level: int
    number: int
    """From 0, counted in full tiles."""
    hashes: tuple[bytes, ...]


def entry_of(line: bytes) -> bytes:
    """The log entry of an event line: its SHA-256, so that the log holds no data of anybody."""
    return sha256(line).digest()


def leaf_of(entry: bytes) -> bytes:
    """The leaf hash of an entry (RFC 6962, section 2.1)."""
    return sha256(b"\x00" + entry).digest()


def root_over(hashes: Sequence[bytes]) -> bytes:
    """The root over the hashes of one level; the empty tree is the SHA-256 of nothing."""
    level = list(hashes)
    if not level:
        return sha256(b"").digest()
    while len(level) > 1:
        pairs = [sha256(b"\x01" + left + right).digest() for left, right in zip(level[::2], level[1::2], strict=False)]
        # Without a partner a hash moves up as it is; splitting at the largest power of two comes to the same.
        level = pairs + level[len(pairs) * 2 :]
    return level[0]


def edge_of(size: int) -> list[tuple[int, int, int]]:
    """The growing tiles of a tree of that size: (level, index, hashes in it), those without hashes left out."""
    edge, level = [], 0
    while size:
        if size % WIDTH:
            edge.append((level, size // WIDTH, size % WIDTH))
        size //= WIDTH
        level += 1
    return edge


class Tree:
    """The tree as far as it goes on growing: of each level the hashes of its last tile, never a full one."""

    def __init__(self, size: int = 0, edge: Sequence[Sequence[bytes]] = ()) -> None:
        self.size = size
        """Leaves."""
        self._edge = [list(hashes) for hashes in edge]

    def copy(self) -> Self:
        """Another tree of the same size, which grows by itself."""
        return type(self)(self.size, self._edge)

    def add(self, leaf: bytes) -> Iterator[Tile]:
        """Put a leaf at the end; the tiles that became full, lowest first. Must be consumed."""
        self.size += 1
        level = 0
        while True:
            if level == len(self._edge):
                self._edge.append([])
            hashes = self._edge[level]
            hashes.append(leaf)
            if len(hashes) < WIDTH:
                return
            yield Tile(level, (self.size >> 8 * (level + 1)) - 1, tuple(hashes))
            leaf = root_over(hashes)
            self._edge[level] = []
            level += 1

    def partial(self) -> list[Tile]:
        """The tiles that are still growing, lowest first."""
        return [
            Tile(level, self.size >> 8 * (level + 1), tuple(hashes))
            for level, hashes in enumerate(self._edge)
            if hashes
        ]

    def root(self) -> bytes:
        """The root over all leaves: each level ends with what stands below it."""
        below: list[bytes] = []
        for hashes in self._edge:
            if hashes or below:
                below = [root_over([*hashes, *below])]
        return root_over(below)
