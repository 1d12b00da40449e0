"""A real mail server, a real gateway and a real file, each behaving as a test tells it to."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import uvicorn
from aiosmtpd.smtp import SMTP as MailServer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from events.vocabulary import Medium
from services.notifier.senders.port import (
    Message,
)
from services.notifier.senders.smtp import SmtpSender, SmtpSettings
from services.notifier.senders.webhook import WebhookSender, WebhookSettings

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
KEY = "5f0c3a52-6f0e-5c8e-9d9e-1d8d0a3b7c11/acknowledgement#1"
SECRET = "a secret of the house"
HOSTILE = "=1+1\r\n@SUM(A1)\r\n.\r\n..退款🙂 \u2028 \x85 \x00 <b>" + "长" * 100_000


def noon() -> datetime:
    return NOON


def message(**changes: Any) -> Message:
    usual = Message(KEY, Medium.EMAIL, "zhang.san@example.com", "受理通知", "您好。", "zh", "C-20260302-0001")
    return usual._replace(**changes)


class Arrived(NamedTuple):
    """What a provider holds of one message."""

    mark: str
    """By which the provider recognises a repeat."""
    subject: str
    text: str


class MailHouse:
    """A real mail server; `how` decides what it does with the body."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.how = "ok"
        self.never = asyncio.Event()

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if self.how == "refuse":
            return f"550 5.1.1 {address}: no such mailbox"
        if self.how == "later":
            return "451 4.7.1 come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append(envelope.content)
        if self.how == "silent":
            await self.never.wait()
        if self.how == "break":
            server.transport.abort()
        if self.how == "refuse the body":
            return "554 5.7.1 looks like spam"
        return f"250 2.0.0 Ok: queued as Q{len(self.mails)}"

    def behave(self, how: str) -> None:
        self.how = how

    def arrived(self) -> list[Arrived]:
        mails = [message_from_bytes(mail) for mail in self.mails]
        return [
            Arrived(
                str(mail["Message-ID"]),
                str(make_header(decode_header(mail["Subject"]))),
                bytes(mail.get_payload(decode=True)).decode(),
            )
            for mail in mails
        ]


@asynccontextmanager
async def mail_house(**changes: Any) -> AsyncIterator[tuple[MailHouse, SmtpSender]]:
    house = MailHouse()
    server = await asyncio.get_running_loop().create_server(
        lambda: MailServer(house, hostname="mail.test", enable_SMTPUTF8=False), "127.0.0.1", 0
    )
    usual = {
        "tls": "none",
        "from_address": "help@shop.example",
        "from_name": "客服中心",
        "reply_seconds": 0.3,
    }
    settings = {"host": "127.0.0.1", "port": server.sockets[0].getsockname()[1]} | usual | changes
    sender = SmtpSender(SmtpSettings.model_validate(settings), noon)
    try:
        yield house, sender
    finally:
        await sender.close()
        house.never.set()
        server.close()


class GatewayHouse:
    """A small gateway that keeps messages by key; `how` is a status or a misbehaviour."""

    def __init__(self) -> None:
        self.messages: dict[str, dict[str, Any]] = {}
        self.requests: list[tuple[Request, bytes]] = []
        self.how = "ok"
        self.never = asyncio.Event()
        routes = [
            Route("/sms", self.take, methods=["POST"]),
            Route("/sms/{key:path}", self.tell, methods=["GET"]),
        ]
        self.app = Starlette(routes=routes)

    async def take(self, request: Request) -> Response:
        body = await request.body()
        self.requests.append((request, body))
        key = request.headers["Idempotency-Key"]
        if self.how in ("refuse", "later"):
            status = 422 if self.how == "refuse" else 429
            return JSONResponse({"code": "isv.NUMBER_ILLEGAL", "message": "zhang.san@example.com"}, status)
        if self.how.isdigit():
            return Response(status_code=int(self.how), headers={"Location": "http://127.0.0.1:1/"})
        known = key in self.messages
        self.messages[key] = json.loads(body)
        if self.how == "silent":
            await self.never.wait()
        if self.how == "slow":
            await asyncio.sleep(0.2)
        return JSONResponse({"id": f"sms-{list(self.messages).index(key)}", "key": key}, 409 if known else 202)

    async def tell(self, request: Request) -> Response:
        self.requests.append((request, b""))
        if self.how == "broken":
            return Response(status_code=500)
        key = request.path_params["key"]
        if key not in self.messages:
            return Response(status_code=404)
        return JSONResponse({"id": f"sms-{list(self.messages).index(key)}", "key": key})

    def behave(self, how: str) -> None:
        self.how = how

    def arrived(self) -> list[Arrived]:
        return [Arrived(key, body["subject"], body["text"]) for key, body in self.messages.items()]


def gateway_settings(port: int, **changes: Any) -> WebhookSettings:
    usual = {"url": f"http://127.0.0.1:{port}/sms", "secret": SECRET, "ports": [port], "reply_seconds": 0.3}
    return WebhookSettings.model_validate(usual | {"allow_http": True, "allow_private": True} | changes)


@asynccontextmanager
async def gateway_house(**changes: Any) -> AsyncIterator[tuple[GatewayHouse, WebhookSender]]:
    house = GatewayHouse()
    # Made with its protocol named: only then asyncio sends small answers at once (TCP_NODELAY).
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(house.app, log_level="critical", timeout_graceful_shutdown=1))
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    await server.startup(sockets=[listening])
    sender = WebhookSender(gateway_settings(listening.getsockname()[1], **changes), noon)
    try:
        yield house, sender
    finally:
        await sender.close()
        house.never.set()
        await server.shutdown(sockets=[listening])


class FileHouse:
    """The outbox; its provider is the file."""

    def __init__(self, path: Path, patch: pytest.MonkeyPatch) -> None:
        self.path = path
        self.patch = patch

    def behave(self, how: str) -> None:
        if how in ("refuse", "later"):
            self.path.mkdir()
        else:
            self.patch.setattr("os.fdatasync", disk_gone)

    def arrived(self) -> list[Arrived]:
        lines = self.path.read_bytes().splitlines() if self.path.is_file() else []
        held = [json.loads(line) for line in lines]
        return [Arrived(entry["key"], entry["subject"], entry["text"]) for entry in held]


def disk_gone(descriptor: int) -> None:
    """The disk answers nothing but an error."""
    raise OSError(5, "Input/output error")


@asynccontextmanager
async def tcp_server(answer: Any) -> AsyncIterator[int]:
    """Any server, answering as told; yields its port."""
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
