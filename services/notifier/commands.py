"""Commands about a person's own contact with the customer: reply, record_attempt (design, section 6)."""

from pydantic import Field, field_validator

from events.commands import Refusal
from events.contact import Replied, RetryAttempted
from events.fact import Value
from events.vocabulary import Medium, Outcome, ReplyKind
from policy.asking import Act, Acts, Ask, Decided
from policy.contacting.contact import counts, personal_series
from policy.contacting.written import supervisor_first
from policy.wording.phrasing import check
from policy.wording.scripts import unknown_guidance
from services.notifier.drafts import drafted

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
    override: str | None = Field(default=None, min_length=1, max_length=1_000)
    """Why words stand that the phrase lint refuses (S001-7.3)."""
    used: tuple[str, ...] = Field(default=(), max_length=50)
    """Ids of the scripts, checklist items and knowledge used (S001-4.8)."""


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
    """States that the customer was told by word of mouth or chat; a letter or email waits for approval (S002-1.14)."""
    if data.kind not in TO_CUSTOMER:
        return _not_for_people(data.kind)
    if (refusal := supervisor_first(ask.case, data.kind, ask.organisation, ask.rules.authority)) is not None:
        return refusal
    checked = check(ask.policy.linter, ask.case, data.text, data.medium, data.override)
    if (refusal := checked.refusal or unknown_guidance(data.used, ask.rules.guidance_ids)) is not None:
        return refusal
    advice, override = checked.advice, checked.override
    if data.medium in WRITTEN:
        return drafted(ask, data.kind, data.medium, data.text, advice, override, data.used)
    return [
        Replied(kind=data.kind, medium=data.medium, text=data.text, advice=advice, override=override, used=data.used)
    ]


def record_attempt(ask: Ask, data: RecordAttempt) -> Decided:
    """A failed attempt, counted only when the rule counts it (S002-1.10, S002-1.11)."""
    series = personal_series(ask.case)
    counted = counts(series.attempts, ask.rules.retry, ask.policy.zone, ask.now, data.outcome)
    return [RetryAttempted(kind=series.kind, medium=data.medium, outcome=data.outcome, counted=counted)]


def _not_for_people(kind: ReplyKind) -> Refusal:
    return Refusal(
        code="kind_not_for_people",
        requirement="S004-1.5",
        facts={"kind": kind.value, "allowed": ", ".join(TO_CUSTOMER)},
        zh=f"{kind.zh}由系统发送，人员答复请用：{'、'.join(k.zh for k in TO_CUSTOMER)}",
        en=f"the {kind.en} is sent by the system; people reply with: {', '.join(k.en for k in TO_CUSTOMER)}",
    )


ACTS: Acts = {"reply": Act(Reply, reply), "record_attempt": Act(RecordAttempt, record_attempt)}
"""Name -> act, for NATS, HTTP, the command line and rehearsals."""
