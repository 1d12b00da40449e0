"""Submissions over NATS: recorded, then acknowledged; a bad one is refused to its sender and kept as a dead letter."""

from collections.abc import Mapping
from typing import Annotated, Any

import orjson
import structlog
from faststream import Context
from faststream.nats import NatsBroker
from nats.errors import Error as NatsError

from events.bus import pull
from events.delivery import BadMessage
from events.ledger import Clock
from events.subjects import DURABLES, REPLY_TO, Stream, receipts_subject_from
from services.intake.intake import Intake
from services.intake.submission import InvalidSubmission, Problem, Submission, parse

log = structlog.get_logger()

AT_ONCE = 200
"""Submissions of one pull; they share a commit."""


def take_submissions(broker: NatsBroker, intake: Intake, clock: Clock) -> None:
    """Subscribe intake to `intake.<channel>`."""
    durable = next(durable for durable in DURABLES if durable.stream is Stream.INTAKE)

    async def decode(message: Any) -> Submission:
        try:
            return _of_channel(parse(message.body, clock()), message.raw_message.subject)
        except InvalidSubmission as invalid:
            await _answer(broker, message.headers, invalid.as_json())
            raise BadMessage(str(invalid)) from invalid

    @broker.subscriber(**pull(durable, batch_size=AT_ONCE), decoder=decode, title="submissions")
    async def on_submission(submission: Submission, message: Annotated[Any, Context("message")]) -> None:
        """Record the complaint, then send the receipt to the address in the header `Amends-Reply-To`, if any."""
        try:
            receipt = await intake.accept(submission)
        except InvalidSubmission as invalid:
            await _answer(broker, message.headers, invalid.as_json())
            raise BadMessage(str(invalid)) from invalid
        await _answer(broker, message.headers, receipt.model_dump(mode="json"))


def _of_channel(submission: Submission, subject: str) -> Submission:
    """The same submission; a channel may speak for itself only."""
    channel = subject.rpartition(".")[2]
    if submission.channel != channel:
        problem = Problem(
            field="channel",
            code="other_channel",
            zh=f"渠道 {submission.channel} 的投诉不能经 {subject} 提交",
            en=f"a complaint of channel {submission.channel} cannot come by {subject}",
        )
        raise InvalidSubmission([problem])
    return submission


async def _answer(broker: NatsBroker, headers: Mapping[str, str], answer: Mapping[str, Any]) -> None:
    """Tell the sender, who may have gone; never fails, for the ledger or the dead letter is what counts."""
    address = headers.get(REPLY_TO)
    if not address:
        return
    try:
        subject = receipts_subject_from(address)
    except ValueError as strange:
        log.warning("receipt not sent", error=str(strange))
        return
    try:
        await broker.publish(orjson.dumps(answer), subject, headers={"content-type": "application/json"})
    except (NatsError, TimeoutError, OSError) as failure:
        log.warning("receipt not sent", error=f"{type(failure).__name__}: {failure}")
