"""Which complaints belong together: duplicates across channels, repeats, and how people join and part them (M15)."""

from itertools import permutations
from typing import Any

import pytest

from events.commands import Refusal
from events.complaint import Case, Complaint
from events.envelope import Entry, StreamId, complaint_id
from events.folding import case, fold
from events.links import Linked, Unlinked
from events.vocabulary import Medium, Relation
from policy.document import InvalidPolicy
from policy.document import parse as parse_policy
from policy.policy import DEFAULT_POLICY
from policy.sorting.links import customer_keys, similarity
from services.intake.linking import Linking
from services.intake.submission import parse
from tests import controls
from tests.bdd import Company, code, decided, given, refusal
from tests.controls import C1, HOUR, MINUTE, SECOND, person, received
from tests.times import at

NOW = at("2026-03-02 10:00")
DAY = 24 * HOUR
HEATING = "三月一日买的充电器用了两天就发热,客服一直不处理,要求退款。"
TRADITIONAL = "三月一日買(mǎi)的充電器用了兩天就發熱,客服一直不處理,要求退款。"
UNANSWERED = "客服电话打了没有人接,请给我回电。"
C2 = complaint_id("app", "second")

pytestmark = pytest.mark.clause("S004-1.2")


async def submit(company: Company, ref: str, text: str = HEATING, channel: str = "", **more: Any) -> StreamId:
    """One complaint of Zhang San, by a channel of its own unless named."""
    receipt = await company.submit(channel=channel or ref, external_ref=ref, text=text, **more)
    await company.linking.look([receipt.complaint_id])
    return receipt.complaint_id


def links(company: Company, stream: StreamId) -> set[tuple[StreamId, Relation, bool]]:
    return {(link.to, link.relation, link.leads) for link in complaint(company, stream).links.every}


def complaint(company: Company, stream: StreamId) -> Complaint:
    return fold(company.ledger.load(stream))


def by(phone: str, **more: Any) -> dict[str, Any]:
    return {"contacts": [{"medium": "phone", "address": phone}], **more}


async def test_the_same_matter_by_another_channel_is_merged_into_the_earlier_complaint() -> None:
    company = Company(NOW)
    first, second = await submit(company, "web"), await submit(company, "app", TRADITIONAL)
    assert links(company, second) == {(first, Relation.DUPLICATE, False)}
    assert links(company, first) == {(second, Relation.DUPLICATE, True)}
    assert (complaint(company, first).is_open, complaint(company, second).is_open) == (True, False)


@pytest.mark.parametrize(
    ("why", "changes"),
    [
        ("another customer", {"customer": by("13900000000")}),
        ("another matter", {"text": UNANSWERED}),
        ("another order", {"order_ref": "O-2"}),
        ("another product", {"product": "手机"}),
        ("the channel itself numbers it anew", {"channel": "web"}),
    ],
)
async def test_what_differs_in_one_of_these_is_no_duplicate(why: str, changes: dict[str, Any]) -> None:
    company = Company(NOW)
    await submit(company, "web", order_ref="O-1", product="充电器")
    second = await submit(company, **{"ref": "app", "order_ref": "O-1", "product": "充电器", **changes})
    assert complaint(company, second).links.merged_into is None, why


@pytest.mark.parametrize(("later", "relation"), [(7 * DAY, Relation.DUPLICATE), (7 * DAY + SECOND, Relation.REPEAT)])
async def test_a_duplicate_comes_within_a_week_and_is_a_repeat_after_it(later: Any, relation: Relation) -> None:
    company = Company(NOW)
    first = await submit(company, "web")
    company.clock.set(NOW + later)
    assert links(company, await submit(company, "app")) == {(first, relation, False)}


@pytest.mark.clause("S002-4.2")
@pytest.mark.parametrize(("later", "linked"), [(30 * DAY, True), (30 * DAY + SECOND, False)])
async def test_who_complains_of_the_same_order_within_a_month_complains_repeatedly(later: Any, linked: bool) -> None:
    company = Company(NOW)
    first = await submit(company, "web", order_ref="O-1")
    company.clock.set(NOW + later)
    second = await submit(company, "app", UNANSWERED, order_ref="O-1")
    assert links(company, second) == ({(first, Relation.REPEAT, False)} if linked else set())


@pytest.mark.clause("S002-4.2")
async def test_a_repeat_goes_up_and_both_complaints_stay_open() -> None:
    company = Company(NOW)
    first, second = (
        await submit(company, "web", order_ref="O-1"),
        await submit(company, "web-2", UNANSWERED, order_ref="O-1"),
    )
    await company.look(first, second)
    assert "repeat" in [step.cause for step in complaint(company, second).escalations]
    assert complaint(company, first).is_open and complaint(company, second).is_open
    assert complaint(company, first).escalations == ()


async def test_nothing_is_merged_into_a_complaint_that_has_ended() -> None:
    company = Company(NOW)
    first = await submit(company, "web")
    assert not isinstance(await company.command("withdraw", "li.na", first, data={"words": "不用了"}), Refusal)
    assert links(company, await submit(company, "app")) == {(first, Relation.REPEAT, False)}


async def test_every_complaint_keeps_its_own_acknowledgement_also_a_merged_one() -> None:
    company = Company(NOW)
    both = [await submit(company, "web"), await submit(company, "app")]
    await company.look(*both)
    assert ["Replied" in company.names(stream) for stream in both] == [True, True]


async def test_what_was_parted_by_a_person_is_not_joined_again_by_a_rule() -> None:
    company = Company(NOW)
    first, second = await submit(company, "web"), await submit(company, "app")
    third = await submit(company, "mail")
    await company.command("unlink", "li.na", second, data={"to": first, "reason": "另一只充电器"})
    for _ in range(2):
        await company.look(first, second, third)
    assert links(company, second) == set()
    assert links(company, first) == {(third, Relation.DUPLICATE, True)}


async def test_either_of_the_two_may_be_told_that_they_are_parted() -> None:
    company = Company(NOW)
    first, second = await submit(company, "web"), await submit(company, "app")
    await company.command("unlink", "li.na", first, data={"to": second, "reason": "另一只充电器"})
    await company.look(second)
    await company.look(first)
    assert links(company, first) | links(company, second) == set()


async def test_a_thousand_deliveries_of_one_message_are_one_complaint_without_links() -> None:
    company = Company(NOW)
    message = parse(controls.body(text=HEATING), NOW)
    for _ in range(10):
        await company.intake.accept_all([message] * 100)
    await company.linking.look([C1])
    assert company.names() == ["Received"]


FOUR = [("web", HEATING), ("app", TRADITIONAL), ("mail", HEATING), ("phone", UNANSWERED)]


async def recorded() -> tuple[Company, list[StreamId]]:
    """Four messages of one customer that nobody has looked at."""
    company = Company(NOW)
    sent = [await company.submit(channel=ref, external_ref=ref, text=text, product="电器") for ref, text in FOUR]
    return company, [receipt.complaint_id for receipt in sent]


async def test_in_whatever_order_they_are_looked_at_the_links_are_the_same() -> None:
    ends = set()
    for order in permutations(range(len(FOUR))):
        company, streams = await recorded()
        for place in order:
            await company.linking.look([streams[place]])
        ends.add(tuple(frozenset(links(company, stream)) for stream in streams))
    assert len(ends) == 1
    assert all(ends.pop())


class Killed(Exception):
    """The process ended here."""


@pytest.mark.parametrize("commits", range(6))
async def test_a_look_that_dies_anywhere_is_mended_by_the_next_one(
    commits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, streams = await recorded()
    await whole.linking.look(streams)
    company, _ = await recorded()
    writer = company.ledger.writer(company.linking._writer.service)
    left = iter([True] * commits)

    class Dying:
        """A writer whose process ends after so many commits."""

        ledger, service = writer.ledger, writer.service

        async def append_all(self, appends: Any) -> Any:
            if appends and not next(left, False):
                raise Killed
            return await writer.append_all(appends)

    dying = Linking(Dying(), company.policies, company.clock)  # type: ignore[arg-type]
    for stream in streams:
        try:
            await dying.look([stream])
        except Killed:
            break
    for stream in streams:  # the broker delivers what was not acknowledged again, to a new process
        await Linking(writer, company.policies, company.clock).look([stream])
    assert [links(company, stream) for stream in streams] == [links(whole, stream) for stream in streams]


def another(moment: Any = NOW - HOUR, *more: Entry, **changes: Any) -> Complaint:
    """An earlier complaint of the same customer."""
    return fold(controls.recorded([received(moment, channel="app", external_ref="second", **changes), *more], C2))


def linked(to: StreamId = C2, relation: Relation = Relation.DUPLICATE, *, leads: bool = False) -> Entry:
    fact = Linked(to=to, relation=relation, reason="links.duplicate", leads=leads)
    return Entry(fact, NOW, controls.machine("intake"), policy=controls.POLICY_ID)


@pytest.mark.parametrize("relation", list(Relation))
def test_a_person_joins_two_complaints_and_the_later_one_follows(relation: Relation) -> None:
    [fact] = decided(
        given(received(NOW)).beside(another()).when("link", "li.na", NOW, to=C2, relation=relation, reason="同一事")
    )
    assert isinstance(fact, Linked)
    assert (fact.to, fact.relation, fact.leads) == (C2, relation, False)


def test_told_to_the_earlier_complaint_the_later_one_follows_all_the_same() -> None:
    later = another(NOW + MINUTE)
    [fact] = decided(
        given(received(NOW))
        .beside(later)
        .when("link", "li.na", NOW + HOUR, to=C2, relation="duplicate", reason="同一事")
    )
    assert isinstance(fact, Linked)
    assert fact.leads


async def test_a_link_made_at_the_earlier_complaint_merges_the_later_one() -> None:
    company = Company(NOW)
    first = await submit(company, "web")
    company.clock.set(NOW + MINUTE)
    second = await submit(company, "app", UNANSWERED, order_ref="O-9")
    await company.command("link", "li.na", first, data={"to": second, "relation": "duplicate", "reason": "同一事"})
    await company.look(first)
    assert complaint(company, second).links.merged_into == first


def a_link(
    *,
    to: StreamId = C2,
    relation: str = "duplicate",
    by: str = "li.na",
    beside: Complaint | None = None,
    entries: tuple[Entry, ...] = (),
) -> object:
    there = given(received(NOW), *entries).beside(beside or another())
    return there.when("link", by, NOW + HOUR, to=to, relation=relation, reason="同一事")


def test_a_complaint_is_not_joined_to_itself_or_to_nothing() -> None:
    assert code(a_link(to=C1)) == "link_to_itself"
    assert code(a_link(to=complaint_id("web", "nobody"))) == "no_such_complaint"


@pytest.mark.parametrize("relation", [Relation.DUPLICATE, Relation.REPEAT])
def test_a_link_said_twice_is_recorded_once_also_on_the_duplicate_itself(relation: Relation) -> None:
    assert a_link(entries=(linked(relation=relation),), relation=relation.value) == []


def test_no_circle_of_merged_complaints_can_arise() -> None:
    assert code(a_link(beside=another(NOW - HOUR, linked(C1)))) == "link_circle"
    elsewhere = complaint_id("mail", "third")
    assert refusal(a_link(beside=another(NOW - HOUR, linked(elsewhere)))).facts["lead"] == elsewhere
    assert code(a_link(entries=(linked(elsewhere),))) == "merged"


@pytest.mark.clause("S002-7.1")
def test_whoever_is_accused_in_the_other_complaint_joins_and_parts_nothing() -> None:
    accused = another(accused=("li.na",))
    found = refusal(a_link(beside=accused))
    assert (found.code, found.recorded) == ("recused", True)
    joined = given(received(NOW), linked()).beside(accused)
    assert code(joined.when("unlink", "li.na", NOW, to=C2, reason="无关")) == "recused"


@pytest.mark.parametrize(("relation", "refused"), [("duplicate", True), ("incident", True), ("repeat", False)])
def test_to_a_complaint_that_has_ended_only_a_repeat_is_joined(relation: str, refused: bool) -> None:
    ended = another()
    ended = ended._replace(ending=ended.ending._replace(closed="archived"))
    assert isinstance(a_link(beside=ended, relation=relation), Refusal) is refused


def test_parting_needs_a_link_and_its_kind_where_there_are_several() -> None:
    two = (linked(relation=Relation.REPEAT), linked(relation=Relation.INCIDENT))
    assert code(given(received(NOW)).when("unlink", "li.na", NOW, to=C2, reason="无关")) == "not_linked"
    assert code(given(received(NOW), *two).when("unlink", "li.na", NOW, to=C2, reason="无关")) == "which_link"
    [fact] = decided(given(received(NOW), *two).when("unlink", "li.na", NOW, to=C2, relation="repeat", reason="无关"))
    assert isinstance(fact, Unlinked)
    assert fact.relation is Relation.REPEAT


async def test_a_named_complaint_is_seen_by_the_command_though_nothing_joins_them_yet() -> None:
    company = Company(NOW)
    first, second = await submit(company, "web"), await submit(company, "app", UNANSWERED, customer=by("13900000000"))
    joined = {"to": first, "relation": "repeat", "reason": "家人代投"}
    assert not isinstance(await company.command("link", "li.na", second, data=joined), Refusal)
    unknown = {**joined, "to": complaint_id("web", "nobody")}
    assert code(await company.command("link", "li.na", second, data=unknown)) == "no_such_complaint"


@pytest.mark.parametrize(
    "address", ["13800000000", "+86 138-0000-0000", "0086 138 0000 0000", "１３８００００００００"]
)
def test_one_telephone_is_one_customer_however_it_is_written(address: str) -> None:
    prefixes = controls.policy().document.links.dial_prefixes
    phone = controls.customer((Medium.SMS, address))
    assert customer_keys(phone, prefixes) == customer_keys(controls.BY_PHONE, prefixes) != frozenset()


def test_a_name_alone_makes_nobody_the_same_customer() -> None:
    assert customer_keys(controls.customer(), ()) == frozenset()


def test_texts_are_compared_once_script_width_and_reading_aids_are_folded() -> None:
    normal = controls.policy().triager.normal
    assert similarity(normal(HEATING), normal(TRADITIONAL)) == 1
    assert similarity(normal(HEATING), normal(UNANSWERED)) < controls.policy().document.links.duplicate.similarity


def test_a_policy_that_forgets_before_its_own_rules_look_back_is_refused() -> None:
    text = DEFAULT_POLICY.read_text()
    with pytest.raises(InvalidPolicy, match=r"links\.remember"):
        parse_policy(text.replace('remember = "45d"', 'remember = "29d"'))


def kinds(found: Case) -> list[str]:
    return [recorded.name for recorded in found.history]


def test_a_link_and_its_undoing_leave_the_complaint_as_it_was() -> None:
    parted = Entry(
        Unlinked(to=C2, relation=Relation.DUPLICATE, reason="无关"), NOW, person(), policy=controls.POLICY_ID
    )
    found = case(controls.recorded([received(NOW), linked(), parted]))
    assert kinds(found) == ["Received", "Linked", "Unlinked"]
    assert found.complaint.is_open
    assert [link.to for link in found.complaint.links.undone] == [C2]
