"""The services' brokers without a connection, for the AsyncAPI page."""

from typing import Any, cast

from faststream.nats import NatsBroker

from events.answering import answer_commands
from events.attention import pay_attention
from events.bus import broker
from events.subjects import Role
from events.vocabulary import Service
from services.clock import now
from services.intake.service import take_submissions
from services.wiring.commands import BY_SERVICE

NOWHERE = cast(Any, None)


def brokers() -> tuple[NatsBroker, ...]:
    """One broker a role with all its subscribers, never started."""
    intake = _reacting(Role.INTAKE, Service.INTAKE)
    take_submissions(intake, NOWHERE, now)
    return (intake, _reacting(Role.WORKFLOW, Service.WORKFLOW), _reacting(Role.NOTIFIER, Service.NOTIFIER))


def _reacting(role: Role, service: Service) -> NatsBroker:
    reacting = _broker(role)
    pay_attention(NOWHERE, service, reacting)
    answer_commands(reacting, tuple(BY_SERVICE[service]), NOWHERE)
    return reacting


def _broker(role: Role) -> NatsBroker:
    return broker("nats://127.0.0.1:4222", role, lambda: True)
