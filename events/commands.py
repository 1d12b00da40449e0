"""Commands of people: refused with a reason, or recorded once whatever happens (design, section 6)."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import Field, field_validator

from events.complaint import Case
from events.digest import json_digest
from events.envelope import Actor, Entry, History, Recorded, StreamId, as_json
from events.fact import Fact, Value
from events.kin import alone, with_kin
from events.ledger import Append, Clock, Conflict, Ledger, LedgerUnavailable, Writer
from events.participation import ActRefused
from events.reconciler import TURNS
from events.texts import without_blanks
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

    @field_validator("data")
    @classmethod
    def _is_readable(cls, data: dict[str, Any]) -> dict[str, Any]:
        """A blank says nothing, and half a character would break the store."""
        cleaned: dict[str, Any] = without_blanks(data)
        return cleaned

    @property
    def causation(self) -> str | None:
        """What its events name as their cause, with a digest of the data; None without an id."""
        return None if self.id is None else f"{self._asked_as}/{self._content}"

    @property
    def _asked_as(self) -> str:
        return f"command/{self.by}/{self.name}/{self.id}"

    @property
    def _content(self) -> str:
        """Eight signs that tell one content from another, whatever order its fields came in."""
        return json_digest(self.model_dump(mode="json")["data"])[:8]

    def is_reused(self, causation: str | None) -> bool:
        """That cause was this command's id with other data."""
        if self.id is None or causation is None or causation == self.causation:
            return False
        return causation.rpartition("/")[0] == self._asked_as and len(causation) == len(self.causation or "")

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


async def execute(
    writer: Writer, clock: Clock, command: Command, decides: Decides, *, needs_kin: bool = False
) -> Answer:
    """Decide on the command with the complaint as the ledger has it; decide again when somebody was faster.

    The complaints it is linked to are loaded for those decisions alone that look at them.
    Raises LedgerUnavailable, also where somebody was faster at every turn: a retry cures it.
    """
    for _ in range(TURNS):
        known = await asyncio.to_thread(_load, writer.ledger, command, needs_kin)
        turn = _turn(known, command, decides, clock(), writer.service)
        if turn.append is None:
            return turn.answer or ()
        outcome = (await writer.append_all([turn.append]))[0]
        if not isinstance(outcome, Conflict):
            return turn.answer or outcome
    raise LedgerUnavailable(f"{command.complaint} changed {TURNS} times while deciding")


def _load(ledger: Ledger, command: Command, needs_kin: bool) -> Case | None:
    return with_kin(ledger, command.complaint, command.names) if needs_kin else alone(ledger, command.complaint)


def _turn(current: Case | None, command: Command, decides: Decides, now: datetime, service: Service) -> _Turn:
    if current is None:
        return _Turn(no_such_complaint(command.complaint))
    history, policy = current.history, current.complaint.policy
    done = [recorded for recorded in history if _led_to(command, recorded)]
    if any(not isinstance(recorded.fact, ActRefused) for recorded in done):
        return _Turn(done)
    decided = _unheard(command, history) or decides(current, command, now)
    if isinstance(decided, Refusal):
        if not decided.recorded or done or _is_told(history, command, decided):
            return _Turn(decided)
        # By the service, not by the person: a refused try is no act, and stops no clock of people.
        refused = ActRefused(
            person=command.by,
            command=command.name,
            code=decided.code,
            requirement=decided.requirement,
            settled=current.complaint.ending.is_resolved or not current.complaint.is_open,
        )
        actor = Actor(kind=ActorKind.SYSTEM, id=service.value)
        entry = Entry(refused, now, actor, command.causation, policy)
        return _Turn(decided, Append(command.complaint, history.version, (entry,)))
    actor = Actor(kind=ActorKind.PERSON, id=command.by)
    entries = tuple(Entry(fact, now, actor, command.causation, policy) for fact in decided)
    return _Turn(None, Append(command.complaint, history.version, entries)) if entries else _Turn(())


def _is_told(history: Sequence[Recorded], command: Command, refusal: Refusal) -> bool:
    """The same try by the same person was recorded, and since then nobody but our services did anything here."""
    for recorded in reversed(history):
        if recorded.actor.kind is not ActorKind.SYSTEM:
            return False
        fact = recorded.fact
        if isinstance(fact, ActRefused) and _told(fact) == (command.by, command.name, refusal.code):
            return True
    return False


def _told(fact: ActRefused) -> tuple[str, str, str]:
    return fact.person, fact.command, fact.code


def _unheard(command: Command, history: History) -> Refusal | None:
    """What refuses a command before anybody decides: its id was used for something else, or it saw an old version."""
    if any(command.is_reused(recorded.causation) for recorded in history):
        return _reused(command)
    if command.version is not None and command.version != history.version:
        return _stale(command.version, history.version)
    return None


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


def _reused(command: Command) -> Refusal:
    return refuse(
        "command_id_reused",
        "S004-1.2",
        f"命令标识 {command.id} 已用于其他内容：请换一个标识",
        f"the command id {command.id} was used for other data: give this command an id of its own",
        id=command.id,
    )


def _stale(seen: int, current: int) -> Refusal:
    return Refusal(
        code="stale_version",
        requirement="S003-2.4",
        facts={"seen": str(seen), "current": str(current)},
        zh=f"您看到的是第 {seen} 版，现为第 {current} 版：请刷新后再试",
        en=f"you saw version {seen}, it is {current} now: look again, then decide",
    )
