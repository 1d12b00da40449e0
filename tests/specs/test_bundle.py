"""A bundle of evidence: what it holds, that it is the same twice, that a stranger can check it, what it cannot hide."""

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from events.tokens import masked
from events.vocabulary import Service
from policy.registry import publish_organisation
from services.compliance.evidence.bundle import NoComplaint, contents
from services.compliance.evidence.bundle_file import OtherAttachment
from services.compliance.evidence.bundle_proofs import Altered, NotSealed, sealed_at, sealed_by
from services.compliance.evidence.disclosing import may_disclose
from services.compliance.verification.verifier import Trust, Verdict, parse_verifier_key, verify_bundle
from tests import controls
from tests.evidenced import PICTURE, PICTURE_SHA256, WORDS, Evidence, forged, judged, places, unpacked

C1 = controls.C1


@pytest_asyncio.fixture
async def company(tmp_path: Path) -> AsyncIterator[Evidence]:
    """A complaint with two others around it, sealed."""
    made = Evidence(tmp_path / "company")
    await made.complain("W-another")
    await made.complain()
    await made.complain("W-a third")
    made.seal()
    yield made
    made.close()


@pytest.fixture
def parts(company: Evidence, tmp_path: Path) -> dict[str, bytes]:
    """The parts of the complaint's bundle, its picture in it."""
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "bill.jpg").write_bytes(PICTURE)
    company.bundle(tmp_path / "good.zip", pictures=tmp_path / "pictures")
    return unpacked(tmp_path / "good.zip")


def said(verdict: Verdict) -> str:
    """All it says, in English."""
    return "\n".join(verdict.lines("en"))


@pytest.mark.clause("S004-1.9")
def test_a_bundle_proves_what_happened_and_says_what_it_does_not_prove(parts: dict[str, bytes], tmp_path: Path) -> None:
    verdict = verify_bundle(tmp_path / "good.zip")
    assert verdict.exit_code == 0, said(verdict)
    proven, claimed = ("\n".join(each.en for each in part) for part in (verdict.proven, verdict.claimed))
    assert "are in the log, word for word, in order" in proven
    assert "policy and organisation are those proven" in proven
    assert "the digests of 1 attachments are proven; 1 are in the bundle" in proven
    assert "not that it is true" in claimed
    assert "no event after number" in claimed
    assert "compare it with the published one" in claimed
    assert "packed" not in claimed


def test_a_bundle_holds_the_events_the_rules_and_the_people_of_its_time(parts: dict[str, bytes]) -> None:
    kinds = [json.loads(line)["type"] for line in parts["events.jsonl"].splitlines()]
    assert kinds[:3] == ["company.policy_published", "company.organisation_published", "complaint.received"]
    assert parts[f"policy/{controls.POLICY_ID}.toml"].decode() == controls.published().text
    assert parts["organisation/1.toml"].decode() == controls.organisation_published().text
    assert parts[f"attachments/{PICTURE_SHA256}"] == PICTURE
    assert sum(name.startswith("proofs/") for name in parts) == len(kinds)


def test_the_same_state_and_checkpoint_give_the_same_bytes(company: Evidence, tmp_path: Path) -> None:
    company.bundle(tmp_path / "one.zip")
    company.bundle(tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


async def test_a_bundle_up_to_the_same_checkpoint_is_the_same_later(company: Evidence, tmp_path: Path) -> None:
    sealed = company.seal()
    company.bundle(tmp_path / "one.zip")
    await company.complain("W-later")
    company.seal()
    company.bundle(tmp_path / "two.zip", sealed=sealed_at(company.seal_store, sealed.note))
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_no_personal_text_is_in_a_bundle_that_was_not_asked_to_disclose_it(parts: dict[str, bytes]) -> None:
    everything = b"".join(parts.values()).decode(errors="ignore")
    assert WORDS not in everything
    assert "13800000000" not in everything
    assert "张三" not in parts["timeline.zh.html"].decode()
    assert "***" in parts["timeline.zh.html"].decode()


def test_the_timelines_show_every_event_in_both_languages_and_load_nothing(parts: dict[str, bytes]) -> None:
    for name in ("timeline.zh.html", "timeline.en.html"):
        text = parts[name].decode()
        assert not any(mark in text for mark in ("<script", "http:", "https:", "src=", "url(", "~1~"))
    assert "受理投诉" in parts["timeline.zh.html"].decode()
    assert "received complaint" in parts["timeline.en.html"].decode()


async def test_what_a_customer_writes_is_text_on_the_timeline(company: Evidence, tmp_path: Path) -> None:
    evil = '<script>alert(1)</script> data-version="1" data-entry="' + "0" * 64 + '"'
    receipt = await company.submit(external_ref="W-evil", text="坏", product=evil[:190])
    company.seal()
    company.bundle(tmp_path / "evil.zip", receipt.complaint_id)
    assert "<script" not in unpacked(tmp_path / "evil.zip")["timeline.zh.html"].decode()
    assert verify_bundle(tmp_path / "evil.zip").exit_code == 0


def test_what_is_not_sealed_yet_is_put_into_no_bundle(company: Evidence, tmp_path: Path) -> None:
    controls.put(company.ledger, C1, controls.classified(company.clock()))
    with pytest.raises(NotSealed, match="is not sealed yet"):
        company.bundle(tmp_path / "early.zip")
    assert not (tmp_path / "early.zip").exists()


def test_where_nothing_was_sealed_the_sentence_says_what_to_do(tmp_path: Path) -> None:
    company = Evidence(tmp_path / "fresh")
    with pytest.raises(NotSealed, match="amends seal"):
        sealed_by(company.seal_store)
    company.close()


def test_there_is_no_bundle_of_a_complaint_there_is_not(company: Evidence) -> None:
    with pytest.raises(NoComplaint):
        contents(company.ledger, controls.some_streams(1)[0], sealed_by(company.seal_store))
    with pytest.raises(NoComplaint):
        contents(company.ledger, company.ledger.rows_after(0, 1)[0].stream, sealed_by(company.seal_store))


def alter(company: Evidence, statement: str) -> None:
    """Change the ledger's file behind everybody's back."""
    with company.ledger.store.datastore.transaction(commit=True) as cursor:  # type: ignore[attr-defined]
        cursor.execute(statement)


ALTERED = {
    "another word": "CAST(replace(state, 'web', 'wap') AS BLOB)",
    "text instead of bytes": "replace(state, 'web', 'wap')",
    "no event at all": "x'00'",
}


@pytest.mark.parametrize("state", ALTERED.values(), ids=ALTERED)
def test_a_ledger_that_was_altered_after_sealing_gives_no_bundle(company: Evidence, tmp_path: Path, state: str) -> None:
    alter(company, f"UPDATE stored_events SET state = {state} WHERE originator_id = '{C1}'")
    with pytest.raises(Altered, match="is not what was sealed"):
        company.bundle(tmp_path / "altered.zip")


async def test_a_ledger_whose_positions_skip_has_the_same_indexes(tmp_path: Path) -> None:
    company = Evidence(tmp_path / "skipping")
    await company.complain("W-another")
    await company.complain()
    alter(company, "UPDATE stored_events SET rowid = rowid * 7 WHERE rowid > 3")
    company.seal()
    found = contents(company.ledger, C1, sealed_by(company.seal_store))
    counted = [company.ledger.count(0, row.position) - 1 for row in found.rows]
    assert list(found.indexes) == counted
    assert counted[-1] + 1 < found.rows[-1].position
    company.bundle(tmp_path / "skipping.zip")
    assert verify_bundle(tmp_path / "skipping.zip").exit_code == 0
    company.close()


async def test_every_change_of_rules_and_people_during_its_life_is_in_the_bundle(
    company: Evidence, tmp_path: Path
) -> None:
    setup, text = company.ledger.writer(Service.SETUP), controls.organisation_published().text
    publish_organisation(setup, text + "\n# first\n", controls.machine("setup"), company.clock())
    publish_organisation(setup, text + "\n# second\n", controls.machine("setup"), company.clock())
    controls.put(company.ledger, C1, controls.classified(company.clock()))
    publish_organisation(setup, text + "\n# after its last event\n", controls.machine("setup"), company.clock())
    company.seal()
    company.bundle(tmp_path / "b.zip")
    parts = unpacked(tmp_path / "b.zip")
    assert {name for name in parts if name.startswith("organisation/")} == {f"organisation/{n}.toml" for n in (1, 2, 3)}
    assert verify_bundle(tmp_path / "b.zip").exit_code == 0


# --- What the reader holds from elsewhere ---


def key_of(parts: dict[str, bytes]) -> str:
    """The only key in a bundle."""
    [name] = [name for name in parts if name.endswith(".vkey")]
    return parts[name].decode().strip()


def test_with_the_published_key_the_signature_is_the_companys(parts: dict[str, bytes], tmp_path: Path) -> None:
    verdict = judged(tmp_path, parts, Trust([parse_verifier_key(key_of(parts))]))
    assert "the signing key is yours" in said(verdict)
    assert verdict.exit_code == 0


async def test_a_bundle_signed_by_somebody_else_is_found_with_the_published_key(
    parts: dict[str, bytes], tmp_path: Path
) -> None:
    forger = Evidence(tmp_path / "forger")
    await forger.complain()
    forger.seal()
    forger.bundle(tmp_path / "forged.zip")
    assert verify_bundle(tmp_path / "forged.zip").exit_code == 0
    verdict = verify_bundle(tmp_path / "forged.zip", Trust([parse_verifier_key(key_of(parts))]))
    assert (verdict.exit_code, places(verdict)) == (1, ["checkpoint.txt"])
    forger.close()


async def test_a_key_that_was_replaced_still_vouches_for_the_one_after_it(
    company: Evidence, parts: dict[str, bytes], tmp_path: Path
) -> None:
    company.rotate()
    company.rotate()
    company.bundle(tmp_path / "rotated.zip")
    after = unpacked(tmp_path / "rotated.zip")
    assert sum(name.endswith(".vkey") for name in after) == 3
    old = Trust([parse_verifier_key(key_of(parts))])
    assert judged(tmp_path, after, old).exit_code == 0
    [word] = [name for name in after if name.endswith(".endorsement")][:1]
    broken = forged(after) | {word: after[word].replace(b"size ", b"size 1")}
    assert judged(tmp_path, forged(broken), old).exit_code == 1


async def test_an_older_checkpoint_kept_outside_is_continued_and_another_history_is_found(
    company: Evidence, tmp_path: Path
) -> None:
    outside = sealed_by(company.seal_store)
    await company.complain("W-more")
    company.seal()
    company.bundle(tmp_path / "b.zip", earlier=outside.head.size)
    parts = unpacked(tmp_path / "b.zip")
    assert judged(tmp_path, parts, Trust(checkpoint=outside.note)).exit_code == 0
    other = outside.note.replace(outside.note.splitlines()[2], "A" * 43 + "=")
    assert places(judged(tmp_path, parts, Trust(checkpoint=other))) == ["consistency.txt"]
    company.bundle(tmp_path / "without.zip")
    verdict = judged(tmp_path, unpacked(tmp_path / "without.zip"), Trust(checkpoint=outside.note))
    assert "ask for `amends bundle --checkpoint`" in said(verdict)
    assert verdict.exit_code == 2, "neither proven nor false"
    damaged = unpacked(tmp_path / "without.zip") | {"README.txt": b"another"}
    assert judged(tmp_path, damaged, Trust(checkpoint=outside.note)).exit_code == 1


def test_the_same_checkpoint_kept_outside_must_have_the_same_root(parts: dict[str, bytes], tmp_path: Path) -> None:
    note = parts["checkpoint.txt"].decode()
    assert judged(tmp_path, parts, Trust(checkpoint=note)).exit_code == 0
    other = note.replace(note.splitlines()[2], "A" * 43 + "=")
    assert "history was rewritten" in said(judged(tmp_path, parts, Trust(checkpoint=other)))
    stranger = note.replace("amends.log/", "amends.log/0")
    assert "a checkpoint of another log" in said(judged(tmp_path, parts, Trust(checkpoint=stranger)))


def test_the_fingerprint_binds_every_file(company: Evidence, parts: dict[str, bytes], tmp_path: Path) -> None:
    fingerprint = company.bundle(tmp_path / "again.zip").fingerprint
    good = unpacked(tmp_path / "again.zip")
    assert "every file is as issued" in said(judged(tmp_path, good, Trust(fingerprint=fingerprint)))
    other = forged(good, README__txt=b"another text")
    assert judged(tmp_path, other).exit_code == 0
    assert judged(tmp_path, other, Trust(fingerprint=fingerprint)).exit_code == 1


# --- Disclosure ---


def test_disclosed_texts_are_readable_and_the_verdict_says_that_they_are_claimed(
    company: Evidence, tmp_path: Path
) -> None:
    company.bundle(tmp_path / "open.zip", disclosed=company.texts())
    parts = unpacked(tmp_path / "open.zip")
    assert WORDS in parts["timeline.zh.html"].decode()
    assert "张三" in parts["timeline.en.html"].decode()
    assert WORDS not in parts["events.jsonl"].decode()
    verdict = verify_bundle(tmp_path / "open.zip")
    assert verdict.exit_code == 0
    assert "nobody can prove that a text belongs to its ciphertext" in said(verdict)


def test_a_disclosed_text_of_no_event_is_found(company: Evidence, tmp_path: Path) -> None:
    company.bundle(tmp_path / "open.zip", disclosed={**company.texts(), f"~1~{'A' * 22}~{'B' * 22}": "invented"})
    assert places(verify_bundle(tmp_path / "open.zip")) == ["disclosed.json"]


def test_only_officers_who_take_no_part_may_disclose_and_only_for_a_reason(company: Evidence) -> None:
    complaint, people = company.ledger.sealed_cases.load_many([C1], {})[C1].complaint, company.policies.organisation
    by_role = {person.role: id_ for id_, person in people.person.items()}

    def code(person: str, reason: str = "court 12") -> str | None:
        refusal = may_disclose(complaint, person, reason, people)
        return None if refusal is None else refusal.code

    assert code(by_role["legal"]) is None
    assert code(by_role["compliance"]) is None
    assert code(by_role["agent"]) == "not_an_officer"
    assert code("nobody") == "unknown_person"
    assert code(by_role["legal"], " ") == "reason_missing"
    accused = complaint._replace(accused=(by_role["legal"],))
    refusal = may_disclose(accused, by_role["legal"], "court 12", people)
    assert refusal is not None
    assert refusal.code == "recused"


# --- Attachments ---


def test_an_attachment_under_its_digest_must_have_it(company: Evidence, tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / f"{PICTURE_SHA256}.jpg").write_bytes(b"another picture")
    with pytest.raises(OtherAttachment, match="is not the attachment on record"):
        company.bundle(tmp_path / "b.zip", pictures=tmp_path / "pictures")


def test_a_file_that_is_no_attachment_stays_out(company: Evidence, tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "bill.jpg").write_bytes(b"another picture")
    company.bundle(tmp_path / "b.zip", pictures=tmp_path / "pictures")
    parts = unpacked(tmp_path / "b.zip")
    assert not any(name.startswith("attachments/") for name in parts)
    assert json.loads(parts["attachments.json"])[0]["included"] is False
    assert verify_bundle(tmp_path / "b.zip").exit_code == 0


# --- A stranger's Python ---


def test_a_bare_python_verifies_the_unpacked_bundle_without_anything_of_ours(
    parts: dict[str, bytes], tmp_path: Path
) -> None:
    folder = tmp_path / "unpacked"
    for name, content in parts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    command = [sys.executable, "-I", "-S", "verify.py", "--en", "--public-key", key_of(parts)]
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
    ran = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, encoding="utf-8", env=environment, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.endswith("pure Python (RFC 8032)\nVALID\n")
    (folder / "timeline.zh.html").write_bytes(b"another story")
    again = subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False)
    assert again.returncode == 1
    assert "timeline.zh.html" in again.stdout


def test_the_names_of_personal_attachments_are_not_shown(company: Evidence, parts: dict[str, bytes]) -> None:
    [file] = json.loads(parts["attachments.json"])
    assert file["name"].startswith("~1~")
    assert masked(file["name"]) == "***"
