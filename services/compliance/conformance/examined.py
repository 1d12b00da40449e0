"""What a check looks at: one complaint's history, every state it went through, its rules and people, and until when."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import chain
from operator import attrgetter
from typing import Any, TypeVar

from events.complaint import Complaint
from events.envelope import History, Recorded, StreamId
from events.fact import Fact
from events.folding import evolve
from events.tokens import customer_of
from policy.people.organisation import Organisation
from policy.policy import Policy
from services.compliance.conformance.company import Company
from services.compliance.conformance.violation import Shown, Violation

T = TypeVar("T")
Texts = Callable[[str], str | None]
"""The plain words of a stored text; None where a key would be needed (M16)."""
Others = Callable[[StreamId], "Examined | None"]
"""Another complaint, up to the same instant; None for none. Texts of it that need a key are not read."""


def readable(text: str) -> str | None:
    """A text that is stored in plain words, as in rehearsals; None for one that only a key opens."""
    return None if customer_of(text) else text


def alone(_: StreamId) -> None:
    """No other complaint can be looked at."""


@dataclass(frozen=True)
class Examined:
    """One complaint under examination; what several checks need is worked out once, when first asked."""

    history: History
    """As stored, texts may be tokens; ends at `until`."""
    company: Company
    until: datetime
    """The instant up to which the ledger is examined."""
    texts: Texts = readable
    others: Others = alone

    @cached_property
    def states(self) -> tuple[Complaint, ...]:
        """The complaint after each version, version 1 first."""
        states: list[Complaint] = []
        state: Complaint | None = None
        for recorded in self.history:
            state = evolve(state, recorded)
            states.append(state)
        return tuple(states)

    @property
    def complaint(self) -> Complaint:
        """The complaint at the end."""
        return self.states[-1]

    def before(self, version: int) -> Complaint:
        """What was known when that version was decided; version 1 has no before."""
        if version < 2:
            raise ValueError("nothing is known before the first version")
        return self.states[version - 2]

    def after(self, version: int) -> Complaint:
        """What was known once that version was recorded."""
        return self.states[version - 1]

    def at(self, moment: datetime) -> Complaint:
        """What had occurred by that instant; the complaint as received where it was before that."""
        state = self.states[0]
        for recorded, after in zip(self.history, self.states, strict=True):
            if recorded.occurred_at <= moment:
                state = after
        return state

    def upto(self, version: int) -> History:
        """The history that ends with that version; the same object for the whole."""
        return self.history if version >= len(self.history) else History(self.history[:version])

    @cached_property
    def policy(self) -> Policy:
        """The policy it is pinned to at the end; raises UnknownPolicy."""
        return self.company.policy(self.complaint.policy)

    def policy_for(self, recorded: Recorded) -> Policy:
        """The policy under which that fact was decided: a later PolicyMigrated does not judge it (M8)."""
        known = self.states[max(0, recorded.version - 2)]
        return self.policy if known.policy == self.complaint.policy else self.company.policy(known.policy)

    def organisation(self, at: datetime) -> Organisation | None:
        """The people as they were at that instant; None where nobody had been published."""
        return self.company.organisation(at)

    @cached_property
    def _by_type(self) -> dict[type[Fact], list[Recorded]]:
        found: dict[type[Fact], list[Recorded]] = {}
        for recorded in self.history:
            found.setdefault(type(recorded.fact), []).append(recorded)
        return found

    def all(self, *kinds: type[Fact]) -> list[Recorded]:
        """The facts of these kinds, in order of version."""
        known = self._by_type
        if len(kinds) == 1:
            return known.get(kinds[0], [])
        lists = [known[kind] for kind in kinds if kind in known]
        return lists[0] if len(lists) == 1 else sorted(chain(*lists), key=attrgetter("version"))

    def has(self, *kinds: type[Fact]) -> bool:
        """Some fact of these kinds happened; cheap, so ask it first."""
        return any(kind in self._by_type for kind in kinds)

    def once(self, work: "Callable[[Examined], T]") -> T:
        """What that function finds, worked out when first asked: several checks may share it."""
        if work not in self._shared:
            self._shared[work] = work(self)
        shared: T = self._shared[work]
        return shared

    @cached_property
    def _shared(self) -> dict[Callable[..., Any], Any]:
        return {}

    def other(self, stream: StreamId) -> "Examined | None":
        """Another complaint this one is linked to; None where there is none to look at."""
        return self.others(stream)

    def violation(
        self,
        requirement: str,
        *events: Recorded,
        zh: str,
        en: str,
        due: datetime | None = None,
        at: datetime | None = None,
        who: str | None = None,
        also: tuple[str, ...] = (),
    ) -> Violation:
        """A violation by this complaint; the check that yields it adds its own name."""
        shown = tuple(Shown.of(recorded) for recorded in events)
        first = self.states[0]
        return Violation("", requirement, first.complaint_id, first.number, shown, zh, en, due, at, who, also)
