"""A second opinion on what a history violates, written from the requirements alone, over plain JSON event lines.

Nothing here knows the checker, the policy or its clocks: figures and arithmetic are spelled out once more. It covers
the rules of RULES; complaints merged with others are not its matter (`is_covered`). Deadlines: `conformance_times`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.conformance_times import (
    CLOSES,
    HOUR,
    OPENS,
    SHANGHAI,
    Event,
    Fault,
    People,
    at,
    by_person,
    deadlines,
    kind,
    records,
    runs,
)


def faults(events: Sequence[Event], people: People, until: datetime) -> set[Fault]:
    """Everything the covered rules find in one complaint, its events in order of version."""
    if not is_covered(events):
        return set()
    return {fault for rule in RULES for fault in rule(events, people, until)}


def is_covered(events: Iterable[Event]) -> bool:
    """Neither merged with another complaint nor moved to another policy."""
    foreign = ("complaint.linked", "complaint.unlinked", "complaint.policy_migrated")
    return not any(event["type"] in foreign for event in events)


def twice_the_difference(events: Sequence[Event], *_: Any) -> Iterator[Fault]:
    """Twice what was charged above what was due (S002-6.1)."""
    for event in events:
        if kind(event) == "refund_verified":
            charged, due, refund = (Decimal(event["data"][name]) for name in ("charged", "due", "refund"))
            owed = (2 * max(charged - due, Decimal(0))).quantize(Decimal("0.01"), ROUND_HALF_UP)
            if refund != owed or event["data"]["payable"] != (owed > 0):
                yield Fault("twice_the_difference_is_owed", "S002-6.1", event["version"])


def payments(events: Sequence[Event], people: People, _: datetime) -> Iterator[Fault]:
    """Checked by one, paid once and that amount by another, of finance (S002-6.2)."""
    checked: Event | None = None
    paid = False
    knew: dict[str, str] = {}
    for event in events:
        who = event["actor"]["id"]
        match kind(event):
            case "verified":
                knew["found"] = who
            case "reopened":
                knew.pop("found", None)
            case "refund_verified":
                if who in (knew.get("paid"), knew.get("reviewed")):
                    yield Fault("verifier_payer_and_reviewer_are_three", "S003-2.4", event["version"])
                checked, paid, knew["checked"] = event, False, who
                knew.pop("paid", None)
            case "refund_paid":
                fits = checked is not None and checked["data"]["refund"] == event["data"]["amount"]
                if not fits or paid:
                    yield Fault("a_refund_is_checked_then_paid_once", "S002-6.2", event["version"])
                if who in (knew.get("found"), knew.get("checked"), knew.get("reviewed")):
                    yield Fault("verifier_payer_and_reviewer_are_three", "S002-6.2", event["version"])
                if who in people and people[who]["role"] != "finance":
                    yield Fault("refunds_are_handled_by_their_offices", "S002-6.2", event["version"])
                paid, knew["paid"] = True, who if checked is not None else knew.get("paid", "")


def the_archive(events: Sequence[Event], *_: Any) -> Iterator[Fault]:
    """First the callback, then the archive (S002-0.3)."""
    resolved, satisfied, ended, tries = False, None, None, list[datetime]()
    for event in events:
        match kind(event):
            case "resolved" | "reopened":
                resolved, satisfied, tries = kind(event) == "resolved", None, []
                ended = None if kind(event) == "reopened" else ended
            case "called_back":
                satisfied, tries = event["data"]["solved"] and event["data"]["satisfied"], []
            case "replied" if by_person(event):
                tries = []
            case "not_accepted" | "withdrawn":
                ended = kind(event)
            case "retry_attempted" if _is_try(event):
                tries.append(at(event))
            case "archived":
                grounds = {ended} if ended else {"called_back"} if satisfied else set()
                if resolved and satisfied is None and not ended and _in_vain(tries, at(event)):
                    grounds = {"callback_exhausted"}
                if event["data"]["ground"] not in grounds:
                    angry = satisfied is False
                    requirement = "S004-6.6" if angry else "S002-0.3"
                    yield Fault("nothing_is_archived_before_the_callback", requirement, event["version"])
                ended = ended or "archived"


def _is_try(event: Event) -> bool:
    data = event["data"]
    known = data["contact"] is None and data["outcome"] not in ("unknown", "exhausted")
    return bool(known and (data["notice"] or data["kind"]) in ("callback", "progress"))


def _in_vain(tries: Sequence[datetime], now: datetime) -> bool:
    return bool(tries) and now >= tries[0] + 48 * HOUR and sum(counted(tries)) >= 3


def counted(tries: Sequence[datetime]) -> Iterator[bool]:
    """Of attempts in order: at least three hours after the last, within 48 hours of the first, not at night."""
    last = None
    for moment in tries:
        if last is None:
            last = moment
            yield False
            continue
        awake = OPENS <= moment.astimezone(SHANGHAI).time() < CLOSES
        counts = awake and moment >= last + 3 * HOUR and moment <= tries[0] + 48 * HOUR
        last = moment if counts else last
        yield counts


def attempts(events: Sequence[Event], *_: Any) -> Iterator[Fault]:
    """People's own attempts to reach the customer are counted by that rule (S002-1.10, S002-1.11)."""
    row: list[Event] = []
    for event in events:
        if kind(event) in ("resolved", "reopened", "called_back") or (kind(event) == "replied" and by_person(event)):
            row = []
        if kind(event) == "retry_attempted" and by_person(event) and _is_try(event):
            row.append(event)
            moments = [at(each) for each in row]
            counts = list(counted(moments))
            if event["data"]["counted"] != counts[-1]:
                last = max((m for m, c in zip(moments[:-1], counts, strict=False) if c), default=moments[0])
                early = len(row) > 1 and moments[-1] < last + 3 * HOUR
                yield Fault("attempts_are_counted_by_the_rule", "S002-1.11" if early else "S002-1.10", event["version"])


def given_up(events: Sequence[Event], *_: Any) -> Iterator[Fault]:
    """Nobody is given up at a callback before 48 hours and three further attempts have passed (S002-1.10)."""
    tries: list[datetime] = []
    for event in events:
        data = event["data"]
        if kind(event) in ("resolved", "reopened", "called_back") or (kind(event) == "replied" and by_person(event)):
            tries = []
        if kind(event) != "retry_attempted":
            continue
        if by_person(event) and _is_try(event):
            tries.append(at(event))
        elif data["outcome"] == "exhausted" and data["kind"] == "callback":
            early = bool(tries) and at(event) < tries[0] + 48 * HOUR
            if not tries or early or sum(counted(tries)) < 3:
                yield Fault("customers_are_not_given_up_too_early", "S002-1.10", event["version"])


def execution(events: Sequence[Event], *_: Any) -> Iterator[Fault]:
    """Nothing is carried out before the customer agreed, then step by step (S000-4.1, S004-5.3)."""
    offers: dict[int, Event] = {}
    agreed: int | None = None
    done: set[str] = set()
    for event in events:
        data = event["data"]
        match kind(event):
            case "solution_proposed":
                offers[data["number"]] = event
            case "customer_agreed":
                agreed, done = data["proposal"], set()
            case "customer_declined":
                agreed = None if data["proposal"] == agreed else agreed
            case "reopened":
                offers, agreed, done = {}, None, set()
            case "step_completed" | "step_failed":
                if agreed not in offers:
                    yield Fault("nothing_is_done_before_the_customer_agreed", "S000-4.1", event["version"])
                elif agreed is not None and not _is_next(data, offers[agreed]["data"]["remedies"], done):
                    yield Fault("steps_follow_the_plan", "S004-5.3", event["version"])
                done = done | {data["step"]} if kind(event) == "step_completed" else done - {data["step"]}


def _is_next(data: Mapping[str, Any], remedies: Sequence[Mapping[str, Any]], done: set[str]) -> bool:
    plan = [[f"{remedy['id']}.{step}" for step in remedy["steps"]] for remedy in remedies]
    nexts = {next((step for step in steps if step not in done), None) for steps in plan}
    left = {step for steps in plan for step in steps} - done
    return data["step"] in nexts and ("last" not in data or data["last"] == (left == {data["step"]}))


def recusal(events: Sequence[Event], people: People, _: datetime) -> Iterator[Fault]:
    """Neither the accused nor their line managers nor the recused act (S002-7.1)."""
    accused: set[str] = set()
    recused: set[str] = set()
    excepted: set[str] = set()
    for event in events:
        data, who = event["data"], event["actor"]["id"]
        out = set(recused)
        for id_, person in people.items():
            if accused & {id_, *person["name"].values()}:
                out |= {id_, person.get("manager") or id_}
        if event["version"] > 1 and by_person(event) and who in out - excepted:
            yield Fault("the_accused_take_no_part", "S002-7.1", event["version"])
        if kind(event) in ("received", "supplemented"):
            accused |= set(data["accused"])
        elif kind(event) == "recused":
            (excepted if data["lifted"] else recused).add(data["person"])
            (recused if data["lifted"] else excepted).discard(data["person"])


def approvals(events: Sequence[Event], *_: Any) -> Iterator[Fault]:
    """Department and lawyers, then the manager, all about the same words; an edit voids what was said (S002-1.15)."""
    words: dict[str, str] = {}
    waits: dict[str, dict[str, Any]] = {}
    for event in events:
        data, version = event["data"], event["version"]
        match kind(event):
            case "solution_proposed":
                _withdraw(waits, "proposal-")
                words[f"proposal-{data['number']}"] = data["content_sha256"]
            case "reply_drafted":
                words[data["subject"]] = data["content_sha256"]
            case "approval_requested":
                waits[data["subject"]] = {"of": data["content_sha256"], "stages": data["stages"], "given": []}
            case "approval_withdrawn":
                _withdraw(waits, data["subject"])
            case "reopened":
                _withdraw(waits, "proposal-")
            case "approval_given" | "approval_refused":
                wait = waits.get(data["subject"])
                turn = _turn(wait) if wait else []
                said = data["content_sha256"]
                fits = wait is not None and said == wait["of"] == words.get(data["subject"], said)
                rest = [*turn] if wait is None else _turn({**wait, "given": [*wait["given"], data["as_role"]]})
                more = kind(event) != "approval_given" or data["more"] == bool(rest)
                if not fits or data["as_role"] not in turn or not more:
                    yield Fault("approvals_are_of_those_words_and_in_order", "S002-1.15", version)
                if wait is not None and data["content_sha256"] == wait["of"]:
                    wait["given"].append(data["as_role"])
                    wait["over"] = wait.get("over") or kind(event) == "approval_refused"


def _turn(wait: Mapping[str, Any]) -> list[str]:
    stages = [] if wait.get("over") else wait["stages"]
    return next((left for stage in stages if (left := [role for role in stage if role not in wait["given"]])), [])


def _withdraw(waits: Mapping[str, dict[str, Any]], subjects: str) -> None:
    for subject, wait in waits.items():
        if subject.startswith(subjects) and _turn(wait):
            wait["over"] = True


def ladder(events: Sequence[Event], *_: Any) -> Iterator[Fault]:
    """One level at a time, from the level reached; only a rule that names it jumps, to the supervisor (S002-4.3)."""
    level = 1
    for event in events:
        data = event["data"]
        if kind(event) == "escalated":
            jump = data["cause"] in ("priority_red", "major", "trend", "repeat", "self_reported")
            target = 2 if jump else level + 1
            if data["from_level"] != level or data["to_level"] != target or target > 3:
                yield Fault("up_the_ladder_level_by_level", "S002-4.3", event["version"])
            level = data["to_level"]


def final_offers(events: Sequence[Event], *_: Any) -> Iterator[Fault]:
    """A final offer follows one the customer turned down, and is not raised for complaining on (S002-3.5, S004-4.5)."""
    final: Decimal | None = None
    since = events[0]
    declined = 0
    for event in events:
        data = event["data"]
        if kind(event) == "customer_declined":
            declined += 1
        elif kind(event) == "solution_proposed":
            total = Decimal(data["total"])
            if final is not None and total > final and not _is_unlocked(events, since, event):
                yield Fault("nothing_above_a_final_offer", "S002-3.6", event["version"])
            if data["final"]:
                since = event if final is None or total >= final else since
                final = max(total, final or total)
                if not declined:
                    yield Fault("nothing_is_final_at_first", "S004-4.5", event["version"])


def _is_unlocked(events: Sequence[Event], final: Event, now: Event) -> bool:
    """A cause is named; a failure of our own is one that happened since: a step that failed, a broken promise."""
    if now["data"]["unlock"] != "own_failure":
        return bool(now["data"]["unlock"])
    between = events[final["version"] : now["version"] - 1]
    return any(kind(event) == "step_failed" for event in between) or any(
        at(final) < run.due < (at(run.stop) if run.stop and run.stop["version"] < now["version"] else at(now))
        for run in runs(events[: now["version"] - 1])
        if run.clock == "commitment"
    )


Rule = Callable[[Sequence[Event], People, datetime], Iterator[Fault]]
RULES: Sequence[Rule] = (
    *(deadlines, records, twice_the_difference, payments, the_archive, attempts, given_up),
    *(execution, recusal, approvals, ladder, final_offers),
)
JUDGED = frozenset(
    {
        "every_clock_is_met",
        "breaches_are_recorded_as_they_were",
        "twice_the_difference_is_owed",
        "a_refund_is_checked_then_paid_once",
        "verifier_payer_and_reviewer_are_three",
        "refunds_are_handled_by_their_offices",
        "nothing_is_archived_before_the_callback",
        "attempts_are_counted_by_the_rule",
        "customers_are_not_given_up_too_early",
        "nothing_is_done_before_the_customer_agreed",
        "steps_follow_the_plan",
        "the_accused_take_no_part",
        "approvals_are_of_those_words_and_in_order",
        "up_the_ladder_level_by_level",
        "nothing_above_a_final_offer",
        "nothing_is_final_at_first",
    }
)
"""Checks this opinion is compared with, by name."""
