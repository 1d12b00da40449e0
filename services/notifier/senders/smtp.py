"""E-mail by SMTP: definite until the mail server asked for the body, unknown if the line breaks later."""

import asyncio
import ssl
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal, Self

from aiosmtplib import SMTP, SMTPAuthenticationError, SMTPConnectError, SMTPException, SMTPHeloError
from aiosmtplib import SMTPResponseException as SmtpRefusal
from aiosmtplib import SMTPServerDisconnected as SmtpDisconnected
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from services.notifier.senders.letter import flaw_of, letter, mailbox
from services.notifier.senders.port import LONGEST_SEND, Clock, Delivered, Message, Refused, Sent, Unknown, one_line

_START_INPUT = 354
_COMPLETED = 250
_GOODBYE_SECONDS = 1.0


class SmtpSettings(BaseModel):
    """Where mail is handed in, and as whom."""

    # Errors must not print the password that stands beside the wrong field.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    host: str
    port: int = 587
    tls: Literal["starttls", "tls", "none"] = "starttls"
    """`starttls` refuses a server that does not offer it."""
    ca_file: Path | None = None
    """Certificates to trust instead of the system's."""
    user: str | None = None
    password: SecretStr | None = None
    from_address: str
    from_name: str = ""
    connect_seconds: Annotated[float, Field(gt=0)] = 10
    reply_seconds: Annotated[float, Field(gt=0)] = 20
    """Longest wait for each reply of the server."""
    total_seconds: Annotated[float, Field(gt=0, lt=LONGEST_SEND.total_seconds() - _GOODBYE_SECONDS)] = 25
    """Longest duration of one send, but for the goodbye."""

    @field_validator("from_address")
    @classmethod
    def _is_a_mailbox(cls, address: str) -> str:
        if mailbox(address) is None:
            raise ValueError("from_address is not a plain mailbox")
        return address

    @model_validator(mode="after")
    def _no_password_in_clear(self) -> Self:
        if self.user is not None and self.tls == "none":
            raise ValueError("a user needs tls: the password would travel in clear")
        return self


class SmtpSender:
    """Sends each message over a connection of its own: nothing learnt on one can confuse the next."""

    def __init__(self, settings: SmtpSettings, now: Clock) -> None:
        self._settings = settings
        self._now = now
        self._tls = None if settings.tls == "none" else ssl.create_default_context(cafile=settings.ca_file)
        self._from = mailbox(settings.from_address) or ""

    async def send(self, message: Message) -> Sent:
        """Delivered when the server took the body; Unknown when it fell silent after getting it (I6)."""
        recipient = mailbox(message.recipient)
        if recipient is None:
            return Refused("not a plain mail address", passing=False)
        flaw = flaw_of(message)
        if flaw is not None:
            return Refused(flaw, passing=False)
        mail = letter(message, (self._settings.from_name, self._from), recipient, self._now())
        return await _Delivery(self._connection(), self._settings).run(self._from, recipient, mail)

    async def ask(self, key: str) -> None:
        """A mail server cannot be asked."""

    async def close(self) -> None:
        """Nothing stays open between messages."""

    def _connection(self) -> SMTP:
        wanted = self._settings
        return SMTP(
            hostname=wanted.host,
            port=wanted.port,
            username=wanted.user,
            password=wanted.password.get_secret_value() if wanted.password else None,
            # Without it the library looks up this machine's name, which can hang without DNS.
            local_hostname=self._from.rpartition("@")[2],
            timeout=wanted.reply_seconds,
            use_tls=wanted.tls == "tls",
            start_tls=wanted.tls == "starttls",
            tls_context=self._tls,
        )


class _Delivery:
    """One message over one connection; knows whether the body was handed over."""

    def __init__(self, smtp: SMTP, settings: SmtpSettings) -> None:
        self._smtp = smtp
        self._settings = settings
        self._handed_over = False

    async def run(self, sender: str, recipient: str, mail: bytes) -> Sent:
        """Turn everything a mail server can do to us into one of three outcomes."""
        try:
            async with asyncio.timeout(self._settings.total_seconds):
                receipt = await self._talk(sender, recipient, mail)
        except SmtpRefusal as error:
            return self._refusal(error, recipient)
        except (SMTPException, OSError, TimeoutError) as error:
            return self._broken(error)
        else:
            await self._part()
            return Delivered(one_line(receipt, hide=recipient) or str(_COMPLETED))
        finally:
            self._smtp.close()

    async def _talk(self, sender: str, recipient: str, mail: bytes) -> str:
        await self._smtp.connect(timeout=self._settings.connect_seconds)
        await self._smtp.mail(sender)
        await self._smtp.rcpt(recipient)
        # `SMTP.data` does both halves in one call and cannot tell which of them failed.
        start = await self._smtp.execute_command(b"DATA")
        protocol = self._smtp.protocol
        if start.code != _START_INPUT or protocol is None:
            raise SmtpRefusal(start.code, start.message)
        self._handed_over = True
        # Base64 lines and our headers never begin with a dot: nothing to double here.
        protocol.write(mail + b".\r\n")
        reply = await protocol.read_response(timeout=self._settings.reply_seconds)
        if reply.code != _COMPLETED:
            raise SmtpRefusal(reply.code, reply.message)
        return reply.message

    def _refusal(self, error: SmtpRefusal, recipient: str) -> Sent:
        said = one_line(f"{error.code} {error.message}", hide=recipient)
        if error.code < 400:
            return Unknown(f"unexpected reply: {said}") if self._handed_over else Refused(said, passing=True)
        # Greeting and login speak about us and the server, not about this message.
        about_us = isinstance(error, SMTPAuthenticationError | SMTPHeloError | SMTPConnectError)
        return Refused(said, passing=about_us or error.code < 500)

    def _broken(self, error: Exception) -> Sent:
        said = "connection lost" if isinstance(error, SmtpDisconnected) else type(error).__name__
        if self._handed_over:
            return Unknown(f"{said} after the body was handed over")
        return Refused(f"{said} before the body was handed over", passing=True)

    async def _part(self) -> None:
        """Say goodbye; what the server answers no longer matters, the message is taken."""
        with suppress(SMTPException, OSError, TimeoutError):
            await self._smtp.quit(timeout=min(_GOODBYE_SECONDS, self._settings.reply_seconds))
