"""What colleagues add to the record for the customer: words, files, evidence and its check (S004-3.3, S004-3.5)."""

import hashlib
from typing import Annotated

import orjson
from pydantic import Field, StringConstraints

from events.commands import Refusal, refuse
from events.fact import Value
from events.reception import Supplemented
from events.verification import Evidence, EvidenceAdded
from events.vocabulary import EvidenceKind
from policy.asking import Act, Acts, Ask, Decided
from services.intake import merging
from services.intake.submission import Line, Short, SubmittedAttachment, Text

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Supplement(Value):
    """`supplement`: what the customer added, in their own words (S004-3.5)."""

    text: Text
    attachments: tuple[SubmittedAttachment, ...] = Field(default=(), max_length=20)
    demands: tuple[Line, ...] = Field(default=(), max_length=20)
    accused: tuple[Short, ...] = Field(default=(), max_length=10)

    @property
    def content_sha256(self) -> str:
        """Digest of what was added, so that the same twice is known."""
        content = self.model_dump(mode="json")
        return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


class AddEvidence(Value):
    """`add_evidence`: a piece of evidence by its digest; the same digest again records its check (S002-1.16)."""

    name: Short
    media_type: Annotated[str, StringConstraints(pattern=r"^[\w.+-]+/[\w.+-]+$", max_length=100)]
    sha256: Sha256
    kind: str = Field(min_length=1, max_length=40)
    authentic: bool | None = None
    method: str | None = Field(default=None, max_length=1_000)


def supplement(ask: Ask, data: Supplement) -> Decided:
    """One fact for each content; what is on record already changes nothing (S004-1.2, S004-3.5)."""
    content = data.content_sha256
    if content in ask.complaint.contents:
        return []
    fields = {name: getattr(data, name) for name in ("text", "attachments", "demands", "accused")}
    return [Supplemented.model_validate({**fields, "content_sha256": content}, from_attributes=True)]


def add_evidence(ask: Ask, data: AddEvidence) -> Decided:
    """Evidence, or the verdict on evidence that is there; a verdict is only replaced by another one (S004-3.3)."""
    kind = ask.rules.evidence.kind(data.kind)
    if kind is None:
        return _unknown_kind(data.kind)
    known = ask.complaint.verification.find(data.sha256)
    authentic = known.authentic if known and data.authentic is None else data.authentic
    fact = EvidenceAdded(
        name=data.name,
        media_type=data.media_type,
        sha256=data.sha256,
        kind=kind,
        authentic=authentic,
        method=data.method,
    )
    return [] if known and _says_nothing_new(fact, known) else [fact]


def _says_nothing_new(fact: EvidenceAdded, known: Evidence) -> bool:
    return (fact.name, fact.kind, fact.authentic) == (known.name, known.kind, known.authentic)


def _unknown_kind(written: str) -> Refusal:
    return refuse(
        "unknown_evidence_kind",
        "S002-1.16",
        f"没有证据种类 {written};可用:{'、'.join(f'{kind.value}({kind.zh})' for kind in EvidenceKind)}",
        f"there is no kind of evidence {written}; there are {', '.join(kind.value for kind in EvidenceKind)}",
        kind=written,
        allowed=", ".join(EvidenceKind),
    )


ACTS: Acts = {
    **merging.ACTS,
    "supplement": Act(Supplement, supplement, when_closed=True),
    "add_evidence": Act(AddEvidence, add_evidence, when_closed=True),
}
"""Name -> act; the participation gate is the workflow's own."""
