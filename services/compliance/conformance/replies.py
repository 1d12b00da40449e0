"""Letters and emails go out as approved, word for word; a fault of one's own is told above first (S002-1.14, 1.15)."""

from collections.abc import Iterator

from events.contact import ContactStarted, Replied, StaffAlerted
from events.digest import digest
from events.envelope import Recorded
from events.handling import Escalated
from events.solution import ReplyDrafted
from events.vocabulary import Audience, Medium, ReplyKind
from policy.policy import Policy
from services.compliance.conformance.approvals import MOVES, Desk
from services.compliance.conformance.checks import check
from services.compliance.conformance.examined import Examined
from services.compliance.conformance.standing import by_person, people
from services.compliance.conformance.violation import Violation

WRITTEN = frozenset({Medium.LETTER, Medium.EMAIL})
"""What S002-1.14 calls a written reply."""
OF_ITSELF = frozenset({ReplyKind.ACKNOWLEDGEMENT, ReplyKind.UNREACHABLE})
"""Messages to the customer that no notice rule names."""


@check("S002-1.14", "S002-1.15", zh="书面答复经审核批准后原文发出", en="a written reply is sent as it was approved")
def a_letter_is_sent_as_approved(of: Examined) -> Iterator[Violation]:
    """Each message in people's words was drafted, approved, not edited since, and carries those very words."""
    if not of.has(ContactStarted):
        return
    desk, drafts = Desk(), dict[str, Recorded]()
    for recorded in of.all(*MOVES, ContactStarted):
        desk.take(recorded)
        fact = recorded.fact
        if isinstance(fact, ReplyDrafted):
            drafts[fact.subject] = recorded
        if not isinstance(fact, ContactStarted) or not _is_peoples(fact, drafts, of.policy_for(recorded)):
            continue
        draft = drafts.get(fact.notice.rpartition("-")[0])
        if draft is None or not _is_that(fact, draft) or not _is_approved(desk, draft):
            yield of.violation(
                "S002-1.15" if draft else "S002-1.14",
                *(draft, recorded) if draft else (recorded,),
                zh=f"{fact.notice} 未经全部批准或与获批文字不同，却已发出。",
                en=f"{fact.notice} went out without every approval, or not as it was approved.",
                at=recorded.occurred_at,
                who=draft.actor.id if draft else None,
            )


def _is_peoples(fact: ContactStarted, drafts: dict[str, Recorded], policy: Policy) -> bool:
    """A message to the customer that carries words of people and not those of a template."""
    if fact.audience is not Audience.CUSTOMER:
        return False
    if fact.notice.rpartition("-")[0] in drafts:
        return True
    return fact.kind not in OF_ITSELF and fact.kind not in {rule.kind for rule in policy.document.notice.values()}


def _is_that(fact: ContactStarted, draft: Recorded) -> bool:
    words = draft.fact
    if not isinstance(words, ReplyDrafted):
        return False
    return fact.text == words.text and fact.kind is words.kind and words.content_sha256.startswith(_shown(fact))


def _shown(fact: ContactStarted) -> str:
    return fact.notice.rpartition("-")[2]


def _is_approved(desk: Desk, draft: Recorded) -> bool:
    """Somebody was asked, and everybody said yes to these very words."""
    subject = draft.fact.subject if isinstance(draft.fact, ReplyDrafted) else ""
    return subject in desk.waits and desk.is_approved(subject)


@check("S002-1.14", zh="人员不得绕过审核直接发出书面答复", en="nobody writes to a customer past the approvers")
def nobody_writes_past_the_approvers(of: Examined) -> Iterator[Violation]:
    """A person's own reply is by mouth or chat; a machine's counts as approved only as a letter."""
    if not of.has(Replied):
        return
    letters = {d.fact.subject for d in of.all(ReplyDrafted) if isinstance(d.fact, ReplyDrafted)}
    started = {r.fact.key: r.fact.notice for r in of.all(ContactStarted) if isinstance(r.fact, ContactStarted)}
    for recorded in of.all(Replied):
        fact = recorded.fact
        if not isinstance(fact, Replied):
            continue
        past = by_person(recorded) and fact.medium in WRITTEN
        carried = started.get(fact.contact or "", "").rpartition("-")[0]
        if past or (fact.approved and carried not in letters):
            yield of.violation(
                "S002-1.14",
                recorded,
                zh=f"以 {fact.medium.value} 的答复未经部门、法务和主管审核。",
                en=f"A reply by {fact.medium.value} that department, legal and manager did not see.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


@check("S002-1.15", zh="起草内容与其摘要一致", en="the digest of a draft is that of its words")
def a_draft_is_what_its_digest_says(of: Examined) -> Iterator[Violation]:
    """What approvers approve by digest is the text itself; a text that only a key opens is not compared."""
    for recorded in of.all(ReplyDrafted):
        fact = recorded.fact
        words = of.texts(fact.text) if isinstance(fact, ReplyDrafted) else None
        if isinstance(fact, ReplyDrafted) and words is not None and digest(words) != fact.content_sha256:
            yield of.violation(
                "S002-1.15",
                recorded,
                zh=f"{fact.subject} 的文字与其摘要不符。",
                en=f"The words of {fact.subject} are not those of its digest.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


@check("S003-4.2", zh="员工自报差错先报主管再答复客户", en="a fault of one's own is told above before the customer")
def the_supervisor_hears_of_a_fault_first(of: Examined) -> Iterator[Violation]:
    """Between a self-reported finding and the decision told to the customer somebody above learnt of it."""
    for recorded in of.all(Replied, ReplyDrafted):
        fact, organisation = recorded.fact, people(of, recorded)
        if not by_person(recorded) or organisation is None or fact.kind is not ReplyKind.DECISION:  # type: ignore[attr-defined]
            continue
        finding = of.before(recorded.version).verification.finding
        if finding is None or not finding.fact.self_reported:
            continue
        above = organisation.from_level(of.policy_for(recorded).document.authority.supervisor_level)
        since = of.history[finding.version - 1 : recorded.version - 1]
        if not any(_tells(each, above) for each in since):
            yield of.violation(
                "S003-4.2",
                of.history[finding.version - 1],
                recorded,
                zh="员工自报差错尚未报主管，已向客户作出处理意见。",
                en="A colleague's own fault reached the customer as a decision before any supervisor.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


def _tells(recorded: Recorded, above: tuple[str, ...]) -> bool:
    """It was raised, somebody above was alerted, or somebody above acted."""
    fact = recorded.fact
    if isinstance(fact, StaffAlerted):
        return fact.delivered and fact.person in above
    return isinstance(fact, Escalated) or (by_person(recorded) and recorded.actor.id in above)
