"""Scripts, checklists and knowledge for whoever handles a complaint, chosen by channel, stage and topic (S001-9.1)."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple, Protocol

from pydantic import Field, PositiveInt

from events.commands import Refusal, refuse
from events.complaint import Complaint
from events.fact import Value
from events.vocabulary import Category, Word
from policy.titles import Title


class Moment(Word):
    """How far the handling has come, as far as words and conduct differ."""

    LISTENING = "listening", "倾听", "listening"
    CHECKING = "checking", "核实", "checking"
    SOLVING = "solving", "解决", "solving"
    CLOSING = "closing", "收尾", "closing"


class Concern(Word):
    """What a step is for: feelings come before the matter (S001-9.1, S002-0.7)."""

    EMOTION = "emotion", "先处理心情", "feelings first"
    MATTER = "matter", "再处理事情", "then the matter"


class When(Value):
    """Where guidance belongs; what is not named does not matter."""

    channels: tuple[str, ...] = ()
    """Names of `[guidance.channel]`."""
    moments: tuple[Moment, ...] = ()
    topics: tuple[str, ...] = ()
    """A category, a flag of triage, or `emotional`."""


class Script(Value):
    """`[script.<id>]`: words ready to be said."""

    source: tuple[str, ...]
    concern: Concern
    when: When = When()
    zh: str
    en: str


class Item(Value):
    """One step of a checklist."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    source: tuple[str, ...]
    concern: Concern
    when: When = When()
    zh: str
    en: str
    command: str | None = None
    """The command that does it, for a button beside the item (S001-1.1)."""


class Checklist(Value):
    """`[checklist.<id>]`: steps to tick off."""

    title: Title
    source: tuple[str, ...]
    when: When = When()
    item: tuple[Item, ...]


class KnowledgeKind(Word):
    """What an entry of the knowledge base is (S001-4.8)."""

    FACT = "fact", "事实", "fact"
    SOLUTION = "solution", "解决办法", "solution"
    LAW = "law", "法律法规", "law"


class Knowledge(Value):
    """`[knowledge.<id>]`: something worth knowing for complaints of some categories."""

    source: tuple[str, ...]
    kind: KnowledgeKind
    category: tuple[Category, ...] = Field(min_length=1)
    zh: str
    en: str


class GuidanceRules(Value):
    """`[guidance]`: what guidance is chosen by."""

    source: tuple[str, ...]
    emotional_from: PositiveInt
    """From this level of emotion on the customer is upset (S000-1.3)."""
    channel: dict[str, tuple[str, ...]]
    """Kind of channel -> channels: where people speak, where they meet."""


class _Placed(Protocol):
    @property
    def when(self) -> When: ...

    @property
    def concern(self) -> Concern: ...


class Place(NamedTuple):
    """Where a complaint stands for guidance."""

    channels: frozenset[str]
    moment: Moment
    topics: frozenset[str]

    def fits(self, when: When) -> bool:
        """The guidance belongs here."""
        return (
            (not when.channels or not self.channels.isdisjoint(when.channels))
            and (not when.moments or self.moment in when.moments)
            and (not when.topics or not self.topics.isdisjoint(when.topics))
        )


def place_of(complaint: Complaint, rules: GuidanceRules) -> Place:
    """The kinds of its channel, how far it has come, what it is about."""
    channels = frozenset(kind for kind, names in rules.channel.items() if complaint.channel in names)
    emotion = complaint.understanding.emotion or 0
    topics = {*complaint.flags, *([complaint.category] if complaint.category else ())}
    topics |= {"emotional"} if emotion >= rules.emotional_from else set()
    return Place(channels, _moment(complaint), frozenset(map(str, topics)))


def _moment(complaint: Complaint) -> Moment:
    if complaint.ending.is_resolved or complaint.ending.closed is not None:
        return Moment.CLOSING
    if complaint.verification.is_done:
        return Moment.SOLVING
    return Moment.CHECKING if complaint.understanding.is_confirmed else Moment.LISTENING


def scripts_for(scripts: Mapping[str, Script], place: Place) -> Mapping[str, Script]:
    """The scripts that belong here, feelings first (S001-9.1)."""
    fitting = [(name, script) for name, script in scripts.items() if place.fits(script.when)]
    return dict(sorted(fitting, key=lambda pair: _order(pair[1])))


def checklists_for(checklists: Mapping[str, Checklist], place: Place) -> Mapping[str, Checklist]:
    """The checklists that belong here, each with its fitting items, feelings first (S001-9.1, S002-0.7)."""
    return {
        name: checklist.model_copy(update={"item": tuple(_fitting(checklist.item, place))})
        for name, checklist in checklists.items()
        if place.fits(checklist.when)
    }


def _fitting(items: Iterable[Item], place: Place) -> Iterable[Item]:
    return sorted((item for item in items if place.fits(item.when)), key=_order)


def _order(placed: _Placed) -> int:
    return list(Concern).index(placed.concern)


def knowledge_for(entries: Mapping[str, Knowledge], category: Category | None) -> Mapping[str, Knowledge]:
    """What is known about complaints of that category (S001-4.8)."""
    return {name: entry for name, entry in entries.items() if category in entry.category}


def ids_of(
    scripts: Mapping[str, Script], checklists: Mapping[str, Checklist], knowledge: Mapping[str, Knowledge]
) -> Iterator[str]:
    """What a reply may name as used: `script.take_your_time`, `checklist.handling.what_we_did`, `knowledge.conduct`."""
    yield from (f"script.{name}" for name in scripts)
    yield from (f"checklist.{name}.{item.id}" for name, checklist in checklists.items() for item in checklist.item)
    yield from (f"knowledge.{name}" for name in knowledge)


def unknown_guidance(used: Iterable[str], known: Collection[str]) -> Refusal | None:
    """What is counted as used must exist, or the count means nothing (S001-4.8)."""
    strange = [id_ for id_ in used if id_ not in known]
    if not strange:
        return None
    return refuse(
        "unknown_guidance",
        "S001-4.8",
        f"没有这些话术、清单项或知识条目：{'、'.join(strange)}；可用的见投诉的 guidance",
        f"no such script, checklist item or knowledge: {', '.join(strange)}; the complaint's guidance lists them",
        used=", ".join(strange),
    )
