"""What may be told of a fact outside: every field that is not personal, as a plain value of five kinds (M16)."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Final, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel

from events.company import OrganisationPublished, PolicyPublished
from events.fact import Fact, personal_paths
from events.tokens import HIDDEN, masked

Plain = str | int | bool | Decimal | datetime
"""What a value is in an export."""


class Kind(StrEnum):
    """The kinds of OCEL 2.0; XES and spreadsheets know the same."""

    STRING = "string"
    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"
    TIME = "time"


class Attribute(NamedTuple):
    """One thing that is told of a fact."""

    name: str
    kind: Kind
    read: Callable[[Any], Plain]
    """The value of a field that is not None."""


LEFT_OUT: Final[Mapping[type[Fact], frozenset[str]]] = {
    PolicyPublished: frozenset({"text", "days"}),
    OrganisationPublished: frozenset({"text"}),
}
"""Whole documents: the policy has its file, and the organisation's text names people."""
COUNTED: Final = frozenset({"accused"})
"""Lists of which only the length is told besides personal ones: staff as the customer wrote them down."""
BETWEEN: Final = "; "
"""What stands between the words of a list."""


@cache
def attributes_of(fact: type[Fact]) -> tuple[Attribute, ...]:
    """What is told of facts of that kind, in the order of their fields."""
    personal = frozenset(personal_paths(fact))
    told = (
        _attribute(name, field.annotation, is_personal=name in personal or name in COUNTED)
        for name, field in fact.model_fields.items()
        if name not in LEFT_OUT.get(fact, ())
    )
    return tuple(attribute for attribute in told if attribute is not None)


def values(fact: Fact) -> dict[str, Plain]:
    """What is told of a fact, by name; fields that say nothing are left out."""
    told = {}
    for name, _, read in attributes_of(type(fact)):
        value = getattr(fact, name)
        if value is not None:
            told[name] = read(value)
    return told


def hidden(fact: Fact) -> Fact:
    """The fact with every personal text of its own replaced, for sentences; the ledger may hold plain ones."""
    covered = {name: _covered(getattr(fact, name)) for name in _personal(type(fact))}
    return fact.model_copy(update=covered) if covered else fact


def _covered(value: object) -> object:
    return tuple(map(_covered, value)) if isinstance(value, tuple) else HIDDEN if isinstance(value, str) else value


@cache
def _personal(fact: type[Fact]) -> tuple[str, ...]:
    return tuple(name for name in personal_paths(fact) if "." not in name)


def _attribute(name: str, annotation: Any, *, is_personal: bool) -> Attribute | None:
    kind = _bare(annotation)
    if get_origin(kind) is tuple:
        item = _bare(get_args(kind)[0])
        # Personal words and things with fields of their own are counted: how many demands is no secret.
        if is_personal or _is(item, BaseModel):
            return Attribute(name, Kind.INTEGER, len)
        return Attribute(name, Kind.STRING, _joined)
    if is_personal or _is(kind, BaseModel):
        return None
    return next((Attribute(name, *told) for sort, told in _SCALARS if _is(kind, sort)), None)


def _bare(annotation: Any) -> Any:
    """The annotation without marks and without `| None`."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        [inner] = [each for each in get_args(annotation) if each is not NoneType]
        return _bare(inner)
    return getattr(annotation, "__supertype__", annotation)


def _is(annotation: Any, sort: type) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, sort)


def _text(value: object) -> str:
    return masked(str(value.value if isinstance(value, Enum) else value))


def _joined(values: tuple[Any, ...]) -> str:
    """`a; b`; stage after stage for those who approve, `department + legal; manager`."""
    return BETWEEN.join(" + ".join(map(_text, each)) if isinstance(each, tuple) else _text(each) for each in values)


def _same(value: Plain) -> Plain:
    return value


_SCALARS: Final[tuple[tuple[type, tuple[Kind, Callable[[Any], Plain]]], ...]] = (
    (bool, (Kind.BOOLEAN, _same)),
    (int, (Kind.INTEGER, _same)),
    (Decimal, (Kind.FLOAT, _same)),
    (datetime, (Kind.TIME, _same)),
    (date, (Kind.STRING, date.isoformat)),
    (str, (Kind.STRING, _text)),
)
