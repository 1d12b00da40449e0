"""Draft a letter or an email: it waits for department and legal, then the manager (S002-1.14, S002-1.15)."""

from events.commands import Refusal, refuse
from events.digest import digest
from events.solution import Draft, ReplyDrafted
from events.vocabulary import Medium, ReplyKind
from policy.asking import Ask, Decided
from policy.contacting.written import open_draft


def drafted(
    ask: Ask,
    kind: ReplyKind,
    medium: Medium,
    text: str,
    advice: tuple[str, ...] = (),
    override: str | None = None,
    used: tuple[str, ...] = (),
) -> Decided:
    """The draft, or the edit of the one that is not sent yet: same subject, other digest, approvals void."""
    before = open_draft(ask.complaint, kind)
    if before is not None and (before.fact.text, before.fact.medium) == (text, medium):
        return _drafted_already(ask, before)
    subject = f"reply-{ask.complaint.version + 1}" if before is None else before.fact.subject
    draft = ReplyDrafted(
        subject=subject,
        kind=kind,
        medium=medium,
        text=text,
        content_sha256=digest(text),
        advice=advice,
        override=override,
        used=used,
    )
    return [draft]


def _drafted_already(ask: Ask, draft: Draft) -> Refusal:
    subject = draft.fact.subject
    approval = ask.complaint.solution.approval(subject)
    waiting = ", ".join(approval.waiting_for) if approval else ""
    return refuse(
        "drafted_already",
        "S002-1.14",
        f"同样内容已起草（{subject}），待批：{waiting or '无'}；如未获同意，请修改后再提交",
        f"these words are drafted already ({subject}), waiting for {waiting or 'nobody'}; change them where refused",
        subject=subject,
        waiting_for=waiting,
    )
