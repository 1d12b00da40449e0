"""Facts of who takes part: handed over, recused, refused, lent authority, asked to help (S002-7.1, S001-9.4)."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, NamedTuple

from events.envelope import Folds, Recorded
from events.fact import Fact, Lasting, Personal
from events.money import Currency, Money
from events.vocabulary import Language, Service


class HandedOver(Fact):
    """The task moved from one handler to another; the owner stays, nobody is blamed (S004-8.4, C12)."""

    TYPE: ClassVar = "complaint.handed_over"
    WRITER: ClassVar = Service.WORKFLOW
    ZH: ClassVar = "{time}，{actor}将处理任务由 {giver} 移交 {department} 的 {handler}（{reason}）。"
    EN: ClassVar = "{time}: {actor} handed the task from {giver} to {handler} of {department} ({reason})."

    giver: str
    """Who handled it until now."""
    handler: str
    department: str
    reason: Personal


class OwnerNamed(Fact):
    """Another person became accountable, which never happens silently (S002-1.1)."""

    TYPE: ClassVar = "complaint.owner_named"
    WRITER: ClassVar = Service.WORKFLOW
    ZH: ClassVar = "{time}，{actor}将责任人由 {former} 变更为 {owner}（{reason}）。"
    EN: ClassVar = "{time}: {actor} made {owner} accountable instead of {former} ({reason})."

    former: str
    owner: str
    reason: Lasting


class Recused(Fact):
    """A person takes no part in this complaint, or by compliance's exception may again (S002-7.1)."""

    TYPE: ClassVar = "complaint.recused"
    WRITER: ClassVar = Service.WORKFLOW
    ZH: ClassVar = "{time}，{actor}决定 {person} 回避（{reason}）。"
    EN: ClassVar = "{time}: {actor} recused {person} ({reason})."
    LIFTED: ClassVar[Mapping[Language, str]] = {
        "zh": "{time}，{actor}准许 {person} 例外参与处理（{reason}）。",
        "en": "{time}: {actor} let {person} take part by exception ({reason}).",
    }

    person: str
    reason: Personal
    lifted: bool = False
    """True: compliance lets the person take part, for the reason given."""

    def told(self, language: Language) -> str:
        """An exception is no recusal, and is told as what it is (S002-7.1)."""
        return self.LIFTED[language] if self.lifted else super().told(language)


class ActRefused(Fact):
    """Somebody tried what they may not do: recused, or beyond their authority (S002-7.1, S000-3.9).

    The same try again (person, command, code) is refused again, and recorded again only once a person, the customer
    or a channel did something to the complaint since: what our services add, the alerts of the first try among it,
    does not count. So a robot that tries for ever leaves one fact and one alert.
    """

    TYPE: ClassVar = "complaint.act_refused"
    WRITER: ClassVar = Service.WORKFLOW
    ALSO: ClassVar = frozenset({Service.INTAKE, Service.NOTIFIER})
    ZH: ClassVar = "{time}，{actor}拒绝了 {person} 的 {command}：{code}（依据 {requirement}）。"
    EN: ClassVar = "{time}: {actor} refused {person} the {command}: {code} ({requirement})."

    person: str
    """Who tried; the actor is the service that refused, so that no clock of people stops."""
    command: str
    code: str
    requirement: str
    settled: bool = False
    """The complaint was resolved or at its end: nobody has to be found who may do it (S000-3.10)."""


class AuthorityDelegated(Fact):
    """Somebody lent part of their authority for this complaint until an instant (S001-9.4)."""

    TYPE: ClassVar = "complaint.authority_delegated"
    WRITER: ClassVar = Service.WORKFLOW
    ZH: ClassVar = "{time}，{actor}授权 {to} 在 {until} 前可决定 {limit} {currency} 以内（{reason}）。"
    EN: ClassVar = "{time}: {actor} let {to} decide up to {limit} {currency} until {until} ({reason})."

    to: str
    limit: Money
    currency: Currency
    until: datetime
    reason: Personal


class TaskOpened(Fact):
    """A department or a third party was asked for its part; the owner stays (S004-3.2, S001-6.6, S000-3.5)."""

    TYPE: ClassVar = "complaint.task_opened"
    WRITER: ClassVar = Service.WORKFLOW
    ZH: ClassVar = "{time}，{actor}请 {department} 的 {person} 协同处理任务 {task}：{what}，{due} 前答复。"
    EN: ClassVar = "{time}: {actor} asked {person} of {department} for task {task}: {what}, due {due}."

    task: str
    """`t1`, `t2`, in order."""
    department: str
    person: str
    party: Lasting | None = None
    """The third party concerned, a carrier; the person stays in touch with it."""
    what: Personal
    due: datetime


class TaskClosed(Fact):
    """The part was done, or cannot be (S001-16.5)."""

    TYPE: ClassVar = "complaint.task_closed"
    WRITER: ClassVar = Service.WORKFLOW
    ZH: ClassVar = "{time}，{actor}答复任务 {task}。"
    EN: ClassVar = "{time}: {actor} answered task {task}."

    task: str
    result: Personal


class Nudged(Fact):
    """The coordinating supervisor urged the handler on (S002-4.5)."""

    TYPE: ClassVar = "complaint.nudged"
    WRITER: ClassVar = Service.WORKFLOW
    ZH: ClassVar = "{time}，{actor}督促 {person}。"
    EN: ClassVar = "{time}: {actor} urged {person} on."

    person: str
    text: Personal


class PolicyMigrated(Fact):
    """From here on the complaint is handled under another policy version, by decision (M2, M8)."""

    TYPE: ClassVar = "complaint.policy_migrated"
    WRITER: ClassVar = Service.WORKFLOW
    ZH: ClassVar = "{time}，{actor}将适用政策由 {former} 改为 {to}（{reason}）。"
    EN: ClassVar = "{time}: {actor} moved the complaint from policy {former} to {to} ({reason})."

    former: str
    to: str
    reason: Personal


class Delegation(NamedTuple):
    """Authority lent for this complaint; it lapses by itself (S001-9.4)."""

    by: str
    to: str
    limit: Decimal
    currency: str
    until: datetime


class Task(NamedTuple):
    """One department's or third party's part."""

    task: str
    department: str
    person: str
    party: str | None
    what: str
    due: datetime
    opened_by: str
    is_open: bool = True


class Participation(NamedTuple):
    """Who takes part, and who does not."""

    recused: tuple[str, ...] = ()
    excepted: tuple[str, ...] = ()
    """People compliance lets take part although they are accused or were recused (S002-7.1)."""
    delegations: tuple[Delegation, ...] = ()
    tasks: tuple[Task, ...] = ()

    @property
    def open_tasks(self) -> tuple[Task, ...]:
        """Parts still owed."""
        return tuple(task for task in self.tasks if task.is_open)


def _recused(known: Participation, fact: Recused, _: Recorded) -> Participation:
    out = tuple(person for person in known.recused if person != fact.person)
    back = tuple(person for person in known.excepted if person != fact.person)
    if fact.lifted:
        return known._replace(recused=out, excepted=(*back, fact.person))
    return known._replace(recused=(*out, fact.person), excepted=back)


def _delegated(known: Participation, fact: AuthorityDelegated, recorded: Recorded) -> Participation:
    lent = Delegation(recorded.actor.id, fact.to, fact.limit, fact.currency, fact.until)
    return known._replace(delegations=(*known.delegations, lent))


def _task_opened(known: Participation, fact: TaskOpened, recorded: Recorded) -> Participation:
    task = Task(fact.task, fact.department, fact.person, fact.party, fact.what, fact.due, recorded.actor.id)
    return known._replace(tasks=(*known.tasks, task))


def _task_closed(known: Participation, fact: TaskClosed, _: Recorded) -> Participation:
    tasks = (task._replace(is_open=False) if task.task == fact.task else task for task in known.tasks)
    return known._replace(tasks=tuple(tasks))


CHANGES: Folds = {
    Recused: _recused,
    AuthorityDelegated: _delegated,
    TaskOpened: _task_opened,
    TaskClosed: _task_closed,
}
"""Fact -> who takes part after it; an owner or policy changed is the complaint's own matter."""
