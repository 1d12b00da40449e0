"""A message as mail, in bytes: every value is checked ASCII or encoded, so no text can end a header."""

import base64
import hashlib
import re
from datetime import datetime
from email.header import Header
from email.utils import format_datetime

from services.notifier.senders.port import Message, is_key

_MAILBOX = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,189}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LINE_END = re.compile(r"\r\n|\r|\n")
_SUBJECT_CHARACTERS = 255
_LINE_CHARACTERS = 75
_LANGUAGE = {"zh": "zh-CN", "en": "en"}


def mailbox(address: str) -> str | None:
    """The address as SMTP takes it (domain in ASCII), or None when it is not one plain mailbox."""
    local, _, domain = address.rpartition("@")
    try:
        plain = f"{local}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        return None
    return plain if _MAILBOX.fullmatch(plain) else None


def message_id(key: str, domain: str) -> str:
    """Made from the key alone: a second copy of a message is recognised as a copy (I6)."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{domain}>"


def flaw_of(message: Message) -> str | None:
    """Why it cannot become a mail, or None (reliability 7, mail headers)."""
    if not is_key(message.key):
        return "key is not visible ASCII"
    if _CONTROL.search(message.subject) or len(message.subject) > _SUBJECT_CHARACTERS:
        return "subject has a line break or control character, or is too long"
    try:
        f"{message.subject}{message.text}".encode()
    except UnicodeEncodeError:
        return "text is not valid Unicode"
    return None


def letter(message: Message, sender: tuple[str, str], recipient: str, now: datetime) -> bytes:
    """The mail of a message without flaw; sender is name and mailbox. The text stays as approved.

    Not built with EmailMessage: that decodes encoded words it is given, line breaks included
    (CVE-2024-6923), and adds a line end to a text that was approved without one.
    """
    name, address = sender
    headers = {
        "From": f"{_encoded(name)} <{address}>".lstrip(),
        "To": f"<{recipient}>",
        "Subject": _encoded(message.subject),
        "Date": format_datetime(now),
        "Message-ID": message_id(message.key, address.rpartition("@")[2]),
        "Auto-Submitted": "auto-generated",
        "Content-Language": _LANGUAGE.get(message.language, "zh-CN"),
        "MIME-Version": "1.0",
        "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": "base64",
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    # Base64 also keeps lines short and free of leading dots, whatever the customer wrote.
    body = base64.encodebytes(_LINE_END.sub("\r\n", message.text).encode())
    return head.encode("ascii") + b"\r\n" + body.replace(b"\n", b"\r\n")


def _encoded(text: str) -> str:
    """RFC 2047 words, also for plain ASCII: what looks like an encoded word stays literal."""
    if not text:
        return ""
    return Header(text, "utf-8", _LINE_CHARACTERS, "Subject").encode(linesep="\r\n")
