"""What a person asked for, read back from the facts it led to: so that another policy can be asked the same (M8)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from events.contact import Replied, RetryAttempted
from events.ending import Archived, CalledBack, NotAccepted, Reopened, Resolved, Withdrawn
from events.envelope import Recorded
from events.execution import (
    CommitmentKept,
    CommitmentMade,
    DeadlineExtended,
    RefundPaid,
    RefundVerified,
    StepCompleted,
    StepFailed,
)
from events.fact import Fact
from events.handling import Assigned, Escalated
from events.learning import ActionPlanned, ActionTaken, EffectMeasured, Reviewed
from events.participation import AuthorityDelegated, HandedOver, Nudged, OwnerNamed, Recused, TaskClosed, TaskOpened
from events.reception import Supplemented
from events.solution import (
    ApprovalGiven,
    ApprovalRefused,
    CustomerAgreed,
    CustomerDeclined,
    ReplyDrafted,
    SolutionProposed,
)
from events.understanding import InformationRequested, Labelled, UnderstandingConfirmed
from events.verification import EvidenceAdded, Verified
from policy.asking import Act
from services.wiring.commands import BY_SERVICE

Data = dict[str, Any]

ACTS: Mapping[str, Act] = {name: act for acts in BY_SERVICE.values() for name, act in acts.items()}
"""Every command by name, whoever decides it."""


class Asked(NamedTuple):
    """A command as it must have been given; whether it was is told by deciding it again under its own policy."""

    name: str
    data: Data


def asked(facts: Sequence[Recorded]) -> Asked | None:
    """The command that led to these facts of one person; None where facts do not tell it (links, moves)."""
    first = facts[0].fact
    name = _NAMES.get(type(first))
    if name is None:
        return None
    told = first.model_dump(mode="json")
    data = {field: told[field] for field in ACTS[name].shape.model_fields if told.get(field) is not None}
    more = _TOLD_OTHERWISE.get(name)
    return Asked(name, data if more is None else {**data, **more(told, [each.fact for each in facts])})


_NAMES: Mapping[type[Fact], str] = {
    Supplemented: "supplement",
    EvidenceAdded: "add_evidence",
    Assigned: "assign",
    HandedOver: "hand_over",
    OwnerNamed: "name_owner",
    Recused: "recuse",
    AuthorityDelegated: "delegate",
    TaskOpened: "open_task",
    TaskClosed: "close_task",
    Nudged: "nudge",
    Escalated: "escalate",
    DeadlineExtended: "extend",
    Replied: "reply",
    ReplyDrafted: "reply",
    RetryAttempted: "record_attempt",
    UnderstandingConfirmed: "confirm_understanding",
    InformationRequested: "request_information",
    Labelled: "label",
    NotAccepted: "not_accept",
    Withdrawn: "withdraw",
    Verified: "verify",
    SolutionProposed: "propose_solution",
    ApprovalGiven: "approve",
    ApprovalRefused: "refuse_approval",
    CustomerAgreed: "agree",
    CustomerDeclined: "decline",
    StepCompleted: "complete_step",
    StepFailed: "fail_step",
    RefundVerified: "verify_refund",
    RefundPaid: "pay_refund",
    CommitmentMade: "promise",
    CommitmentKept: "keep_promise",
    Resolved: "resolve",
    CalledBack: "call_back",
    Reopened: "reopen",
    Archived: "archive",
    Reviewed: "review",
    ActionTaken: "take_action",
    EffectMeasured: "measure_effect",
}
"""The first fact a command leads to -> the command."""


def _assign(told: Data, _: Sequence[Fact]) -> Data:
    return {"reason": "" if told["reason"] == "command.assign" else told["reason"]}


def _moved(told: Data, _: Sequence[Fact]) -> Data:
    return {"to": told["handler"]}


def _owner(told: Data, _: Sequence[Fact]) -> Data:
    return {"to": told["owner"]}


def _recuse(told: Data, _: Sequence[Fact]) -> Data:
    return {"lift": told["lifted"]}


def _escalate(told: Data, _: Sequence[Fact]) -> Data:
    return {"special": told["cause"] == "special_case"}


def _evidence(told: Data, _: Sequence[Fact]) -> Data:
    return {"kind": told["told_as"] or told["kind"]}


def _propose(told: Data, _: Sequence[Fact]) -> Data:
    fields = ("kind", "amount", "currency", "due", "responsible", "basis")
    remedies = [{field: each[field] for field in fields if each[field] is not None} for each in told["remedies"]]
    answers = {
        each["demand"]: {name: value for name, value in each.items() if name != "demand" and value is not None}
        for each in told["answers"]
    }
    return {"remedies": remedies, "answers": answers}


def _step(told: Data, facts: Sequence[Fact]) -> Data:
    """Several steps at once are a whole remedy, named by its number."""
    whole = sum(isinstance(fact, StepCompleted) for fact in facts) > 1
    return {"step": told["step"].partition(".")[0] if whole else told["step"]}


def _review(_: Data, facts: Sequence[Fact]) -> Data:
    planned = [fact.model_dump(mode="json") for fact in facts if isinstance(fact, ActionPlanned)]
    return {"actions": [{field: each[field] for field in ("what", "owner", "due")} for each in planned]}


_TOLD_OTHERWISE: Mapping[str, Callable[[Data, Sequence[Fact]], Data]] = {
    "assign": _assign,
    "hand_over": _moved,
    "name_owner": _owner,
    "recuse": _recuse,
    "escalate": _escalate,
    "add_evidence": _evidence,
    "propose_solution": _propose,
    "complete_step": _step,
    "review": _review,
}
"""Commands whose words are not those of their fact."""
