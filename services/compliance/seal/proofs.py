"""Proofs out of the tiles: an entry is in the log, a later log continues an earlier one (RFC 6962, section 2.1)."""

from collections.abc import Callable, Iterator
from functools import lru_cache

from services.compliance.seal.seal_store import SealStore
from services.compliance.seal.tiles import ENTRY, entries_path, hashes_in, tile_path
from services.compliance.seal.tree import HASH, WIDTH, root_over


class TilesMissing(Exception):
    """A tile the checkpoint promises is not there or is cut: `amends verify` tells more."""


class SealedTree:
    """The tree of the newest checkpoint, read from its tiles, and all smaller ones in it; a proof costs a few tiles."""

    def __init__(self, store: SealStore, size: int) -> None:
        self.size = size
        self._store = store
        self._tile: Callable[[int, int], list[bytes]] = lru_cache(maxsize=64)(self._read)

    def leaf(self, index: int) -> bytes:
        """The leaf hash at an index; raises TilesMissing, IndexError."""
        return self._tile(0, index // WIDTH)[index % WIDTH]

    def root(self, size: int | None = None) -> bytes:
        """The root, now or at an earlier size; raises TilesMissing, IndexError."""
        return self._root(0, self._sized(size))

    def inclusion(self, index: int, size: int | None = None) -> list[bytes]:
        """The audit path of a leaf, lowest first; raises TilesMissing, IndexError for a leaf beyond the tree."""
        start, end = 0, self._sized(size)
        if not 0 <= index < end:
            raise IndexError(index)
        path: list[bytes] = []
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                path.append(self._root(middle, end))
                end = middle
            else:
                path.append(self._root(start, middle))
                start = middle
        return path[::-1]

    def consistency(self, earlier: int, size: int | None = None) -> list[bytes]:
        """The proof that the tree continues the one of its first leaves; raises TilesMissing, IndexError."""
        start, end = 0, self._sized(size)
        if not 0 <= earlier <= end:
            raise IndexError(earlier)
        if earlier in (0, end):
            return []
        path: list[bytes] = []
        # The earlier root itself is left out where it is one whole subtree: whoever checks knows it.
        is_known = True
        while earlier != end:
            middle = start + _split(end - start)
            if earlier <= middle:
                path.append(self._root(middle, end))
                end = middle
            else:
                path.append(self._root(start, middle))
                start, is_known = middle, False
        if not is_known:
            path.append(self._root(start, end))
        return path[::-1]

    def _sized(self, size: int | None) -> int:
        wanted = self.size if size is None else size
        if not 0 <= wanted <= self.size:
            raise IndexError(wanted)
        return wanted

    def _root(self, start: int, end: int) -> bytes:
        """The root over the leaves from start to end, where start lies as in a subtree of the whole tree."""
        level = 0
        below: list[bytes] = []
        # Whole tiles come as one hash each from the level above; what is left over at the end goes with them.
        while end - start >= WIDTH:
            rest = end % WIDTH
            if rest:
                below = [root_over([*self._hashes(level, end - rest, end), *below])]
            start, end, level = start // WIDTH, end // WIDTH, level + 1
        return root_over([*self._hashes(level, start, end), *below])

    def _hashes(self, level: int, start: int, end: int) -> list[bytes]:
        found: list[bytes] = []
        while start < end:
            within = start % WIDTH
            some = self._tile(level, start // WIDTH)[within : within + end - start]
            if not some:
                raise TilesMissing(tile_path(level, start // WIDTH))
            found += some
            start += len(some)
        return found

    def _read(self, level: int, index: int) -> list[bytes]:
        width = min(WIDTH, (self.size >> 8 * level) - index * WIDTH)
        if width <= 0:
            raise TilesMissing(tile_path(level, index))
        # A partial tile may be gone once the full one is there, which begins with the same hashes.
        content = self._store.read(tile_path(level, index, width)) or self._store.read(tile_path(level, index))
        try:
            hashes = hashes_in(content or b"")[:width]
        except ValueError as cut:
            raise TilesMissing(f"{tile_path(level, index)}: {cut}") from cut
        if len(hashes) < width:
            raise TilesMissing(tile_path(level, index, width))
        return hashes


def missing_tile(store: SealStore, size: int) -> str | None:
    """The first tile or entry bundle of a log of that size that is not there or is cut; read from the listing alone."""
    there = store.sizes("tile/")
    for path, width, full, whole in _promised(size):
        if there.get(path) != width and there.get(full) != whole:
            # A tile may have become full while they were listed.
            found = store.read(path) or store.read(full) or b""
            if len(found) not in (width, whole):
                return path
    return None


def _promised(size: int) -> Iterator[tuple[str, int, str, int]]:
    """(path, bytes, path when full, bytes when full) of every tile, lowest first, and of every entry bundle."""
    for start in range(0, size, WIDTH):
        index, width = start // WIDTH, min(WIDTH, size - start)
        yield entries_path(index, width), width * ENTRY, entries_path(index), WIDTH * ENTRY
    level = 0
    while size >> 8 * level:
        hashes = size >> 8 * level
        for start in range(0, hashes, WIDTH):
            index, width = start // WIDTH, min(WIDTH, hashes - start)
            yield tile_path(level, index, width), width * HASH, tile_path(level, index), WIDTH * HASH
        level += 1


def _split(size: int) -> int:
    """The largest power of two smaller than the size (RFC 6962, section 2.1)."""
    return 1 << (size - 1).bit_length() - 1
