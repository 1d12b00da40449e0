"""The keys that sign the seal: kept apart, handed over under the old one's word, and worth nothing after that."""

import random
import stat
from contextlib import closing
from pathlib import Path

import pytest

from services.compliance.seal.checkpoints import Checkpoint
from services.compliance.seal.notes import NotSigned, Signer, opened, public_key, signed
from services.compliance.seal.resuming import LedgerDisagrees
from services.compliance.seal.seal_store import DirectoryStore, SealStoreAway
from services.compliance.seal.signing_keys import NoKey, SigningKeys, endorse, published_keys
from services.compliance.verification.promises import Keys
from services.compliance.verification.seal_reading import PublishedSeal
from services.compliance.verification.verdict import Kind
from tests.sealed import House, history


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Three hundred events, nothing sealed."""
    return House(tmp_path / "house", history(300, chance=random.Random(1)))


def test_the_key_is_readable_by_its_owner_alone_and_lies_apart_from_what_is_published(house: House) -> None:
    house.seal()
    key = house.keys.directory / "signing.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(house.keys.directory.stat().st_mode) == 0o700
    published = b"".join(f.read_bytes() for f in (house.directory / "seal").rglob("*") if f.is_file())
    assert key.read_bytes() not in published
    assert house.keys.current().private_bytes_raw() not in published


def test_a_forged_checkpoint_is_not_taken_up(house: House) -> None:
    house.seal()
    stranger = House(house.directory / "stranger", house.rows)
    stranger.seal()
    (house.directory / "seal" / "checkpoint").write_text(stranger.note())
    with pytest.raises(NotSigned):
        house.seal()


def test_after_rotation_old_proofs_hold_and_the_old_key_is_gone(house: House) -> None:
    house.seal_in_steps(100, 200)
    [old] = published_keys(house.store)
    before = house.note()
    secret = (house.keys.directory / "signing.key").read_bytes()
    house.keys.begin_rotation()
    house.seal()
    assert (house.keys.directory / "signing.key").read_bytes() != secret
    assert not house.keys.rotation_begun()
    # Who knows the old key alone trusts the new one through its word.
    assert house.verified(before, key=str(old)).findings == ()


def test_a_checkpoint_signed_by_an_old_key_after_it_handed_over_is_refused(house: House) -> None:
    house.seal_in_steps(100)
    secret = (house.keys.directory / "signing.key").read_bytes()
    house.keys.begin_rotation()
    house.seal()
    thief = House(house.directory / "thief", house.rows)
    thief.keys.directory.mkdir(parents=True)
    (thief.keys.directory / "signing.key").write_bytes(secret)
    thief.seal()
    [finding] = house.verified(thief.note()).findings
    assert (finding.kind, finding.place) == (Kind.SIGNATURE, "outside-0")


@pytest.mark.parametrize("size", [1, 10**6], ids=["less", "more"])
def test_a_second_word_of_a_key_that_handed_over_buys_it_nothing_and_is_told(house: House, size: int) -> None:
    house.seal_in_steps(100)
    [public] = published_keys(house.store)
    old = Signer(public.name, house.keys.current())
    house.keys.begin_rotation()
    house.seal()
    mine = SigningKeys(house.directory / "thief")
    mine.make()
    later = Checkpoint.read(opened(house.note()))._replace(size=size)
    endorse(house.store, old, Signer(public.name, mine.current()), later, house.clock())
    forged = signed(Checkpoint.read(opened(house.note())).text(), old)
    findings = house.verified(forged, key=str(public)).findings
    assert {finding.kind for finding in findings} == {Kind.SIGNATURE}
    assert [finding.place for finding in findings if finding.place == "outside-0"] == ["outside-0"]
    assert any("handed over to two keys" in finding.en for finding in findings)


def test_a_key_that_handed_over_signs_no_other_root_over_the_last_size_it_named(house: House) -> None:
    house.seal_in_steps(100)
    [public] = published_keys(house.store)
    old, last = Signer(public.name, house.keys.current()), Checkpoint.read(opened(house.note()))
    house.keys.begin_rotation()
    house.seal()
    assert house.verified(signed(last.text(), old)).findings == ()
    [finding] = house.verified(signed(last._replace(root=bytes(32)).text(), old)).findings
    assert (finding.kind, finding.place) == (Kind.SIGNATURE, "outside-0")


def test_a_lost_key_is_not_replaced_silently(house: House) -> None:
    house.seal()
    [old] = published_keys(house.store)
    (house.keys.directory / "signing.key").unlink()
    with pytest.raises(NoKey):
        house.seal()
    sealer = house.sealer()
    sealer.open_without_old_key()
    sealer.close()
    report = house.verified()
    assert report.findings == ()
    assert any("name whom to trust" in remark.en for remark in report.remarks)
    assert house.verified(key=str(old)).findings != ()


class AwayStore(DirectoryStore):
    """A directory that takes nothing new while it is away."""

    is_away = True

    def replace(self, path: str, content: bytes, before: bytes | None) -> None:
        if self.is_away:
            raise SealStoreAway(path)
        super().replace(path, content, before)


def test_a_lost_key_is_replaced_after_attempts_that_failed(house: House) -> None:
    house.seal()
    (house.keys.directory / "signing.key").unlink()
    house.connection.execute("UPDATE stored_events SET topic = 'x' WHERE rowid = 5")
    with closing(house.sealer()) as sealer, pytest.raises(LedgerDisagrees):
        sealer.open_without_old_key()
    assert not house.keys.exists()
    house.connection.execute("UPDATE stored_events SET topic = ? WHERE rowid = 5", (house.rows[4].topic,))
    house.store = away = AwayStore(house.directory / "seal")
    with closing(house.sealer()) as sealer, pytest.raises(SealStoreAway):
        sealer.open_without_old_key()
    away.is_away = False
    with closing(house.sealer()) as sealer:
        sealer.open_without_old_key()
    house.seal()
    assert house.verified().findings == ()


def test_a_key_that_has_handed_over_is_not_taken_for_a_new_one(house: House) -> None:
    house.seal()
    old = (house.keys.directory / "signing.key").read_bytes()
    house.keys.begin_rotation()
    house.seal()
    (house.keys.directory / "signing.key").write_bytes(old)
    with closing(house.sealer()) as sealer, pytest.raises(NotSigned, match="handed over"):
        sealer.open_without_old_key()


def test_rotation_before_anything_is_sealed_needs_nobodys_word(house: House) -> None:
    house.keys.make()
    house.keys.begin_rotation()
    house.seal()
    assert len(list(published_keys(house.store))) == 1
    assert house.verified().findings == ()


def test_a_damaged_public_key_is_told(house: House) -> None:
    house.seal()
    [file] = (house.directory / "seal" / "keys").iterdir()
    file.write_text("nonsense\n")
    assert {finding.kind for finding in house.verified().findings} == {Kind.SIGNATURE}


def test_every_published_key_is_one_a_verifier_takes(house: House) -> None:
    house.seal()
    [key] = published_keys(house.store)
    assert [str(root) for root in Keys(PublishedSeal(str(house.directory / "seal"))).roots] == [str(key)]
    assert public_key(str(key)) == key
