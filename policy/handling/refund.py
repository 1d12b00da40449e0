"""Refunds of billing errors: what is owed, who checks, who pays, by what means (S002-6.1..6.5)."""

from decimal import Decimal

from pydantic import Field

from events.digest import json_digest
from events.fact import Value
from events.money import rounded
from events.vocabulary import RefundMethod
from policy.people.organisation import Organisation


class RefundRules(Value):
    """`[refund]`: twice the difference, checked, then paid by preferred means (S002-6.1, S002-6.2, S002-6.5)."""

    source: tuple[str, ...]
    factor: Decimal = Field(ge=1)
    """How many times the difference is given back (双倍)."""
    methods: tuple[RefundMethod, ...]
    """All means there are, the best one first."""
    preferred: tuple[RefundMethod, ...]
    """Means that need no reason."""
    verifier_level: int = Field(ge=1)
    """From this level of the ladder people may check a refund."""
    verifier_roles: tuple[str, ...] = ()
    """Roles outside the ladder that may check one too."""
    payer_roles: tuple[str, ...]
    """Roles that pay."""


def refund_owed(charged: Decimal, due: Decimal, factor: Decimal) -> Decimal:
    """The factor times what was charged too much; nothing where too little was; rounded once, half up (S002-6.1)."""
    return rounded(factor * max(Decimal(0), charged - due))


def figures_sha256(charged: Decimal, due: Decimal, refund: Decimal, currency: str) -> str:
    """Digest of the figures approvers approve: other figures make their approval void (S002-1.15)."""
    figures = {"charged": str(charged), "currency": currency, "due": str(due), "refund": str(refund)}
    return json_digest(figures)


def may_verify(person: str, rules: RefundRules, organisation: Organisation) -> bool:
    """Whether that person may check a refund: somebody of the ladder, or of a role named for it (S002-6.2)."""
    is_of_a_role = organisation.person[person].role in rules.verifier_roles
    return is_of_a_role or organisation.level_of(person) >= rules.verifier_level


def may_pay(person: str, rules: RefundRules, organisation: Organisation) -> bool:
    """Whether that person may pay a refund (S002-6.2)."""
    return organisation.person[person].role in rules.payer_roles
