"""Violations planted into lawful histories, each with a note of what was planted: neither checker nor oracle is asked.

A planter takes one complaint's event lines, changes them in place and says which event now shows which violation; None
where the history offers no place for it. Times move forward together, so a history stays a possible one.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from random import Random
from typing import Any, NamedTuple

import orjson

from events.envelope import instant
from tests.synthetic import PEOPLE, Lines

Line = dict[str, Any]
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Planted(NamedTuple):
    """What somebody did wrong, by the check that has to see it."""

    rule: str
    requirement: str
    line: Line
    """The event that shows it; its version is what it is at the end."""


Planter = Callable[[Lines, Random], list[Planted] | None]


def planted(lines: Lines, planter: Planter, chance: Random) -> tuple[Lines, list[Planted]] | None:
    """The history with that violation in it, versions and positions without gaps."""
    changed = orjson.loads(orjson.dumps(lines))
    notes = planter(changed, chance)
    if notes is None:
        return None
    for version, line in enumerate(changed, start=1):
        line["version"], line["position"] = version, lines[0]["position"] + version - 1
    return changed, notes


def _of(lines: Lines, *kinds: str) -> list[Line]:
    return [line for line in lines if line["type"].removeprefix("complaint.") in kinds]


def _at(line: Line) -> datetime:
    return datetime.fromisoformat(line["occurred_at"])


def _later(lines: Lines, first: Line, by: timedelta) -> None:
    """That event and all after it happen later."""
    for line in lines[lines.index(first) :]:
        for name in ("occurred_at", "recorded_at"):
            line[name] = instant(datetime.fromisoformat(line[name]) + by)


def _copy_behind(lines: Lines, line: Line, **data: Any) -> Line:
    copy: Line = {**orjson.loads(orjson.dumps(line)), "causation": None}
    copy["data"] |= data
    lines.insert(lines.index(line) + 1, copy)
    return copy


def _some(chance: Random, longest: timedelta) -> timedelta:
    return timedelta(seconds=chance.randint(1, int(longest.total_seconds())))


def _late(lines: Lines, line: Line | None, due: datetime, requirement: str, chance: Random) -> list[Planted] | None:
    """That event comes too late, by a second or by much."""
    if line is None or _at(line) > due:
        return None
    _later(lines, line, due - _at(line) + chance.choice([SECOND, _some(chance, HOUR), _some(chance, 3 * DAY)]))
    return [Planted("every_clock_is_met", requirement, line)]


def late_receipt(lines: Lines, chance: Random) -> list[Planted] | None:
    """The machine's receipt comes after more than a minute."""
    receipts = [line for line in _of(lines, "replied") if line["data"]["kind"] == "acknowledgement"]
    return _late(lines, next(iter(receipts), None), _at(lines[0]) + MINUTE, "S004-1.5", chance)


def late_response(lines: Lines, chance: Random) -> list[Planted] | None:
    """In the desk's hours nobody answers within a quarter of an hour."""
    local = _at(lines[0]) + timedelta(hours=8)
    spoken = [line for line in _of(lines, "replied", "customer_agreed") if line["actor"]["kind"] == "person"]
    if not 9 <= local.hour < 20:
        return None
    return _late(lines, next(iter(spoken), None), _at(lines[0]) + 15 * MINUTE, "S004-1.3", chance)


def late_callback(lines: Lines, chance: Random) -> list[Planted] | None:
    """The callback comes after three days, of a red complaint after one."""
    called, resolved = _of(lines, "called_back"), _of(lines, "resolved")
    if not called or not resolved:
        return None
    line = chance.choice(called)
    before = [each for each in resolved if lines.index(each) < lines.index(line)]
    is_red = _of(lines, "classified")[-1]["data"]["priority"] == "red"
    return _late(lines, line, _at(before[-1]) + (1 if is_red else 3) * DAY, "S004-6.1", chance)


def late_refund(lines: Lines, chance: Random) -> list[Planted] | None:
    """What was found owed is paid after more than seven days."""
    checked, paid = _of(lines, "refund_verified"), _of(lines, "refund_paid")
    return _late(lines, paid[0], _at(checked[0]) + 7 * DAY, "S002-6.4", chance) if checked and paid else None


def late_archive(lines: Lines, chance: Random) -> list[Planted] | None:
    """The file is closed more than seven days after the callback."""
    called, archived = _of(lines, "called_back"), _of(lines, "archived")
    return _late(lines, archived[0], _at(called[-1]) + 7 * DAY, "S002-0.3", chance) if called and archived else None


def wrong_refund(lines: Lines, chance: Random) -> list[Planted] | None:
    """Another amount than twice the difference is found owed."""
    checked = [line for line in _of(lines, "refund_verified") if line["data"]["payable"]]
    if not checked:
        return None
    line = chance.choice(checked)
    line["data"]["refund"] = str(Decimal(line["data"]["refund"]) + Decimal(chance.randint(1, 5_000)) / 100)
    return [Planted("twice_the_difference_is_owed", "S002-6.1", line)]


def other_amount(lines: Lines, chance: Random) -> list[Planted] | None:
    """Another amount is paid than was found owed."""
    for line in _of(lines, "refund_paid")[:1]:
        line["data"]["amount"] = str(Decimal(line["data"]["amount"]) + Decimal(chance.randint(1, 5_000)) / 100)
        return [Planted("a_refund_is_checked_then_paid_once", "S002-6.2", line)]
    return None


def paid_by_the_verifier(lines: Lines, _: Random) -> list[Planted] | None:
    """Whoever found what is owed pays it."""
    checked, paid = _of(lines, "refund_verified"), _of(lines, "refund_paid")
    if not checked or not paid:
        return None
    paid[0]["actor"] = checked[0]["actor"]
    return [Planted("verifier_payer_and_reviewer_are_three", "S002-6.2", paid[0])]


def paid_by_anybody(lines: Lines, chance: Random) -> list[Planted] | None:
    """Somebody outside finance pays."""
    others = [id_ for id_, person in PEOPLE.items() if person["role"] != "finance"]
    for line in _of(lines, "refund_paid")[:1]:
        line["actor"]["id"] = chance.choice(others)
        return [Planted("refunds_are_handled_by_their_offices", "S002-6.2", line)]
    return None


def paid_unchecked(lines: Lines, _: Random) -> list[Planted] | None:
    """It is paid although nothing was found owed."""
    checked, paid = _of(lines, "refund_verified"), _of(lines, "refund_paid")
    for line in checked:
        lines.remove(line)
    return [Planted("a_refund_is_checked_then_paid_once", "S002-6.2", paid[0])] if checked and paid else None


def paid_twice(lines: Lines, _: Random) -> list[Planted] | None:
    """The same refund is paid again."""
    for line in _of(lines, "refund_paid")[:1]:
        return [Planted("a_refund_is_checked_then_paid_once", "S002-6.2", _copy_behind(lines, line))]
    return None


def archived_uncalled(lines: Lines, _: Random) -> list[Planted] | None:
    """The file is closed although nobody called the customer back."""
    called, archived = _of(lines, "called_back"), _of(lines, "archived")
    if not called or not archived or archived[0]["data"]["ground"] != "called_back":
        return None
    lines.remove(called[-1])
    return [Planted("nothing_is_archived_before_the_callback", "S002-0.3", archived[0])]


def archived_in_anger(lines: Lines, _: Random) -> list[Planted] | None:
    """The file is closed although the customer was not satisfied."""
    called, archived = _of(lines, "called_back"), _of(lines, "archived")
    if not called or not archived or archived[0]["data"]["ground"] != "called_back":
        return None
    called[-1]["data"]["satisfied"] = False
    return [Planted("nothing_is_archived_before_the_callback", "S004-6.6", archived[0])]


def done_without_consent(lines: Lines, _: Random) -> list[Planted] | None:
    """The solution is carried out although the customer never agreed."""
    agreed, steps = _of(lines, "customer_agreed"), _of(lines, "step_completed")
    if len(agreed) != 1 or not steps:
        return None
    lines.remove(agreed[0])
    return [Planted("nothing_is_done_before_the_customer_agreed", "S000-4.1", line) for line in steps]


def steps_swapped(lines: Lines, chance: Random) -> list[Planted] | None:
    """The second step is done before the first."""
    steps = _of(lines, "step_completed")
    pairs = [
        (one, two)
        for one, two in pairwise(steps)
        if one["data"]["step"].split(".")[0] == two["data"]["step"].split(".")[0]
        and one["data"]["step"] != two["data"]["step"]
    ]
    if not pairs:
        return None
    one, two = chance.choice(pairs)
    one["data"]["step"], two["data"]["step"] = two["data"]["step"], one["data"]["step"]
    return [Planted("steps_follow_the_plan", "S004-5.3", one)]


def accused_acts(lines: Lines, chance: Random) -> list[Planted] | None:
    """Somebody who took part was accused from the beginning, by id or by name."""
    acts = [line for line in lines[1:] if line["actor"]["kind"] == "person" and line["actor"]["id"] in PEOPLE]
    if not acts:
        return None
    accused = chance.choice(acts)["actor"]["id"]
    lines[0]["data"]["accused"] = [chance.choice([accused, *PEOPLE[accused]["name"].values()])]
    return [Planted("the_accused_take_no_part", "S002-7.1", line) for line in acts if line["actor"]["id"] == accused]


def approved_out_of_turn(lines: Lines, _: Random) -> list[Planted] | None:
    """The manager approves before the department and the lawyers have."""
    requests, given = _of(lines, "approval_requested"), _of(lines, "approval_given")
    staged = {line["data"]["subject"] for line in requests if len(line["data"]["stages"]) > 1}
    for line in given:
        if line["data"]["subject"] in staged:
            line["data"]["as_role"] = "manager"
            return [Planted("approvals_are_of_those_words_and_in_order", "S002-1.15", line)]
    return None


def approved_other_words(lines: Lines, chance: Random) -> list[Planted] | None:
    """Somebody approves words that are no longer, or never were, the ones that go out."""
    given = _of(lines, "approval_given")
    if not given:
        return None
    line = chance.choice(given)
    line["data"]["content_sha256"] = f"{chance.getrandbits(256):064x}"
    return [Planted("approvals_are_of_those_words_and_in_order", "S002-1.15", line)]


def raised_final_offer(lines: Lines, chance: Random) -> list[Planted] | None:
    """More is offered after the final offer, for no cause."""
    finals = [line for line in _of(lines, "solution_proposed") if line["data"]["final"]]
    if not finals or _of(lines, "approval_requested"):
        return None
    total = Decimal(finals[0]["data"]["total"]) + Decimal(chance.randint(1, 10_000)) / 100
    number = max(line["data"]["number"] for line in _of(lines, "solution_proposed")) + 1
    more = _copy_behind(lines, finals[0], number=number, total=str(total), final=False, unlock=None)
    return [Planted("nothing_above_a_final_offer", "S002-3.6", more)]


def final_at_first(lines: Lines, _: Random) -> list[Planted] | None:
    """The first offer is take it or leave it."""
    for line in _of(lines, "solution_proposed")[:1]:
        line["data"]["final"] = True
        return [Planted("nothing_is_final_at_first", "S004-4.5", line)]
    return None


def level_skipped(lines: Lines, chance: Random) -> list[Planted] | None:
    """It rises past a level nobody named, or from one it had not reached."""
    raised = _of(lines, "escalated")
    if not raised:
        return None
    line = chance.choice(raised)
    line["data"][chance.choice(["to_level", "from_level"])] += 1
    return [Planted("up_the_ladder_level_by_level", "S002-4.3", line)]


RECORDED = {"first_human": "S004-1.3", "callback": "S004-6.1", "refund": "S002-6.4", "commitment": "S003-6.2"}
NOTED = "breaches_are_recorded_as_they_were"


def _breaches(lines: Lines) -> list[Line]:
    return [line for line in _of(lines, "clock_breached") if line["data"]["clock"] in RECORDED]


def breach_hidden(lines: Lines, chance: Random) -> list[Planted] | None:
    """A missed first response is not on record."""
    hidden = [line for line in _breaches(lines) if line["data"]["clock"] == "first_human"]
    if not hidden:
        return None
    lines.remove(chance.choice(hidden))
    return [Planted(NOTED, "S004-1.3", lines[0])]


def breach_invented(lines: Lines, chance: Random) -> list[Planted] | None:
    """A miss is on record that was none."""
    due = _at(lines[0]) + _some(chance, DAY)
    data = {"clock": "first_human", "due_at": instant(due), "noticed_at": instant(due + SECOND), "key": None}
    if any(line["data"]["clock"] == "first_human" for line in _of(lines, "clock_breached")):
        return None
    workflow = {"kind": "system", "id": "workflow"}
    at = instant(max(_at(lines[-1]), due + SECOND))
    more = {"type": "complaint.clock_breached", "v": 1, "data": data, "actor": workflow, "causation": None}
    lines.append({**lines[-1], **more, "occurred_at": at, "recorded_at": at})
    return [Planted(NOTED, "S004-1.3", lines[-1])]


def breach_misdated(lines: Lines, chance: Random) -> list[Planted] | None:
    """A miss is on record with another due time."""
    known = _breaches(lines)
    if not known:
        return None
    line = chance.choice(known)
    due = datetime.fromisoformat(line["data"]["due_at"]) - _some(chance, 5 * MINUTE)
    line["data"]["due_at"] = instant(due)
    return [Planted(NOTED, RECORDED[line["data"]["clock"]], line)]


def _tries(lines: Lines) -> list[Line]:
    return [line for line in _of(lines, "retry_attempted") if line["actor"]["kind"] == "person"]


def miscounted(lines: Lines, chance: Random) -> list[Planted] | None:
    """An attempt is counted that does not count, or the other way about."""
    tries = _tries(lines)
    if not tries:
        return None
    line = chance.choice(tries)
    line["data"]["counted"] = not line["data"]["counted"]
    return [Planted("attempts_are_counted_by_the_rule", "", line)]


def given_up_early(lines: Lines, chance: Random) -> list[Planted] | None:
    """A customer is given up at the callback after too few attempts."""
    ends = [line for line in _of(lines, "retry_attempted") if line["data"]["outcome"] == "exhausted"]
    counted = [line for line in _tries(lines) if line["data"]["counted"]]
    if not ends or ends[0]["data"]["kind"] != "callback" or len(counted) != 3:
        return None
    lines.remove(chance.choice(counted))
    return [Planted("customers_are_not_given_up_too_early", "S002-1.10", ends[0])]


PLANTERS: Mapping[str, Planter] = {
    planter.__name__: planter
    for planter in (
        *(late_receipt, late_response, late_callback, late_refund, late_archive),
        *(wrong_refund, other_amount, paid_by_the_verifier, paid_by_anybody, paid_unchecked, paid_twice),
        *(archived_uncalled, archived_in_anger, done_without_consent, steps_swapped, accused_acts),
        *(approved_out_of_turn, approved_other_words, raised_final_offer, final_at_first, level_skipped),
        *(breach_hidden, breach_invented, breach_misdated, miscounted, given_up_early),
    )
}
"""Every kind of violation, by name."""
