"""Who saw a customer's texts unmasked: each reading is a fact before it is an answer (M16, S001-14.5)."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime, timedelta

from events.complaint import Complaint
from events.customers import Disclosed, ReadFor, customer_stream
from events.envelope import Actor, Entry, StreamId
from events.ledger import Append, Clock, Conflict, Ledger, LedgerUnavailable
from events.tokens import CustomerId
from events.vocabulary import ActorKind, Service

ONE_READING = timedelta(minutes=15)
"""A person who opens a complaint again within this time goes on reading: a page that refreshes is no new fact."""
REMEMBERED = 10_000
TURNS = 20
"""How often others may be faster before the ledger counts as unavailable."""


class Disclosures:
    """Notes readings in the customers' own streams; nothing is noted where nothing was sealed."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._noted: OrderedDict[tuple[str, StreamId], datetime] = OrderedDict()

    async def note(
        self,
        person: str,
        complaints: Sequence[Complaint],
        purpose: ReadFor = ReadFor.HANDLING,
        reason: str | None = None,
    ) -> None:
        """Record that the person sees these complaints; raises LedgerUnavailable, then they must not see them."""
        now = self._clock()
        new = [each for each in complaints if reason or self._is_new(person, each.complaint_id, now)]
        customers = await asyncio.to_thread(self._ledger.customers, [each.complaint_id for each in new])
        for complaint in new:
            if (customer := customers.get(complaint.complaint_id)) is None:
                continue
            fact = Disclosed(complaint=complaint.complaint_id, number=complaint.number, purpose=purpose, reason=reason)
            await self._append(customer, Entry(fact, now, Actor(kind=ActorKind.PERSON, id=person)))
            self._remember(person, complaint.complaint_id, now)

    async def _append(self, customer: CustomerId, entry: Entry) -> None:
        stream = customer_stream(customer)
        for _ in range(TURNS):
            known = await asyncio.to_thread(self._ledger.versions, [stream])
            append = Append(stream, known.get(stream, 0), (entry,))
            [outcome] = await self._ledger.writer(Service.DESK).append_all([append])
            if not isinstance(outcome, Conflict):
                return
        raise LedgerUnavailable(f"{stream} changed {TURNS} times while a reading was noted")

    def _is_new(self, person: str, complaint: StreamId, now: datetime) -> bool:
        noted = self._noted.get((person, complaint))
        return noted is None or now - noted >= ONE_READING

    def _remember(self, person: str, complaint: StreamId, now: datetime) -> None:
        self._noted[person, complaint] = now
        self._noted.move_to_end((person, complaint))
        while len(self._noted) > REMEMBERED:
            self._noted.popitem(last=False)
