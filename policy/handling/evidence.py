"""What evidence a decision needs and may rest on: checked, on record, and never none where a dispute is likely."""

from collections.abc import Iterable

from events.commands import Refusal, refuse
from events.complaint import Complaint
from events.fact import Value
from events.verification import Evidence
from events.vocabulary import Category, Complexity, EvidenceKind, Liable, Mode


class EvidenceRules(Value):
    """`[evidence]`: which complaints are prone to dispute, what is collected for them, how kinds are called."""

    source: tuple[str, ...]
    disputed: frozenset[str]
    """Flags or signals of complaints prone to dispute (S002-1.16)."""
    checklist: tuple[EvidenceKind, ...]
    """What to collect for those (S002-1.16)."""
    also_called: dict[str, EvidenceKind] = {}
    """Other words people use for a kind."""
    light_complexity: frozenset[Complexity]
    light_mode: frozenset[Mode]
    """Where an explanation alone may do (C24)."""
    quality: frozenset[Category]
    """Categories where a third party has to prove whose fault the quality is (S004-3.4)."""

    def kind(self, written: str) -> EvidenceKind | None:
        """The kind that a word stands for; None for a word nobody knows, which refuses no evidence (S002-1.16)."""
        word = written.strip().lower().replace(" ", "_").replace("-", "_")
        known = {kind.value: kind for kind in EvidenceKind} | {kind.zh: kind for kind in EvidenceKind}
        return known.get(word) or self.also_called.get(word)


def is_disputed(complaint: Complaint, rules: EvidenceRules) -> bool:
    """The complaint is prone to dispute by its own words (S002-1.16)."""
    return not rules.disputed.isdisjoint({*complaint.flags, *(complaint.signals or ())})


def may_be_light(complaint: Complaint, rules: EvidenceRules) -> bool:
    """An explanation alone may do: a simple complaint or one solved on the spot, and no dispute in sight (C24)."""
    if is_disputed(complaint, rules):
        return False
    return complaint.complexity is None or (
        complaint.complexity in rules.light_complexity or complaint.mode in rules.light_mode
    )


def unsupported(complaint: Complaint, references: Iterable[str]) -> Refusal | None:
    """Why these pieces, by name or digest, support no decision: unknown, unchecked or false (S002-3.1, S004-3.3)."""
    for reference in references:
        piece = complaint.verification.find(reference)
        if piece is None:
            return _unknown(reference)
        if not piece.authentic:
            return _unchecked(piece)
    return None


def digests(complaint: Complaint, references: Iterable[str]) -> tuple[str, ...]:
    """The digests of these pieces, each once, in order; unknown ones are left out."""
    found = (complaint.verification.find(reference) for reference in references)
    return tuple(dict.fromkeys(piece.sha256 for piece in found if piece is not None))


def evidence_missing(complaint: Complaint, rules: EvidenceRules) -> Refusal | None:
    """Why a complaint prone to dispute cannot be resolved: nothing of how it was handled is kept (S002-1.16)."""
    kept = any(piece.authentic is not False for piece in complaint.verification.evidence)
    if kept or not is_disputed(complaint, rules):
        return None
    return refuse(
        "evidence_missing",
        "S002-1.16",
        f"该投诉易生争议，须先登记处理过程证据（add_evidence）：{_listed(rules, 'zh')}",
        f"this complaint is prone to dispute: add evidence of how it was handled first: {_listed(rules, 'en')}",
        flags=", ".join(sorted(rules.disputed & {*complaint.flags, *(complaint.signals or ())})),
    )


def consent_missing(complaint: Complaint, rules: EvidenceRules, references: Iterable[str]) -> Refusal | None:
    """Why an agreement in a complaint prone to dispute cannot be recorded: no proof of consent (S002-1.17)."""
    given = [complaint.verification.find(reference) for reference in references]
    proven = any(piece is not None and piece.authentic is not False for piece in given)
    if proven or not is_disputed(complaint, rules):
        return None
    return refuse(
        "consent_missing",
        "S002-1.17",
        "该投诉易生争议，须先登记客户同意的证据（录音、聊天记录或书面同意），并在 evidence 中引用",
        "this complaint is prone to dispute: add the record of the customer's consent and name it in `evidence`",
        evidence=", ".join(references) if isinstance(references, tuple | list) else "",
    )


def report_missing(
    complaint: Complaint, rules: EvidenceRules, liable: Liable, references: Iterable[str]
) -> Refusal | None:
    """Why the customer cannot be held liable for a disputed quality: no third party examined it (S004-3.4)."""
    if liable is not Liable.CUSTOMER or complaint.category not in rules.quality or may_be_light(complaint, rules):
        return None
    pieces = (complaint.verification.find(reference) for reference in references)
    if any(piece is not None and piece.kind is EvidenceKind.REPORT for piece in pieces):
        return None
    return refuse(
        "report_missing",
        "S004-3.4",
        "质量争议认定客户责任前，须有第三方机构的检测或鉴定报告（kind=report）",
        "before the customer is held liable in a quality dispute a third party has to report on it (kind=report)",
        liable=liable.value,
    )


def _unknown(reference: str) -> Refusal:
    return refuse(
        "evidence_unknown",
        "S002-3.1",
        f"没有登记过证据 {reference}：请先 add_evidence 并核对真实性",
        f"there is no evidence {reference}: add it and have it checked first",
        evidence=reference,
    )


def _unchecked(piece: Evidence) -> Refusal:
    state = "unchecked" if piece.authentic is None else "found_false"
    return refuse(
        "evidence_unchecked",
        "S004-3.3",
        f"证据 {piece.name} 尚未核对真实性或已认定不实，不能作为依据；请核对后再以 add_evidence 登记结论",
        f"evidence {piece.name} is unchecked or was found false and supports no decision: record its check first",
        evidence=piece.sha256,
        state=state,
    )


def _listed(rules: EvidenceRules, language: str) -> str:
    return ("、" if language == "zh" else ", ").join(k.zh if language == "zh" else k.en for k in rules.checklist)
