"""Promises to the customer, each with a clock of its own (S003-6.2, S001-9.3, S001-10.4, S001-18.10)."""

from datetime import datetime

from pydantic import Field

from events.commands import Refusal, refuse
from events.execution import CommitmentKept, CommitmentMade, Promise
from events.fact import Name, Value
from events.money import Money
from policy.asking import Act, Acts, Ask, Decided
from policy.handling.commitment import PromiseKind, is_feasible, kind_of
from policy.people.authority import limit
from policy.people.participation import who
from policy.timing.moments import Named, instant_of


class MakePromise(Value):
    """`promise`: something by a time; a date means the end of that day (S004-4.3)."""

    what: str = Field(min_length=1, max_length=1_000)
    by: Named
    kind: PromiseKind = PromiseKind.PROCESS
    """What it is about: the process, or the substance (S003-3.1)."""
    amount: Money | None = None
    """Money promised makes it substantive."""


class KeepPromise(Value):
    """`keep_promise`: it was done; by name, number or its own words."""

    promise: Name = Field(min_length=1, max_length=1_000)


def promise(ask: Ask, data: MakePromise) -> Decided:
    """Recorded with the person who promised it; feasible, and inside their authority (S001-18.10, S003-3.1)."""
    by = instant_of(data.by, ask.policy.zone)
    refusal = _in_the_past(ask, by) or _infeasible(ask, by) or _too_much(ask, data)
    if refusal is not None:
        return refusal
    name = f"p{len(ask.complaint.execution.promises) + 1}"
    return [CommitmentMade(promise=name, what=data.what.strip(), by=by, person=ask.by)]


def keep_promise(ask: Ask, data: KeepPromise) -> Decided:
    """In time up to the very instant, late after it (S003-6.2)."""
    meant = _meant(ask, data.promise.strip())
    if meant is None:
        return _unknown(ask, data.promise)
    if meant.kept_at is not None:
        return refuse(
            "promise_kept",
            "S003-6.2",
            f"承诺 {meant.promise} 已兑现",
            f"promise {meant.promise} was kept already",
            promise=meant.promise,
        )
    return [CommitmentKept(promise=meant.promise, late=meant.is_broken(ask.now))]


def _meant(ask: Ask, named: str) -> Promise | None:
    """The promise of that name, number or text; of equal texts one that is still open."""
    promises = ask.complaint.execution.promises
    found = [p for p in promises if named in (p.promise, p.promise[1:])] or [p for p in promises if p.what == named]
    return next((p for p in found if p.kept_at is None), found[-1] if found else None)


def _in_the_past(ask: Ask, by: datetime) -> Refusal | None:
    if by > ask.now:
        return None
    return refuse(
        "promise_in_the_past",
        "S001-18.10",
        "承诺的时间必须在将来",
        "a promise is for a time still to come",
        by=by.isoformat(),
    )


def _infeasible(ask: Ask, by: datetime) -> Refusal | None:
    rules = ask.rules.commitment
    calendar = ask.policy.clocks.calendars[rules.calendar]
    if is_feasible(by, ask.now, calendar, rules):
        return None
    opens = calendar.next_open(ask.now)
    return refuse(
        "promise_not_feasible",
        "S001-18.10",
        "不许诺做不到的事：到期前须有服务时间，且不超过最长承诺期限",
        "promise nothing that cannot be kept: somebody works before it falls due, and it is not too far ahead",
        by=by.isoformat(),
        opens=opens.isoformat(),
        latest=(ask.now + rules.longest).isoformat(),
    )


def _too_much(ask: Ask, data: MakePromise) -> Refusal | None:
    """Substance is promised only once the facts are clear, and inside one's authority (S003-3.1, S001-9.3)."""
    if kind_of(data.what, data.amount, data.kind, ask.rules.commitment) is PromiseKind.PROCESS:
        return None
    if not ask.complaint.verification.is_done:
        return refuse(
            "promise_before_verification",
            "S003-3.1",
            "实质性承诺须在核实之后作出；此前只可就程序和时间作出承诺",
            "substance is promised only after verification; until then promise the process and its times",
            what=data.what,
        )
    own = limit(ask.complaint, ask.by, ask.organisation, ask.now)
    if data.amount is None or data.amount <= own:
        return None
    amount = data.amount

    def has_authority(id_: str) -> bool:
        return limit(ask.complaint, id_, ask.organisation, ask.now) >= amount

    return refuse(
        "above_authority",
        "S003-3.1",
        f"承诺金额 {data.amount} 超出您的权限 {own}：请提出方案并报批（propose_solution）",
        f"{data.amount} is above your limit of {own}: propose a solution instead (propose_solution)",
        may=who(ask.complaint, ask.organisation, has_authority),
        recorded=True,
        amount=data.amount,
        limit=own,
    )


def _unknown(ask: Ask, named: str) -> Refusal:
    still = ", ".join(p.promise for p in ask.complaint.execution.open_promises) or "-"
    return refuse(
        "unknown_promise",
        "S003-6.2",
        f"没有承诺“{named}”；未兑现的承诺：{still}",
        f"there is no promise {named!r}; still to be kept: {still}",
        promise=named,
        open=still,
    )


ACTS: Acts = {"promise": Act(MakePromise, promise), "keep_promise": Act(KeepPromise, keep_promise, when_closed=True)}
