"""Complaints moving before your eyes: each new fact as its audit sentence, in the terminal."""

import asyncio
from itertools import islice

from rich.text import Text

from events.envelope import Recorded
from events.ledger import Ledger, LedgerUnavailable
from events.sentences import sentence
from policy.registry import Policies
from services.cli.output import out
from services.clock import now

LOOK_SECONDS = 0.5
MOST = 5_000
"""Facts read at one look."""
LINES = 200
"""Sentences printed at one look; more are counted, not printed: the terminal is not the audit."""


async def follow(ledger: Ledger, policies: Policies) -> None:
    """Print every fact from now on until cancelled."""
    zone = policies.current(now()).zone
    position = await asyncio.to_thread(ledger.head)
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        try:
            new = await asyncio.to_thread(_some, ledger, position)
        except LedgerUnavailable:
            continue
        for recorded in new[:LINES]:
            out.print(Text(sentence(recorded, "zh", zone)))
        if len(new) > LINES:
            out.print(Text(f"… 另有 {len(new) - LINES} 条 / and {len(new) - LINES} more"))
        position = new[-1].position if new else position


def _some(ledger: Ledger, position: int) -> list[Recorded]:
    return list(islice(ledger.replay(position), MOST))
