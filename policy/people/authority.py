"""Who may decide how much, and who must approve what: levels, roles, limits, delegation (S000-3.9, S001-9.4)."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from events.approvals import Approval
from events.commands import Refusal, refuse
from events.complaint import Complaint
from events.fact import Value
from policy.people.organisation import COMPLIANCE, TOP, Organisation
from policy.people.participation import barred, who
from policy.timing.durations import Span


class Authority(Value):
    """`[authority]`: the deciding roles and the least ladder level each takes."""

    source: tuple[str, ...]
    role: dict[str, int]
    """`{ supervisor = 2, manager = 3 }`, weakest first."""

    @property
    def strongest(self) -> str:
        """The role that decides the most."""
        return max(self.role, key=lambda role: self.role[role])

    @property
    def supervisor_level(self) -> int:
        """The least level that supervises others (S002-4.5)."""
        return min(self.role.values())


class DelegationRule(Value):
    """`[delegation]`: how long authority may be lent at the most (S001-9.4)."""

    source: tuple[str, ...]
    longest: Span

    def allows(self, until: datetime, now: datetime) -> bool:
        """In the future, and no longer than the rule allows; exactly the longest time is inside."""
        return now < until <= now + self.longest


class ApprovalRule(Value):
    """`[approval.<name>]`: roles that must all approve, then those that come after (S002-1.14, 1.15)."""

    source: tuple[str, ...]
    parallel: tuple[str, ...]
    then: tuple[str, ...] = ()

    @property
    def stages(self) -> tuple[tuple[str, ...], ...]:
        """Stage after stage."""
        return tuple(stage for stage in (self.parallel, self.then) if stage)


def limit(complaint: Complaint, person: str, organisation: Organisation, now: datetime) -> Decimal:
    """What that person may decide in this complaint now: their level's limit, or more that was lent (S001-9.4).

    Lent authority lapses at its instant, and nobody lends more than they have.
    """
    own = organisation.limit_of_level(organisation.person[person].level)
    lent = (
        min(loan.limit, organisation.limit_of_level(organisation.person[loan.by].level))
        for loan in complaint.participation.delegations
        if loan.to == person and now <= loan.until and loan.by in organisation.person
    )
    return max([own, *lent])


def is_supervisor(person: str, authority: Authority, organisation: Organisation) -> bool:
    """Whether that person supervises others: coordinates, urges on, reads restricted labels (S002-4.5, C21)."""
    return organisation.level_of(person) >= authority.supervisor_level


def oversees(person: str, other: str, authority: Authority, organisation: Organisation) -> bool:
    """Whether that person decides who works on a case of the other: their reporting line, or compliance (S002-1.1).

    Whoever stands on a higher level than both the other and a supervisor of theirs oversees them as well.
    """
    if organisation.person[person].role == COMPLIANCE:
        return True
    is_above = organisation.level_of(person) > max(organisation.level_of(other), authority.supervisor_level)
    return person in organisation.managers_of(other) or is_above


def deciding_role(amount: Decimal, authority: Authority, organisation: Organisation) -> str | None:
    """The weakest role whose limit covers the amount; None above every limit. Exactly the limit is inside."""
    weakest_first = sorted(authority.role.items(), key=lambda pair: pair[1])
    return next((role for role, level in weakest_first if amount <= organisation.limit_of_level(level)), None)


class Spending(NamedTuple):
    """Money somebody wants a customer to have, and what is to be known to say who decides on it."""

    amount: Decimal
    ground: str | None = None
    """The board's written ground, for more than anybody may decide."""
    least: str | None = None
    """The role that approves it at the least, whatever the amount (S000-3.8)."""


def approver(
    complaint: Complaint,
    person: str,
    spending: Spending,
    authority: Authority,
    organisation: Organisation,
    now: datetime,
) -> str | Refusal | None:
    """The role that has to approve the money; None where that person may decide alone, a refusal where nobody may.

    Exactly the limit is inside; above every limit the strongest role approves the board's written ground (S000-3.9).
    """
    own = limit(complaint, person, organisation, now)
    if spending.amount <= own and spending.least is None:
        return None
    role = deciding_role(spending.amount, authority, organisation)
    if role is None:
        has_ground = bool((spending.ground or "").strip())
        return authority.strongest if has_ground else _beyond_every_limit(spending.amount, authority, organisation)
    return max(role, spending.least or role, key=lambda each: authority.role.get(each, 0))


def _beyond_every_limit(amount: Decimal, authority: Authority, organisation: Organisation) -> Refusal:
    return refuse(
        "beyond_every_limit",
        "S000-3.9",
        f"{amount} 超出公司各级处理权限，须附董事会书面依据（ground）",
        f"{amount} is above every limit in the company: it needs the board's written ground (ground)",
        may=(TOP,),
        recorded=True,
        total=amount,
        limit=organisation.limit_of_level(authority.role[authority.strongest]),
    )


def currency_not_covered(currency: str | None, own: str) -> Refusal | None:
    """Why money in that currency cannot be held against anybody's limit (S000-3.9)."""
    if currency in (None, own):
        return None
    return refuse(
        "currency_not_covered",
        "S000-3.9",
        f"处理权限以 {own} 计，请将 {currency} 金额折算为 {own}",
        f"authority is measured in {own}: state the amount in {own} instead of {currency}",
        currency=currency,
    )


def may_approve(
    complaint: Complaint, approval: Approval, role: str, person: str, authority: Authority, organisation: Organisation
) -> bool:
    """Whether that person may approve in that role: never the author, never somebody barred (S003-2.4, S002-7.1)."""
    known = organisation.person[person]
    if person == approval.author or person in barred(complaint, organisation):
        return False
    if role in authority.role:
        return organisation.level_of(person) >= authority.role[role]
    return known.department == complaint.department if role == DEPARTMENT else known.role == role


def who_may_approve(
    complaint: Complaint, approval: Approval, authority: Authority, organisation: Organisation
) -> tuple[str, ...]:
    """The people whose approval is waited for now, by id."""

    def fits(person: str) -> bool:
        roles = approval.waiting_for
        return any(may_approve(complaint, approval, role, person, authority, organisation) for role in roles)

    return who(complaint, organisation, fits)


DEPARTMENT = "department"
"""The specialist department of the complaint: any of its people but the author."""
