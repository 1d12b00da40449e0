"""Commands of people: refused with a reason, or recorded once whatever happens (design, section 6)."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import Field

from events.complaint import Case
from events.envelope import Actor, Entry, Recorded, StreamId, as_json
from events.fact import Fact, Value
from events.kin import with_kin
from events.ledger import Append, Clock, Conflict, LedgerUnavailable, Writer
from events.participation import ActRefused
from events.reconciler import TURNS
from events.vocabulary import ActorKind, Language, Service


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

    @property
    def names(self) -> tuple[StreamId, ...]:
        """Another complaint the command speaks of, which the decision must see (`link`, `unlink`)."""
        to = self.data.get("to")
        return (StreamId(to),) if isinstance(to, str) and _ID.fullmatch(to) else ()


_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Refusal(Value):
    """A rule said no: stable code, requirement, the facts that decided, who may act instead, in both languages."""

    code: str
    requirement: str
    facts: dict[str, str] = {}
    may: tuple[str, ...] = ()
    """Who may do it instead: persons or roles."""
    recorded: bool = Field(default=False, exclude=True)
    """Compliance must see that it was tried (S002-7.1)."""
    zh: str
    en: str

    def sentence(self, language: Language) -> str:
        """The refusal in that language."""
        return self.zh if language == "zh" else self.en


def refuse(
    code: str, requirement: str, zh: str, en: str, may: Sequence[str] = (), recorded: bool = False, **facts: object
) -> Refusal:
    """A refusal; `facts` are what decided, `may` who may act instead."""
    known = {name: str(value) for name, value in facts.items()}
    return Refusal(code=code, requirement=requirement, facts=known, may=tuple(may), recorded=recorded, zh=zh, en=en)


Answer = Sequence[Recorded] | Refusal
Decides = Callable[[Case, Command, datetime], Sequence[Fact] | Refusal]


def answer_json(answer: Answer) -> Mapping[str, Any]:
    """The answer as the asker gets it."""
    if isinstance(answer, Refusal):
        return {"refused": answer.model_dump(mode="json")}
    return {"events": [as_json(recorded) for recorded in answer]}


class _Turn(NamedTuple):
    """One try at a command: an answer, what to append, or both where a refusal is recorded."""

    answer: Answer | None
    append: Append | None = None


async def execute(writer: Writer, clock: Clock, command: Command, decides: Decides) -> Answer:
    """Decide on the command with the complaint as the ledger has it; decide again when somebody was faster.

    Raises LedgerUnavailable, also where somebody was faster at every turn: a retry cures it.
    """
    for _ in range(TURNS):
        known = await asyncio.to_thread(with_kin, writer.ledger, command.complaint, command.names)
        turn = _turn(known, command, decides, clock(), writer.service)
        if turn.append is None:
            return turn.answer or ()
        outcome = (await writer.append_all([turn.append]))[0]
        if not isinstance(outcome, Conflict):
            return turn.answer or outcome
    raise LedgerUnavailable(f"{command.complaint} changed {TURNS} times while deciding")


def _turn(current: Case | None, command: Command, decides: Decides, now: datetime, service: Service) -> _Turn:
    if current is None:
        return _Turn(no_such_complaint(command.complaint))
    history, policy = current.history, current.complaint.policy
    done = [recorded for recorded in history if _led_to(command, recorded)]
    if any(not isinstance(recorded.fact, ActRefused) for recorded in done):
        return _Turn(done)
    if command.version is not None and command.version != history.version:
        return _Turn(_stale(command.version, history.version))
    decided = decides(current, command, now)
    if isinstance(decided, Refusal):
        if not decided.recorded or done:
            return _Turn(decided)
        # By the service, not by the person: a refused try is no act, and stops no clock of people.
        refused = ActRefused(
            person=command.by, command=command.name, code=decided.code, requirement=decided.requirement
        )
        actor = Actor(kind=ActorKind.SYSTEM, id=service.value)
        entry = Entry(refused, now, actor, command.causation, policy)
        return _Turn(decided, Append(command.complaint, history.version, (entry,)))
    actor = Actor(kind=ActorKind.PERSON, id=command.by)
    entries = tuple(Entry(fact, now, actor, command.causation, policy) for fact in decided)
    return _Turn(None, Append(command.complaint, history.version, entries)) if entries else _Turn(())


def _led_to(command: Command, recorded: Recorded) -> bool:
    # The person is compared too: a name with a slash in it could spell another one's causation.
    causation = command.causation
    if causation is None or recorded.causation != causation:
        return False
    by = recorded.fact.person if isinstance(recorded.fact, ActRefused) else recorded.actor.id
    return by == command.by


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
