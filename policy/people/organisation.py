"""People, reporting lines, absences, and who may not take part in a complaint."""

import tomllib
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from functools import cached_property

from pydantic import ValidationError, field_validator, model_validator

from events.fact import Value
from events.vocabulary import Language, Medium

TOP = "board"
"""Above the highest level nobody in the organisation decides (design, section 7)."""


COMPLIANCE = "compliance"
"""The role that watches over the rules and alone makes exceptions from recusal (S002-7.1)."""


class InvalidOrganisation(ValueError):
    """The organisation file is wrong; the message says where."""


class Department(Value):
    """A department and its name in both languages."""

    zh: str
    en: str


class Person(Value):
    """One person of the company."""

    name: dict[Language, str]
    department: str
    role: str
    """agent, supervisor, manager, legal, finance, compliance."""
    level: int | None = None
    """Place on the ladder; None for those who decide nothing about complaints."""
    manager: str | None = None
    """The line manager's id."""
    medium: Medium = Medium.APP
    address: str | None = None
    number: str | None = None
    """The staff number customers are told (S001-18.8); without one the id."""


class Limits(Value):
    """`[limits]`: what a level may decide, in money (S000-3.9); 以内: exactly the limit is inside."""

    currency: str
    level: dict[int, Decimal]


class Absence(Value):
    """Somebody is away and a colleague stands in."""

    person: str
    since: datetime
    until: datetime
    delegate: str

    @field_validator("since", "until")
    @classmethod
    def _is_aware(cls, moment: datetime) -> datetime:
        if moment.tzinfo is None:
            raise ValueError("an absence needs times with a zone, 2026-03-02T09:00:00+08:00")
        return moment


class Organisation(Value):
    """The people as published in one version."""

    department: dict[str, Department]
    person: dict[str, Person]
    absence: tuple[Absence, ...] = ()
    limits: Limits | None = None
    """Without it nobody decides any money."""

    @model_validator(mode="after")
    def _refers_to_known(self) -> "Organisation":
        for id_, person in self.person.items():
            if person.department not in self.department:
                raise ValueError(f"person {id_}: no department {person.department!r}")
            if person.manager is not None and person.manager not in self.person:
                raise ValueError(f"person {id_}: no manager {person.manager!r}")
            if id_ in self.managers_of(id_):
                raise ValueError(f"person {id_}: the reporting line goes in a circle")
        for absence in self.absence:
            if missing := {absence.person, absence.delegate} - self.person.keys():
                raise ValueError(f"absence of {absence.person}: no person {sorted(missing)[0]!r}")
        return self

    def limit_of_level(self, level: int | None) -> Decimal:
        """What people of that level may decide."""
        return self.limits.level.get(level or 0, Decimal(0)) if self.limits else Decimal(0)

    def level_of(self, id_: str) -> int:
        """That person's place on the ladder; 0 beside it."""
        return self.person[id_].level or 0

    def from_level(self, least: int) -> tuple[str, ...]:
        """Ids of everybody on that level of the ladder or above, sorted (S000-3.9)."""
        return tuple(id_ for id_ in sorted(self.person) if self.level_of(id_) >= least)

    def managers_of(self, id_: str) -> tuple[str, ...]:
        """The reporting line upward, nearest first."""
        line: list[str] = []
        above = self.person[id_].manager
        while above is not None and above not in line:
            line.append(above)
            above = self.person[above].manager
        return tuple(line)

    def people(self, department: str, level: int) -> tuple[str, ...]:
        """Ids of a department's people at one level, sorted."""
        return self._by_place.get((department, level), ())

    def of_department(self, department: str) -> tuple[str, ...]:
        """Ids of everybody of a department, on the ladder or not, sorted."""
        return tuple(id_ for id_, person in sorted(self.person.items()) if person.department == department)

    @cached_property
    def _by_place(self) -> dict[tuple[str, int], tuple[str, ...]]:
        places: dict[tuple[str, int], list[str]] = {}
        for id_, person in sorted(self.person.items()):
            if person.level is not None:
                places.setdefault((person.department, person.level), []).append(id_)
        return {place: tuple(ids) for place, ids in places.items()}

    def known(self, accused: Iterable[str]) -> frozenset[str]:
        """Ids of accused people, given by id or by name in either language; unknown names are left out."""
        named = {word.casefold().strip() for word in accused}
        if not named:
            return frozenset()
        return frozenset(
            id_
            for id_, person in self.person.items()
            if named & {id_.casefold(), *map(str.casefold, person.name.values())}
        )

    def recused(self, accused: Iterable[str]) -> frozenset[str]:
        """The accused and their line managers: they take no part (S002-7.1, recusal.extend_to_line_manager)."""
        people = self.known(accused)
        managers = {manager for id_ in people if (manager := self.person[id_].manager)}
        return people | managers

    def is_away(self, id_: str, now: datetime) -> bool:
        """Whether that person is absent now; they are back at the instant their absence ends."""
        return any(a.person == id_ and a.since <= now < a.until for a in self.absence)

    def standing_in(self, id_: str, now: datetime, barred: frozenset[str] = frozenset()) -> str | None:
        """Who acts for that person now: themselves, a delegate, a delegate's delegate; None when nobody may."""
        seen: set[str] = set()
        current: str | None = id_
        while current is not None and current not in seen:
            seen.add(current)
            away = next((a for a in self.absence if a.person == current and a.since <= now < a.until), None)
            if away is None:
                return None if current in barred else current
            current = away.delegate
        return None


def with_absence(text: str, absence: Absence) -> str:
    """The organisation's text with one more absence."""
    lines = "".join(f'{name} = "{value}"\n' for name, value in absence.model_dump(mode="json").items())
    return f"{text}\n[[absence]]\n{lines}"


def parse_organisation(text: str) -> Organisation:
    """The organisation a TOML text describes; raises InvalidOrganisation with the place of the mistake."""
    try:
        return Organisation.model_validate(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, ValidationError) as mistake:
        raise InvalidOrganisation(str(mistake)) from mistake
