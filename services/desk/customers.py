"""The customer's card: everything they complained of before, open cases first, how it ended (S001-9.2, S004-8.5)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from events.complaint import Complaint
from events.envelope import StreamId, instant
from events.reception import Contact, Customer, Received
from events.vocabulary import Medium, Relation
from policy.sorting.links import customer_keys
from services.desk.problems import Problem, bad_value

Json = dict[str, Any]
BY = ("contact", "member", "order")
"""What a customer is looked up by (S001-4.4)."""
MOST = 200
"""Complaints on one card; nobody complains more often."""


def keys_of(received: Received, dial_prefixes: Collection[str]) -> frozenset[str]:
    """What a complaint is found by; the list keeps keyed digests of it, none of the customer's words."""
    order = {_order(received.order_ref)} if received.order_ref else set()
    return _personal(received.customer, dial_prefixes) | order


def personal_keys(complaint: Complaint, dial_prefixes: Collection[str]) -> frozenset[str]:
    """What leads from this complaint to others of the same customer."""
    return _personal(complaint.customer, dial_prefixes)


def asked_key(asked: Mapping[str, str], dial_prefixes: Collection[str]) -> str:
    """The key that query parameters name; raises Problem unless exactly one is given."""
    given = {name: value for name, value in asked.items() if name in BY}
    if len(given) != 1 or len(asked) != 1:
        raise Problem(
            422,
            "which_customer",
            f"请给出其中一项：{'、'.join(BY)}",
            f"give one of {', '.join(BY)}",
            allowed=list(BY),
        )
    [(name, value)] = given.items()
    if not 1 <= len(value.strip()) <= 200:
        raise bad_value(name, value[:50], "请给出 1 至 200 个字符", "give 1 to 200 characters")
    if name == "order":
        return _order(value)
    # Any medium will do: a telephone and a messenger by the same number are one address.
    by_contact = Customer(contacts=(Contact(medium=Medium.PHONE, address=value),))
    [key] = _personal(by_contact if name == "contact" else Customer(member_id=value), dial_prefixes)
    return key


def card(complaints: Sequence[Complaint]) -> Json:
    """Open cases first, then the latest; the tags say how content they were at the last callback (S004-6.5)."""
    ordered = sorted(complaints, key=lambda each: (each.is_open, each.received_at), reverse=True)
    spoken = [each.ending.satisfied for each in ordered if each.ending.satisfied is not None]
    return {
        "names": list(dict.fromkeys(each.customer.name for each in ordered if each.customer.name)),
        "members": list(dict.fromkeys(each.customer.member_id for each in ordered if each.customer.member_id)),
        "contacts": [
            {"medium": medium, "address": address}
            for medium, address in dict.fromkeys(
                (contact.medium.value, contact.address) for each in ordered for contact in each.customer.contacts
            )
        ],
        "orders": list(dict.fromkeys(each.order_ref for each in ordered if each.order_ref)),
        "open": sum(each.is_open for each in ordered),
        "repeat": came_back(ordered),
        "satisfied": spoken[0] if spoken else None,
        "complaints": [_line(each) for each in ordered],
    }


def came_back(complaints: Iterable[Complaint]) -> bool:
    """They came more than once about something, or said so (S004-8.5, S002-4.2)."""
    every = tuple(each for each in complaints if each.links.merged_into is None)
    linked = any(each.links.related(Relation.REPEAT) or "repeat" in each.flags for each in every)
    return len(every) > 1 or linked


def _line(complaint: Complaint) -> Json:
    ending = complaint.ending
    return {
        "complaint_id": complaint.complaint_id,
        "number": complaint.number,
        "received_at": instant(complaint.received_at),
        "channel": complaint.channel,
        "status": complaint.status,
        "open": complaint.is_open,
        "category": complaint.category and complaint.category.value,
        "priority": complaint.priority and complaint.priority.value,
        "product": complaint.product,
        "order_ref": complaint.order_ref,
        "demands": list(complaint.demands),
        "outcome": ending.resolution and ending.resolution.value,
        "satisfied": ending.satisfied,
        "round": ending.round,
        "handler": complaint.handler,
    }


def _personal(customer: Customer, dial_prefixes: Collection[str]) -> frozenset[str]:
    """What tells the customer, as where complaints are linked: one telephone has one spelling (S004-1.2)."""
    return customer_keys(customer, dial_prefixes)


def _order(written: str) -> str:
    """One spelling for each order: without spaces and hyphens, without case."""
    return "order:" + "".join(written.split()).replace("-", "").casefold()


def others(known: Mapping[StreamId, Complaint], found: Iterable[StreamId]) -> list[StreamId]:
    """Complaints found that are not on the card yet, as many as fit."""
    return [stream for stream in dict.fromkeys(found) if stream not in known][: MOST - len(known)]
