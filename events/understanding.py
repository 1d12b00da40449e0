"""Facts of understanding the customer: what they mean, want and feel, what they are still asked for (S001-1.7)."""

from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, NamedTuple

from events.envelope import Folds, Recorded
from events.fact import Fact, Personal
from events.money import Money
from events.vocabulary import Expectation, LabelKind, Purpose, Service


class UnderstandingConfirmed(Fact):
    """Our summary was read back to the customer, who confirmed or corrected it (S001-1.7, S001-17.3)."""

    TYPE: ClassVar = "complaint.understanding_confirmed"
    WRITER: ClassVar = Service.WORKFLOW
    ZH: ClassVar = "{time}，{actor}向客户复述第 {number} 稿诉求摘要（客户确认：{confirmed}）。"
    EN: ClassVar = "{time}: {actor} read summary {number} back to the customer (confirmed: {confirmed})."

    number: int
    """1 for the first summary; a correction makes the next."""
    summary: Personal
    confirmed: bool
    demands: tuple[Personal, ...] = ()
    """What the customer wants, where it was not on record (S003-5.5)."""
    emotion: int | None = None
    """1 calm to 5 extreme (S000-1.3)."""
    expectation: Expectation | None = None
    purpose: Purpose | None = None
    requested: Money | None = None
    """What the customer wants in money, kept beside what is offered (S000-3.4)."""
    on_the_spot: bool = False
    """It can be solved while the customer is here (S002-0.1)."""


class InformationRequested(Fact):
    """The customer was asked for something we need and do not have (S001-16.6)."""

    TYPE: ClassVar = "complaint.information_requested"
    WRITER: ClassVar = Service.WORKFLOW
    ZH: ClassVar = "{time}，{actor}请客户补充：{what}（原因：{reason}）。"
    EN: ClassVar = "{time}: {actor} asked the customer for {what} (because: {reason})."

    what: Personal
    reason: Personal


class Labelled(Fact):
    """A restricted, expiring label; no rule reads it (S001-12.1, S001-10.1, S003-1.5, C21)."""

    TYPE: ClassVar = "complaint.labelled"
    WRITER: ClassVar = Service.WORKFLOW
    ZH: ClassVar = "{time}，{actor}加注受限标签（{kind}），有效期至 {until}。"
    EN: ClassVar = "{time}: {actor} added a restricted label ({kind}), valid until {until}."

    kind: LabelKind
    value: Personal
    reason: Personal
    until: datetime


class Label(NamedTuple):
    """A restricted label: shown to those who may see it until it expires, read by no rule."""

    kind: LabelKind
    value: str
    until: datetime
    by: str


class Understanding(NamedTuple):
    """What we understood so far."""

    summaries: tuple[str, ...] = ()
    is_confirmed: bool = False
    emotion: int | None = None
    """The latest level noted."""
    emotions: tuple[tuple[datetime, int], ...] = ()
    expectation: Expectation | None = None
    purpose: Purpose | None = None
    requested: Decimal | None = None
    """What the customer wants in money (S000-3.4)."""
    asked: tuple[str, ...] = ()
    """What the customer still owes us; a supplement settles it."""
    labels: tuple[Label, ...] = ()


def _confirmed(known: Understanding, fact: UnderstandingConfirmed, recorded: Recorded) -> Understanding:
    noted = () if fact.emotion is None else ((recorded.occurred_at, fact.emotion),)
    return known._replace(
        summaries=(*known.summaries, fact.summary),
        is_confirmed=fact.confirmed,
        emotion=fact.emotion or known.emotion,
        emotions=(*known.emotions, *noted),
        expectation=fact.expectation or known.expectation,
        purpose=fact.purpose or known.purpose,
        requested=known.requested if fact.requested is None else fact.requested,
    )


def _asked(known: Understanding, fact: InformationRequested, _: Recorded) -> Understanding:
    return known._replace(asked=(*known.asked, fact.what))


def _labelled(known: Understanding, fact: Labelled, recorded: Recorded) -> Understanding:
    return known._replace(labels=(*known.labels, Label(fact.kind, fact.value, fact.until, recorded.actor.id)))


def supplied(known: Understanding, _: Any, __: Recorded) -> Understanding:
    """The customer sent what we asked for."""
    return known._replace(asked=())


CHANGES: Folds = {UnderstandingConfirmed: _confirmed, InformationRequested: _asked, Labelled: _labelled}
"""Fact -> what we understood after it."""
