"""Sorting: all facets by the pinned rules, red when red is due and never lowered by a machine.

The words themselves are tokens in a ledger with keys: what needs them is compared only where they are readable, as in
rehearsals or with keys at hand; everything that follows from recorded facts is compared always.
"""

from collections.abc import Iterator
from datetime import datetime

from events.complaint import Complaint
from events.envelope import Recorded
from events.handling import Classified
from events.links import Linked
from events.reception import Supplemented
from events.sentences import local_time
from events.understanding import UnderstandingConfirmed
from events.vocabulary import ActorKind, Priority, Relation
from policy.policy import Policy
from policy.sorting.taxonomy import nature, sub_cause
from policy.sorting.triage import Triage
from services.compliance.conformance.checks import check
from services.compliance.conformance.deadlines import NOTICED_WITHIN
from services.compliance.conformance.examined import Examined
from services.compliance.conformance.violation import Violation

EMOTION, BATCH, RED = "emotion", "red:batch", "red:"
"""The measure a colleague notes, the reason of an incident's member, how every reason for red begins."""


@check(
    *("S001-16.3", "S003-6.6", "S001-10.2", "S002-0.4"),
    zh="性质、紧急程度、复杂程度、处理方式均按分类规则由所记依据得出",
    en="nature, colour, sub-cause and mode follow from the recorded reasons by the pinned taxonomy",
)
def facets_follow_from_their_reasons(of: Examined) -> Iterator[Violation]:
    """A machine's classification agrees with itself: taxonomy version, nature, sub-cause, red with a reason for red."""
    for recorded in of.all(Classified):
        fact = recorded.fact
        if isinstance(fact, Classified) and recorded.actor.kind is ActorKind.SYSTEM:
            rules = of.policy_for(recorded).document.taxonomy
            if fact.taxonomy and fact.taxonomy != rules.version:
                yield _wrong(of, recorded, "S001-16.3", f"分类版本应为 {rules.version}", "names another taxonomy")
            if fact.nature is not None and not _is_raised(of, recorded) and fact.signals is not None:
                meant = nature(fact.flags, fact.signals, fact.priority, rules)
                if fact.nature is not meant:
                    yield _wrong(of, recorded, "S001-16.3", f"性质应为{meant.zh}", f"is {meant.en} by its reasons")
                if fact.sub != sub_cause(fact.category, fact.rules, rules):
                    yield _wrong(of, recorded, "S001-16.3", "子类与所记依据不符", "has a sub-cause its reasons deny")
            if (fact.priority is Priority.RED) != any(rule.startswith(RED) for rule in fact.rules):
                yield _wrong(of, recorded, "S001-16.3", "颜色与所记依据不符", "has a colour its reasons deny")


def _is_raised(of: Examined, recorded: Recorded) -> bool:
    """Made red after all: the other facets stay as they were before (S004-2.3)."""
    fact = recorded.fact
    before = of.before(recorded.version)
    return before.category is not None or (isinstance(fact, Classified) and BATCH in fact.rules)


@check(
    *("S001-16.3", "S004-2.2", "S004-2.3", "S004-2.4", "S004-2.5", "S004-2.6", "S003-1.5"),
    zh="类别、颜色、复杂程度与正文按规则得出的一致（正文可读时核对）",
    en="category, colour and complexity are what the rules read in the words (compared where they are readable)",
)
def sorted_by_its_words(of: Examined) -> Iterator[Violation]:
    """The first classification by a machine, recomputed from the text, demands and scene as received."""
    first = next(iter(of.all(Classified)), None)
    if first is None or first.actor.kind is not ActorKind.SYSTEM or not isinstance(fact := first.fact, Classified):
        return
    triage = _read(of, of.before(first.version), of.policy_for(first))
    if triage is None or (fact.priority is not triage.priority and BATCH in fact.rules):
        return
    added = any(recorded.version < first.version for recorded in of.all(Supplemented))
    if (fact.category, fact.complexity) != (triage.category, triage.complexity):
        yield _wrong(
            of,
            first,
            "S001-16.3",
            f"应为{triage.category.zh}类、{triage.complexity.zh}",
            f"is {triage.category.en}, {triage.complexity.en} by its words",
        )
    elif fact.priority is not triage.priority and not added:
        yield _wrong(
            of, first, _CLAUSE[triage.priority], f"应为{triage.priority.zh}", f"is {triage.priority.en} by its words"
        )


_CLAUSE = {Priority.RED: "S004-2.2", Priority.YELLOW: "S004-2.5", Priority.GREEN: "S004-2.6"}


def _read(of: Examined, known: Complaint, policy: Policy) -> Triage | None:
    """What triage reads in the complaint's words; None where some are tokens."""
    text, demands = of.texts(known.text), [of.texts(demand) for demand in known.demands]
    scene = of.texts(known.scene) if known.scene else None
    if text is None or None in demands or (known.scene and scene is None):
        return None
    plain = tuple(demand for demand in demands if demand is not None)
    return policy.triager.classify(text, demands=plain, scene=scene, has_accused=bool(known.accused))


@check(
    *("S004-2.2", "S004-2.3", "S004-2.4", "S001-16.4"),
    zh="应为红色的投诉立即定为红色：情绪达到界限、属于同一事件、补充内容危险",
    en="what must be red is red at once: emotion at the limit, member of an incident, danger in what was added",
)
def red_when_red_is_due(of: Examined) -> Iterator[Violation]:
    """From the fact that makes it red, within a minute; words added later are read only where they are readable."""
    for recorded in of.all(UnderstandingConfirmed, Linked, Supplemented):
        requirement = _reddens(of, recorded)
        state = of.after(recorded.version)
        if requirement is None or not state.is_open or _is_red(state):
            continue
        since = max(recorded.occurred_at, _sorted_at(of) or recorded.occurred_at)
        red = next(
            (
                r.occurred_at
                for r in of.all(Classified)
                if r.version > recorded.version and _is_red(of.after(r.version))
            ),
            None,
        )
        at = red or of.until
        if at > since + NOTICED_WITHIN and not _ended(of, since):
            yield of.violation(
                requirement,
                recorded,
                zh=f"自 {local_time(since, of.policy.zone)} 起应为红色，未及时定为红色。",
                en=f"From {local_time(since, of.policy.zone)} on it had to be red, and was not made so at once.",
                due=since,
                at=at,
                also=("S001-16.4",),
            )


def _reddens(of: Examined, recorded: Recorded) -> str | None:
    """The requirement by which that fact makes the complaint red; None where it does not."""
    fact, policy = recorded.fact, of.policy_for(recorded)
    if isinstance(fact, UnderstandingConfirmed):
        return "S004-2.4" if policy.document.triage.red.fired({EMOTION: fact.emotion or 0}) else None
    if isinstance(fact, Linked):
        return "S004-2.3" if fact.relation is Relation.INCIDENT else None
    if isinstance(fact, Supplemented) and recorded.version > 1:
        text, demands = of.texts(fact.text), [of.texts(demand) for demand in fact.demands]
        if text is None or None in demands:
            return None
        plain = tuple(demand for demand in demands if demand is not None)
        return "S004-2.2" if policy.triager.classify(text, demands=plain).priority is Priority.RED else None
    return None


def _is_red(state: Complaint) -> bool:
    return state.priority is Priority.RED


def _sorted_at(of: Examined) -> datetime | None:
    return next((recorded.occurred_at for recorded in of.all(Classified)), None)


def _ended(of: Examined, since: datetime) -> bool:
    """It was closed or merged within the time a look takes: nothing is sorted any more."""
    return not of.at(since + NOTICED_WITHIN).is_open


@check(
    *("S004-2.2", "S004-2.3", "S004-2.4"),
    zh="系统不降低红色投诉的颜色",
    en="no machine lowers the colour of a red complaint",
)
def no_machine_lowers_red(of: Examined) -> Iterator[Violation]:
    """Once red, a complaint stays red until a person says otherwise."""
    for recorded in of.all(Classified):
        fact = recorded.fact
        if (
            recorded.actor.kind is ActorKind.SYSTEM
            and isinstance(fact, Classified)
            and _is_red(of.before(recorded.version))
        ) and fact.priority is not Priority.RED:
            yield _wrong(of, recorded, "S004-2.2", "红色被系统降级", "was red, and a machine lowered it")


def _wrong(of: Examined, recorded: Recorded, requirement: str, zh: str, en: str) -> Violation:
    return of.violation(
        requirement,
        recorded,
        zh=f"第 {recorded.version} 号事件的分类：{zh}。",
        en=f"As event no. {recorded.version} sorts it, the complaint {en}.",
        at=recorded.occurred_at,
    )
