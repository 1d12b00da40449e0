"""The pure decision of intake: a submission becomes Received; a repeat with other content, Supplemented."""

import hashlib
from datetime import datetime
from zoneinfo import ZoneInfo

from events.complaint import Complaint
from events.envelope import Actor, Entry, StreamId, complaint_id
from events.reception import Received, Supplemented
from events.vocabulary import ActorKind
from policy.handling.record import RecordRules, is_full
from services.intake.submission import InvalidSubmission, Problem, Submission


def identity(submission: Submission) -> StreamId:
    """The complaint's id; the same channel message has the same one for ever (S004-1.2)."""
    return complaint_id(submission.channel, submission.external_ref)


def receive(submission: Submission, policy_id: str, zone: ZoneInfo, now: datetime) -> Entry:
    """The first fact of a complaint; its clocks start when the channel saw it (ADR 0007)."""
    moment = submission.occurred_at or now
    fact = Received.model_validate(
        {
            "number": number(identity(submission), moment, zone),
            "channel": submission.channel,
            "external_ref": submission.external_ref,
            "text": submission.text,
            "customer": submission.customer,
            "order_ref": submission.order_ref,
            "product": submission.product,
            "scene": submission.scene,
            "demands": submission.demands,
            "accused": submission.accused,
            "attachments": submission.attachments,
            "content_sha256": submission.content_sha256,
        },
        from_attributes=True,
    )
    return Entry(fact, moment, _channel(submission), policy=policy_id)


def supplement(complaint: Complaint, submission: Submission, rules: RecordRules, now: datetime) -> Entry | None:
    """What a repeat adds; None when its content is known already.

    Raises InvalidSubmission where it was added to as often as it may be: the channel keeps what it sent (S004-1.2).
    """
    content = submission.content_sha256
    if content in complaint.contents:
        return None
    if is_full(complaint, rules):
        raise InvalidSubmission([_too_many(rules.most_supplements)])
    fact = Supplemented.model_validate(
        {
            "text": submission.text,
            "demands": submission.demands,
            "accused": submission.accused,
            "attachments": submission.attachments,
            "content_sha256": content,
        },
        from_attributes=True,
    )
    return Entry(fact, now, _channel(submission), policy=complaint.policy)


def _too_many(most: int) -> Problem:
    return Problem(
        field="external_ref",
        code="too_many_supplements",
        zh=f"同一编号的内容已更改 {most} 次，达到上限：请以新的渠道编号提交",
        en=f"this reference came with other content {most} times, which is the most: submit it under a new reference",
    )


def number(stream: StreamId, moment: datetime, zone: ZoneInfo) -> str:
    """What people call the complaint: the day and ten characters of its id, `C260302-7K3FQ-9XZ2M`.

    Characters without I, L, O, U, so that it survives the telephone.
    """
    fifty_bits = int.from_bytes(hashlib.sha256(stream.encode()).digest()[:7]) >> 6
    letters = "".join([_SPOKEN[fifty_bits >> shift & 31] for shift in range(45, -1, -5)])
    day = moment.astimezone(zone)
    return f"C{day.year % 100:02}{day.month:02}{day.day:02}-{letters[:5]}-{letters[5:]}"


_SPOKEN = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def _channel(submission: Submission) -> Actor:
    return Actor(kind=ActorKind.CHANNEL, id=submission.channel)
