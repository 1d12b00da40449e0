"""The seal in a running process: the sealer, its patrol and its copies, made from the settings (ADR 0014)."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import structlog

from events import durable
from events.envelope import instant
from events.ledger import Clock, Ledger, LedgerUnavailable
from events.vocabulary import Medium
from services.compliance.seal.checkpoints import Checkpoint
from services.compliance.seal.copies import Copy, NotCopied, Outbound, to_file
from services.compliance.seal.notes import NotSigned, Signer, opened
from services.compliance.seal.resuming import BATCH
from services.compliance.seal.seal_store import Overtaken, SealStore, SealStoreAway, seal_store
from services.compliance.seal.sealing import REFUSALS, Sealer
from services.compliance.seal.signing_keys import NoKey, SigningKeys
from services.compliance.seal.tiles import CHECKPOINT
from services.compliance.verification.ledger_reading import Ledger as VerifiedLedger
from services.compliance.verification.ledger_reading import PostgresLedger, SqliteLedger
from services.compliance.verification.seal_reading import PublishedSeal
from services.compliance.verification.verifier import Refused, VerifierKey, parse_verifier_key
from services.notifier.senders.port import Delivered, Message, Sender
from services.notifier.senders.smtp import SmtpSender
from services.notifier.senders.webhook import WebhookSender
from services.settings import CopySettings, Settings
from services.wiring.store import ledger_file

log = structlog.get_logger()

T = TypeVar("T")

SEAL_FOLDER, KEYS_FOLDER = "seal", "seal-keys"
REFUSED_FILE = "refused.json"
"""Beside the keys: why the sealer stopped. The next one reads the whole ledger before it goes on."""

LOOK_SECONDS = 0.5
"""Longest wait between two looks at the ledger, with no message that there is something new."""
GATHER_SECONDS = 0.5
"""Between two checkpoints: with a round's own time it stays under a second (ADR 0014)."""
AWAY_SECONDS = 2.0
"""Wait while the storage or the ledger does not answer, or another process seals."""


class SealRefused(Exception):
    """The sealer stopped: a person must look; `amends verify` tells what is wrong."""


def store_of(settings: Settings) -> SealStore:
    """Where the seal is published; raises ValueError for an address that names no storage."""
    return seal_store(settings.seal.store or str(settings.data / SEAL_FOLDER))


def keys_of(settings: Settings) -> SigningKeys:
    """Where the private key is."""
    return SigningKeys(settings.seal.keys or settings.data / KEYS_FOLDER)


def sealer_of(settings: Settings, ledger: Ledger, clock: Clock) -> Sealer:
    """A sealer, not yet open."""
    return Sealer(ledger.rows_after, store_of(settings), keys_of(settings), clock)


def make_key(settings: Settings) -> bool:
    """Make the key that signs where nothing was ever signed; whether one was made. A lost key is never replaced so."""
    return store_of(settings).read(CHECKPOINT) is None and keys_of(settings).make()


def own_key(settings: Settings) -> VerifierKey | None:
    """The public half of the key this machine seals with, under the name it signs with; None where it does not seal."""
    served, keys = store_of(settings).read(CHECKPOINT), keys_of(settings)
    # Beside PostgreSQL the key may be on another machine, and one that lies here may be nobody's.
    if settings.ledger != "sqlite" or served is None or not keys.exists():
        return None
    with suppress(NoKey, Refused):  # unreadable for whoever asks: then it is not compared
        own = Signer(served.decode(errors="replace").partition("\n")[0], keys.current())
        return parse_verifier_key(str(own.public))
    return None


class SealState(NamedTuple):
    """How the seal of an installation stands."""

    head: Checkpoint | None
    """None when nothing is sealed yet."""
    behind: int
    """Events it misses, counted up to a batch."""
    refusal: str | None
    """Why the sealer stopped."""


def seal_state(settings: Settings, ledger: Ledger) -> SealState:
    """How it stands; raises NotSigned, TilesMissing, LedgerDisagrees, SealStoreAway."""
    head, behind = sealer_of(settings, ledger, _no_clock).glance() or (None, 0)
    return SealState(head, behind, refusal_of(settings))


def _no_clock() -> datetime:
    raise AssertionError("a glance signs nothing")


def refusal_of(settings: Settings) -> str | None:
    """Why the sealer stopped, None when it did not."""
    file = _refused_file(settings)
    try:
        return str(json.loads(file.read_text("utf-8"))["why"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as failure:
        return f"{file}: 无法读取停止原因 / why the seal stopped cannot be read: {failure}"


def open_sealer(sealer: Sealer, settings: Settings, clock: Clock, *, thoroughly: bool = False) -> None:
    """Open it, thoroughly also after a refusal; raises SealRefused and what is worth trying again."""
    with _refusing(settings, clock):
        was_refused = refusal_of(settings) is not None
        sealer.open(thoroughly=thoroughly or was_refused)
        if was_refused:
            _refused_file(settings).unlink(missing_ok=True)


def seal_now(settings: Settings, ledger: Ledger, clock: Clock, *, thoroughly: bool = False) -> int:
    """Seal everything there is, for a command on a stopped installation; how many events are sealed.

    `thoroughly` reads the whole ledger first: where it agrees with the signed checkpoint, tiles that differ are made
    again. Raises SealRefused, Overtaken, SealStoreAway.
    """
    if settings.ledger == "postgres" and store_of(settings).read(CHECKPOINT) is None:
        # A log begun on whichever machine asked first would be a second one, under another key.
        raise Overtaken("由 amends serve seal 封存 / `amends serve seal` seals this ledger: see AMENDS_SEAL__STORE")
    sealer = sealer_of(settings, ledger, clock)
    try:
        open_sealer(sealer, settings, clock, thoroughly=thoroughly)
        with _refusing(settings, clock):
            while sealer.seal() is not None:
                pass
        return sealer.head.tree.size if sealer.head else 0
    finally:
        sealer.close()


def has_its_key(settings: Settings) -> bool:
    """Whether the key that signed the newest checkpoint is here; where nothing is sealed, whether there is one."""
    served, keys = store_of(settings).read(CHECKPOINT), keys_of(settings)
    if served is None:
        return keys.exists()
    note = served.decode(errors="replace")
    with suppress(NoKey, NotSigned):
        opened(note, Signer(note.partition("\n")[0], keys.current()).public)
        return True
    return False


def rotate_key(settings: Settings, ledger: Ledger, clock: Clock, *, is_lost: bool) -> bool:
    """Have a new key take over; whether it has, False where a running sealer will do it at its next look.

    `is_lost` goes on without the word of the old key. Raises SealRefused, SealStoreAway, Overtaken.
    """
    sealer = sealer_of(settings, ledger, clock)
    try:
        if is_lost:
            with _refusing(settings, clock):
                sealer.open_without_old_key()
            return True
        keys_of(settings).begin_rotation()
        try:
            open_sealer(sealer, settings, clock)
        except Overtaken:
            return False
        return True
    finally:
        sealer.close()


def verifiable(settings: Settings) -> tuple[VerifiedLedger, PublishedSeal]:
    """Where a verification finds database and seal; raises NoInstallation."""
    seal = PublishedSeal(settings.seal.store or str(settings.data / SEAL_FOLDER))
    if settings.ledger == "sqlite":
        return SqliteLedger(ledger_file(settings)), seal
    return PostgresLedger(settings.conninfo()), seal


class Sealing:
    """Seals until it is cancelled."""

    def __init__(self, settings: Settings, ledger: Ledger, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._sealer = sealer_of(settings, ledger, clock)
        self._wake = asyncio.Event()
        self._senders: list[Sender] = []
        self.outbound = [Outbound(self._copy(copy)) for copy in settings.seal.copies]

    def wake(self) -> None:
        """Somebody appended to the ledger."""
        self._wake.set()

    async def run(self) -> None:
        """Seal, patrol, offer copies; ends with SealRefused alone."""
        sending = [asyncio.create_task(outbound.run(), name="seal copy") for outbound in self.outbound]
        is_away, is_open = False, False
        try:
            while True:
                try:
                    if not is_open:
                        await _in_thread(partial(open_sealer, self._sealer, self._settings, self._clock))
                        is_open = True
                        self._offer()
                    await self._round()
                    is_away = False
                except (Overtaken, SealStoreAway, LedgerUnavailable) as away:
                    if not is_away:
                        log.warning("seal waits", why=str(away))
                    is_away = True
                    await asyncio.sleep(AWAY_SECONDS)
        finally:
            for task in sending:
                task.cancel()
            await asyncio.gather(*sending, *(sender.close() for sender in self._senders), return_exceptions=True)
            self._sealer.close()

    async def _round(self) -> None:
        self._wake.clear()
        before = self._sealer.head.tree.size if self._sealer.head else 0
        with _refusing(self._settings, self._clock):
            note = await _in_thread(self._sealer.seal)
            if note is not None:
                self._offer()
                grown = self._sealer.head.tree.size - before if self._sealer.head else 0
                await asyncio.sleep(0 if grown == BATCH else GATHER_SECONDS)
                return
            await _in_thread(partial(self._sealer.patrol, self._settings.seal.patrol))
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), LOOK_SECONDS)

    def _offer(self) -> None:
        if self._sealer.head is not None:
            for outbound in self.outbound:
                outbound.offer(self._sealer.head.note)

    def _copy(self, copy: CopySettings) -> Copy:
        if copy.file is not None:
            return Copy(str(copy.file), to_file(copy.file), copy.seconds)
        if copy.webhook is not None:
            sender: Sender = WebhookSender(copy.webhook, self._clock)
            name, medium, recipient = copy.webhook.url, Medium.APP, ""
        else:
            if self._settings.smtp is None or copy.mail is None:
                raise ValueError("AMENDS_SEAL__COPIES: mail 需要 / needs AMENDS_SMTP")
            sender = SmtpSender(self._settings.smtp, self._clock)
            name, medium, recipient = "mail", Medium.EMAIL, copy.mail
        self._senders.append(sender)
        return Copy(name, sent_by(sender, medium, recipient), copy.seconds)


def sent_by(sender: Sender, medium: Medium, recipient: str) -> Callable[[str], Awaitable[None]]:
    """Hands checkpoints to a gateway or a mail server; arriving twice does no harm, so unknown is sent again."""

    async def send(note: str) -> None:
        origin, size, root = note.split("\n")[:3]
        message = Message(
            key=f"{origin}/{size}/{root[:12]}",
            medium=medium,
            recipient=recipient,
            subject=f"{origin} {size}",
            text=note,
            language="en",
            complaint_number="",
        )
        sent = await sender.send(message)
        if not isinstance(sent, Delivered):
            raise NotCopied(sent.reason)

    return send


async def _in_thread(work: Callable[[], T]) -> T:
    """The work in a thread, seen to its end also when we are cancelled: nothing may be closed under it."""
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        while not running.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([running])
        raise


@contextmanager
def _refusing(settings: Settings, clock: Clock) -> Iterator[None]:
    """Write down why the sealer stops; raises SealRefused in place of what stopped it."""
    try:
        yield
    except REFUSALS as why:
        told = f"{type(why).__name__}: {why}"
        _write_down(_refused_file(settings), {"at": instant(clock()), "why": told})
        raise SealRefused(f"封存已停止 / the seal has stopped: {told}") from why


def _write_down(file: Path, refusal: Mapping[str, str]) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        durable.write(file, json.dumps(refusal, ensure_ascii=False).encode())
    except OSError as failure:  # a full disk: that the seal stops must be told all the same
        log.error("seal could not write down why it stopped", **refusal, failure=str(failure))


def _refused_file(settings: Settings) -> Path:
    return keys_of(settings).directory / REFUSED_FILE
