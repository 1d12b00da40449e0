"""The tree and its proofs: RFC 6962 vectors and properties, for the code that writes and the code that checks."""

import base64
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.compliance.seal.proofs import SealedTree, TilesMissing
from services.compliance.seal.seal_store import DirectoryStore
from services.compliance.seal.tiles import bundle_bytes, entries_in, entries_path, hashes_in, tile_bytes, tile_path
from services.compliance.seal.tree import Tree, edge_of, leaf_of, root_over
from services.compliance.verification import verifier

DATA = Path(__file__).parents[3] / "shared" / "data" / "merkle"
VECTORS = pytest.mark.skipif(not DATA.exists(), reason="the vectors are not beside this checkout")
MANY = 600


def roots() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DATA / "rfc6962_roots.json").read_text())
    return found


def vectors(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / name).read_text().splitlines()] if DATA.exists() else []


def hashes(texts: list[str] | None) -> list[bytes]:
    return [base64.b64decode(text) for text in texts or ()]


@VECTORS
def test_writer_and_verifier_compute_the_roots_of_rfc_6962() -> None:
    known = roots()
    leaves = [leaf_of(bytes.fromhex(leaf)) for leaf in known["known_leaves_hex"]]
    assert leaves == [verifier.leaf_hash(bytes.fromhex(leaf)) for leaf in known["known_leaves_hex"]]
    for size, root in known["known_roots_by_size"].items():
        assert root_over(leaves[: int(size)]).hex() == verifier.root_of(leaves[: int(size)]).hex() == root


@VECTORS
@pytest.mark.parametrize("vector", vectors("inclusion.jsonl"), ids=lambda v: v["case"])
def test_the_verifier_judges_inclusion_as_the_vectors_do(vector: dict[str, Any]) -> None:
    [leaf, root] = hashes([vector["leafHash"], vector["root"]])
    proof = hashes(vector["proof"])
    holds = verifier.check_inclusion(leaf, vector["leafIdx"], vector["treeSize"], proof, root)
    assert holds is not vector["wantErr"], vector["desc"]


@VECTORS
@pytest.mark.parametrize("vector", vectors("consistency.jsonl"), ids=lambda v: v["case"])
def test_the_verifier_judges_consistency_as_the_vectors_do(vector: dict[str, Any]) -> None:
    [root1, root2] = hashes([vector["root1"], vector["root2"]])
    holds = verifier.check_consistency(vector["size1"], root1, vector["size2"], root2, hashes(vector["proof"]))
    assert holds is not vector["wantErr"], vector["desc"]


@VECTORS
def test_the_writer_makes_the_proofs_of_the_vectors(tmp_path: Path) -> None:
    leaves = [leaf_of(bytes.fromhex(leaf)) for leaf in roots()["known_leaves_hex"]]
    tree = sealed(DirectoryStore(tmp_path), leaves)
    made = 0
    for vector in vectors("inclusion.jsonl"):
        if not vector["wantErr"] and vector["treeSize"] == len(leaves):
            assert tree.inclusion(vector["leafIdx"]) == hashes(vector["proof"])
            made += 1
    for vector in vectors("consistency.jsonl"):
        if not vector["wantErr"] and vector["size2"] == len(leaves):
            assert tree.consistency(vector["size1"]) == hashes(vector["proof"])
            made += 1
    assert made >= 2


def sealed(store: DirectoryStore, leaves: list[bytes]) -> SealedTree:
    """These leaves as tiles on disk."""
    tree = Tree()
    for leaf in leaves:
        for tile in tree.add(leaf):
            store.write(tile_path(tile.level, tile.number), tile_bytes(tile))
    for tile in tree.partial():
        store.write(tile_path(tile.level, tile.number, len(tile.hashes)), tile_bytes(tile))
    return SealedTree(store, len(leaves))


def some_leaves(number: int) -> list[bytes]:
    return [sha256(b"%d" % each).digest() for each in range(number)]


def test_the_growing_tree_has_the_recomputed_root_at_every_size_and_its_edge_is_what_the_size_says() -> None:
    tree, leaves = Tree(), some_leaves(MANY)
    assert tree.root() == verifier.root_of([])
    for size, leaf in enumerate(leaves, start=1):
        full = list(tree.add(leaf))
        assert tree.root() == verifier.root_of(leaves[:size])
        assert [tile.level for tile in full] == ([0] if size % 256 == 0 else [])
        assert [(tile.level, tile.number, len(tile.hashes)) for tile in tree.partial()] == edge_of(size)


@given(st.integers(1, MANY), st.data())
def test_a_tree_taken_up_again_from_its_edge_goes_on_as_if_it_had_never_stopped(size: int, data: st.DataObject) -> None:
    leaves = some_leaves(MANY)
    stop = data.draw(st.integers(0, size))
    tree = Tree()
    for leaf in leaves[:stop]:
        list(tree.add(leaf))
    again = tree.copy()
    for leaf in leaves[stop:size]:
        list(again.add(leaf))
    assert again.root() == verifier.root_of(leaves[:size])
    assert tree.root() == verifier.root_of(leaves[:stop])


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> SealedTree:
    """More than 256 full tiles, so that there are three levels."""
    return sealed(DirectoryStore(tmp_path_factory.mktemp("large")), some_leaves(66_000))


@given(st.data())
def test_proofs_from_tiles_hold_at_every_size_and_fail_when_a_bit_is_changed(
    large: SealedTree, data: st.DataObject
) -> None:
    size = data.draw(st.integers(1, large.size))
    index, earlier = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size))
    root, leaf = large.root(size), large.leaf(index)
    path = large.inclusion(index, size)
    assert verifier.check_inclusion(leaf, index, size, path, root)
    between = large.consistency(earlier, size)
    assert verifier.check_consistency(earlier, large.root(earlier), size, root, between)
    if path:
        at = data.draw(st.integers(0, len(path) - 1))
        bent = [*path[:at], bytes([path[at][0] ^ 1]) + path[at][1:], *path[at + 1 :]]
        assert not verifier.check_inclusion(leaf, index, size, bent, root)
    if between:
        bent = [*between[:-1], bytes([between[-1][0] ^ 1]) + between[-1][1:]]
        assert not verifier.check_consistency(earlier, large.root(earlier), size, root, bent)


def test_a_proof_asked_beyond_the_tree_is_refused_and_a_missing_tile_is_told(tmp_path: Path) -> None:
    tree = sealed(DirectoryStore(tmp_path), some_leaves(300))
    for asked in (lambda: tree.inclusion(300), lambda: tree.consistency(301), lambda: tree.root(301)):
        with pytest.raises(IndexError):
            asked()
    (tmp_path / tile_path(0, 1, 44)).unlink()
    with pytest.raises(TilesMissing, match=r"tile/0/001\.p/44"):
        SealedTree(DirectoryStore(tmp_path), 300).inclusion(299)


def test_tiles_lie_where_c2sp_says() -> None:
    assert tile_path(0, 1_234_067) == "tile/0/x001/x234/067"
    assert entries_path(5, 17) == "tile/entries/005.p/17"
    assert tile_path(2, 1_000) == "tile/2/x001/000"
    # The example of the specification: 70,000 entries.
    assert edge_of(70_000) == [(0, 273, 112), (1, 1, 17), (2, 0, 1)]
    assert edge_of(256) == [(1, 0, 1)]


@given(st.lists(st.binary(max_size=300), max_size=256))
def test_an_entry_bundle_gives_back_its_entries_and_a_cut_one_is_refused(entries: list[bytes]) -> None:
    content = bundle_bytes(entries)
    assert entries_in(content) == entries
    with pytest.raises(ValueError, match="ends within an entry"):
        entries_in(content + b"\x01")


def test_a_cut_tile_is_refused() -> None:
    with pytest.raises(ValueError, match="31 bytes"):
        hashes_in(bytes(31))
