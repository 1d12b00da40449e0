"""What the company can do for a customer: the catalogue of remedies, their steps, times and standards (S000-3.7)."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, Field

from events.fact import Value
from events.money import Money
from events.vocabulary import Category, Liable, RemedyBasis
from policy.timing.calendars import Calendar
from policy.timing.durations import Span, parse_duration
from policy.titles import Title


def _readable(text: str) -> str:
    parse_duration(text)
    return text


class RemedyRule(Value):
    """`[remedy.<kind>]`: one remedy of the catalogue, which needs no approval of its own (S000-3.7, S004-4.4)."""

    source: tuple[str, ...]
    title: Title
    also: tuple[str, ...] = ()
    """Other names people use for it."""
    steps: tuple[str, ...] = Field(min_length=1)
    """What is done, in order (S004-5.3)."""
    due: Annotated[str, AfterValidator(_readable)]
    """How long it may take where nobody says otherwise: `3wd@office` (S004-4.3)."""
    money: bool = False
    """An amount has to be named, so that nobody decides an open sum."""
    amount: Money | None = None
    """What is given where no amount is named (S004-4.4)."""
    most: Money | None = None
    """More than this is not the catalogue's remedy any more (S004-4.4)."""
    valid: Span | None = None
    """How long the customer may use it (S004-4.4)."""
    standard: dict[Category, Money] = {}
    """What the company pays by its own standard, however little is asked (S003-5.6)."""
    categories: tuple[Category, ...] = ()
    """Precondition: for these complaints; none named means all (S000-3.7)."""
    not_when_liable: tuple[Liable, ...] = ()
    """Precondition: not where one of these is liable (S000-3.7)."""

    def fits(self, category: Category | None, liable: Liable, amount: Decimal | None) -> bool:
        """Its preconditions hold, so it is the catalogue's remedy and not an exception."""
        if self.categories and category not in self.categories:
            return False
        return liable not in self.not_when_liable and (amount is None or self.most is None or amount <= self.most)


Catalogue = Mapping[str, RemedyRule]
"""Kind -> remedy."""


def kind_of(name: str, catalogue: Catalogue) -> str:
    """The catalogue's own word for a remedy; a name it does not know stays as it is (S000-3.8)."""
    wanted = name.strip().casefold().replace(" ", "_")
    return next((kind for kind, rule in catalogue.items() if wanted in (kind, *rule.also)), name.strip())


def due_by(length: str, start: datetime, calendars: Mapping[str, Calendar]) -> datetime:
    """When it has to be done if it is decided at `start` and may take so long (S004-4.3)."""
    duration = parse_duration(length)
    calendar = calendars[duration.calendar]
    if duration.is_working_days:
        return calendar.working_days_after(start, duration.number)
    return calendar.add(start, timedelta(0, 0, duration.micros))


def basis_of(liable: Liable, goodwill_when: Iterable[Liable]) -> RemedyBasis:
    """Owed where we or a third party are liable, else goodwill: open liability stops no remedy (S003-5.3, C10)."""
    if liable is Liable.UNDETERMINED:
        return RemedyBasis.UNDECIDED
    return RemedyBasis.GOODWILL if liable in goodwill_when else RemedyBasis.LIABILITY
