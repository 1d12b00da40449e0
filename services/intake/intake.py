"""Accept submissions: one commit for all that arrive together, repeats recognised by their version 1."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from events.catalogue import wire
from events.envelope import History, StreamId
from events.folding import fold
from events.ledger import Append, Appended, Clock, Conflict, LedgerUnavailable, Writer, Written
from events.receipt_code import receipt_code
from events.reception import Received
from events.reconciler import TURNS
from policy.policy import Policy
from policy.registry import Policies
from policy.sorting.links import customer_keys
from services.intake.receipts import Receipt, receipt
from services.intake.reception import identity, receive, supplement
from services.intake.submission import InvalidSubmission, Submission


class Intake:
    """Submissions in, receipts out; a receipt is given only after the commit (I1)."""

    def __init__(self, writer: Writer, policies: Policies, clock: Clock) -> None:
        self._writer = writer
        self._policies = policies
        self._clock = clock

    async def accept(self, submission: Submission) -> Receipt:
        """The receipt of one submission; raises LedgerUnavailable, then nothing was acknowledged.

        Raises InvalidSubmission where its complaint takes nothing more: its sender keeps it (S004-1.2).
        """
        [answer] = await self.accept_all([submission])
        if isinstance(answer, InvalidSubmission):
            raise answer
        return answer

    async def accept_all(self, submissions: Sequence[Submission]) -> list[Receipt | InvalidSubmission]:
        """The receipts of many submissions, or why one is refused, recorded in as few commits as possible."""
        now = self._clock()
        policy = self._policies.current(now)
        appended = await self._writer.append_all([_append(s, policy, now) for s in submissions])
        known = await self._known(appended)
        codes = await self._codes(appended)
        return [
            await self._repeated(submission, known[outcome.stream], codes[outcome.stream])
            if isinstance(outcome, Conflict)
            else receipt(outcome[0], policy, codes[outcome[0].complaint_id], duplicate=False)
            for submission, outcome in zip(submissions, appended, strict=True)
        ]

    async def _codes(self, appended: Sequence[Appended]) -> dict[StreamId, str]:
        """The codes of all receipts: what is stored counts, and personal texts are tokens there."""
        rows = [found.rows[0] for found in appended if isinstance(found, Written)]
        if known := [found.stream for found in appended if isinstance(found, Conflict)]:
            rows += await asyncio.to_thread(self._writer.ledger.rows_of, known)
        return {row.stream: receipt_code(row.position, wire(*row)) for row in rows if row.version == 1}

    async def _known(self, appended: Sequence[Appended]) -> dict[StreamId, History]:
        streams = [outcome.stream for outcome in appended if isinstance(outcome, Conflict)]
        return await asyncio.to_thread(self._writer.ledger.load_many, streams) if streams else {}

    async def _repeated(self, submission: Submission, history: History, code: str) -> Receipt | InvalidSubmission:
        """The first receipt again; new content is added, raises LedgerUnavailable if others write at every turn."""
        first = history[0]
        for _ in range(TURNS):
            complaint = fold(history)
            if not complaint.privacy.is_readable:  # what came again was erased or put away: it is not stored anew
                return receipt(first, self._policies.get(first.policy), code, duplicate=True)
            rules = self._policies.get(complaint.policy).document.record
            try:
                entry = supplement(complaint, submission, rules, self._clock())
            except InvalidSubmission as too_many:
                return too_many
            if entry is None or await self._is_added(Append(first.complaint_id, history.version, (entry,))):
                return receipt(first, self._policies.get(first.policy), code, duplicate=True)
            history = await asyncio.to_thread(self._writer.ledger.load, first.complaint_id)
        raise LedgerUnavailable(f"{first.complaint_id} changed {TURNS} times while adding to it")

    async def _is_added(self, append: Append) -> bool:
        return not isinstance((await self._writer.append_all([append]))[0], Conflict)


def _append(submission: Submission, policy: Policy, now: datetime) -> Append:
    """The complaint's first fact, and what tells its customer, under whose key it is stored (ADR 0019)."""
    entry = receive(submission, policy.id, policy.zone, now)
    assert isinstance(entry.fact, Received)
    known_by = customer_keys(entry.fact.customer, policy.document.links.dial_prefixes)
    return Append(identity(submission), 0, (entry,), known_by)
