"""Every proposal: answers each demand, refuses nothing barely, denies no right, follows the catalogue (S004-4.2)."""

from collections.abc import Iterator

from events.complaint import Complaint
from events.digest import json_digest
from events.envelope import Recorded
from events.solution import DemandAnswered, SolutionProposed
from events.vocabulary import DemandResult
from policy.handling.entitlements import Entitlement
from services.compliance.conformance.catalogued import is_exceptional, rule_of
from services.compliance.conformance.checks import check
from services.compliance.conformance.examined import Examined
from services.compliance.conformance.standing import barred, people
from services.compliance.conformance.violation import Violation


def _proposals(of: Examined) -> Iterator[tuple[Recorded, SolutionProposed, Complaint]]:
    """Each proposal with what was known before it."""
    for recorded in of.all(SolutionProposed):
        if isinstance(fact := recorded.fact, SolutionProposed):
            yield recorded, fact, of.before(recorded.version)


@check("S004-4.2", "S000-3.1", zh="方案逐项答复客户诉求", en="a proposal answers every demand")
def every_demand_is_answered(of: Examined) -> Iterator[Violation]:
    """Each demand on record when it was made has an answer in it, and it holds something."""
    for recorded, fact, known in _proposals(of):
        answered = {answer.demand for answer in fact.answers}
        left = sum(demand not in answered and bool(demand.strip()) for demand in known.demands)
        if left or not (fact.answers or fact.remedies):
            yield of.violation(
                "S004-4.2" if left else "S000-3.1",
                recorded,
                zh=f"第 {fact.number} 号方案有 {left} 项诉求未答复，或没有任何内容。",
                en=f"Proposal {fact.number} leaves {left} demands unanswered, or holds nothing.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


@check(
    "S001-18.12",
    "S002-2.1",
    "S003-6.3",
    zh="不能满足的诉求须说明理由并给出替代办法",
    en="no demand is turned down barely",
)
def no_refusal_is_bare(of: Examined) -> Iterator[Violation]:
    """What is not met in full has a reason and an alternative."""
    for recorded, fact, _ in _proposals(of):
        for place, answer in enumerate(fact.answers, start=1):
            withheld = answer.result is not DemandResult.MET
            if withheld and not ((answer.reason or "").strip() and (answer.alternative or "").strip()):
                bare = not (answer.reason or "").strip()
                yield of.violation(
                    "S003-6.3" if bare else "S001-18.12",
                    recorded,
                    zh=f"第 {fact.number} 号方案第 {place} 项诉求未满足，缺少{'理由' if bare else '替代办法'}。",
                    en=f"Proposal {fact.number} declines demand {place}: no {'reason' if bare else 'alternative'}.",
                    at=recorded.occurred_at,
                    who=recorded.actor.id,
                    also=("S002-2.1",),
                )


@check("S004-4.1", zh="法定权利不得拒绝", en="what the law gives is not declined")
def no_right_is_declined(of: Examined) -> Iterator[Violation]:
    """A demand for a statutory right is met in full, or a lawful exemption is cited with authentic evidence."""
    for recorded, fact, known in _proposals(of):
        for place, answer in enumerate(fact.answers, start=1):
            right = None if answer.result is DemandResult.MET else _right(of, recorded, known, answer)
            if right is not None and not _is_excepted(answer, right[1], known):
                yield of.violation(
                    "S004-4.1",
                    recorded,
                    zh=f"第 {fact.number} 号方案第 {place} 项诉求属法定权利（{right[0]}），被拒绝且无法定例外。",
                    en=f"Proposal {fact.number} declines demand {place}, a right by law ({right[0]}), without a proven "
                    "exemption.",
                    at=recorded.occurred_at,
                    who=recorded.actor.id,
                )


def _right(
    of: Examined, recorded: Recorded, known: Complaint, answer: DemandAnswered
) -> tuple[str, Entitlement] | None:
    """The right the demand asks for; None where the words cannot be read."""
    demand, text = of.texts(answer.demand), of.texts(known.text)
    if demand is None or text is None:
        return None
    policy = of.policy_for(recorded)
    said, told = policy.triager.normal(demand), policy.triager.normal(text)
    for name, right in policy.document.entitlement.items():
        fits = not right.categories or known.category is None or known.category in right.categories
        if not fits or (right.channels and known.channel not in right.channels):
            continue
        plainly = any(word in said for word in right.words)
        if plainly or (any(w in said for w in right.demands) and any(w in told for w in right.words)):
            return name, right
    return None


def _is_excepted(answer: DemandAnswered, right: Entitlement, known: Complaint) -> bool:
    if answer.exemption not in right.exemptions:
        return False
    pieces = known.verification.evidence
    return any(piece.authentic and {piece.sha256, piece.name} & set(answer.evidence) for piece in pieces)


@check(
    "S000-3.7",
    "S000-3.8",
    "S004-4.4",
    "S004-5.3",
    zh="措施符合目录，目录之外标明例外",
    en="remedies follow the catalogue or are marked",
)
def remedies_follow_the_catalogue(of: Examined) -> Iterator[Violation]:
    """Steps as the catalogue lists them, money named, validity as it says; whatever else is marked as an exception."""
    for recorded, fact, _ in _proposals(of):
        offer = of.policy_for(recorded).document.offer
        for remedy in fact.remedies:
            rule = rule_of(of, recorded, remedy)
            valid = None if rule is None or rule.valid is None else recorded.occurred_at + rule.valid
            wrong = (
                remedy.exceptional is not is_exceptional(of, recorded, remedy)
                or remedy.steps != (rule.steps if rule else offer.exceptional_steps)
                or remedy.valid_until != valid
                or (rule is not None and rule.money and not remedy.amount)
            )
            if wrong:
                yield of.violation(
                    "S000-3.7" if rule else "S000-3.8",
                    recorded,
                    zh=f"第 {fact.number} 号方案措施 {remedy.id}（{remedy.kind}）与目录不符。",
                    en=f"Remedy {remedy.id} ({remedy.kind}) of proposal {fact.number} departs from the catalogue.",
                    at=recorded.occurred_at,
                    who=recorded.actor.id,
                )


@check(
    "S004-5.4",
    "S004-4.3",
    zh="每项措施有责任人和今后的期限",
    en="each remedy has a responsible person and a time ahead",
)
def each_remedy_has_somebody_and_a_time(of: Examined) -> Iterator[Violation]:
    """Somebody of the company who may take part sees to it, by a time that lies ahead."""
    for recorded, fact, known in _proposals(of):
        organisation = people(of, recorded)
        out = barred(of, known, organisation) if organisation else frozenset[str]()
        for remedy in fact.remedies:
            nobody = organisation is not None and remedy.responsible not in organisation.person.keys() - out
            late = remedy.due <= recorded.occurred_at
            if nobody or late:
                yield of.violation(
                    "S004-5.4" if nobody else "S004-4.3",
                    recorded,
                    zh=f"第 {fact.number} 号方案措施 {remedy.id} 的责任人 {remedy.responsible} 或期限不成立。",
                    en=f"Remedy {remedy.id} of proposal {fact.number}: nobody ({remedy.responsible}), or no time.",
                    due=recorded.occurred_at if late else None,
                    at=remedy.due if late else None,
                    who=recorded.actor.id,
                )


@check("S003-5.5", zh="先由客户提出诉求再提方案", en="the customer says what they want before anything is offered")
def the_customer_speaks_first(of: Examined) -> Iterator[Violation]:
    """A demand, an answered one, or a confirmed summary stands before each proposal."""
    for recorded, fact, known in _proposals(of):
        if not (known.demands or fact.answers or known.understanding.is_confirmed):
            yield of.violation(
                "S003-5.5",
                recorded,
                zh=f"提出第 {fact.number} 号方案之前客户未提出诉求，也未确认摘要。",
                en=f"Proposal {fact.number} came before the customer had said what they want.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


@check("S002-3.3", "S002-3.1", zh="方案写明依据", en="a proposal names what it rests on")
def a_proposal_names_its_ground(of: Examined) -> Iterator[Violation]:
    """The law, rule or commitment is named."""
    for recorded, fact, _ in _proposals(of):
        if not fact.basis.strip():
            yield of.violation(
                "S002-3.3",
                recorded,
                zh=f"第 {fact.number} 号方案没有写明依据。",
                en=f"Proposal {fact.number} names nothing it rests on.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


@check("S000-4.2", zh="方案连续编号并写明变动", en="proposals are numbered and say what changed")
def proposals_are_numbered_and_say_what_changed(of: Examined) -> Iterator[Violation]:
    """The next number, and after another proposal of the same round what is different from it."""
    number = 0
    for recorded, fact, known in _proposals(of):
        unsaid = known.solution.current is not None and not fact.changed
        if fact.number != number + 1 or unsaid:
            yield of.violation(
                "S000-4.2",
                recorded,
                zh=f"第 {number + 1} 号方案记为第 {fact.number} 号，或未写明与前案的不同。",
                en=f"Proposal {number + 1} is recorded as {fact.number}, or does not say what changed.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )
        number = max(number, fact.number)


@check("S002-1.15", "S000-3.9", zh="方案内容与其摘要、合计一致", en="digest and total are those of the proposal")
def a_proposal_is_what_its_digest_says(of: Examined) -> Iterator[Violation]:
    """What approvers approve by digest is what the customer is offered; sealed words are not compared."""
    for recorded, fact, _ in _proposals(of):
        total = sum(remedy.amount for remedy in fact.remedies if remedy.amount is not None)
        words = [text for a in fact.answers for text in (a.demand, a.reason, a.alternative) if text]
        readable = all(of.texts(text) == text for text in words)
        if fact.total != total or (readable and _digest(fact) != fact.content_sha256):
            yield of.violation(
                "S002-1.15" if fact.total == total else "S000-3.9",
                recorded,
                zh=f"第 {fact.number} 号方案的合计应为 {total}，或其摘要与内容不符。",
                en=f"Proposal {fact.number} adds up to {total}, or its digest is not that of its content.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


def _digest(fact: SolutionProposed) -> str:
    parts = {name: [each.model_dump(mode="json") for each in getattr(fact, name)] for name in ("remedies", "answers")}
    return json_digest({**parts, "basis": fact.basis})
