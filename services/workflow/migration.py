"""Another policy version for a complaint under way: by decision, with a reason, never by itself (M2, M8)."""

from pydantic import Field

from events.commands import Refusal, refuse
from events.fact import Value
from events.participation import PolicyMigrated
from policy.asking import Act, Acts, Ask, Decided
from policy.people.organisation import COMPLIANCE
from policy.people.participation import who


class Migrate(Value):
    """`migrate`: from here on the complaint is handled under that published policy."""

    policy: str
    """Id and version, `default-cn@2`."""
    reason: str = Field(min_length=1, max_length=1_000)


def migrate(ask: Ask, data: Migrate) -> Decided:
    """The complaint leaves the policy it was received under; what was missed so far stays as recorded (M8)."""
    refusal = _not_theirs(ask) or _not_published(ask, data) or _nothing_new(ask, data) or _unrecorded(ask)
    if refusal is not None:
        return refusal
    return [PolicyMigrated(former=ask.complaint.policy, to=data.policy, reason=data.reason)]


def _not_theirs(ask: Ask) -> Refusal | None:
    top = ask.rules.ladder.top
    if _may_migrate(ask, ask.by):
        return None
    return refuse(
        "migration_not_yours",
        "S002-4.1",
        f"变更适用政策须由合规人员或第 {top} 级主管决定",
        f"compliance or a manager of level {top} decides which policy applies",
        may=who(ask.complaint, ask.organisation, lambda id_: _may_migrate(ask, id_)),
        recorded=True,
        person=ask.by,
    )


def _may_migrate(ask: Ask, person: str) -> bool:
    company = ask.organisation
    return company.person[person].role == COMPLIANCE or company.level_of(person) >= ask.rules.ladder.top


def _not_published(ask: Ask, data: Migrate) -> Refusal | None:
    if data.policy in ask.published:
        return None
    return refuse(
        "policy_not_published",
        "M8",
        f"没有已发布的政策 {data.policy}；请先发布，或从已发布的政策中选择",
        f"no policy {data.policy} is published: publish it first, or choose one that is",
        policy=data.policy,
        published=", ".join(ask.published),
    )


def _nothing_new(ask: Ask, data: Migrate) -> Refusal | None:
    if data.policy != ask.complaint.policy:
        return None
    return refuse(
        "already_under_that_policy",
        "M8",
        f"本投诉已适用 {data.policy}",
        f"the complaint is under {data.policy} already",
        policy=data.policy,
    )


def _unrecorded(ask: Ask) -> Refusal | None:
    """What the former policy has to say is said first: a move hides no missed deadline."""
    known = ask.complaint.breaches
    missed = ask.policy.clocks.breached(ask.history, ask.complaint, ask.now)
    left = [m for m in missed if not any((b.clock, b.due_at) == (m.clock, m.due_at) for b in known)]
    if not left:
        return None
    return refuse(
        "missed_deadlines_not_recorded_yet",
        "S004-2.8",
        "现行政策下已超时的时限尚未登记，请片刻后再试",
        "deadlines missed under the present policy are not recorded yet: try again in a moment",
        clocks=", ".join(sorted({m.clock for m in left})),
    )


ACTS: Acts = {"migrate": Act(Migrate, migrate)}
"""Name -> act, for NATS, HTTP, the command line and rehearsals."""
