"""The sealer: follows the ledger in order, writes the log's tiles, signs its head; never in the write path (ADR 0014).

What is on disk is enough to go on after a crash at any point: everything is made from the ledger again and compared.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime

import structlog

from events.stores import Row
from services.compliance.seal.archive import Archive
from services.compliance.seal.checkpoints import Checkpoint, checkpoint, origin_of
from services.compliance.seal.notes import NotSigned, Signer, opened, signed
from services.compliance.seal.proofs import SealedTree, TilesMissing, missing_tile
from services.compliance.seal.resuming import (
    BATCH,
    Head,
    LedgerDisagrees,
    RowsAfter,
    entry_of_row,
    fewer,
    from_ledger,
    from_tiles,
    line_of_row,
)
from services.compliance.seal.seal_store import OtherContent, SealStore
from services.compliance.seal.signing_keys import (
    NoKey,
    SigningKeys,
    endorse,
    has_handed_over,
    predecessors,
    publish_key,
    published_checkpoint,
)
from services.compliance.seal.tiles import CHECKPOINT, bundle_bytes, entries_path, partials_of, tile_bytes, tile_path
from services.compliance.seal.tree import WIDTH, Tile, Tree, edge_of, leaf_of

log = structlog.get_logger()


class Sealer:
    """One sealer over one ledger and one storage; blocks, for one thread at a time."""

    def __init__(
        self, rows_after: RowsAfter, store: SealStore, keys: SigningKeys, clock: Callable[[], datetime]
    ) -> None:
        self._rows_after = rows_after
        self._store = store
        self._keys = keys
        self._clock = clock
        self._archive = Archive(store)
        self._is_locked = self._is_open = False
        self.head: Head | None = None
        """None before the first event."""
        self._has_looked = False
        """Whether every tile is there: asked once, for it takes a listing of all."""
        self._patrolled = (0, 0)
        """Events looked at again so far, and the position of the last of them."""

    def open(self, *, thoroughly: bool = False) -> None:
        """Take up what is there; `thoroughly` reads the whole ledger again first.

        Raises Overtaken while another process seals here, NoKey, NotSigned, LedgerDisagrees, SealStoreAway.
        """
        if not self._is_locked:
            self._store.lock()
            self._is_locked = True
        served = self._store.read(CHECKPOINT)
        if served is None:
            self.head = None
            self._keys.make()
        else:
            self.head = self._resumed(served.decode(errors="replace"), thoroughly=thoroughly)
        if self._keys.rotation_begun():
            self._rotate()
        self._is_open = True

    def close(self) -> None:
        """Let another process seal."""
        self._store.close()
        self._is_locked = self._is_open = False

    def seal(self) -> str | None:
        """Seal what is new, at most one batch; the note that is served now, None when nothing was new.

        Raises what REFUSALS names for good; Overtaken and SealStoreAway when it is worth trying again.
        After any of them what is in memory is forgotten and taken up again from what is stored.
        """
        if not self._is_open:
            self.open()
        try:
            if self._keys.rotation_begun():
                self._rotate()
            return self._seal()
        except BaseException:
            self._is_open = False
            raise

    def _seal(self) -> str | None:
        rows = self._new_rows()
        if not rows:
            return None
        origin = self.head.origin if self.head else origin_of(line_of_row(rows[0]))
        signer = self._signer(origin)
        if self.head is None:
            publish_key(self._store, signer.public)
        head, notes, tiles, bundles = self._grown(rows, origin, signer)
        for index, entries in enumerate(bundles, start=(self.head.tree.size if self.head else 0) // WIDTH):
            self._store.write(entries_path(index, len(entries)), bundle_bytes(entries))
        for tile in [*tiles, *head.tree.partial()]:
            self._store.write(tile_path(tile.level, tile.number, len(tile.hashes)), tile_bytes(tile))
        self._store.replace(CHECKPOINT, head.note.encode(), self.head.note.encode() if self.head else None)
        self.head = head
        self._archive.add(notes)
        for tile in tiles:
            self._drop_partials(tile)
        return head.note

    def _new_rows(self) -> Sequence[Row]:
        """The rows after the last sealed one, which must still stand where it stood."""
        if self.head is None:
            return self._rows_after(0, BATCH)
        return self._rows_since(self.head.position, self.head.leaf)

    def _rows_since(self, position: int, leaf: bytes) -> Sequence[Row]:
        found = self._rows_after(position - 1, BATCH + 1)
        if not found:
            raise LedgerDisagrees(
                f"台账在位置 {position} 之前就结束了，而该位置已封存",
                f"the ledger ends before position {position}, which is sealed",
            )
        last, *rows = found
        if last.position != position or leaf_of(entry_of_row(last)) != leaf:
            raise LedgerDisagrees(
                f"位置 {position} 的内容与已封存的不同",
                f"position {position} holds something else than what was sealed",
            )
        return rows

    def glance(self) -> tuple[Checkpoint, int] | None:
        """The served checkpoint and how many events it misses, at most a batch; needs neither key nor lock.

        Raises NotSigned, TilesMissing, LedgerDisagrees, SealStoreAway.
        """
        served = self._store.read(CHECKPOINT)
        if served is None:
            return None
        last = published_checkpoint(self._store, served.decode(errors="replace"))
        if (missing := missing_tile(self._store, last.size)) is not None:
            raise TilesMissing(f"{missing}: 缺失或不完整，amends seal 会补齐 / missing or cut, `amends seal` mends it")
        leaf = SealedTree(self._store, last.size).leaf(last.size - 1)
        return last, len(self._rows_since(last.position, leaf))

    def _grown(
        self, rows: Sequence[Row], origin: str, signer: Signer
    ) -> tuple[Head, list[str], list[Tile], list[list[bytes]]]:
        """The head after these rows; a note every 256 events; the full tiles; the bundles, the last growing."""
        tree = self.head.tree.copy() if self.head else Tree()
        entries = list(self.head.entries) if self.head else []
        now = self._clock()
        notes: list[str] = []
        tiles: list[Tile] = []
        bundles: list[list[bytes]] = []
        leaf = b""
        for row in rows:
            entry = entry_of_row(row)
            leaf = leaf_of(entry)
            entries.append(entry)
            tiles += tree.add(leaf)
            if len(entries) == WIDTH or row is rows[-1]:
                body = checkpoint(origin, tree.size, tree.root(), now, row.position)
                notes.append(signed(body.text(), signer))
                bundles.append(entries)
                entries = [] if len(entries) == WIDTH else entries
        return Head(origin, tree, tuple(entries), rows[-1].position, leaf, notes[-1]), notes, tiles, bundles

    def _drop_partials(self, tile: Tile) -> None:
        """The full tile begins with the same hashes."""
        self._store.remove_all(partials_of(tile_path(tile.level, tile.number)))
        if tile.level == 0:
            self._store.remove_all(partials_of(entries_path(tile.number)))

    def _signer(self, origin: str) -> Signer:
        return Signer(origin, self._keys.current())

    # --- Taking up what is there ---

    def _resumed(self, note: str, *, thoroughly: bool) -> Head:
        if not self._keys.exists():
            raise NoKey(
                "封存私钥不见了：请从备份恢复，或 amends seal rotate --lost / the seal's private key is gone: "
                "restore it from a backup, or `amends seal rotate --lost`"
            )
        last = self._read(note)
        head = None
        if not thoroughly and (self._has_looked or missing_tile(self._store, last.size) is None):
            head = from_tiles(self._store, last, note)
        self._has_looked = True
        head = head or from_ledger(self._store, self._rows_after, last, note)
        self._archive.repair(note)
        for level, index, _ in edge_of(last.size):
            if index:
                self._drop_partials(Tile(level, index - 1, ()))
        return head

    def _read(self, note: str) -> Checkpoint:
        """What a served note promises; raises NotSigned unless our key signed it or one that our key follows."""
        signer = self._signer(note.partition("\n")[0])
        with suppress(NotSigned):
            return Checkpoint.read(opened(note, signer.public))
        for key in predecessors(self._store, signer.public):
            with suppress(NotSigned):
                return Checkpoint.read(opened(note, key))
        raise NotSigned("检查点不是本机密钥所签 / the served checkpoint is not signed by our key nor by one it follows")

    # --- Rotation, patrol ---

    def _rotate(self) -> None:
        """Hand over to the next key: the old one endorses it, then goes; the head is signed anew."""
        if self.head is not None:
            old, new = self._signer(self.head.origin), Signer(self.head.origin, self._keys.next())
            endorse(self._store, old, new, self._read(self.head.note), self._clock())
        self._keys.end_rotation()
        if self.head is not None:
            self.sign_again()

    def open_without_old_key(self) -> None:
        """Go on under a new key although the old one is lost; nobody endorses it, so verifiers are told whom to trust.

        The checkpoint served must be signed by a published key and the whole ledger must agree with it. A key that is
        there was made by an attempt that failed: it signs now; raises NotSigned for one that has handed over.
        """
        self._store.lock()
        self._is_locked = True
        served = (self._store.read(CHECKPOINT) or b"").decode(errors="replace")
        head = from_ledger(self._store, self._rows_after, published_checkpoint(self._store, served), served)
        if self._keys.exists() and has_handed_over(self._store, self._signer(head.origin).public):
            raise NotSigned("此处是已交接的旧私钥，请先移走 / the key here has handed over: move it away first")
        self.head = head
        self._keys.make()  # last: until it has signed, no start finds a key it knows
        self.sign_again()
        self._is_open = True

    def sign_again(self) -> None:
        """Sign the head with the present key, at the present time; raises Overtaken."""
        head = self.head
        if head is None:
            return
        signer = self._signer(head.origin)
        publish_key(self._store, signer.public)
        again = checkpoint(head.origin, head.tree.size, head.tree.root(), self._clock(), head.position)
        note = signed(again.text(), signer)
        self._store.replace(CHECKPOINT, note.encode(), head.note.encode())
        self.head = head._replace(note=note)
        self._archive.add([note])

    def patrol(self, events: int) -> None:
        """Look again at that many sealed events, where the last patrol ended, round and round.

        Tiles that are missing or cut are made again from the ledger. Raises LedgerDisagrees for the first event that
        is not what was sealed.
        """
        if self.head is None or events <= 0:
            return
        try:
            self._look_again(events, self.head)
        except TilesMissing as missing:
            # The leaves follow from the ledger, if it still has the root that was signed.
            log.warning("seal mends its tiles", missing=str(missing))
            last = Checkpoint.read(opened(self.head.note))
            self.head = from_ledger(self._store, self._rows_after, last, self.head.note)

    def _look_again(self, events: int, head: Head) -> None:
        done, position = self._patrolled
        if done >= head.tree.size:
            done, position = 0, 0
        sealed = SealedTree(self._store, head.tree.size)
        wanted = min(events, head.tree.size - done)
        rows = self._rows_after(position, wanted)
        for index, row in enumerate(rows, start=done):
            if leaf_of(entry_of_row(row)) != sealed.leaf(index):
                raise LedgerDisagrees(
                    f"第 {index + 1} 个事件（位置 {row.position}）与已封存的不同",
                    f"event {index + 1} at position {row.position} is not what was sealed",
                )
        if len(rows) < wanted:
            raise fewer(done + len(rows), head.tree.size)
        self._patrolled = (done + len(rows), rows[-1].position)


REFUSALS = (LedgerDisagrees, OtherContent, NotSigned, NoKey)
"""What stops a sealer for good: a person is needed."""
