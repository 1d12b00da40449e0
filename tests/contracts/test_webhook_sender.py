"""What goes to a gateway: signatures, statuses, private addresses."""

import asyncio
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import quote

import pytest
from pydantic import ValidationError

from services.notifier.senders.addresses import is_public
from services.notifier.senders.port import (
    LONGEST_SEND,
    Delivered,
    Refused,
    Sent,
    Unknown,
)
from services.notifier.senders.smtp import SmtpSettings
from services.notifier.senders.webhook import WebhookSender
from tests.sender_houses import (
    KEY,
    NOON,
    SECRET,
    gateway_house,
    gateway_settings,
    message,
    noon,
    tcp_server,
)

pytestmark = pytest.mark.asyncio


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

    async with tcp_server(read_and_hang_up) as port:
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

    async with tcp_server(answer_for_ever) as port:
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
