"""What the file still lacks and what to do next: missing fields, evidence to collect, playbooks, the report."""

from collections.abc import Iterable
from typing import Any

from events.complaint import Complaint
from events.envelope import History, instant
from events.handling import Classified
from events.verification import Evidence, Finding
from policy.document import Document
from policy.handling.evidence import is_disputed
from policy.handling.record import Level, missing
from policy.policy import Policy
from policy.sorting.playbook import attached, valued

Json = dict[str, Any]
ANSWERABLE = "company"
"""Who answers to the customer, whoever is liable (C10)."""


def casework(complaint: Complaint, history: History, policy: Policy) -> Json:
    """Beside the facts: what is missing (S001-4.3), collected (S002-1.16), to be done (S003-6.6), and the report."""
    rules = policy.document
    return {
        "missing": {level.value: list(missing(complaint, rules.record, level)) for level in Level},
        "evidence_checklist": _checklist(complaint, rules),
        "playbooks": [_playbook(name, rules) for name in attached(complaint, rules.playbook)],
        "values": [{"name": name, **rules.orientation[name].title} for name in _values(history, rules)],
        "amounts": amounts(complaint),
        "report": report(complaint),
    }


def amounts(complaint: Complaint) -> Json:
    """What the customer wants in money beside what is offered (S000-3.4)."""
    requested, offer = complaint.understanding.requested, complaint.solution.current
    return {
        "requested": None if requested is None else str(requested),
        "offered": None if offer is None else str(offer.fact.total),
        "loss": str(complaint.verification.loss),
    }


def report(complaint: Complaint) -> Json | None:
    """The verification report that counts: facts, evidence, liability, cause; None before there is one (S004-3.6)."""
    finding = complaint.verification.finding
    return None if finding is None else _report(finding, complaint)


def _report(finding: Finding, complaint: Complaint) -> Json:
    fact = finding.fact
    pieces = (complaint.verification.find(digest) for digest in fact.evidence)
    return {
        "by": finding.by,
        "at": instant(finding.at),
        "version": finding.version,
        "preliminary": fact.preliminary,
        "expected": fact.expected,
        "facts": fact.facts,
        "evidence": [_piece(piece) for piece in pieces if piece is not None],
        "liable": fact.liable.value,
        "party": fact.party,
        "answerable": ANSWERABLE,
        "cause": fact.cause,
        "cause_code": fact.cause_code,
        "loss": None if fact.loss is None else str(fact.loss),
    }


def _piece(piece: Evidence) -> Json:
    return {"name": piece.name, "kind": piece.kind.value, "sha256": piece.sha256, "authentic": piece.authentic}


def _checklist(complaint: Complaint, rules: Document) -> list[Json]:
    """What to collect where a dispute is likely, and whether it is there (S002-1.16)."""
    if not is_disputed(complaint, rules.evidence):
        return []
    there = {piece.kind for piece in complaint.verification.evidence}
    return [
        {"kind": kind.value, "zh": kind.zh, "en": kind.en, "collected": kind in there}
        for kind in rules.evidence.checklist
    ]


def _playbook(name: str, rules: Document) -> Json:
    book = rules.playbook[name]
    return {"name": name, "title": dict(book.title), "steps": [dict(step) for step in book.steps]}


def _values(history: History, rules: Document) -> Iterable[str]:
    """What the customer cares for, by the reasons of every classification (S001-18.2)."""
    reasons = (rule for recorded in history if isinstance(recorded.fact, Classified) for rule in recorded.fact.rules)
    return valued(reasons, rules.orientation)
