"""`amends bundle`, `bundle-verify`, `prove` as people use them: exit codes, sentences, files, both stores."""

import json
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from deploy.postgres_server import Database
from events.catalogue import wire
from events.ledger import Append
from events.receipt_code import receipt_code
from events.stores import Row
from services.compliance.evidence.bundle import contents
from services.compliance.evidence.bundle_proofs import sealed_by
from services.compliance.evidence.proving import Answer, prove
from services.compliance.seal.seal_store import DirectoryStore
from services.compliance.seal.sealing import Sealer
from services.compliance.seal.signing_keys import SigningKeys
from services.compliance.verification import verifier
from tests import bdd, controls
from tests.commands import Run
from tests.evidenced import PICTURE, PICTURE_SHA256

COMPLAINT = {
    "channel": "web",
    "external_ref": "r1",
    "text": "餐厅食物中毒",
    "customer": {"name": "张三"},
    "attachments": [{"name": "bill.jpg", "media_type": "image/jpeg", "sha256": PICTURE_SHA256}],
}


OFFICER = next(id_ for id_, each in controls.company().person.items() if each.role == "legal")


@pytest.fixture
def receipt(run: Run, tmp_path: Path) -> dict[str, str]:
    """What the customer got; the installation is stopped and was never sealed."""
    (tmp_path / "complaint.json").write_text(json.dumps(COMPLAINT, ensure_ascii=False), "utf-8")
    ran = run("submit", "complaint.json", "--data", "house", "--json")
    answer: dict[str, str] = json.loads(ran.out)
    return answer


@pytest.mark.clause("S004-1.9")
def test_a_stopped_house_is_sealed_and_the_bundle_verifies(run: Run, receipt: dict[str, str], tmp_path: Path) -> None:
    made = run("bundle", receipt["complaint_id"], "b.zip", "--data", "house")
    assert made.code == 0, made.err
    assert "指纹" in made.out
    good = run("bundle-verify", "b.zip")
    assert (good.code, good.out.rstrip().endswith("有效")) == (0, True)
    told = json.loads(run("bundle-verify", "b.zip", "--json").out)
    assert (told["verdict"], told["complaint"]) == ("valid", receipt["complaint_id"])


def test_a_complaint_is_found_by_its_number_and_told_in_english(run: Run, receipt: dict[str, str]) -> None:
    made = run("bundle", receipt["number"], "b.zip", "--data", "house", "--en")
    assert (made.code, "tell the receiver by another way" in made.out) == (0, True)


def test_the_originals_go_along_and_what_is_missing_is_named(run: Run, receipt: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    told = json.loads(run("bundle", receipt["complaint_id"], "b.zip", "--data", "house", "--json").out)
    assert (told["included"], told["missing"]) == ([], [PICTURE_SHA256])
    (tmp_path / "pictures" / "x.jpg").write_bytes(PICTURE)
    more = run("bundle", receipt["number"], "c.zip", "--data", "house", "--json", "--attachments", "pictures")
    assert json.loads(more.out)["included"] == [PICTURE_SHA256]
    (tmp_path / "pictures" / PICTURE_SHA256).write_bytes(b"other")
    refused = run("bundle", receipt["complaint_id"], "d.zip", "--data", "house", "--attachments", "pictures")
    assert (refused.code, (tmp_path / "d.zip").exists()) == (2, False)


@pytest.mark.parametrize(
    "unmasked", [(), ("--unmask", "--as", OFFICER, "--reason", "court")], ids=["plain", "unmasked"]
)
def test_a_bundle_is_its_owners_alone_and_replaces_another_only_when_told(
    run: Run, receipt: dict[str, str], tmp_path: Path, unmasked: tuple[str, ...]
) -> None:
    (tmp_path / "b.zip").write_bytes(b"mine")
    asked = ("bundle", receipt["complaint_id"], "b.zip", "--data", "house", *unmasked)
    refused = run(*asked)
    assert (refused.code, "--force" in refused.err, (tmp_path / "b.zip").read_bytes()) == (2, True, b"mine")
    assert run(*asked, "--force").code == 0
    assert (tmp_path / "b.zip").stat().st_mode & 0o777 == 0o600
    assert run("bundle-verify", "b.zip").code == 0
    assert {each.name for each in tmp_path.iterdir()} == {"b.zip", "complaint.json", "house"}


def test_what_is_refused_for_its_file_is_not_recorded_as_read(
    run: Run, receipt: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "b.zip").touch()
    before = run("digest", "--data", "house", "--json").out
    run("bundle", receipt["number"], "b.zip", "--data", "house", "--unmask", "--as", OFFICER, "--reason", "court")
    assert run("digest", "--data", "house", "--json").out == before


def test_an_attachment_that_changes_meanwhile_leaves_the_old_bundle_as_it_was(
    run: Run, receipt: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / PICTURE_SHA256).write_bytes(b"other")
    (tmp_path / "b.zip").write_bytes(b"mine")
    asked = ("bundle", receipt["complaint_id"], "b.zip", "--data", "house", "--attachments", "pictures", "--force")
    assert (run(*asked).code, (tmp_path / "b.zip").read_bytes()) == (2, b"mine")
    assert not list(tmp_path.glob(".*"))


def test_the_published_key_the_kept_checkpoint_and_the_fingerprint_are_taken(
    run: Run, receipt: dict[str, str], tmp_path: Path
) -> None:
    run("bundle", receipt["complaint_id"], "a.zip", "--data", "house")
    (tmp_path / "kept.txt").write_bytes((tmp_path / "house/seal/checkpoint").read_bytes())
    [key] = (tmp_path / "house/seal/keys").glob("*.vkey")
    (tmp_path / "second.json").write_text(json.dumps(COMPLAINT | {"external_ref": "r2"}), "utf-8")
    run("submit", "second.json", "--data", "house")
    made = run("bundle", receipt["complaint_id"], "b.zip", "--data", "house", "--json", "--checkpoint", "kept.txt")
    run("prove", receipt["code"], "--data", "house")
    fingerprint = json.loads(made.out)["fingerprint"]
    held = ("--public-key", key, "--checkpoint", "kept.txt", "--fingerprint", fingerprint)
    good = run("bundle-verify", "b.zip", *held, "--en")
    assert good.code == 0, good.out
    assert "is the company's" not in good.out
    assert run("bundle-verify", "a.zip", "--fingerprint", "0" * 64).code == 1


def test_a_checkpoint_this_house_never_signed_is_the_news(run: Run, receipt: dict[str, str], tmp_path: Path) -> None:
    run("bundle", receipt["complaint_id"], "a.zip", "--data", "house")
    note = (tmp_path / "house/seal/checkpoint").read_text("utf-8")
    lines = note.splitlines()
    for name, text in (("rewritten", note.replace(lines[2], "A" * 43 + "=")), ("cut", note.replace("\n3\n", "\n9\n"))):
        (tmp_path / f"{name}.txt").write_text(text, "utf-8")
        ran = run("bundle", receipt["complaint_id"], "b.zip", "--data", "house", "--checkpoint", f"{name}.txt")
        assert (ran.code, ran.out) == (1, ""), name
        assert run("prove", receipt["code"], "--data", "house", "--checkpoint", f"{name}.txt").code == 1


def test_one_copy_in_a_file_is_taken_and_several_are_bad_input(
    run: Run, receipt: dict[str, str], tmp_path: Path
) -> None:
    run("bundle", receipt["complaint_id"], "a.zip", "--data", "house")
    note = (tmp_path / "house/seal/checkpoint").read_text("utf-8")
    for copies, code in ((1, 0), (2, 2)):
        (tmp_path / "copies.txt").write_text(copies * f"{note}\n", "utf-8")
        proven = run("prove", receipt["code"], "--data", "house", "--checkpoint", "copies.txt")
        ran = run("bundle", receipt["complaint_id"], f"{copies}.zip", "--data", "house", "--checkpoint", "copies.txt")
        judged = run("bundle-verify", "a.zip", "--checkpoint", "copies.txt")
        assert (proven.code, ran.code, judged.code) == (code, code, code), (proven.err, ran.err, judged.out)
    assert "多个检查点" in ran.err
    assert "several checkpoints" in ran.err


def test_an_altered_bundle_ends_with_one_and_what_is_no_bundle_with_two(
    run: Run, receipt: dict[str, str], tmp_path: Path
) -> None:
    run("bundle", receipt["complaint_id"], "b.zip", "--data", "house")
    content = (tmp_path / "b.zip").read_bytes()
    (tmp_path / "altered.zip").write_bytes(content.replace(b"complaint.received", b"complaint.accepted"))
    (tmp_path / "cut.zip").write_bytes(content[:-30])
    altered = run("bundle-verify", "altered.zip", "--en")
    assert (altered.code, "events.jsonl" in altered.out) == (1, True)
    for strange in ("cut.zip", "nothing.zip", "house/ledger.db"):
        ran = run("bundle-verify", strange, "--en")
        assert (ran.code, ran.out.rstrip().endswith("CANNOT BE JUDGED")) == (2, True), strange


def test_an_altered_ledger_gives_no_bundle(run: Run, receipt: dict[str, str], tmp_path: Path) -> None:
    run("bundle", receipt["complaint_id"], "b.zip", "--data", "house")
    connection = sqlite3.connect(tmp_path / "house/ledger.db")
    connection.execute("UPDATE stored_events SET state = CAST(replace(state, 'web', 'wap') AS BLOB) WHERE rowid = 3")
    connection.commit()
    connection.close()
    ran = run("bundle", receipt["complaint_id"], "c.zip", "--data", "house")
    assert (ran.code, "amends verify" in ran.err, (tmp_path / "c.zip").exists()) == (1, True, False)


def test_there_is_no_bundle_of_nothing(run: Run, receipt: dict[str, str]) -> None:
    assert run("bundle", "00000000-0000-0000-0000-000000000000", "b.zip", "--data", "house").code == 2
    assert run("bundle", "C-none", "b.zip", "--data", "house").code == 2
    assert run("bundle", receipt["complaint_id"], "b.zip", "--data", "elsewhere").code == 4
    assert run("bundle", receipt["complaint_id"], "no/such/folder/b.zip", "--data", "house").code == 2


def test_unmasking_needs_an_officer_and_a_reason(run: Run, receipt: dict[str, str], tmp_path: Path) -> None:
    asked = ("bundle", receipt["complaint_id"], "b.zip", "--data", "house", "--unmask")
    assert run(*asked).code == 2
    assert run(*asked, "--as", "li.na", "--reason", "court").code == 3
    assert run(*asked, "--as", "nobody", "--reason", "court").code == 3
    assert run(*asked, "--as", OFFICER, "--reason", "  ").code == 2
    assert not (tmp_path / "b.zip").exists()


@pytest.mark.clause("S002-7.2")
def test_an_officer_unmasks_and_that_is_on_record_before_the_bundle_is_written(
    run: Run, receipt: dict[str, str], tmp_path: Path
) -> None:
    asked = ("bundle", receipt["complaint_id"], "b.zip", "--data", "house", "--unmask", "--as", OFFICER)
    made = run(*asked, "--reason", "court 12")
    assert made.code == 0, made.err
    with zipfile.ZipFile(tmp_path / "b.zip") as packed:
        assert "餐厅食物中毒" in packed.read("timeline.zh.html").decode()
        assert "餐厅食物中毒" in json.loads(packed.read("disclosed.json"))["texts"].values()
        assert "餐厅食物中毒" not in packed.read("events.jsonl").decode()
        assert "disclosed.json" in packed.read("README.txt").decode()
    history = run("replay", "--data", "house", "--json").out
    assert [json.loads(line)["data"]["reason"] for line in history.splitlines() if "customer.disclosed" in line] == [
        "court 12"
    ]
    assert "were decrypted by the company" in run("bundle-verify", "b.zip", "--en").out


def test_a_code_is_proven_from_the_receipt_to_a_strangers_python(
    run: Run, receipt: dict[str, str], tmp_path: Path
) -> None:
    ran = run("prove", receipt["code"], "--data", "house", "--out", "proof.txt")
    assert (ran.code, "在日志中" in ran.out) == (0, True)
    (tmp_path / "checkpoint.txt").write_bytes((tmp_path / "house/seal/checkpoint").read_bytes())
    (tmp_path / "verify.py").write_bytes(Path(verifier.__file__).read_bytes())
    command = [
        sys.executable,
        "-I",
        "-S",
        "verify.py",
        "--en",
        "--code",
        receipt["code"],
        "proof.txt",
        "checkpoint.txt",
    ]
    stranger = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", check=False)
    assert (stranger.returncode, "[proven]  the complaint of this code" in stranger.stdout) == (0, True)
    assert json.loads(run("prove", receipt["code"].lower(), "--data", "house", "--json").out)["in_log"] is True


def test_a_code_that_fits_nothing_ends_with_one_and_a_mistyped_one_with_two(run: Run, receipt: dict[str, str]) -> None:
    assert run("prove", receipt_code(1, b"another"), "--data", "house").code == 1
    mistyped = run("prove", receipt["code"][:-1] + "?", "--data", "house")
    assert (mistyped.code, "证明码" in mistyped.err) == (2, True)


def test_a_submission_again_gets_the_same_code_and_people_see_it(run: Run, receipt: dict[str, str]) -> None:
    again = run("submit", "complaint.json", "--data", "house")
    assert receipt["code"] in again.out


def test_the_zip_can_be_read_by_any_software(run: Run, receipt: dict[str, str], tmp_path: Path) -> None:
    run("bundle", receipt["complaint_id"], "b.zip", "--data", "house")
    with zipfile.ZipFile(tmp_path / "b.zip") as packed:
        assert packed.testzip() is None
        assert packed.namelist()[0] == "manifest.json"


def test_on_postgres_where_positions_skip_the_index_is_the_place_in_the_order(
    postgres: Database, tmp_path: Path
) -> None:
    store = controls.postgres_store(postgres)
    store.create()
    company = bdd.Company(controls.in_the_morning(), store)
    streams = controls.some_streams(3)
    for stream in streams:
        controls.put(company.ledger, stream, controls.received())
        # A version that is taken: the sequence goes on, nothing is stored.
        company.ledger.commit([Append(stream, 0, (controls.received(),))])
    seal_store = DirectoryStore(tmp_path / "seal")
    sealer = Sealer(company.ledger.rows_after, seal_store, SigningKeys(tmp_path / "keys"), company.clock)
    sealer.seal()
    sealer.close()
    found = contents(company.ledger, streams[2], sealed_by(seal_store))
    assert found.rows[-1].position > found.indexes[-1] + 1
    assert found.indexes[-1] == 4
    assert prove(company.ledger, seal_store, _code(found.own[0])).answer is Answer.PROVEN
    company.ledger.close()


def _code(row: Row) -> str:
    return receipt_code(row.position, wire(*row))
