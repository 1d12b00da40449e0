"""Every alteration of the history is found and its first bad event named; an honest history is never accused."""

import ast
import random
import shutil
from pathlib import Path

import pytest

from events.stores import Row
from services.compliance.seal.resuming import entry_of_row
from services.compliance.seal.signing_keys import published_keys
from services.compliance.seal.tree import Tree, leaf_of
from services.compliance.verification.recomputing import Roots, recomputed
from services.compliance.verification.seal_reading import PublishedSeal
from services.compliance.verification.verdict import Kind, Report
from services.compliance.verification.verify_ledger import verify
from tests.alterations import ALTERATIONS, NO_EVENTS, Alteration, Altering, Expected, one_byte
from tests.sealed import House, OpenLedger, history, put, rows_after, stored

EVERYDAY, LONG = 100, 6_700
"""Rounds of each alteration in one run: 1,900 in all, and 127,300."""


class Houses:
    """Sealed ledgers of several shapes, each with checkpoints kept outside."""

    def __init__(self, directory: Path) -> None:
        chance = random.Random(7)
        self.every = []
        for number, (events, steps, skipping) in enumerate(SHAPES):
            house = House(directory / str(number), history(events, chance=chance, skipping=skipping))
            house.seal_in_steps(*steps, events)
            self.every.append(house)


SHAPES = (
    (24, (1, 2, 7), False),
    (40, (), True),
    (60, (30, 59), False),
    (60, (10,), True),
    (270, (255, 256, 257), False),
)
"""Events, sizes of checkpoints on the way, whether positions skip."""


@pytest.fixture(scope="module")
def houses(tmp_path_factory: pytest.TempPathFactory) -> Houses:
    return Houses(tmp_path_factory.mktemp("houses"))


def altered(house: House, alteration: Alteration, chance: random.Random) -> tuple[Expected, Report]:
    """What had to be found and what was; the table is then as before."""
    house.connection.execute("BEGIN")
    try:
        expected = alteration(Altering(house.connection, house.rows, chance))
        return expected, house.verified()
    finally:
        house.connection.execute("ROLLBACK")


def assert_found(houses: Houses, alteration: Alteration, rounds: int, seed: int) -> None:
    chance = random.Random(seed)
    for number in range(rounds):
        # Small ledgers mostly: they are as revealing and quicker.
        house = houses.every[-1] if number % 20 == 0 else chance.choice(houses.every[:-1])
        expected, report = altered(house, alteration, chance)
        why = f"{alteration.__name__}, seed {seed}, round {number}: wanted {expected}, found {report.findings}"
        assert report.findings, why
        assert (report.findings[0].kind, report.findings[0].event) == expected, why


@pytest.mark.clause("S000-6.2")
@pytest.mark.parametrize("alteration", ALTERATIONS, ids=lambda a: a.__name__)
def test_every_alteration_of_the_history_is_found_and_the_first_bad_event_named(
    houses: Houses, alteration: Alteration
) -> None:
    assert_found(houses, alteration, EVERYDAY, seed=random.randrange(10**9))


@pytest.mark.long
@pytest.mark.parametrize("alteration", ALTERATIONS, ids=lambda a: a.__name__)
def test_a_hundred_thousand_alterations_are_found(houses: Houses, alteration: Alteration) -> None:
    assert_found(houses, alteration, LONG, seed=random.randrange(10**9))


def test_an_honest_history_of_any_shape_is_never_accused(tmp_path: Path) -> None:
    chance = random.Random(3)
    for number in range(25):
        events = chance.choice((1, 2, 5, 31, 64, 255, 256, 257, 300))
        rows = history(events, chance=chance, skipping=chance.random() < 0.5)
        house = House(tmp_path / str(number), rows)
        steps = sorted(chance.sample(range(1, events + 1), min(events, chance.randrange(1, 6))))
        house.seal_in_steps(*steps)
        report = house.verified(*house.notes())
        assert report.findings == ()
        assert (report.events, report.sealed) == (events, steps[-1])


def test_the_recomputed_root_over_any_number_of_events_is_the_one_the_writer_makes(tmp_path: Path) -> None:
    house = House(tmp_path, history(600, chance=random.Random(8), skipping=True))
    ledger, seal = OpenLedger(house.connection), PublishedSeal(str(tmp_path / "seal"))
    tree = Tree()
    with ledger.open() as reading:
        extent = reading.extent()
        roots = Roots(recomputed(ledger, seal, extent, 0, lambda done: None, 1), reading, extent)
        for size, row in enumerate(house.rows, start=1):
            list(tree.add(leaf_of(entry_of_row(row))))
            assert roots.at(size) == tree.root(), size
        assert (roots.at(0), roots.at(601)) == (Tree().root(), None)


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Sixty events, sealed in three steps."""
    house = House(tmp_path / "house", history(60, chance=random.Random(11)))
    house.seal_in_steps(20, 40, 60)
    return house


def rewritten(house: House, alteration: Alteration, seed: int = 5) -> tuple[Expected, Path]:
    """The table altered and sealed anew elsewhere, as who has the key too can do; what was done and where."""
    expected = alteration(Altering(house.connection, house.rows, random.Random(seed)))
    seal = house.directory / f"seal-{seed}"
    house.seal(seal)
    return expected, seal


@pytest.mark.clause("S000-6.2")
def test_a_history_rewritten_with_its_hashes_and_signatures_shows_against_a_checkpoint_kept_outside(
    house: House,
) -> None:
    kept = house.notes()
    expected, seal = rewritten(house, one_byte)
    assert house.verified(seal=seal).findings == ()
    finding, *proof = house.verified(*kept, seal=seal).findings
    assert finding.kind is Kind.REWRITTEN
    assert [each.kind for each in proof] == [Kind.FORKED]
    assert finding.event is not None
    assert finding.until is not None
    assert finding.event <= expected.event <= finding.until == finding.event + 19


def test_rewriting_is_found_at_random_places_by_one_outside_checkpoint(tmp_path: Path) -> None:
    chance = random.Random(13)
    # What is no event at all no sealer seals, and so nobody can rewrite with it.
    sealable = [alteration for alteration in ALTERATIONS if alteration not in NO_EVENTS]
    for number in range(30):
        house = House(tmp_path / str(number), history(40, chance=chance))
        house.seal()
        kept = house.note()
        expected, seal = rewritten(house, chance.choice(sealable), number)
        finding = house.verified(kept, seal=seal).findings[0]
        # With another first event it is another log, under another name: the checkpoint kept is then not of this one.
        # What stands before position 1 no sealer seals.
        named = (Kind.SIGNATURE, Kind.INSERTED) if expected.event == 1 else (Kind.CUT, Kind.REWRITTEN)
        assert finding.kind in named, (expected, finding)
        assert finding.kind is not Kind.CUT or finding.event == house.verified(seal=seal).events + 1


def test_tiles_rewritten_without_the_key_leave_the_signed_checkpoints_to_accuse(house: House) -> None:
    expected = one_byte(Altering(house.connection, house.rows, random.Random(2)))
    other = House(house.directory / "other", history(1, chance=random.Random(1)))
    other.connection.execute("DELETE FROM stored_events")
    put(other.connection, rows_after(house.connection, 0, 1_000))
    other.seal()
    shutil.rmtree(house.directory / "seal" / "tile")
    shutil.copytree(other.directory / "seal" / "tile", house.directory / "seal" / "tile")
    [finding] = house.verified().findings
    assert finding.kind is Kind.REWRITTEN
    assert finding.event is not None
    assert finding.until is not None
    assert finding.event <= expected.event <= finding.until == finding.event + 19


def test_a_seal_by_another_key_is_refused_where_the_right_key_is_known(house: House) -> None:
    [key] = published_keys(house.store)
    house.keys.directory.rename(house.directory / "stolen")
    _, seal = rewritten(house, one_byte)
    report = house.verified(seal=seal, key=str(key))
    assert {finding.kind for finding in report.findings} == {Kind.SIGNATURE}


@pytest.mark.clause("S000-6.2")
def test_a_tail_cut_together_with_its_seal_shows_against_a_checkpoint_kept_outside(house: House) -> None:
    kept = house.notes()
    for index in range(40, 60):
        Altering(house.connection, house.rows, random.Random()).delete(index)
    (house.directory / "seal" / "checkpoint").write_text(kept[1])
    archive = next((house.directory / "seal" / "checkpoints").iterdir())
    archive.write_text("".join(f"{note}\n" for note in kept[:2]))
    assert house.verified().findings == ()
    [finding] = house.verified(kept[2]).findings
    assert (finding.kind, finding.event) == (Kind.CUT, 41)


def test_an_older_copy_accuses_although_a_newer_one_was_made_of_the_rewritten_history(house: House) -> None:
    kept = house.notes()
    expected, seal = rewritten(house, one_byte)
    newer = (seal / "checkpoint").read_text()
    published = PublishedSeal(str(seal))
    for copies in ([*kept[:2], newer], [newer, *kept[:2]]):
        report = verify(OpenLedger(house.connection), published, outside=[("copies", iter(copies))])
        finding = report.findings[0]
        assert (finding.kind, report.checkpoints) == (Kind.REWRITTEN, 1 + 1 + 3)
        assert finding.until == (20 if expected.event <= 20 else 40)


def test_two_copies_from_outside_over_as_many_events_with_different_roots_are_a_fork(house: House) -> None:
    kept = house.notes()[2]
    _, seal = rewritten(house, one_byte)
    other = (seal / "checkpoint").read_text()
    put(house.connection, [Row(61, house.rows[0].stream, next_version(house), *stored(2, 61))])
    house.seal(seal)
    [finding] = [each for each in house.verified(other, kept, seal=seal).findings if each.kind is Kind.FORKED]
    assert finding.place == "outside-1"


def test_two_histories_signed_with_one_key_are_a_fork(house: House) -> None:
    kept = house.note()
    _, seal = rewritten(house, one_byte)
    assert Kind.FORKED in {finding.kind for finding in house.verified(kept, seal=seal).findings}


@pytest.mark.parametrize("part", range(4))
def test_a_bit_changed_anywhere_in_a_checkpoint_is_found(house: House, part: int) -> None:
    note = house.directory / "seal" / "checkpoint"
    content = note.read_bytes()
    for at in range(part, len(content), 4):
        note.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        assert {finding.kind for finding in house.verified().findings} <= {Kind.SIGNATURE}
        assert house.verified().findings, at


def test_damaged_files_of_the_seal_are_told_apart_from_an_altered_ledger(tmp_path: Path) -> None:
    house = House(tmp_path, history(600, chance=random.Random(4)))
    house.seal_in_steps(300, 600)
    chance = random.Random(17)
    every = [file for file in (tmp_path / "seal" / "tile").rglob("*") if file.is_file()]
    # A growing tile of an earlier checkpoint is kept for strangers; this one needs those of its own size.
    files = [file for file in every if ".p" not in file.parent.suffix or file.name in ("88", "2")]
    assert len(files) == 2 + 2 + 2 + 1
    for file in files:
        content = file.read_bytes()
        at = chance.randrange(len(content))
        for damage in (None, content[:at], content[:at] + bytes([content[at] ^ 64]) + content[at + 1 :]):
            file.unlink() if damage is None else file.write_bytes(damage)
            [finding] = house.verified().findings
            assert finding.kind is Kind.TILES, file
            file.write_bytes(content)
    assert house.verified().findings == ()


def test_events_that_are_not_sealed_yet_are_told_and_no_violation(house: House) -> None:
    put(house.connection, [Row(61, house.rows[0].stream, 60, *stored(2, 61))])
    house.connection.execute("UPDATE stored_events SET originator_version = ? WHERE rowid = 61", (next_version(house),))
    report = house.verified()
    assert report.findings == ()
    assert "1 further events" in report.remarks[0].en


def next_version(house: House) -> int:
    """Of the first event's complaint."""
    return 1 + max(row.version for row in house.rows if row.stream == house.rows[0].stream)


def test_a_version_that_is_skipped_after_the_seal_is_found(house: House) -> None:
    put(house.connection, [Row(61, house.rows[0].stream, 1 + next_version(house), *stored(2, 61))])
    [finding] = house.verified().findings
    assert (finding.kind, finding.complaint_id) == (Kind.VERSIONS, house.rows[0].stream)


def imports_of(module: str) -> set[str]:
    """Our modules that one of ours uses, directly or through others."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        file = Path(__file__).parents[2] / f"{waiting.pop().replace('.', '/')}.py"
        for node in ast.walk(ast.parse(file.read_text())):
            named = node.module if isinstance(node, ast.ImportFrom) else None
            if named and named.startswith("services.compliance.") and named not in found:
                found.add(named)
                waiting.append(named)
    return {name.rpartition(".")[2] for name in found}


def test_who_verifies_uses_nothing_that_writes_and_who_writes_nothing_that_verifies() -> None:
    verifying = imports_of("services.compliance.verification.verify_ledger")
    writing = imports_of("services.compliance.seal.sealing")
    assert {"verifier", "ledger_reading", "seal_reading"} <= verifying
    assert {"tree", "tiles", "notes", "seal_store"} <= writing
    assert not verifying & writing
    text = (Path(__file__).parents[2] / "services/compliance/verification/ledger_reading.py").read_text()
    assert "events.stores" not in text
    assert "eventsourcing" not in text
