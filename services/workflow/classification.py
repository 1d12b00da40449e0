"""How a complaint is sorted, and when it becomes red after all: by what people note and what is added later."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from events.complaint import Complaint
from events.envelope import History
from events.handling import Classified
from events.reception import Supplemented
from events.reconciler import Draft
from events.vocabulary import ActorKind, Priority, Relation
from policy.policy import Policy
from policy.sorting.taxonomy import nature, sub_cause
from policy.sorting.triage import Triage

EMOTION = "emotion"
"""What the policy's red rules call the level a person notes."""
BATCH = "red:batch"
"""The reason of the classification, as `[triage.red]` names it."""


class Grounds(NamedTuple):
    """Why a complaint is red after all."""

    rules: tuple[str, ...]
    flags: tuple[str, ...] = ()
    signals: tuple[str, ...] = ()


def classify(draft: Draft, policy: Policy) -> None:
    """Sort a new complaint by its own words, in all facets of the taxonomy in force (S004-2.1, S001-16.3)."""
    complaint = draft.case.complaint
    if complaint.category is not None:
        return
    triage = policy.triager.classify(
        complaint.text, demands=complaint.demands, scene=complaint.scene, has_accused=bool(complaint.accused)
    )
    first = _classified(triage, complaint, policy)
    # What was linked or added before anybody looked counts now: one colour at once, never two at the same instant.
    known = [*of_incident(complaint), *_added(draft.case.history, policy)]
    grounds = [] if first.priority is Priority.RED else known
    draft.add(reddened(first, grounds, policy) if grounds else first)


def classify_anew(draft: Draft, policy: Policy) -> None:
    """Make an open complaint red once its customer is beside themselves, or adds something dangerous (S004-2.2, 2.4).

    A colour is never lowered by itself, and a red complaint is left as it is: safe to repeat.
    """
    complaint, history = draft.case.complaint, draft.case.history
    if complaint.category is None or complaint.priority is Priority.RED or not complaint.is_open:
        return
    grounds = [*_noted(complaint, policy), *_added(history, policy)]
    if grounds:
        draft.add(reddened(_last(history), grounds, policy))


def redden(draft: Draft, ground: Grounds, policy: Policy) -> None:
    """Make a sorted complaint red on a ground of its own, and on what was added since it was sorted (S004-2.3)."""
    history = draft.case.history
    draft.add(reddened(_last(history), [ground, *_added(history, policy)], policy))


def _last(history: History) -> Classified:
    return next(recorded.fact for recorded in reversed(history) if isinstance(recorded.fact, Classified))


def reddened(last: Classified, grounds: Iterable[Grounds], policy: Policy) -> Classified:
    """The same classification, now red, on these grounds first and then on those it had (S004-2.3, S004-2.4)."""
    every = tuple(grounds)
    rules = dict.fromkeys((*(rule for ground in every for rule in ground.rules), *last.rules))
    flags = dict.fromkeys((*last.flags, *(flag for ground in every for flag in ground.flags)))
    signals = {*(last.signals or ()), *(signal for ground in every for signal in ground.signals)}
    told = None if last.signals is None else tuple(sorted(signals))
    changed = {
        "priority": Priority.RED,
        "rules": tuple(rules)[: policy.document.triage.max_rules],
        "flags": tuple(flags),
        "signals": told,
    }
    return last.model_copy(update=changed)


def _classified(triage: Triage, complaint: Complaint, policy: Policy) -> Classified:
    taxonomy = policy.document.taxonomy
    return Classified(
        category=triage.category,
        priority=triage.priority,
        complexity=triage.complexity,
        nature=nature(triage.flags, triage.signals, triage.priority, taxonomy),
        mode=complaint.mode or taxonomy.default_mode,
        taxonomy=taxonomy.version,
        sub=sub_cause(triage.category, triage.rules, taxonomy),
        flags=triage.flags,
        signals=triage.signals,
        rules=triage.rules,
    )


def of_incident(complaint: Complaint) -> Iterator[Grounds]:
    """It is part of an incident, whatever its own words say (S004-2.3)."""
    if complaint.links.related(Relation.INCIDENT):
        yield Grounds((BATCH,))


def _noted(complaint: Complaint, policy: Policy) -> Iterator[Grounds]:
    """The emotion a colleague noted reaches the policy's red level (S004-2.4, S000-1.3)."""
    level = max((level for _, level in complaint.understanding.emotions), default=0)
    fired = policy.document.triage.red.fired({EMOTION: level})
    if fired:
        yield Grounds(tuple(f"red:{condition}" for condition in fired))


def _added(history: History, policy: Policy) -> Iterator[Grounds]:
    """What the customer added later is red by its own words (S004-2.2..2.4)."""
    for fact in added_since_sorted(history):
        triage = policy.triager.classify(fact.text, demands=fact.demands)
        if triage.priority is Priority.RED:
            yield Grounds(triage.rules, triage.flags, triage.signals)


def added_since_sorted(history: History) -> list[Supplemented]:
    """What came after our last classification, oldest first: what came before it was read for it (S004-2.2).

    A classification by a person is passed over: they may not have seen what came a moment before.
    """
    added: list[Supplemented] = []
    for recorded in reversed(history):
        if isinstance(recorded.fact, Classified) and recorded.actor.kind is ActorKind.SYSTEM:
            break
        if isinstance(recorded.fact, Supplemented):
            added.append(recorded.fact)
    return added[::-1]
