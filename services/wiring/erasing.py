"""Acts about a customer's personal data carried out: decided, recorded, then done to keys and files (ADR 0019)."""

import asyncio
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

import structlog

from events.catalogue import decode
from events.commands import Refusal
from events.complaint import Complaint
from events.customers import CustomerFile, KeyDestroyed, ReadFor, customer_file, customer_stream
from events.envelope import Actor, Entry, StreamId, instant
from events.fact import Fact
from events.keyring import Keyring
from events.ledger import Append, Clock, Conflict, Ledger, LedgerUnavailable
from events.reception import Contact, Customer, Received
from events.tokens import CustomerId
from events.vocabulary import ActorKind, Medium, Service
from policy.registry import Policies
from policy.sorting.links import customer_keys
from services.compliance.evidence.disclosing import may_disclose
from services.compliance.privacy import Asked, Decided, decide, officer, owed
from services.desk.disclosures import Disclosures
from services.notifier.senders.outbox_file import blank
from services.settings import Settings

log = structlog.get_logger()
TURNS = 20
RECORDED_SECONDS = 5.0
"""How long a complaint that has its key may take to reach the ledger; a commit takes milliseconds."""
LOOK_SECONDS = 0.05


SETTLED = frozenset({"held", "not_held", "restricted", "not_restricted", "erased"})
"""Refusals that say the customer stands already as the act wants."""


class NoSuchCustomer(LookupError):
    """没有这样的客户：请给出客户标识、投诉、联系方式或会员号 / no such customer: give an id or a contact."""


class NoKeys(Exception):
    """此台账未加密客户信息 / nothing is sealed in this ledger: there are no keys to destroy."""


class Known(NamedTuple):
    """A customer as far as the ledger tells without reading what they said."""

    customer: CustomerId
    file: CustomerFile
    complaints: Sequence[Complaint]
    unreadable: Sequence[StreamId]


class Erasing:
    """Customers' data in one installation; its methods block."""

    def __init__(self, ledger: Ledger, policies: Policies, settings: Settings, clock: Clock) -> None:
        if ledger.keyring is None:
            raise NoKeys(NoKeys.__doc__)
        self._ledger = ledger
        self._keyring: Keyring = ledger.keyring
        self._policies = policies
        self._settings = settings
        self._clock = clock

    def find(self, asked: str) -> Sequence[CustomerId]:
        """The customers of a pseudonym, a complaint's id, a contact or a member number.

        A pseudonym means itself alone. The others lead to everybody who shares an address with whom they name: one
        person may be known under several. Raises NoSuchCustomer.
        """
        asked, keys = asked.strip(), self._keyring.store
        known = CustomerId(asked)
        if self._ledger.ask(keys.complaints, known) or self._ledger.load(customer_stream(known), sealed=True):
            return [known]
        found: Sequence[CustomerId] = list(self._ledger.customers([StreamId(asked)]).values())
        if not found:
            found = self._ledger.ask(keys.by_marks, [self._keyring.mark(key) for key in self._spellings(asked)])
        if not found:
            raise NoSuchCustomer(NoSuchCustomer.__doc__)
        return sorted({akin for customer in found for akin in self._ledger.ask(keys.akin, customer)})

    def _spellings(self, asked: str) -> Iterable[str]:
        prefixes = self._policies.current(self._clock()).document.links.dial_prefixes
        as_contacts = (Customer(contacts=(Contact(medium=medium, address=asked),)) for medium in Medium)
        for customer in (*as_contacts, Customer(member_id=asked)):
            yield from customer_keys(customer, prefixes)

    async def disclose(self, complaint: StreamId, by: str, reason: str) -> dict[str, str] | Refusal:
        """The personal texts of a complaint, the reading recorded before they leave; raises NoSuchCustomer."""
        cases = await asyncio.to_thread(self._ledger.sealed_cases.load_many, [complaint], {})
        if complaint not in cases:
            raise NoSuchCustomer(NoSuchCustomer.__doc__)
        known = cases[complaint].complaint
        who = await asyncio.to_thread(self._who, [complaint])
        refusal = may_disclose(known, by, reason, self._policies.organisation, who)
        if refusal is not None:
            return refusal
        await Disclosures(self._ledger, self._clock).note(by, [known], ReadFor.EVIDENCE, reason)
        rows = await asyncio.to_thread(self._ledger.rows_of, [complaint])
        return await asyncio.to_thread(self._ledger.ask, self._keyring.texts, rows)

    def know(self, customer: CustomerId) -> Known:
        """What is on record about that customer's data."""
        file = customer_file(self._ledger.load(customer_stream(customer), sealed=True))
        streams = dict.fromkeys((*self._ledger.ask(self._keyring.store.complaints, customer), *file.complaints))
        failed: dict[StreamId, Exception] = {}
        cases = self._ledger.sealed_cases.load_many(list(streams), failed)
        return Known(customer, file, [case.complaint for _, case in sorted(cases.items())], sorted(failed))

    def look(self, customers: Sequence[CustomerId], by: str) -> list[Known] | Refusal:
        """What is on record about these customers, for an officer who is not accused by one of them."""
        every = [self.know(customer) for customer in customers]
        refused = (officer(self._asked(known, by, "")) for known in every)
        return next((refusal for refusal in refused if refusal is not None), None) or every

    def do(self, act: str, customers: Sequence[CustomerId], by: str, reason: str) -> dict[str, Any] | Refusal:
        """The act's outcome as JSON, or who refuses it and why; then nothing was recorded for any of the customers.

        Pseudonyms for which there is nothing left to do are passed over, unless that is all of them. Raises
        LedgerUnavailable: repeat it, what was left undone is done first.
        """
        for customer in customers:
            self.finish(customer)
        decisions = {customer: self._decided(act, customer, by, reason)[1] for customer in customers}
        refusals = {each: no for each, no in decisions.items() if isinstance(no, Refusal)}
        for refusal in refusals.values():
            if refusal.code not in SETTLED:
                return refusal
        open_ones = [customer for customer in customers if customer not in refusals]
        if not open_ones:
            return self._issued(act, customers, by) or next(iter(refusals.values()))
        outcomes = [self._done(act, each, by, reason) for each in open_ones]
        refused = next((each for each in outcomes if isinstance(each, Refusal)), None)
        return refused or {"act": act, "by": by, "outcomes": outcomes}

    def _issued(self, act: str, customers: Sequence[CustomerId], by: str) -> dict[str, Any] | None:
        """The certificates again of customers who were erased before: the first answer may never have arrived."""
        histories = [self._ledger.load(customer_stream(customer), sealed=True) for customer in customers]
        ends = [recorded for history in histories for recorded in history if isinstance(recorded.fact, KeyDestroyed)]
        if act != "erase" or len(ends) < len(customers):
            return None
        known = [self.know(customer) for customer in customers]
        told = (outcome_json(k, end.fact, end.actor.id, end.occurred_at) for k, end in zip(known, ends, strict=True))
        return {"act": act, "by": by, "outcomes": list(told)}

    def _asked(self, known: Known, by: str, reason: str) -> Asked:
        people = self._policies.organisation
        who = self._who([complaint.complaint_id for complaint in known.complaints]) if reason else []
        now = self._clock()
        here = now.astimezone(self._policies.current(now).zone)
        return Asked(known.customer, known.file, known.complaints, known.unreadable, by, reason, people, here, who)

    def _who(self, complaints: Sequence[StreamId]) -> list[Customer]:
        """Names and addresses that no reason may repeat, for it stays readable."""
        rows = self._ledger.rows_of(complaints)
        received = [row for row in rows if row.topic == Received.TYPE]
        facts = (decode(*row).fact for row in self._ledger.ask(self._keyring.compared, received))
        return [fact.customer for fact in facts if isinstance(fact, Received)]

    def _decided(self, act: str, customer: CustomerId, by: str, reason: str) -> tuple[Asked, Decided]:
        asked = self._asked(self.know(customer), by, reason)
        return asked, decide(act, asked)

    def _done(
        self, act: str, customer: CustomerId, by: str, reason: str, *, alone: bool = False
    ) -> dict[str, Any] | Refusal:
        for _ in range(TURNS):
            asked, decided = self._decided(act, customer, by, reason)
            if isinstance(decided, Refusal):
                return decided
            if isinstance(decided, KeyDestroyed) and not alone:
                with self._left_alone(customer):
                    return self._done(act, customer, by, reason, alone=True)
            entry = Entry(decided, asked.now, Actor(kind=ActorKind.PERSON, id=by))
            append = Append(customer_stream(customer), asked.file.version, (entry,))
            [outcome] = self._ledger.writer(Service.COMPLIANCE).commit([append])
            if not isinstance(outcome, Conflict):
                self.finish(customer)
                return outcome_json(self.know(customer), decided, by, asked.now)
        raise LedgerUnavailable(f"{customer} changed {TURNS} times while {act} was recorded")

    @contextmanager
    def _left_alone(self, customer: CustomerId) -> Iterator[None]:
        """No new complaint comes under the key any more: what comes now is somebody new, unless nothing was erased."""
        self._ledger.ask(self._keyring.store.leave, customer, True)
        try:
            self._wait_for_recording(customer)
            yield
        finally:
            if self.know(customer).file.erased_at is None:
                self._ledger.ask(self._keyring.store.leave, customer, False)

    def _wait_for_recording(self, customer: CustomerId) -> None:
        """A complaint that has its key already is in the ledger a moment later; one whose process died never is."""
        last = time.monotonic() + RECORDED_SECONDS
        while time.monotonic() < last:
            streams = self._ledger.ask(self._keyring.store.complaints, customer)
            if len(self._ledger.versions(streams)) == len(streams):
                return
            time.sleep(LOOK_SECONDS)

    def finish(self, customer: CustomerId) -> None:
        """Do to complaints, keys and files what the customer's stream says; safe to repeat, so also after a crash."""
        known = self.know(customer)
        if not known.file.version:
            return
        keys = self._keyring.store
        self._record(known)
        self._ledger.ask(keys.restrict, customer, known.file.restriction is not None)
        self._keyring.forget([customer])
        if known.file.erased_at is not None:
            self._ledger.ask(keys.erase, customer)
            blank(self._settings.senders.outbox, [complaint.complaint_id for complaint in known.complaints])
            log.info("customer erased", certificate=known.file.certificate, complaints=len(known.complaints))

    def _record(self, known: Known) -> None:
        """Append what each complaint's stream must still say."""
        writer, carried_out = self._ledger.writer(Service.COMPLIANCE), Actor(kind=ActorKind.SYSTEM, id="compliance")
        for _ in range(TURNS):
            due = [(c, fact) for c in known.complaints if (fact := owed(c, known.file)) is not None]
            if not due:
                return
            now = self._clock()
            entries = [(c, Entry(fact, now, carried_out, policy=c.policy)) for c, fact in due]
            writer.commit([Append(c.complaint_id, c.version, (entry,)) for c, entry in entries])
            known = self.know(known.customer)
        raise LedgerUnavailable(f"{known.customer}: its complaints changed {TURNS} times")


def outcome_json(known: Known, fact: Fact, by: str, now: datetime) -> dict[str, Any]:
    """What was done, and the certificate where the key was destroyed."""
    told = {
        "customer": known.customer,
        "recorded": fact.TYPE,
        "at": instant(now),
        "complaints": [complaint.number for complaint in known.complaints],
        "waits_for_second_person": fact.TYPE.endswith("_requested"),
    }
    return {**told, "certificate": certificate(known, fact, by, now)} if isinstance(fact, KeyDestroyed) else told


def certificate(known: Known, fact: KeyDestroyed, by: str, now: datetime) -> dict[str, Any]:
    """The certificate of erasure: what was destroyed, by whom, what is left (M16)."""
    return {
        "number": fact.certificate,
        "customer": fact.customer,
        "complaints": [complaint.number for complaint in known.complaints],
        "requested_by": fact.requested_by,
        "requested_because": fact.requested_because,
        "done_by": by,
        "reason": fact.reason,
        "at": instant(now),
        "zh": "该客户的密钥已销毁：台账、消息、台账备份和遮盖的证据包中的姓名、联系方式和文字均不可再读；"
        "此前以明文交出的除外，密钥的旧备份须到期销毁。事件本身及其证明保持不变。",
        "en": "The customer's key was destroyed: names, addresses and texts in ledger, messages, backups of the ledger "
        "and masked bundles cannot be read any more; what was handed out in clear before is excepted, and old backups "
        "of keys must expire. The events and their proofs stay as they are.",
    }


def file_json(known: Known) -> dict[str, Any]:
    """What is on record about a customer's data, for officers."""
    file = known.file
    requests = {"hold": file.hold, "release": file.release, "restriction": file.restriction, "erasure": file.erasure}
    return {
        "customer": known.customer,
        "complaints": [
            {"complaint_id": c.complaint_id, "number": c.number, "status": c.status, "open": c.is_open}
            for c in known.complaints
        ],
        **{
            name: {"by": request.by, "reason": request.reason, "at": instant(request.at)} if request else None
            for name, request in requests.items()
        },
        "erased_at": file.erased_at and instant(file.erased_at),
        "certificate": file.certificate,
    }
