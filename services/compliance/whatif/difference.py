"""The past beside the past under another policy: what changed, in figures and by complaint (design, section 7)."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

from events.envelope import History, StreamId
from events.execution import RefundPaid, RefundVerified
from events.handling import ClockBreached, Escalated
from services.compliance.whatif.figures import Figure, Figures, Group

MOST = 200
"""Complaints and acts named one by one; their numbers tell of all."""
SAME_MOMENT = timedelta(minutes=1)
"""Times nearer than this are one moment: live services take milliseconds where a re-run takes none."""


class Refused(NamedTuple):
    """An act of a person that the other policy would not have allowed."""

    complaint: StreamId
    number: str
    at: str
    person: str
    command: str
    code: str
    requirement: str


class Changed(NamedTuple):
    """A complaint that would have gone another way; figures that differ, before and after."""

    complaint: StreamId
    number: str
    figures: tuple[tuple[Figure, int | Decimal, int | Decimal], ...]


class Unlike(NamedTuple):
    """A complaint whose re-run under its own policy does not give what is recorded, and in what."""

    complaint: StreamId
    number: str
    what: tuple[str, ...]


class Study(NamedTuple):
    """What a re-run of many complaints found; shares of it add up in order of id."""

    complaints: int = 0
    events: int = 0
    recorded: Figures = Counter()
    own: Figures = Counter()
    """Lived again under the policies they had: what the other policy is compared with."""
    other: Figures = Counter()
    changed_number: int = 0
    changed: tuple[Changed, ...] = ()
    refused_number: int = 0
    refused: tuple[Refused, ...] = ()
    refused_by: Counter[tuple[str, str, str]] = Counter()
    """Command, code, requirement -> how often."""
    unlike_number: int = 0
    unlike: tuple[Unlike, ...] = ()
    needless: int = 0
    """Acts nobody would have had to do."""
    kept: int = 0
    """Acts taken over as recorded, because the command cannot be told from its facts."""
    moves: int = 0
    linked: int = 0
    """Complaints with links, which are taken over as recorded."""
    unreadable: int = 0
    """Complaints whose words nobody can read any more: they keep their classification."""
    silent: int = 0
    """Complaints whose record ends although services should have acted: compared up to there."""
    failed: tuple[tuple[StreamId, str], ...] = ()
    """Complaints that could not be lived again, and why."""

    def __add__(self, more: object) -> "Study":
        """Both together."""
        if not isinstance(more, Study):
            return NotImplemented
        return Study._make(_joined(mine, theirs) for mine, theirs in zip(self, more, strict=True))

    @property
    def differs(self) -> bool:
        """The other policy changes something."""
        return bool(self.changed_number or self.refused_number)


def _joined(mine: object, theirs: object) -> object:
    if isinstance(mine, Counter) and isinstance(theirs, Counter):
        both = Counter(mine)
        both.update(theirs)
        return both
    if isinstance(mine, tuple) and isinstance(theirs, tuple):
        return (*mine, *theirs)[:MOST]
    assert isinstance(mine, int)
    assert isinstance(theirs, int)
    return mine + theirs


def together(studies: Iterable[Study]) -> Study:
    """All of them."""
    every = Study()
    for study in studies:
        every += study
    return every


def compared(own: Figures, other: Figures) -> tuple[tuple[Figure, int | Decimal, int | Decimal], ...]:
    """Figures that differ, with what they are without and with the other policy."""
    names = sorted({*own, *other}, key=lambda figure: (list(Group).index(figure.group), figure.name))
    return tuple((name, own[name], other[name]) for name in names if own[name] != other[name])


def unlike(recorded: History, own: History) -> tuple[str, ...]:
    """In what a re-run under the same policy differs from the record; empty where it is faithful."""
    return tuple(sorted(_differences(recorded, own)))


def _differences(recorded: History, own: History) -> Iterator[str]:
    if not _same_breaches(recorded, own):
        yield "breaches"
    for name, kind in (("escalations", Escalated), ("refunds", RefundVerified), ("payments", RefundPaid)):
        if Counter(_told(recorded, kind)) != Counter(_told(own, kind)):
            yield name


def _told(history: History, kind: type[Escalated | RefundVerified | RefundPaid]) -> Iterator[str]:
    return (recorded.fact.model_dump_json() for recorded in history if isinstance(recorded.fact, kind))


def _same_breaches(recorded: History, own: History) -> bool:
    mine, theirs = _breaches(recorded), _breaches(own)
    return len(mine) == len(theirs) and all(
        (a.clock, a.key) == (b.clock, b.key) and abs(a.due_at - b.due_at) <= SAME_MOMENT
        for a, b in zip(mine, theirs, strict=True)
    )


def _breaches(history: History) -> list[ClockBreached]:
    facts = [recorded.fact for recorded in history if isinstance(recorded.fact, ClockBreached)]
    return sorted(facts, key=lambda fact: (fact.clock, fact.key or "", fact.due_at))
