"""Commands about a person's own contact with the customer: reply, record_attempt (design, section 6)."""

from pydantic import Field, field_validator

from events.commands import Refusal
from events.contact import Replied, RetryAttempted
from events.fact import Value
from events.vocabulary import Medium, Outcome, ReplyKind
from policy.asking import Act, Acts, Ask, Decided
from policy.contact import PERSONAL_ATTEMPT, counts

WRITTEN = frozenset({Medium.LETTER, Medium.EMAIL})
"""Replies that others must approve before they go out (S002-1.14, S002-1.15)."""
TO_CUSTOMER = (
    ReplyKind.DECISION,
    ReplyKind.PROGRESS,
    ReplyKind.EXPLANATION,
    ReplyKind.CONFIRMATION,
    ReplyKind.REFUND,
)
SEEN_BY_PEOPLE = (Outcome.OFF, Outcome.SUSPENDED, Outcome.NO_ANSWER, Outcome.REFUSED, Outcome.NO_CONTACT)
"""What a person who calls can tell (S002-1.8); the other outcomes are the system's."""


class Reply(Value):
    """`reply`: the customer was told."""

    kind: ReplyKind
    medium: Medium
    text: str = Field(min_length=1, max_length=20_000)


class RecordAttempt(Value):
    """`record_attempt`: a person tried to reach the customer and failed (S002-1.8)."""

    medium: Medium
    outcome: Outcome

    @field_validator("outcome")
    @classmethod
    def _is_seen_by_people(cls, outcome: Outcome) -> Outcome:
        if outcome not in SEEN_BY_PEOPLE:
            raise ValueError(f"expected one of {', '.join(SEEN_BY_PEOPLE)}")
        return outcome


def reply(ask: Ask, data: Reply) -> Decided:
    """States that the customer was told by word of mouth or chat; written replies wait for their approvals."""
    if data.kind not in TO_CUSTOMER:
        return _not_for_people(data.kind)
    if data.medium in WRITTEN:
        return _needs_approval(data.medium)
    return [Replied(kind=data.kind, medium=data.medium, text=data.text)]


def record_attempt(ask: Ask, data: RecordAttempt) -> Decided:
    """A failed attempt, counted only when the rule counts it (S002-1.10, S002-1.11)."""
    earlier = ask.complaint.attempts_of(PERSONAL_ATTEMPT)
    counted = counts(earlier, ask.rules.retry, ask.policy.zone, ask.now, data.outcome)
    return [RetryAttempted(kind=PERSONAL_ATTEMPT, medium=data.medium, outcome=data.outcome, counted=counted)]


def _needs_approval(medium: Medium) -> Refusal:
    return Refusal(
        code="written_reply_needs_approval",
        requirement="S002-1.14",
        facts={"medium": medium.value},
        zh=f"以{medium.zh}答复须经专业部门、法律顾问审核并经主管同意;请先以电话或在线方式告知进展",
        en=f"a reply by {medium.en} needs the department's, legal's and the manager's approval; tell progress by phone",
    )


def _not_for_people(kind: ReplyKind) -> Refusal:
    return Refusal(
        code="kind_not_for_people",
        requirement="S004-1.5",
        facts={"kind": kind.value, "allowed": ", ".join(TO_CUSTOMER)},
        zh=f"{kind.zh}由系统发送,人员答复请用:{'、'.join(k.zh for k in TO_CUSTOMER)}",
        en=f"the {kind.en} is sent by the system; people reply with: {', '.join(k.en for k in TO_CUSTOMER)}",
    )


ACTS: Acts = {"reply": Act(Reply, reply), "record_attempt": Act(RecordAttempt, record_attempt)}
"""Name -> act, for NATS, HTTP, the command line and rehearsals."""
