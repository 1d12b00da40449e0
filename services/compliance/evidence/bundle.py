"""The bundle of evidence: one complaint with all it was judged by, and the proof that none of it was altered since.

Everything follows from the sealed events and one checkpoint: the same state and checkpoint give the same bytes
(ADR 0015). What the parts are stands in docs/bundle.md.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from events.catalogue import decode, wire
from events.company import OrganisationPublished, PolicyPublished
from events.envelope import History, StreamId, contiguous
from events.folding import fold
from events.ledger import Ledger
from events.participation import PolicyMigrated
from events.reception import Received
from events.stores import Row
from events.tokens import CustomerId, replaced, token
from events.verification import EvidenceAdded
from policy.registry import ORGANISATION, POLICIES, Policies
from services.compliance.evidence.bundle_proofs import Sealed, consistency_text, indexes_of, proof_text
from services.compliance.evidence.timeline import Told, timeline
from services.compliance.seal.tree import entry_of

FORMAT, VERSION = "amends-bundle", 1
VERIFIER = Path(__file__).parents[1] / "verification" / "verifier.py"
"""Never imported here: what verifies shares no code with what writes."""
_SAFE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._@-]*")


class NoComplaint(LookupError):
    """There is no such complaint to give evidence of."""


class Contents(NamedTuple):
    """What goes into a bundle, as the ledger holds it."""

    rows: Sequence[Row]
    """The complaint's and the company's, in ledger order."""
    own: Sequence[Row]
    """The complaint's."""
    indexes: Sequence[int]
    """Of every row, in the log."""
    sealed: Sealed

    @property
    def history(self) -> History:
        """The complaint's facts as stored."""
        return history_of(self.own)


def contents(ledger: Ledger, stream: StreamId, sealed: Sealed) -> Contents:
    """What a bundle of that complaint holds; raises NoComplaint, NotSealed, Altered, BrokenHistory."""
    own = ledger.rows_of([stream])
    if not own or own[0].topic != Received.TYPE:
        raise NoComplaint(f"{stream}: 没有这样的投诉 / no such complaint")
    company = [row for row in ledger.rows_of([POLICIES, ORGANISATION]) if row.position < own[-1].position]
    # Before anything is read out of them: what was altered need not make sense.
    every = sorted([*own, *company], key=lambda row: row.position)
    index_of = dict(zip(every, indexes_of(ledger, every, sealed), strict=True))
    chosen = {*own, *_policies(company, own), *_organisations(company, own)}
    rows = [row for row in every if row in chosen]
    return Contents(rows, own, [index_of[row] for row in rows], sealed)


def _policies(company: Sequence[Row], own: Sequence[Row]) -> list[Row]:
    """The policy versions the complaint was handled under, and what was published between them."""
    facts = [decode(*row) for row in own]
    used = {fact.policy for fact in facts} | {fact.fact.to for fact in facts if isinstance(fact.fact, PolicyMigrated)}
    published = [row for row in company if row.stream == POLICIES]
    at = [number for number, row in enumerate(published) if _policy_id(row) in used]
    return published[at[0] : at[-1] + 1] if at else []


def _policy_id(row: Row) -> str:
    fact = decode(*row).fact
    assert isinstance(fact, PolicyPublished)
    return fact.policy_id


def _organisations(company: Sequence[Row], own: Sequence[Row]) -> list[Row]:
    """The organisation when the complaint was received, and every change of it up to its last event."""
    published = [row for row in company if row.stream == ORGANISATION]
    before = [number for number, row in enumerate(published) if row.position < own[0].position]
    return published[before[-1] if before else 0 :]


def history_of(rows: Sequence[Row]) -> History:
    """The facts of one complaint's rows; raises BrokenHistory."""
    return History(contiguous(decode(*row) for row in rows))


def parts(
    found: Contents,
    policies: Policies,
    files: Mapping[str, Path],
    *,
    earlier: int | None = None,
    disclosed: Mapping[str, str] | None = None,
) -> dict[str, bytes]:
    """Every part but the attachments' own bytes and the manifest: name -> content.

    `files` are those there are, by SHA-256; `earlier` is the size of an older checkpoint to prove continuity with.
    """
    attachments = attachments_of(found.history, files)
    told = _told(found, policies, attachments, disclosed)
    made = {
        "README.txt": (README if disclosed is None else README + README_DISCLOSED).encode(),
        "verify.py": VERIFIER.read_bytes(),
        "checkpoint.txt": found.sealed.note.encode(),
        "events.jsonl": b"".join(wire(*row) + b"\n" for row in found.rows),
        "attachments.json": canonical(attachments),
        "timeline.zh.html": timeline(told, "zh").encode(),
        "timeline.en.html": timeline(told, "en").encode(),
        **found.sealed.keys,
        **_proofs(found),
        **_copies(found.rows),
    }
    if earlier is not None:
        made["consistency.txt"] = consistency_text(earlier, found.sealed).encode()
    if disclosed is not None:
        made["disclosed.json"] = canonical({"complaint": found.own[0].stream, "texts": dict(disclosed)})
    return made


def _proofs(found: Contents) -> dict[str, bytes]:
    """For each event line, by its number, the proof that the log holds it."""
    return {
        f"proofs/{number:06}.tlog-proof": proof_text(index, found.sealed).encode()
        for number, index in enumerate(found.indexes, start=1)
    }


def _copies(rows: Sequence[Row]) -> dict[str, bytes]:
    """The texts the company's events published, as files people can read."""
    copies = {}
    for row in rows:
        if row.stream not in (POLICIES, ORGANISATION):
            continue
        fact = decode(*row).fact
        if isinstance(fact, PolicyPublished) and _SAFE.fullmatch(fact.policy_id):
            copies[f"policy/{fact.policy_id}.toml"] = fact.text.encode()
        elif isinstance(fact, OrganisationPublished):
            copies[f"organisation/{row.version}.toml"] = fact.text.encode()
    return copies


def _told(
    found: Contents, policies: Policies, attachments: Sequence[Mapping[str, Any]], disclosed: Mapping[str, str] | None
) -> Told:
    rows = found.own if disclosed is None else [_opened(row, disclosed) for row in found.own]
    history = history_of(rows)
    complaint = fold(history)
    index_of = dict(zip((row.position for row in found.rows), found.indexes, strict=True))
    head = found.sealed.head
    return Told(
        history,
        complaint,
        policies.get(complaint.policy),
        [index_of[row.position] for row in found.own],
        [entry_of(wire(*row)).hex() for row in found.own],
        [{**file, "name": (disclosed or {}).get(file["name"], file["name"])} for file in attachments],
        head,
        datetime.fromisoformat(head.time),
        bool(disclosed),
    )


def _opened(row: Row, disclosed: Mapping[str, str]) -> Row:
    """A row with its tokens replaced by the texts they stand for, as far as they are disclosed."""

    def plain(customer: CustomerId, sealed: str) -> bytes | None:
        text = disclosed.get(token(customer, sealed))
        return None if text is None else orjson.dumps(text)

    return row._replace(state=replaced(row.state, plain))


def attachments_of(history: History, files: Mapping[str, Path]) -> list[dict[str, Any]]:
    """Every file the complaint's facts name, with the version of the fact; whether its bytes are in the bundle."""
    named: list[dict[str, Any]] = []
    for recorded in history:
        fact = recorded.fact
        several = [fact] if isinstance(fact, EvidenceAdded) else getattr(fact, "attachments", ())
        for file in several:
            fields = {name: getattr(file, name, None) for name in ("name", "media_type", "sha256", "size")}
            named.append({**fields, "version": recorded.version, "included": file.sha256 in files})
    return named


def manifest(found: Contents, digests: Mapping[str, tuple[str, int]]) -> bytes:
    """The manifest over all other parts, given as name -> (SHA-256, size): nothing in it but what follows from them."""
    head = found.sealed.head
    received = decode(*found.own[0]).fact
    assert isinstance(received, Received)
    return canonical(
        {
            "format": FORMAT,
            "version": VERSION,
            "origin": head.origin,
            "checkpoint": {"size": head.size, "root": head.root.hex()},
            "complaint": found.own[0].stream,
            "number": received.number,
            "policies": sorted(_policy_id(row) for row in found.rows if row.stream == POLICIES),
            "events": len(found.rows),
            "parts": {name: {"sha256": sha256, "size": size} for name, (sha256, size) in digests.items()},
        }
    )


def canonical(value: object) -> bytes:
    """JSON in one form only: sorted, one space of indent, a line break at the end."""
    return (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def digest_of(content: bytes) -> tuple[str, int]:
    """SHA-256 in hexadecimal, and the size."""
    return hashlib.sha256(content).hexdigest(), len(content)


README = """\
投诉证据包 / bundle of evidence for one complaint

阅读：timeline.zh.html（可打印）。校验（离线，只需 Python 3.9 以上）：
    python3 verify.py
    python3 verify.py --public-key 公司公布的公钥 --checkpoint 您保存的检查点
请另从公司以外的地方取得校验程序再核对一次。

To read: timeline.en.html (made for printing). To check, offline, with nothing but Python 3.9 or later:
    python3 verify.py --en
    python3 verify.py --en --public-key KEY_THE_COMPANY_PUBLISHED --checkpoint CHECKPOINT_YOU_KEPT
Check once more with a verifier that you did not get from the company.

events.jsonl       事件，一行一个 / the events, one a line: what counts
proofs/            每行事件在日志中的证明 / for each line, the proof that the log holds it
checkpoint.txt     签名的日志头 / the signed head of the log
keys/              公钥及其更换声明 / public keys and the statements by which they were replaced
policy/            适用的政策 / the rules it was handled under
organisation/      当时的组织架构 / the organisation as it was
attachments.json   附件清单（原件见 attachments/）/ the attachments; originals in attachments/
manifest.json      全部文件的摘要 / digests of every file
"""
README_DISCLOSED = """\
disclosed.json     遮盖处的原文，含个人信息 / the texts behind the masks: personal data, keep it safe
"""
