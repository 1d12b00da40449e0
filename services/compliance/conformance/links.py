"""Complaints that belong together: named on both sides, handled once, a person's word undone by no rule (M15)."""

from collections.abc import Iterator

from events.complaint import Complaint
from events.ending import CalledBack, NotAccepted, Resolved, Withdrawn
from events.envelope import Recorded
from events.execution import CommitmentMade, DeadlineExtended, RefundPaid, RefundVerified, StepCompleted
from events.fact import Fact
from events.handling import Assigned, Escalated
from events.links import Link, Linked, Unlinked
from events.participation import HandedOver
from events.solution import CustomerAgreed, CustomerDeclined, SolutionProposed
from events.understanding import InformationRequested, UnderstandingConfirmed
from events.verification import Verified
from events.vocabulary import ActorKind, Relation
from policy.sorting.links import followers
from services.compliance.conformance.checks import check
from services.compliance.conformance.deadlines import NOTICED_WITHIN
from services.compliance.conformance.examined import Examined
from services.compliance.conformance.violation import Violation

HANDLING: tuple[type[Fact], ...] = (
    *(Assigned, HandedOver, Escalated, UnderstandingConfirmed, InformationRequested, Verified, SolutionProposed),
    *(CustomerAgreed, CustomerDeclined, StepCompleted, RefundVerified, RefundPaid, CommitmentMade, DeadlineExtended),
    *(Resolved, CalledBack, NotAccepted, Withdrawn),
)
"""What people do to a complaint they handle: to a duplicate they do it in the complaint it repeats."""
BY_RULE = "links."
"""How the reason of a link begins that a rule made; a token in a ledger with keys, and then not asked."""


@check(
    "S004-1.2",
    zh="重复件只在一处处理：并入后人员不在重复件中办理",
    en="a duplicate is handled once: after it is merged nobody handles it here",
)
def a_duplicate_is_handled_once(of: Examined) -> Iterator[Violation]:
    """While the complaint is merged into another one, people act there (ADR 0013)."""
    if not of.has(Linked):
        return
    for recorded in of.all(*HANDLING):
        if recorded.version < 2 or recorded.actor.kind is not ActorKind.PERSON:
            continue
        lead = of.before(recorded.version).links.merged_into
        if lead is not None:
            yield of.violation(
                "S004-1.2",
                recorded,
                zh=f"投诉已并入 {lead}，仍在此处办理。",
                en=f"The complaint was merged into {lead}, and was handled here all the same.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


@check(
    *("S004-1.2", "S004-2.3", "S003-7.2"),
    zh="关联双方互相指明，不成环；人员解除的关联不由规则重建",
    en="both sides of a link name each other, no circle arises, and no rule makes again what a person undid",
)
def links_are_mutual_and_lasting(of: Examined) -> Iterator[Violation]:
    """Each link has its mirror, but for the followers beyond the policy's bound, whom their lead does not name."""
    if not of.has(Linked):
        return
    for recorded in of.all(Linked):
        yield from _made_wrongly(of, recorded)
    for link in of.complaint.links.every:
        yield from _unanswered(of, link)


def _made_wrongly(of: Examined, recorded: Recorded) -> Iterator[Violation]:
    fact = recorded.fact
    if not isinstance(fact, Linked):
        return
    known = of.before(recorded.version) if recorded.version > 1 else of.states[0]
    undone = any((link.to, link.relation) == (fact.to, fact.relation) for link in known.links.undone)
    if fact.to == recorded.complaint_id:
        yield _wrong(of, recorded, "投诉与自身关联。", "The complaint is linked to itself.")
    elif undone and not fact.leads and (of.texts(fact.reason) or "").startswith(BY_RULE):
        yield _wrong(of, recorded, "人员已解除的关联又由规则建立。", "A rule linked again what a person had undone.")


def _unanswered(of: Examined, link: Link) -> Iterator[Violation]:
    made = next(
        r
        for r in reversed(of.all(Linked))
        if isinstance(r.fact, Linked) and (r.fact.to, r.fact.relation) == (link.to, link.relation)
    )
    other = of.other(link.to)
    undone = [recorded.recorded_at for recorded in other.all(Unlinked)] if other else []
    if max([made.recorded_at, *undone]) + NOTICED_WITHIN >= of.until:
        return
    if other is None:
        yield _wrong(of, made, f"关联的投诉 {link.to} 不存在。", f"There is no complaint {link.to} to be linked to.")
        return
    mirror = next((m for m in other.complaint.links.every if (m.to, m.relation) == _me(of, link)), None)
    if mirror is None:
        if link.leads or not _is_full(other, link):
            yield _wrong(
                of, made, f"对方 {link.to} 未指明本投诉。", f"{link.to} does not name this complaint in return."
            )
    elif mirror.leads == link.leads:
        yield _wrong(
            of, made, f"与 {link.to} 的先后关系矛盾。", f"It and {link.to} contradict each other on who leads."
        )


def _me(of: Examined, link: Link) -> tuple[str, Relation]:
    return of.complaint.complaint_id, link.relation


def _is_full(other: Examined, link: Link) -> bool:
    """The lead names so many followers already that it need not name more (ADR 0013)."""
    lead: Complaint = other.complaint
    return followers(lead, link.relation) >= other.policy.document.links.mirrored


def _wrong(of: Examined, recorded: Recorded, zh: str, en: str) -> Violation:
    return of.violation("S004-1.2", recorded, zh=zh, en=en, at=recorded.occurred_at)
