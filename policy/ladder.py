"""One level up, to whom: level by level, jumps only by a named rule, never to the accused (S002-4.3, S002-4.4)."""

from datetime import datetime
from typing import NamedTuple

from pydantic import Field

from events.complaint import Complaint
from events.fact import Value
from events.vocabulary import Priority
from policy.organisation import TOP, Organisation
from policy.participation import barred


class Jump(Value):
    """A named rule that raises a complaint at once."""

    source: tuple[str, ...]
    priority: Priority
    to_level: int = Field(ge=2)


class Ladder(Value):
    """`[ladder]`: the highest level, and the rules that jump."""

    source: tuple[str, ...]
    top: int = Field(ge=1)
    jump: dict[str, Jump] = {}


class Step(NamedTuple):
    """One step up."""

    from_level: int
    to_level: int
    person: str
    cause: str


def one_level_up(
    complaint: Complaint, ladder: Ladder, organisation: Organisation, now: datetime, cause: str
) -> Step | None:
    """The next step, or None at the top: a complaint never loops on the ladder (S002-4.3)."""
    if complaint.level >= ladder.top:
        return None
    to_level = complaint.level + 1
    return Step(complaint.level, to_level, decider(complaint, to_level, organisation, now), cause)


def jump(complaint: Complaint, ladder: Ladder, organisation: Organisation, now: datetime) -> Step | None:
    """The step a rule demands at once, `red` to the supervisor (S002-4.4); None when no rule fires or it was done."""
    for name, rule in ladder.jump.items():
        if complaint.priority is rule.priority and complaint.level < rule.to_level:
            return Step(complaint.level, rule.to_level, decider(complaint, rule.to_level, organisation, now), name)
    return None


def decider(complaint: Complaint, level: int, organisation: Organisation, now: datetime) -> str:
    """Who decides at that level: first along the handler's reporting line, then anyone of that level or above.

    An absent decider's delegate stands in; recused people are passed over (S002-7.1, S001-9.4). With nobody left the
    board is named.
    """
    out = barred(complaint, organisation)
    line = organisation.managers_of(complaint.handler) if complaint.handler in organisation.person else ()
    others = sorted(organisation.person, key=lambda id_: (organisation.person[id_].level or 0, id_))
    for id_ in (*line, *others):
        if (organisation.person[id_].level or 0) >= level:
            standing_in = organisation.standing_in(id_, now, out)
            if standing_in is not None:
                return standing_in
    return TOP
