"""Approve or refuse what somebody with less authority wrote; an edit makes every approval void (S002-1.14, 1.15)."""

from collections.abc import Sequence

from pydantic import Field

from events.approvals import Approval
from events.commands import Refusal, refuse
from events.complaint import Complaint
from events.fact import Value
from events.reconciler import Draft
from events.solution import ApprovalGiven, ApprovalRefused, ApprovalRequested
from policy.asking import Act, Acts, Ask, Decided
from policy.people.authority import may_approve, who_may_approve
from policy.policy import Policy

WRITTEN_REPLY = "written_reply"
"""The approval every letter and email needs (S002-1.14)."""


class Approve(Value):
    """`approve` and `refuse_approval`: in one role, of exactly the content that was read."""

    subject: str
    """`proposal-1`, `reply-9`, `refund-12`; the sort alone, `reply`, where only one waits."""
    content_sha256: str
    """Digest of what was read."""
    as_role: str
    reason: str = Field(default="", max_length=2_000)


def approve(ask: Ask, data: Approve) -> Decided:
    """One role's approval of that content; whoever wrote it gives none (S003-2.4)."""
    approval = _asked_for(ask.complaint, data)
    if approval is None:
        return _nothing_to_approve(ask.complaint, data.subject)
    role = _role(ask, approval, data.as_role)
    if (refusal := _may_not(ask, approval, data, role)) is not None:
        return refusal
    return [
        ApprovalGiven(
            subject=approval.subject,
            content_sha256=approval.content_sha256,
            as_role=role,
            reason=data.reason,
            more=not approval._replace(given=(*approval.given, (role, ask.by))).is_given,
        )
    ]


def refuse_approval(ask: Ask, data: Approve) -> Decided:
    """One role refuses that content, with a reason the author can act on."""
    approval = _asked_for(ask.complaint, data)
    if approval is None:
        return _nothing_to_approve(ask.complaint, data.subject)
    role = _role(ask, approval, data.as_role)
    refusal = _may_not(ask, approval, data, role) or _reason_missing(data)
    if refusal is not None:
        return refusal
    return [
        ApprovalRefused(
            subject=approval.subject, content_sha256=approval.content_sha256, as_role=role, reason=data.reason
        )
    ]


def request_approvals(draft: Draft, policy: Policy) -> None:
    """Every written reply whose words nobody was asked about yet waits for its approvals (S002-1.14).

    An edit has another digest: it is asked about anew, and what was given before counts no more (S002-1.15).
    """
    for written in draft.case.complaint.solution.drafts:
        asked = draft.case.complaint.solution.approval(written.fact.subject)
        if asked is None or asked.content_sha256 != written.fact.content_sha256:
            draft.add(
                ApprovalRequested(
                    subject=written.fact.subject,
                    rule=f"approval.{WRITTEN_REPLY}",
                    content_sha256=written.fact.content_sha256,
                    stages=policy.document.approval[WRITTEN_REPLY].stages,
                    author=written.by,
                )
            )


def _asked_for(complaint: Complaint, data: Approve) -> Approval | None:
    """The approval that is meant: by its subject, else by the words themselves, else the only one of that sort."""
    waiting = complaint.solution.waiting()
    asked = complaint.solution.approval(data.subject) or _only(
        [a for a in waiting if a.content_sha256 == data.content_sha256] or complaint.solution.waiting(data.subject)
    )
    over = asked is None or asked.refused_by is not None or asked.is_replaced
    return None if over else asked


def _only(found: Sequence[Approval]) -> Approval | None:
    return found[0] if len(found) == 1 else None


def _role(ask: Ask, approval: Approval, as_role: str) -> str:
    """The role that is waited for; whoever holds a stronger deciding role may act for a weaker one."""
    levels = ask.rules.authority.role
    if as_role in approval.waiting_for or ask.organisation.level_of(ask.by) < levels.get(as_role, 0):
        return as_role
    weaker = (role for role in approval.waiting_for if levels.get(role, 0) < levels.get(as_role, 0) and role in levels)
    return next(weaker, as_role)


def _may_not(ask: Ask, approval: Approval, data: Approve, role: str) -> Refusal | None:
    return (
        _changed(ask.complaint, approval, data)
        or _already(approval, role)
        or _over(ask, approval)
        or _not_your_turn(ask, approval, role)
        or _not_authorised(ask, approval, role)
    )


def _changed(complaint: Complaint, approval: Approval, data: Approve) -> Refusal | None:
    """The content seen is the content as it is, also where nobody was asked about the newest words yet (S002-1.15)."""
    drafts = (draft.fact for draft in complaint.solution.drafts)
    newest = (draft.content_sha256 for draft in drafts if draft.subject == approval.subject)
    current = next(newest, approval.content_sha256)
    if data.content_sha256.strip().casefold() == approval.content_sha256 == current:
        return None
    return refuse(
        "content_changed",
        "S002-1.15",
        f"{approval.subject} 的内容已变更，请阅读现有内容后再批准",
        f"{approval.subject} has changed: read what it says now, then decide",
        subject=approval.subject,
        current=current,
        approved=data.content_sha256,
    )


def _already(approval: Approval, role: str) -> Refusal | None:
    by = next((person for given, person in approval.given if given == role), None)
    if by is None:
        return None
    return refuse(
        "already_approved",
        "S002-1.14",
        f"{by} 已以{role}身份批准 {approval.subject}",
        f"{by} has approved {approval.subject} as {role} already",
        subject=approval.subject,
        role=role,
    )


def _over(ask: Ask, approval: Approval) -> Refusal | None:
    return _nothing_to_approve(ask.complaint, approval.subject) if approval.is_given else None


def _not_your_turn(ask: Ask, approval: Approval, role: str) -> Refusal | None:
    """Department and legal in any order, then the manager (S002-1.14, S002-1.15)."""
    if role in approval.waiting_for:
        return None
    waited = ", ".join(approval.waiting_for)
    return refuse(
        "not_your_turn",
        "S002-1.15",
        f"{approval.subject} 现待以下角色批准：{waited}",
        f"{approval.subject} waits for {waited} now, not for {role}",
        may=_who(ask, approval),
        subject=approval.subject,
        role=role,
        waiting_for=waited,
    )


def _not_authorised(ask: Ask, approval: Approval, role: str) -> Refusal | None:
    """Only people of that role, never the author, nobody twice (S003-2.4)."""
    fits = may_approve(ask.complaint, approval, role, ask.by, ask.rules.authority, ask.organisation)
    if fits and ask.by not in _given_by(approval):
        return None
    return refuse(
        "not_authorised",
        "S003-2.4",
        f"{ask.by} 不能以{role}身份批准 {approval.subject}：须为该角色人员，且非起草人、未以其他身份批准",
        f"{ask.by} cannot approve {approval.subject} as {role}: it takes that role, not its author, and nobody twice",
        may=_who(ask, approval),
        recorded=True,
        subject=approval.subject,
        role=role,
    )


def _who(ask: Ask, approval: Approval) -> tuple[str, ...]:
    """Who may approve now."""
    may = who_may_approve(ask.complaint, approval, ask.rules.authority, ask.organisation)
    return tuple(person for person in may if person not in _given_by(approval))


def _given_by(approval: Approval) -> frozenset[str]:
    return frozenset(person for _, person in approval.given)


def _reason_missing(data: Approve) -> Refusal | None:
    if data.reason.strip():
        return None
    return refuse(
        "reason_missing",
        "S003-6.3",
        "不同意须说明理由（reason），以便起草人修改",
        "say why you refuse (reason), so that the author can write it anew",
    )


def _nothing_to_approve(complaint: Complaint, subject: str) -> Refusal:
    waiting = [approval.subject for approval in complaint.solution.waiting()]
    return refuse(
        "nothing_to_approve",
        "S000-3.9",
        f"{subject} 没有待批事项；现待批：{'、'.join(waiting) or '无'}",
        f"{subject} waits for no approval; waiting now: {', '.join(waiting) or 'nothing'}",
        subject=subject,
        pending=", ".join(waiting),
    )


ACTS: Acts = {"approve": Act(Approve, approve), "refuse_approval": Act(Approve, refuse_approval)}
"""Name -> act."""
