"""The desk: one ledger, the list kept beside it, the signal that wakes its readers, complaints by id or number."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import structlog

from events.complaint import Case, Complaint
from events.envelope import History, StreamId
from events.folding import fold
from events.horizon import as_known
from events.ledger import Clock, Ledger
from events.reception import Received
from policy.policy import Policy
from policy.registry import NothingPublished, Policies
from services.desk.as_of import PastList
from services.desk.customers import others, personal_keys
from services.desk.disclosures import Disclosures
from services.desk.filters import Question
from services.desk.problems import no_such_complaint, not_known_yet
from services.desk.readers import Reader
from services.desk.view import ListView, Page
from services.desk.wake import Wake

log = structlog.get_logger()

PAGES_A_QUESTION = 4
"""Pages of the ledger the list takes in before it answers; a list far behind answers with the position it has."""
_SPOKEN = str.maketrans("OIL", "011")
"""Letters that no number holds, read or typed for the digits they look like (services/intake/reception.py)."""


class Found(NamedTuple):
    """A complaint as it stood at a moment."""

    complaint: Complaint
    history: History
    policy: Policy
    now: datetime
    """The moment asked for, or the present."""


class Desk:
    """Everything the reading half needs; made once a process, its methods for one event loop."""

    def __init__(self, ledger: Ledger, policies: Policies, clock: Clock, views: Path) -> None:
        self.ledger = ledger
        self.policies = policies
        self.clock = clock
        self.view = ListView(ledger, policies, views)
        self._past = PastList(ledger, policies, self.view)
        self.wake = Wake()
        self.disclosures = Disclosures(ledger, clock)

    async def follow(self) -> None:
        """Keep the list up with the ledger until cancelled."""
        while not self.wake.is_closed:
            awaited = self.wake.next()
            try:
                # A page at a time, so that questions get their turn while a long ledger is taken in.
                while not await asyncio.to_thread(self.view.catch_up, 1):
                    pass
            except Exception:  # catch-all: whatever it was, the list tries again from where it stands (pitfalls G17)
                log.exception("the list could not follow the ledger")
            await awaited.arrival()

    def close(self) -> None:
        """End the streams and give back the file."""
        self.wake.close()
        self.view.close()

    def zone(self) -> tzinfo:
        """The zone of the policy in force; UTC before any is published."""
        try:
            return self.policies.current(self.clock()).zone
        except NothingPublished:
            return UTC

    def dial_prefixes(self) -> tuple[str, ...]:
        """The country's own prefixes: a telephone asked for is spelled as the complaints' are (S004-1.2)."""
        try:
            return self.policies.current(self.clock()).document.links.dial_prefixes
        except NothingPublished:
            return ()

    async def list(self, question: Question, reader: Reader | None = None, as_of: datetime | None = None) -> Page:
        """The complaints that fit, with all that is in the ledger now, or was then; none the reader may not see."""
        await asyncio.to_thread(self.view.catch_up, PAGES_A_QUESTION)
        if as_of is not None:
            return await asyncio.to_thread(self._past.find, question, as_of, reader)
        return await asyncio.to_thread(self._list, question, reader)

    def _list(self, question: Question, reader: Reader | None) -> Page:
        page = self.view.find(question, self.clock())
        hidden = reader.hidden(self.ledger, [each.complaint_id for each in page.complaints]) if reader else ()
        return page._replace(complaints=tuple(each for each in page.complaints if each.complaint_id not in hidden))

    async def find(self, asked: str, as_of: datetime | None = None, reader: Reader | None = None) -> Found:
        """The complaint of an id or a number, as the ledger knew it at a moment.

        Raises Problem for none, and for a reader who may not see it as it stands today (S002-7.2).
        """
        found = await asyncio.to_thread(self._find, asked, as_of, reader)
        if reader is not None and reader.id is not None:
            await self.disclosures.note(reader.id, [found.complaint])
        return found

    def _find(self, asked: str, as_of: datetime | None, reader: Reader | None) -> Found:
        stream = _as_id(asked) or self._by_number(asked)
        sealed = reader is None or not reader.sees_texts
        history = self.ledger.load(stream, sealed=sealed) if stream else History()
        if not history or not isinstance(history[0].fact, Received):
            raise no_such_complaint(asked[:80])
        if reader is not None:
            reader.admit(fold(history))
        known = history if as_of is None else as_known(history, as_of)
        if not known:
            raise not_known_yet(asked, as_of.isoformat() if as_of else "")
        complaint = fold(known)
        return Found(complaint, known, self.policies.get(complaint.policy), as_of or self.clock())

    async def customer(self, key: str, reader: Reader | None = None) -> Sequence[Complaint]:
        """All complaints of the customer that key belongs to, without those the reader may not see (S001-9.2)."""
        await asyncio.to_thread(self.view.catch_up, PAGES_A_QUESTION)
        found = await asyncio.to_thread(self._customer, key, reader)
        if reader is None or reader.id is None:
            cases = await asyncio.to_thread(self._sealed, found)
            return [cases[each.complaint_id].complaint for each in found]
        await self.disclosures.note(reader.id, found)
        return found

    def _sealed(self, complaints: Sequence[Complaint]) -> Mapping[StreamId, Case]:
        """The same complaints as stored, for whoever may not see personal texts."""
        return self.ledger.sealed_cases.load_many([each.complaint_id for each in complaints], {})

    def _customer(self, key: str, reader: Reader | None) -> Sequence[Complaint]:
        known: dict[StreamId, Complaint] = {}
        prefixes = self.dial_prefixes()
        asked, ahead = set[str](), {key}
        while ahead and (found := others(known, self.view.complaints_of(sorted(ahead)))):
            cases = self.ledger.cases.load_many(found, {})
            new = {stream: case.complaint for stream, case in cases.items()}
            known |= new
            asked |= ahead
            ahead = {each for complaint in new.values() for each in personal_keys(complaint, prefixes)} - asked
        hidden = reader.hidden(self.ledger, known) if reader else frozenset[StreamId]()
        return [complaint for stream, complaint in known.items() if stream not in hidden]

    def _by_number(self, number: str) -> StreamId | None:
        spoken = number.strip().upper().translate(_SPOKEN)
        found = self.view.complaint_of(spoken)
        if found is None:
            self.view.catch_up(PAGES_A_QUESTION)
            found = self.view.complaint_of(spoken)
        return found


def _as_id(asked: str) -> StreamId | None:
    try:
        return StreamId(str(UUID(asked)))
    except ValueError:
        return None
