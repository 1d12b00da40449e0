"""Evidence: on file, found authentic, enough for what was decided, kept where a dispute is likely (S002-1.16)."""

from collections.abc import Iterator

from events.complaint import Complaint
from events.ending import Resolved
from events.solution import CustomerAgreed
from events.verification import EvidenceAdded, Verified
from events.vocabulary import EvidenceKind, Liable
from policy.handling.evidence import EvidenceRules
from services.compliance.conformance.checks import check
from services.compliance.conformance.examined import Examined
from services.compliance.conformance.violation import Violation


def is_disputed(known: Complaint, rules: EvidenceRules) -> bool:
    """A dispute was likely by flags or words."""
    return not rules.disputed.isdisjoint((*known.flags, *(known.signals or ())))


def _is_light(known: Complaint, rules: EvidenceRules) -> bool:
    """An explanation alone would do: simple or solved on the spot, and no dispute in sight (C24).

    What the customer did not accept was not solved on the spot (S002-0.5).
    """
    if is_disputed(known, rules):
        return False
    simple = known.complexity is None or known.complexity in rules.light_complexity
    return simple or known.mode in rules.light_mode


def _authentic(known: Complaint, digest: str) -> bool | None:
    """What was found of that piece by then; None for unchecked and for unknown ones."""
    return next((piece.authentic for piece in known.verification.evidence if piece.sha256 == digest), None)


@check("S004-3.3", "S002-3.1", zh="只依据已核对真实的证据", en="decisions rest on evidence found authentic")
def decisions_rest_on_checked_evidence(of: Examined) -> Iterator[Violation]:
    """Each piece a finding relies on was on file and found authentic before."""
    for recorded in of.all(Verified):
        known, fact = of.before(recorded.version), recorded.fact
        pieces = fact.evidence if isinstance(fact, Verified) else ()
        bad = [digest for digest in pieces if _authentic(known, digest) is not True]
        if bad:
            on_file = {piece.sha256 for piece in known.verification.evidence}
            yield of.violation(
                "S004-3.3" if bad[0] in on_file else "S002-3.1",
                recorded,
                zh=f"核实依据的证据 {bad[0][:12]} 未登记、未核对或不实。",
                en=f"The finding rests on evidence {bad[0][:12]} that was not on file, not checked, or false.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


@check("S002-3.1", "S002-0.5", zh="复杂或有争议的投诉以证据认定责任", en="a complex or disputed finding cites evidence")
def a_weighty_finding_cites_evidence(of: Examined) -> Iterator[Violation]:
    """An explanation alone carries a finding only for simple complaints, or on the spot, and without a dispute."""
    for recorded in of.all(Verified):
        known, fact = of.before(recorded.version), recorded.fact
        if not isinstance(fact, Verified) or fact.evidence or fact.liable is Liable.UNDETERMINED:
            continue
        if not _is_light(known, of.policy_for(recorded).document.evidence):
            yield of.violation(
                "S002-3.1",
                recorded,
                zh=f"{known.complexity or '未分类'}投诉认定 {fact.liable.value} 责任，未引用任何证据。",
                en=f"{fact.liable.value} was held liable in a {known.complexity or 'new'} complaint on no evidence.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


@check("S004-3.4", zh="质量争议认定客户责任须有第三方报告", en="a quality dispute is decided on a third party's report")
def a_third_party_reports_on_quality(of: Examined) -> Iterator[Violation]:
    """The customer is held liable for a disputed quality only where the finding cites a report."""
    for recorded in of.all(Verified):
        known, fact, rules = of.before(recorded.version), recorded.fact, of.policy_for(recorded).document.evidence
        if not isinstance(fact, Verified) or fact.liable is not Liable.CUSTOMER:
            continue
        reports = {e.sha256 for e in known.verification.evidence if e.kind is EvidenceKind.REPORT}
        if known.category in rules.quality and not _is_light(known, rules) and reports.isdisjoint(fact.evidence):
            yield of.violation(
                "S004-3.4",
                recorded,
                zh="质量争议认定客户责任，没有第三方检测或鉴定报告。",
                en="The customer was held liable for a disputed quality without a third party's report.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


@check("S004-3.3", zh="核对结论只能由新的结论取代", en="a verdict on evidence is replaced only by another")
def no_verdict_on_evidence_is_lost(of: Examined) -> Iterator[Violation]:
    """Once a piece was found authentic or false it never becomes unchecked again."""
    verdicts: dict[str, bool] = {}
    for recorded in of.all(EvidenceAdded):
        fact = recorded.fact
        if not isinstance(fact, EvidenceAdded):
            continue
        if fact.authentic is not None:
            verdicts[fact.sha256] = fact.authentic
        elif fact.sha256 in verdicts:
            yield of.violation(
                "S004-3.3",
                recorded,
                zh=f"证据 {fact.sha256[:12]} 的核对结论被抹去。",
                en=f"The verdict on evidence {fact.sha256[:12]} was wiped out.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


@check("S002-1.16", zh="易生争议的投诉须留存处理证据", en="a complaint prone to dispute keeps evidence")
def disputed_complaints_keep_evidence(of: Examined) -> Iterator[Violation]:
    """None is resolved with nothing on file but what was found false."""
    for recorded in of.all(Resolved):
        known = of.before(recorded.version)
        kept = any(piece.authentic is not False for piece in known.verification.evidence)
        if not kept and is_disputed(known, of.policy_for(recorded).document.evidence):
            yield of.violation(
                "S002-1.16",
                recorded,
                zh="易生争议的投诉办结时没有任何处理过程证据。",
                en="A complaint prone to dispute was resolved with no evidence of how it was handled.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


@check("S002-1.17", zh="易生争议的投诉须有客户同意的证据", en="consent in a complaint prone to dispute is proven")
def disputed_consent_is_proven(of: Examined) -> Iterator[Violation]:
    """The agreement cites a piece on file that was not found false."""
    for recorded in of.all(CustomerAgreed):
        known, fact = of.before(recorded.version), recorded.fact
        if not isinstance(fact, CustomerAgreed) or not is_disputed(known, of.policy_for(recorded).document.evidence):
            continue
        pieces = known.verification.evidence
        names = {piece.sha256 for piece in pieces if piece.authentic is not False}
        names |= {plain for piece in pieces if piece.authentic is not False and (plain := of.texts(piece.name))}
        sealed = any(of.texts(piece.name) is None for piece in pieces)
        if names.isdisjoint(fact.evidence) and not (sealed and fact.evidence):
            yield of.violation(
                "S002-1.17",
                recorded,
                zh=f"易生争议的投诉，客户同意第 {fact.proposal} 号方案没有证据。",
                en=f"The agreement to proposal {fact.proposal} is not proven, in a complaint prone to dispute.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )
