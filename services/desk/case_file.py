"""The case file, complete and by itself: record, evidence, what happened, decisions, clocks, contacts (S000-6.2)."""

from datetime import datetime
from enum import Enum

from events.complaint import Complaint
from events.envelope import History, Recorded, as_json, instant
from events.sentences import sentence
from events.vocabulary import Audience, Language
from policy.handling.commitment import register
from policy.policy import Policy
from services.desk.state import Json, clocks_json, complaint_json, plain

LANGUAGES: tuple[Language, ...] = ("zh", "en")


def case_file(complaint: Complaint, history: History, policy: Policy, now: datetime, *, labels: bool = False) -> Json:
    """Everything that is known of the complaint, every fact of its history with its sentence, in one piece.

    `history` is what the reader may see; restricted labels only for those who may see them (C21).
    """
    return {
        "number": complaint.number,
        "complaint_id": complaint.complaint_id,
        "policy": policy.id,
        "as_of": instant(now),
        "classification": _classification(complaint),
        "record": complaint_json(complaint, history, policy, now, labels=labels),
        "timeline": [_entry(recorded, policy) for recorded in history],
        "evidence": [plain(piece) for piece in complaint.verification.evidence],
        "attachments": [plain(attachment) for attachment in complaint.attachments],
        "findings": [plain(finding) for finding in complaint.verification.findings],
        "proposals": [plain(proposal) for proposal in complaint.solution.proposals],
        "approvals": [plain(approval) for approval in complaint.solution.approvals],
        "plan": [plain(step) for step in complaint.plan],
        "refund": plain(complaint.execution.refund) if complaint.execution.refund else None,
        "promises": plain(register(complaint, now)),
        "contacts": [plain(a) for a in complaint.attempts if a.audience is Audience.CUSTOMER],
        "clocks": clocks_json(complaint, history, policy, now),
        "actions": [plain(action) for action in complaint.learning.actions],
    }


def _classification(complaint: Complaint) -> Json:
    """Under what it is filed (S003-7.3)."""
    filed: tuple[tuple[str, Enum | None], ...] = (
        ("category", complaint.category),
        ("nature", complaint.nature),
        ("priority", complaint.priority),
        ("complexity", complaint.complexity),
        ("resolution", complaint.ending.resolution),
    )
    cause = complaint.verification.findings[-1].fact.cause if complaint.verification.findings else None
    return {**{name: plain(word) for name, word in filed}, "cause": cause, "flags": list(complaint.flags)}


def _entry(recorded: Recorded, policy: Policy) -> Json:
    """One fact as recorded, with its sentence in both languages."""
    told: Json = {language: sentence(recorded, language, policy.zone) for language in LANGUAGES}
    return {**as_json(recorded), **told}
