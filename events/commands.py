"""Commands of people: refused with a reason, or recorded once whatever happens (design, section 6)."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import Field

from events.complaint import Case, case
from events.envelope import Actor, Entry, History, Recorded, StreamId, as_json
from events.fact import Fact, Value
from events.ledger import Append, Clock, Conflict, LedgerUnavailable, Writer
from events.reception import Received
from events.reconciler import TURNS
from events.vocabulary import ActorKind, Language


class Command(Value):
    """What a person asks for."""

    complaint: StreamId
    name: str = Field(pattern=r"^[a-z_]{1,40}$")
    by: str
    data: dict[str, Any] = {}
    id: str | None = None
    """The command's own id: the same one twice, by the same person for the same complaint, changes nothing."""
    version: int | None = None
    """The version the person saw; a newer one refuses the command."""

    @property
    def causation(self) -> str | None:
        """What its events name as their cause; None without an id."""
        return None if self.id is None else f"command/{self.by}/{self.name}/{self.id}"


class Refusal(Value):
    """A rule said no: stable code, requirement, the facts that decided, who may act instead, in both languages."""

    code: str
    requirement: str
    facts: dict[str, str] = {}
    may: tuple[str, ...] = ()
    zh: str
    en: str

    def sentence(self, language: Language) -> str:
        """The refusal in that language."""
        return self.zh if language == "zh" else self.en


Answer = Sequence[Recorded] | Refusal
Decides = Callable[[Case, Command, datetime], Sequence[Fact] | Refusal]


def answer_json(answer: Answer) -> Mapping[str, Any]:
    """The answer as the asker gets it."""
    if isinstance(answer, Refusal):
        return {"refused": answer.model_dump(mode="json")}
    return {"events": [as_json(recorded) for recorded in answer]}


class _Turn(NamedTuple):
    """One try at a command: an answer, or what to append."""

    answer: Answer | None
    append: Append | None = None


async def execute(writer: Writer, clock: Clock, command: Command, decides: Decides) -> Answer:
    """Decide on the command with the complaint as the ledger has it; decide again when somebody was faster.

    Raises LedgerUnavailable, also where somebody was faster at every turn: a retry cures it.
    """
    for _ in range(TURNS):
        history = await asyncio.to_thread(writer.ledger.load, command.complaint)
        turn = _turn(history, command, decides, clock())
        if turn.append is None:
            return turn.answer or ()
        outcome = (await writer.append_all([turn.append]))[0]
        if not isinstance(outcome, Conflict):
            return outcome
    raise LedgerUnavailable(f"{command.complaint} changed {TURNS} times while deciding")


def _turn(history: History, command: Command, decides: Decides, now: datetime) -> _Turn:
    if not history or not isinstance(history[0].fact, Received):  # the company's own streams are no complaints
        return _Turn(no_such_complaint(command.complaint))
    done = [recorded for recorded in history if _led_to(command, recorded)]
    if done:
        return _Turn(done)
    if command.version is not None and command.version != history.version:
        return _Turn(_stale(command.version, history.version))
    current = case(history)
    decided = decides(current, command, now)
    if isinstance(decided, Refusal):
        return _Turn(decided)
    actor = Actor(kind=ActorKind.PERSON, id=command.by)
    policy = current.complaint.policy
    entries = tuple(Entry(fact, now, actor, command.causation, policy) for fact in decided)
    return _Turn(None, Append(command.complaint, history.version, entries)) if entries else _Turn(())


def _led_to(command: Command, recorded: Recorded) -> bool:
    # The person is compared too: a name with a slash in it could spell another one's causation.
    causation = command.causation
    return causation is not None and recorded.causation == causation and recorded.actor.id == command.by


def no_such_complaint(complaint: str) -> Refusal:
    """The ledger holds no complaint of that id."""
    return Refusal(
        code="no_such_complaint",
        requirement="S004-1.2",
        facts={"complaint": complaint},
        zh=f"没有编号为 {complaint} 的投诉",
        en=f"there is no complaint {complaint}",
    )


def _stale(seen: int, current: int) -> Refusal:
    return Refusal(
        code="stale_version",
        requirement="S003-2.4",
        facts={"seen": str(seen), "current": str(current)},
        zh=f"您看到的是第 {seen} 版,现为第 {current} 版:请刷新后再试",
        en=f"you saw version {seen}, it is {current} now: look again, then decide",
    )
