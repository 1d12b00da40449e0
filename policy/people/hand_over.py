"""A task handed round in circles: counted from the recorded moves, raised once per circle (S001-8.1, S004-8.4)."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from pydantic import Field

from events.envelope import History, Recorded
from events.fact import Value
from events.handling import Assigned, Escalated
from events.participation import HandedOver
from events.vocabulary import ActorKind
from policy.timing.durations import Span

PING_PONG = "ping_pong"
"""The cause an escalation names when a task went round in circles (S001-8.1)."""


class HandOverRule(Value):
    """`[hand_over]`: how many moves, coming back how often, within what time make a circle (S001-8.1)."""

    source: tuple[str, ...]
    moves: int = Field(ge=2)
    returns: int = Field(ge=1)
    """Moves that bring the task back to a person or a department it had left."""
    window: Span

    def is_ping_pong(self, history: History, now: datetime) -> bool:
        """The task goes round in circles since it was last noticed; exactly at the end of the window still counts."""
        recent = [move for move in moves(history) if now - move.at <= self.window]
        return len(recent) >= self.moves and returns(recent) >= self.returns


class Place(NamedTuple):
    """Who holds the task, where."""

    person: str
    department: str


class Move(NamedTuple):
    """One move of the task by a person's act."""

    giver: Place
    taker: Place
    at: datetime


def moves(history: History) -> list[Move]:
    """The task's moves by people, since a circle was last noticed; what the system assigns is nobody's push."""
    found: list[Move] = []
    holder: Place | None = None
    for recorded in history:
        if isinstance(recorded.fact, Escalated) and recorded.fact.cause == PING_PONG:
            found = []
        taker = _taker(recorded)
        if taker is None or taker == holder:
            continue
        if holder is not None and recorded.actor.kind is ActorKind.PERSON:
            found.append(Move(holder, taker, recorded.occurred_at))
        holder = taker
    return found


def _taker(recorded: Recorded) -> Place | None:
    fact = recorded.fact
    return Place(fact.handler, fact.department) if isinstance(fact, Assigned | HandedOver) else None


def returns(found: Sequence[Move]) -> int:
    """How many of these moves bring the task back to where it had been."""
    return sum(_is_back(move, found[:index]) for index, move in enumerate(found))


def _is_back(move: Move, earlier: Sequence[Move]) -> bool:
    left = {each.giver.person for each in earlier}
    departments = {each.giver.department for each in earlier}
    moved = move.giver.department != move.taker.department
    return move.taker.person in left or (moved and move.taker.department in departments)
