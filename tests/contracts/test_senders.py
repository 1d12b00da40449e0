"""What every sender promises, over a real mail server, a real gateway and a real file (I6)."""

import asyncio
import hashlib
import hmac
import json
import resource
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest
import pytest_asyncio
import uvicorn
from aiosmtpd.smtp import SMTP as MailServer
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from events.vocabulary import Medium
from services.notifier.senders.addresses import is_public
from services.notifier.senders.choose import Senders, SenderSettings
from services.notifier.senders.letter import mailbox
from services.notifier.senders.outbox import Outbox
from services.notifier.senders.port import (
    LONGEST_SEND,
    Delivered,
    Message,
    NotSent,
    Refused,
    Sender,
    Sent,
    Unknown,
    one_line,
)
from services.notifier.senders.smtp import SmtpSender, SmtpSettings
from services.notifier.senders.webhook import WebhookSender, WebhookSettings

pytestmark = pytest.mark.asyncio

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
            self.patch.setattr("os.fdatasync", _disk_gone)

    def arrived(self) -> list[Arrived]:
        lines = self.path.read_bytes().splitlines() if self.path.is_file() else []
        held = [json.loads(line) for line in lines]
        return [Arrived(entry["key"], entry["subject"], entry["text"]) for entry in held]


def _disk_gone(descriptor: int) -> None:
    raise OSError(5, "Input/output error")


class _House(NamedTuple):
    provider: Any
    sender: Sender

    def arrived(self) -> list[Arrived]:
        found: list[Arrived] = self.provider.arrived()
        return found

    def behave(self, how: str) -> None:
        self.provider.behave(how)


@pytest_asyncio.fixture(params=["smtp", "webhook", "outbox"])
async def house(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[_House]:
    if request.param == "smtp":
        async with mail_house() as (mail, smtp):
            yield _House(mail, smtp)
    elif request.param == "webhook":
        async with gateway_house() as (gateway, webhook):
            yield _House(gateway, webhook)
    else:
        outbox = Outbox(tmp_path / "outbox.jsonl", noon)
        yield _House(FileHouse(tmp_path / "outbox.jsonl", monkeypatch), outbox)
        await outbox.close()


async def test_a_delivered_message_brings_the_providers_own_id(house: _House) -> None:
    sent = await house.sender.send(message())
    assert isinstance(sent, Delivered) and sent.receipt.removeprefix("2.0.0 Ok: ") in (
        "queued as Q1",
        "sms-0",
        "outbox-0",
    )
    assert [(mail.subject, mail.text) for mail in house.arrived()] == [("受理通知", "您好。")]


async def test_a_repeat_is_recognised_by_its_key(house: _House) -> None:
    first, again = [await house.sender.send(message()) for _ in range(2)]
    assert isinstance(first, Delivered) and isinstance(again, Delivered)
    assert len({mail.mark for mail in house.arrived()}) == 1


async def test_another_attempt_is_not_taken_for_a_repeat(house: _House) -> None:
    await house.sender.send(message())
    await house.sender.send(message(key=KEY.replace("#1", "#2")))
    assert len({mail.mark for mail in house.arrived()}) == 2


@pytest.mark.parametrize("how", ["refuse", "later"])
async def test_a_refusal_is_definite_and_names_no_person(house: _House, how: str) -> None:
    house.behave(how)
    sent = await house.sender.send(message())
    assert isinstance(sent, Refused) and sent.reason and "zhang" not in sent.reason
    assert sent.passing == (how == "later" or isinstance(house.sender, Outbox))
    assert house.arrived() == []


async def test_silence_after_handing_over_is_unknown(house: _House) -> None:
    house.behave("silent")
    assert isinstance(await house.sender.send(message()), Unknown)
    assert len(house.arrived()) == 1


async def test_hostile_text_arrives_as_it_was_written(house: _House) -> None:
    assert isinstance(await house.sender.send(message(text=HOSTILE)), Delivered)
    assert house.arrived()[0].text == HOSTILE


async def test_text_that_is_no_unicode_is_refused_for_good(house: _House) -> None:
    sent = await house.sender.send(message(text="\ud800"))
    assert isinstance(sent, Refused) and not sent.passing
    assert house.arrived() == []


async def test_asked_about_a_delivered_key_a_provider_confirms_or_cannot_tell(house: _House) -> None:
    sent = await house.sender.send(message())
    assert await house.sender.ask(KEY) == (None if isinstance(house.sender, SmtpSender) else sent)


async def test_asked_about_a_key_it_never_had_a_provider_says_so(house: _House) -> None:
    expected = None if isinstance(house.sender, SmtpSender) else NotSent()
    assert await house.sender.ask(KEY) == expected


@pytest.mark.parametrize("medium", [Medium.EMAIL, Medium.SMS])
async def test_a_provider_that_is_not_there_is_refused_and_passing(tmp_path: Path, medium: Medium) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    mail = SmtpSettings(host="127.0.0.1", port=port, tls="none", from_address="help@shop.example")
    settings = SenderSettings(
        outbox=tmp_path / "outbox.jsonl", smtp=mail, webhooks={Medium.SMS: gateway_settings(port)}
    )
    senders = Senders(settings, noon)
    sent = await senders[medium].send(message(medium=medium))
    await senders.close()
    assert isinstance(sent, Refused) and sent.passing


# Mail


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "受理\r\nBcc: all@example.com"},
        {"subject": "受理\u2028Bcc: all@example.com"},
        {"recipient": "a@example.com\r\nRCPT TO:<b@example.com>"},
        {"recipient": "a@example.com, b@example.com"},
        {"recipient": "<a@example.com> SIZE=1"},
        {"recipient": "张三"},
        {"key": "k\r\nBcc: all@example.com"},
    ],
)
async def test_what_could_end_a_header_never_reaches_the_mail_server(changes: dict[str, Any]) -> None:
    async with mail_house() as (house, sender):
        sent = await sender.send(message(**changes))
    assert isinstance(sent, Refused) and not sent.passing
    assert house.mails == []


async def test_an_encoded_word_in_a_subject_stays_literal() -> None:
    subject = "=?utf-8?q?x=0d=0aBcc=3a_all=40example.com?="
    async with mail_house() as (house, sender):
        await sender.send(message(subject=subject))
    assert house.arrived()[0].subject == subject
    assert message_from_bytes(house.mails[0])["Bcc"] is None


async def test_a_mail_says_that_a_machine_wrote_it_when_and_in_which_language() -> None:
    async with mail_house() as (house, sender):
        await sender.send(message(subject="很长的主题" * 50))
    mail = message_from_bytes(house.mails[0])
    assert (mail["Auto-Submitted"], mail["Content-Language"]) == ("auto-generated", "zh-CN")
    assert mail["Date"] == "Mon, 02 Mar 2026 04:00:00 +0000"
    assert str(make_header(decode_header(mail["From"]))) == "客服中心 <help@shop.example>"
    assert max(map(len, house.mails[0].splitlines())) <= 78
    assert house.arrived()[0].subject == "很长的主题" * 50


async def test_a_body_the_mail_server_refuses_is_definitely_not_sent() -> None:
    async with mail_house() as (house, sender):
        house.behave("refuse the body")
        assert await sender.send(message()) == Refused("554 5.7.1 looks like spam", passing=False)


async def test_a_mail_connection_broken_after_the_body_is_unknown() -> None:
    async with mail_house() as (house, sender):
        house.behave("break")
        assert isinstance(await sender.send(message()), Unknown)


async def test_a_mail_connection_broken_before_the_body_is_refused() -> None:
    async def hang_up_at_data(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.test\r\n")
        while not (await reader.readline()).startswith(b"DATA"):
            writer.write(b"250 OK\r\n")
        writer.close()

    async with _tcp_server(hang_up_at_data) as port, mail_house(port=port) as (_, sender):
        sent = await sender.send(message())
    assert isinstance(sent, Refused) and sent.passing


async def test_without_starttls_nothing_is_said_to_the_mail_server() -> None:
    async with mail_house(tls="starttls", user="u", password="p") as (house, sender):
        sent = await sender.send(message())
    assert isinstance(sent, Refused) and sent.passing
    assert house.mails == []


async def test_a_password_in_clear_is_refused_at_start_without_being_printed() -> None:
    wrong = {"host": "h", "tls": "none", "user": "u", "password": "canary", "from_address": "a@b.example"}
    with pytest.raises(ValueError, match="in clear") as refusal:
        SmtpSettings.model_validate(wrong)
    assert "canary" not in str(refusal.value)


async def test_a_chinese_domain_is_written_in_ascii() -> None:
    assert mailbox("kefu@例子.公司") == "kefu@xn--fsqu00a.xn--55qx5d"


# Gateways


async def test_the_signature_is_the_hmac_of_timestamp_and_body() -> None:
    async with gateway_house() as (house, sender):
        await sender.send(message())
    request, body = house.requests[0]
    signed = request.headers["X-Amends-Timestamp"].encode() + b"." + body
    expected = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert request.headers["X-Amends-Signature"] == f"sha256={expected}"
    assert request.headers["X-Amends-Timestamp"] == str(int(NOON.timestamp()))
    assert request.headers["Idempotency-Key"] == KEY == json.loads(body)["key"]


async def test_a_question_is_signed_and_names_the_whole_key_in_one_segment() -> None:
    async with gateway_house() as (house, sender):
        await sender.ask(KEY)
    request, _ = house.requests[0]
    signed = request.headers["X-Amends-Timestamp"].encode() + b"." + KEY.encode()
    expected = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert request.headers["X-Amends-Signature"] == f"sha256={expected}"
    assert request.scope["raw_path"] == f"/sms/{quote(KEY, safe='')}".encode()


async def test_a_gateway_that_answers_409_for_the_key_had_it_before() -> None:
    async with gateway_house() as (_, sender):
        first, again = [await sender.send(message()) for _ in range(2)]
    assert first == again == Delivered("sms-0")


@pytest.mark.parametrize(
    ("status", "kind", "passing"),
    [
        (200, Delivered, None),
        (400, Refused, False),
        (401, Refused, True),
        (408, Refused, True),
        (409, Unknown, None),
        (503, Refused, True),
        (500, Unknown, None),
        (502, Unknown, None),
        (303, Unknown, None),
        (302, Refused, False),
        (307, Refused, False),
    ],
)
async def test_each_status_has_one_meaning(status: int, kind: type[Sent], passing: bool | None) -> None:
    async with gateway_house() as (house, sender):
        house.behave(str(status))
        sent = await sender.send(message())
    assert isinstance(sent, kind) and getattr(sent, "passing", None) is passing
    assert len(house.requests) == 1


async def test_a_gateway_that_hangs_up_after_reading_is_unknown() -> None:
    async def read_and_hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async with _tcp_server(read_and_hang_up) as port:
        sender = WebhookSender(gateway_settings(port), noon)
        sent = await sender.send(message())
        await sender.close()
    assert isinstance(sent, Unknown)


async def test_an_endless_answer_is_cut_and_its_status_counts() -> None:
    async def answer_for_ever(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nX-Message-Id: m-7\r\nContent-Length: 9999999999\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x" * 65_536)
            try:
                await writer.drain()
            except ConnectionError:
                break
        writer.close()

    async with _tcp_server(answer_for_ever) as port:
        sender = WebhookSender(gateway_settings(port), noon)
        sent = await sender.send(message())
        await sender.close()
    assert sent == Delivered("m-7")


async def test_waiting_for_a_connection_is_not_the_gateways_silence() -> None:
    async with gateway_house(connections=1, connect_seconds=0.1) as (house, sender):
        house.behave("slow")
        sent = await asyncio.gather(*(sender.send(message(key=f"k{n}")) for n in range(5)))
    assert {type(each) for each in sent} == {Delivered}


@pytest.mark.parametrize("changes", [{"reply_seconds": 11}, {"connect_seconds": 10}])
async def test_a_gateway_that_may_take_longer_than_a_lease_allows_is_refused_at_start(
    changes: dict[str, float],
) -> None:
    with pytest.raises(ValidationError, match="must stay under 30 s"):
        gateway_settings(443, **({"reply_seconds": 10} | changes))


async def test_a_mail_that_may_take_longer_than_a_lease_allows_is_refused_at_start() -> None:
    with pytest.raises(ValidationError, match="total_seconds"):
        SmtpSettings(host="h", from_address="a@b.example", total_seconds=LONGEST_SEND.total_seconds())


async def test_a_gateway_that_fails_when_asked_cannot_tell() -> None:
    async with gateway_house() as (house, sender):
        house.behave("broken")
        assert await sender.ask(KEY) is None


async def test_a_private_address_is_refused_unless_allowed() -> None:
    async with gateway_house(allow_private=False) as (house, sender):
        sent = await sender.send(message())
    assert sent == Refused("address in a private range", passing=False)
    assert house.requests == []


async def test_a_name_that_leads_home_is_refused_like_the_address() -> None:
    settings = gateway_settings(8080, url="http://localhost:8080/sms", allow_private=False)
    sender = WebhookSender(settings, noon)
    sent = await sender.send(message())
    await sender.close()
    assert sent == Refused("address in a private range", passing=False)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "fe80::1%eth0",
        "fd00::1",
        "fec0::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::1",
        "2001:db8::1",
    ],
)
async def test_no_private_range_is_public(address: str) -> None:
    assert not is_public(address)


async def test_public_addresses_are_public() -> None:
    assert is_public("223.5.5.5") and is_public("2400:3200::1")


@pytest.mark.parametrize(
    "changes",
    [
        {"url": "http://gateway.example/sms", "allow_http": False, "ports": [80]},
        {"url": "file:///etc/passwd"},
        {"url": "https://gateway.example:6379/sms", "ports": [443]},
        {"url": "https://user:canary@gateway.example/sms", "ports": [443]},
        {"url": "https://gateway.example/sms?token=canary", "ports": [443]},
        {"secret": "too short"},
    ],
)
async def test_a_gateway_outside_the_allowed_is_refused_at_start(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refusal:
        gateway_settings(443, **changes)
    assert "canary" not in str(refusal.value)


# The outbox


async def test_many_messages_at_once_share_few_fsyncs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fsyncs: list[int] = []
    monkeypatch.setattr("os.fdatasync", fsyncs.append)
    outbox = Outbox(tmp_path / "outbox.jsonl", noon)
    sent = await asyncio.gather(*(outbox.send(message(key=f"k{n}")) for n in range(200)))
    await outbox.close()
    assert len(set(sent)) == 200 and all(isinstance(each, Delivered) for each in sent)
    assert 1 <= len(fsyncs) <= 2


async def test_the_same_key_at_the_same_time_is_one_line(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.jsonl", noon)
    sent = await asyncio.gather(*(outbox.send(message()) for _ in range(20)))
    await outbox.close()
    assert set(sent) == {Delivered("outbox-0")}
    assert len((tmp_path / "outbox.jsonl").read_bytes().splitlines()) == 1


async def test_a_receipt_is_the_place_of_the_line(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.jsonl", noon)
    await outbox.send(message(key="first"))
    sent = await outbox.send(message())
    await outbox.close()
    assert isinstance(sent, Delivered)
    place = int(sent.receipt.removeprefix("outbox-"))
    line = (tmp_path / "outbox.jsonl").read_bytes()[place:]
    assert json.loads(line)["key"] == KEY


async def test_after_a_crash_whole_lines_count_and_a_cut_one_does_not(tmp_path: Path) -> None:
    path = tmp_path / "outbox.jsonl"
    before = Outbox(path, noon)
    kept = await before.send(message(key="kept"))
    await before.send(message(key="cut"))
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 30)
    after = Outbox(path, noon)
    assert [await after.ask("kept"), await after.ask("cut")] == [kept, NotSent()]
    await after.send(message(key="cut"))
    assert isinstance(await Outbox(path, noon).ask("cut"), Delivered)
    assert await after.send(message(key="kept")) == kept


async def test_forgotten_and_foreign_keys_are_found_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "outbox.jsonl"
    small, other = Outbox(path, noon, remembered=4), Outbox(path, noon)
    sent = [await small.send(message(key=f"k{n}")) for n in range(20)]
    foreign = await other.send(message(key="foreign"))
    assert [await small.ask(f"k{n}") for n in range(20)] == sent
    assert await small.ask("foreign") == foreign
    assert await small.ask("never") == NotSent()


async def test_on_a_full_disk_what_fits_is_delivered_and_the_rest_goes_out_later(tmp_path: Path) -> None:
    path = tmp_path / "outbox.jsonl"
    outbox = Outbox(path, noon)
    with _file_size_limit(1_000):
        sent = await asyncio.gather(*(outbox.send(message(key=f"k{n}")) for n in range(20)))
        assert await outbox.send(message(key="later")) == Refused("outbox: File too large", passing=True)
    assert {type(each) for each in sent} == {Delivered, Refused}
    assert isinstance(await outbox.send(message(key="later")), Delivered)
    asked = [await Outbox(path, noon).ask(f"k{n}") for n in range(20)]
    assert asked == [each if isinstance(each, Delivered) else NotSent() for each in sent]


async def test_a_file_that_cannot_be_opened_cannot_tell(tmp_path: Path) -> None:
    assert await Outbox(tmp_path, noon).ask(KEY) is None


# Choosing


async def test_every_medium_has_a_sender_and_the_outbox_is_the_default(tmp_path: Path) -> None:
    webhooks = {Medium.SMS: gateway_settings(8080)}
    senders = Senders(SenderSettings(outbox=tmp_path / "outbox.jsonl", webhooks=webhooks), noon)
    assert isinstance(senders[Medium.SMS], WebhookSender)
    assert all(isinstance(senders[medium], Outbox) for medium in senders if medium is not Medium.SMS)
    assert list(senders) == list(Medium)
    await senders.close()
    assert list(tmp_path.iterdir()) == []


async def test_mail_by_two_ways_is_refused_at_start(tmp_path: Path) -> None:
    mail = SmtpSettings(host="mail.example", from_address="help@shop.example")
    with pytest.raises(ValueError, match="both smtp and a webhook"):
        SenderSettings(outbox=tmp_path, smtp=mail, webhooks={Medium.EMAIL: gateway_settings(443)})


async def test_evidence_is_one_printable_line_without_the_address() -> None:
    said = one_line("550 <Zhang@Example.com>\r\nno \x00such user" + "!" * 500, hide="zhang@example.com")
    assert said.startswith("550 <[recipient]> no such user!") and len(said) == 200


@asynccontextmanager
async def _tcp_server(answer: Any) -> AsyncIterator[int]:
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@contextmanager
def _file_size_limit(size: int) -> Iterator[None]:
    """The kernel's own refusal to make a file longer, as on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
