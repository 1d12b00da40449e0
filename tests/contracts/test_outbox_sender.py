"""The outbox file: one line a message, whole lines count."""

import asyncio
import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from services.notifier.senders.outbox import Outbox
from services.notifier.senders.port import (
    Delivered,
    NotSent,
    Refused,
)
from tests.sender_houses import (
    KEY,
    message,
    noon,
)

pytestmark = pytest.mark.asyncio


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


@contextmanager
def _file_size_limit(size: int) -> Iterator[None]:
    """The kernel's own refusal to make a file longer, as on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
