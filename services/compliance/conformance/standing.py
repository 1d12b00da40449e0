"""Who could act at an instant: who takes no part, who was there, what each might decide; worked out anew from facts."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal

from events.complaint import Complaint
from events.envelope import Recorded
from events.fact import Fact
from events.participation import ActRefused
from events.vocabulary import ActorKind
from policy.people.authority import DEPARTMENT, Authority
from policy.people.organisation import Organisation
from services.compliance.conformance.examined import Examined

LOOKING = "workflow"
"""The actor of what the workflow adds by itself."""


def by_person(recorded: Recorded) -> bool:
    """A colleague did it."""
    return recorded.actor.kind is ActorKind.PERSON


def by_system(recorded: Recorded) -> bool:
    """One of our services did it."""
    return recorded.actor.kind is ActorKind.SYSTEM


def acts(of: Examined) -> Iterator[Recorded]:
    """What colleagues did, after the complaint was received."""
    return (recorded for recorded in of.history[1:] if recorded.actor.kind is ActorKind.PERSON)


def people(of: Examined, recorded: Recorded) -> Organisation | None:
    """The organisation in force when that fact was recorded; None where none had been published."""
    return of.organisation(recorded.recorded_at)


def barred(of: Examined, known: Complaint, organisation: Organisation) -> frozenset[str]:
    """Who took no part then: accused, their line managers, recused; without those compliance let back (S002-7.1)."""
    part, links = known.participation, known.links
    if not (known.accused or links.every or part.recused):
        return NOBODY
    told = (known.accused, links.every, part.recused, part.excepted, id(organisation))
    worked_out = of.once(_worked_out)
    if told not in worked_out:
        worked_out[told] = _barred(of, known, organisation)
    return worked_out[told]


NOBODY: frozenset[str] = frozenset()


def _worked_out(_: Examined) -> dict[object, frozenset[str]]:
    """Who was barred, by what was told until then: it is asked again and again, and changes seldom."""
    return {}


def _barred(of: Examined, known: Complaint, organisation: Organisation) -> frozenset[str]:
    part, accused = known.participation, (*known.accused, *known.links.accused)
    out = set(part.recused)
    for id_ in _accused(of, accused, organisation) if accused else ():
        manager = organisation.person[id_].manager
        out |= {id_, manager} if manager else {id_}
    return frozenset(out.difference(part.excepted))


def _accused(of: Examined, names: Iterable[str], organisation: Organisation) -> list[str]:
    plain = {word.casefold().strip() for name in names if (word := of.texts(name))}
    called = ((id_, (id_, *person.name.values())) for id_, person in organisation.person.items())
    return [id_ for id_, words in called if any(word.casefold() in plain for word in words)]


def free(organisation: Organisation, out: frozenset[str], at: datetime) -> list[str]:
    """Everybody who was there and might take part."""
    return [id_ for id_ in organisation.person if id_ not in out and not organisation.is_away(id_, at)]


def level_of(organisation: Organisation, person: str) -> int:
    """That person's place on the ladder; 0 beside it, and for strangers."""
    known = organisation.person.get(person)
    return (known.level or 0) if known else 0


def limit(known: Complaint, person: str, organisation: Organisation, at: datetime) -> Decimal:
    """What that person might decide in this complaint then, with what was lent and had not lapsed (S001-9.4)."""
    lent = (
        min(loan.limit, _limit_of(organisation, loan.by))
        for loan in known.participation.delegations
        if loan.to == person and at <= loan.until
    )
    return max(_limit_of(organisation, person), *lent, Decimal(0))


def _limit_of(organisation: Organisation, person: str) -> Decimal:
    limits = organisation.limits
    return limits.level.get(level_of(organisation, person), Decimal(0)) if limits else Decimal(0)


def level_needed(amount: Decimal, authority: Authority, organisation: Organisation) -> int | None:
    """The lowest deciding level whose limit covers the amount, exactly the limit inside; None above every limit."""
    limits = organisation.limits.level if organisation.limits else {}
    enough = [level for level in authority.role.values() if amount <= limits.get(level, Decimal(0))]
    return min(enough, default=None)


def holds(role: str, person: str, known: Complaint, authority: Authority, organisation: Organisation) -> bool:
    """Whether that person may speak in that role: by level, as somebody of the department, or by office (S002-1.14)."""
    somebody = organisation.person.get(person)
    if somebody is None:
        return False
    if role in authority.role:
        return level_of(organisation, person) >= authority.role[role]
    return somebody.department == known.department if role == DEPARTMENT else somebody.role == role


def following(of: Examined, recorded: Recorded, *kinds: type[Fact]) -> list[Recorded]:
    """Facts of these kinds that the same actor recorded right after, nothing else between: one act (design, 6)."""
    found: list[Recorded] = []
    for later in of.history[recorded.version :]:
        if later.actor != recorded.actor or not isinstance(later.fact, kinds):
            break
        found.append(later)
    return found


def looks(of: Examined) -> Iterator[Recorded]:
    """The last fact of each look of the workflow that added something; what it owed by then was added with it."""
    for recorded, later in zip(of.history, (*of.history[1:], None), strict=True):
        if not by_system(recorded) or recorded.actor.id != LOOKING or isinstance(recorded.fact, ActRefused):
            continue
        if later is None or later.causation != recorded.causation or later.actor != recorded.actor:
            yield recorded
