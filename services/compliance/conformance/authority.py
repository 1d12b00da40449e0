"""How much each may decide: limits by level, lent authority, the board's ground, the policy itself (S000-3.9)."""

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from events.digest import json_digest
from events.envelope import Recorded
from events.execution import RefundVerified
from events.participation import AuthorityDelegated, PolicyMigrated
from events.solution import ApprovalRequested, ApprovalWithdrawn, SolutionProposed
from policy.people.organisation import COMPLIANCE, Organisation
from services.compliance.conformance.catalogued import is_exceptional
from services.compliance.conformance.checks import check
from services.compliance.conformance.examined import Examined
from services.compliance.conformance.standing import following, level_needed, level_of, limit, people
from services.compliance.conformance.violation import Violation


class Money(NamedTuple):
    """Money somebody decided on, and what an approval of it has to name."""

    amount: Decimal
    subject: str
    content_sha256: str
    ground: str | None
    is_exceptional: bool = False


@check(
    "S000-3.9",
    "S000-3.8",
    zh="超出权限或目录之外须报批",
    en="above the limit or the catalogue one asks above",
)
def money_stays_inside_the_limit(of: Examined) -> Iterator[Violation]:
    """Whoever decides money has the limit for it, or asks in the same act for the approval it needs."""
    for recorded in of.all(SolutionProposed, RefundVerified):
        organisation, money = people(of, recorded), _money(of, recorded)
        if organisation is None:
            continue
        own = limit(of.before(recorded.version), recorded.actor.id, organisation, recorded.occurred_at)
        if money.amount <= own and not money.is_exceptional:
            continue
        asked = _request(of, recorded, money.subject)
        needed = _level(of, recorded, money, organisation)
        if needed is None and not (money.ground or "").strip():
            yield _beyond(of, recorded, money, own)
        elif asked is None or not _is_enough(of, asked, recorded, money, needed):
            yield of.violation(
                "S000-3.9" if money.amount > own else "S000-3.8",
                *(recorded, asked) if asked else (recorded,),
                zh=f"{recorded.actor.id} 权限 {own}，决定 {money.amount}，未按规定报批。",
                en=f"{recorded.actor.id} may decide {own} and decided {money.amount} without asking above.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
                also=("S000-3.8",) if money.is_exceptional and money.amount > own else (),
            )


def _beyond(of: Examined, recorded: Recorded, money: Money, own: Decimal) -> Violation:
    return of.violation(
        "S000-3.9",
        recorded,
        zh=f"{money.amount} 超出公司各级权限，未附董事会书面依据（本人权限 {own}）。",
        en=f"{money.amount} is above every limit and has no written ground of the board (own limit {own}).",
        at=recorded.occurred_at,
        who=recorded.actor.id,
    )


def _money(of: Examined, recorded: Recorded) -> Money:
    """What the fact decides; the sum of a proposal is added up anew."""
    fact = recorded.fact
    if isinstance(fact, RefundVerified):
        figures = {name: str(getattr(fact, name)) for name in ("charged", "currency", "due", "refund")}
        return Money(fact.refund, f"refund-{recorded.version}", json_digest(figures), fact.ground)
    assert isinstance(fact, SolutionProposed)
    total = sum((remedy.amount for remedy in fact.remedies if remedy.amount is not None), Decimal(0))
    free = any(is_exceptional(of, recorded, remedy) for remedy in fact.remedies)
    return Money(total, f"proposal-{fact.number}", fact.content_sha256, fact.ground, free)


def _level(of: Examined, recorded: Recorded, money: Money, organisation: Organisation) -> int | None:
    """The least level that approves it; None above every limit."""
    rules = of.policy_for(recorded).document
    needed = level_needed(money.amount, rules.authority, organisation)
    if needed is None or not money.is_exceptional:
        return needed
    return max(needed, rules.authority.role.get(rules.offer.exceptional_role, 0))


def _request(of: Examined, recorded: Recorded, subject: str) -> Recorded | None:
    """The request that goes with it, in the same act."""
    after = following(of, recorded, ApprovalWithdrawn, ApprovalRequested)
    return next((r for r in after if isinstance(r.fact, ApprovalRequested) and r.fact.subject == subject), None)


def _is_enough(of: Examined, asked: Recorded, recorded: Recorded, money: Money, needed: int | None) -> bool:
    """It names the decider's own words or figures, their author, and a role high enough."""
    fact, roles = asked.fact, of.policy_for(recorded).document.authority.role
    if not isinstance(fact, ApprovalRequested):
        return False
    least = max(roles.values()) if needed is None else needed
    high = any(roles.get(role, 0) >= least for stage in fact.stages for role in stage)
    return high and fact.author == recorded.actor.id and fact.content_sha256 == money.content_sha256


@check("S000-3.9", zh="金额以权限所用币种计", en="money is decided in the currency of the limits")
def money_is_in_the_currency_of_the_limits(of: Examined) -> Iterator[Violation]:
    """Another currency could not be held against anybody's limit."""
    for recorded in of.all(SolutionProposed, RefundVerified, AuthorityDelegated):
        fact, own = recorded.fact, of.policy_for(recorded).document.offer.currency
        remedies = fact.remedies if isinstance(fact, SolutionProposed) else ()
        named = {getattr(fact, "currency", own), *(r.currency for r in remedies if r.amount is not None)}
        if isinstance(fact, AuthorityDelegated):
            organisation = people(of, recorded)
            own = organisation.limits.currency if organisation and organisation.limits else own  # type: ignore[assignment]
        if named != {own}:
            strange = ", ".join(sorted(str(each) for each in named - {own}))
            yield of.violation(
                "S000-3.9",
                recorded,
                zh=f"处理权限以 {own} 计，记录却用 {strange}。",
                en=f"Authority is measured in {own}, the record names {strange}.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


@check("S001-9.4", zh="授权不超过本人权限且有期限", en="authority is lent within one's own and for a time")
def lent_authority_has_its_bounds(of: Examined) -> Iterator[Violation]:
    """Never to oneself, never more than one's own level decides, for no longer than the policy allows."""
    for recorded in of.all(AuthorityDelegated):
        organisation, fact = people(of, recorded), recorded.fact
        if organisation is None or not isinstance(fact, AuthorityDelegated):
            continue
        who, at = recorded.actor.id, recorded.occurred_at
        limits = organisation.limits.level if organisation.limits else {}
        own = limits.get(level_of(organisation, who), Decimal(0))
        latest = at + of.policy_for(recorded).document.delegation.longest
        timely = at < fact.until <= latest
        if fact.to == who or fact.to not in organisation.person or fact.limit > own or not timely:
            yield of.violation(
                "S001-9.4",
                recorded,
                zh=f"{who}（权限 {own}）授权 {fact.to} {fact.limit}，超出本人权限、期限或授予本人。",
                en=f"{who} (limit {own}) lent {fact.to} {fact.limit}: more than their own, too long, or to themselves.",
                due=latest if not timely else None,
                at=fact.until if not timely else None,
                who=who,
            )


@check("S002-4.1", zh="适用政策由合规或最高级别变更", en="which policy applies is decided by compliance or the top")
def the_policy_is_moved_by_those_who_may(of: Examined) -> Iterator[Violation]:
    """From the policy it was under to one that is published, by compliance or the highest level, with a reason."""
    for recorded in of.all(PolicyMigrated):
        organisation, fact, known = people(of, recorded), recorded.fact, of.before(recorded.version)
        if organisation is None or not isinstance(fact, PolicyMigrated):
            continue
        who = organisation.person.get(recorded.actor.id)
        top = of.company.policy(known.policy).document.ladder.top
        may = who is not None and (who.role == COMPLIANCE or (who.level or 0) >= top)
        if not may or fact.former != known.policy or fact.to == known.policy or not fact.reason.strip():
            yield of.violation(
                "S002-4.1",
                recorded,
                zh=f"{recorded.actor.id} 将适用政策由 {fact.former} 改为 {fact.to}：无权、原政策不符或未说明理由。",
                en=f"{recorded.actor.id} moved it from {fact.former} to {fact.to}: not theirs, not so, or no reason.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )
