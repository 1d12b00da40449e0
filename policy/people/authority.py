"""Who may decide how much, and who must approve what: levels, roles, limits, delegation (S000-3.9, S001-9.4)."""

from datetime import datetime
from decimal import Decimal

from events.complaint import Complaint
from events.fact import Value
from events.solution import Approval
from policy.people.organisation import COMPLIANCE, Organisation
from policy.people.participation import barred
from policy.timing.durations import Span


class Authority(Value):
    """`[authority]`: the deciding roles and the least ladder level each takes."""

    source: tuple[str, ...]
    role: dict[str, int]
    """`{ supervisor = 2, manager = 3 }`, weakest first."""

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
    return (organisation.person[person].level or 0) >= authority.supervisor_level


def oversees(person: str, other: str, authority: Authority, organisation: Organisation) -> bool:
    """Whether that person decides who works on a case of the other: their reporting line, or compliance (S002-1.1).

    Whoever stands on a higher level than both the other and a supervisor of theirs oversees them as well.
    """
    if organisation.person[person].role == COMPLIANCE:
        return True
    theirs = organisation.person[other].level or 0
    is_above = (organisation.person[person].level or 0) > max(theirs, authority.supervisor_level)
    return person in organisation.managers_of(other) or is_above


def deciding_role(amount: Decimal, authority: Authority, organisation: Organisation) -> str | None:
    """The weakest role whose limit covers the amount; None above every limit. Exactly the limit is inside."""
    weakest_first = sorted(authority.role.items(), key=lambda pair: pair[1])
    return next((role for role, level in weakest_first if amount <= organisation.limit_of_level(level)), None)


def may_approve(
    complaint: Complaint, approval: Approval, role: str, person: str, authority: Authority, organisation: Organisation
) -> bool:
    """Whether that person may approve in that role: never the author, never somebody barred (S003-2.4, S002-7.1)."""
    known = organisation.person[person]
    if person == approval.author or person in barred(complaint, organisation):
        return False
    if role in authority.role:
        return (known.level or 0) >= authority.role[role]
    return known.department == complaint.department if role == DEPARTMENT else known.role == role


def who_may_approve(
    complaint: Complaint, approval: Approval, authority: Authority, organisation: Organisation
) -> tuple[str, ...]:
    """The people whose approval is waited for now, by id."""
    return tuple(
        person
        for person in sorted(organisation.person)
        if any(may_approve(complaint, approval, role, person, authority, organisation) for role in approval.waiting_for)
    )


DEPARTMENT = "department"
"""The specialist department of the complaint: any of its people but the author."""
