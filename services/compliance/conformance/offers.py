"""What may be offered: the company's standard at least, a final offer at most, never final at first (S002-3.5)."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from events.complaint import Complaint
from events.envelope import Recorded
from events.execution import StepFailed
from events.solution import Proposal, SolutionProposed
from events.verification import Finding
from events.vocabulary import EvidenceKind
from policy.handling.offers import OfferRule, UnlockCause
from services.compliance.conformance.catalogued import finding_of, rule_of
from services.compliance.conformance.checks import check
from services.compliance.conformance.examined import Examined
from services.compliance.conformance.kindred import Matter, matters
from services.compliance.conformance.violation import Violation


class Bound(NamedTuple):
    """A final offer, and the complaint it was made in."""

    known: Complaint
    proposal: Proposal

    @property
    def total(self) -> Decimal:
        """Its worth."""
        return self.proposal.fact.total

    def is_before(self, matter: Matter, recorded: Recorded) -> bool:
        """Made before that fact: by version in its own complaint, by time in another."""
        own = matter.known.complaint_id == self.known.complaint_id
        return self.proposal.version < recorded.version if own else self.proposal.at < recorded.occurred_at


def _reaching(known: Complaint) -> Iterator[Proposal]:
    """Proposals that could reach the customer: nobody had to approve them any more."""
    approved = known.solution.is_approved
    return (p for p in known.solution.proposals if approved(p.subject, p.fact.content_sha256))


def _bound(every: Iterable[Matter]) -> Bound | None:
    """The highest final offer, in whatever round or channel."""
    finals = (Bound(m.known, p) for m in every for p in _reaching(m.known) if p.fact.final)
    return max(finals, key=lambda bound: (bound.total, bound.proposal.at), default=None)


@check(
    "S002-3.5", "S002-3.6", zh="最终方案之后不因继续投诉而提高", en="nothing above a final offer but for a proven cause"
)
def nothing_above_a_final_offer(of: Examined) -> Iterator[Violation]:
    """A higher proposal, in any round or channel, names one of the causes and the record bears it out."""
    for recorded in of.all(SolutionProposed):
        fact = recorded.fact
        if not isinstance(fact, SolutionProposed) or _is_unbound(of, recorded):
            continue
        every = matters(of, recorded)
        bound = _bound(every)
        if bound is None or fact.total <= bound.total or _is_unlocked(of, recorded, fact, bound, every):
            continue
        yield of.violation(
            "S002-3.6",
            *_shown(of, bound),
            recorded,
            zh=f"最终方案为 {bound.total}，第 {fact.number} 号方案 {fact.total}，事由未经证实。",
            en=f"The final offer was {bound.total}, proposal {fact.number} gives {fact.total} for no proven cause "
            f"({fact.unlock or 'none'}).",
            at=recorded.occurred_at,
            who=recorded.actor.id,
            also=("S002-3.5",),
        )


def _is_unbound(of: Examined, recorded: Recorded) -> bool:
    """Nothing final before it here, and no other complaint: most proposals ask no further."""
    known = of.before(recorded.version)
    return not known.links.every and not any(proposal.fact.final for proposal in known.solution.proposals)


def _shown(of: Examined, bound: Bound) -> tuple[Recorded, ...]:
    own = bound.known.complaint_id == of.states[0].complaint_id
    return (of.history[bound.proposal.version - 1],) if own else ()


def _is_unlocked(of: Examined, recorded: Recorded, fact: SolutionProposed, bound: Bound, every: list[Matter]) -> bool:
    rule = of.policy_for(recorded).document.offer
    cause = next((cause for cause in rule.unlock_causes if cause.value == fact.unlock), None)
    if cause is UnlockCause.NEW_FACTS:
        return _has_new_facts(bound, every, rule)
    if cause is UnlockCause.OWN_FAILURE:
        return any(_has_failed(bound, matter, recorded) for matter in every)
    if cause is UnlockCause.AUTHORITY_RULING:
        return any(_has_ruling(bound, matter) for matter in every)
    # A statutory right is told from words: sealed ones cannot be held against anybody.
    return cause is UnlockCause.STATUTORY and _may_be_entitled(of, recorded, fact)


def _has_new_facts(bound: Bound, every: Sequence[Matter], rule: OfferRule) -> bool:
    """A later finding rests on evidence, more than hearsay, or establishes a loss, unknown before."""
    known, later = set[str](), set[str]()
    loss, more = Decimal(0), Decimal(0)
    for matter in every:
        for finding in matter.known.verification.findings:
            proofs = _proofs(matter.known, finding, rule)
            amount = finding.fact.loss or Decimal(0)
            if bound.is_before(matter, _fact_of(matter, finding.version)):
                later, more = later | proofs, max(more, amount)
            else:
                known, loss = known | proofs, max(loss, amount)
    return bool(later - known) or more > loss


def _fact_of(matter: Matter, version: int) -> Recorded:
    return matter.facts[version - 1]


def _proofs(known: Complaint, finding: Finding, rule: OfferRule) -> set[str]:
    heard = {piece.sha256 for piece in known.verification.evidence if piece.kind in rule.hearsay}
    return {digest for digest in finding.fact.evidence if digest not in heard}


def _has_failed(bound: Bound, matter: Matter, now: Recorded) -> bool:
    """A step failed or a promise was broken since."""
    if any(isinstance(r.fact, StepFailed) and bound.is_before(matter, r) for r in matter.facts):
        return True
    promises, at = matter.known.execution.promises, bound.proposal.at
    return any(p.by > at and p.by < (p.kept_at or now.occurred_at) for p in promises)


def _has_ruling(bound: Bound, matter: Matter) -> bool:
    """A document found authentic came to the file since."""
    return any(
        piece.kind is EvidenceKind.DOCUMENT
        and bool(piece.authentic)
        and bound.is_before(matter, _fact_of(matter, piece.version))
        for piece in matter.known.verification.evidence
    )


def _may_be_entitled(of: Examined, recorded: Recorded, fact: SolutionProposed) -> bool:
    known, policy = of.before(recorded.version), of.policy_for(recorded)
    words = [of.texts(text) for text in (known.text, *known.demands, *(answer.demand for answer in fact.answers))]
    if None in words:
        return True
    told, *said = [policy.triager.normal(text) for text in words if text is not None]
    return any(
        any(word in demand for word in right.words)
        or (any(word in demand for word in right.demands) and any(word in told for word in right.words))
        for right in policy.document.entitlement.values()
        for demand in said
    )


@check("S004-4.5", zh="首个方案不能是最终方案", en="no take it or leave it: an alternative comes before a final offer")
def nothing_is_final_at_first(of: Examined) -> Iterator[Violation]:
    """The customer turned down as many approved proposals as the policy wants, here or in a linked complaint."""
    for recorded in of.all(SolutionProposed):
        fact, wanted = recorded.fact, of.policy_for(recorded).document.offer.alternatives_before_final
        if not isinstance(fact, SolutionProposed) or not fact.final:
            continue
        declined = sum(p.declined for matter in matters(of, recorded) for p in _reaching(matter.known))
        if declined < wanted:
            yield of.violation(
                "S004-4.5",
                recorded,
                zh=f"第 {fact.number} 号方案即为最终方案，客户此前只拒绝过 {declined} 个方案。",
                en=f"Proposal {fact.number} was final after the customer had turned down only {declined}.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


@check("S003-5.6", zh="诉求低于公司标准的按标准处理", en="who asks for less than the standard gets the standard")
def no_offer_is_below_the_standard(of: Examined) -> Iterator[Violation]:
    """Where the company or its partner is liable, remedies of a kind give together what its standard says at least."""
    for recorded in of.all(SolutionProposed):
        fact, finding, rules = recorded.fact, finding_of(of, recorded), of.policy_for(recorded).document
        if not isinstance(fact, SolutionProposed) or finding is None:
            continue
        if finding.liable not in rules.offer.floor_when_liable:
            continue
        category, given = of.before(recorded.version).category, dict[str, tuple[Decimal, Decimal]]()
        for remedy in fact.remedies:
            rule = rule_of(of, recorded, remedy)
            least = rule.standard.get(category) if rule and category else None
            if remedy.amount is not None and least is not None:
                given[remedy.kind] = (given.get(remedy.kind, (Decimal(0), least))[0] + remedy.amount, least)
        for kind, (amount, least) in given.items():
            if amount < least:
                yield of.violation(
                    "S003-5.6",
                    recorded,
                    zh=f"第 {fact.number} 号方案 {kind} 仅 {amount}，低于公司标准 {least}。",
                    en=f"Proposal {fact.number} gives {kind} {amount}, below the company's standard of {least}.",
                    at=recorded.occurred_at,
                    who=recorded.actor.id,
                )
