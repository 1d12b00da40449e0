"""Propose a solution: within authority and the final offer, or approved, or refused (S000-3.1, S000-3.9, S002-3.5)."""

from collections.abc import Sequence
from decimal import Decimal

from pydantic import Field

from events.commands import Refusal, refuse
from events.complaint import Complaint
from events.fact import Value
from events.solution import ApprovalRequested, ApprovalWithdrawn, DemandAnswered, Remedy, SolutionProposed
from policy.asking import Act, Acts, Ask, Decided
from policy.handling.offers import UnlockCause, content_sha256, declined, final_offer, is_supported
from policy.people.authority import Spending, approver, limit
from policy.sorting.links import names_all
from policy.wording.phrasing import Checked, check_all
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
    override: str | None = Field(default=None, min_length=1, max_length=1_000)
    """Why words of the answers stand against the phrase lint (S001-7.3)."""


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
    words = check_all(ask.policy.linter, ask.case, _words(data), data.override)
    refusal = _offer_refused(ask, data, given, found) or words.refusal
    return refusal or _proposed(ask, data, given, found, words)


def _words(data: ProposeSolution) -> list[str]:
    """What the customer will read of it: why a demand is not met, and what there is instead (S001-18.12)."""
    return [text for answer in data.answers.values() for text in (answer.reason, answer.alternative) if text]


def _proposed(
    ask: Ask, data: ProposeSolution, given: Sequence[DemandAnswered], found: Sequence[Remedy], words: Checked
) -> Decided:
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
        override=words.override,
    )
    return _with_approval(ask, proposed)


def _with_approval(ask: Ask, proposed: SolutionProposed) -> Decided:
    """Within the proposer's authority and the catalogue nobody is asked; exactly the limit is inside (S000-3.9)."""
    exceptional = any(remedy.exceptional for remedy in proposed.remedies)
    spending = Spending(proposed.total, proposed.ground, ask.rules.offer.exceptional_role if exceptional else None)
    role = approver(ask.complaint, ask.by, spending, ask.rules.authority, ask.organisation, ask.now)
    if isinstance(role, Refusal):
        return role
    replaced = [ApprovalWithdrawn(subject=approval.subject) for approval in ask.complaint.solution.waiting("proposal")]
    if role is None:
        return [proposed, *replaced]
    own = limit(ask.complaint, ask.by, ask.organisation, ask.now)
    requested = ApprovalRequested(
        subject=f"proposal-{proposed.number}",
        rule="authority" if proposed.total > own else "offer",
        content_sha256=proposed.content_sha256,
        stages=((role,),),
        author=ask.by,
    )
    return [proposed, *replaced, requested]


def _offer_refused(
    ask: Ask, data: ProposeSolution, given: Sequence[DemandAnswered], found: Sequence[Remedy]
) -> Refusal | None:
    """What forbids that offer whoever makes it."""
    return (
        _empty(given, found)
        or _kin_unseen(ask)
        or _locked(ask, data, given, total(found))
        or _final_too_early(ask, data)
    )


def _empty(given: Sequence[DemandAnswered], found: Sequence[Remedy]) -> Refusal | None:
    if given or found:
        return None
    return refuse(
        "nothing_offered",
        "S000-3.1",
        "方案须至少包含一项措施，或对诉求的答复及替代办法",
        "a proposal holds at least one remedy, or answers with an alternative",
    )


def _kin_unseen(ask: Ask) -> Refusal | None:
    """A final offer in a complaint nobody looked at binds too: no offer past it unseen (S002-3.6, C9)."""
    if ask.case.all_kin and all(names_all(each, ask.rules.links) for each in _every(ask)):
        return None
    return refuse(
        "too_many_kin",
        "S002-3.6",
        "关联投诉过多或有投诉无法读取，不能确认其中有无最终方案：请先解除不属于同一事项的关联（unlink）",
        "too many linked complaints, or one that cannot be read: a final offer in them may bind; first undo the links "
        "that do not belong here (unlink)",
        seen=len(ask.kin),
    )


def _every(ask: Ask) -> tuple[Complaint, ...]:
    return (ask.complaint, *ask.kin)


def _locks(ask: Ask, amount: Decimal) -> bool:
    final = final_offer(_every(ask))
    return final is not None and amount > final.total


def _cause(data: ProposeSolution) -> UnlockCause | None:
    """The cause named in `unlock`, else the basis where it is one of the causes' names.

    The contract of the command has no field for the cause, only the basis; nowhere else is a basis read as a cause,
    and a cause that nothing of the record bears out unlocks nothing whichever way it is named (S002-3.6).
    """
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
        f"已给出最终方案 {final.total}，不得因继续投诉而提高；仅可因下列并经证实的事由提高：{listed[0]}",
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
        "首个方案不能是最终方案：先提出方案，客户不满意再进一步沟通",
        "the first proposal cannot be the final one: propose, and talk on when the customer declines",
        declined=found,
        needed=wanted,
    )


def _not_verified() -> Refusal:
    return refuse(
        "not_verified",
        "S004-3.6",
        "核实清楚之前不得提出解决方案，请先核实（verify）",
        "no solution before the facts are verified: verify first",
    )


def _demands_unknown(ask: Ask, data: ProposeSolution) -> Refusal | None:
    """The customer says what they want before anything is offered (S003-5.5, S001-18.13)."""
    if ask.complaint.demands or data.answers or ask.complaint.understanding.is_confirmed:
        return None
    return refuse(
        "demands_unknown",
        "S003-5.5",
        "请先请客户提出诉求（confirm_understanding），再提出方案",
        "ask the customer what they want (confirm_understanding) before anything is offered",
    )


def _basis_missing(data: ProposeSolution) -> Refusal | None:
    """Every solution rests on a rule, a law or a commitment (S002-3.1, S002-3.3)."""
    if data.basis.strip():
        return None
    return refuse(
        "basis_missing",
        "S002-3.3",
        "方案须写明依据的法规、制度或承诺（basis）",
        "name the law, rule or commitment the solution rests on (basis)",
    )


ACTS: Acts = {"propose_solution": Act(ProposeSolution, propose_solution, needs_kin=True)}
"""Name -> act."""
