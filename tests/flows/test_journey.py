"""Real complaints from the first word to the acknowledgement, through the installation customers get."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import orjson

from events.catalogue import from_json
from events.envelope import History
from events.folding import fold
from events.ledger import Ledger
from events.tokens import masked_json
from policy.registry import Policies
from services.clock import now
from services.desk.state import complaint_json
from services.settings import Settings
from services.wiring.store import reading_store
from tests.flows.harness import Up, a_channel, command, post, publish, samples

CHINESE = 146
ENGLISH = 200


def chinese() -> list[dict[str, Any]]:
    """The labelled complaints, each from somebody who can be called."""
    rows = [row for row in samples("zh/complaints_labelled.csv") if row["kind"] == "complaint"]
    return [
        {
            "channel": "web",
            "external_ref": row["id"],
            "text": row["text"],
            "customer": {"name": "王先生", "contacts": [{"medium": "phone", "address": f"1380000{number:04}"}]},
        }
        for number, row in enumerate(rows)
    ]


def english() -> list[dict[str, Any]]:
    """The narratives, each from somebody who can be written to.

    Without their product, a family such as "credit card": two hundred in an hour about one product are an incident.
    """
    return [
        {
            "channel": "app",
            "external_ref": f"cfpb-{row['row']}",
            "text": row["narrative"],
            "customer": {"contacts": [{"medium": "email", "address": f"consumer{row['row']}@example.com"}]},
        }
        for row in samples("en/cfpb_narratives.csv")
    ]


async def test_every_real_complaint_is_handled_once_and_the_replay_shows_what_was_served(up: Up) -> None:
    over_http, over_nats = chinese(), english()
    assert (len(over_http), len(over_nats)) == (CHINESE, ENGLISH)
    up.env = {}
    await up.start()
    async with a_channel(up.nats) as client:
        await asyncio.gather(post(up.oracle, lambda: up.http, over_http), publish(up.oracle, client, over_nats))
        verdict = await up.books.settled()
        assert (verdict.recorded, verdict.acknowledged) == (CHINESE + ENGLISH, CHINESE + ENGLISH)
        before = up.oracle.position
        await asyncio.gather(post(up.oracle, lambda: up.http, over_nats), publish(up.oracle, client, over_http))
        verdict = await up.books.settled()
    assert up.oracle.position == before, "the same complaints from the other path are only duplicates"
    await _the_replay_equals_what_is_served(up)
    assert await up.running.terminate() == 0


async def _the_replay_equals_what_is_served(up: Up) -> None:
    code, lines, errors = await command("replay", "--json", data=up.data)
    assert code == 0, errors
    histories: dict[str, list[Mapping[str, Any]]] = {}
    for line in lines:
        histories.setdefault(line["complaint_id"], []).append(line)
    ledger = Ledger(reading_store(Settings(data=up.data)), now, unsafe=True)
    policies = Policies(ledger)
    async with httpx.AsyncClient(base_url=up.http, timeout=30.0) as client:
        page = (await client.get("/api/events", params={"after": 0, "limit": 200})).json()
        served = page["events"] if isinstance(page, dict) else page
        assert served == lines[: len(served)], "the event feed is the replay"
        for told in up.oracle.receipts.values():
            history = History(from_json(dict(line)) for line in histories[told.complaint_id])
            policy = policies.get(history[0].policy)
            replayed = complaint_json(fold(history), history, policy, now())
            answer = (await client.get(f"/api/complaints/{told.complaint_id}")).json()
            assert _comparable(answer) == _comparable(masked_json(orjson.loads(orjson.dumps(replayed))))
    ledger.close()


def _comparable(state: Mapping[str, Any]) -> dict[str, Any]:
    """The state without what depends on the moment of asking."""
    return {key: value for key, value in state.items() if key not in {"overdue", "as_of", "waiting_seconds"}}
