"""Chinese texts are punctuated as Chinese is, wherever people read them."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from events.catalogue import FACTS
from policy.composition import SHIPPED, read_policy

HALF = re.compile(r"[\u3400-\u9fff][,;:?]|[,;:?][\u3400-\u9fff]")
"""A half-width comma, semicolon, colon or question mark beside a Han character."""
ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for folder in ("events", "policy", "services") for path in (ROOT / folder).rglob("*.py"))


def chinese(table: Any, inside: bool = False) -> Iterator[str]:
    """Every text under a `zh` of a policy."""
    if isinstance(table, str):
        yield from (table,) if inside else ()
    elif isinstance(table, dict):
        for name, value in table.items():
            yield from chinese(value, inside or name == "zh")
    elif isinstance(table, list):
        for value in table:
            yield from chinese(value, inside)


def refusals(path: Path) -> Iterator[str]:
    """Every text in the calls that refuse something, as far as it stands in the source."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "refuse":
            for inner in ast.walk(node):
                if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                    yield inner.value


@pytest.mark.parametrize("policy", sorted(SHIPPED.glob("*-*.toml")), ids=lambda path: path.stem)
def test_what_a_policy_says_in_chinese_is_punctuated_in_chinese(policy: Path) -> None:
    assert [text for text in chinese(tomllib.loads(read_policy(policy))) if HALF.search(text)] == []


def test_refusals_are_punctuated_in_chinese() -> None:
    assert [(path.name, text) for path in SOURCES for text in refusals(path) if HALF.search(text)] == []


def test_audit_sentences_are_punctuated_in_chinese() -> None:
    told = [getattr(fact, name) for fact in FACTS for name in ("ZH", "LIFTED", "LATE") if hasattr(fact, name)]
    texts = [text["zh"] if isinstance(text, dict) else text for text in told]
    assert [text for text in texts if HALF.search(text) or re.search(r"[},;:][,;:?]|[,;:?]\{", text)] == []
