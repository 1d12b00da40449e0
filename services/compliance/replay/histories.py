"""Whole complaints one after the other with bounded memory, and the same work over shares of them on every core."""

import gc
import multiprocessing
import os
import pickle
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager
from itertools import groupby
from typing import NamedTuple, TypeVar

import structlog

from events.catalogue import OF_OTHERS
from events.envelope import StreamId
from events.ledger import Ledger
from events.stores import MemoryStore, Row
from policy.registry import ORGANISATION, POLICIES

T = TypeVar("T")

Opener = Callable[[], AbstractContextManager[Ledger]]
"""Opens the ledger to read; `partial(reading_ledger, settings, now)` can be sent to another process."""
Work = Callable[[Ledger, StreamId, StreamId], T]
"""What is done with the streams from the first id on and before the second; a function of a module."""

BEGIN, END = StreamId("0"), StreamId("g")
"""Before and behind every stream id: they are written in hexadecimal."""
SMALL = 20_000
"""Events below which starting processes, half a second each, costs more than it saves."""
SELDOM = 200_000
"""New objects between two collections in a process of its own; at most some 50 MB wait for one."""
SHARES_A_CORE = 4
"""More shares than cores, so that nobody waits long for the last one."""


class ShareFailed(Exception):
    """The work over a share of the ledger ended in an error that cannot be sent between processes, or was killed."""


class _Failed(NamedTuple):
    """An error on its way to the process that asked."""

    error: Exception


def histories(ledger: Ledger, first: StreamId = BEGIN, end: StreamId = END) -> Iterator[tuple[StreamId, list[Row]]]:
    """The rows of each complaint in order of id, from `first` on and before `end`.

    A stream that begins with a fact nobody knows is one that cannot be read: whoever decodes it tells.
    """
    for stream, rows in groupby(ledger.scan_streams(first, end), key=_stream):
        history = list(rows)
        if history[0].topic not in OF_OTHERS:
            yield stream, history


def company_histories(ledger: Ledger) -> Iterator[tuple[StreamId, list[Row]]]:
    """The rows of each of the company's own streams: its policies and its organisation."""
    for stream, rows in groupby(ledger.rows_of([POLICIES, ORGANISATION]), key=_stream):
        yield stream, list(rows)


def in_shares(work: Work[T], opener: Opener, *, shares: int | None = None, cores: int | None = None) -> list[T]:
    """What the work gives for disjoint ranges of ids that together are all, in order of id.

    On several cores each process opens a ledger of its own; a small ledger, or one in memory, is one share done here.
    Concatenated lists do not depend on the number of shares. Raises what the work raises, and ShareFailed.
    """
    cores = cores or available_cores()
    with opener() as ledger:
        if cores == 1 or isinstance(ledger.store, MemoryStore) or ledger.head() < SMALL:
            return [work(ledger, *span) for span in ranges(shares or 1)]
    spans = ranges(shares or cores * SHARES_A_CORE)
    with ProcessPoolExecutor(cores, multiprocessing.get_context("spawn"), _begin) as pool:
        waiting = [pool.submit(_share, work, opener, first, end) for first, end in spans]
        try:
            return [_given(each.result()) for each in waiting]
        except BrokenProcessPool as killed:
            raise ShareFailed(
                "处理部分台账的进程被终止，可能内存不足 / a process at work on a share of the ledger was killed, "
                "perhaps for want of memory"
            ) from killed
        finally:
            for each in waiting:
                each.cancel()


def ranges(shares: int) -> list[tuple[StreamId, StreamId]]:
    """That many ranges of ids, side by side, about equally full: ids are digests (RFC 4122, version 5)."""
    bounds = [StreamId(f"{0x1_0000_0000 * number // shares:08x}") for number in range(1, shares)]
    return list(zip([BEGIN, *bounds], [*bounds, END], strict=True))


def available_cores() -> int:
    """Cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _share(work: Work[T], opener: Opener, first: StreamId, end: StreamId) -> T | _Failed:
    try:
        with opener() as ledger:
            return work(ledger, first, end)
    except Exception as error:  # catch-all: told in the process that asked
        return _Failed(_sendable(error))


def _sendable(error: Exception) -> Exception:
    """The error itself where it survives the way; an error that does not would break the pool without a word."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes of a moment ago
    except Exception:  # catch-all: pickling runs the error's own code
        return ShareFailed(f"{type(error).__name__}: {error}")
    return error


def _given(result: T | _Failed) -> T:
    if isinstance(result, _Failed):
        raise result.error
    return result


def _begin() -> None:
    """A new process logs to stderr, as stdout belongs to the command, and collects garbage seldom.

    What is read and folded has no cycles; looking for them at the usual rate is a third of the time.
    """
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    gc.freeze()
    gc.set_threshold(SELDOM)


def _stream(row: Row) -> StreamId:
    return row.stream
