"""Which complaints belong together: the same matter twice, the same matter again, one cause for many (S004-1.2)."""

import re
import unicodedata
from collections.abc import Callable, Collection
from datetime import timedelta
from typing import NamedTuple, Self

from pydantic import Field, model_validator

from events.complaint import Complaint
from events.fact import Value
from events.reception import Contact, Customer, Received
from events.vocabulary import Category, Relation
from policy.sorting.triage_conditions import RedRules
from policy.timing.durations import Span

_NO_LETTERS = re.compile(r"[\W_]+")
_NO_DIGITS = re.compile(r"[\s().\-]+")
_PHONE = re.compile(r"\+?\d+")
_PAIR = 2  # letters compared together

BATCH = "batch"
"""The condition of `[triage.red]` that counts complaints on one product."""


class DuplicateRule(Value):
    """`[links.duplicate]`: when two complaints are one, told twice (S004-1.2)."""

    source: tuple[str, ...]
    window: Span
    """Between the two; later it is a repeat. Exactly at its end is inside."""
    similarity: float = Field(gt=0, le=1)
    """The least share of common pairs of letters in both texts, once script and width are the same."""
    across_channels: bool
    """True: only by different channels; within one channel its own number tells messages apart."""


class RepeatRule(Value):
    """`[links.repeat]`: the same customer complains of the same matter again (S002-4.2)."""

    source: tuple[str, ...]
    window: Span


class ModusRule(Value):
    """`[links.modus]`: different customers name the same number or page in the same kind of complaint (S003-7.2)."""

    source: tuple[str, ...]
    flag: str
    """The flag of triage that makes a complaint one of them."""
    trace: re.Pattern[str]
    """What a swindler leaves behind: a page, a telephone, an account."""
    at_least: int = Field(ge=2)
    window: Span


class LinkRules(Value):
    """`[links]`: duplicates, repeats and incidents; the figure of an incident stands in `[triage.red]` (S004-2.3)."""

    source: tuple[str, ...]
    remember: Span
    """How far back complaints are compared at all."""
    mirrored: int = Field(ge=1)
    """So many followers of each kind a complaint names; beyond, they name it and it does not name them."""
    dial_prefixes: tuple[str, ...]
    """The country's own prefixes: `+86 138...` and `138...` are one telephone."""
    duplicate: DuplicateRule
    repeat: RepeatRule
    modus: ModusRule

    @model_validator(mode="after")
    def _remembers_long_enough(self) -> Self:
        longest = max(self.duplicate.window, self.repeat.window, self.modus.window)
        if self.remember < longest:
            raise ValueError(f"links.remember: {self.remember} is shorter than a rule looks back, {longest}")
        return self


class Batch(NamedTuple):
    """So many complaints on one product by different customers, so close together, are one incident (S004-2.3)."""

    at_least: int
    window: timedelta


def batch(red: RedRules) -> Batch | None:
    """The figure as `[triage.red]` states it, `batch>=5/24h`; None where the policy knows no incidents."""
    for condition in red.any:
        if condition.name == BATCH and condition.window is not None:
            return Batch(condition.at_least, condition.window)
    return None


def customer_keys(customer: Customer, dial_prefixes: Collection[str]) -> frozenset[str]:
    """What tells that two complaints are by one customer: each address and the member id; never the name alone."""
    keys = {_address(contact, dial_prefixes) for contact in customer.contacts}
    if customer.member_id:
        keys.add(f"member:{_plain(customer.member_id)}")
    return frozenset(keys)


def is_same_customer(one: Complaint, other: Complaint, rules: LinkRules) -> bool:
    """Both name the same address or the same member id."""
    first, second = (customer_keys(each.customer, rules.dial_prefixes) for each in (one, other))
    return not first.isdisjoint(second)


def followers(complaint: Complaint, relation: Relation) -> int:
    """How many complaints it names that follow it; at `mirrored` there may be more, which name it alone (M15)."""
    return sum(link.leads for link in complaint.links.every if link.relation is relation)


def names_all(complaint: Complaint, rules: LinkRules) -> bool:
    """It names every complaint about its matter, so that no final offer is overlooked there (S002-3.6)."""
    return all(followers(complaint, each) < rules.mirrored for each in (Relation.DUPLICATE, Relation.REPEAT))


def product_key(product: str | None) -> str | None:
    """A product's name without what people write differently: width, capitals, gaps, dashes."""
    return (_NO_LETTERS.sub("", _plain(product)) or None) if product else None


def traces(received: Received, rules: LinkRules) -> frozenset[str]:
    """Numbers and pages a complaint names, but for the customer's own (S003-7.2)."""
    found = {match.group() for match in rules.modus.trace.finditer(_plain(received.text))}
    if not found:
        return frozenset()
    own = {key.partition(":")[2] for key in customer_keys(received.customer, rules.dial_prefixes)}
    own |= {_plain(each) for each in (received.order_ref, received.external_ref, received.product) if each}
    return frozenset(trace for trace in found if not any(trace in mine for mine in own))


def similarity(one: str, other: str) -> float:
    """Share of common pairs of letters, 0..1, of two texts whose script and width are folded already."""
    first, second = _pairs(one), _pairs(other)
    if not first or not second:
        return float(one == other)
    return 2 * len(first & second) / (len(first) + len(second))


def is_duplicate(later: Complaint, earlier: Complaint, rules: LinkRules, normal: Callable[[str], str]) -> bool:
    """The same customer tells the same matter in nearly the same words while the earlier one is open (S004-1.2).

    `normal` folds traditional characters, width and reading aids, as triage does.
    """
    rule = rules.duplicate
    return (
        earlier.ending.closed is None
        and not (rule.across_channels and later.channel == earlier.channel)
        and _distance(later, earlier) <= rule.window
        and is_same_customer(later, earlier, rules)
        and not _differ(later.order_ref, earlier.order_ref)
        and not _differ(product_key(later.product), product_key(earlier.product))
        and similarity(normal(later.text), normal(earlier.text)) >= rule.similarity
    )


def is_repeat(
    later: Complaint, earlier: Complaint, rules: LinkRules, category: Callable[[Complaint], Category]
) -> bool:
    """The same customer complains of the same order, product or, where these are not named, category (S002-4.2)."""
    if _distance(later, earlier) > rules.repeat.window or not is_same_customer(later, earlier, rules):
        return False
    for one, other in (
        (later.order_ref, earlier.order_ref),
        (product_key(later.product), product_key(earlier.product)),
    ):
        if one and other:
            return one == other
    return category(later) is category(earlier)


def _distance(one: Complaint, other: Complaint) -> timedelta:
    # Channels may report late, so the later one in the ledger may be the earlier one by its own clock.
    return abs(one.received_at - other.received_at)


def _differ(one: str | None, other: str | None) -> bool:
    return bool(one and other and one != other)


def _pairs(text: str) -> frozenset[str]:
    letters = _NO_LETTERS.sub("", text)
    return frozenset(letters[at : at + _PAIR] for at in range(len(letters) - 1))


def _address(contact: Contact, dial_prefixes: Collection[str]) -> str:
    plain = _plain(contact.address)
    digits = _NO_DIGITS.sub("", plain)
    if not _PHONE.fullmatch(digits):
        return f"address:{plain}"
    # SMS, telephone and messengers by number reach the same person.
    return f"phone:{next((digits.removeprefix(p) for p in dial_prefixes if digits.startswith(p)), digits)}"


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()
