"""What `amends doctor` looks at: each finding says what was checked and what to do."""

import asyncio
from collections.abc import Mapping
from typing import Any, NamedTuple

from nats.errors import Error as NatsError
from nats.js import JetStreamContext

from events.bus import connect
from events.ledger import Ledger, LedgerUnavailable
from events.relay import LedgerRestored, Relay
from events.streams import StreamsDiffer, StreamSettings, check, fill
from events.subjects import Role
from policy.registry import NothingPublished, Policies
from services.clock import now
from services.compliance.seal.notes import NotSigned
from services.compliance.seal.proofs import TilesMissing
from services.compliance.seal.resuming import BATCH, LedgerDisagrees
from services.compliance.seal.seal_store import SealStoreAway
from services.settings import Settings
from services.wiring.sealing import seal_state
from services.wiring.store import NoInstallation, reading_ledger

FULL = 0.8
"""A stream fuller than this is a finding."""


FAR_BEHIND = 10_000
"""Events not relayed yet that are a finding."""


class Finding(NamedTuple):
    """One thing that was looked at."""

    what: str
    ok: bool
    detail: str


async def examine(settings: Settings, running: Mapping[str, Any] | None) -> list[Finding]:
    """All findings on the ledger, the policies and the broker."""
    return [*await asyncio.to_thread(_ledger, settings), *await _broker(settings, running)]


def _ledger(settings: Settings) -> list[Finding]:
    findings: list[Finding] = []
    try:
        with reading_ledger(settings, now) as ledger:
            findings += _seal(settings, ledger)
            weak = ledger.weaknesses()
            findings.append(Finding("durability", not weak, "; ".join(weak) or "every commit survives a power cut"))
            findings.append(Finding("ledger", True, f"{settings.ledger}, {ledger.head()} events"))
            policies = Policies(ledger)
            policy = policies.current(now())
            people = len(policies.organisation.person)
            findings.append(Finding("policy", True, f"{policy.id} in force, organisation of {people}"))
    except NothingPublished as nothing:
        findings.append(Finding("policy", False, str(nothing)))
    except (NoInstallation, LedgerUnavailable, OSError, ValueError) as failure:
        findings.append(Finding("ledger", False, str(failure)))
    return findings


def _seal(settings: Settings, ledger: Ledger) -> list[Finding]:
    """How far the seal is, whether it stopped, whether the last sealed event still stands (ADR 0014)."""
    try:
        found = seal_state(settings, ledger)
    except (SealStoreAway, NotSigned, TilesMissing, LedgerDisagrees, ValueError) as failure:
        return [Finding("seal", False, str(failure) or type(failure).__name__)]
    if found.refusal is not None:
        return [Finding("seal", False, f"{found.refusal}: amends verify")]
    if found.head is None:
        return [Finding("seal", True, "尚未封存 / nothing is sealed yet")]
    # A running sealer is at most a second behind, a stopped installation as far as it was written to since.
    text = f"{found.head.size} events sealed, the last at {found.head.time}, {found.behind} to go"
    return [Finding("seal", found.behind < BATCH, text)]


async def _relayed(js: JetStreamContext, settings: Settings) -> Finding:
    try:
        with reading_ledger(settings, now) as ledger:
            reached = await Relay(ledger, js).read_reached()
            behind = ledger.head() - reached.position
            return Finding("relay", behind < FAR_BEHIND, f"{behind} events to go")
    except LedgerRestored as restored:
        return Finding("relay", False, f"{restored}: see docs/operating.md")
    except (NoInstallation, LedgerUnavailable) as failure:
        return Finding("relay", False, str(failure))


async def _broker(settings: Settings, running: Mapping[str, Any] | None) -> list[Finding]:
    url = running["nats"] if running else settings.nats_url
    if running is None and "nats_url" not in settings.model_fields_set:
        return [Finding("broker", True, "not running: `amends up` starts it")]
    try:
        client = await connect(url, Role.OPERATOR)
    except (NatsError, OSError, TimeoutError) as away:
        return [Finding("broker", False, f"no answer: {away or type(away).__name__}")]
    try:
        js = client.jetstream()
        wanted = StreamSettings(replicas=settings.nats_replicas)
        await check(js, wanted)
        levels = await fill(js, wanted)
        fullest, level = max(levels.items(), key=lambda item: item[1])
        return [
            await _relayed(js, settings),
            Finding("streams", True, f"{len(levels)} streams and their consumers are as wanted"),
            Finding("room", level < FULL, f"{fullest} is fullest: {level:.0%} of its bytes"),
        ]
    except StreamsDiffer as different:
        return [Finding("streams", False, str(different))]
    except (NatsError, TimeoutError) as failure:
        why = f"{failure or type(failure).__name__}: AMENDS_NATS_URL must name the operator, who may look at everything"
        return [Finding("streams", False, why)]
    finally:
        await client.close()
