"""Signed notes, checkpoints and keys as C2SP describes them; what the writer signs the verifier reads, and no more."""

import base64
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from services.compliance.seal.checkpoints import Checkpoint, archived, checkpoint, notes_in, origin_of
from services.compliance.seal.notes import NotSigned, PublicKey, Signer, opened, public_key, signed
from services.compliance.verification import verifier
from services.compliance.verification.seal_reading import PublishedSeal

SIGNER = Signer("amends.log/0123456789abcdef", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
OTHER = Signer("amends.log/0123456789abcdef", Ed25519PrivateKey.from_private_bytes(bytes(32)))
MOMENT = datetime(2026, 3, 2, 12, 50, tzinfo=UTC)

SPECIFIED_NOTE = (
    "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n"
    "— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3"
    "ZekRwNtIc=\n"
)
"""The example of c2sp.org/signed-note; its public key is not given there."""
SPECIFIED_CHECKPOINT = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeM"
    "cTOAYQ8=\n"
)
"""The example of c2sp.org/tlog-checkpoint."""


def test_the_key_id_is_the_start_of_the_hash_c2sp_names() -> None:
    key = SIGNER.public
    wanted = sha256(key.name.encode() + b"\x0a\x01" + key.raw).digest()[:4]
    assert key.id == wanted == verifier.parse_verifier_key(str(key)).key_id
    assert public_key(str(key)) == key


def test_the_examples_of_the_specifications_have_the_form_that_is_read() -> None:
    head = verifier.parse_checkpoint(SPECIFIED_CHECKPOINT)
    assert (head.origin, head.size) == ("example.com/behind-the-sofa", 20_852_163)
    for note in (SPECIFIED_NOTE, SPECIFIED_CHECKPOINT):
        # Of the right form, by a key nobody here knows: to be passed over, and so the note to be refused.
        with pytest.raises(verifier.Refused, match="not signed by a known key"):
            verifier.verify_note(note, [verifier.parse_verifier_key(str(SIGNER.public))])


def test_the_notes_of_the_specification_come_back_byte_for_byte_from_text_and_signature() -> None:
    for note in (SPECIFIED_NOTE, SPECIFIED_CHECKPOINT):
        text, _, line = note.rpartition("\n\n")
        name, signature = line.removeprefix("— ").rstrip("\n").split(" ")
        assert len(base64.b64decode(signature)) == 4 + 64
        rebuilt = signed(f"{text}\n", SIGNER).replace(SIGNER.signature(f"{text}\n"), f"— {name} {signature}\n")
        assert rebuilt == note


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1))
def test_what_the_writer_signs_the_verifier_opens_and_nobody_elses_key_does(text: str) -> None:
    note = signed(f"{text}\n", SIGNER)
    assert opened(note, SIGNER.public) == f"{text}\n"
    checked = verifier.verify_note(note, [verifier.parse_verifier_key(str(SIGNER.public))])
    assert checked.text == f"{text}\n"
    with pytest.raises(NotSigned):
        opened(note, OTHER.public)
    with pytest.raises(verifier.Refused):
        verifier.verify_note(note, [verifier.parse_verifier_key(str(OTHER.public))])


@given(st.integers(0, 2**60), st.binary(min_size=32, max_size=32), st.integers(0, 2**60))
def test_a_checkpoint_is_read_as_it_was_written(size: int, root: bytes, position: int) -> None:
    head = checkpoint(SIGNER.name, size, root, MOMENT, position)
    assert Checkpoint.read(head.text()) == head
    read = verifier.parse_checkpoint(signed(head.text(), SIGNER))
    assert (read.origin, read.size, read.root) == head[:3]
    assert read.extension == ("time 2026-03-02T12:50:00.000000Z", f"position {position}")


@pytest.mark.parametrize("end", ["\n", "x\n", "time\n", "\n\n"])
def test_a_text_that_is_no_checkpoint_of_ours_is_not_taken_up(end: str) -> None:
    text = checkpoint(SIGNER.name, 1, bytes(32), MOMENT, 1).text()
    for wrong in (text + end, text.replace("\n1\n", "\n01\n"), text.replace("time ", ""), text[:-1], ""):
        with pytest.raises(NotSigned):
            Checkpoint.read(wrong)


def test_the_name_of_a_log_comes_from_its_first_event() -> None:
    assert origin_of(b"{}") == f"amends.log/{sha256(b'{}').hexdigest()[:16]}"


def test_a_key_under_a_name_that_notes_cannot_carry_is_refused() -> None:
    for name in ("", "a b", "a+b"):
        with pytest.raises(ValueError, match="public key"):
            public_key(str(PublicKey(name, bytes(32))))


@given(st.lists(st.integers(0, 99), max_size=6), st.integers(0, 60))
def test_an_archive_gives_back_its_notes_also_after_a_torn_end(sizes: list[int], torn: int) -> None:
    notes = [signed(checkpoint(SIGNER.name, size, bytes(32), MOMENT, size).text(), SIGNER) for size in sizes]
    content = "".join(map(archived, notes))
    assert list(notes_in(content)) == notes
    broken = f"{content}{archived(signed(checkpoint(SIGNER.name, 7, bytes(32), MOMENT, 7).text(), SIGNER))[:torn]}"
    assert list(notes_in(broken)) == notes
    assert list(notes_in(f"{broken}\n\n{content}")) == [*notes, *notes]


def test_the_verifier_reads_the_same_archive(tmp_path: Path) -> None:
    notes = [signed(checkpoint(SIGNER.name, size, bytes(32), MOMENT, size).text(), SIGNER) for size in range(3)]
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    (folder / "2026-03-02-0001.txt").write_text("".join(map(archived, notes)))
    seal = PublishedSeal(str(tmp_path))
    assert seal.notes("checkpoints/2026-03-02-0001.txt") == notes
