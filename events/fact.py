"""What every fact has: a wire name and version we chose, one writer, an audit sentence; the mark of personal data."""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, SerializationInfo

from events.vocabulary import Language, Service


class Value(BaseModel):
    """A frozen value that refuses unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value or ()


OneOrMore = Annotated[tuple[str, ...], BeforeValidator(_listed)]
"""Texts; one alone may stand without a list."""

Name = Annotated[str, BeforeValidator(lambda named: str(named) if type(named) is int else named)]
"""A name that people may also write as a number: `p1`, `1`, 1."""


class PersonalData:
    """Marks a field that identifies a person or holds their words, so that erasure can find it (M16)."""


def _sealed(text: str, info: SerializationInfo) -> str:
    """The text itself, or its token where the ledger writes it: the context is the seal (ADR 0019)."""
    seal = info.context
    return seal(text) if callable(seal) and text else text


Personal = Annotated[str, PersonalData(), PlainSerializer(_sealed, when_used="json")]
"""Text about a person; decisions see it plain, the ledger holds a token in its place."""


class Fact(Value):
    """One thing that happened: past tense, small, complete. Subclasses set the class attributes."""

    TYPE: ClassVar[str]
    """Wire name, `complaint.received`; never a module path, never changed."""
    VERSION: ClassVar[int] = 1
    WRITER: ClassVar[Service]
    """The service that appends it (ADR 0003)."""
    ALSO: ClassVar[frozenset[Service]] = frozenset()
    """Others that may, where the same thing happens at their door as well."""
    ZH: ClassVar[str]
    EN: ClassVar[str]
    """The audit sentence; braces name fields of the fact, `actor` and `time`."""

    def told(self, language: Language) -> str:
        """The audit sentence that fits this fact; a kind that can mean two things chooses between two."""
        return self.ZH if language == "zh" else self.EN


def personal_paths(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Dotted paths of all personal fields of a model, `customer.contacts.address`."""
    for name, field in model.model_fields.items():
        path = f"{prefix}{name}"
        if _marks_personal(field.metadata) or _marks_personal_in(field.annotation):
            yield path
        for inner in _models_in(field.annotation):
            yield from personal_paths(inner, f"{path}.")


def _marks_personal(metadata: list[Any]) -> bool:
    return any(isinstance(mark, PersonalData) for mark in metadata)


def _marks_personal_in(annotation: Any) -> bool:
    """True where the mark sits inside `tuple[Personal, ...]` or `Personal | None`."""
    if _marks_personal(list(getattr(annotation, "__metadata__", ()))):
        return True
    return any(_marks_personal_in(argument) for argument in get_args(annotation))


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)
