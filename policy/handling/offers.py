"""What may be offered: one content for approvers, never below the standard, never above a final offer (S002-3.5)."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from events.complaint import Case, Complaint
from events.digest import json_digest
from events.execution import StepFailed
from events.fact import Value
from events.money import Currency
from events.solution import DemandAnswered, Proposal, Remedy
from events.verification import Finding
from events.vocabulary import Category, EvidenceKind, Liable, RemedyBasis, Word
from policy.handling.remedies import Catalogue


class UnlockCause(Word):
    """Why more than a final offer may be offered; having complained again is none of them (S002-3.6, C9)."""

    NEW_FACTS = "new_facts", "新事实", "new facts"
    STATUTORY = "statutory", "法定权利", "a statutory entitlement"
    OWN_FAILURE = "own_failure", "我方后续过失", "our own later failure"
    AUTHORITY_RULING = "authority_ruling", "法院或监管部门决定", "a ruling of an authority"


class OfferRule(Value):
    """`[offer]`: the lock of a final offer, what undoes it, and where the company's standard is the floor."""

    source: tuple[str, ...]
    currency: Currency
    unlock_causes: tuple[UnlockCause, ...]
    hearsay: tuple[EvidenceKind, ...]
    """Evidence of what was said: complaining again makes more of it, and no new facts (S002-3.6)."""
    alternatives_before_final: int
    """Proposals the customer declined before one may be final (S004-4.5)."""
    floor_when_liable: tuple[Liable, ...]
    """The standard is owed where one of these is liable (S003-5.6)."""
    goodwill_when_liable: tuple[Liable, ...]
    """What is given then is goodwill (S003-5.3)."""
    exceptional_role: str
    """Who approves what the catalogue does not know, whatever the amount (S000-3.8)."""
    exceptional_steps: tuple[str, ...]
    exceptional_due: str
    """How long it may take where nobody says otherwise."""


def content_sha256(remedies: Sequence[Remedy], answers: Sequence[DemandAnswered], basis: str) -> str:
    """What approvers approve: SHA-256 of `{"answers": [...], "basis": "...", "remedies": [...]}`.

    Canonical JSON: UTF-8, keys sorted, no spaces; remedies and answers in order, each with all its fields as in
    the event, amounts as text with two places, times in ISO 8601 (S002-1.15).
    """
    content = {
        "remedies": [remedy.model_dump(mode="json") for remedy in remedies],
        "answers": [answer.model_dump(mode="json") for answer in answers],
        "basis": basis,
    }
    return json_digest(content)


def standard(kind: str, category: Category | None, catalogue: Catalogue) -> Decimal | None:
    """What the company pays by its own standard for such a complaint; None where it has none (S003-5.6)."""
    rule = catalogue.get(kind)
    return rule.standard.get(category) if rule is not None and category is not None else None


def offer_for(demanded: Decimal, least: Decimal | None) -> Decimal:
    """Who asks for less than the standard gets the standard: max(demand, standard) (S003-5.6)."""
    return demanded if least is None else max(demanded, least)


def at_standard(remedies: Sequence[Remedy], category: Category | None, catalogue: Catalogue) -> tuple[Remedy, ...]:
    """The remedies, those of a kind raised together to the company's standard where they give less (S003-5.6).

    The first of its kind is raised, and says that it stands on the standard.
    """
    raised = list(remedies)
    for place, remedy in enumerate(remedies):
        alike = [each for each in remedies if each.kind == remedy.kind and each.amount is not None]
        if remedy.amount is None or alike[0] is not remedy:
            continue
        given = sum((each.amount for each in alike if each.amount is not None), Decimal(0))
        least = offer_for(given, standard(remedy.kind, category, catalogue))
        if least > given:
            amount = remedy.amount + least - given
            raised[place] = remedy.model_copy(update={"amount": amount, "basis": RemedyBasis.STANDARD})
    return tuple(raised)


class Offer(NamedTuple):
    """A proposal, and the complaint in which it was made."""

    complaint: Complaint
    proposal: Proposal

    @property
    def total(self) -> Decimal:
        """Its worth in money."""
        return self.proposal.fact.total

    def is_before(self, complaint: Complaint, version: int, at: datetime) -> bool:
        """Made before that fact: by version in its own complaint, by time in another."""
        own = complaint.complaint_id == self.complaint.complaint_id
        return self.proposal.version < version if own else self.proposal.at < at


def offers(every: Iterable[Complaint]) -> Iterator[Offer]:
    """All proposals that could reach the customer: those nobody has to approve any more (S000-3.9)."""
    for complaint in every:
        for proposal in complaint.solution.proposals:
            if complaint.solution.is_approved(proposal.subject, proposal.fact.content_sha256):
                yield Offer(complaint, proposal)


def final_offer(every: Iterable[Complaint]) -> Offer | None:
    """The bottom line that binds these complaints: the highest final offer of any round and channel (S002-3.5, 3.6).

    The highest, so that a lower one made later by another colleague takes nothing back.
    """
    return max(
        (o for o in offers(every) if o.proposal.fact.final), key=lambda o: (o.total, o.proposal.at), default=None
    )


def declined(every: Iterable[Complaint]) -> int:
    """Proposals the customer turned down (S004-4.5)."""
    return sum(offer.proposal.declined for offer in offers(every))


def is_supported(cause: UnlockCause, final: Offer, case: Case, rule: OfferRule, entitled: bool, now: datetime) -> bool:
    """Whether facts recorded after the final offer bear the cause out (C9)."""
    every = (case.complaint, *case.kin)
    if cause is UnlockCause.NEW_FACTS:
        return _has_new_facts(final, every, rule)
    if cause is UnlockCause.OWN_FAILURE:
        return _failed_here(final, case) or any(_has_failed(final, complaint, now) for complaint in every)
    if cause is UnlockCause.AUTHORITY_RULING:
        return any(_has_ruling(final, complaint) for complaint in every)
    return entitled


def _has_new_facts(final: Offer, every: Sequence[Complaint], rule: OfferRule) -> bool:
    """A later finding rests on evidence, or finds a loss, that was not known when the offer was made."""
    known, later = list[_Report](), list[_Report]()
    for complaint in every:
        for finding in complaint.verification.findings:
            report = _Report(_proofs(complaint, finding, rule), finding.fact.loss or Decimal(0))
            (later if final.is_before(complaint, finding.version, finding.at) else known).append(report)
    proofs = frozenset[str]().union(*(report.proofs for report in known))
    loss = max((report.loss for report in known), default=Decimal(0))
    return any(report.proofs - proofs or report.loss > loss for report in later)


class _Report(NamedTuple):
    """What a finding rests on, and the loss it established."""

    proofs: frozenset[str]
    loss: Decimal


def _proofs(complaint: Complaint, finding: Finding, rule: OfferRule) -> frozenset[str]:
    """Digests of the evidence relied on that shows more than what somebody said."""
    pieces = ((digest, complaint.verification.find(digest)) for digest in finding.fact.evidence)
    return frozenset(digest for digest, piece in pieces if piece is None or piece.kind not in rule.hearsay)


def _failed_here(final: Offer, case: Case) -> bool:
    # The plan's steps are forgotten when work begins anew; the history forgets nothing.
    return any(
        isinstance(recorded.fact, StepFailed)
        and final.is_before(case.complaint, recorded.version, recorded.occurred_at)
        for recorded in case.history
    )


def _has_failed(final: Offer, complaint: Complaint, now: datetime) -> bool:
    """A step failed or a promise was broken since."""
    since = final.proposal.at
    execution = complaint.execution
    failed = any(done.failed and done.at > since for done in execution.steps)
    return failed or any(promise.by > since and promise.is_broken(now) for promise in execution.promises)


def _has_ruling(final: Offer, complaint: Complaint) -> bool:
    """A document found authentic came to the file since."""
    return any(
        evidence.kind is EvidenceKind.DOCUMENT
        and bool(evidence.authentic)
        and final.is_before(complaint, evidence.version, evidence.added_at)
        for evidence in complaint.verification.evidence
    )
