"""When the file may be closed: called back, promises kept, reviewed, answered, complete (S002-0.3, S000-6.1)."""

from events.commands import Refusal, refuse
from events.complaint import Complaint
from events.ending import Archived
from events.fact import Value
from policy.asking import Act, Acts, Ask, Decided
from policy.contacting.contact import has_given_up
from policy.contacting.told import is_spoken_with
from policy.handling.ending import is_callback_exhausted
from policy.handling.review import is_review_required


class Archive(Value):
    """`archive`: the file is closed."""


def archive(ask: Ask, _: Archive) -> Decided:
    """First the callback, then the archive; red is reviewed first, promises are kept first (S002-0.3, S000-6.1)."""
    ending = ask.complaint.ending
    if ending.closed in ("not_accepted", "withdrawn"):
        return [Archived(ground=ending.closed)]
    called_back = ending.is_called_back and bool(ending.satisfied)
    refusal = (
        _archived(ask.complaint)
        or _not_resolved(ask.complaint)
        or (None if called_back else _not_called_back(ask))
        or _promises_open(ask.complaint)
        or _review_missing(ask)
        or _not_answered(ask)
        or _file_incomplete(ask.complaint)
    )
    return refusal or [Archived(ground="called_back" if called_back else "callback_exhausted")]


def _archived(complaint: Complaint) -> Refusal | None:
    if complaint.ending.closed is None:
        return None
    return refuse("already_archived", "S002-0.3", "投诉已归档", "the complaint is archived already")


def _not_resolved(complaint: Complaint) -> Refusal | None:
    if complaint.ending.is_resolved:
        return None
    return refuse(
        "not_resolved",
        "S002-0.3",
        "投诉尚未办结：先办结（resolve）、回访，再归档",
        "the complaint is not resolved: resolve it, call back, then archive",
        status=complaint.status,
    )


def _not_called_back(ask: Ask) -> Refusal | None:
    """Callback first; where nobody can be reached the attempts have to be as many as the rule asks (S002-0.3, C5)."""
    dissatisfied = ask.complaint.ending.is_called_back
    if not dissatisfied and is_callback_exhausted(ask.case, ask.rules.retry, ask.policy.zone, ask.now):
        return None
    return refuse(
        "customer_dissatisfied" if dissatisfied else "not_called_back",
        "S004-6.6" if dissatisfied else "S002-0.3",
        "客户不满意，须重新处理" if dissatisfied else "先回访后归档：请回访客户（call_back），联系不上的按规定次数重试",
        "the customer is not satisfied: the complaint begins again"
        if dissatisfied
        else "call back before archiving (call_back), or try as often as the rule asks",
        status=ask.complaint.status,
    )


def _promises_open(complaint: Complaint) -> Refusal | None:
    still = complaint.execution.open_promises
    if not still:
        return None
    names = ", ".join(f"{p.promise}: {p.what}" for p in still)
    return refuse(
        "promises_open",
        "S003-6.2",
        f"答应的事情一定要做到，尚未兑现：{names}",
        f"what was promised is still to be done: {names}",
        promises=", ".join(p.promise for p in still),
    )


def _review_missing(ask: Ask) -> Refusal | None:
    if ask.complaint.learning.is_reviewed or not is_review_required(ask.complaint, ask.rules.review):
        return None
    return refuse(
        "review_missing",
        "S000-6.1",
        "该投诉须先复盘（review）再归档",
        "this complaint is reviewed (review) before it is archived",
        priority=ask.complaint.priority,
    )


def _not_answered(ask: Ask) -> Refusal | None:
    """People spoke with the customer, or tried to and could not: a machine's receipt answers nothing (S003-3.4)."""
    if has_given_up(ask.complaint) or any(map(is_spoken_with, ask.history)):
        return None
    return refuse(
        "not_answered",
        "S003-3.4",
        "尚未给客户任何答复：请先答复（reply）",
        "the customer was never answered: reply first (reply)",
    )


def _file_incomplete(complaint: Complaint) -> Refusal | None:
    """All that decisions rest on is on file by its digest (S002-3.4)."""
    findings = (digest for finding in complaint.verification.findings for digest in finding.fact.evidence)
    missing = [digest for digest in findings if complaint.verification.find(digest) is None]
    missing += [attachment.name for attachment in complaint.attachments if not attachment.sha256]
    if not missing:
        return None
    return refuse(
        "file_incomplete",
        "S002-3.4",
        f"档案不完整，缺少：{'、'.join(missing)}",
        f"the file is incomplete: {', '.join(missing)} is missing",
        missing=", ".join(missing),
    )


ACTS: Acts = {"archive": Act(Archive, archive, when_closed=True)}
