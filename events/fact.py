"""What every fact has: a wire name and version we chose, one writer, an audit sentence; the mark of personal data."""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, SerializationInfo
from pydantic.fields import FieldInfo

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


class LastingWords:
    """Marks words that stay readable when the customer's key is destroyed: they must not tell who it was (M16)."""


Lasting = Annotated[str, LastingWords()]
"""What people write for others to read later: a cause, a lesson, an officer's reason."""

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
        if _marked(PersonalData, field):
            yield path
        for inner in _models_in(field.annotation):
            yield from personal_paths(inner, f"{path}.")


def lasting_texts(fact: Fact) -> dict[str, str | None]:
    """The words of a fact that stay readable for others, by field."""
    return {
        name: getattr(fact, name) for name, field in type(fact).model_fields.items() if _marked(LastingWords, field)
    }


def _marked(mark: type, field: FieldInfo) -> bool:
    return any(isinstance(each, mark) for each in field.metadata) or _marked_in(mark, field.annotation)


def _marked_in(mark: type, annotation: Any) -> bool:
    """True where the mark sits inside `tuple[Personal, ...]` or `Personal | None`."""
    if any(isinstance(each, mark) for each in getattr(annotation, "__metadata__", ())):
        return True
    return any(_marked_in(mark, argument) for argument in get_args(annotation))


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)
