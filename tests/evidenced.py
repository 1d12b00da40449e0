"""A company whose ledger is sealed and whose complaints are put into evidence; and bundles altered after that."""

import hashlib
import json
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from events.key_databases import SQLiteKeys
from events.key_stores import SqlKeyStore
from events.keyring import Keyring
from events.stores import SQLiteStore
from services.compliance.evidence import bundle as bundles
from services.compliance.evidence.bundle_file import Written, attachments_in, write
from services.compliance.evidence.bundle_proofs import Sealed, sealed_by
from services.compliance.seal.seal_store import DirectoryStore
from services.compliance.seal.sealing import Sealer
from services.compliance.seal.signing_keys import SigningKeys
from services.compliance.verification.verifier import Trust, Verdict, verify_bundle
from tests import bdd, controls

PICTURE = b"a picture of the bill"
PICTURE_SHA256 = hashlib.sha256(PICTURE).hexdigest()
WORDS = "客服态度恶劣，要求退款"
MASTER = bytes(range(32))


class Evidence(bdd.Company):
    """All services over one SQLite file, personal texts sealed under keys, the ledger sealed in a directory."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        store = SQLiteStore(directory / "ledger.db")
        store.create()
        super().__init__(controls.in_the_morning(), store)
        keys = SQLiteKeys(directory / "keys.db")
        self.ledger.keyring = Keyring(SqlKeyStore(keys), MASTER)
        self.directory = directory
        self.seal_store = DirectoryStore(directory / "seal")
        self.signing_keys = SigningKeys(directory / "seal-keys")

    async def complain(self, reference: str = "W-20260302-0001") -> Any:
        """A complaint with a picture, looked at by every service; its receipt."""
        attachment = {"name": "账单.jpg", "media_type": "image/jpeg", "sha256": PICTURE_SHA256, "size": len(PICTURE)}
        receipt = await self.submit(external_ref=reference, text=WORDS, attachments=[attachment])
        await self.look(receipt.complaint_id)
        return receipt

    def seal(self) -> Sealed:
        """The log after everything recorded so far."""
        sealer = Sealer(self.ledger.rows_after, self.seal_store, self.signing_keys, self.clock)
        try:
            while sealer.seal() is not None:
                pass
        finally:
            sealer.close()
        return sealed_by(self.seal_store)

    def rotate(self) -> Sealed:
        """The log after its key was replaced."""
        self.signing_keys.begin_rotation()
        return self.seal()

    def bundle(self, file: Path, complaint: Any = controls.C1, **more: Any) -> Written:
        """The evidence of a complaint, with the picture where `pictures` names its directory."""
        pictures: Path | None = more.pop("pictures", None)
        sealed = more.pop("sealed", None) or sealed_by(self.seal_store)
        found = bundles.contents(self.ledger, complaint, sealed)
        wanted = {each["sha256"] for each in bundles.attachments_of(found.history, {})}
        files = attachments_in(pictures, wanted) if pictures else {}
        return write(file, found, bundles.parts(found, self.policies, files, **more), files)

    def texts(self, complaint: Any = controls.C1) -> dict[str, str]:
        """Each token of the complaint and its text."""
        sealed = _strings([json.loads(row.state) for row in self.ledger.rows_of([complaint])])
        plain = _strings([json.loads(row.state) for row in self.ledger.opened(self.ledger.rows_of([complaint]))])
        return {token: text for token, text in zip(sealed, plain, strict=True) if token.startswith("~1~")}

    def close(self) -> None:
        """Give back ledger and keys."""
        self.ledger.close()


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inside = list(value.values()) if isinstance(value, Mapping) else value if isinstance(value, list) else []
    return [text for each in inside for text in _strings(each)]


def unpacked(file: Path) -> dict[str, bytes]:
    """The parts of a bundle."""
    with zipfile.ZipFile(file) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def packed(parts: Mapping[str, bytes]) -> bytes:
    """Parts as a zip of somebody else's making."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as into:
        for name, content in parts.items():
            into.writestr(name, content)
    return out.getvalue()


def forged(parts: Mapping[str, bytes], /, **changes: bytes | None) -> dict[str, bytes]:
    """The parts with some replaced or taken out, under a manifest that fits: what a careful forger hands out.

    Names of parts are given with `__` for a dot and `___` for a slash.
    """
    named = {name.replace("___", "/").replace("__", "."): content for name, content in changes.items()}
    made = {name: content for name, content in {**parts, **named}.items() if content is not None}
    return made | {"manifest.json": remade(made)}


def remade(parts: Mapping[str, bytes]) -> bytes:
    """The manifest as it would be for these parts."""
    manifest = json.loads(parts["manifest.json"])
    others = {name: content for name, content in parts.items() if name != "manifest.json"}
    manifest["parts"] = {n: {"sha256": hashlib.sha256(c).hexdigest(), "size": len(c)} for n, c in others.items()}
    manifest["events"] = parts["events.jsonl"].count(b"\n")
    return bundles.canonical(manifest)


def judged(directory: Path, parts: Mapping[str, bytes] | bytes, trust: Trust | None = None) -> Verdict:
    """What the verifier says of these parts, or of these bytes of a zip."""
    file = directory / "judged.zip"
    file.write_bytes(parts if isinstance(parts, bytes) else packed(parts))
    return verify_bundle(file, trust or Trust())


def places(verdict: Verdict) -> list[str]:
    """Where something is wrong."""
    return [finding.place for finding in verdict.findings]
