"""Start messages, send them, record how they ended; a message lost in between is asked after, never repeated (I6)."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime

import structlog

from events.complaint import Case, Complaint
from events.contact import ContactStarted
from events.envelope import StreamId
from events.ledger import Clock, Writer
from events.reconciler import Decision, Settled, settle
from events.vocabulary import Audience, Medium
from policy.people.organisation import Organisation
from policy.registry import Policies
from services.notifier.reconcile import Lost, is_too_late, lost, reconcile
from services.notifier.senders.port import Message, NotSent, Sender, Sent, Unknown

log = structlog.get_logger()

AT_ONCE = 200
"""Messages on their way by one medium at the same time; a sender with fewer connections says so in `at_once`."""
ROUNDS = 6
"""Messages one look may send one after the other for one complaint; more waits for the next look."""

Ended = dict[StreamId, dict[str, Sent]]
"""How messages ended, by complaint and key."""
Found = dict[StreamId, list[Lost]]
"""Lost messages, by complaint."""


class Notifier:
    """One look at many complaints: every message that is due goes out, each at most once."""

    def __init__(self, writer: Writer, policies: Policies, senders: Mapping[Medium, Sender], clock: Clock) -> None:
        self._writer = writer
        self._policies = policies
        self._senders = senders
        self._clock = clock
        # As many as the sender has connections: who waits here may still give up, who waits inside a send may not.
        self._free = {
            medium: asyncio.Semaphore(getattr(sender, "at_once", AT_ONCE)) for medium, sender in senders.items()
        }

    async def look(self, streams: Iterable[StreamId]) -> Settled:
        """What is due on these complaints; raises LedgerUnavailable."""
        found: Found = {}
        first = await self._round(streams, {}, found, {})
        looks, failed = dict(first.looks), dict(first.failed)
        appended, settled = dict(first.appended), first
        for _ in range(ROUNDS):
            ended = await self._send(settled, found)
            if not ended:
                break
            found = {}
            settled = await self._round(ended, ended, found, settled.cases)
            for stream in ended:
                looks.pop(stream, None)
            looks.update(settled.looks)
            failed.update(settled.failed)
            appended.update({s: [*appended.get(s, ()), *new] for s, new in settled.appended.items()})
        return Settled(appended, looks, failed, settled.cases)

    async def _round(
        self, streams: Iterable[StreamId], ended: Ended, found: Found, cases: Mapping[StreamId, Case]
    ) -> Settled:
        def decide(case: Case, now: datetime) -> Decision:
            stream = case.complaint.complaint_id
            known = ended.get(stream, {})
            # Assigned: after a conflict it is decided again, and only the last decision counts.
            found[stream] = [one for one in lost(case, now) if one.started.key not in known]
            policy = self._policies.get(case.complaint.policy)
            return reconcile(case, policy, self._policies.organisation, now, known)

        return await settle(self._writer, self._clock, streams, decide, cases)

    async def _send(self, settled: Settled, found: Found) -> Ended:
        """Send what was started in this round and ask after what was lost; how each ended."""
        sends = [
            self._send_one(settled.cases[stream].complaint, fact, recorded.occurred_at)
            for stream, facts in settled.appended.items()
            for recorded in facts
            if isinstance(fact := recorded.fact, ContactStarted)
        ]
        asks = [self._ask_after(one) for stream, some in found.items() if stream not in settled.failed for one in some]
        ended: Ended = {}
        for stream, key, sent in await asyncio.gather(*sends, *asks):
            if sent is not None:
                ended.setdefault(stream, {})[key] = sent
        return ended

    async def _send_one(
        self, complaint: Complaint, fact: ContactStarted, started_at: datetime
    ) -> tuple[StreamId, str, Sent | None]:
        """How it ended; None when it waited so long for its turn that it is left to the next look."""
        stream = complaint.complaint_id
        async with self._free[fact.medium]:
            if is_too_late(started_at, self._clock()):
                log.warning("message left to the next look", complaint=stream, key=fact.key)
                return stream, fact.key, None
            message = _message(complaint, fact, self._address(fact))
            return stream, fact.key, await self._senders[fact.medium].send(message)

    async def _ask_after(self, one: Lost) -> tuple[StreamId, str, Sent]:
        """What became of a lost message; sent now only where the provider says it never had it."""
        stream, fact = one.complaint.complaint_id, one.started
        sender = self._senders[fact.medium]
        async with self._free[fact.medium]:
            answer = await sender.ask(_key(stream, fact))
            log.info("asked after a lost message", complaint=stream, key=fact.key, answer=str(answer))
            if isinstance(answer, NotSent):
                answer = await sender.send(_message(one.complaint, fact, self._address(fact)))
        return stream, fact.key, answer or Unknown("the process ended while sending; the provider cannot be asked")

    def _address(self, fact: ContactStarted) -> str:
        if fact.audience is Audience.CUSTOMER:
            return fact.recipient
        organisation: Organisation = self._policies.organisation
        person = organisation.person.get(fact.recipient)
        return (person.address if person else None) or fact.recipient


def _key(stream: StreamId, fact: ContactStarted) -> str:
    return f"{stream}/{fact.key}"


def _message(complaint: Complaint, fact: ContactStarted, address: str) -> Message:
    return Message(
        key=_key(complaint.complaint_id, fact),
        medium=fact.medium,
        recipient=address,
        subject=fact.subject,
        text=fact.text,
        language=fact.language,
        complaint_number=complaint.number,
    )
