"""Nothing in a bundle can be changed unnoticed: every byte, every careful forgery, and files that are no bundles."""

import asyncio
import json
import os
import random
import struct
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import pytest

from services.compliance.evidence.bundle import canonical
from services.compliance.verification import verifier
from services.compliance.verification.verifier import NOTHING_HELD, verify_bundle
from tests import controls
from tests.evidenced import PICTURE, PICTURE_SHA256, Evidence, forged, judged, places, unpacked

EVERYDAY, LONG = 900, 60_000
"""Alterations of one byte in one run."""


class Made(NamedTuple):
    """A good bundle, and that of the complaint beside it."""

    packed: bytes
    parts: dict[str, bytes]
    other: dict[str, bytes]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    directory = tmp_path_factory.mktemp("forged")
    (directory / "pictures").mkdir()
    (directory / "pictures" / "bill.jpg").write_bytes(PICTURE)
    company = Evidence(directory / "company")
    asyncio.run(company.complain())
    other = asyncio.run(company.complain("W-another"))
    company.seal()
    more = {"disclosed": company.texts(), "earlier": 3, "pictures": directory / "pictures"}
    company.bundle(directory / "good.zip", **more)
    company.bundle(directory / "other.zip", other.complaint_id)
    company.close()
    packed = (directory / "good.zip").read_bytes()
    assert verify_bundle(directory / "good.zip").exit_code == 0
    return Made(packed, unpacked(directory / "good.zip"), unpacked(directory / "other.zip"))


# --- One byte ---


def altered(content: bytes, chance: random.Random) -> bytes:
    """The same with one byte changed, taken out or put in."""
    at, byte = chance.randrange(len(content)), bytes([chance.randrange(256)])
    kind = chance.randrange(4)
    if kind == 0:
        return content[:at] + content[at + 1 :]
    if kind == 1:
        return content[:at] + byte + content[at:]
    flipped = bytes([content[at] ^ 1 << chance.randrange(8)])
    return content[:at] + flipped + content[at + 1 :]


def assert_every_altered_part_is_found(made: Made, directory: Path, rounds: int) -> None:
    chance, names = random.Random(1), sorted(made.parts)
    for number in range(rounds):
        name = names[number % len(names)]
        verdict = judged(directory, made.parts | {name: altered(made.parts[name], chance)})
        assert verdict.exit_code, name
        assert name in " ".join(places(verdict)) or name == "manifest.json"


def test_a_byte_altered_in_any_part_is_found_and_its_place_named(made: Made, tmp_path: Path) -> None:
    assert_every_altered_part_is_found(made, tmp_path, EVERYDAY // 3)


def assert_every_altered_zip_is_found(made: Made, directory: Path, rounds: int) -> None:
    """A byte of the packing itself may change nothing: then the verdict says that it is packed anew."""
    chance = random.Random(2)
    kinds = {0: 0, 1: 0, 2: 0}
    starts = [info.header_offset for info in zipfile.ZipFile(BytesIO(made.packed)).infolist()]
    for number in range(rounds):
        content = bytearray(made.packed)
        # Every other alteration near a header or in the directory, which are small beside the texts.
        near = chance.choice([*starts, len(content) - chance.randrange(3_000) - 1])
        at = near + chance.randrange(60) if number % 2 else chance.randrange(len(content))
        content[min(at, len(content) - 1)] ^= 1 << chance.randrange(8)
        verdict = judged(directory, bytes(content))
        kinds[verdict.exit_code] += 1
        assert verdict.exit_code or any("not packed as issued" in each.en for each in verdict.claimed), at
    assert kinds[1] > rounds // 4
    assert min(kinds.values()) > 0


def test_a_byte_altered_anywhere_in_the_zip_is_found_or_declared(made: Made, tmp_path: Path) -> None:
    assert_every_altered_zip_is_found(made, tmp_path, EVERYDAY)


@pytest.mark.long
def test_tens_of_thousands_of_altered_bytes_are_found_or_declared(made: Made, tmp_path: Path) -> None:
    assert_every_altered_part_is_found(made, tmp_path, LONG // 10)
    assert_every_altered_zip_is_found(made, tmp_path, LONG)


# --- Forgeries under a manifest that fits ---


def lines_of(made: Made) -> list[bytes]:
    return made.parts["events.jsonl"].splitlines(keepends=True)


def without_event(made: Made, number: int) -> dict[str, bytes]:
    """The event of that line left out, the proofs after it moved up."""
    lines = lines_of(made)
    count = len(lines)
    parts = dict(made.parts)
    for line in range(number, count):
        parts[verifier.proof_name(line)] = made.parts[verifier.proof_name(line + 1)]
    del parts[verifier.proof_name(count)]
    parts["events.jsonl"] = b"".join(lines[: number - 1] + lines[number:])
    return forged(parts)


def own_lines(made: Made) -> list[int]:
    return [number for number, line in enumerate(lines_of(made), 1) if controls.C1.encode() in line]


def test_an_event_left_out_is_found_wherever_it_stood(made: Made, tmp_path: Path) -> None:
    for number in own_lines(made)[:-1]:
        verdict = judged(tmp_path, without_event(made, number))
        assert verdict.exit_code == 1
        assert verdict.findings[0].place.startswith("events.jsonl")


def test_the_last_event_left_out_is_what_the_verdict_says_it_cannot_see(made: Made, tmp_path: Path) -> None:
    parts = without_event(made, own_lines(made)[-1])
    del parts["disclosed.json"]
    count = len(own_lines(made)) - 1
    timelines = {
        name: b"".join(
            line + b"</tr>"
            for line in made.parts[name].split(b"</tr>")
            if f'data-version="{len(own_lines(made))}"'.encode() not in line
        )
        for name in verifier.TIMELINES
    }
    verdict = judged(tmp_path, forged(parts | timelines))
    assert verdict.exit_code == 0, places(verdict)
    assert any(f"no event after number {count}" in each.en for each in verdict.claimed)


def swapped(made: Made) -> dict[str, bytes]:
    """Two events exchanged, each with its own proof."""
    first, second = own_lines(made)[1:3]
    lines, parts = lines_of(made), dict(made.parts)
    lines[first - 1], lines[second - 1] = lines[second - 1], lines[first - 1]
    one, two = verifier.proof_name(first), verifier.proof_name(second)
    parts[one], parts[two] = made.parts[two], made.parts[one]
    return forged(parts, events__jsonl=b"".join(lines))


def edited(made: Made) -> dict[str, bytes]:
    """An event with another word in it."""
    return forged(made.parts, events__jsonl=made.parts["events.jsonl"].replace(b'"product":null', b'"product":"x"'))


def of_another_complaint(made: Made) -> dict[str, bytes]:
    """Another complaint's bundle under this complaint's name."""
    manifest = json.loads(made.other["manifest.json"]) | {"complaint": controls.C1}
    return forged(made.other | {"manifest.json": canonical(manifest)})


def with_a_stranger(made: Made) -> dict[str, bytes]:
    """An event of another complaint among this one's, with its own right proof."""
    lines = lines_of(made)
    others = made.other["events.jsonl"].splitlines(keepends=True)
    count = len(lines) + 1
    proof = made.other[verifier.proof_name(len(others))]
    parts = {**made.parts, verifier.proof_name(count): proof}
    return forged(parts, events__jsonl=b"".join([*lines, others[-1]]))


def with_a_proof_of_another(made: Made) -> dict[str, bytes]:
    """The proof of one event beside another."""
    one, two = verifier.proof_name(3), verifier.proof_name(4)
    return forged(made.parts | {one: made.parts[two]})


def with_another_policy(made: Made) -> dict[str, bytes]:
    """A readable policy with another figure in it."""
    name = f"policy/{controls.POLICY_ID}.toml"
    return forged(made.parts | {name: made.parts[name].replace(b"15m", b"95m")})


def with_other_people(made: Made) -> dict[str, bytes]:
    """A readable organisation with another head."""
    return forged(made.parts | {"organisation/1.toml": made.parts["organisation/1.toml"] + b"\n"})


def without_people(made: Made) -> dict[str, bytes]:
    """The organisation as it was, left out."""
    return without_event(Made(made.packed, forged(made.parts, organisation___1__toml=None), made.other), 2)


def without_policy(made: Made) -> dict[str, bytes]:
    """The rules it was handled under, left out."""
    parts = dict(made.parts)
    del parts[f"policy/{controls.POLICY_ID}.toml"]
    left = without_event(Made(made.packed, parts, made.other), 1)
    manifest = json.loads(left["manifest.json"]) | {"policies": []}
    return left | {"manifest.json": canonical(manifest)}


def with_another_picture(made: Made) -> dict[str, bytes]:
    """Another file under the digest of the attachment."""
    return forged(made.parts | {f"attachments/{PICTURE_SHA256}": b"another picture"})


def with_one_attachment_more(made: Made) -> dict[str, bytes]:
    """A file no event names, under its own digest."""
    sha256 = "0" * 64
    return forged(made.parts | {f"attachments/{sha256}": b"x"})


def without_attachments(made: Made) -> dict[str, bytes]:
    """A list of attachments that names none."""
    return forged(made.parts, attachments__json=b"[]\n")


def with_a_shorter_timeline(made: Made) -> dict[str, bytes]:
    """A timeline that leaves an event out."""
    name = "timeline.zh.html"
    text = made.parts[name].decode()
    row = next(row for row in text.split("<tr ") if row.startswith('data-version="2"'))
    return forged(made.parts | {name: text.replace(f"<tr {row}", "").encode()})


def with_an_older_checkpoint(made: Made) -> dict[str, bytes]:
    """Another checkpoint's text under the same signature."""
    note = made.parts["checkpoint.txt"].decode()
    size = note.splitlines()[1]
    return forged(made.parts, checkpoint__txt=note.replace(f"\n{size}\n", "\n3\n").encode())


def with_another_key(made: Made) -> dict[str, bytes]:
    """A key that did not sign."""
    [name] = [name for name in made.parts if name.endswith(".vkey")]
    parts = {key: content for key, content in made.parts.items() if key != name}
    return forged(parts | {name: b"PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n"})


def with_a_note_of_its_own(made: Made) -> dict[str, bytes]:
    """A manifest that says more than follows from the parts."""
    manifest = json.loads(made.parts["manifest.json"]) | {"note": "the company has always been right"}
    return made.parts | {"manifest.json": canonical(manifest)}


def with_a_file_more(made: Made) -> dict[str, bytes]:
    """A file the manifest does not name."""
    return made.parts | {"judgement.html": b"not guilty"}


def with_a_file_less(made: Made) -> dict[str, bytes]:
    """A file the manifest names and nobody finds."""
    return {name: content for name, content in made.parts.items() if name != "README.txt"}


def with_a_disclosure_of_another(made: Made) -> dict[str, bytes]:
    """Texts disclosed for another complaint."""
    disclosed = json.loads(made.parts["disclosed.json"]) | {"complaint": "another"}
    return forged(made.parts, disclosed__json=canonical(disclosed))


def with_two_answers(made: Made) -> dict[str, bytes]:
    """JSON in which a name stands twice, so that two readers read two things."""
    line = lines_of(made)[2]
    twice = line.replace(b'{"position":', b'{"type":"complaint.archived","position":', 1)
    return forged(made.parts, events__jsonl=made.parts["events.jsonl"].replace(line, twice))


FORGERIES: dict[Callable[[Made], dict[str, bytes]], str] = {
    swapped: "events.jsonl",
    edited: "proofs/",
    of_another_complaint: "events.jsonl",
    with_a_stranger: "events.jsonl",
    with_a_proof_of_another: "proofs/000003.tlog-proof",
    with_another_policy: f"policy/{controls.POLICY_ID}.toml",
    with_other_people: "organisation/1.toml",
    without_people: "events.jsonl",
    without_policy: "events.jsonl",
    with_another_picture: "attachments/",
    with_one_attachment_more: "attachments/",
    without_attachments: "attachments.json",
    with_a_shorter_timeline: "timeline.zh.html",
    with_an_older_checkpoint: "checkpoint.txt",
    with_another_key: "checkpoint.txt",
    with_a_note_of_its_own: "manifest.json",
    with_a_file_more: "judgement.html",
    with_a_file_less: "README.txt",
    with_a_disclosure_of_another: "disclosed.json",
    with_two_answers: "events.jsonl, 3",
}


@pytest.mark.parametrize("forgery", FORGERIES, ids=lambda f: f.__name__)
def test_a_careful_forgery_is_found_and_its_place_named(
    made: Made, tmp_path: Path, forgery: Callable[[Made], dict[str, bytes]]
) -> None:
    verdict = judged(tmp_path, forgery(made))
    assert verdict.exit_code == 1
    assert any(place.startswith(FORGERIES[forgery]) for place in places(verdict)), places(verdict)


# --- What is no bundle ---


def zip_of(*entries: tuple[zipfile.ZipInfo | str, bytes], pack: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", pack) as into:
        for name, content in entries:
            into.writestr(name, content)
    return out.getvalue()


def link() -> zipfile.ZipInfo:
    part = zipfile.ZipInfo("events.jsonl")
    part.external_attr = 0o120777 << 16
    return part


def encrypted(made: Made) -> bytes:
    """The flag of encryption set on every part of the directory."""
    content = bytearray(made.packed)
    at = content.find(b"PK\x01\x02")
    while at >= 0:
        content[at + 8] |= 1
        at = content.find(b"PK\x01\x02", at + 4)
    return bytes(content)


def promising(made: Made) -> bytes:
    """A directory that promises four billion bytes of the first part."""
    content = bytearray(made.packed)
    at = content.find(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<L", 0xFFFFFFF0)
    return bytes(content)


STRANGE: dict[str, Callable[[Made], bytes]] = {
    "nothing": lambda made: b"",
    "no zip": lambda made: b"PK\x03\x04 not really",
    "cut off": lambda made: made.packed[:-1],
    "cut in half": lambda made: made.packed[: len(made.packed) // 2],
    "only its end": lambda made: made.packed[-22:],
    "something before it": lambda made: b"#!/bin/sh\n" + made.packed,
    "something behind it": lambda made: made.packed + b"\n",
    "an empty zip": lambda made: zip_of(),
    "a zip of something else": lambda made: zip_of(("letter.txt", b"dear sir")),
    "a path to the folder above": lambda made: zip_of(("../manifest.json", b"{}")),
    "a path from the root": lambda made: zip_of(("/etc/passwd", b"root")),
    "a path of another system": lambda made: zip_of(("C:\\windows\\manifest.json", b"{}")),
    "a hidden folder above": lambda made: zip_of(("proofs/../../x", b"x")),
    "a name with a line break": lambda made: zip_of(("mani\nfest.json", b"{}")),
    "a link": lambda made: zip_of(("manifest.json", b"{}"), (link(), b"/etc/passwd")),
    "the same name in another case": lambda made: zip_of(("manifest.json", b"{}"), ("Manifest.json", b"{}")),
    "a bomb": lambda made: zip_of(("manifest.json", b"{}"), ("events.jsonl", b"0" * 30_000_000)),
    "too many files": lambda made: zip_of(*((f"f/{n}", b"") for n in range(20_001)), pack=zipfile.ZIP_STORED),
    "another way of packing": lambda made: zip_of(("manifest.json", b"{}"), pack=zipfile.ZIP_BZIP2),
    "encrypted": encrypted,
    "a size it does not have": promising,
    "a future format": lambda made: zip_of(("manifest.json", b'{"format":"amends-bundle","version":2}')),
    "a format of no version": lambda made: zip_of(("manifest.json", b'{"format":"amends-bundle"}')),
    "a manifest of another kind": lambda made: zip_of(("manifest.json", b"[1, 2]")),
}


@pytest.mark.parametrize("strange", STRANGE.values(), ids=STRANGE)
def test_what_is_no_bundle_cannot_be_judged(made: Made, tmp_path: Path, strange: Callable[[Made], bytes]) -> None:
    verdict = judged(tmp_path, strange(made))
    assert verdict.exit_code == 2, places(verdict)
    assert len(verdict.findings) == 1
    assert "\n".join(verdict.lines("zh")).endswith("无法判定")


def test_the_same_name_twice_is_no_bundle(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        content = zip_of(("manifest.json", b"{}"), ("manifest.json", b"{}"))
    assert judged(tmp_path, content).exit_code == 2


DAMAGED = {
    "nested without end": b"[" * 200_000,
    "a number without end": b'{"a":' + b"9" * 50_000 + b"}",
    "not a number": b'{"format": NaN}',
    "not UTF-8": b'{"format": "\xff"}',
    "a name twice": b'{"format":"amends-bundle","format":"amends-bundle","version":1}',
    "empty": b"",
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_manifest_that_is_not_sound_json_is_named(tmp_path: Path, content: bytes) -> None:
    verdict = judged(tmp_path, zip_of(("manifest.json", content)))
    assert verdict.exit_code
    assert places(verdict) == ["manifest.json"]


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"null", b"\xff", b"\n\n", b"0" * 1_000])
def test_no_content_of_any_part_makes_the_verifier_stumble(made: Made, tmp_path: Path, content: bytes) -> None:
    for name in made.parts:
        verdict = judged(tmp_path, forged(made.parts) | {name: content})
        assert verdict.exit_code, name
        changed = {**made.parts, name: content}
        if name not in ("manifest.json", "events.jsonl", "README.txt", "verify.py"):
            assert judged(tmp_path, forged(changed)).exit_code, name


def test_a_link_in_an_unpacked_bundle_is_no_bundle(made: Made, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    for name, content in made.parts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    assert verify_bundle(folder).exit_code == 0
    os.symlink("/etc/passwd", folder / "more")
    assert verify_bundle(folder).exit_code == 2


def test_a_bundle_packed_again_by_other_software_is_still_valid_and_said_to_be_so(made: Made, tmp_path: Path) -> None:
    verdict = judged(tmp_path, made.parts, NOTHING_HELD)
    assert verdict.exit_code == 0
    assert any("not packed as issued" in each.en for each in verdict.claimed)
    again = zip_of(("policy/", b""), *made.parts.items())
    assert judged(tmp_path, again).exit_code == 0
