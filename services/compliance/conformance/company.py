"""The company as the ledger tells it: every policy ever published, and the organisation as it was at any instant."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from events.company import OrganisationPublished, PolicyPublished
from events.envelope import Recorded
from policy.people.organisation import Organisation, parse_organisation
from policy.policy import Policy
from policy.registry import UnknownPolicy


class Company(NamedTuple):
    """Rules and people of a ledger; built once, shared by all checks of all complaints."""

    policies: Mapping[str, Policy]
    since: tuple[datetime, ...]
    """From when each organisation held: once it and all before it were recorded, so it never falls."""
    organisations: tuple[Organisation, ...]
    published: Mapping[str, datetime] = {}
    """When each policy was recorded."""

    def policy(self, policy_id: str) -> Policy:
        """The policy of that id; raises UnknownPolicy."""
        try:
            return self.policies[policy_id]
        except KeyError:
            raise UnknownPolicy(f"no policy {policy_id!r} in this ledger") from None

    def organisation(self, at: datetime) -> Organisation | None:
        """The organisation in force at that instant; None before the first was published."""
        index = bisect_right(self.since, at)
        return self.organisations[index - 1] if index else None


def company(published: Iterable[Recorded]) -> Company:
    """What the company's own streams say, in ledger order; raises InvalidPolicy, InvalidOrganisation."""
    policies: dict[str, Policy] = {}
    times: dict[str, datetime] = {}
    since: list[datetime] = []
    organisations: list[Organisation] = []
    for recorded in published:
        if isinstance(recorded.fact, PolicyPublished):
            policies[recorded.fact.policy_id] = Policy(recorded.fact)
            times[recorded.fact.policy_id] = recorded.recorded_at
        elif isinstance(recorded.fact, OrganisationPublished):
            since.append(max([recorded.recorded_at, *since[-1:]]))
            organisations.append(parse_organisation(recorded.fact.text))
    return Company(policies, tuple(since), tuple(organisations), times)
