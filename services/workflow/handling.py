"""Who handles it, and on which level: assign, escalate (S002-1.1, S004-2.7, S002-4.1)."""

from pydantic import Field

from events.commands import refuse
from events.fact import Value
from events.handling import Assigned, Escalated
from policy.asking import Act, Ask, Decided
from policy.ladder import one_level_up
from policy.participation import participation


class Assign(Value):
    """`assign`: give the complaint to a handler."""

    handler: str
    reason: str = Field(default="", max_length=1_000)


class Escalate(Value):
    """`escalate`: raise the complaint one level (S002-4.1)."""

    reason: str = Field(min_length=1, max_length=1_000)


def assign(ask: Ask, data: Assign) -> Decided:
    """The task moves to the handler; the owner stays (S002-1.1, C12)."""
    if (refusal := participation(ask.complaint, data.handler, ask.organisation)) is not None:
        return refusal.model_copy(update={"recorded": False})
    department = ask.organisation.person[data.handler].department
    owner = ask.complaint.owner or ask.by
    return [Assigned(owner=owner, handler=data.handler, department=department, reason=data.reason or "command.assign")]


def escalate(ask: Ask, data: Escalate) -> Decided:
    """One level up because the person cannot handle it (S002-4.1, S002-4.3)."""
    step = one_level_up(ask.complaint, ask.rules.ladder, ask.organisation, ask.now, "person")
    if step is None:
        return refuse(
            "top_of_ladder",
            "S002-4.3",
            "投诉已在最高级别,不能再升级",
            "the complaint is at the highest level already",
            level=ask.complaint.level,
        )
    return [
        Escalated(
            from_level=step.from_level, to_level=step.to_level, person=step.person, cause=step.cause, reason=data.reason
        )
    ]


ACTS = {"assign": Act(Assign, assign), "escalate": Act(Escalate, escalate)}
