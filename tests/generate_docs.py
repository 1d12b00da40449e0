"""Writes the generated pages of docs: events, rules, checks, commands, settings, asyncapi; stale pages fail a test."""

import ast
import csv
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
from faststream.specification import AsyncAPI

from events.catalogue import FACTS
from events.fact import Fact, Value, personal_paths
from policy.policy import DEFAULT_POLICY
from services.compliance.conformance.catalogue import CHECKS, UNCHECKABLE
from services.settings import Settings
from services.wiring.asyncapi import brokers
from services.wiring.commands import BY_SERVICE
from tests.specs.test_scenarios import SCENARIO_CLAUSES

ROOT = Path(__file__).parent.parent
ID = re.compile(r"\bS00[0-4]-\d+\.\d+\b")
MADE = "<!-- Made by `make docs`; edit the sources, not this page. -->\n"


def pages() -> Mapping[Path, str]:
    """Each generated page and its wanted text."""
    docs = ROOT / "docs"
    return {
        docs / "events.md": events_page(),
        docs / "rules.md": rules_page(),
        docs / "checks.md": checks_page(),
        docs / "commands.md": commands_page(),
        docs / "settings.md": settings_page(),
        docs / "asyncapi.json": asyncapi_page(),
    }


def events_page() -> str:
    """Every fact: name, writer, fields, sentences."""
    parts = [
        MADE,
        "# Events\n",
        "Each fact has one writer, a wire name and version that never change, and one sentence for the audit.\n",
    ]
    for fact in FACTS:
        parts += [f"\n## {fact.__name__}\n", _summary(fact), ""]
        parts += [f"`{fact.TYPE}` v{fact.VERSION}, written by {fact.WRITER.value}.\n", f"> {fact.ZH}\n>\n> {fact.EN}\n"]
        parts += ["| field | type | personal |", "|---|---|---|", *_fields(fact)]
    return "\n".join(parts) + "\n"


def _fields(fact: type[Fact]) -> Iterator[str]:
    personal = set(personal_paths(fact))
    for name, schema in fact.model_json_schema()["properties"].items():
        marked = ", ".join(sorted(path for path in personal if path == name or path.startswith(f"{name}.")))
        yield f"| {name} | {_type(schema)} | {marked} |"


def _type(schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type", "any"))


def rules_page() -> str:
    """Every requirement that is cited: its figure, its code, its proof; then those that wait, and for what."""
    keys, code, proofs = policy_keys(), functions(), clauses()
    every = sorted({*keys, *code, *proofs}, key=_order)
    head = [
        MADE,
        "# Rules\n",
        "Requirement, policy key, code, tests. Rules and parameters that no test proves yet stand below.\n",
        "| id | policy | code | tests |",
        "|---|---|---|---|",
    ]
    rows = (f"| {id_} | {_cell(keys[id_])} | {_cell(code[id_])} | {_cell(proofs[id_])} |" for id_ in every)
    waiting = ["\n## Waiting\n", "| id | capability | waits for |", "|---|---|---|"]
    waiting += [f"| {row['id']} | {row['capability']} | {row['waits_for']} |" for row in rules() if row["waits_for"]]
    return "\n".join([*head, *rows, *waiting]) + "\n"


def rules() -> list[dict[str, str]]:
    """The rows of docs/requirements.csv that the system must enforce: kinds R and P, alone or beside another."""
    with (ROOT / "docs" / "requirements.csv").open() as file:
        return [row for row in csv.DictReader(file) if {"R", "P"} & set(row["kind"].split("/"))]


def checks_page() -> str:
    """Every check of `amends check` with what it carries; then the rules no history can break, and why."""
    parts = [
        MADE,
        "# Checks\n",
        "What `amends check` holds every complaint against, under the policy it is pinned to (ADR 0016). Whatever the "
        "services recorded about deadlines, counts or colours is worked out again and compared.\n",
        "| check | what must hold | 要求 | carries |",
        "|---|---|---|---|",
    ]
    parts += [f"| {each.name} | {each.en} | {each.zh} | {', '.join(each.requirements)} |" for each in CHECKS]
    parts += ["\n## What no history can break\n", "| id | why | 原因 |", "|---|---|---|"]
    parts += [f"| {id_} | {UNCHECKABLE[id_].en} | {UNCHECKABLE[id_].zh} |" for id_ in sorted(UNCHECKABLE, key=_order)]
    return "\n".join(parts) + "\n"


def commands_page() -> str:
    """Every command of people: what it means, its data, when it may be given."""
    parts = [
        MADE,
        "# Commands\n",
        "The same over NATS (`commands.<name>`), HTTP (`POST /api/complaints/{id}/commands/<name>`), `amends do` "
        "and in rehearsals. Who gives one is known to the organisation and not recused; times carry a zone.\n",
    ]
    for service, acts in BY_SERVICE.items():
        for name, act in acts.items():
            when = [word for word, may in (("closed", act.when_closed), ("merged", act.when_merged)) if may]
            also = f" Also on a complaint that is {' or '.join(when)}." if when else ""
            parts += [f"\n## {name}\n", f"{_summary(act.decide)} Answered by {service.value}.{also}\n"]
            parts += ["| field | type | must be given |", "|---|---|---|", *_shape(act.shape)]
    parts += ["\n## Shapes and words\n", *shapes()]
    return "\n".join(parts) + "\n"


def _shape(shape: type[Value]) -> Iterator[str]:
    schema = shape.model_json_schema()
    for name, field in schema.get("properties", {}).items():
        yield f"| {name} | {_type(field)} | {'yes' if name in schema.get('required', ()) else ''} |"


def shapes() -> Iterator[str]:
    """The shapes and words that fields of commands refer to, each once."""
    found: dict[str, Any] = {}
    for acts in BY_SERVICE.values():
        for act in acts.values():
            found |= act.shape.model_json_schema().get("$defs", {})
    for name, schema in sorted(found.items()):
        yield f"\n### {name}\n"
        if "enum" in schema:
            yield ", ".join(f"`{value}`" for value in schema["enum"])
        else:
            yield from ("| field | type | must be given |", "|---|---|---|")
            for field, inner in schema.get("properties", {}).items():
                yield f"| {field} | {_type(inner)} | {'yes' if field in schema.get('required', ()) else ''} |"


def _summary(what: object) -> str:
    return (what.__doc__ or "").strip().splitlines()[0]


def policy_keys() -> defaultdict[str, list[str]]:
    """Requirement id -> tables of the default policy that cite it."""
    found: defaultdict[str, list[str]] = defaultdict(list)

    def walk(value: object, path: str) -> None:
        if isinstance(value, dict):
            for id_ in value.get("source", ()):
                found[id_].append(path)
            for key, inner in value.items():
                walk(inner, f"{path}.{key}" if path else key)
        elif isinstance(value, list):
            for number, inner in enumerate(value):
                name = inner.get("id", number) if isinstance(inner, dict) else number
                walk(inner, f"{path}.{name}")

    walk(tomllib.loads(DEFAULT_POLICY.read_text()), "")
    return found


def functions() -> defaultdict[str, list[str]]:
    """Requirement id -> functions, classes and modules whose docstring cites it."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for folder in ("events", "policy", "services"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            for name, docstring in _docstrings(file):
                for id_ in dict.fromkeys(_ids(docstring)):
                    found[id_].append(name)
    return found


def _docstrings(file: Path) -> Iterator[tuple[str, str]]:
    where = ".".join(file.relative_to(ROOT).with_suffix("").parts)
    tree = ast.parse(file.read_text())
    yield where, ast.get_docstring(tree) or ""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield f"{where}.{node.name}", ast.get_docstring(node) or ""


def _ids(text: str) -> Iterator[str]:
    """Ids in a text; `S002-1.10, 1.11` and `S002-1.9..1.11` name their neighbours too."""
    for match in re.finditer(r"(S00[0-4])-(\d+)\.(\d+)((?:(?:, |\.\.)\d+\.\d+)*)", text):
        document, section, number, more = match.groups()
        last = (int(section), int(number))
        yield f"{document}-{section}.{number}"
        for joint, other_section, other in re.findall(r"(, |\.\.)(\d+)\.(\d+)", more):
            first = last[1] + 1 if joint == ".." and int(other_section) == last[0] else int(other)
            yield from (f"{document}-{other_section}.{n}" for n in range(first, int(other) + 1))
            last = (int(other_section), int(other))


def clauses() -> defaultdict[str, list[str]]:
    """Requirement id -> tests that carry its mark, and golden scenarios that tell of it."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                for id_ in dict.fromkeys(_marks(node)):
                    found[id_].append(f"{file.stem}::{node.name}")
    for scenario, ids in SCENARIO_CLAUSES.items():
        for id_ in ids:
            found[id_].append(f"scenarios/{scenario}")
    return found


def _marks(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> Iterator[str]:
    """Ids in the marks of a test, of its parameters too."""
    for call in (inner for decorator in node.decorator_list for inner in ast.walk(decorator)):
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("mark.clause"):
            yield from (str(a.value) for a in call.args if isinstance(a, ast.Constant))


def settings_page() -> str:
    """Every setting, its default and its meaning."""
    rows = [MADE, "# Settings\n", "From the environment; nested values with two underscores (`AMENDS_SMTP__HOST`).\n"]
    rows += ["| variable | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        rows.append(
            f"| `AMENDS_{name.upper()}` | {'' if field.default is None else field.default} | {field.description} |"
        )
    return "\n".join(rows) + "\n"


def asyncapi_page() -> str:
    """What is subscribed to on NATS, as AsyncAPI."""
    schema = AsyncAPI(*brokers(), title="Amends", version="0.1.0").to_specification().to_jsonable()
    return orjson.dumps(schema, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode() + "\n"


def _cell(names: list[str]) -> str:
    return "<br>".join(dict.fromkeys(names))


def _order(id_: str) -> tuple[str, int, int]:
    document, _, rest = id_.partition("-")
    section, _, number = rest.partition(".")
    return document, int(section), int(number)


if __name__ == "__main__":
    for page, text in pages().items():
        page.write_text(text)
        print(page.relative_to(ROOT))
