"""The company as it was at any instant of the past: policies published by then, the organisation in force, kin."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from events.company import PolicyPublished
from events.complaint import Case
from events.envelope import StreamId
from events.folding import fold
from events.horizon import as_known
from events.kin import kin_of
from events.ledger import Ledger
from events.reception import Received
from policy.people.organisation import Organisation, parse_organisation
from policy.policy import Policy
from policy.registry import ORGANISATION, POLICIES, NothingPublished
from services.compliance.conformance.company import company
from services.wiring.rerun import Company


class PastCompany:
    """Read once from a ledger; answers for any instant. Its policies are the published ones and those added."""

    def __init__(self, ledger: Ledger, *more: PolicyPublished, organisation: str | None = None) -> None:
        self._ledger = ledger
        self._told = company([*ledger.load(POLICIES), *ledger.load(ORGANISATION)])
        if not self._told.policies or not self._told.organisations:
            raise NothingPublished("the ledger holds no policy or no organisation: run `amends setup`")
        self._added = {fact.policy_id: Policy(fact) for fact in more}
        self._instead = None if organisation is None else parse_organisation(organisation)

    def as_it_was(self) -> Company:
        """Under its own rules and people."""
        return Company(self._told.policy, self._people, self._known, self._kin)

    def otherwise(self) -> Company:
        """Under the policies added, by the organisation named instead, if any."""
        return Company(self._other, self._people_instead, self._known, self._kin)

    def _other(self, policy_id: str) -> Policy:
        return self._added[policy_id]

    def _people(self, at: datetime) -> Organisation:
        return self._told.organisation(at) or self._told.organisations[0]

    def _people_instead(self, at: datetime) -> Organisation:
        return self._instead or self._people(at)

    def _known(self, at: datetime) -> Sequence[str]:
        return [id_ for id_, published_at in self._told.published.items() if published_at <= at]

    def _kin(self, case: Case, at: datetime, named: Sequence[StreamId]) -> Case:
        """Its kin as recorded by then, whatever the re-run makes of them: links are taken over (ADR 0017)."""

        def load(streams: Sequence[StreamId], failed: dict[StreamId, Exception]) -> Mapping[StreamId, Case]:
            known = {}
            for stream, history in self._ledger.load_many(streams).items():
                by_then = as_known(history, at)
                if by_then and isinstance(by_then[0].fact, Received):
                    known[stream] = Case(fold(by_then), by_then)
            return known

        return kin_of(case, load, named)
