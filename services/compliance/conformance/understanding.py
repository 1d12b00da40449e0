"""What we understood is read back and confirmed before anything is established (S001-1.7, S001-7.2, S001-17.3)."""

from collections.abc import Iterator

from events.ending import Reopened
from events.understanding import UnderstandingConfirmed
from events.verification import Verified
from services.compliance.conformance.checks import check
from services.compliance.conformance.examined import Examined
from services.compliance.conformance.violation import Violation


@check(
    "S001-1.7",
    "S001-7.2",
    "S001-17.3",
    zh="通话、在线会话先复述确认再核实",
    en="on voice and chat the summary is confirmed first",
)
def the_summary_is_confirmed_before_verification(of: Examined) -> Iterator[Violation]:
    """Where the customer was on the line, the last summary before each finding was confirmed by them."""
    if not of.has(Verified):
        return
    last: UnderstandingConfirmed | None = None
    for recorded in of.all(UnderstandingConfirmed, Verified):
        fact = recorded.fact
        if isinstance(fact, UnderstandingConfirmed):
            last = fact
            continue
        live = of.states[0].channel in of.policy_for(recorded).document.understanding.channels
        if live and (last is None or not last.confirmed):
            yield of.violation(
                "S001-1.7",
                recorded,
                zh="核实之前未向客户复述并取得确认。",
                en="Verified before the customer confirmed what we had understood.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


@check("S001-1.7", "S001-17.3", zh="复述稿按顺序编号并留存", en="summaries are numbered and kept")
def summaries_are_numbered(of: Examined) -> Iterator[Violation]:
    """A correction is the next number, never a change of the one before."""
    for number, recorded in enumerate(of.all(UnderstandingConfirmed), start=1):
        if isinstance(fact := recorded.fact, UnderstandingConfirmed) and (fact.number != number or not fact.summary):
            yield of.violation(
                "S001-1.7",
                recorded,
                zh=f"第 {number} 稿诉求摘要记为第 {fact.number} 稿，或没有内容。",
                en=f"Summary {number} is recorded as number {fact.number}, or says nothing.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


@check("S002-0.1", "S000-0.1", zh="客户不在场不得按现场解决办理", en="solved on the spot only where the customer is")
def the_spot_is_where_the_customer_is(of: Examined) -> Iterator[Violation]:
    """Handling on the spot is noted only on channels where the customer is on the line or in the room."""
    for recorded in of.all(UnderstandingConfirmed):
        channels = of.policy_for(recorded).document.understanding.channels
        fact, channel = recorded.fact, of.states[0].channel
        if isinstance(fact, UnderstandingConfirmed) and fact.on_the_spot and channel not in channels:
            yield of.violation(
                "S002-0.1",
                recorded,
                zh=f"渠道 {channel} 的客户不在场，却按现场解决办理。",
                en=f"A customer of channel {channel} is not here, yet it was handled on the spot.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


@check("S000-0.1", "S004-6.6", zh="重新处理后须重新核实", en="every round takes the same steps again")
def every_round_begins_with_verification(of: Examined) -> Iterator[Violation]:
    """Rounds are counted one by one, whoever reopens: no step of a round is taken over from the one before."""
    for number, recorded in enumerate(of.all(Reopened), start=2):
        if isinstance(fact := recorded.fact, Reopened) and (fact.round != number or not fact.reason.strip()):
            yield of.violation(
                "S004-6.6",
                recorded,
                zh=f"第 {number} 轮重新处理记为第 {fact.round} 轮，或未说明理由。",
                en=f"Round {number} is recorded as round {fact.round}, or gives no reason.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )
