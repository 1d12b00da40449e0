"""Tiles that are lost, cut or altered: made again from a ledger that agrees with the signed checkpoint, else never."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from obstore.store import MemoryStore
from typer.testing import CliRunner

from services.cli.main import app
from services.compliance.seal.resuming import LedgerDisagrees
from services.compliance.seal.seal_store import ObjectsStore
from services.compliance.verification.verdict import Kind
from services.compliance.verification.verify_ledger import verify
from services.wiring.doctor import examine
from services.wiring.sealing import Sealing, SealRefused, refusal_of, seal_now, verifiable
from tests import controls
from tests.installed import Installation
from tests.sealed import House, history
from tests.waiting import eventually

FULL_TILES = ("tile/0/000", "tile/entries/000")


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Three hundred events, nothing sealed."""
    return House(tmp_path / "house", history(300, chance=random.Random(1)))


@pytest.fixture
def running(tmp_path: Path) -> Installation:
    """An installation with 302 events sealed."""
    made = Installation(tmp_path)
    made.receive(302)
    seal_now(made.settings, made.ledger, controls.Clock())
    return made


def lost(file: Path) -> None:
    """The file is gone."""
    file.unlink()


def cut(file: Path) -> None:
    """Half of the file is gone."""
    file.write_bytes(file.read_bytes()[:4_000])


def altered(file: Path) -> None:
    """One byte is another."""
    content = file.read_bytes()
    file.write_bytes(content[:40] + bytes([content[40] ^ 1]) + content[41:])


Damage = Callable[[Path], None]
each_full_tile = pytest.mark.parametrize("name", FULL_TILES)
each_loss = pytest.mark.parametrize("damage", [lost, cut], ids=lambda damage: damage.__name__)


def seal_finding(house: Installation) -> tuple[bool, str]:
    """What the doctor says of the seal."""
    [found] = [finding for finding in asyncio.run(examine(house.settings, None)) if finding.what == "seal"]
    return found.ok, found.detail


@each_full_tile
@each_loss
def test_the_doctor_tells_a_full_tile_that_is_lost_and_the_next_start_mends_it(
    running: Installation, name: str, damage: Damage
) -> None:
    damage(running.settings.data / "seal" / name)
    ok, detail = seal_finding(running)
    assert (ok, name in detail) == (False, True)
    assert [finding.kind for finding in verify(*verifiable(running.settings)).findings] == [Kind.TILES]
    assert seal_now(running.settings, running.ledger, controls.Clock()) == 302
    assert seal_finding(running)[0]
    assert verify(*verifiable(running.settings)).findings == ()


@each_loss
async def test_a_running_seal_mends_a_lost_tile_and_goes_on(running: Installation, damage: Damage) -> None:
    async with running.sealing():
        await eventually(lambda: running.sealed() == 302)
        damage(running.settings.data / "seal" / "tile/0/000")
        await eventually(lambda: verify(*verifiable(running.settings)).findings == ())
        running.receive(1)
        await eventually(lambda: running.sealed() == 303)
    assert refusal_of(running.settings) is None


@each_loss
def test_a_lost_tile_is_not_made_from_a_ledger_that_was_altered(house: House, damage: Damage) -> None:
    house.seal()
    damage(house.directory / "seal" / "tile/0/000")
    left = house.store.read("tile/0/000")
    house.connection.execute("UPDATE stored_events SET topic = 'complaint.archived' WHERE rowid = 17")
    with pytest.raises(LedgerDisagrees):
        house.seal()
    assert house.store.read("tile/0/000") == left


@each_full_tile
def test_an_altered_tile_is_a_finding_and_is_mended_when_the_whole_ledger_is_read(
    running: Installation, name: str
) -> None:
    altered(running.settings.data / "seal" / name)
    seal_now(running.settings, running.ledger, controls.Clock())
    assert [finding.kind for finding in verify(*verifiable(running.settings)).findings] == [Kind.TILES]
    running.ledger.close()
    done = CliRunner().invoke(app, ["seal", "--thoroughly", "--data", str(running.settings.data)])
    assert done.exit_code == 0, done.output
    assert verify(*verifiable(running.settings)).findings == ()


async def test_a_running_seal_stops_over_an_altered_tile_and_the_next_start_mends_it(running: Installation) -> None:
    altered(running.settings.data / "seal" / "tile/0/000")
    with pytest.raises(SealRefused, match="event 2 "):
        await asyncio.wait_for(Sealing(running.settings, running.ledger, controls.Clock()).run(), 10)
    async with running.sealing():
        await eventually(lambda: refusal_of(running.settings) is None)
    assert verify(*verifiable(running.settings)).findings == ()


@pytest.mark.parametrize("content", [None, b"short", bytes(8_192)], ids=["lost", "cut", "altered"])
def test_a_tile_on_object_storage_is_mended_in_the_same_way(tmp_path: Path, content: bytes | None) -> None:
    storage = MemoryStore()
    house = House(tmp_path, history(300, chance=random.Random(1)), store=ObjectsStore(storage))
    house.seal()
    sound = house.store.read("tile/0/000")
    storage.delete("tile/0/000") if content is None else storage.put("tile/0/000", content)
    sealer = house.sealer()
    sealer.open(thoroughly=content == bytes(8_192))
    assert house.store.read("tile/0/000") == sound


def test_damaged_tiles_are_made_again_from_a_ledger_that_agrees_with_the_signed_root(house: House) -> None:
    house.seal()
    for name in ("tile/0/001.p/44", "tile/entries/001.p/44", "tile/1/000.p/1"):
        file = house.directory / "seal" / name
        file.write_bytes(file.read_bytes()[:-1] + b"?")
    house.seal()
    assert house.verified().findings == ()
