"""Intake over a real broker: it looks when it is nudged and answers its commands, with the rights it has."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest
from faststream.nats import NatsBroker
from nats.js import JetStreamContext

from deploy.nats_server import NatsServer
from events.agenda import BrokerAgenda
from events.answering import answer_commands, ask_command
from events.attention import Attention, pay_attention
from events.bus import broker as role_broker
from events.bus import jetstream, stop
from events.commands import Command
from events.delivery import Delivery
from events.nudges import publish_nudges
from events.streams import StreamSettings, set_up
from events.subjects import Role
from events.vocabulary import Service
from tests.bdd import Company
from tests.conftest import Connect
from tests.controls import in_the_morning
from tests.waiting import eventually

pytestmark = pytest.mark.clause("S004-1.2")


@asynccontextmanager
async def an_intake(nats: NatsServer, connect: Connect, company: Company) -> AsyncIterator[JetStreamContext]:
    """Intake's own broker with the product's middleware; the operator's view of the server."""
    js = (await connect(nats)).jetstream()
    await set_up(js, StreamSettings())
    stopping = asyncio.Event()
    owner: NatsBroker
    deliver = partial(Delivery, service="intake", js=lambda: jetstream(owner), clock=company.clock)
    owner = role_broker(nats.url(Role.INTAKE), Role.INTAKE, stopping.is_set, middlewares=[deliver])
    await owner.connect()
    agenda = BrokerAgenda(jetstream(owner), Service.INTAKE)
    pay_attention(Attention(Service.INTAKE, company.linking.look, agenda, owner), Service.INTAKE, owner)
    answer_commands(owner, ("link",), company.commands.perform)
    await owner.start()
    try:
        yield js
    finally:
        stopping.set()
        await stop(owner)


async def test_a_nudged_intake_links_a_duplicate_and_answers_who_links_it_again(
    nats: NatsServer, connect: Connect
) -> None:
    company = Company(in_the_morning())
    first, second = [(await company.submit(channel=channel)).complaint_id for channel in ("web", "app")]
    async with an_intake(nats, connect, company) as js:
        await publish_nudges(js, Service.INTAKE, [second])
        await eventually(lambda: "Linked" in company.names(first))
        data = {"to": first, "relation": "duplicate", "reason": "同一事"}
        command = Command(complaint=second, name="link", by="li.na", data=data)
        answer = await ask_command(await connect(nats, Role.DESK), command)
    assert answer == {"events": []}
