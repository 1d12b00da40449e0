"""Every check there is, and for each rule that has none the reason why no history can break it."""

from collections.abc import Iterator, Mapping
from types import ModuleType

from services.compliance.conformance import (
    afterwards,
    approvals,
    authority,
    callback,
    clocks,
    contact,
    ending,
    evidence,
    execution,
    extension,
    filing,
    ladder,
    learning,
    links,
    messages,
    offers,
    people,
    promises,
    reception,
    recusal,
    refunds,
    replies,
    solution,
    sorting,
    tasks,
    told,
    uncheckable,
    uncheckable_handling,
    understanding,
    verification,
    wording,
    writers,
)
from services.compliance.conformance.checks import Check
from services.compliance.conformance.uncheckable import Reason

MODULES: tuple[ModuleType, ...] = (
    *(reception, clocks, messages, contact, sorting, links, ladder),
    *(
        writers,
        people,
        tasks,
        recusal,
        authority,
        understanding,
        evidence,
        verification,
        solution,
        offers,
        approvals,
        replies,
    ),
    *(execution, promises, extension, refunds, ending, afterwards, callback, filing, learning, told, wording),
)
"""The themes, in the order a complaint lives."""


def _checks() -> Iterator[Check]:
    for module in MODULES:
        yield from (value for value in vars(module).values() if isinstance(value, Check))


CHECKS: tuple[Check, ...] = tuple(_checks())
"""All checks, theme by theme, in the order they are written down."""

UNCHECKABLE: Mapping[str, Reason] = {**uncheckable.REASONS, **uncheckable_handling.REASONS}
"""Requirement id -> why no recorded history can violate it."""
