"""One level up, to whom: level by level, jumps only by a named rule, never to the accused (S002-4.3, S002-4.4)."""

from datetime import datetime
from typing import NamedTuple

from pydantic import Field, model_validator

from events.complaint import Complaint
from events.fact import Value
from events.vocabulary import Priority, Relation
from policy.people.organisation import TOP, Organisation
from policy.people.participation import barred


class Jump(Value):
    """`[ladder.jump.<rule>]`: a named rule that raises a complaint at once when any of its triggers holds."""

    source: tuple[str, ...]
    priority: Priority | None = None
    flags: tuple[str, ...] = ()
    """Any of these flags of the classification (S002-4.2)."""
    relation: Relation | None = None
    """Linked in that way to an earlier complaint (S002-4.2)."""
    self_reported: bool = False
    """A colleague reported their own fault (S003-4.2)."""
    to_level: int = Field(ge=2)

    @model_validator(mode="after")
    def _has_a_trigger(self) -> "Jump":
        if not (self.priority or self.flags or self.relation or self.self_reported):
            raise ValueError("a jump needs a trigger: priority, flags, relation or self_reported")
        return self

    def fires(self, complaint: Complaint) -> bool:
        """Whether the complaint is of the kind the rule names (S002-4.2, S002-4.4)."""
        finding = complaint.verification.finding
        return (
            (self.priority is not None and complaint.priority is self.priority)
            or not set(self.flags).isdisjoint(complaint.flags)
            or any(link.relation is self.relation and not link.leads for link in complaint.links.every)
            or (self.self_reported and finding is not None and finding.fact.self_reported)
        )


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
    """The step a rule demands at once, `red` to the supervisor (S002-4.4); None when no rule fires or it was done.

    Every rule raises once at the most: whoever stands at its level already has the complaint.
    """
    for name, rule in ladder.jump.items():
        if complaint.level < rule.to_level and rule.fires(complaint):
            return Step(complaint.level, rule.to_level, decider(complaint, rule.to_level, organisation, now), name)
    return None


def decider(complaint: Complaint, level: int, organisation: Organisation, now: datetime) -> str:
    """Who decides at that level: first along the handler's reporting line, then anyone of that level or above.

    An absent decider's delegate stands in; recused people are passed over (S002-7.1, S001-9.4). With nobody left the
    board is named.
    """
    out = barred(complaint, organisation)
    line = organisation.managers_of(complaint.handler) if complaint.handler in organisation.person else ()
    others = sorted(organisation.person, key=lambda id_: (organisation.level_of(id_), id_))
    for id_ in (*line, *others):
        if organisation.level_of(id_) >= level:
            standing_in = organisation.standing_in(id_, now, out)
            if standing_in is not None:
                return standing_in
    return TOP
