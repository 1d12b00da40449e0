"""The policies and the organisation as the ledger holds them, built once and kept."""

from datetime import datetime
from threading import Lock

from events.company import OrganisationPublished, PolicyPublished
from events.digest import digest
from events.envelope import Actor, Entry, History, StreamId, company_stream
from events.ledger import Append, Conflict, Ledger, Writer
from policy.people.organisation import Organisation, parse_organisation
from policy.policy import Policy, publication

POLICIES: StreamId = company_stream("policies")
ORGANISATION: StreamId = company_stream("organisation")


class NothingPublished(Exception):
    """The ledger holds no policy or no organisation yet: run `amends setup`."""


class UnknownPolicy(Exception):
    """A complaint is pinned to a policy this ledger does not hold."""


class Policies:
    """Every policy version ever published, and the organisation in force."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._policies: dict[str, Policy] = {}
        self._order: list[str] = []
        self._versions: dict[StreamId, int] = {}
        self._organisation: Organisation | None = None
        self._reading = Lock()

    def refresh(self) -> None:
        """Read what was published since the last look; cheap when nothing was. For any thread."""
        with self._reading:
            versions = self._ledger.versions([POLICIES, ORGANISATION])
            if versions != self._versions:
                self._take(versions)

    def _take(self, versions: dict[StreamId, int]) -> None:
        self._take_policies(self._ledger.load(POLICIES))
        organisation = self._ledger.load(ORGANISATION)
        if organisation and isinstance(fact := organisation[-1].fact, OrganisationPublished):
            self._organisation = parse_organisation(fact.text)
        self._versions = versions

    def _take_policies(self, history: History) -> None:
        for recorded in history[len(self._order) :]:
            if isinstance(recorded.fact, PolicyPublished):
                self._policies[recorded.fact.policy_id] = Policy(recorded.fact)
                self._order.append(recorded.fact.policy_id)

    def get(self, policy_id: str | None) -> Policy:
        """The policy of that id; raises UnknownPolicy."""
        if policy_id not in self._policies:
            self.refresh()
        try:
            return self._policies[policy_id or ""]
        except KeyError:
            raise UnknownPolicy(f"no policy {policy_id!r} in this ledger") from None

    def current(self, now: datetime) -> Policy:
        """The policy for complaints received now: the last published that is in force (M8)."""
        if not self._order:
            self.refresh()
        for policy_id in reversed(self._order):
            policy = self._policies[policy_id]
            if policy.document.policy.valid_from <= now.astimezone(policy.zone).date():
                return policy
        if not self._order:
            raise NothingPublished("the ledger holds no policy: run `amends setup`")
        return self._policies[self._order[0]]

    @property
    def published(self) -> tuple[str, ...]:
        """Ids of every policy published so far, first to last."""
        if not self._order:
            self.refresh()
        return tuple(self._order)

    @property
    def organisation(self) -> Organisation:
        """The organisation in force; raises NothingPublished."""
        if self._organisation is None:
            self.refresh()
        if self._organisation is None:
            raise NothingPublished("the ledger holds no organisation: run `amends setup`")
        return self._organisation


class AlreadyPublished(ValueError):
    """That policy version exists with another text: raise its version number."""


def publish_policy(writer: Writer, text: str, actor: Actor, now: datetime) -> bool:
    """Publish a policy text; False when exactly it was published before. Raises InvalidPolicy, AlreadyPublished."""
    fact = publication(text)
    history = writer.ledger.load(POLICIES)
    for recorded in history:
        if isinstance(recorded.fact, PolicyPublished) and recorded.fact.policy_id == fact.policy_id:
            if recorded.fact.sha256 != fact.sha256:
                raise AlreadyPublished(f"{fact.policy_id} is published with another text; raise its version")
            return False
    return _append(writer, POLICIES, history, Entry(fact, now, actor))


def publish_organisation(writer: Writer, text: str, actor: Actor, now: datetime) -> bool:
    """Publish the organisation; False when exactly it is in force. Raises InvalidOrganisation."""
    parse_organisation(text)
    fact = OrganisationPublished(sha256=digest(text), text=text)
    history = writer.ledger.load(ORGANISATION)
    if history and isinstance(last := history[-1].fact, OrganisationPublished) and last.sha256 == fact.sha256:
        return False
    return _append(writer, ORGANISATION, history, Entry(fact, now, actor))


def _append(writer: Writer, stream: StreamId, history: History, entry: Entry) -> bool:
    outcome = writer.commit([Append(stream, history.version, (entry,))])[0]
    if isinstance(outcome, Conflict):
        raise AlreadyPublished("somebody else published at the same moment: try again")
    return True
