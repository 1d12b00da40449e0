"""One look at many complaints: everything that is due and not recorded is recorded."""

from collections.abc import Iterable
from datetime import datetime

from events.complaint import Case
from events.envelope import StreamId
from events.ledger import Clock, Writer
from events.reconciler import Decision, Settled, settle
from policy.registry import Policies
from services.workflow.reconcile import reconcile


class Workflow:
    """The automatic steps of complaints."""

    def __init__(self, writer: Writer, policies: Policies, clock: Clock) -> None:
        self._writer = writer
        self._policies = policies
        self._clock = clock

    async def look(self, streams: Iterable[StreamId]) -> Settled:
        """What is due on these complaints; raises LedgerUnavailable."""
        return await settle(self._writer, self._clock, streams, self._decide)

    def _decide(self, case: Case, now: datetime) -> Decision:
        policy = self._policies.get(case.complaint.policy)
        return reconcile(case, policy, self._policies.organisation, now)
