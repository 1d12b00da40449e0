"""Named examples for the clock specifications: moments, histories, the clocks of the shipped section."""

import tomllib
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from events.complaint import Complaint
from events.contact import Replied
from events.envelope import Actor, History, Recorded, StreamId
from events.fact import Fact
from events.folding import fold
from events.handling import Classified
from events.reception import Customer, Received, Supplemented
from events.vocabulary import ActorKind, Category, Complexity, Medium, Priority, ReplyKind
from policy.timing.calendars import CalendarSpec
from policy.timing.clocks import Clocks, ClockSpec
from policy.timing.official_days import official_days

SHANGHAI = ZoneInfo("Asia/Shanghai")
MACHINE = Actor(kind=ActorKind.SYSTEM, id="workflow")
AGENT = Actor(kind=ActorKind.PERSON, id="li.na")
CHANNEL = Actor(kind=ActorKind.CHANNEL, id="web")

POLICY = Path(__file__).parents[2] / "policy"
SECTION: dict[str, Any] = next(
    document
    for path in (POLICY / "default-cn.toml", POLICY / "clocks.section.toml")
    if path.exists() and "clock" in (document := tomllib.loads(path.read_text("utf-8")))
)
"""The shipped policy; its clocks stand alone until they are pasted in."""

RECEIVED = Received(
    number="1",
    channel="web",
    external_ref="W-1",
    text="坏了",
    customer=Customer(name="张三"),
    content_sha256="0",
)
SUPPLEMENTED = Supplemented(text="照片", content_sha256="1")


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    """`2026-03-02 20:50` in Shanghai."""
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def classified(priority: Priority, complexity: Complexity = Complexity.SIMPLE) -> Classified:
    return Classified(category=Category.SERVICE, priority=priority, complexity=complexity)


def replied(kind: ReplyKind) -> Replied:
    return Replied(kind=kind, medium=Medium.PHONE)


def history(*events: tuple[datetime, Fact, Actor]) -> History:
    """A history of these facts in this order."""
    return History(
        Recorded(
            version,
            StreamId("c1"),
            version,
            fact,
            when.astimezone(UTC),
            when.astimezone(UTC),
            actor,
            None,
            "p@1",
        )
        for version, (when, fact, actor) in enumerate(events, 1)
    )


def received(moment: datetime, *later: tuple[datetime, Fact, Actor]) -> History:
    """A history that begins with a complaint received then."""
    return history((moment, RECEIVED, CHANNEL), *later)


def known(events: History) -> Complaint:
    """What the facts tell of the grade; facts made up for a specification tell nothing."""
    return fold(recorded for recorded in events if isinstance(recorded.fact, Received | Classified))


def clocks(**specs: dict[str, Any]) -> Clocks:
    """The clocks given, over the calendars of the shipped section; without any, the shipped clocks."""
    wanted = {
        name: ClockSpec.model_validate({"title": {"zh": name, "en": name}, **spec}) for name, spec in specs.items()
    }
    shipped = {name: ClockSpec.model_validate(spec) for name, spec in SECTION["clock"].items()}
    calendars = {name: CalendarSpec.model_validate(spec) for name, spec in SECTION["calendar"].items()}
    return Clocks(wanted or shipped, calendars, SHANGHAI, _days())


@cache
def shipped() -> Clocks:
    """The clocks of clocks.section.toml, counting with China's official days."""
    return clocks()


@cache
def _days() -> tuple[Any, ...]:
    return official_days("cn", range(2024, 2029))


def hours(count: float) -> timedelta:
    return timedelta(hours=count)
