"""Facts of finding a solution: proposed, approved, agreed before anything is done (S000-3.1, S000-3.9, S000-4.1)."""

from collections.abc import Callable, Collection
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, NamedTuple

from events.approvals import Approval
from events.envelope import Folds, Recorded
from events.fact import Fact, Lasting, Personal, Value
from events.money import Currency, Money
from events.vocabulary import DemandResult, Medium, RemedyBasis, ReplyKind, Service


class Remedy(Value):
    """One thing the company does for the customer, with a responsible person (S004-5.4)."""

    id: str
    """`1`, `2`, in order of the proposal."""
    kind: str
    amount: Money | None = None
    currency: Currency | None = None
    due: datetime
    responsible: str
    exceptional: bool = False
    """Not in the catalogue (S000-3.8)."""
    steps: tuple[str, ...]
    """What is done, in order: `pick_up`, `receive`, `refund` (S004-5.3)."""
    basis: RemedyBasis | None = None
    """Owed, or given out of goodwill (S003-5.3)."""
    valid_until: datetime | None = None
    """How long a coupon may be used (S004-4.4)."""


class DemandAnswered(Value):
    """What becomes of one demand; a refusal has a reason and an alternative (S001-18.12, S002-2.1)."""

    demand: Personal
    result: DemandResult
    reason: Personal | None = None
    alternative: Personal | None = None
    exemption: str | None = None
    """The lawful exemption on which a statutory entitlement is declined (S004-4.1)."""
    evidence: tuple[str, ...] = ()
    """Digests of the evidence that proves the exemption."""


class SolutionProposed(Fact):
    """A numbered proposal that answers every demand (S000-3.1, S004-4.2)."""

    TYPE: ClassVar = "complaint.solution_proposed"
    WRITER: ClassVar = Service.WORKFLOW
    ZH: ClassVar = "{time}，{actor}提出第 {number} 号方案（合计 {total} {currency}，最终方案：{final}）。"
    EN: ClassVar = "{time}: {actor} made proposal {number} (total {total} {currency}, final: {final})."

    number: int
    remedies: tuple[Remedy, ...]
    answers: tuple[DemandAnswered, ...] = ()
    basis: Lasting
    """The rule, law or commitment it stands on (S002-3.1, S002-3.3)."""
    total: Decimal
    currency: Currency
    final: bool = False
    """The bottom line: from here on nothing higher without a named cause (S002-3.5)."""
    unlock: str | None = None
    """The cause that allowed more than an earlier final offer (C9)."""
    ground: Personal | None = None
    """The board's written ground, above every limit."""
    changed: Personal | None = None
    """What is different from the proposal before it (S000-4.2)."""
    content_sha256: str
    """Digest of remedies, answers and basis: what approvers approve."""
    override: Personal | None = None
    """Why its words stand against the lint's advice (S001-7.3)."""


class ApprovalRequested(Fact):
    """Something waits for people with more authority (S000-3.9, S002-1.14)."""

    TYPE: ClassVar = "complaint.approval_requested"
    WRITER: ClassVar = Service.WORKFLOW
    ZH: ClassVar = "{time}，{actor}就 {subject} 请求批准（{rule}）：{stages}。"
    EN: ClassVar = "{time}: {actor} asked for approval of {subject} ({rule}): {stages}."

    subject: str
    """`proposal-1`, `reply-7`, `refund-9`."""
    rule: str
    """The table of the policy that demands it, `approval.written_reply`."""
    content_sha256: str
    stages: tuple[tuple[str, ...], ...]
    """Roles that must all approve, stage after stage; within a stage in any order (S002-1.14, 1.15)."""
    author: str
    """Who wrote it, and so cannot approve it (S003-2.4)."""


class ApprovalGiven(Fact):
    """Somebody approved that content in one role."""

    TYPE: ClassVar = "complaint.approval_given"
    WRITER: ClassVar = Service.WORKFLOW
    ZH: ClassVar = "{time}，{actor}以{as_role}身份批准 {subject}。"
    EN: ClassVar = "{time}: {actor} approved {subject} as {as_role}."

    subject: str
    content_sha256: str
    as_role: str
    reason: Personal = ""
    more: bool = False
    """Others still have to decide: their time begins now (S002-4.6)."""


class ApprovalRefused(Fact):
    """Somebody refused that content in one role; the author may write it anew."""

    TYPE: ClassVar = "complaint.approval_refused"
    WRITER: ClassVar = Service.WORKFLOW
    ZH: ClassVar = "{time}，{actor}以{as_role}身份不同意 {subject}：{reason}。"
    EN: ClassVar = "{time}: {actor} refused {subject} as {as_role}: {reason}."

    subject: str
    content_sha256: str
    as_role: str
    reason: Personal


class ApprovalWithdrawn(Fact):
    """Nobody has to decide any more: other content took the place of what was waiting (S002-1.15)."""

    TYPE: ClassVar = "complaint.approval_withdrawn"
    WRITER: ClassVar = Service.WORKFLOW
    ZH: ClassVar = "{time}，{actor}以新的内容取代 {subject}，原批准请求撤回。"
    EN: ClassVar = "{time}: {actor} put something else in the place of {subject}; its approval is asked for no more."

    subject: str


class ReplyDrafted(Fact):
    """A written reply that waits for its approvals; an edit is a new draft (S002-1.14, S002-1.15)."""

    TYPE: ClassVar = "complaint.reply_drafted"
    WRITER: ClassVar = Service.NOTIFIER
    ZH: ClassVar = "{time}，{actor}起草{kind}（以{medium}答复，编号 {subject}），待审核。"
    EN: ClassVar = "{time}: {actor} drafted the {kind} by {medium} ({subject}); it waits for approval."

    subject: str
    """`reply-7`: what approvals name; an edited draft keeps it and changes the digest."""
    kind: ReplyKind
    medium: Medium
    text: Personal
    content_sha256: str
    """Digest of the text, UTF-8."""
    advice: tuple[str, ...] = ()
    """What the phrase lint said of these words when they were drafted (S001-10.5)."""
    override: Personal | None = None
    """Why the words were used against the lint's advice (S001-7.3)."""
    used: tuple[str, ...] = ()
    """Scripts, checklist items and knowledge used (S001-4.8)."""


class CustomerAgreed(Fact):
    """The customer agreed to a proposal: only now it may be carried out (S000-4.1, S002-1.17)."""

    TYPE: ClassVar = "complaint.customer_agreed"
    WRITER: ClassVar = Service.WORKFLOW
    ZH: ClassVar = "{time}，{actor}记录客户通过{medium}同意第 {proposal} 号方案。"
    EN: ClassVar = "{time}: {actor} recorded that the customer agreed to proposal {proposal} by {medium}."

    proposal: int
    medium: Medium
    words: Personal
    evidence: tuple[str, ...] = ()
    due: datetime | None = None
    """When the last remedy of the proposal is due (S004-4.3)."""


class CustomerDeclined(Fact):
    """The customer declined a proposal; the next one says what changed (S000-4.2, S004-4.5)."""

    TYPE: ClassVar = "complaint.customer_declined"
    WRITER: ClassVar = Service.WORKFLOW
    ZH: ClassVar = "{time}，{actor}记录客户通过{medium}不同意第 {proposal} 号方案。"
    EN: ClassVar = "{time}: {actor} recorded that the customer declined proposal {proposal} by {medium}."

    proposal: int
    medium: Medium
    words: Personal
    evidence: tuple[str, ...] = ()


class Proposal(NamedTuple):
    """A proposal and what the customer said to it."""

    fact: SolutionProposed
    by: str
    at: datetime
    version: int
    agreed: bool = False
    declined: bool = False

    @property
    def subject(self) -> str:
        """What approvals of it name."""
        return f"proposal-{self.fact.number}"


class Draft(NamedTuple):
    """A written reply as last edited."""

    fact: ReplyDrafted
    by: str
    at: datetime
    version: int


class Solution(NamedTuple):
    """The search for a solution so far."""

    proposals: tuple[Proposal, ...] = ()
    approvals: tuple[Approval, ...] = ()
    """The latest of each subject."""
    drafts: tuple[Draft, ...] = ()
    """The latest text of each written reply."""
    round_since: int = 0
    """Version of the last reopening: proposals before it are history, their final offer still binds (S002-3.6)."""

    @property
    def current(self) -> Proposal | None:
        """The newest proposal of this round."""
        return next((p for p in reversed(self.proposals) if p.version > self.round_since), None)

    @property
    def agreed(self) -> Proposal | None:
        """The proposal the customer agreed to in this round."""
        return next((p for p in reversed(self.proposals) if p.agreed and p.version > self.round_since), None)

    def approval(self, subject: str) -> Approval | None:
        """The approval of that subject as it stands."""
        return next((a for a in self.approvals if a.subject == subject), None)

    def waiting(self, sort: str = "") -> tuple[Approval, ...]:
        """Approvals that wait for somebody, all or those of one sort (`refund`); what was replaced waits for nobody."""
        return tuple(a for a in self.approvals if a.is_pending and sort in ("", a.subject.partition("-")[0]))

    def is_approved(self, subject: str, content_sha256: str) -> bool:
        """Nobody needed to approve that content, or everybody has."""
        approval = self.approval(subject)
        return approval is None or (approval.is_given and approval.content_sha256 == content_sha256)


def _proposed(known: Solution, fact: SolutionProposed, recorded: Recorded) -> Solution:
    proposal = Proposal(fact, recorded.actor.id, recorded.occurred_at, recorded.version)
    known = _replacing(known, {earlier.subject for earlier in known.proposals})
    return known._replace(proposals=(*known.proposals, proposal))


def _requested(known: Solution, fact: ApprovalRequested, recorded: Recorded) -> Solution:
    others = tuple(a for a in known.approvals if a.subject != fact.subject)
    asked = Approval(
        fact.subject,
        fact.rule,
        fact.content_sha256,
        fact.stages,
        fact.author,
        recorded.occurred_at,
        recorded.version,
    )
    return known._replace(approvals=(*others, asked))


def _given(known: Solution, fact: ApprovalGiven, recorded: Recorded) -> Solution:
    return _approving(known, fact, lambda a: a._replace(given=(*a.given, (fact.as_role, recorded.actor.id))))


def _refused(known: Solution, fact: ApprovalRefused, recorded: Recorded) -> Solution:
    return _approving(known, fact, lambda a: a._replace(refused_by=recorded.actor.id))


def _withdrawn(known: Solution, fact: ApprovalWithdrawn, _: Recorded) -> Solution:
    return _replacing(known, {fact.subject})


def _replacing(known: Solution, subjects: Collection[str]) -> Solution:
    """Those subjects wait no more; what everybody decided stays decided."""
    approvals = (a._replace(is_replaced=True) if a.is_pending and a.subject in subjects else a for a in known.approvals)
    return known._replace(approvals=tuple(approvals))


def _approving(
    known: Solution, fact: ApprovalGiven | ApprovalRefused, change: Callable[[Approval], Approval]
) -> Solution:
    """The approval of that very content changed; of other content it changes nothing (S002-1.15)."""
    return known._replace(
        approvals=tuple(
            change(a) if (a.subject, a.content_sha256) == (fact.subject, fact.content_sha256) else a
            for a in known.approvals
        )
    )


def _drafted(known: Solution, fact: ReplyDrafted, recorded: Recorded) -> Solution:
    others = tuple(d for d in known.drafts if d.fact.subject != fact.subject)
    return known._replace(drafts=(*others, Draft(fact, recorded.actor.id, recorded.occurred_at, recorded.version)))


def _agreed(known: Solution, fact: CustomerAgreed, _: Recorded) -> Solution:
    return _answered(known, fact.proposal, agreed=True, declined=False)


def _declined(known: Solution, fact: CustomerDeclined, _: Recorded) -> Solution:
    return _answered(known, fact.proposal, agreed=False, declined=True)


def _answered(known: Solution, number: int, **answer: Any) -> Solution:
    proposals = (p._replace(**answer) if p.fact.number == number else p for p in known.proposals)
    return known._replace(proposals=tuple(proposals))


def begun_again(known: Solution, version: int) -> Solution:
    """After a reopening a new solution is sought; what was offered for good stays offered for good (S002-3.6)."""
    return _replacing(known, {p.subject for p in known.proposals})._replace(round_since=version)


CHANGES: Folds = {
    SolutionProposed: _proposed,
    ApprovalRequested: _requested,
    ApprovalGiven: _given,
    ApprovalRefused: _refused,
    ApprovalWithdrawn: _withdrawn,
    ReplyDrafted: _drafted,
    CustomerAgreed: _agreed,
    CustomerDeclined: _declined,
}
"""Fact -> the search for a solution after it."""
