"""Messages no retry will cure: kept with their bytes, reason and origin; listed, explained, retried, dropped (I9)."""

import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

from nats.js import JetStreamContext
from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError
from pydantic import BaseModel, ValidationError

from events.bus import TIMEOUT_SECONDS
from events.envelope import instant
from events.subjects import DURABLES, Stream, dead_subject

_REASON, _SUBJECT, _CODE = "Amends-Dead-Reason", "Amends-Dead-Subject", "Amends-Dead-Code"
_AT, _TRIES = "Amends-Dead-At", "Amends-Dead-Tries"
_ORIGINAL = "Amends-Original-"
"""Before the name of a header the message came with."""
_GIVEN_UP = "given_up"
_WORKED_OFF = frozenset(durable.stream.value for durable in DURABLES)
"""Streams whose messages may be sent again; the ledger's events may not, the relay alone writes them."""


class DeadLetter(NamedTuple):
    """One dead letter."""

    id: int
    """Its sequence in DEAD; what the command line takes."""
    service: str
    subject: str
    """Where the message came from, and where a retry sends it."""
    code: str
    """bad_message, handler_failed, given_up."""
    reason: str
    at: str
    tries: int
    body: bytes
    headers: Mapping[str, str] = {}
    """What the message came with: reply address, content type."""


class NoSuchDeadLetter(LookupError):
    """No dead letter of that id: it was retried or dropped."""


class NothingToRetry(NoSuchDeadLetter):
    """The broker's note names no message that can be sent again."""


class _Note(BaseModel):
    """The broker's own word that a consumer gave up: where the message still lies."""

    stream: str
    stream_seq: int
    consumer: str = ""
    deliveries: int = 0
    timestamp: str = ""

    def __str__(self) -> str:
        return (
            f"consumer {self.consumer} was offered message {self.stream_seq} of {self.stream} {self.deliveries} times;"
            " it lies there and a retry sends it again"
        )


async def bury(
    js: JetStreamContext,
    service: str,
    *,
    subject: str,
    code: str,
    reason: str,
    body: bytes,
    tries: int,
    now: datetime,
    headers: Mapping[str, str] | None = None,
) -> None:
    """Keep a message that is given up; raises when it could not be kept, and then it must not be acknowledged."""
    kept = {_ORIGINAL + name: _ascii(value) for name, value in _of_sender(headers).items()}
    kept |= {_CODE: code, _SUBJECT: subject, _REASON: _ascii(reason[:2_000]), _AT: instant(now), _TRIES: str(tries)}
    await js.publish(dead_subject(service), body, timeout=TIMEOUT_SECONDS, stream=Stream.DEAD.value, headers=kept)


async def every(js: JetStreamContext) -> AsyncIterator[DeadLetter]:
    """All dead letters, oldest first."""
    state = (await js.stream_info(Stream.DEAD.value)).state
    sequence = state.first_seq
    while 0 < sequence <= state.last_seq:
        try:
            raw = await js.get_msg(Stream.DEAD.value, seq=sequence, subject=">", next=True)
        except NotFoundError:
            return
        yield _letter(raw)
        sequence = (raw.seq or sequence) + 1


async def one(js: JetStreamContext, id_: int) -> DeadLetter:
    """The dead letter of that id; raises NoSuchDeadLetter."""
    try:
        return _letter(await js.get_msg(Stream.DEAD.value, seq=id_))
    except NotFoundError:
        raise NoSuchDeadLetter(f"no dead letter {id_}: it was retried or dropped") from None


async def retry(js: JetStreamContext, id_: int) -> DeadLetter:
    """Send the message where it came from once more, then forget the dead letter; raises NothingToRetry."""
    letter = await one(js, id_)
    if letter.code == _GIVEN_UP:
        await _send_stranded(js, letter)
    else:
        await _send(js, letter.subject, letter.body, letter.headers)
    await drop(js, id_)
    return letter


async def drop(js: JetStreamContext, id_: int) -> None:
    """Forget a dead letter; raises NoSuchDeadLetter."""
    await one(js, id_)
    await js.delete_msg(Stream.DEAD.value, id_)


async def _send(js: JetStreamContext, subject: str, body: bytes, headers: Mapping[str, str]) -> None:
    await js.publish(subject, body, timeout=TIMEOUT_SECONDS, headers=dict(headers) or None)


async def _send_stranded(js: JetStreamContext, letter: DeadLetter) -> None:
    """Send again the message a consumer was offered too often; its stranded copy goes once the new one is kept."""
    note = _note(letter.body)
    if note is None or note.stream not in _WORKED_OFF:
        raise NothingToRetry(f"dead letter {letter.id} names no message that can be sent again: drop it")
    try:
        stranded = await js.get_msg(note.stream, seq=note.stream_seq)
    except NotFoundError:
        gone = f"message {note.stream_seq} of {note.stream} is gone: drop dead letter {letter.id}"
        raise NothingToRetry(gone) from None
    await _send(js, stranded.subject or "", stranded.data or b"", _of_sender(stranded.headers))
    with suppress(NotFoundError):  # a stream that keeps one message a subject has replaced it
        await js.delete_msg(note.stream, note.stream_seq)


def _note(body: bytes) -> _Note | None:
    try:
        return _Note.model_validate_json(body)
    except ValidationError:
        return None


def _of_sender(headers: Mapping[str, str] | None) -> dict[str, str]:
    """Without the broker's own: a message id, sent again, would have the retry dropped as a repeat."""
    return {name: value for name, value in (headers or {}).items() if not name.lower().startswith("nats-")}


def _given_up(raw: RawStreamMsg) -> DeadLetter:
    body = raw.data or b""
    note = _note(body)
    reason, at, tries = (str(note), note.timestamp, note.deliveries) if note else ("too many deliveries", "", 0)
    return DeadLetter(raw.seq or 0, "broker", raw.subject or "", _GIVEN_UP, reason, at, tries, body)


def _letter(raw: RawStreamMsg) -> DeadLetter:
    headers = raw.headers or {}
    subject = raw.subject or ""
    if _CODE not in headers:  # the broker's own note that a consumer gave up
        return _given_up(raw)
    return DeadLetter(
        id=raw.seq or 0,
        service=subject.partition(".")[2],
        subject=headers[_SUBJECT],
        code=headers[_CODE],
        reason=_text(headers[_REASON]),
        at=headers[_AT],
        tries=int(headers[_TRIES]),
        body=raw.data or b"",
        headers={k.removeprefix(_ORIGINAL): _text(v) for k, v in headers.items() if k.startswith(_ORIGINAL)},
    )


def _ascii(text: str) -> str:
    """Header values must be ASCII on one line (pitfalls C5)."""
    return base64.b64encode(text.encode(errors="replace")).decode()


def _text(header: str) -> str:
    return base64.b64decode(header).decode(errors="replace")
