"""Routing and the ladder: by the table of mandates, level by level, jumps only by a named rule, nothing stalled."""

from collections.abc import Iterator
from datetime import datetime

from events.complaint import Complaint
from events.contact import RetryAttempted
from events.ending import Reopened
from events.envelope import History, Recorded
from events.handling import Assigned, Classified, ClockBreached, Escalated
from events.links import Linked, Unlinked
from events.participation import HandedOver, PolicyMigrated
from events.sentences import local_time
from events.verification import Verified
from events.vocabulary import ActorKind
from policy.contacting.contact import has_given_up
from policy.people.hand_over import PING_PONG
from policy.people.ladder import Ladder, decider
from policy.people.organisation import TOP, Organisation
from policy.people.routing import assignment
from services.compliance.conformance.checks import check
from services.compliance.conformance.deadlines import NOTICED_WITHIN
from services.compliance.conformance.examined import Examined
from services.compliance.conformance.violation import Violation

UNREACHABLE = "unreachable"
"""The cause of an escalation because nobody reached the customer (services/workflow)."""


@check(
    *("S004-2.7", "S003-2.3", "S001-4.2", "S002-0.4"),
    zh="按职责分工表派单",
    en="complaints are routed by the table of mandates",
)
def routed_by_the_table_of_mandates(of: Examined) -> Iterator[Violation]:
    """The first assignment by a machine is the one the pinned table gives for the people there at that moment."""
    first = next(iter(of.all(Assigned)), None)
    if first is None or first.actor.kind is not ActorKind.SYSTEM or not isinstance(fact := first.fact, Assigned):
        return
    known, organisation = of.before(first.version), of.organisation(first.occurred_at)
    if known.handler is not None or organisation is None or not _accused_are_plain(of, known):
        return
    meant = assignment(known, of.policy_for(first).document.routing, organisation, first.occurred_at)
    if (fact.owner, fact.handler, fact.department) != (meant.owner, meant.handler, meant.department):
        yield of.violation(
            "S004-2.7" if fact.department != meant.department else "S003-2.3",
            first,
            zh=f"派给了 {fact.department} 的 {fact.handler}（负责人 {fact.owner}），"
            f"按分工表应为 {meant.department} 的 {meant.handler}（负责人 {meant.owner}）。",
            en=f"It was given to {fact.handler} of {fact.department} (owner {fact.owner}); by the table it belongs to "
            f"{meant.handler} of {meant.department} (owner {meant.owner}).",
            at=first.occurred_at,
            who=fact.handler,
        )


def _accused_are_plain(of: Examined, known: Complaint) -> bool:
    """Who is accused can be told from names only in plain words; ids stay readable anyway."""
    return all(of.texts(name) == name for name in (*known.accused, *known.links.accused))


@check(
    *("S002-4.3", "S002-4.4", "S002-4.1", "S002-4.2", "S001-16.4", "S003-4.2"),
    zh="逐级上升：每次一级，跨级须由政策指明的规则触发，不回退、不超顶",
    en="up the ladder one level at a time; a jump names a rule that holds; never down, never past the top",
)
def up_the_ladder_level_by_level(of: Examined) -> Iterator[Violation]:
    """Each escalation begins at the level reached and ends one higher, or at the level of the rule it names."""
    for recorded in of.all(Escalated):
        fact = recorded.fact
        if not isinstance(fact, Escalated):
            continue
        known, ladder = of.before(recorded.version), of.policy_for(recorded).document.ladder
        step = f"第 {fact.from_level} 级至第 {fact.to_level} 级", f"from level {fact.from_level} to {fact.to_level}"
        if fact.from_level != known.level:
            yield _step(
                of, recorded, f"升级（{step[0]}）与当时级别 {known.level} 不符", _begins_wrong(step[1], known.level)
            )
        elif fact.to_level > ladder.top:
            yield _step(of, recorded, f"升级超过最高级别 {ladder.top}", f"the step passes the top, level {ladder.top}")
        elif not known.is_open:
            yield _step(of, recorded, "投诉已结束或已并入，仍被升级", "the complaint had ended or was merged")
        elif fact.cause in ladder.jump:
            yield from _jumped(of, recorded, fact, known, ladder)
        elif fact.to_level != known.level + 1:
            yield _step(of, recorded, f"未经规则跨级升级（{step[0]}）", f"a jump {step[1]} that no rule named")


def _begins_wrong(step: str, level: int) -> str:
    return f"a step {step} while the complaint stood on level {level}"


def _jumped(of: Examined, recorded: Recorded, fact: Escalated, known: Complaint, ladder: Ladder) -> Iterator[Violation]:
    rule = ladder.jump[fact.cause]
    if fact.to_level != rule.to_level:
        zh, en = f"规则 {fact.cause} 升至第 {rule.to_level} 级", f"rule {fact.cause} raises to level {rule.to_level}"
        yield _step(of, recorded, f"{zh}，实为第 {fact.to_level} 级", f"{en}, it was level {fact.to_level}")
    elif not rule.fires(known):
        yield _step(of, recorded, f"规则 {fact.cause} 并不成立", f"rule {fact.cause} did not hold")


def _step(of: Examined, recorded: Recorded, zh: str, en: str) -> Violation:
    return of.violation(
        "S002-4.3",
        recorded,
        zh=f"第 {recorded.version} 号事件：{zh}。",
        en=f"Event no. {recorded.version}: {en}.",
        at=recorded.occurred_at,
        who=recorded.actor.id if recorded.actor.kind is ActorKind.PERSON else None,
    )


@check(
    *("S002-4.4", "S002-4.2", "S001-16.4", "S003-4.2"),
    zh="紧急、重大、升级趋势、重复的投诉立即升级至规则指明的级别",
    en="urgent, major, growing and repeated complaints rise at once to the level their rule names",
)
def raised_at_once_where_a_rule_demands_it(of: Examined) -> Iterator[Violation]:
    """From the fact that makes a jump rule hold; within a minute the complaint stands at its level or has ended."""
    for name in of.policy.document.ladder.jump:
        since = _fires_since(of, name)
        if since is None:
            continue
        rule = of.policy.document.ladder.jump[name]
        shown = of.history[since - 1]
        at = _moment(of, shown)
        reached = next(
            (
                r
                for r, s in zip(of.history, of.states, strict=True)
                if r.version >= since and _is_settled(s, rule.to_level)
            ),
            None,
        )
        done = reached.occurred_at if reached else of.until
        if done > at + NOTICED_WITHIN:
            source = rule.source
            yield of.violation(
                source[0],
                *([shown, reached] if reached else [shown]),
                zh=f"规则 {name} 自 {local_time(at, of.policy.zone)} 起要求升至第 {rule.to_level} 级，未立即升级。",
                en=f"From {local_time(at, of.policy.zone)} on rule {name} demanded level {rule.to_level}, "
                "and it was not raised at once.",
                due=at,
                at=done,
                also=source[1:],
            )


def _fires_since(of: Examined, name: str) -> int | None:
    """The version after which that rule held first while the complaint was open, sorted and below its level."""
    for recorded in of.once(_turns):
        state = of.after(recorded.version)
        policy = of.policy if state.policy == of.complaint.policy else of.company.policy(state.policy)
        rule = policy.document.ladder.jump.get(name)
        if rule is not None and state.is_open and state.category and state.level < rule.to_level and rule.fires(state):
            return recorded.version
    return None


def _turns(of: Examined) -> list[Recorded]:
    """The facts that may make a jump rule hold."""
    return of.all(Classified, Linked, Unlinked, Verified, Reopened, PolicyMigrated)


def _is_settled(state: Complaint, level: int) -> bool:
    return state.level >= level or not state.is_open


def _moment(of: Examined, recorded: Recorded) -> datetime:
    first = of.history[0]
    return max(recorded.occurred_at, first.recorded_at if recorded.version == 1 else recorded.occurred_at)


@check(
    *("S002-4.6", "S002-4.3", "S002-1.10", "S000-3.10", "S001-8.1"),
    zh="系统的每次升级都有依据；该升级的超时立即升级",
    en="a machine raises only with a ground, and at once where a missed deadline demands it",
)
def machines_raise_with_a_ground(of: Examined) -> Iterator[Violation]:
    """The cause is a jump rule, a breach whose rule escalates, a customer not reached, or a task gone in circles."""
    for recorded in of.all(Escalated):
        fact = recorded.fact
        if (
            isinstance(fact, Escalated)
            and recorded.actor.kind is ActorKind.SYSTEM
            and not _has_ground(of, recorded, fact)
        ):
            yield of.violation(
                "S002-4.3",
                recorded,
                zh=f"系统以“{fact.cause}”为由升级，当时并无此依据。",
                en=f"A machine raised the complaint because of “{fact.cause}”, for which there was no ground.",
                at=recorded.occurred_at,
            )
    for recorded in of.all(ClockBreached):
        yield from _not_raised(of, recorded)
    for recorded in of.all(RetryAttempted):
        yield from _not_told_upward(of, recorded)


def _has_ground(of: Examined, recorded: Recorded, fact: Escalated) -> bool:
    known, policy = of.before(recorded.version), of.policy_for(recorded)
    if fact.cause in policy.document.ladder.jump:
        return True  # whether the rule holds is another check's matter
    if fact.cause == UNREACHABLE:
        return has_given_up(known)
    if fact.cause == PING_PONG:
        return any(isinstance(r.fact, HandedOver | Assigned) for r in of.history[: recorded.version])
    before = of.history[recorded.version - 2].fact
    if not isinstance(before, ClockBreached):
        return False
    return policy.escalates(before.clock) and policy.cause_of(before.clock) == fact.cause


def _not_raised(of: Examined, recorded: Recorded) -> Iterator[Violation]:
    fact, policy, after = recorded.fact, of.policy_for(recorded), of.after(recorded.version)
    if not isinstance(fact, ClockBreached) or not policy.escalates(fact.clock) or not after.is_open:
        return
    if after.level >= policy.document.ladder.top or _next_is(of.history, recorded, policy.cause_of(fact.clock)):
        return
    spec = policy.clocks.specs[fact.clock]
    yield of.violation(
        (spec.source or ("S002-4.3",))[0],
        recorded,
        zh=f"时钟 {fact.clock} 超时后应上升一级，未升级。",
        en=f"After the breach of clock {fact.clock} the complaint had to rise one level, and did not.",
        due=recorded.occurred_at,
        at=of.until,
        also=spec.source[1:],
    )


def _next_is(history: History, recorded: Recorded, cause: str) -> bool:
    following = history[recorded.version].fact if recorded.version < len(history) else None
    return isinstance(following, Escalated) and following.cause == cause


def _not_told_upward(of: Examined, recorded: Recorded) -> Iterator[Violation]:
    """A customer nobody reached goes one level up, once a round (S002-1.10)."""
    known, after = of.before(recorded.version), of.after(recorded.version)
    if has_given_up(known) or not has_given_up(after) or not after.is_open:
        return
    ladder = of.policy_for(recorded).document.ladder
    raised = [r for r in of.all(Escalated) if r.version > recorded.version]
    at = next((r.occurred_at for r in raised), of.until)
    if after.level < ladder.top and at > recorded.occurred_at + NOTICED_WITHIN:
        yield of.violation(
            "S002-1.10",
            recorded,
            zh="时限内未联系上客户，应上升一级，未及时升级。",
            en="The customer was not reached within the window; it had to rise one level, and did not at once.",
            due=recorded.occurred_at,
            at=at,
        )


@check(
    *("S002-4.3", "S002-4.4", "S001-9.4", "S002-7.1"),
    zh="升级交由该级有权、在岗、无须回避的人员",
    en="an escalation goes to somebody of that level who is there and not barred",
)
def raised_to_whoever_decides_there(of: Examined) -> Iterator[Violation]:
    """The person named is the decider of that level: up the handler's line, delegates standing in for the absent."""
    for recorded in of.all(Escalated):
        fact, known = recorded.fact, of.before(recorded.version)
        organisation = of.organisation(recorded.occurred_at)
        if not isinstance(fact, Escalated) or organisation is None or not _accused_are_plain(of, known):
            continue
        meant = decider(known, fact.to_level, organisation, recorded.occurred_at)
        if fact.person != meant:
            yield of.violation(
                "S002-4.3",
                recorded,
                zh=f"升级交给了 {fact.person}，当时第 {fact.to_level} 级应由 {_named(meant, organisation)} 决定。",
                en=f"It was raised to {fact.person}; at level {fact.to_level} {meant} decided then.",
                at=recorded.occurred_at,
                who=fact.person,
            )


def _named(person: str, organisation: Organisation) -> str:
    return "董事会" if person == TOP and person not in organisation.person else person
