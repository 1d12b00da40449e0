"""Keys that follow one another: a key that handed over proves what it signed before, and nothing after that."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest
import pytest_asyncio

from events.receipt_code import receipt_code
from services.compliance.evidence.proving import prove
from services.compliance.seal.checkpoints import Checkpoint
from services.compliance.seal.notes import Signer, opened, signed
from services.compliance.seal.resuming import line_of_row
from services.compliance.seal.signing_keys import endorse
from services.compliance.verification.verifier import Trust, Verdict, parse_verifier_key, verify_code
from services.compliance.verification.verifier import main as run_verifier
from tests.evidenced import Evidence, forged, judged, places, unpacked


class Handed(NamedTuple):
    """A company whose key was replaced twice, and its first key in other hands."""

    company: Evidence
    old: Signer
    last: str
    """What the old key signed last."""
    parts: dict[str, bytes]
    """A bundle under the newest key."""
    code: str

    @property
    def trust(self) -> Trust:
        """Of a reader who knows the old key alone."""
        return Trust([parse_verifier_key(str(self.old.public))])

    @property
    def words(self) -> list[tuple[str, str]]:
        """How the keys handed over, the later one first."""
        found = [(c.decode(), name) for name, c in self.parts.items() if name.endswith(".endorsement")]
        return sorted(found, key=lambda word: int(word[0].split("\nsize ")[1].split("\n")[0]), reverse=True)


@pytest_asyncio.fixture
async def handed(tmp_path: Path) -> AsyncIterator[Handed]:
    company = Evidence(tmp_path / "company")
    await company.complain()
    last = company.seal()
    old = Signer(last.head.origin, company.signing_keys.current())
    company.rotate()
    receipt = await company.submit(external_ref="W-later")
    company.seal()
    company.rotate()
    company.bundle(tmp_path / "good.zip")
    yield Handed(company, old, last.note, unpacked(tmp_path / "good.zip"), receipt.code)
    company.close()


def signed_again(handed: Handed, parts: dict[str, bytes]) -> dict[str, bytes]:
    """The bundle with its checkpoint signed by the old key."""
    note = parts["checkpoint.txt"]
    again = signed(opened(note.decode()), handed.old).encode()
    return forged({name: content.replace(note, again) for name, content in parts.items()})


def said(verdict: Verdict) -> str:
    return "\n".join(verdict.lines("en"))


@pytest.mark.parametrize("is_known", [True, False], ids=["key known", "no key known"])
def test_a_bundle_signed_by_a_key_after_it_handed_over_is_false(handed: Handed, tmp_path: Path, is_known: bool) -> None:
    trust = handed.trust if is_known else Trust()
    assert judged(tmp_path, handed.parts, trust).exit_code == 0
    verdict = judged(tmp_path, signed_again(handed, handed.parts), trust)
    assert (verdict.exit_code, places(verdict)) == (1, ["checkpoint.txt"])
    assert "after it had handed over" in said(verdict)


def test_a_second_word_of_the_old_key_makes_a_bundle_false(handed: Handed, tmp_path: Path) -> None:
    company, newest = handed.company, Checkpoint.read(opened(handed.parts["checkpoint.txt"].decode()))
    company.signing_keys.begin_rotation()
    mine = Signer(handed.old.name, company.signing_keys.next())
    endorse(company.seal_store, handed.old, mine, newest._replace(size=10**6), company.clock())
    company.bundle(tmp_path / "b.zip")
    verdict = judged(tmp_path, signed_again(handed, unpacked(tmp_path / "b.zip")))
    assert verdict.exit_code == 1
    assert "handed over to two keys" in said(verdict)


def test_a_receipt_proven_under_a_key_that_handed_over_is_refused_where_its_word_is_given(
    handed: Handed, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    proven = prove(handed.company.ledger, handed.company.seal_store, handed.code)
    proof, note = proven.proof or "", proven.checkpoint or ""
    trust = handed.trust._replace(endorsements=handed.words)
    assert verify_code(handed.code, proof, trust).exit_code == 0
    assert verify_code(handed.code, proof, handed.trust).exit_code == 1
    again = proof.replace(note, signed(opened(note), handed.old))
    assert verify_code(handed.code, again, handed.trust).exit_code == 0  # nothing given tells that it handed over
    assert "after it had handed over" in said(verify_code(handed.code, again, trust))
    asked = ["--code", handed.code, "--public-key", str(handed.old.public), "--en"]
    for number, (word, _) in enumerate(handed.words):
        (tmp_path / f"{number}.endorsement").write_text(word)
        asked += ["--endorsement", str(tmp_path / f"{number}.endorsement")]
    (tmp_path / "proof").write_text(again)
    assert run_verifier([*asked, str(tmp_path / "proof")]) == 1
    assert "after it had handed over" in capsys.readouterr().out


def test_what_a_key_signed_before_it_handed_over_holds(handed: Handed) -> None:
    company = handed.company
    row = next(row for row in company.ledger.scan() if row.topic == "complaint.received")
    code = receipt_code(row.position, line_of_row(row))
    proof = prove(company.ledger, company.seal_store, code, handed.last).proof or ""
    assert verify_code(code, proof, handed.trust._replace(endorsements=handed.words)).exit_code == 0


def test_a_word_without_the_signature_of_both_keys_is_none(handed: Handed, tmp_path: Path) -> None:
    [name, *_] = [name for name in handed.parts if name.endswith(".endorsement")]
    body, _, lines = handed.parts[name].decode().rpartition("\n\n")
    for line in lines.splitlines(keepends=True):
        one = handed.parts | {name: f"{body}\n\n{line}".encode()}
        assert places(judged(tmp_path, forged(one))) == [name]
