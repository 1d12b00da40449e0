"""Commands of people that the workflow answers: each refuses, or decides facts (design, section 6)."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import Field

from events.commands import Command, Refusal
from events.complaint import Case
from events.fact import Fact, Value
from events.handling import Assigned, Escalated
from policy.ladder import one_level_up
from policy.organisation import Organisation
from policy.participation import participation
from policy.policy import Policy


class Assign(Value):
    """`assign`: give the complaint to a handler."""

    handler: str
    reason: str = Field(default="", max_length=1_000)


class Escalate(Value):
    """`escalate`: raise the complaint one level (S002-4.1)."""

    reason: str = Field(min_length=1, max_length=1_000)


def assign(
    case: Case, command: Command, policy: Policy, organisation: Organisation, now: datetime
) -> Sequence[Fact] | Refusal:
    """The task moves to the handler; the owner stays (S002-1.1, C12)."""
    data = Assign.model_validate(command.data)
    for person in (command.by, data.handler):
        if (refusal := participation(case.complaint, person, organisation)) is not None:
            return refusal
    department = organisation.person[data.handler].department
    owner = case.complaint.owner or command.by
    return [Assigned(owner=owner, handler=data.handler, department=department, reason=data.reason or "command.assign")]


def escalate(
    case: Case, command: Command, policy: Policy, organisation: Organisation, now: datetime
) -> Sequence[Fact] | Refusal:
    """One level up because the person cannot handle it (S002-4.1, S002-4.3)."""
    data = Escalate.model_validate(command.data)
    if (refusal := participation(case.complaint, command.by, organisation)) is not None:
        return refusal
    step = one_level_up(case.complaint, policy.document.ladder, organisation, now, "person")
    if step is None:
        return Refusal(
            code="top_of_ladder",
            requirement="S002-4.3",
            facts={"level": str(case.complaint.level)},
            zh="投诉已在最高级别,不能再升级",
            en="the complaint is at the highest level already",
        )
    return [
        Escalated(
            from_level=step.from_level, to_level=step.to_level, person=step.person, cause=step.cause, reason=data.reason
        )
    ]


COMMANDS = {"assign": assign, "escalate": escalate}
"""Name -> decision, for NATS, HTTP, the command line and rehearsals."""
