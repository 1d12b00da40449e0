"""A policy written as what differs from another: completed before it is published, so that evidence needs one text.

`[policy] extends = "default-cn"` names a shipped policy or a file beside this one; `drop = ["clock.x"]` removes tables.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli_w

from policy.document import InvalidPolicy

SHIPPED = Path(__file__).parent
"""Where the policies stand that come with the product."""

Tables = dict[str, Any]

REPLACED_WHOLE = frozenset({"clock", "template", "calendar", "approval"})
"""A clock, template, calendar or approval is one thought: half of one and half of another would be nobody's."""


def read_policy(file: Path) -> str:
    """The complete text of a policy file; raises InvalidPolicy with what cannot be read or found."""
    return complete(file.read_text("utf-8-sig"), file.parent)


def complete(text: str, folder: Path = SHIPPED) -> str:
    """The text with everything it extends written out; one that extends nothing stays as it is, byte for byte."""
    tables = _tables(text, "policy")
    head = tables.get("policy", {})
    if not isinstance(head, dict) or not head.keys() & {"extends", "drop"}:
        return text
    return tomli_w.dumps(_completed(tables, folder, ()))


def changed(text: str, version: int, settings: Mapping[str, Any]) -> str:
    """The next version of a complete policy text: `{"clock.first_human.target": "30m@service"}` set, nothing else."""
    tables = _tables(text, "policy")
    for path, value in {**settings, "policy.version": version}.items():
        table, key = _place(tables, path)
        table[key] = value
    return tomli_w.dumps(tables)


def _completed(tables: Tables, folder: Path, extending: tuple[Path, ...]) -> Tables:
    head = dict(tables["policy"])
    base_name, dropped = head.pop("extends", None), head.pop("drop", ())
    if base_name is None:
        if dropped:
            raise InvalidPolicy("policy.drop: nothing is extended, so there is nothing to drop")
        return tables
    if missing := {"id", "version"} - head.keys():
        raise InvalidPolicy(f"policy.{sorted(missing)[0]}: a policy that extends another has its own")
    file = _file(str(base_name), folder)
    if file in extending:
        raise InvalidPolicy(f"policy.extends: {file.name} extends itself in the end")
    base = _completed(_tables(_read(file), str(file)), file.parent, (*extending, file))
    for path in dropped:
        table, key = _place(base, path)
        if key not in table:
            raise InvalidPolicy(f"policy.drop: {file.name} has no {path!r}")
        del table[key]
    return _merged(base, {**tables, "policy": head})


def _merged(base: Tables, own: Tables, whole: bool = False) -> Tables:
    """Key by key; lists and the tables of a family that is replaced whole are taken as written."""
    merged = dict(base)
    for key, value in own.items():
        known = base.get(key)
        if isinstance(value, dict) and isinstance(known, dict) and not whole:
            merged[key] = _merged(known, value, whole=key in REPLACED_WHOLE)
        else:
            merged[key] = value
    return merged


def _file(name: str, folder: Path) -> Path:
    """A shipped policy by its id, or a file beside the one that names it."""
    places = [SHIPPED / f"{name}.toml", folder / name, folder / f"{name}.toml"]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise InvalidPolicy(f"policy.extends: no policy {name!r} is shipped or stands beside this file")
    return found.resolve()


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as unreadable:
        raise InvalidPolicy(f"policy.extends: {file.name} cannot be read: {unreadable}") from unreadable


def _tables(text: str, where: str) -> Tables:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as mistake:
        raise InvalidPolicy(f"{where}: 不是 TOML / is not TOML: {mistake}") from mistake


def _place(tables: Tables, path: str) -> tuple[Tables, str]:
    """The table a dotted path leads into, and the key there; a key may hold dots, so the longest that exists wins."""
    words = path.split(".")
    for length in range(len(words) - 1, 0, -1):
        inner = tables.get(".".join(words[:length]))
        if isinstance(inner, dict):
            rest = ".".join(words[length:])
            return (inner, rest) if rest in inner or len(words) == length + 1 else _place(inner, rest)
    return tables, path
