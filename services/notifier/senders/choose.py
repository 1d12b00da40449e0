"""Which sender serves which medium; what is not configured goes to the outbox file."""

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from events.vocabulary import Medium
from services.notifier.senders.outbox import Outbox
from services.notifier.senders.port import Clock, Sender
from services.notifier.senders.smtp import SmtpSender, SmtpSettings
from services.notifier.senders.webhook import WebhookSender, WebhookSettings


class SenderSettings(BaseModel):
    """All ways out of the house."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    outbox: Path
    """File for every medium that has nothing else."""
    smtp: SmtpSettings | None = None
    """For e-mail."""
    webhooks: Mapping[Medium, WebhookSettings] = Field(default_factory=dict)
    """A gateway per medium."""

    @model_validator(mode="after")
    def _one_way_each(self) -> Self:
        if self.smtp is not None and Medium.EMAIL in self.webhooks:
            raise ValueError("email has both smtp and a webhook")
        return self


class Senders(Mapping[Medium, Sender]):
    """The sender of every medium; opens nothing before the first message."""

    def __init__(self, settings: SenderSettings, now: Clock) -> None:
        self._outbox: Sender = Outbox(settings.outbox, now)
        self._configured: dict[Medium, Sender] = {
            medium: WebhookSender(gateway, now) for medium, gateway in settings.webhooks.items()
        }
        if settings.smtp is not None:
            self._configured[Medium.EMAIL] = SmtpSender(settings.smtp, now)

    def __getitem__(self, medium: Medium) -> Sender:
        return self._configured.get(medium, self._outbox)

    def __iter__(self) -> Iterator[Medium]:
        return iter(Medium)

    def __len__(self) -> int:
        return len(Medium)

    async def close(self) -> None:
        """Close every sender; one that fails does not keep the others open."""
        closing = [sender.close() for sender in (*self._configured.values(), self._outbox)]
        for failure in await asyncio.gather(*closing, return_exceptions=True):
            if isinstance(failure, BaseException):
                raise failure
