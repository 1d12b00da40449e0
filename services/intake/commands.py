"""What colleagues add to the record for the customer: words, files, evidence and its check (S004-3.3, S004-3.5)."""

from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints

from events.commands import Refusal, refuse
from events.digest import json_digest
from events.fact import Value
from events.reception import Supplemented
from events.verification import Evidence, EvidenceAdded
from events.vocabulary import EvidenceKind
from policy.asking import Act, Acts, Ask, Decided
from policy.handling.record import is_full
from services.intake import merging
from services.intake.submission import FILE_BYTES, Line, Short, Text

MediaType = Annotated[str, StringConstraints(pattern=r"^[\w.+-]+/[\w.+-]+$", max_length=100)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


def _by_name(file: object) -> object:
    """A name alone is a file of which more has to be told."""
    return {"name": file} if isinstance(file, str) else file


class AddedFile(Value):
    """A file as a colleague tells of it: what is missing is asked for, and only the size may stay out."""

    name: Short
    media_type: MediaType | None = None
    sha256: Sha256 | None = None
    size: int | None = Field(default=None, ge=0, le=FILE_BYTES, strict=True)


class Supplement(Value):
    """`supplement`: what the customer added, in their own words (S004-3.5)."""

    text: Text
    attachments: tuple[Annotated[AddedFile, BeforeValidator(_by_name)], ...] = Field(default=(), max_length=20)
    demands: tuple[Line, ...] = Field(default=(), max_length=20)
    accused: tuple[Short, ...] = Field(default=(), max_length=10)

    @property
    def content_sha256(self) -> str:
        """Digest of what was added, so that the same twice is known."""
        return json_digest(self.model_dump(mode="json"))


class AddEvidence(Value):
    """`add_evidence`: a piece of evidence by its digest; the same digest again records its check (S002-1.16)."""

    name: Short
    media_type: MediaType
    sha256: Sha256
    kind: str = Field(min_length=1, max_length=200)
    """In whatever word: one nobody knows is kept, and the kind is `other`."""
    authentic: bool | None = None
    method: str | None = Field(default=None, max_length=1_000)


def supplement(ask: Ask, data: Supplement) -> Decided:
    """One fact for each content, up to a bound; what is on record already changes nothing (S004-1.2, S004-3.5)."""
    content = data.content_sha256
    if content in ask.complaint.contents:
        return []
    if (refusal := next(filter(None, map(_incomplete, data.attachments)), None)) is not None:
        return refusal
    if is_full(ask.complaint, ask.rules.record):
        return _too_many(ask.rules.record.most_supplements)
    fields = {name: getattr(data, name) for name in ("text", "attachments", "demands", "accused")}
    return [Supplemented.model_validate({**fields, "content_sha256": content}, from_attributes=True)]


def add_evidence(ask: Ask, data: AddEvidence) -> Decided:
    """Evidence, or the verdict on evidence that is there; a verdict is only replaced by another one (S004-3.3)."""
    kind = ask.rules.evidence.kind(data.kind)
    known = ask.complaint.verification.find(data.sha256)
    authentic = known.authentic if known and data.authentic is None else data.authentic
    fact = EvidenceAdded(
        name=data.name,
        media_type=data.media_type,
        sha256=data.sha256,
        kind=kind or EvidenceKind.OTHER,
        told_as=data.kind.strip() if kind is None else None,
        authentic=authentic,
        method=data.method,
    )
    return [] if known and _says_nothing_new(fact, known) else [fact]


def _incomplete(file: AddedFile) -> Refusal | None:
    """A file is known by its digest, so that nobody can put another in its place (S004-3.3)."""
    lacking = [field for field in ("media_type", "sha256") if getattr(file, field) is None]
    if not lacking:
        return None
    missing = ", ".join(lacking)
    return refuse(
        "attachment_incomplete",
        "S004-3.3",
        f"附件 {file.name} 缺少 {missing}：请写明文件类型（media_type，如 image/jpeg）和 SHA-256 摘要（sha256）",
        f"the attachment {file.name} lacks {missing}: give its media_type, such as image/jpeg, and its SHA-256 digest",
        attachment=file.name,
        missing=missing,
    )


def _says_nothing_new(fact: EvidenceAdded, known: Evidence) -> bool:
    return (fact.name, fact.kind, fact.authentic) == (known.name, known.kind, known.authentic)


def _too_many(most: int) -> Refusal:
    return refuse(
        "too_many_supplements",
        "S004-1.2",
        f"本投诉已补充 {most} 次，达到上限：请将新内容作为新投诉提交，再关联（link,relation=repeat）到本投诉",
        f"added to {most} times, which is the most: submit it as a new complaint and link that to this one as a repeat",
        most=most,
    )


ACTS: Acts = {
    **merging.ACTS,
    "supplement": Act(Supplement, supplement, when_closed=True),
    "add_evidence": Act(AddEvidence, add_evidence, when_closed=True),
}
"""Name -> act; the participation gate is the workflow's own."""
