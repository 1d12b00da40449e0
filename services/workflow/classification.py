"""How a complaint is sorted, and when it becomes red after all: by what people note and what is added later."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from events.complaint import Complaint
from events.envelope import History
from events.handling import Classified
from events.reception import Supplemented
from events.reconciler import Draft
from events.vocabulary import Priority
from policy.policy import Policy
from policy.sorting.taxonomy import nature, sub_cause
from policy.sorting.triage import Triage

EMOTION = "emotion"
"""What the policy's red rules call the level a person notes."""


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
    draft.add(_classified(triage, complaint, policy))


def classify_anew(draft: Draft, policy: Policy) -> None:
    """Make an open complaint red once its customer is beside themselves, or adds something dangerous (S004-2.2, 2.4).

    A colour is never lowered by itself, and a red complaint is left as it is: safe to repeat.
    """
    complaint, history = draft.case.complaint, draft.case.history
    if complaint.category is None or complaint.priority is Priority.RED or not complaint.is_open:
        return
    grounds = [*_noted(complaint, policy), *_added(history, policy)]
    if grounds:
        last = next(r.fact for r in reversed(history) if isinstance(r.fact, Classified))
        draft.add(_red(last, grounds, policy.document.triage.max_rules))


def _red(last: Classified, grounds: Iterable[Grounds], most: int) -> Classified:
    """The same classification, now red, on these grounds (S004-2.4)."""
    every = tuple(grounds)
    rules = dict.fromkeys(rule for ground in every for rule in ground.rules)
    flags = dict.fromkeys((*last.flags, *(flag for ground in every for flag in ground.flags)))
    signals = {*(last.signals or ()), *(signal for ground in every for signal in ground.signals)}
    told = None if last.signals is None else tuple(sorted(signals))
    changed = {"priority": Priority.RED, "rules": tuple(rules)[:most], "flags": tuple(flags), "signals": told}
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


def _noted(complaint: Complaint, policy: Policy) -> Iterator[Grounds]:
    """The emotion a colleague noted reaches the policy's red level (S004-2.4, S000-1.3)."""
    level = max((level for _, level in complaint.understanding.emotions), default=0)
    fired = policy.document.triage.red.fired({EMOTION: level})
    if fired:
        yield Grounds(tuple(f"red:{condition}" for condition in fired))


def _added(history: History, policy: Policy) -> Iterator[Grounds]:
    """What the customer added later is red by its own words (S004-2.2..2.4)."""
    for recorded in history:
        if isinstance(fact := recorded.fact, Supplemented):
            triage = policy.triager.classify(fact.text, demands=fact.demands)
            if triage.priority is Priority.RED:
                yield Grounds(triage.rules, triage.flags, triage.signals)
