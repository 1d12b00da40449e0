"""Propose a solution: within authority and the final offer, or approved, or refused (S000-3.1, S000-3.9, S002-3.5)."""

from collections.abc import Sequence
from decimal import Decimal

from pydantic import Field

from events.commands import Refusal, refuse
from events.complaint import Complaint
from events.fact import Value
from events.solution import ApprovalRequested, DemandAnswered, Remedy, SolutionProposed
from policy.asking import Act, Acts, Ask, Decided
from policy.handling.offers import UnlockCause, content_sha256, declined, final_offer, is_supported, standard
from policy.people.authority import deciding_role, limit
from policy.people.organisation import TOP
from services.workflow.proposal import (
    Answered,
    RemedyAsked,
    answers,
    answers_refused,
    entitlement,
    remedies,
    total,
    what_changed,
)


class ProposeSolution(Value):
    """`propose_solution`: a numbered proposal; every field but the remedies may be left out."""

    remedies: tuple[RemedyAsked, ...]
    answers: dict[str, Answered] = {}
    basis: str = Field(default="", max_length=2_000)
    final: bool = False
    unlock: str | None = None
    ground: str | None = Field(default=None, max_length=5_000)
    changed: str | None = Field(default=None, max_length=2_000)


def propose_solution(ask: Ask, data: ProposeSolution) -> Decided:
    """The next numbered proposal; above the proposer's authority it waits for approval (S000-3.1, S000-3.9)."""
    finding = ask.complaint.verification.finding
    if finding is None:
        return _not_verified()
    if (refusal := _demands_unknown(ask, data) or _basis_missing(data)) is not None:
        return refusal
    given = answers(ask, data.answers)
    if (refusal := answers_refused(ask, given)) is not None:
        return refusal
    found = remedies(ask, finding, data.remedies)
    if isinstance(found, Refusal):
        return found
    return _offer_refused(ask, data, given, found) or _proposed(ask, data, given, found)


def _proposed(ask: Ask, data: ProposeSolution, given: Sequence[DemandAnswered], found: Sequence[Remedy]) -> Decided:
    number = max((p.fact.number for p in ask.complaint.solution.proposals), default=0) + 1
    proposed = SolutionProposed(
        number=number,
        remedies=tuple(found),
        answers=tuple(given),
        basis=data.basis.strip(),
        total=total(found),
        currency=ask.rules.offer.currency,
        final=data.final,
        unlock=cause.value if (cause := _cause(data)) and _locks(ask, total(found)) else None,
        ground=data.ground,
        changed=data.changed or what_changed(ask, found),
        content_sha256=content_sha256(found, given, data.basis.strip()),
    )
    return _with_approval(ask, proposed)


def _with_approval(ask: Ask, proposed: SolutionProposed) -> Decided:
    """Within the proposer's authority and the catalogue nobody is asked; exactly the limit is inside (S000-3.9)."""
    exceptional = any(remedy.exceptional for remedy in proposed.remedies)
    own = limit(ask.complaint, ask.by, ask.organisation, ask.now)
    if proposed.total <= own and not exceptional:
        return [proposed]
    role = _role(ask, proposed.total, exceptional)
    if role is None and not (proposed.ground or "").strip():
        return _beyond_every_limit(ask, proposed.total)
    requested = ApprovalRequested(
        subject=f"proposal-{proposed.number}",
        rule="authority" if proposed.total > own else "offer",
        content_sha256=proposed.content_sha256,
        stages=((role or _strongest(ask),),),
        author=ask.by,
    )
    return [proposed, requested]


def _role(ask: Ask, amount: Decimal, exceptional: bool) -> str | None:
    """Who decides: the weakest role that may, for what the catalogue does not know at least a supervisor (S000-3.8)."""
    role, levels = deciding_role(amount, ask.rules.authority, ask.organisation), ask.rules.authority.role
    least = ask.rules.offer.exceptional_role
    return max(role, least, key=lambda each: levels.get(each, 0)) if role and exceptional else role


def _strongest(ask: Ask) -> str:
    return max(ask.rules.authority.role.items(), key=lambda pair: pair[1])[0]


def _beyond_every_limit(ask: Ask, amount: Decimal) -> Refusal:
    return refuse(
        "beyond_every_limit",
        "S000-3.9",
        f"{amount} 超出公司各级处理权限,须附董事会书面依据(ground)",
        f"{amount} is above every limit in the company: it needs the board's written ground",
        may=(TOP,),
        recorded=True,
        total=amount,
        limit=ask.organisation.limit_of_level(max(ask.rules.authority.role.values())),
    )


def _offer_refused(
    ask: Ask, data: ProposeSolution, given: Sequence[DemandAnswered], found: Sequence[Remedy]
) -> Refusal | None:
    """What forbids that offer whoever makes it."""
    return (
        _empty(given, found)
        or _below_standard(ask, found)
        or _locked(ask, data, given, total(found))
        or _final_too_early(ask, data)
    )


def _empty(given: Sequence[DemandAnswered], found: Sequence[Remedy]) -> Refusal | None:
    if given or found:
        return None
    return refuse(
        "nothing_offered",
        "S000-3.1",
        "方案须至少包含一项措施,或对诉求的答复及替代办法",
        "a proposal holds at least one remedy, or answers with an alternative",
    )


def _below_standard(ask: Ask, found: Sequence[Remedy]) -> Refusal | None:
    """Who asks for less than the company's standard gets the standard (S003-5.6)."""
    finding = ask.complaint.verification.finding
    if finding is None or finding.liable not in ask.rules.offer.floor_when_liable:
        return None
    for remedy in found:
        least = standard(remedy.kind, ask.complaint.category, ask.rules.remedy)
        if least is not None and remedy.amount is not None and remedy.amount < least:
            return refuse(
                "below_standard",
                "S003-5.6",
                f"公司标准为 {least},即使客户要求更低,也应按标准给予(当前 {remedy.amount})",
                f"the company's standard is {least}: pay it even where less is asked (now {remedy.amount})",
                kind=remedy.kind,
                standard=least,
                amount=remedy.amount,
            )
    return None


def _every(ask: Ask) -> tuple[Complaint, ...]:
    return (ask.complaint, *ask.kin)


def _locks(ask: Ask, amount: Decimal) -> bool:
    final = final_offer(_every(ask))
    return final is not None and amount > final.total


def _cause(data: ProposeSolution) -> UnlockCause | None:
    """The cause named in `unlock`, or as the basis."""
    named = data.unlock if data.unlock is not None else data.basis.strip()
    return next((cause for cause in UnlockCause if named == cause.value), None)


def _locked(ask: Ask, data: ProposeSolution, given: Sequence[DemandAnswered], amount: Decimal) -> Refusal | None:
    """Nothing above a final offer, in whatever round or channel, without a named and proven cause (S002-3.5, 3.6)."""
    final = final_offer(_every(ask))
    if final is None or amount <= final.total:
        return None
    cause, rule = _cause(data), ask.rules.offer
    entitled = any(entitlement(ask, demand) for demand in (*ask.complaint.demands, *(a.demand for a in given)))
    if cause in rule.unlock_causes and cause and is_supported(cause, final, ask.case, rule, entitled, ask.now):
        return None
    listed = "、".join(cause.zh for cause in rule.unlock_causes), ", ".join(rule.unlock_causes)
    return refuse(
        "final_offer_locked",
        "S002-3.6",
        f"已给出最终方案 {final.total},不得因继续投诉而提高;仅可因下列并经证实的事由提高:{listed[0]}",
        f"the final offer is {final.total}; complaining again raises nothing. Only a cause that the record bears out "
        f"does, named in `unlock`: {listed[1]}",
        recorded=True,
        final=final.total,
        total=amount,
        proposal=f"{final.complaint.number} proposal-{final.proposal.fact.number}",
        cause=cause or data.unlock or "",
    )


def _final_too_early(ask: Ask, data: ProposeSolution) -> Refusal | None:
    """No take it or leave it: the customer has turned down something else before (S004-4.5)."""
    wanted = ask.rules.offer.alternatives_before_final
    found = declined(_every(ask))
    if not data.final or found >= wanted:
        return None
    return refuse(
        "final_too_early",
        "S004-4.5",
        "首个方案不能是最终方案:先提出方案,客户不满意再进一步沟通",
        "the first proposal cannot be the final one: propose, and talk on when the customer declines",
        declined=found,
        needed=wanted,
    )


def _not_verified() -> Refusal:
    return refuse(
        "not_verified",
        "S004-3.6",
        "核实清楚之前不得提出解决方案,请先核实(verify)",
        "no solution before the facts are verified: verify first",
    )


def _demands_unknown(ask: Ask, data: ProposeSolution) -> Refusal | None:
    """The customer says what they want before anything is offered (S003-5.5, S001-18.13)."""
    if ask.complaint.demands or data.answers or ask.complaint.understanding.is_confirmed:
        return None
    return refuse(
        "demands_unknown",
        "S003-5.5",
        "请先请客户提出诉求(confirm_understanding),再提出方案",
        "ask the customer what they want (confirm_understanding) before anything is offered",
    )


def _basis_missing(data: ProposeSolution) -> Refusal | None:
    """Every solution rests on a rule, a law or a commitment (S002-3.1, S002-3.3)."""
    if data.basis.strip():
        return None
    return refuse(
        "basis_missing",
        "S002-3.3",
        "方案须写明依据的法规、制度或承诺(basis)",
        "name the law, rule or commitment the solution rests on (basis)",
    )


ACTS: Acts = {"propose_solution": Act(ProposeSolution, propose_solution)}
"""Name -> act."""
