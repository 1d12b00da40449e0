"""One violation of one requirement by one complaint: which events show it, how late, who was responsible."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from events.envelope import Recorded, StreamId, instant
from events.vocabulary import Language


class Shown(NamedTuple):
    """An event that shows a violation, by its places; no word of it is repeated here (M16)."""

    position: int
    """Place in the whole ledger."""
    version: int
    """Place in the complaint's own stream."""
    type: str

    @classmethod
    def of(cls, recorded: Recorded) -> "Shown":
        """Where that fact stands."""
        return cls(recorded.position, recorded.version, recorded.fact.TYPE)


class Violation(NamedTuple):
    """What a check found; sentences are made of figures, codes and ids, never of personal words."""

    check: str
    requirement: str
    """Id of the row in docs/requirements.csv that was not kept."""
    complaint: StreamId
    number: str
    """What the customer quotes; empty where the complaint cannot be read."""
    events: tuple[Shown, ...]
    zh: str
    en: str
    due: datetime | None = None
    """When it should have been done at the latest, or when it was allowed first."""
    at: datetime | None = None
    """When it was done; where it never was, the instant up to which the ledger was examined."""
    who: str | None = None
    """Id of the person who acted, or who was responsible when it fell due; None where nobody was named."""
    also: tuple[str, ...] = ()
    """Other requirements the same rule serves."""

    @property
    def late(self) -> timedelta | None:
        """How long after the due instant; None where no deadline is concerned or it was too early."""
        if self.due is None or self.at is None or self.at <= self.due:
            return None
        return self.at - self.due

    def concerns(self, requirement: str) -> bool:
        """It violates that requirement."""
        return requirement == self.requirement or requirement in self.also

    def told(self, language: Language) -> str:
        """The sentence in that language."""
        return self.zh if language == "zh" else self.en


def as_json(violation: Violation) -> Mapping[str, Any]:
    """The violation as `amends check --json` prints it; instants as events show them, lateness in seconds."""
    late = violation.late
    return {
        "check": violation.check,
        "requirement": violation.requirement,
        "also": list(violation.also),
        "complaint_id": violation.complaint,
        "number": violation.number,
        "events": [shown._asdict() for shown in violation.events],
        "due_at": violation.due and instant(violation.due),
        "at": violation.at and instant(violation.at),
        "late_seconds": None if late is None else late.total_seconds(),
        "who": violation.who,
        "zh": violation.zh,
        "en": violation.en,
    }
