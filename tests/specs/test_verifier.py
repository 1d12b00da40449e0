"""The verifier that strangers get: hashing, proofs, signatures and notes, against vectors made by others."""

import ast
import base64
import csv
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from services.compliance.verification import verifier
from services.compliance.verification.verifier import (
    Refused,
    check_consistency,
    check_inclusion,
    leaf_hash,
    node_hash,
    parse_checkpoint,
    parse_code,
    parse_proof,
    parse_verifier_key,
    root_of,
    verify_ed25519,
    verify_ed25519_in_python,
    verify_note,
)
from tests.specs.test_punctuation import HALF

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data" / "merkle"
EITHER = [verify_ed25519, verify_ed25519_in_python]
L = 2**252 + 27742317777372353535851937790883648493

RFC_8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]
"""Section 7.1, tests 1 to 3: key, message, signature."""


def cases(name: str) -> list[Any]:
    file = SHARED / name
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def raw(encoded: str | None) -> bytes:
    return base64.b64decode(encoded or "")


@pytest.mark.parametrize("case", cases("inclusion.jsonl"), ids=lambda case: case["case"])
def test_an_inclusion_proof_is_judged_as_others_judge_it(case: dict[str, Any]) -> None:
    proof = [raw(each) for each in case["proof"] or []]
    found = check_inclusion(raw(case["leafHash"]), case["leafIdx"], case["treeSize"], proof, raw(case["root"]))
    assert found is not case["wantErr"]


@pytest.mark.parametrize("case", cases("consistency.jsonl"), ids=lambda case: case["case"])
def test_a_consistency_proof_is_judged_as_others_judge_it(case: dict[str, Any]) -> None:
    proof = [raw(each) for each in case["proof"] or []]
    found = check_consistency(case["size1"], raw(case["root1"]), case["size2"], raw(case["root2"]), proof)
    assert found is not case["wantErr"]


KNOWN_ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}
LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]


@pytest.mark.parametrize("size", KNOWN_ROOTS)
def test_the_root_is_the_one_of_rfc_6962(size: int) -> None:
    assert root_of(leaf_hash(bytes.fromhex(leaf)) for leaf in LEAVES[:size]).hex() == KNOWN_ROOTS[size]


def path(index: int, leaves: list[bytes]) -> list[bytes]:
    """The audit path as RFC 6962 defines it, straight from the definition."""
    if len(leaves) == 1:
        return []
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if index < split:
        return [*path(index, leaves[:split]), root_of(leaves[split:])]
    return [*path(index - split, leaves[split:]), root_of(leaves[:split])]


def test_every_leaf_of_every_small_tree_is_proven_and_nothing_else_is() -> None:
    for size in range(1, 20):
        leaves = [leaf_hash(bytes([number])) for number in range(size)]
        root = root_of(leaves)
        for index, leaf in enumerate(leaves):
            proof = path(index, leaves)
            assert check_inclusion(leaf, index, size, proof, root)
            assert not check_inclusion(leaf, (index + 1) % size, size, proof, root) or size == 1
            assert not any(check_inclusion(leaf, index, size, proof[:cut], root) for cut in range(len(proof)))
            assert not check_inclusion(leaf, index, size, [*proof, root], root)


def test_a_hash_of_another_length_proves_nothing() -> None:
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert check_inclusion(left, 0, 2, [right], node_hash(left, right))
    assert not check_inclusion(left[:31], 0, 2, [right], node_hash(left, right))
    assert not check_inclusion(left, 0, 2, [right + b"\0"], node_hash(left, right))


@pytest.mark.parametrize("verify", EITHER)
@pytest.mark.parametrize(("key", "message", "signature"), RFC_8032)
def test_the_signatures_of_rfc_8032_are_right(verify: Any, key: str, message: str, signature: str) -> None:
    assert verify(bytes.fromhex(key), bytes.fromhex(message), bytes.fromhex(signature))
    assert not verify(bytes.fromhex(key), bytes.fromhex(message) + b"!", bytes.fromhex(signature))


def library(key: bytes, message: bytes, signature: bytes) -> bool:
    """What the library alone says."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def signatures(rounds: int) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Right, altered and swapped signatures."""
    chance = random.Random(4)
    for _ in range(rounds):
        private = Ed25519PrivateKey.from_private_bytes(chance.randbytes(32))
        key, message = private.public_key().public_bytes_raw(), chance.randbytes(chance.randrange(40))
        signature = private.sign(message)
        yield key, message, signature
        for _ in range(3):
            altered = bytearray(key + signature)
            altered[chance.randrange(96)] ^= 1 << chance.randrange(8)
            yield bytes(altered[:32]), message, bytes(altered[32:])
        yield key, message, signature[32:] + signature[:32]
        yield key, message, chance.randbytes(64)


def test_the_arithmetic_in_python_and_the_library_agree_on_right_and_wrong_signatures() -> None:
    differing = [
        (key, message, signature)
        for key, message, signature in signatures(40)
        if verify_ed25519_in_python(key, message, signature) is not library(key, message, signature)
    ]
    assert differing == []


@pytest.mark.long
def test_the_arithmetic_in_python_and_the_library_agree_on_thousands_of_signatures() -> None:
    assert all(verify_ed25519_in_python(*each) is library(*each) for each in signatures(1_500))


@pytest.mark.parametrize("verify", EITHER)
def test_a_signature_that_is_written_in_another_way_is_refused(verify: Any) -> None:
    private = Ed25519PrivateKey.from_private_bytes(bytes(32))
    key, signature = private.public_key().public_bytes_raw(), private.sign(b"m")
    assert verify(key, b"m", signature)
    larger = (int.from_bytes(signature[32:], "little") + L).to_bytes(32, "little")
    assert not verify(key, b"m", signature[:32] + larger)
    assert not verify(key, b"m", signature + b"\0")


NO_KEYS = {
    "the neutral point": (1).to_bytes(32, "little"),
    "the neutral point with a sign": (1 | 1 << 255).to_bytes(32, "little"),
    "a point of order two": (2**255 - 20).to_bytes(32, "little"),
    "a point of order four": bytes(32),
    "a y that is not reduced": (2**255 - 19 + 3).to_bytes(32, "little"),
    "the neutral point, not reduced": (2**255 - 18).to_bytes(32, "little"),
    "no point": (2).to_bytes(32, "little"),
}


@pytest.mark.parametrize("verify", EITHER)
@pytest.mark.parametrize("key", NO_KEYS.values(), ids=NO_KEYS)
def test_a_key_that_fits_any_signature_or_is_written_otherwise_is_refused(verify: Any, key: bytes) -> None:
    # R = the neutral point and S = 0 would satisfy the equation for a key of small order.
    assert not any(verify(key, bytes([number]), (1).to_bytes(32, "little") + bytes(32)) for number in range(16))


NEUMANN = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
"""The example of the Go package that signed notes come from."""


def test_a_note_others_have_signed_is_verified_with_the_key_others_have_published() -> None:
    note = verify_note(NOTE, [parse_verifier_key(NEUMANN)])
    assert note.text.startswith("If you think")
    assert [str(signer) for signer in note.signers] == [NEUMANN]


ALTERED_NOTES = {
    "another word": NOTE.replace("think", "thing"),
    "no line break at the end": NOTE[:-1],
    "no empty line": NOTE.replace("\n\n", "\n"),
    "a tab": NOTE.replace("you think", "you\tthink"),
    "a carriage return": NOTE.replace("\n", "\r\n"),
    "another dash": NOTE.replace("—", "-"),
    "another key's name": NOTE.replace("PeterNeumann", "PeterNewmann"),
    "base64 with a line of its own": NOTE.replace("x08go/", "x08go/\n"),
    "base64 written otherwise": NOTE.replace("AM=\n", "AN=\n"),
    "no signature": NOTE.partition("— ")[0],
    "too many signatures": NOTE + NOTE.rpartition("\n\n")[2] * 16,
    "nothing": "",
}


@pytest.mark.parametrize("text", ALTERED_NOTES.values(), ids=ALTERED_NOTES)
def test_an_altered_note_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        verify_note(text, [parse_verifier_key(NEUMANN)])


def test_a_wrong_signature_of_a_known_key_refuses_a_note_another_key_has_signed() -> None:
    private = Ed25519PrivateKey.from_private_bytes(bytes(32))
    other = verifier.verifier_key("other", private.public_key().public_bytes_raw())
    body = NOTE.partition("\n\n")[0] + "\n"
    line = f"— other {base64.b64encode(other.key_id + private.sign(b'something else')).decode()}\n"
    assert verify_note(NOTE + line, [parse_verifier_key(NEUMANN)]).text == body
    with pytest.raises(Refused, match="the signature of other is wrong"):
        verify_note(NOTE + line, [parse_verifier_key(NEUMANN), other])


BAD_KEYS = [
    "",
    "PeterNeumann",
    NEUMANN.replace("c74f20a3", "c74f20a4"),
    NEUMANN.replace("Peter", "Piter"),
    NEUMANN.replace("+AR", "+BR"),
    NEUMANN[:-4],
    NEUMANN.replace("PeterNeumann", "Peter Neumann"),
    "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
]


@pytest.mark.parametrize("text", BAD_KEYS)
def test_a_key_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        parse_verifier_key(text)


BEHIND_THE_SOFA = """\
example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa \
Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
"""


def test_the_checkpoint_of_the_specification_is_read() -> None:
    found = parse_checkpoint(BEHIND_THE_SOFA)
    assert found[:2] == ("example.com/behind-the-sofa", 20852163)
    assert found.root.hex().startswith("0ac5186a")
    assert found.time is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "origin\n",
        BEHIND_THE_SOFA.replace("20852163", "020852163"),
        BEHIND_THE_SOFA.replace("20852163", "-1"),
        BEHIND_THE_SOFA.replace("20852163", "٢"),
        BEHIND_THE_SOFA.replace("20852163", "9" * 40),
        BEHIND_THE_SOFA.replace("q2I=", "q2I"),
        "\n" + BEHIND_THE_SOFA,
    ],
)
def test_a_checkpoint_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        parse_checkpoint(text)


HASH = "gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ="
PROOF = f"c2sp.org/tlog-proof@v1\nextra YWdl\nindex 7\n{HASH}\n\n{BEHIND_THE_SOFA}"


def test_a_proof_of_the_specifications_form_is_read() -> None:
    found = parse_proof(PROOF)
    assert (found.leaf, found.extra, len(found.hashes)) == (7, b"age", 1)
    assert found.checkpoint == BEHIND_THE_SOFA


@pytest.mark.parametrize(
    "text",
    [
        "",
        PROOF.replace("@v1", "@v2"),
        PROOF.replace("index 7", "index 07"),
        PROOF.replace("index 7\n", ""),
        PROOF.replace("extra YWdl", "extra YWd"),
        PROOF.replace("PlQ=", "PlQ"),
        PROOF.replace("\n\n", "\n"),
        PROOF.replace("gSKy", "gSKy" * 3),
        PROOF.replace("index 7\n", "index 7\n" + f"{HASH}\n" * 70),
    ],
)
def test_a_proof_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        parse_proof(text)


def test_the_verifier_imports_the_standard_library_alone() -> None:
    tree = ast.parse(Path(verifier.__file__).read_text())
    named = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    named |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    outside = {name for name in named if name.partition(".")[0] not in sys.stdlib_module_names}
    assert {name.partition(".")[0] for name in outside} == {"cryptography"}


def test_the_verifier_shares_no_code_with_what_writes_the_log() -> None:
    written = [*(ROOT / "services/compliance/seal").glob("*.py"), ROOT / "services/compliance/evidence/bundle.py"]
    assert len(written) > 10
    for file in written:
        text = file.read_text()
        assert "import verifier" not in text, file.name
        assert "verification.verifier" not in text, file.name


def test_the_verifier_says_what_python_it_needs_and_uses_nothing_newer() -> None:
    ast.parse(Path(verifier.__file__).read_text(), feature_version=(3, 9))


def bare(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The verifier run by a bare Python in an empty directory, with nothing installed to be found."""
    (directory / "verify.py").write_bytes(Path(verifier.__file__).read_bytes())
    command = [sys.executable, "-I", "-S", "verify.py", *arguments]
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
    return subprocess.run(
        command, cwd=directory, capture_output=True, text=True, encoding="utf-8", env=environment, check=False
    )


def test_a_bare_python_runs_it_and_says_so(tmp_path: Path) -> None:
    ran = bare(tmp_path, "nothing.zip")
    assert ran.returncode == 2
    assert "没有这个文件" in ran.stdout
    assert "pure Python (RFC 8032)" in ran.stdout
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--en", "--code", "abc"], "use: --code CODE PROOF"),
        (["--en", "--code", "abc", "verify.py"], "40 letters and digits"),
        (["--en", "--public-key", "nonsense", "verify.py"], "cannot be read"),
        (["--en", "--public-key", "a+b+c", "verify.py"], "not a public key"),
        (["--en", "--checkpoint", "verify.py", "verify.py"], "one checkpoint by itself is wanted"),
        (["--en", "verify.py", "verify.py"], "one bundle at a time"),
        (["--en", "verify.py"], "not a zip file"),
        (["--en"], "no manifest"),
    ],
)
def test_what_cannot_be_judged_ends_with_two_and_a_sentence(tmp_path: Path, arguments: list[str], said: str) -> None:
    ran = bare(tmp_path, *arguments)
    assert (ran.returncode, said in ran.stdout, ran.stderr) == (2, True, ""), ran.stdout
    assert json.loads(bare(tmp_path, *arguments, "--json").stdout)["verdict"] == "unreadable"


def test_what_it_says_in_chinese_is_punctuated_in_chinese() -> None:
    tree = ast.parse(Path(verifier.__file__).read_text())
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    han = [text for text in texts if any("\u3400" <= sign <= "\u9fff" for sign in text)]
    assert len(han) > 50
    assert [text for text in han if HALF.search(text)] == []


def test_the_shared_vectors_are_all_there() -> None:
    if not SHARED.exists():
        pytest.skip("the vectors are not beside this checkout")
    with (SHARED.parent / "SHA256SUMS").open() as sums:
        named = [row[-1] for row in csv.reader(sums, delimiter=" ") if "merkle" in row[-1]]
    assert set(named) >= {"merkle/consistency.jsonl", "merkle/inclusion.jsonl", "merkle/rfc6962_roots.json"}
    assert len(cases("inclusion.jsonl")) + len(cases("consistency.jsonl")) == 39


def test_a_mistyped_code_is_told_from_one_that_fits_nothing() -> None:
    with pytest.raises(Refused, match="a sign of the code is wrong"):
        parse_code("00000-031S0-8D62Y-C3TCS-W7JAZ-N4AMX-TMCGT-YQJ0K")
    assert parse_code("00000-031s0-8d62y-c3tcs-w7jaz-n4amx-tmcgt-yqj0j").position == 3
