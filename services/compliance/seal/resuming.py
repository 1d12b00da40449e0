"""The head of the log taken up again after a stop: from its growing tiles, or from the whole ledger (ADR 0014)."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from events.catalogue import wire
from events.stores import Row
from services.compliance.seal.checkpoints import Checkpoint
from services.compliance.seal.proofs import SealedTree, TilesMissing
from services.compliance.seal.seal_store import OtherContent, SealStore
from services.compliance.seal.tiles import bundle_bytes, entries_in, entries_path, hashes_in, tile_bytes, tile_path
from services.compliance.seal.tree import WIDTH, Tree, edge_of, entry_of, leaf_of

BATCH = 4_096
"""Events a round: their full tiles are written together and then one checkpoint is served."""

RowsAfter = Callable[[int, int], Sequence[Row]]
"""The next rows of the ledger after a position."""


class LedgerDisagrees(Exception):
    """The ledger no longer holds what was sealed; `amends verify` names the event."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh} / {en}")


class Head(NamedTuple):
    """How far the log goes: what the next event continues."""

    origin: str
    tree: Tree
    entries: tuple[bytes, ...]
    """Those of the growing bundle."""
    position: int
    """Of the last event."""
    leaf: bytes
    """Of the last event."""
    note: str
    """The checkpoint that is served, signed."""


def from_tiles(store: SealStore, last: Checkpoint, note: str) -> Head | None:
    """The head as the growing tiles have it; None when they are damaged or do not fit the checkpoint."""
    growing = {level: (index, width) for level, index, width in edge_of(last.size)}
    try:
        edge = [
            hashes_in(store.read(tile_path(level, *growing[level])) or b"") if level in growing else []
            for level in range(max(growing, default=-1) + 1)
        ]
        bundle = store.read(entries_path(*growing[0])) if 0 in growing else b""
        entries = entries_in(bundle or b"")
        leaf = SealedTree(store, last.size).leaf(last.size - 1)
    except (ValueError, TilesMissing):
        return None
    tree = Tree(last.size, edge)
    if tree.root() != last.root or [leaf_of(entry) for entry in entries] != (edge[0] if edge else []):
        return None
    return Head(last.origin, tree, tuple(entries), last.position, leaf, note)


def from_ledger(store: SealStore, rows_after: RowsAfter, last: Checkpoint, note: str) -> Head:
    """The head made from the whole ledger, every tile compared; raises LedgerDisagrees unless the root fits."""
    head = _recomputed(rows_after, last, note, lambda path, content: None)
    if head.tree.root() != last.root:
        raise LedgerDisagrees(
            f"前 {last.size} 个事件与已封存的不同",
            f"the first {last.size} events are not those that were sealed",
        )
    # Only now: a ledger that disagrees must not touch what was published.
    _recomputed(rows_after, last, note, lambda path, content: _mend(store, path, content))
    return head


def _recomputed(rows_after: RowsAfter, last: Checkpoint, note: str, put: Callable[[str, bytes], None]) -> Head:
    tree, position, entries, leaf = Tree(), 0, [], b""
    while tree.size < last.size:
        rows = rows_after(position, min(BATCH, last.size - tree.size))
        if not rows:
            raise fewer(tree.size, last.size)
        position = rows[-1].position
        for row in rows:
            entry = entry_of_row(row)
            leaf = leaf_of(entry)
            entries.append(entry)
            for tile in tree.add(leaf):
                put(tile_path(tile.level, tile.number), tile_bytes(tile))
            if len(entries) == WIDTH:
                put(entries_path(tree.size // WIDTH - 1), bundle_bytes(entries))
                entries = []
    for tile in tree.partial():
        put(tile_path(tile.level, tile.number, len(tile.hashes)), tile_bytes(tile))
    if entries:
        put(entries_path(tree.size // WIDTH, len(entries)), bundle_bytes(entries))
    if position != last.position:
        raise LedgerDisagrees(
            f"第 {last.size} 个事件位于 {position}，封存时位于 {last.position}",
            f"event {last.size} stands at position {position}, sealed at {last.position}",
        )
    return Head(last.origin, tree, tuple(entries), position, leaf, note)


def _mend(store: SealStore, path: str, content: bytes) -> None:
    """Put a tile that is missing or damaged as the ledger and the signed root have it."""
    try:
        store.write(path, content)
    except OtherContent:
        store.replace(path, content, store.read(path))


def line_of_row(row: Row) -> bytes:
    """The event line of a stored event; raises LedgerDisagrees for a row that the ledger cannot have written.

    Two rows never have one line: what is left out of it is the brace, and no column may reach into the next.
    """
    types = (int, str, int, str, bytes)
    texts = (row.stream, row.topic)
    if tuple(map(type, row)) != types or row.state[:1] != b"{" or any('"' in text for text in texts):
        raise LedgerDisagrees(f"位置 {row.position} 的内容不是事件", f"position {row.position} holds no event")
    return wire(*row)


def entry_of_row(row: Row) -> bytes:
    """The log entry of a stored event; raises LedgerDisagrees as `line_of_row` does."""
    return entry_of(line_of_row(row))


def fewer(held: int, sealed: int) -> LedgerDisagrees:
    """The ledger is shorter than the log."""
    return LedgerDisagrees(
        f"台账只有 {held} 个事件，而已封存 {sealed} 个", f"the ledger holds {held} events, {sealed} are sealed"
    )
