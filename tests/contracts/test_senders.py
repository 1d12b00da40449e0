"""What every sender promises, over a real mail server, a real gateway and a real file (I6)."""

import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from events.vocabulary import Medium
from services.notifier.senders.choose import Senders, SenderSettings
from services.notifier.senders.outbox import Outbox
from services.notifier.senders.port import (
    Delivered,
    NotSent,
    Refused,
    Sender,
    Unknown,
    one_line,
)
from services.notifier.senders.smtp import SmtpSender, SmtpSettings
from services.notifier.senders.webhook import WebhookSender
from tests.sender_houses import (
    HOSTILE,
    KEY,
    Arrived,
    FileHouse,
    gateway_house,
    gateway_settings,
    mail_house,
    message,
    noon,
)

pytestmark = pytest.mark.asyncio


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
