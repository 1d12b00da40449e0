"""Links to what is merged itself, more links than one complaint keeps, the undoing of one of two (M15, ADR 0013)."""

from typing import Any

import pytest

from events.complaint import Case, Complaint
from events.envelope import Entry, StreamId
from events.fact import Fact
from events.folding import fold
from events.links import Linked, Unlinked
from events.vocabulary import Relation
from services.intake.linking import Word, mirror
from tests import controls
from tests.bdd import Company, facts
from tests.controls import C1, HOUR, machine, received
from tests.times import at

NOW = at("2026-03-02 10:00")
HEATING = "三月一日买的充电器用了两天就发热,客服一直不处理,要求退款。"
UNANSWERED = "客服电话打了没有人接,请给我回电。"
MIRRORED = controls.policy().document.links.mirrored

pytestmark = pytest.mark.clause("S004-1.2")


async def submit(company: Company, channel: str, text: str, **more: Any) -> StreamId:
    """One complaint of Zhang San, looked at for links."""
    receipt = await company.submit(channel=channel, external_ref=channel, text=text, **more)
    await company.linking.look([receipt.complaint_id])
    return receipt.complaint_id


async def merge(company: Company, later: StreamId, earlier: StreamId) -> None:
    data = {"to": earlier, "relation": "duplicate", "reason": "同一事"}
    assert not isinstance(answer := await company.command("link", "li.na", later, data=data), Exception), answer
    await company.look(later, earlier)


def complaint(company: Company, stream: StreamId) -> Complaint:
    return fold(company.ledger.load(stream))


async def two_merged(company: Company) -> tuple[StreamId, StreamId]:
    """Told in other words, the second was merged into the first by a person."""
    first, second = await submit(company, "web", HEATING), await submit(company, "app", UNANSWERED)
    await company.command("unlink", "li.na", second, data={"to": first})  # a rule called it a repeat
    await merge(company, second, first)
    return first, second


async def test_what_repeats_a_merged_complaint_is_merged_into_the_one_it_is_handled_in() -> None:
    company = Company(NOW)
    first, second = await two_merged(company)
    assert complaint(company, second).links.merged_into == first
    third = await submit(company, "mail", UNANSWERED)
    assert complaint(company, third).links.merged_into == first


async def test_nothing_is_merged_where_the_complaint_it_is_handled_in_has_ended() -> None:
    company = Company(NOW)
    first, _ = await two_merged(company)
    await company.command("withdraw", "li.na", first, data={"words": "不用了"})
    third = complaint(company, await submit(company, "mail", UNANSWERED))
    assert (third.links.merged_into, third.links.related(Relation.REPEAT)) == (None, (first,))


@pytest.mark.clause("S001-1.1")
async def test_undoing_the_last_of_a_chain_leaves_the_middle_one_standing_still() -> None:
    company = Company(NOW)
    middle, last = await submit(company, "app", HEATING), await submit(company, "mail", HEATING)
    assert complaint(company, last).links.merged_into == middle
    lead = await submit(company, "web", UNANSWERED, customer={"name": "张三"}, occurred_at=(NOW - HOUR).isoformat())
    await merge(company, middle, lead)
    before = standing(company, middle)
    await company.command("unlink", "li.na", last, data={"to": middle, "reason": "另一只充电器"})
    await company.look(last, middle)
    undone = [r.fact for r in company.ledger.load(middle) if isinstance(r.fact, Unlinked)]
    assert [(fact.to, fact.leads) for fact in undone] == [(last, True)]
    assert before == standing(company, middle) != {}
    assert "paused" in before.values()
    assert "paused" not in standing(company, last).values()


def standing(company: Company, stream: StreamId) -> dict[str, str]:
    """The state of each clock that people keep."""
    history = company.ledger.load(stream)
    clocks = controls.policy().clocks.readings(history, fold(history), NOW)
    return {reading.clock: str(reading.state.value) for reading in clocks}


def led(number: int, relation: Relation, **more: Any) -> Case:
    """A complaint that so many others follow."""
    links = [fact(Linked(to=StreamId(f"o-{n}"), relation=relation, reason="r", leads=True)) for n in range(number)]
    return controls.a_case(received(NOW, **more), *links)


def fact(what: Fact) -> Entry:
    return Entry(what, NOW, machine("intake"), policy=controls.POLICY_ID)


def answered(case: Case, said: Linked) -> list[Fact]:
    return facts(mirror(case, [Word(StreamId("new"), said, 10**9)], controls.policy(), controls.company(), NOW))


@pytest.mark.parametrize("relation", list(Relation))
@pytest.mark.parametrize(("before", "kept"), [(MIRRORED - 1, 1), (MIRRORED, 0)])
def test_a_complaint_names_so_many_that_follow_it_and_no_more(relation: Relation, before: int, kept: int) -> None:
    assert len(answered(led(before, relation), Linked(to=C1, relation=relation, reason="r"))) == kept


@pytest.mark.parametrize("relation", list(Relation))
def test_who_follows_is_told_whatever_it_leads_itself(relation: Relation) -> None:
    [mine] = answered(led(MIRRORED, relation), Linked(to=C1, relation=relation, reason="r", leads=True))
    assert isinstance(mine, Linked)
    assert not mine.leads


@pytest.mark.clause("S002-7.1")
@pytest.mark.parametrize(("accused_here", "kept"), [((), 1), (("zhang.wei",), 0)])
def test_one_more_colleague_accused_is_known_however_many_links_there_are(
    accused_here: tuple[str, ...], kept: int
) -> None:
    said = Linked(to=C1, relation=Relation.DUPLICATE, reason="r", accused=("zhang.wei", "谁也不是"))
    assert len(answered(led(MIRRORED, Relation.DUPLICATE, accused=accused_here), said)) == kept
