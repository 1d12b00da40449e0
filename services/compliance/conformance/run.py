"""Whole ledgers: every complaint examined, share by share on every core; findings are spooled to keep memory small."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache, partial
from itertools import takewhile
from pathlib import Path
from typing import IO, NamedTuple

import orjson
import structlog

from events.catalogue import OF_OTHERS, UnknownFact, decode
from events.envelope import BrokenHistory, History, StreamId, contiguous
from events.horizon import latest, recorded_by
from events.ledger import Ledger
from events.stores import Row
from policy.registry import ORGANISATION, POLICIES, UnknownPolicy
from services.compliance.conformance.catalogue import CHECKS
from services.compliance.conformance.checks import Check
from services.compliance.conformance.company import Company, company
from services.compliance.conformance.examined import Examined, Others, Texts, readable
from services.compliance.conformance.violation import Violation, as_json
from services.compliance.replay.histories import Opener, histories, in_shares

log = structlog.get_logger()

UNREADABLE, UNCHECKED, NONE = "unreadable", "unchecked", "-"
"""A complaint that cannot be read; a check that failed on one; the requirement of such findings."""
KEPT = 64
"""Other complaints kept folded by each process: every member of an incident asks for its lead."""


class NoSuchComplaint(LookupError):
    """没有这件投诉 / there is no such complaint."""


class Question(NamedTuple):
    """What is to be examined."""

    until: datetime
    """Each complaint is looked at up to its first fact recorded later."""
    requirement: str | None = None
    """Only findings that concern this requirement."""
    checks: tuple[str, ...] = ()
    """Names of the checks to make; none for all."""


class Found(NamedTuple):
    """What a share of the ledger, or all of it, came to."""

    complaints: int
    events: int
    violations: Counter[str]
    """Requirement -> how many findings name it first."""
    unread: Counter[str]
    """Check -> complaints in which it could not read words for want of a key."""
    files: tuple[Path, ...]
    """The findings, a JSON line each, in order of complaint id."""

    @property
    def total(self) -> int:
        """How many findings there are."""
        return self.violations.total()


class Reader:
    """Reads texts for the checks and remembers whether one could not be read."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self.has_failed = False

    def __call__(self, text: str) -> str | None:
        """The plain words, or None."""
        plain = self._texts(text)
        self.has_failed |= plain is None
        return plain


def last_recorded(ledger: Ledger) -> datetime | None:
    """The latest instant at which the ledger took an event, in one pass over it; None for an empty ledger."""
    return latest(ledger.scan())


def check_all(question: Question, opener: Opener, folder: Path, *, cores: int | None = None) -> Found:
    """Every complaint of the ledger examined; findings go into files of that folder.

    Raises NothingPublished where the ledger holds no policy, InvalidPolicy where a published one cannot be read.
    """
    return merged(in_shares(partial(_share, question, folder), opener, cores=cores))


def check_one(question: Question, ledger: Ledger, stream: StreamId, folder: Path) -> Found:
    """One complaint examined, in the same way; raises NoSuchComplaint."""
    rows = list(ledger.rows_of([stream]))
    if not rows or rows[0].topic in OF_OTHERS:
        raise NoSuchComplaint(f"{NoSuchComplaint.__doc__} {stream}")
    return _spooled(question, ledger, [(stream, rows)], folder / f"{stream}.jsonl")


def merged(shares: Sequence[Found]) -> Found:
    """What the shares came to together, in their order."""
    return Found(
        sum(share.complaints for share in shares),
        sum(share.events for share in shares),
        sum((share.violations for share in shares), Counter[str]()),
        sum((share.unread for share in shares), Counter[str]()),
        tuple(file for share in shares for file in share.files),
    )


def _share(question: Question, folder: Path, ledger: Ledger, first: StreamId, end: StreamId) -> Found:
    return _spooled(question, ledger, histories(ledger, first, end), folder / f"{first}.jsonl")


def _spooled(question: Question, ledger: Ledger, every: Iterable[tuple[StreamId, list[Row]]], file: Path) -> Found:
    known = company_of(ledger)
    others = others_in(ledger, known, question.until)
    violations, unread, complaints, events = Counter[str](), Counter[str](), 0, 0
    with file.open("wb") as spool:
        for stream, rows in every:
            seen, found = examine(question, known, stream, rows, others, unread)
            complaints, events = complaints + (seen > 0), events + seen
            _write(spool, found, violations)
    return Found(complaints, events, violations, unread, (file,))


def _write(spool: IO[bytes], found: Iterable[Violation], violations: Counter[str]) -> None:
    for violation in found:
        violations[violation.requirement] += 1
        spool.write(orjson.dumps(as_json(violation)) + b"\n")


def company_of(ledger: Ledger) -> Company:
    """Every policy and organisation the ledger holds."""
    published = ledger.load_many([POLICIES, ORGANISATION])
    return company(recorded for history in published.values() for recorded in history)


def others_in(ledger: Ledger, known: Company, until: datetime) -> Others:
    """The other complaints of the ledger; the last few asked for are not loaded and folded again."""

    @lru_cache(KEPT)
    def other(stream: StreamId) -> Examined | None:
        history = _history(ledger.rows_of([stream]), until)
        return Examined(history, known, until, others=other) if history else None

    return other


def _history(rows: Iterable[Row], until: datetime) -> History:
    """The facts recorded by then; what came later is not even decoded. Raises what a damaged row raises."""
    return History(contiguous(decode(*row) for row in takewhile(recorded_by(until), rows)))


def examine(
    question: Question,
    known: Company,
    stream: StreamId,
    rows: Sequence[Row],
    others: Others,
    unread: Counter[str],
    texts: Texts = readable,
) -> tuple[int, list[Violation]]:
    """How many facts of one complaint were examined, and what was found; never raises for what a complaint holds."""
    try:
        history = _history(rows, question.until)
        if not history:
            return 0, []
        reader = Reader(texts)
        of = Examined(history, known, question.until, reader, others)
        _ = of.states, of.policy
    except Exception as failure:  # catch-all: whatever is wrong with one complaint is a finding, the rest goes on (I9)
        return len(rows), _wanted(question, [_unreadable(stream, UNREADABLE, failure)])
    found: list[Violation] = []
    for each in CHECKS:
        if not question.checks or each.name in question.checks:
            found += _made(each, of, reader, unread)
    return len(history), _wanted(question, found)


def _wanted(question: Question, found: list[Violation]) -> list[Violation]:
    if question.requirement is None:
        return found
    return [violation for violation in found if violation.concerns(question.requirement)]


def _made(each: Check, of: Examined, reader: Reader, unread: Counter[str]) -> list[Violation]:
    reader.has_failed = False
    try:
        return each.violations(of)
    except Exception as failure:  # catch-all: a check that fails on one complaint is told, the others are made
        log.warning("check failed", check=each.name, complaint=of.history[0].complaint_id, why=type(failure).__name__)
        return [_unreadable(of.history[0].complaint_id, f"{UNCHECKED}:{each.name}", failure)]
    finally:
        if reader.has_failed:
            unread[each.name] += 1


def _unreadable(stream: StreamId, what: str, failure: Exception) -> Violation:
    why_zh, why_en = _reason(failure)
    zh, en = f"投诉无法读取：{why_zh}。", f"The complaint cannot be read: {why_en}."
    if what != UNREADABLE:
        zh, en = f"检查 {what} 无法完成：{why_zh}。", f"Check {what} could not be made: {why_en}."
    return Violation(what, NONE, stream, "", (), zh, en)


def _reason(failure: Exception) -> tuple[str, str]:
    """What went wrong, without a word a person said: an error may repeat what it could not read."""
    if isinstance(failure, BrokenHistory):
        return failure.zh, failure.en
    if isinstance(failure, UnknownFact):
        return f"含本版本未知的事件（{failure}）", f"it holds what this release does not know ({failure})"
    if isinstance(failure, UnknownPolicy):
        return f"台账中没有它适用的政策（{failure}）", f"its policy was never published ({failure})"
    return "各事件互不相符，请运行 amends verify", "its events contradict each other: run `amends verify`"
