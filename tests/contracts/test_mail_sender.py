"""What goes to a mail server, and what its silence means."""

import asyncio
from email import message_from_bytes
from email.header import decode_header, make_header
from typing import Any

import pytest

from services.notifier.senders.letter import mailbox
from services.notifier.senders.port import (
    Refused,
    Unknown,
)
from services.notifier.senders.smtp import SmtpSettings
from tests.sender_houses import (
    mail_house,
    message,
    tcp_server,
)

pytestmark = pytest.mark.asyncio


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

    async with tcp_server(hang_up_at_data) as port, mail_house(port=port) as (_, sender):
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
