"""The seal of a running installation: within a second, copied outside, published, stopped loudly when it must be."""

import asyncio
import json
import resource
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from events.vocabulary import Medium
from services.compliance.seal.copies import Copy, NotCopied, Outbound, to_file
from services.compliance.seal.publishing import publishing
from services.compliance.seal.seal_store import DirectoryStore
from services.compliance.verification.kept_notes import notes_of
from services.compliance.verification.seal_reading import PublishedSeal
from services.compliance.verification.verifier import parse_checkpoint
from services.compliance.verification.verify_ledger import verify
from services.settings import CopySettings
from services.wiring.doctor import examine
from services.wiring.sealing import (
    Sealing,
    SealRefused,
    keys_of,
    make_key,
    refusal_of,
    rotate_key,
    seal_now,
    seal_state,
    sent_by,
    store_of,
    verifiable,
)
from tests import controls
from tests.installed import Installation
from tests.sender_houses import gateway_house, mail_house
from tests.waiting import eventually


@pytest.fixture
def house(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


async def test_what_is_appended_is_sealed_without_being_asked(house: Installation) -> None:
    async with house.sealing() as sealing:
        for more in (1, 300, 2):
            house.receive(more)
            sealing.wake()
            await eventually(lambda: house.sealed() == house.received)
    assert verify(*verifiable(house.settings)).findings == ()


async def test_without_a_word_the_seal_looks_by_itself(house: Installation) -> None:
    async with house.sealing():
        house.receive(3)
        await eventually(lambda: house.sealed() == 3)


async def test_a_running_sealer_takes_the_next_key_over(house: Installation) -> None:
    house.receive(2)
    async with house.sealing():
        await eventually(lambda: house.sealed() == 2)
        assert not rotate_key(house.settings, house.ledger, controls.Clock(), is_lost=False)
        await eventually(lambda: not keys_of(house.settings).rotation_begun())
        house.receive(2)
        await eventually(lambda: house.sealed() == 4)
    assert len([name for name in store_of(house.settings).names("keys/") if name.endswith(".vkey")]) == 2
    assert verify(*verifiable(house.settings)).findings == ()


async def test_it_stops_when_the_ledger_disagrees_and_says_why_until_the_ledger_is_right_again(
    house: Installation,
) -> None:
    house.receive(300)
    seal_now(house.settings, house.ledger, controls.Clock())
    house.alter("UPDATE stored_events SET topic = 'complaint.archived' WHERE rowid = 5")
    with pytest.raises(SealRefused, match="event 5"):
        await asyncio.wait_for(Sealing(house.settings, house.ledger, controls.Clock()).run(), 10)
    refusal = refusal_of(house.settings)
    assert refusal is not None
    assert [f.ok for f in await examine(house.settings, None) if f.what == "seal"] == [False]
    # The next one reads everything again before it goes on.
    with pytest.raises(SealRefused):
        seal_now(house.settings, house.ledger, controls.Clock())
    house.alter("UPDATE stored_events SET topic = 'complaint.received' WHERE rowid = 5")
    assert seal_now(house.settings, house.ledger, controls.Clock()) == 300
    assert refusal_of(house.settings) is None


def test_a_refusal_cut_off_half_way_is_one_so_that_the_next_start_reads_the_whole_ledger(house: Installation) -> None:
    house.receive(300)
    seal_now(house.settings, house.ledger, controls.Clock())
    refused = keys_of(house.settings).directory / "refused.json"
    for torn in (b"", b'{"at": "2026', b"\xff", b"[]"):
        refused.write_bytes(torn)
        assert "cannot be read" in str(refusal_of(house.settings))
    house.alter("UPDATE stored_events SET topic = 'complaint.archived' WHERE rowid = 5")
    with pytest.raises(SealRefused, match="300 events"):
        seal_now(house.settings, house.ledger, controls.Clock())
    assert json.loads(refused.read_bytes())["why"].startswith("LedgerDisagrees")


def test_a_disk_that_takes_no_refusal_does_not_hide_it(house: Installation) -> None:
    house.receive(1)
    seal_now(house.settings, house.ledger, controls.Clock())
    (keys_of(house.settings).directory / "refused.json").mkdir()
    house.alter("UPDATE stored_events SET topic = 'complaint.archived' WHERE rowid = 1")
    with pytest.raises(SealRefused, match="LedgerDisagrees"):
        seal_now(house.settings, house.ledger, controls.Clock())


def test_the_doctor_sees_how_far_the_seal_is_and_a_cut_tail(house: Installation) -> None:
    house.receive(5)
    assert seal_state(house.settings, house.ledger) == (None, 0, None)
    seal_now(house.settings, house.ledger, controls.Clock())
    house.receive(3)
    found = seal_state(house.settings, house.ledger)
    assert found.head is not None
    assert (found.head.size, found.behind) == (5, 3)
    house.alter("DELETE FROM stored_events WHERE rowid > 4")
    [seal] = [f for f in asyncio.run(examine(house.settings, None)) if f.what == "seal"]
    assert not seal.ok


def test_setup_makes_the_key_once_and_never_in_place_of_a_lost_one(house: Installation) -> None:
    assert make_key(house.settings)
    assert not make_key(house.settings)
    house.receive(1)
    seal_now(house.settings, house.ledger, controls.Clock())
    (keys_of(house.settings).directory / "signing.key").unlink()
    assert not make_key(house.settings)


async def test_every_checkpoint_that_is_served_is_copied_to_the_file_outside(tmp_path: Path) -> None:
    outside = tmp_path / "elsewhere" / "copies.txt"
    house = Installation(tmp_path, copies=[{"file": outside, "every_seconds": 0.01}])
    async with house.sealing():
        for _ in range(2):
            house.receive(2)
            await eventually(lambda: house.sealed() == house.received and outside.exists())
            await eventually(lambda: outside.read_text().endswith(f"{house.note()}\n"))
    seal = PublishedSeal(str(tmp_path / "seal"))
    kept = list(notes_of(outside))
    assert len(kept) >= 2
    assert verify(verifiable(house.settings)[0], seal, outside=[(outside.name, kept)]).findings == ()
    assert len(list(outside.read_text().split("\n\n"))) == 1 + 2 * len(kept)


async def test_what_a_full_disk_cut_off_is_not_read_into_the_copy_that_follows(tmp_path: Path) -> None:
    house = Installation(tmp_path)
    house.receive(1)
    seal_now(house.settings, house.ledger, controls.Clock())
    copies = tmp_path / "copies.txt"
    for torn in ("", house.note()[:30], house.note()[:-5]):
        copies.write_text(torn)
        for _ in range(2):
            await to_file(copies)(house.note())
        assert list(notes_of(copies))[-1] == house.note()
        assert copies.read_text().count(house.note()) == 1


async def test_a_copy_that_the_disk_does_not_take_whole_leaves_nothing(tmp_path: Path) -> None:
    copies = tmp_path / "copies.txt"
    await to_file(copies)("a\n")
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        with pytest.raises(NotCopied):
            await to_file(copies)("much longer than that\n")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY if hard < 0 else hard, hard))
    assert copies.read_text() == "a\n\n"


async def test_a_place_that_is_away_holds_up_nothing_and_gets_the_newest_later(tmp_path: Path) -> None:
    taken: list[str] = []
    away = True

    async def send(note: str) -> None:
        if away:
            raise NotCopied("no route")
        taken.append(note)

    outbound = Outbound(Copy("somewhere", send, 0.001))
    task = asyncio.create_task(outbound.run())
    outbound.offer("old")
    await asyncio.sleep(0)
    outbound.offer("new")
    away = False
    await eventually(lambda: taken == ["new"])
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_copy_is_not_written_twice_at_the_end_of_a_file(tmp_path: Path) -> None:
    send = to_file(tmp_path / "copies.txt")
    for note in ("a\n", "a\n", "b\n"):
        await send(note)
    assert (tmp_path / "copies.txt").read_text() == "a\n\nb\n\n"
    with pytest.raises(NotCopied):
        await to_file(tmp_path)("a\n")


async def test_copies_go_by_signed_webhook_and_by_mail(house: Installation) -> None:
    house.receive(1)
    seal_now(house.settings, house.ledger, controls.Clock())
    note = house.note()
    async with gateway_house() as (gateway, webhook):
        await sent_by(webhook, Medium.APP, "")(note)
        assert [arrived.text for arrived in gateway.arrived()] == [note]
        gateway.behave("later")
        with pytest.raises(NotCopied):
            await sent_by(webhook, Medium.APP, "")(note)
    async with mail_house() as (mails, smtp):
        await sent_by(smtp, Medium.EMAIL, "audit@example.org")(note)
        assert [arrived.text.replace("\r\n", "\n") for arrived in mails.arrived()] == [note]


@pytest.mark.parametrize("copy", [{}, {"file": "a", "mail": "b@example.org"}])
def test_a_copy_goes_to_one_place(copy: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="one of file, webhook, mail"):
        CopySettings.model_validate(copy)


async def test_strangers_read_the_log_and_nothing_else(house: Installation) -> None:
    house.receive(300)
    seal_now(house.settings, house.ledger, controls.Clock())
    (house.settings.data / "seal" / "secret.txt").write_text("not for them")
    app = FastAPI()
    app.include_router(publishing(DirectoryStore(house.settings.data / "seal")))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://seal") as client:
        head = await client.get("/seal/checkpoint")
        assert head.headers["content-type"] == "text/plain; charset=utf-8"
        assert parse_checkpoint(head.text).size == 300
        tile = await client.get("/seal/tile/0/000")
        assert (len(tile.content), tile.headers["content-type"]) == (8_192, "application/octet-stream")
        assert "immutable" in tile.headers["cache-control"]
        for path in ("tile/0/001.p/44", "tile/entries/000", *store_of(house.settings).names("keys/")):
            assert (await client.get(f"/seal/{path}")).status_code == 200
        for path in (
            "secret.txt",
            ".lock",
            "tile/0/999",
            "tile/64/000",
            "tile/0/1",
            "../ledger.db",
            "%2e%2e/ledger.db",
            "",
        ):
            assert (await client.get(f"/seal/{path}")).status_code == 404, path
