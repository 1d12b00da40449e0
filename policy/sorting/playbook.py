"""What is done when a matter threatens to spread, and what a customer cares for (S003-6.6, S001-18.2)."""

from collections.abc import Collection, Iterable, Mapping

from events.complaint import Complaint
from events.fact import Value
from events.vocabulary import Language, Relation

Said = dict[Language, str]


class Playbook(Value):
    """`[playbook.<name>]`: steps in order, attached to complaints with one of these flags or links (S001-10.2)."""

    source: tuple[str, ...]
    title: Said
    flags: frozenset[str]
    relations: frozenset[Relation] = frozenset()
    steps: tuple[Said, ...]


class Orientation(Value):
    """`[orientation.<name>]`: what a customer values who complains of these topics (S001-18.2)."""

    source: tuple[str, ...]
    title: Said
    topics: frozenset[str]
    """Triage topics, or the first part of their names."""


def attached(complaint: Complaint, playbooks: Mapping[str, Playbook]) -> tuple[str, ...]:
    """The playbooks that the complaint's flags and links call for (S003-6.6, S001-10.2)."""
    flags, relations = set(complaint.flags), {link.relation for link in complaint.links.every}
    return tuple(
        name
        for name, book in playbooks.items()
        if not (book.flags.isdisjoint(flags) and book.relations.isdisjoint(relations))
    )


def valued(reasons: Iterable[str], orientations: Mapping[str, Orientation]) -> tuple[str, ...]:
    """What the customer cares for: slow -> speed, attitude -> respect, fees -> money (S001-18.2)."""
    topics = {reason.partition(":")[0] for reason in reasons}
    told = topics | {topic.partition(".")[0] for topic in topics}
    return tuple(name for name, orientation in orientations.items() if _meets(orientation.topics, told))


def _meets(topics: Collection[str], told: Collection[str]) -> bool:
    return not set(topics).isdisjoint(told)
