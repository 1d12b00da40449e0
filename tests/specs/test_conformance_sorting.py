"""Checks of reception, sorting and links: one case a message, one policy, facets by their reasons, red when due."""

import pytest

from events.envelope import Entry
from events.handling import Classified
from events.links import Linked, Unlinked
from events.participation import PolicyMigrated
from events.understanding import InformationRequested, UnderstandingConfirmed
from events.verification import Verified
from events.vocabulary import Category, Complexity, Liable, Nature, Priority, Relation
from services.compliance.conformance import links, reception, sorting
from services.compliance.conformance.deadlines import NOTICED_WITHIN
from services.compliance.conformance.examined import Examined
from tests import controls
from tests.controls import MINUTE, SECOND, in_the_morning
from tests.examining import altered, examined, found, said, scenario, version_of, with_more

ONE, TWICE, PINNED, RECORD = (
    reception.each_message_is_one_complaint,
    reception.nothing_is_recorded_twice,
    reception.one_policy_is_pinned,
    reception.the_record_is_complete_and_nothing_is_asked_twice,
)
FACETS, WORDS, RED, NEVER_LOWERED = (
    sorting.facets_follow_from_their_reasons,
    sorting.sorted_by_its_words,
    sorting.red_when_red_is_due,
    sorting.no_machine_lowers_red,
)
HANDLED_ONCE, MUTUAL = links.a_duplicate_is_handled_once, links.links_are_mutual_and_lasting
TEN = in_the_morning()


def by_person(
    fact: Linked | InformationRequested | UnderstandingConfirmed | Verified | PolicyMigrated,
) -> Entry:
    return Entry(fact, TEN + MINUTE, controls.person(), policy=controls.POLICY_ID)


@pytest.mark.clause("S004-1.2", "S004-1.1")
def test_the_id_follows_from_channel_and_reference_and_the_channel_brought_it() -> None:
    of = examined(controls.received())
    assert found(of, [ONE]) == []
    assert [v.requirement for v in found(altered(of, 1, said(external_ref="W-2")), [ONE])] == ["S004-1.2"]
    elsewhere = altered(of, 1, lambda r: r._replace(actor=controls.machine("workflow")))
    assert [v.requirement for v in found(elsewhere, [ONE])] == ["S004-1.1"]
    assert [v.requirement for v in found(altered(of, 1, said(number="")), [ONE])] == ["S001-14.1"]


@pytest.mark.clause("S004-1.2")
def test_the_same_content_is_recorded_once_however_often_it_comes() -> None:
    given = [*controls.handed_out(), controls.supplemented(TEN + MINUTE)]
    other = controls.supplemented(TEN + MINUTE, content="2" * 64)
    assert found(examined(*given, other), [TWICE]) == []
    assert len(found(examined(*given, controls.supplemented(TEN + MINUTE)), [TWICE])) == 1


@pytest.mark.clause("S004-1.2")
def test_a_complaint_is_added_to_as_often_as_the_policy_allows_and_no_more() -> None:
    most = controls.policy().document.record.most_supplements
    more = [controls.supplemented(TEN + MINUTE, content=f"{number:064}") for number in range(1, most + 2)]
    assert found(examined(*controls.handed_out(), *more[:-1]), [TWICE]) == []
    assert len(found(examined(*controls.handed_out(), *more), [TWICE])) == 1


def test_every_fact_names_the_policy_the_complaint_is_pinned_to() -> None:
    of = examined(*controls.handed_out())
    assert found(of, [PINNED]) == []
    strange = altered(of, 3, lambda r: r._replace(policy="default-cn@2"))
    assert [v.requirement for v in found(strange, [PINNED])] == ["M8"]
    moved = PolicyMigrated(former="default-cn@7", to=controls.POLICY_ID, reason="新规")
    assert len(found(with_more(of, by_person(moved)), [PINNED])) == 1


@pytest.mark.clause("S002-1.4", "S001-4.3")
def test_the_record_says_who_and_what_before_it_is_verified_and_nothing_is_asked_twice() -> None:
    finding = by_person(Verified(facts="多收", liable=Liable.COMPANY, cause="billing.overcharge"))
    assert found(examined(*controls.handed_out(), finding), [RECORD]) == []
    nameless = controls.customer(name=None)
    told = found(examined(*controls.handed_out(customer=nameless), finding), [RECORD])
    assert {violation.requirement for violation in told} == {"S002-1.4"}
    asked = by_person(InformationRequested(what="购买凭证", reason="核对"))
    assert found(examined(*controls.handed_out(), asked), [RECORD]) == []
    assert [v.requirement for v in found(examined(*controls.handed_out(), asked, asked), [RECORD])] == ["S001-4.3"]
    known = by_person(InformationRequested(what="请提供您的姓名", reason="核对"))
    assert [v.who for v in found(examined(*controls.handed_out(), known), [RECORD])] == ["li.na"]


@pytest.mark.clause("S001-16.3")
async def test_a_facet_that_its_reasons_deny_is_found() -> None:
    [of] = await scenario("g12")
    version = version_of(of, Classified)
    assert found(of, [FACETS, WORDS]) == []
    for changes in (
        {"nature": Nature.OPINION},
        {"sub": "billing.overcharge"},
        {"taxonomy": "cn-0"},
        {"priority": Priority.GREEN},
    ):
        assert {v.requirement for v in found(altered(of, version, said(**changes)), [FACETS])} == {"S001-16.3"}


@pytest.mark.clause("S004-2.2", "S001-16.3")
async def test_a_classification_its_words_deny_is_found_where_they_can_be_read() -> None:
    [of] = await scenario("g12")
    version = version_of(of, Classified)
    for changes, requirement in (
        ({"priority": Priority.YELLOW}, "S004-2.2"),
        ({"category": Category.BILLING}, "S001-16.3"),
        ({"complexity": Complexity.SIMPLE}, "S001-16.3"),
    ):
        wrong = altered(of, version, said(**changes))
        assert [violation.requirement for violation in found(wrong, [WORDS])] == [requirement]
        assert found(Examined(wrong.history, of.company, of.until, texts=lambda _: None), [WORDS]) == []


@pytest.mark.clause("S004-2.4", "S001-16.4")
def test_an_emotion_at_the_limit_makes_it_red_within_a_minute() -> None:
    summary = UnderstandingConfirmed(number=1, summary="很生气", confirmed=True, emotion=5)
    upset, calm = by_person(summary), by_person(summary.model_copy(update={"emotion": 4}))
    noticed = TEN + MINUTE + NOTICED_WITHIN
    red = controls.classified(noticed, Priority.RED, rules=("red:emotion>=5",))
    given = controls.handed_out()
    assert found(examined(*given, upset, red, until=noticed + MINUTE), [RED]) == []
    assert found(examined(*given, calm, until=noticed + MINUTE), [RED]) == []
    late = controls.classified(noticed + SECOND, Priority.RED, rules=("red:emotion>=5",))
    assert [v.requirement for v in found(examined(*given, upset, late), [RED])] == ["S004-2.4"]
    assert [v.requirement for v in found(examined(*given, upset, until=noticed + SECOND), [RED])] == ["S004-2.4"]


@pytest.mark.clause("S004-2.3")
async def test_a_member_of_an_incident_that_is_not_red_is_found() -> None:
    every = await scenario("g10")
    member = next(of for of in every if of.has(Linked))
    assert [violation for of in every for violation in found(of, [RED])] == []
    pale = member
    for recorded in member.all(Classified):
        pale = altered(pale, recorded.version, said(priority=Priority.YELLOW))
    assert {violation.requirement for violation in found(pale, [RED])} == {"S004-2.3"}


@pytest.mark.clause("S004-2.2")
def test_danger_in_what_was_added_later_makes_it_red() -> None:
    danger = controls.supplemented(TEN + MINUTE, text=controls.DANGEROUS)
    until = TEN + 10 * MINUTE
    given = controls.handed_out()
    assert [v.requirement for v in found(examined(*given, danger, until=until), [RED])] == ["S004-2.2"]
    harmless = controls.supplemented(TEN + MINUTE)
    assert found(examined(*given, harmless, until=until), [RED]) == []


@pytest.mark.clause("S004-2.2")
def test_no_machine_lowers_red_though_a_person_may() -> None:
    lowered = controls.classified(TEN + MINUTE, Priority.GREEN)
    assert len(found(examined(*controls.red(), lowered), [NEVER_LOWERED])) == 1
    by_hand = Entry(lowered.fact, TEN + MINUTE, controls.person())
    assert found(examined(*controls.red(), by_hand), [NEVER_LOWERED]) == []


@pytest.mark.clause("S004-1.2")
async def test_what_people_do_to_a_merged_complaint_is_found_unless_the_link_was_undone() -> None:
    every = await scenario("g11")
    merged = next(of for of in every if of.complaint.links.merged_into)
    word = Entry(UnderstandingConfirmed(number=1, summary="多收", confirmed=True), TEN, controls.person())
    assert found(merged, [HANDLED_ONCE, MUTUAL]) == []
    assert [v.who for v in found(with_more(merged, word), [HANDLED_ONCE])] == ["li.na"]
    lead = merged.complaint.links.merged_into
    assert lead is not None
    undone = Unlinked(to=lead, relation=Relation.DUPLICATE, reason="不同账单")
    free = with_more(merged, Entry(undone, TEN, controls.person()), word)
    assert found(free, [HANDLED_ONCE]) == []


@pytest.mark.clause("S004-1.2", "S004-2.3")
async def test_a_link_the_other_side_does_not_answer_is_found() -> None:
    every = await scenario("g11")
    merged = next(of for of in every if of.complaint.links.merged_into)
    lead = merged.other(merged.complaint.links.merged_into or merged.complaint.complaint_id)
    assert lead is not None
    before = Examined(lead.upto(version_of(lead, Linked) - 1), lead.company, lead.until)
    silent = Examined(merged.history, merged.company, merged.until, others=lambda _: before)
    assert ["未指明" in violation.zh for violation in found(silent, [MUTUAL])] == [True]
    gone = Examined(merged.history, merged.company, merged.until)
    assert ["不存在" in violation.zh for violation in found(gone, [MUTUAL])] == [True]


@pytest.mark.clause("S004-1.2")
def test_no_rule_links_again_what_a_person_undid_and_nothing_is_linked_to_itself() -> None:
    other = controls.some_streams(1)[0]
    link = Linked(to=other, relation=Relation.REPEAT, reason="links.repeat")
    undone = Unlinked(to=other, relation=Relation.REPEAT, reason="不同")
    again = [
        Entry(link, TEN, controls.machine("intake")),
        Entry(undone, TEN, controls.person()),
        Entry(link, TEN, controls.machine("intake")),
    ]
    told = found(examined(*controls.handed_out(), *again), [MUTUAL])
    assert ["又由规则建立" in violation.zh for violation in told] == [True]
    by_hand = link.model_copy(update={"reason": "同一事由"})
    more = [*again[:2], Entry(by_hand, TEN, controls.person())]
    assert found(examined(*controls.handed_out(), *more), [MUTUAL]) == []
    itself = Linked(to=controls.C1, relation=Relation.REPEAT, reason="同一事由")
    told = found(examined(*controls.handed_out(), by_person(itself)), [MUTUAL])
    assert ["自身" in violation.zh for violation in told] == [True]
