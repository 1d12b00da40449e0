"""Reception: one case a message, nothing twice, one policy pinned, a record complete enough, nothing asked again."""

from collections.abc import Iterator

from events.envelope import Recorded, complaint_id
from events.participation import PolicyMigrated
from events.reception import Received, Supplemented
from events.sentences import local_time
from events.understanding import InformationRequested
from events.verification import Verified
from events.vocabulary import ActorKind
from policy.handling.record import Level, already_known, is_full, missing
from services.compliance.conformance.checks import check
from services.compliance.conformance.examined import Examined
from services.compliance.conformance.violation import Violation

PINNED = "M8"
"""The note of the contract that pins a complaint to the policy it was received under (requirements.md, G18)."""


@check(
    *("S004-1.1", "S004-1.2", "S001-4.5", "S001-17.1", "S003-2.2", "S001-14.1"),
    zh="渠道的每条消息对应一件投诉，编号唯一，受理是第一件事",
    en="each message of a channel is one complaint under its own id, and receiving it comes first",
)
def each_message_is_one_complaint(of: Examined) -> Iterator[Violation]:
    """The id follows from channel and reference, so the same message can never be two complaints (ADR 0004)."""
    received = of.history[0]
    fact = received.fact
    if not isinstance(fact, Received):
        return  # such a history cannot be folded, and is told as unreadable
    wanted = complaint_id(fact.channel, fact.external_ref)
    if received.complaint_id != wanted:
        yield of.violation(
            "S004-1.2",
            received,
            zh=f"投诉编号与渠道及渠道编号不符，应为 {wanted}。",
            en=f"The complaint's id does not follow from channel and reference; it is {wanted}.",
        )
    if received.actor.kind is not ActorKind.CHANNEL or received.actor.id != fact.channel:
        yield of.violation(
            "S004-1.1",
            received,
            zh=f"受理登记者为 {received.actor.id}，应为渠道 {fact.channel}。",
            en=f"It was received by {received.actor.id}, not by the channel {fact.channel}.",
        )
    if not fact.number:
        yield of.violation("S001-14.1", received, zh="投诉没有受理编号。", en="The complaint has no number.")


@check(
    "S004-1.2",
    zh="同一内容不重复登记，补充次数不超过上限",
    en="no content is recorded twice, and none beyond the most a complaint may be added to",
)
def nothing_is_recorded_twice(of: Examined) -> Iterator[Violation]:
    """A repeat with known content adds nothing; beyond the bound it is a complaint of its own."""
    for recorded in of.all(Supplemented):
        fact, known = recorded.fact, of.before(recorded.version)
        if isinstance(fact, Supplemented) and fact.content_sha256 in known.contents:
            yield of.violation(
                "S004-1.2",
                recorded,
                zh="渠道重复发送的相同内容被再次登记。",
                en="Content the channel had sent before was recorded again.",
                at=recorded.occurred_at,
            )
        if is_full(known, of.policy_for(recorded).document.record):
            yield of.violation(
                "S004-1.2",
                recorded,
                zh="补充次数超过政策上限。",
                en="The complaint was added to more often than the policy allows.",
                at=recorded.occurred_at,
            )


@check(
    PINNED,
    zh="投诉自始至终适用受理时的政策，变更须有记录",
    en="a complaint stays under the policy it was received under, unless a recorded decision moves it",
)
def one_policy_is_pinned(of: Examined) -> Iterator[Violation]:
    """Each fact names the policy in force for the complaint then; that policy was published before and valid."""
    for recorded in of.history:
        pinned = of.states[max(0, recorded.version - 2)].policy
        if recorded.policy is not None and recorded.policy != pinned:
            yield _pinned(of, recorded, f"适用政策应为 {pinned}", f"is under {recorded.policy}, not {pinned}")
        fact = recorded.fact
        if isinstance(fact, PolicyMigrated) and fact.former != pinned:
            yield _pinned(of, recorded, f"变更前的政策应为 {pinned}", f"moves it from {fact.former}, not {pinned}")
        if isinstance(fact, PolicyMigrated | Received):
            yield from _published(of, recorded, of.after(recorded.version).policy)


def _published(of: Examined, recorded: Recorded, policy_id: str) -> Iterator[Violation]:
    policy, since = of.company.policy(policy_id), of.company.published.get(policy_id)
    if since is not None and since > recorded.recorded_at:
        yield _pinned(
            of, recorded, f"政策 {policy_id} 当时尚未发布", f"names {policy_id}, which was not published then"
        )
    first = next(iter(of.company.published), policy_id)
    valid_from = policy.document.policy.valid_from
    today = recorded.recorded_at.astimezone(policy.zone).date()
    if isinstance(recorded.fact, Received) and policy_id != first and valid_from > today:
        yield _pinned(of, recorded, f"政策 {policy_id} 当时尚未生效", f"names {policy_id}, which was not valid yet")


def _pinned(of: Examined, recorded: Recorded, zh: str, en: str) -> Violation:
    return of.violation(
        PINNED, recorded, zh=f"第 {recorded.version} 号事件：{zh}。", en=f"Event no. {recorded.version} {en}."
    )


@check(
    *("S002-1.4", "S001-4.3"),
    zh="受理和核实前记录完整；已有的信息不再询问客户",
    en="the record is complete before it is taken in and before it is verified; nothing known is asked again",
)
def the_record_is_complete_and_nothing_is_asked_twice(of: Examined) -> Iterator[Violation]:
    """Two levels of completeness (C18). Whether a question asks for what is known is read only in plain words."""
    rules = of.policy.document.record
    if fields := missing(of.states[0], rules, Level.INTAKE):
        yield _incomplete(of, of.history[0], fields)
    for recorded in of.all(Verified):
        known, rules = of.before(recorded.version), of.policy_for(recorded).document.record
        if not of.before(recorded.version).verification.is_done and (
            fields := missing(known, rules, Level.VERIFICATION)
        ):
            yield _incomplete(of, recorded, fields)
    for recorded in of.all(InformationRequested):
        yield from _asked_again(of, recorded)


def _incomplete(of: Examined, recorded: Recorded, fields: tuple[str, ...]) -> Violation:
    named = ", ".join(fields)
    return of.violation(
        "S002-1.4",
        recorded,
        zh=f"记录不完整，缺少：{named.replace(', ', '、')}。",
        en=f"The record is incomplete: {named} missing.",
        at=recorded.occurred_at,
        who=recorded.actor.id if recorded.actor.kind is ActorKind.PERSON else None,
    )


def _asked_again(of: Examined, recorded: Recorded) -> Iterator[Violation]:
    fact, known = recorded.fact, of.before(recorded.version)
    if not isinstance(fact, InformationRequested):
        return
    plain = of.texts(fact.what)
    on_record = already_known(known, of.policy_for(recorded).document.record, plain) if plain else ()
    if fact.what in known.understanding.asked or on_record:
        when = local_time(recorded.occurred_at, of.policy.zone)
        yield of.violation(
            "S001-4.3",
            recorded,
            zh=f"{when} 向客户询问了已有或已询问过的信息。",
            en=f"On {when} the customer was asked for what is known or was asked for already.",
            at=recorded.occurred_at,
            who=recorded.actor.id,
        )
