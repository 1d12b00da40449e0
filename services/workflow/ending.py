"""How a complaint ends and begins again: not accepted, withdrawn, resolved, archived, reopened (S002-0.3, S002-7.7)."""

from typing import Annotated

from pydantic import StringConstraints

from events.commands import Refusal, refuse
from events.complaint import Complaint
from events.contact import Replied
from events.ending import Archived, NotAccepted, Reopened, Resolved, Withdrawn
from events.fact import Value
from events.vocabulary import Ground, Resolution
from policy.asking import Act, Acts, Ask, Decided
from policy.handling.ending import is_callback_exhausted
from policy.handling.evidence import unsupported
from policy.handling.review import is_review_required
from services.workflow.resolving import why_not_resolved

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]


class NotAccept(Value):
    """`not_accept`: on one of four grounds, with its proof (S002-7.3..7.6)."""

    ground: str
    proof: str = ""
    """Reference of the document that proves it, or name or digest of checked evidence."""


class Withdraw(Value):
    """`withdraw`: the customer took it back, in their own words."""

    words: Text


class Resolve(Value):
    """`resolve`: what is wrong is put right, what is not is explained (S002-3.2)."""

    outcome: Resolution
    statement: str = ""
    """What was done, or why nobody could be found liable."""


class Reopen(Value):
    """`reopen`: work begins again, and says why (S004-6.6, S002-7.7)."""

    reason: Text


class Archive(Value):
    """`archive`: the file is closed."""


def not_accept(ask: Ask, data: NotAccept) -> Decided:
    """A named person may decide it on four grounds, each proven; it can be reopened (S002-7.7, C11)."""
    refusal = _resolved_already(ask.complaint) or _not_a_ground(ask, data) or _unproven(ask, data)
    return refusal or [NotAccepted(ground=Ground.of(data.ground.strip()), proof=data.proof.strip())]


def withdraw(_: Ask, data: Withdraw) -> Decided:
    """The procedure ends at once; the customer's words are kept."""
    return [Withdrawn(words=data.words)]


def resolve(ask: Ask, data: Resolve) -> Decided:
    """Only once facts are clear, a solution was found and all of it is carried out (S000-3.1, S002-3.2)."""
    refusal = _resolved_already(ask.complaint) or why_not_resolved(ask, data.outcome, data.statement)
    return refusal or [Resolved(outcome=data.outcome, statement=data.statement.strip())]


def reopen(ask: Ask, data: Reopen) -> Decided:
    """Whatever way it ended it can begin again; everything that was recorded stays (S004-6.6, S002-7.7)."""
    ending = ask.complaint.ending
    if ending.is_resolved or ending.closed is not None:
        return [Reopened(round=ending.round + 1, reason=data.reason)]
    return refuse(
        "still_open",
        "S004-6.6",
        "投诉仍在处理中,无需重新处理",
        "the complaint is still being worked on: there is nothing to reopen",
        status=ask.complaint.status,
    )


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


def _resolved_already(complaint: Complaint) -> Refusal | None:
    if not complaint.ending.is_resolved:
        return None
    return refuse(
        "already_resolved",
        "S002-3.2",
        "投诉已办结:请回访,或先重新处理(reopen)",
        "the complaint is resolved: call the customer back, or reopen it first",
        status=complaint.status,
    )


def _not_a_ground(ask: Ask, data: NotAccept) -> Refusal | None:
    grounds = ask.rules.acceptance.not_accepted
    if data.ground.strip() in grounds:
        return None
    return refuse(
        "unknown_ground",
        "S002-7.7",
        f"不予受理仅限以下情形:{'、'.join(f'{g.value}({g.zh})' for g in grounds)}",
        f"a complaint is not accepted on these grounds alone: {', '.join(f'{g.value} ({g.en})' for g in grounds)}",
        ground=data.ground,
    )


_RULE_OF = {
    Ground.SETTLED: "S002-7.3",
    Ground.DECIDED: "S002-7.4",
    Ground.MEDIATED: "S002-7.5",
    Ground.LAW: "S002-7.6",
}


def _unproven(ask: Ask, data: NotAccept) -> Refusal | None:
    """A reference of the document will do; a piece of evidence has to be checked (S002-7.3..7.6, S004-3.3)."""
    proof, ground = data.proof.strip(), Ground.of(data.ground.strip())
    if not proof and ask.rules.acceptance.proof_required:
        return refuse(
            "proof_missing",
            _RULE_OF[ground],
            f"以“{ground.zh}”不予受理须附证明文件编号(proof)",
            f"not accepting because {ground.en} needs the reference of the document that proves it (proof)",
            ground=ground.value,
        )
    return unsupported(ask.complaint, [proof]) if ask.complaint.verification.find(proof) else None


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
        "投诉尚未办结:先办结(resolve)、回访,再归档",
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
        "客户不满意,须重新处理" if dissatisfied else "先回访后归档:请回访客户(call_back),联系不上的按规定次数重试",
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
        f"答应的事情一定要做到,尚未兑现:{names}",
        f"what was promised is still to be done: {names}",
        promises=", ".join(p.promise for p in still),
    )


def _review_missing(ask: Ask) -> Refusal | None:
    if ask.complaint.learning.is_reviewed or not is_review_required(ask.complaint, ask.rules.review):
        return None
    return refuse(
        "review_missing",
        "S000-6.1",
        "该投诉须先复盘(review)再归档",
        "this complaint is reviewed (review) before it is archived",
        priority=ask.complaint.priority,
    )


def _not_answered(ask: Ask) -> Refusal | None:
    """No complaint ends without an answer, unless the customer could not be reached at all (S003-3.4)."""
    if ask.complaint.is_exhausted or any(isinstance(recorded.fact, Replied) for recorded in ask.history):
        return None
    return refuse(
        "not_answered",
        "S003-3.4",
        "尚未给客户任何答复:请先答复(reply)",
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
        f"档案不完整,缺少:{'、'.join(missing)}",
        f"the file is incomplete: {', '.join(missing)} is missing",
        missing=", ".join(missing),
    )


ACTS: Acts = {
    "not_accept": Act(NotAccept, not_accept),
    "withdraw": Act(Withdraw, withdraw),
    "resolve": Act(Resolve, resolve),
    "reopen": Act(Reopen, reopen, when_closed=True),
    "archive": Act(Archive, archive, when_closed=True),
}
