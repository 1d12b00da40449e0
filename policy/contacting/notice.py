"""One message somebody is owed, and the tables that say which facts owe one (S000-5.5, S004-5.1)."""

from datetime import datetime
from typing import Annotated, NamedTuple

from pydantic import Field, model_validator

from events.complaint import Attempt
from events.envelope import Recorded
from events.fact import OneOrMore, Value
from events.vocabulary import Audience, Medium, ReplyKind
from policy.contacting.contact import Next
from policy.timing.patterns import parse_pattern


class NoticeRule(Value):
    """`[notice.<name>]`: facts the customer is told of by the system (S000-5.5)."""

    source: tuple[str, ...]
    on: Annotated[OneOrMore, Field(min_length=1)]
    kind: ReplyKind
    template: str
    at_once: bool = False
    """Also in quiet hours: the customer is in touch with us at that moment."""

    @model_validator(mode="after")
    def _is_readable(self) -> "NoticeRule":
        frozenset(map(parse_pattern, self.on))
        return self


class Notice(NamedTuple):
    """One message somebody is owed; the name is stable whatever happens between."""

    name: str
    audience: Audience
    kind: ReplyKind
    template: str
    medium: Medium
    recipient: str
    """Address of the customer, or id of the colleague."""
    about: Recorded
    """The fact that owes it."""
    at: datetime | None = None
    """Not before this instant; None for at once."""


class Owed(NamedTuple):
    """A message and what comes next for it."""

    notice: Notice
    attempts: tuple[Attempt, ...]
    next: Next
