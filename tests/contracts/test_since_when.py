"""Since when something is in the log: found in an archive of any length without reading it, and remembered."""

import random
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from obstore.store import MemoryStore

from services.compliance.evidence.proof_http import proofs
from services.compliance.evidence.proving import Firsts
from services.compliance.seal.archive import LARGEST, Archive
from services.compliance.seal.checkpoints import checkpoint
from services.compliance.seal.notes import Signer, signed
from services.compliance.seal.seal_store import KEPT, DirectoryStore, ObjectsStore, SealStore
from services.compliance.seal.signing_keys import SigningKeys
from tests.evidenced import Evidence
from tests.times import in_the_morning


class Counting(DirectoryStore):
    """Counts what is read of the archive."""

    archive_bytes = 0

    def part(self, path: str, start: int, length: int) -> bytes:
        found = super().part(path, start, length)
        self.archive_bytes += len(found)
        return found

    def read(self, path: str) -> bytes | None:
        found = super().read(path)
        self.archive_bytes += len(found or b"") if path.startswith("checkpoints/") else 0
        return found


def archived(store: SealStore, directory: Path, days: int, a_day: int) -> list[tuple[int, str]]:
    """So many checkpoints on each of so many days, over ever more events; sizes and notes."""
    keys, chance = SigningKeys(directory), random.Random(4)
    keys.make()
    signer, archive = Signer("amends.log/0974156808c92f3e", keys.current()), Archive(store)
    size, made = 0, []
    for number in range(days * a_day):
        size += chance.randrange(3)  # a rotation signs the same events again
        at = in_the_morning() + timedelta(days=number // a_day, seconds=number % a_day)
        made.append((size, signed(checkpoint(signer.name, size, bytes(32), at, size).text(), signer)))
    for day in range(days):
        archive.add([note for _, note in made[day * a_day : (day + 1) * a_day]])
    return made


@pytest.mark.parametrize("kind", ["directory", "objects"])
def test_the_first_checkpoint_is_the_one_a_reader_of_everything_would_find(tmp_path: Path, kind: str) -> None:
    store: SealStore = DirectoryStore(tmp_path / "s") if kind == "directory" else ObjectsStore(MemoryStore())
    made = archived(store, tmp_path / "keys", days=4, a_day=60)
    for name in store.names("checkpoints/")[1:3]:
        store.append(name, b"amends.log/09741568\n7")  # what a crash cut off
    firsts = Firsts(store)
    for index in range(made[-1][0] + 1):
        assert firsts.with_(index) == next((note for size, note in made if size > index), None), index


def test_a_long_archive_is_not_read_to_answer(tmp_path: Path) -> None:
    store = Counting(tmp_path / "s")
    made = archived(store, tmp_path / "keys", days=2, a_day=4_000)
    assert sum(store.sizes("checkpoints/").values()) > 2_000_000
    firsts = Firsts(store)
    for index in (0, made[5_000][0], made[-1][0] - 1):
        store.archive_bytes = 0
        first = firsts.with_(index)
        assert 0 < store.archive_bytes < 100_000
        store.archive_bytes = 0
        assert firsts.with_(index) == first
        assert store.archive_bytes == 0


def test_object_storage_keeps_no_more_in_memory_however_long_it_seals(tmp_path: Path) -> None:
    store = ObjectsStore(MemoryStore())
    note = signed_note(tmp_path)
    archive = Archive(store)
    for _ in range(3 * LARGEST // len(note)):
        archive.add([note])
    for name in store.names("checkpoints/"):
        assert store.read(name)
    assert len(store.names("checkpoints/")) >= 3
    assert len(store._put_last) <= KEPT


def signed_note(directory: Path) -> str:
    keys = SigningKeys(directory)
    keys.make()
    text = checkpoint("amends.log/0974156808c92f3e", 1, bytes(32), in_the_morning(), 1).text()
    return signed(text, Signer("amends.log/0974156808c92f3e", keys.current()))


@pytest_asyncio.fixture
async def company(tmp_path: Path) -> AsyncIterator[Evidence]:
    made = Evidence(tmp_path / "company")
    made.seal_store = Counting(tmp_path / "company" / "seal")
    yield made
    made.close()


async def test_over_http_anybody_may_ask_again_and_again(company: Evidence) -> None:
    code = (await company.submit(external_ref="W-7")).code
    company.seal()
    store = company.seal_store
    assert isinstance(store, Counting)
    async with client(company) as api:
        assert (await api.get(f"/proof/{code}")).status_code == 200
        store.archive_bytes = 0
        assert (await api.get(f"/proof/{code}")).json()["since"] is not None
        assert store.archive_bytes == 0


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"amends.log/", b"\xff\xfe"), (b"\ntime 20", b"\ntime 19"), (b"\nposition ", b"\nposition 9"), (b"\n", b"")],
    ids=["no text", "another time", "another position", "no lines"],
)
async def test_over_http_a_damaged_checkpoint_is_unavailable_in_words(
    company: Evidence, old: bytes, new: bytes
) -> None:
    code = (await company.submit(external_ref="W-7")).code
    company.seal()
    file = company.seal_store.directory / "checkpoint"
    file.write_bytes(file.read_bytes().replace(old, new))
    async with client(company) as api:
        answer = await api.get(f"/proof/{code}")
    assert (answer.status_code, answer.json()["error"]) == (503, "seal_damaged")
    assert "检查点已损坏" in answer.json()["zh"]


async def test_over_http_a_row_that_is_no_event_any_more_is_told_to_be_altered(company: Evidence) -> None:
    receipt = await company.submit(external_ref="W-7")
    company.seal()
    with company.ledger.store.datastore.transaction(commit=True) as cursor:  # type: ignore[attr-defined]
        cursor.execute(
            "UPDATE stored_events SET state = CAST(state AS TEXT) WHERE originator_id = ?", (receipt.complaint_id,)
        )
    async with client(company) as api:
        assert (await api.get(f"/proof/{receipt.code}")).status_code == 409


def client(company: Evidence) -> httpx.AsyncClient:
    app = FastAPI()
    app.include_router(proofs(company.ledger, company.seal_store))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk")
