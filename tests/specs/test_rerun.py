"""The past lived again: under its own policy it gives what is recorded, fact by fact, in every scenario."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from events.catalogue import decode
from events.company import PolicyPublished
from events.contact import ContactStarted
from events.envelope import History, Recorded
from events.execution import RefundPaid, RefundVerified
from events.fact import Fact
from events.folding import fold
from events.handling import Classified, ClockBreached
from events.ledger import Ledger
from events.solution import ApprovalRequested
from events.stores import MemoryStore
from events.vocabulary import Medium
from policy.policy import SAMPLE_ORGANISATION, publication
from services.bench import synthetic
from services.clock import now
from services.notifier.senders.port import Delivered, Refused
from services.wiring.past import is_ours, past_of
from services.wiring.past_company import PastCompany
from services.wiring.rerun import Rerun, commands_of, relive_as_it_was, relive_under
from tests import controls
from tests.pasts import NAMES, Line, Rehearsed, answered, opener_of, otherwise, rehearse_lines, rehearsed, store_of

F = TypeVar("F", bound=Fact)
MORNING = "2026-03-02T10:00:00+08:00"
BILL = {
    "channel": "web",
    "text": "多收了我20元话费，要求退费",
    "customer": {"name": "张三", "contacts": [{"medium": "phone", "address": "13800000000"}]},
    "demands": ["退费"],
}


def ledger_of(past: Rehearsed) -> Ledger:
    """A ledger of its rows in memory."""
    store = MemoryStore()
    store_of(store, past.rows)
    return Ledger(store, now, unsafe=True)


def histories(past: Rehearsed) -> list[History]:
    """Every complaint of it."""
    streams = dict.fromkeys(row.stream for row in past.rows if row.topic.startswith("complaint."))
    ledger = ledger_of(past)
    return [ledger.load(stream) for stream in streams]


def lived_again(past: Rehearsed, history: History) -> Rerun:
    """One complaint under its own rules."""
    company = PastCompany(ledger_of(past)).as_it_was()
    lived = past_of(history)
    return relive_as_it_was(lived, company, past.until, commands_of(lived, company))


def lived_under(past: Rehearsed, text: str, *, organisation: str | None = None) -> Rerun:
    """Its first complaint under another policy."""
    published = publication(text)
    company = PastCompany(ledger_of(past), published, organisation=organisation)
    lived = past_of(histories(past)[0])
    acts = commands_of(lived, company.as_it_was())
    return relive_under(published.policy_id, lived, company.otherwise(), past.until, acts)


def told(history: Sequence[Recorded]) -> list[object]:
    """The facts with their times and actors. Digests are left out: they depend on how a time's zone is spelled."""
    blank = {"content_sha256": ""}
    return [
        (r.occurred_at, r.actor, r.fact.model_copy(update=blank) if hasattr(r.fact, "content_sha256") else r.fact)
        for r in history
    ]


@pytest.mark.clause("S000-6.2")
@pytest.mark.parametrize("name", NAMES)
def test_the_past_under_its_own_policy_is_what_is_recorded(name: str) -> None:
    past = rehearsed(name)
    for history in histories(past):
        again = lived_again(past, history)
        assert told(again.history) == told(history)
        assert (again.refused, again.needless, again.silent_since) == ((), 0, None)


@pytest.mark.parametrize("name", NAMES)
def test_almost_every_act_of_a_person_is_read_back_as_the_command_it_was(name: str) -> None:
    past = rehearsed(name)
    company = PastCompany(ledger_of(past)).as_it_was()
    for history in histories(past):
        lived = past_of(history)
        known = commands_of(lived, company)
        unknown = [i.facts[0].name for n, i in enumerate(lived.inputs) if i.by_person and n not in known]
        assert set(unknown) <= {"Linked", "Unlinked", "PolicyMigrated"}


def of(run: Rerun, kind: type[F]) -> list[F]:
    """Its facts of that kind."""
    return [recorded.fact for recorded in run.history if isinstance(recorded.fact, kind)]


def acts(*lines: tuple[str, str, dict[str, str]]) -> Rehearsed:
    """A complaint of a wrong bill, then these acts, each ten minutes after the one before, and a day more."""
    script: list[Line] = [{"at": MORNING, "submit": BILL, "as": "c1"}]
    for number, (by, name, data) in enumerate(lines, start=1):
        script.append({"at": _at(number), "do": name, "on": "c1", "by": by, "data": data})
    return rehearse_lines([*script, {"until": "2026-03-04T10:00:00+08:00"}])


def _at(number: int) -> str:
    return f"2026-03-02T{10 + number // 6}:{number % 6}5:00+08:00"


VERIFIED = ("li.na", "verify_refund", {"charged": "120", "due": "100"})
PAID = ("hu.mei", "pay_refund", {"method": "adjustment", "reference": "R-1"})


@pytest.mark.clause("S002-6.1")
def test_a_refund_is_reckoned_by_the_other_policys_factor() -> None:
    past = acts(VERIFIED, PAID)
    run = lived_under(past, otherwise(past.policy, {"refund.factor": "3"}))
    assert [str(fact.refund) for fact in of(run, RefundVerified)] == ["60.00"]
    assert [str(fact.amount) for fact in of(run, RefundPaid)] == ["60.00"]


@pytest.mark.clause("S000-3.9")
def test_an_act_the_other_policy_refuses_is_named_and_kept() -> None:
    """With nobody's limit above 30 CNY a level 1 colleague may not have it paid before somebody approves."""
    past = acts(VERIFIED, PAID)
    run = lived_under(past, past.policy.replace("version = 1", "version = 9", 1), organisation=_limited("30"))
    assert [(act.person, act.command, act.code, act.requirement) for act in run.refused] == [
        ("hu.mei", "pay_refund", "approval_pending", "S000-3.9")
    ]
    assert [str(fact.amount) for fact in of(run, RefundPaid)] == ["40.00"]
    refund = fold(run.history).execution.refund
    assert [fact.subject for fact in of(run, ApprovalRequested)] == [refund and refund.subject]


def _limited(amount: str) -> str:
    text = SAMPLE_ORGANISATION.read_text()
    return text.replace('1 = "100"', f'1 = "{amount}"', 1)


def test_a_stricter_clock_is_missed_where_the_past_kept_its_own() -> None:
    past = acts(("li.na", "reply", {"kind": "explanation", "medium": "phone", "text": "您好，正在核实"}))
    run = lived_under(past, otherwise(past.policy, {"clock.first_human.target": "5m@service"}))
    missed = [fact for fact in of(run, ClockBreached) if fact.clock == "first_human"]
    assert [(m.noticed_at - m.due_at) for m in missed] == [timedelta(milliseconds=1)]


def test_references_by_version_are_led_to_where_the_fact_stands_now(tmp_path: Path) -> None:
    """A breach more before a draft moves its version: the approvals given then are for that very draft."""
    past = rehearsed("g4")
    text = otherwise(past.policy, {"clock.first_human.target": "1m@service"})
    report = answered(opener_of(tmp_path / "l.db", past.rows), text, horizon=past.until)
    assert report.study.refused_number == 0
    assert not report.study.failed


@pytest.mark.parametrize("complaints", [60, pytest.param(600, marks=pytest.mark.long)])
def test_synthetic_lives_give_again_what_is_recorded(complaints: int) -> None:
    """Those whose story ends before the ledger does are compared up to their end."""
    source = asyncio.run(synthetic.rehearsed(seed=11, times=1))
    store = MemoryStore()
    with closing(Ledger(store, now, unsafe=True)) as ledger:
        synthetic.fill(ledger, source, complaints * len(source.events) // len(source.lives))

    @contextmanager
    def opened() -> Iterator[Ledger]:
        yield Ledger(store, now, unsafe=True)

    report = answered(opened, synthetic_policy(store))
    assert report.study.complaints >= complaints
    assert (report.study.unlike, report.study.changed, report.study.failed) == ((), (), ())


def synthetic_policy(store: MemoryStore) -> str:
    """The policy its company published."""
    rows = [row for row in store.after(0, 2) if row.topic == "company.policy_published"]
    fact = decode(*rows[0]).fact
    assert isinstance(fact, PolicyPublished)
    return fact.text


SEALED = f"~1~{'c' * 22}~{'x' * 40}"
"""What stands for a text whose key is destroyed."""


def sealed(history: History) -> History:
    """The history of a complaint whose words nobody can read."""
    first = history[0]
    return History((first._replace(fact=first.fact.model_copy(update={"text": SEALED})), *history[1:]))


@pytest.mark.clause("S000-6.2")
def test_words_nobody_can_read_keep_the_classification_they_had() -> None:
    past = rehearsed("g12")
    history = sealed(histories(past)[0])
    company = PastCompany(ledger_of(past)).as_it_was()
    lived = past_of(history)
    again = relive_as_it_was(lived, company, past.until, commands_of(lived, company))
    assert not lived.is_readable
    assert [fact.priority for fact in of(again, Classified)] == [
        r.fact.priority for r in history if isinstance(r.fact, Classified)
    ]
    # The customer's language is told by their words, so notices differ in it.
    assert [(r.name, r.occurred_at) for r in again.history] == [(r.name, r.occurred_at) for r in history]


def test_where_the_record_falls_silent_the_re_run_ends() -> None:
    """Nobody looked after the submission: an offline one, or services that had stopped."""
    past = acts()
    history = History(histories(past)[0][:1])
    company = PastCompany(ledger_of(past)).as_it_was()
    lived = past_of(history)
    again = relive_as_it_was(lived, company, past.until, commands_of(lived, company))
    assert again.silent_since is not None
    assert max(r.recorded_at for r in again.history) < again.silent_since < past.until


def test_a_clock_set_back_before_the_last_fact_is_no_silence() -> None:
    past = rehearsed("g7")
    history = histories(past)[0]
    stepped = History((*history[:-1], history[-1]._replace(recorded_at=history[-1].recorded_at - timedelta(hours=2))))
    assert lived_again(past, stepped).silent_since is None


def test_a_message_the_past_did_not_send_ends_as_the_last_one_of_that_medium() -> None:
    at = controls.in_the_morning()
    history = controls.recorded(
        [
            controls.received(at),
            controls.started(at, "acknowledgement", medium=Medium.SMS),
            controls.failed(at, "acknowledgement#1", medium=Medium.SMS),
        ]
    )
    ends = past_of(history).ends
    asked = history[1].fact
    assert isinstance(asked, ContactStarted)
    elsewhere = asked.model_copy(update={"recipient": "13900000000"})
    by_letter = asked.model_copy(update={"medium": Medium.LETTER})
    assert isinstance(ends.of(asked, 0, at), Refused)
    assert isinstance(ends.of(elsewhere, 0, at), Refused)
    assert isinstance(ends.of(by_letter, 0, at), Delivered)


def test_two_commands_of_one_moment_are_two_inputs_and_one_command_is_one() -> None:
    past = rehearsed("g13")
    for history in histories(past):
        inputs = past_of(history).inputs
        assert [r.version for i in inputs for r in i.facts] == [r.version for r in history if not is_ours(r)]
        assert all(len({r.actor for r in i.facts if r.actor.kind == "person"}) <= 1 for i in inputs)


@pytest.mark.clause("S004-1.3")
def test_moves_between_policies_are_left_out_and_counted() -> None:
    past = rehearsed("g18")
    moved = next(h for h in histories(past) if any(r.name == "PolicyMigrated" for r in h))
    published = publication(past.policy)
    company = PastCompany(ledger_of(past), published)
    lived = past_of(moved)
    acts_ = commands_of(lived, company.as_it_was())
    run = relive_under(published.policy_id, lived, company.otherwise(), past.until, acts_)
    assert run.moves == 1
    assert {r.policy for r in run.history} == {published.policy_id}
