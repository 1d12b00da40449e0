"""Facts of belonging together: duplicate, repeat, incident; each can be undone, no clock is reset (M15)."""

from typing import ClassVar, NamedTuple

from events.envelope import Folds, Recorded, StreamId
from events.fact import Fact, Personal
from events.vocabulary import Relation, Service


class Linked(Fact):
    """This complaint belongs to another one; the other gets the mirror of the link (S004-1.2, S004-2.3)."""

    TYPE: ClassVar = "complaint.linked"
    WRITER: ClassVar = Service.INTAKE
    ZH: ClassVar = "{time}，{actor}将投诉与 {to} 关联为{relation}（{reason}）。"
    EN: ClassVar = "{time}: {actor} linked the complaint to {to} as {relation} ({reason})."

    to: StreamId
    relation: Relation
    reason: Personal
    leads: bool = False
    """True on the earlier complaint: `to` follows it."""
    accused: tuple[str, ...] = ()
    """Staff accused in either of two duplicates: they take no part in the one that is handled (S002-7.1)."""


class Unlinked(Fact):
    """A link was undone; both complaints stand on their own again."""

    TYPE: ClassVar = "complaint.unlinked"
    WRITER: ClassVar = Service.WORKFLOW
    ALSO: ClassVar = frozenset({Service.INTAKE})
    ZH: ClassVar = "{time}，{actor}解除与 {to} 的{relation}关联（{reason}）。"
    EN: ClassVar = "{time}: {actor} undid the link to {to} as {relation} ({reason})."

    to: StreamId
    relation: Relation
    reason: Personal
    leads: bool = False
    """True on the earlier complaint: `to` followed it. Its own clocks never stood still for that (S004-1.2)."""


class Link(NamedTuple):
    """One link as it stands."""

    to: StreamId
    relation: Relation
    leads: bool
    """True on the earlier complaint: `to` follows it."""
    accused: tuple[str, ...] = ()
    """Staff accused in either of two duplicates (S002-7.1)."""


class Links(NamedTuple):
    """Where the complaint belongs."""

    every: tuple[Link, ...] = ()
    undone: tuple[Link, ...] = ()
    """Links somebody undid: no rule makes them again."""

    @property
    def merged_into(self) -> StreamId | None:
        """The complaint this one is a duplicate of: it is handled there."""
        return next((link.to for link in self.every if link.relation is Relation.DUPLICATE and not link.leads), None)

    @property
    def accused(self) -> tuple[str, ...]:
        """Staff accused where the same matter was told again, as long as the link stands (S002-7.1)."""
        every = (name for link in self.every if link.relation is Relation.DUPLICATE for name in link.accused)
        return tuple(dict.fromkeys(every))

    def related(self, relation: Relation) -> tuple[StreamId, ...]:
        """Complaints linked in that way."""
        return tuple(link.to for link in self.every if link.relation is relation)

    def has(self, to: StreamId, relation: Relation) -> bool:
        """That link stands."""
        return any((link.to, link.relation) == (to, relation) for link in self.every)


def _linked(known: Links, fact: Linked, _: Recorded) -> Links:
    link = Link(fact.to, fact.relation, fact.leads, fact.accused)
    return Links((*_without(known.every, link), link), _without(known.undone, link))


def _unlinked(known: Links, fact: Unlinked, _: Recorded) -> Links:
    gone = tuple(link for link in known.every if (link.to, link.relation) == (fact.to, fact.relation))
    return Links(tuple(link for link in known.every if link not in gone), (*known.undone, *gone))


def _without(links: tuple[Link, ...], link: Link) -> tuple[Link, ...]:
    return tuple(each for each in links if (each.to, each.relation) != (link.to, link.relation))


CHANGES: Folds = {Linked: _linked, Unlinked: _unlinked}
"""Fact -> where the complaint belongs after it."""
