"""The mapping file: where in somebody's CSV each field of a submission is found (S004-1.1).

sources.py tells the notation of one field. A column neither used nor listed under `ignore` is not put anywhere: it is
reported, for only a person can say whether it is nothing or was forgotten. Attachments cannot be imported: a cell
holds no digest of a file.
"""

import difflib
import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ValidationError, field_validator, model_validator

from events.fact import Value
from events.vocabulary import Medium
from services.intake.sources import Moment, Row, Several, Source, listed

MAPS = Path(__file__).parent / "maps"
"""The mapping files shipped with the product."""


class InvalidMapping(ValueError):
    """The mapping file is wrong, or does not fit the CSV; the message says where and what is expected."""


def _table(short: object) -> object:
    """The table form of a short one."""
    return short if isinstance(short, dict) else {"from": short}


Text = Annotated[Source, BeforeValidator(_table)]
List = Annotated[tuple[Annotated[Several, BeforeValidator(_table)], ...], BeforeValidator(listed)]


class Contact(Value):
    """One way to reach the customer; left out where the address is empty."""

    medium: Medium
    address: Text


class Customer(Value):
    """`[customer]`: who complains."""

    name: Text | None = None
    member_id: Text | None = None
    preferred: Text | None = None
    contacts: tuple[Contact, ...] = ()

    @model_validator(mode="after")
    def _somebody_to_answer(self) -> "Customer":
        if self.name is None and not self.contacts:
            raise ValueError('a name or one contact is needed; name = "Customer {Id}" will do')
        return self


class Complaint(Value):
    """`[complaint]`: what is complained about."""

    channel: Text
    external_ref: Text
    """What tells two complaints of the channel apart; the same one is the same complaint for ever (S004-1.2)."""
    text: Text
    occurred_at: Moment | None = None
    """Without it the complaint is received now; with it old complaints are late at once."""
    order_ref: Text | None = None
    product: Text | None = None
    scene: Text | None = None
    demands: List = ()
    accused: List = ()

    @field_validator("external_ref", "text")
    @classmethod
    def _differs_by_row(cls, source: Source) -> Source:
        for template in source.alternatives:
            if not template.columns:
                raise ValueError(f"{template.text!r} is the same for every row; a column is written {{Column}}")
        return source


class Where(Value):
    """A condition a row must meet, else it is left out."""

    column: str
    equals: Annotated[tuple[str, ...], BeforeValidator(listed)] | None = None
    """One of these."""
    empty: bool | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "Where":
        if self.equals is None and self.empty is None:
            raise ValueError('expected equals = "…", equals = ["…", "…"], or empty = false')
        return self

    def holds(self, row: Row) -> bool:
        """Whether the row meets it."""
        cell = row[self.column].strip()
        return (self.equals is None or cell in self.equals) and (self.empty is None or self.empty == (not cell))


class Csv(Value):
    """`[csv]`: how the file is written and which rows and columns count."""

    # Only encodings in which no byte of a longer character looks like a quote or a line end.
    encoding: Literal["utf-8", "utf-8-sig", "gb18030", "gbk", "gb2312", "big5", "cp1252", "latin-1"] = "utf-8"
    delimiter: Literal[",", ";", "\t", "|"] = ","
    header: bool = True
    """Whether the first line names the columns."""
    columns: tuple[str, ...] = ()
    """Their names where it does not."""
    ignore: tuple[str, ...] = ()
    """Columns left out knowingly."""
    where: tuple[Where, ...] = ()

    @model_validator(mode="after")
    def _names_columns(self) -> "Csv":
        if self.header == bool(self.columns):
            raise ValueError("give columns exactly where header = false")
        return self


class CsvMap(Value):
    """A whole mapping file."""

    csv: Csv = Csv()
    complaint: Complaint
    customer: Customer

    @property
    def digest(self) -> str:
        """Changes when anything but a comment does."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    @property
    def sources(self) -> dict[str, tuple[Source, ...]]:
        """Every field given, by its name in the mapping file."""
        fields = [
            (f"{part}.{name}", value) for part in ("complaint", "customer") for name, value in getattr(self, part)
        ]
        return {name: _sources(value) for name, value in fields if value}

    def unmapped(self, header: Sequence[str]) -> tuple[str, ...]:
        """Columns nothing was said about; raises InvalidMapping when the mapping does not fit the header."""
        used: dict[str, str] = {where.column: "csv.where" for where in self.csv.where}
        for name, sources in self.sources.items():
            for template in (template for source in sources for template in source.alternatives):
                if not template.columns and template.text in header:
                    raise InvalidMapping(f'{name}: "{template.text}" is a column, write "{{{template.text}}}"')
                used.update(dict.fromkeys(template.columns, name))
        for column, name in used.items():
            if header.count(column) != 1:
                raise InvalidMapping(f"{name}: {_missing(column, header)}")
        return tuple(column for column in header if column not in used and column not in self.csv.ignore)

    def wants(self, row: Row) -> bool:
        """Whether the row is to be imported."""
        return all(where.holds(row) for where in self.csv.where)


def _sources(value: Any) -> tuple[Source, ...]:
    """The sources in one field of the mapping."""
    several = value if isinstance(value, tuple) else (value,)
    return tuple(one.address if isinstance(one, Contact) else one for one in several)


def _missing(column: str, header: Sequence[str]) -> str:
    if column in header:
        return f"the CSV has {header.count(column)} columns {column!r}, it is unclear which one is meant"
    near = difflib.get_close_matches(column, header, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(map(repr, header))}"
    return f"the CSV has no column {column!r}; {hint}"


def parse_mapping(text: str) -> CsvMap:
    """The mapping a TOML text describes; raises InvalidMapping naming every mistake."""
    try:
        return CsvMap.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as mistake:
        raise InvalidMapping(f"not TOML: {mistake}") from mistake
    except ValidationError as mistakes:
        raise InvalidMapping("; ".join(map(_mistake, mistakes.errors(include_url=False)))) from mistakes


def read_mapping(name: str | Path) -> CsvMap:
    """The mapping in that file, or the shipped one of that name; raises InvalidMapping."""
    shipped = {file.stem: file for file in MAPS.glob("*.toml")}
    file = Path(name)
    try:
        return parse_mapping((file if file.exists() else shipped.get(str(name), file)).read_text("utf-8-sig"))
    except FileNotFoundError:
        raise InvalidMapping(f"no mapping file {name}; shipped are {', '.join(sorted(shipped))}") from None
    except (OSError, UnicodeDecodeError) as unreadable:
        raise InvalidMapping(f"{name}: {unreadable}") from unreadable
    except InvalidMapping as wrong:
        raise InvalidMapping(f"{name}: {wrong}") from wrong


_SHAPES: Mapping[str, type[Value]] = {"": CsvMap, "csv": Csv, "complaint": Complaint, "customer": Customer}


def _mistake(error: Any) -> str:
    """One pydantic error with its place; an unknown key with those there are."""
    *above, key = [str(part) for part in error["loc"]] or [""]
    place = ".".join(part for part in (*above, key) if part)
    if error["type"] == "extra_forbidden":
        shape = _SHAPES.get(".".join(above))
        return f"{place}: unknown key" + (f"; there are {', '.join(shape.model_fields)}" if shape else "")
    if error["type"] == "missing":
        return f"{place}: missing"
    return f"{place}: {error['msg'].removeprefix('Value error, ')}"
