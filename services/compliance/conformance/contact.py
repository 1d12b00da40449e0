"""Reaching the customer: the rule of attempts, quiet hours, the medium they asked for, machines that stop no clock."""

from collections.abc import Iterator

from events.complaint import Attempt, Case
from events.contact import ContactStarted, Replied, RetryAttempted, StaffAlerted
from events.ending import Resolved
from events.envelope import Recorded
from events.sentences import local_time
from events.understanding import UnderstandingConfirmed
from events.vocabulary import ActorKind, Audience, Mode, ReplyKind
from policy.contacting.contact import first_failure, is_quiet
from policy.contacting.customer_notices import customer_notices
from policy.contacting.letters import letter
from policy.contacting.notice import Notice
from policy.contacting.told import is_spoken_with
from policy.contacting.written import approved_as
from policy.handling.understanding import is_live
from policy.policy import Policy
from services.compliance.conformance.attempts import Tried, tried, unreached, window_end
from services.compliance.conformance.checks import check
from services.compliance.conformance.examined import Examined
from services.compliance.conformance.violation import Violation


@check(
    *("S002-1.10", "S002-1.11"),
    zh="联系客户的尝试按规则计数：间隔不足、免打扰时段、首次失败均不计",
    en="attempts are counted by the rule: never the first, nor one too early, in quiet hours or outside the window",
)
def attempts_are_counted_by_the_rule(of: Examined) -> Iterator[Violation]:
    """Gap, window and quiet hours are applied anew; what was recorded as counted must agree."""
    for each in of.once(tried):
        if each.fact.counted != each.counted:
            row, retry = each.row, each.policy.document.retry
            first = first_failure(row)
            last = max((a.started_at for a in row if a.counted), default=first)
            early = last is not None and each.at < last + retry.min_gap
            said, meant = ("已计入", "不应计入") if each.fact.counted else ("未计入", "应计入")
            yield of.violation(
                "S002-1.11" if early else "S002-1.10",
                each.recorded,
                zh=f"{local_time(each.at, each.policy.zone)} 的联系尝试{said}次数，按规则{meant}。",
                en=f"The attempt of {local_time(each.at, each.policy.zone)} is recorded as "
                f"{'counted' if each.fact.counted else 'not counted'}, by the rule it is not so.",
                due=last + retry.min_gap if early and last is not None else None,
                at=each.at,
                who=_person(each.recorded),
            )


@check(
    "S002-1.10",
    zh="首次联系失败后四十八小时内再次尝试不少于三次，方可视为联系不上",
    en="nobody is given up before the window ends, nor after fewer counted attempts than the rule demands",
)
def customers_are_not_given_up_too_early(of: Examined) -> Iterator[Violation]:
    """Whoever was not reached within the window was tried as often as the policy demands."""
    for each in of.once(tried):
        if each.gives_up:
            yield from _given_up(of, each)
    row = of.once(unreached)
    end = window_end(row, of.policy)
    if end is not None and end < of.until and of.complaint.ending.closed is None:
        yield from _too_few(of, row, of.policy, of.history[int(row[-1].key.removeprefix("version-")) - 1])


def _given_up(of: Examined, each: Tried) -> Iterator[Violation]:
    """An end of a row: after the window, with attempts enough; of unknown outcome there is a most (policy/contact)."""
    end, zone = window_end(each.row, each.policy), each.policy.zone
    if end is None:
        if not each.row:
            yield of.violation(
                "S002-1.10",
                each.recorded,
                zh="没有任何联系尝试，却登记为时限内未联系上。",
                en="The customer is recorded as not reached, but nobody tried.",
                at=each.at,
                who=_person(each.recorded),
            )
        return
    if each.at < end:
        yield of.violation(
            "S002-1.10",
            each.recorded,
            zh=f"时限 {local_time(end, zone)} 未到即登记为未联系上。",
            en=f"The customer was given up before the window ended {local_time(end, zone)}.",
            due=end,
            at=each.at,
            who=_person(each.recorded),
        )
    if len(each.row) <= each.policy.document.retry.most_attempts:
        yield from _too_few(of, each.row, each.policy, each.recorded)


def _too_few(of: Examined, row: tuple[Attempt, ...], policy: Policy, shown: Recorded) -> Iterator[Violation]:
    counted, wanted = sum(attempt.counted for attempt in row), policy.document.retry.min_attempts
    end = window_end(row, policy)
    if counted >= wanted or end is None:
        return
    then = of.at(end)
    yield of.violation(
        "S002-1.10",
        shown,
        zh=f"时限内计入的再次尝试只有 {counted} 次，应不少于 {wanted} 次。",
        en=f"Only {counted} further attempts counted within the window, the rule demands {wanted}.",
        due=end,
        who=then.handler or then.owner,
    )


def _person(recorded: Recorded) -> str | None:
    return recorded.actor.id if recorded.actor.kind is ActorKind.PERSON else None


_WAKING = (ReplyKind.ACKNOWLEDGEMENT, ReplyKind.UNREACHABLE)
"""Sent at any hour: the receipt at once (S004-1.5), the SMS right after the first failure (S002-1.9)."""


@check(
    "S002-1.13",
    zh="免打扰时段内系统不主动打扰客户",
    en="no machine disturbs the customer in quiet hours with what can wait",
)
def machines_keep_quiet_hours(of: Examined) -> Iterator[Violation]:
    """A message that can wait, and every repeated attempt, is started outside the quiet hours."""
    for recorded in of.all(ContactStarted):
        fact = recorded.fact
        if not isinstance(fact, ContactStarted) or fact.audience is not Audience.CUSTOMER:
            continue
        policy = of.policy_for(recorded)
        if not is_quiet(recorded.occurred_at, policy.document.retry.quiet, policy.zone):
            continue
        again = any(a.notice == fact.notice for a in of.before(recorded.version).attempts)
        if again or not _at_once(of, recorded, fact, policy):
            when = local_time(recorded.occurred_at, policy.zone)
            yield of.violation(
                "S002-1.13",
                recorded,
                zh=f"{when} 为免打扰时段，系统向客户发送了{fact.kind.zh}。",
                en=f"A machine sent the {fact.kind.en} to the customer in quiet hours, {when}.",
                at=recorded.occurred_at,
            )


def _at_once(of: Examined, recorded: Recorded, fact: ContactStarted, policy: Policy) -> bool:
    if fact.kind in _WAKING or approved_as(of.before(recorded.version), fact.notice) is not None:
        return True
    return any(rule.at_once for rule in policy.document.notice.values() if rule.kind is fact.kind)


@check(
    *("S002-1.12", "S002-1.13"),
    zh="系统按客户要求的方式联系；产生费用的联系方式尽量不用",
    en="a machine uses the medium the customer asked for, and no costly one where there is another",
)
def machines_use_the_medium_asked_for(of: Examined) -> Iterator[Violation]:
    """Medium and address of each message are those the policy chooses from what the customer left (C16)."""
    for recorded in of.all(ContactStarted):
        fact = recorded.fact
        if not isinstance(fact, ContactStarted) or fact.audience is not Audience.CUSTOMER:
            continue
        notice = _notice(of, recorded, fact)
        if notice is not None and (notice.medium, notice.recipient) != (fact.medium, fact.recipient):
            costly = any(c.address == fact.recipient and c.costly for c in of.complaint.customer.contacts)
            yield of.violation(
                "S002-1.13" if costly else "S002-1.12",
                recorded,
                zh=f"向客户发送{fact.kind.zh}用了{fact.medium.zh}，按客户要求应为{notice.medium.zh}或其另一联系方式。",
                en=f"The {fact.kind.en} went by {fact.medium.en}; by the customer's wish it is {notice.medium.en} "
                "or another address of theirs.",
                at=recorded.occurred_at,
            )


def _notice(of: Examined, recorded: Recorded, fact: ContactStarted) -> Notice | None:
    """The message as the policy owes it at that moment; None where it owes none of that name."""
    case = Case(of.before(recorded.version), of.upto(recorded.version - 1))
    return next((n for n in customer_notices(case, of.policy_for(recorded)) if n.name == fact.notice), None)


@check(
    *("S004-1.5", "S004-1.7"),
    zh="自动回复不停止人工时钟，并按时钟算出的时间答复客户（正文可读时核对）",
    en="an automatic reply stops no clock of people, and promises what the clocks say (compared where it is readable)",
)
def automatic_replies_are_what_they_say(of: Examined) -> Iterator[Violation]:
    """`approved` belongs to words people approved; an acknowledgement is rendered from the clocks (C2).

    Its text is a token in a ledger with keys: then only the mark is checked.
    """
    for recorded in of.all(Replied):
        fact = recorded.fact
        if isinstance(fact, Replied) and fact.approved and recorded.actor.kind is ActorKind.SYSTEM:
            known = of.before(recorded.version)
            notice = next((a.notice for a in known.attempts if a.key == fact.contact), "")
            if approved_as(known, notice) is None:
                yield of.violation(
                    "S004-1.5",
                    recorded,
                    zh="系统消息被记为人员批准的答复，停止了人工时钟。",
                    en="A machine's message is recorded as approved by people, so that clocks of people stop.",
                    at=recorded.occurred_at,
                    also=("S002-1.15",),
                )
    for recorded in of.all(ContactStarted):
        if isinstance(recorded.fact, ContactStarted) and recorded.fact.kind is ReplyKind.ACKNOWLEDGEMENT:
            yield from _words(of, recorded, recorded.fact)


def _words(of: Examined, recorded: Recorded, fact: ContactStarted) -> Iterator[Violation]:
    known = of.before(recorded.version)
    if of.texts(fact.text) != fact.text or of.texts(known.text) != known.text:
        return
    notice = _notice(of, recorded, fact)
    organisation = of.organisation(recorded.occurred_at)
    case = Case(known, of.upto(recorded.version - 1))
    if notice is not None and letter(notice, case, of.policy_for(recorded), organisation).text != fact.text:
        yield of.violation(
            "S004-1.7" if notice.template.endswith("out_of_hours") else "S004-1.5",
            recorded,
            zh="受理通知的内容与政策模板及时钟算出的时间不一致。",
            en="The words of the acknowledgement are not what the template and the clocks say.",
            at=recorded.occurred_at,
        )


@check(
    "S004-1.2",
    zh="每条消息只发一次、只有一个结果，结果对应已开始的发送",
    en="no message is sent or ended twice, and each end belongs to a message that was started",
)
def messages_are_neither_doubled_nor_made_up(of: Examined) -> Iterator[Violation]:
    """A key starts once; an end names a started key, and only a delivery may still correct an earlier end (I6)."""
    started: set[str] = set()
    for recorded in of.all(ContactStarted, Replied, RetryAttempted, StaffAlerted):
        fact = recorded.fact
        if isinstance(fact, ContactStarted):
            if fact.key in started:
                yield _doubled(of, recorded, f"消息 {fact.key} 重复发送。", f"Message {fact.key} was sent twice.")
            started.add(fact.key)
            continue
        key = getattr(fact, "contact", None)
        if key is None:
            continue
        known = next((a for a in of.before(recorded.version).attempts if a.key == key), None)
        if known is None:
            yield _doubled(
                of, recorded, f"消息 {key} 未曾发送却有结果。", f"Message {key} ended but was never started."
            )
        elif known.ended_at is not None and (known.succeeded or isinstance(fact, RetryAttempted)):
            yield _doubled(
                of, recorded, f"消息 {key} 的结果重复登记。", f"Message {key} is recorded to have ended twice."
            )


def _doubled(of: Examined, recorded: Recorded, zh: str, en: str) -> Violation:
    return of.violation("S004-1.2", recorded, zh=zh, en=en, at=recorded.occurred_at)


@check(
    "S002-1.3",
    zh="能当场解决的当场答复：客户在场，办结前已当面或通话答复",
    en="what is solved on the spot is answered in the same contact, before it is resolved",
)
def on_the_spot_means_while_the_customer_is_there(of: Examined) -> Iterator[Violation]:
    """Only where the customer is on the line or in the room; somebody spoke with them before it was resolved."""
    for recorded in of.all(UnderstandingConfirmed):
        rules, fact = of.policy_for(recorded).document.understanding, recorded.fact
        if isinstance(fact, UnderstandingConfirmed) and fact.on_the_spot and not is_live(of.complaint, rules):
            yield _not_there(of, recorded, "客户不在通话、在线会话或现场", "the customer was not there")
    for recorded in of.all(Resolved):
        known = of.before(recorded.version)
        spoken = (r for r in of.history[: recorded.version] if is_spoken_with(r))
        if known.mode is Mode.ON_THE_SPOT and not any(spoken):
            yield _not_there(of, recorded, "办结前无人当场答复客户", "nobody had answered the customer before")


def _not_there(of: Examined, recorded: Recorded, zh: str, en: str) -> Violation:
    return of.violation(
        "S002-1.3",
        recorded,
        zh=f"第 {recorded.version} 号事件记为现场解决，但{zh}。",
        en=f"Event no. {recorded.version} is on the spot, but {en}.",
        at=recorded.occurred_at,
        who=_person(recorded),
    )
