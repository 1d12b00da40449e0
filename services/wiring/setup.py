"""What must be there before services run: tables, streams and consumers, a policy, an organisation (`amends setup`)."""

import asyncio
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from events.envelope import Actor
from events.ledger import Ledger
from events.nudges import WANTED, publish_nudges
from events.reception import Received
from events.streams import StreamSettings, set_up
from events.subjects import DURABLES, Stream
from events.vocabulary import ActorKind, Service
from policy.checking.check import check, errors
from policy.composition import read_policy
from policy.document import InvalidPolicy
from policy.policy import DEFAULT_POLICY, SAMPLE_ORGANISATION
from policy.registry import ORGANISATION, POLICIES, publish_organisation, publish_policy
from services.settings import Settings

SETUP = Actor(kind=ActorKind.SYSTEM, id="setup")


def prepare_ledger(ledger: Ledger, settings: Settings, now: datetime) -> list[str]:
    """Publish what the settings name, or the defaults where the ledger has nothing; what was done."""
    writer = ledger.writer(Service.SETUP)
    done = []
    if settings.policy is not None or not ledger.load(POLICIES):
        text = _sound(settings.policy) if settings.policy is not None else DEFAULT_POLICY.read_text()
        if publish_policy(writer, text, SETUP, now):
            done.append(f"published policy {settings.policy or DEFAULT_POLICY.name}")
    if settings.organisation is not None or not ledger.load(ORGANISATION):
        text = (settings.organisation or SAMPLE_ORGANISATION).read_text()
        if publish_organisation(writer, text, SETUP, now):
            done.append(f"published organisation {settings.organisation or SAMPLE_ORGANISATION.name}")
    return done


def _sound(file: Path) -> str:
    """The complete text of a policy file; raises InvalidPolicy for one that `amends policy check` finds flawed."""
    text = read_policy(file)
    if wrong := errors(check(text)):
        first = wrong[0]
        raise InvalidPolicy(f"{file.name}, {first.place}: {first.zh} / {first.en} ({len(wrong)})")
    return text


def stream_settings(settings: Settings) -> StreamSettings:
    """What streams and consumers should be, as far as settings decide."""
    return StreamSettings(replicas=settings.nats_replicas)


async def prepare_broker(js: JetStreamContext, settings: Settings, ledger: Ledger) -> list[str]:
    """Make or change streams and consumers; what was different before.

    Where timers or nudges were lost and the events were not, every complaint is nudged: the services write their
    agenda again. Where the events are gone too, the relay's refill nudges them anyway (ADR 0001).
    """
    different = await set_up(js, stream_settings(settings))
    if LOST & set(different) and EVENTS_LOST not in different:
        nudged = await nudge_everything(js, ledger)
        different.append(f"nudged {nudged} complaints: their timers may have been lost")
    return different


async def drop_events(js: JetStreamContext) -> None:
    """Delete the stream of events, after a restore of the ledger: the relay fills it again from the beginning."""
    with suppress(NotFoundError):
        await js.delete_stream(Stream.COMPLAINTS.value)


LOST = {
    *(f"stream {stream} is missing" for stream in (Stream.AGENDA, Stream.NUDGES)),
    *(f"consumer {d.stream}/{d.name} is missing" for d in DURABLES if d.stream in (Stream.AGENDA, Stream.NUDGES)),
}
EVENTS_LOST = f"stream {Stream.COMPLAINTS} is missing"


async def nudge_everything(js: JetStreamContext, ledger: Ledger) -> int:
    """Have every service look at every complaint; how many there are. A look with nothing to do writes nothing."""
    streams = await asyncio.to_thread(lambda: [row.stream for row in ledger.scan() if row.topic == Received.TYPE])
    for service in WANTED:
        await publish_nudges(js, service, streams)
    return len(streams)
