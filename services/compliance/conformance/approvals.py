"""What waits for approval: exactly those words, stage by stage, by others than the author (S002-1.14, S002-1.15)."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from events.ending import Reopened
from events.envelope import Recorded
from events.execution import RefundPaid
from events.solution import (
    ApprovalGiven,
    ApprovalRefused,
    ApprovalRequested,
    ApprovalWithdrawn,
    CustomerAgreed,
    CustomerDeclined,
    ReplyDrafted,
    SolutionProposed,
)
from services.compliance.conformance.checks import check
from services.compliance.conformance.examined import Examined
from services.compliance.conformance.standing import holds, people
from services.compliance.conformance.violation import Violation

WRITTEN_REPLY = "written_reply"
PROPOSAL = "proposal-"


@dataclass
class Wait:
    """A wait for approvals, counted anew from the facts."""

    asked: Recorded
    given: list[tuple[str, str]] = field(default_factory=list)
    """(role, person), in order."""
    is_over: bool = False
    """Refused, withdrawn or replaced."""

    @property
    def fact(self) -> ApprovalRequested:
        """What was asked."""
        assert isinstance(self.asked.fact, ApprovalRequested)
        return self.asked.fact

    @property
    def turn(self) -> tuple[str, ...]:
        """Roles whose turn it is."""
        done = {role for role, _ in self.given}
        open_stage = next((stage for stage in self.fact.stages if not done.issuperset(stage)), ())
        return () if self.is_over else tuple(role for role in open_stage if role not in done)


class Desk:
    """All waits of a complaint and the words they are about, brought forward fact by fact."""

    def __init__(self) -> None:
        self.waits: dict[str, Wait] = {}
        self.words: dict[str, str] = {}
        """Subject -> digest of its newest content."""

    def take(self, recorded: Recorded) -> None:
        """The desk after one more fact."""
        fact = recorded.fact
        if isinstance(fact, SolutionProposed):
            self._end(PROPOSAL)
            self.words[f"{PROPOSAL}{fact.number}"] = fact.content_sha256
        elif isinstance(fact, ReplyDrafted):
            self.words[fact.subject] = fact.content_sha256
        elif isinstance(fact, ApprovalRequested):
            self.waits[fact.subject] = Wait(recorded)
        elif isinstance(fact, Reopened):
            self._end(PROPOSAL)
        elif isinstance(fact, ApprovalWithdrawn):
            self._end(fact.subject)
        elif isinstance(fact, ApprovalGiven | ApprovalRefused):
            self._decided(recorded, fact)

    def _decided(self, recorded: Recorded, fact: ApprovalGiven | ApprovalRefused) -> None:
        wait = self.waits.get(fact.subject)
        if wait is None or wait.fact.content_sha256 != fact.content_sha256:
            return
        if isinstance(fact, ApprovalGiven):
            wait.given.append((fact.as_role, recorded.actor.id))
        else:
            wait.is_over = True

    def _end(self, subjects: str) -> None:
        """Those that still wait for somebody wait no more; what everybody decided stays decided."""
        for subject, wait in self.waits.items():
            if subject.startswith(subjects) and wait.turn:
                wait.is_over = True

    def is_approved(self, subject: str) -> bool:
        """Everybody approved its newest content, or nobody was asked."""
        wait = self.waits.get(subject)
        if wait is None:
            return True
        return not wait.is_over and not wait.turn and wait.fact.content_sha256 == self.words.get(subject)


MOVES = (SolutionProposed, ReplyDrafted, ApprovalRequested, ApprovalGiven, ApprovalRefused, ApprovalWithdrawn, Reopened)


def _moves(of: Examined, *more: type) -> Iterator[tuple[Recorded, Desk]]:
    """Each move with the desk as it was before it."""
    desk = Desk()
    for recorded in of.all(*MOVES, *more):
        yield recorded, desk
        desk.take(recorded)


@check(
    "S003-2.4",
    "S002-1.14",
    "S000-3.9",
    zh="批准人须有权且非起草人",
    en="an approver has the office and is not the author",
)
def an_approver_is_somebody_else(of: Examined) -> Iterator[Violation]:
    """Nobody approves their own words, nobody twice, and everybody only in a role they hold."""
    if not of.has(ApprovalGiven, ApprovalRefused):
        return
    for recorded, desk in _moves(of):
        fact, who, organisation = recorded.fact, recorded.actor.id, people(of, recorded)
        if not isinstance(fact, ApprovalGiven | ApprovalRefused) or organisation is None:
            continue
        wait = desk.waits.get(fact.subject)
        rules, known = of.policy_for(recorded).document.authority, of.before(recorded.version)
        own = wait is not None and (who == wait.fact.author or who in {person for _, person in wait.given})
        if own or not holds(fact.as_role, who, known, rules, organisation):
            yield of.violation(
                "S003-2.4",
                recorded,
                zh=f"{who} 不能以 {fact.as_role} 身份决定 {fact.subject}：为起草人、已批准过或无此职务。",
                en=f"{who} may not decide {fact.subject} as {fact.as_role}: its author, twice, or not of that role.",
                at=recorded.occurred_at,
                who=who,
            )


@check(
    "S002-1.15",
    "S002-1.14",
    "S000-3.9",
    "S003-6.3",
    zh="按顺序批准现有内容，改动即失效",
    en="approved in order, word for word",
)
def approvals_are_of_those_words_and_in_order(of: Examined) -> Iterator[Violation]:
    """Something waits, its content is the newest, and it is that role's turn."""
    if not of.has(ApprovalGiven, ApprovalRefused):
        return
    for recorded, desk in _moves(of):
        fact = recorded.fact
        if not isinstance(fact, ApprovalGiven | ApprovalRefused):
            continue
        wait = desk.waits.get(fact.subject)
        if isinstance(fact, ApprovalRefused) and not fact.reason.strip():
            yield _unreasoned(of, recorded, fact.subject)
        asked = wait.fact.content_sha256 if wait else None
        newest = desk.words.get(fact.subject, asked)
        if wait is None or fact.content_sha256 != asked or asked != newest or fact.as_role not in wait.turn:
            turn = ", ".join(wait.turn) if wait else ""
            yield of.violation(
                "S002-1.15",
                *(wait.asked, recorded) if wait else (recorded,),
                zh=f"{fact.subject} 以 {fact.as_role} 身份的决定不符：待批角色为 {turn or '无'}，或内容已变更。",
                en=f"{fact.subject} was decided as {fact.as_role}; it waited for {turn or 'nobody'}, or had changed.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )
        elif isinstance(fact, ApprovalGiven) and fact.more is not _waits_on(wait, fact):
            yield of.violation(
                "S002-1.15",
                recorded,
                zh=f"{fact.subject} 是否仍待他人批准记录有误。",
                en=f"Whether {fact.subject} still waits for others is recorded wrongly.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


def _unreasoned(of: Examined, recorded: Recorded, subject: str) -> Violation:
    return of.violation(
        "S003-6.3",
        recorded,
        zh=f"不同意 {subject} 未说明理由。",
        en=f"{subject} was refused without a reason the author could act on.",
        at=recorded.occurred_at,
        who=recorded.actor.id,
    )


def _waits_on(wait: Wait, fact: ApprovalGiven) -> bool:
    return bool(Wait(wait.asked, [*wait.given, (fact.as_role, "")]).turn)


@check(
    "S002-1.14",
    "S002-1.15",
    zh="请求批准的内容、角色与起草人属实",
    en="approvals ask those they must, truly",
)
def approvals_ask_the_right_people(of: Examined) -> Iterator[Violation]:
    """A written reply asks department and legal, then the manager; every request names content and author truly."""
    authors: dict[str, str] = {}
    for recorded, desk in _moves(of):
        fact = recorded.fact
        if isinstance(fact, SolutionProposed | ReplyDrafted):
            subject = fact.subject if isinstance(fact, ReplyDrafted) else f"{PROPOSAL}{fact.number}"
            authors[subject] = recorded.actor.id
        if not isinstance(fact, ApprovalRequested) or fact.subject not in desk.words:
            continue
        stages = of.policy_for(recorded).document.approval[WRITTEN_REPLY].stages
        is_reply = not fact.subject.startswith(PROPOSAL)
        true = fact.content_sha256 == desk.words[fact.subject] and fact.author == authors.get(fact.subject)
        if not true or (is_reply and fact.stages != stages):
            yield of.violation(
                "S002-1.14",
                recorded,
                zh=f"{fact.subject} 的批准请求与内容、起草人或规定的角色不符。",
                en=f"The request about {fact.subject} does not fit its words, its author or the roles the rule names.",
                at=recorded.occurred_at,
                who=authors.get(fact.subject),
            )


@check("S000-3.9", zh="获批之前不答复客户、不付款", en="nothing goes to the customer before it is approved")
def nothing_goes_out_unapproved(of: Examined) -> Iterator[Violation]:
    """The customer is asked only about an approved proposal, and only an approved refund is paid."""
    for recorded, desk in _moves(of, CustomerAgreed, CustomerDeclined, RefundPaid):
        fact = recorded.fact
        if isinstance(fact, CustomerAgreed | CustomerDeclined):
            subject, approved = f"{PROPOSAL}{fact.proposal}", desk.is_approved(f"{PROPOSAL}{fact.proposal}")
        elif isinstance(fact, RefundPaid) and (refund := of.before(recorded.version).execution.refund) is not None:
            wait = desk.waits.get(refund.subject)
            subject, approved = refund.subject, wait is None or not (wait.is_over or wait.turn)
        else:
            continue
        if not approved:
            yield of.violation(
                "S000-3.9",
                recorded,
                zh=f"{subject} 尚未获批，却已记录 {recorded.name}。",
                en=f"{subject} was not approved, yet {recorded.name} was recorded.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )
