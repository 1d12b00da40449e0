"""How a complaint ends: not accepted, withdrawn, resolved, archived, begun again (S002-0.3, S002-3.2, S002-7.3)."""

import pytest

from events.ending import Archived, NotAccepted, Reopened, Resolved, Withdrawn
from events.envelope import Entry
from events.learning import Reviewed
from events.participation import TaskClosed, TaskOpened
from events.verification import EvidenceAdded
from events.vocabulary import EvidenceKind, Ground, Liable, Priority, ReplyKind, Resolution
from policy.policy import Policy
from tests import controls
from tests.bdd import Given, code, decided, given, refusal
from tests.controls import HOUR, SECOND
from tests.outcomes import (
    DAY,
    NOW,
    SHA,
    act,
    agreed,
    an_agreed_plan,
    called_back,
    carried_out,
    checked,
    declined_with,
    done,
    ended,
    paid,
    promised,
    proposed,
    remedy,
    resolved,
    verified,
)

PROOFS = {
    Ground.SETTLED: ("S002-7.3", "和解协议 2026-1 号,已执行"),
    Ground.DECIDED: ("S002-7.4", "(2026)京01民终1号"),
    Ground.MEDIATED: ("S002-7.5", "调解意见书 2026-7 号"),
    Ground.LAW: ("S002-7.6", "电信条例第五十五条"),
}
GROUNDS = [pytest.param(ground, proof, id=ground.value) for ground, (_, proof) in PROOFS.items()]
TRY = 3 * HOUR


def evidence(authentic: bool | None) -> Entry:
    """The judgment as a file."""
    fact = EvidenceAdded(
        name="判决书.pdf", media_type="application/pdf", sha256=SHA, kind=EvidenceKind.DOCUMENT, authentic=authentic
    )
    return act(fact)


def task(party: str | None = None, by: str = "li.na") -> Entry:
    """A part of others."""
    fact = TaskOpened(task="t1", department="logistics", person="sun.li", party=party, what="核对签收", due=NOW + DAY)
    return act(fact, by)


# --- not accepted, withdrawn ---------------------------------------------------------------------------------------


@pytest.mark.clause("S002-7.3", "S002-7.4", "S002-7.5", "S002-7.6")
@pytest.mark.parametrize(("ground", "proof"), GROUNDS)
def test_a_complaint_is_not_accepted_on_each_of_four_grounds_with_its_proof(ground: Ground, proof: str) -> None:
    answer = given(*controls.handed_out()).when("not_accept", "li.na", NOW, ground=ground.value, proof=proof)
    assert answer == [NotAccepted(ground=ground, proof=proof)]


@pytest.mark.clause("S002-7.3", "S002-7.4", "S002-7.5", "S002-7.6")
@pytest.mark.parametrize(("ground", "proof"), GROUNDS)
def test_no_ground_holds_without_its_proof(ground: Ground, proof: str) -> None:
    story = given(*controls.handed_out())
    refused = refusal(story.when("not_accept", "li.na", NOW, ground=ground.value, proof=""))
    assert (refused.code, refused.requirement) == ("proof_missing", PROOFS[ground][0])
    assert code(story.when("not_accept", "li.na", NOW, ground=ground.value)) == "proof_missing"


@pytest.mark.clause("S002-7.7")
@pytest.mark.parametrize("ground", ["too_late", "nuisance", "", "SETTLED"])
def test_there_is_no_fifth_ground(ground: str) -> None:
    assert code(given(*controls.handed_out()).when("not_accept", "li.na", NOW, ground=ground, proof="x")) == (
        "unknown_ground"
    )


@pytest.mark.clause("S002-7.4")
@pytest.mark.parametrize(("authentic", "holds"), [(True, True), (None, False), (False, False)])
@pytest.mark.parametrize("proof", ["判决书.pdf", SHA])
def test_evidence_that_proves_a_ground_was_checked(authentic: bool | None, holds: bool, proof: str) -> None:
    story = given(*controls.handed_out(), evidence(authentic))
    answer = story.when("not_accept", "li.na", NOW, ground=Ground.DECIDED, proof=proof)
    assert bool(decided(answer)) if holds else code(answer) == "evidence_unchecked"


@pytest.mark.clause("S002-7.7")
def test_what_is_resolved_is_no_longer_not_accepted() -> None:
    story = given(*ended())
    assert code(story.when("not_accept", "li.na", NOW, ground=Ground.LAW, proof="第五条")) == "already_resolved"


@pytest.mark.clause("S002-7.7")
def test_a_complaint_not_accepted_ends_and_is_accepted_again_on_new_facts() -> None:
    over = given(*controls.handed_out(), act(NotAccepted(ground=Ground.DECIDED, proof="1")))
    assert code(over.when("complete_step", "li.na", NOW, step="1")) == "closed"
    facts = over.and_then(controls.supplemented(NOW))
    assert facts.when("reopen", "li.na", NOW, reason="法院判决后的新损失") == [
        Reopened(round=2, reason="法院判决后的新损失")
    ]


def test_a_withdrawal_ends_the_procedure_at_once_in_the_customers_words() -> None:
    story = given(*controls.handed_out())
    [fact] = decided(story.when("withdraw", "li.na", NOW, words="不投诉了"))
    assert fact == Withdrawn(words="不投诉了")
    over = story.and_then(act(fact)).complaint
    assert (over.is_open, over.status) == (False, "withdrawn")


@pytest.mark.parametrize("end", [[], [called_back()]], ids=["resolved", "called back"])
def test_what_is_resolved_is_withdrawn_no_more(end: list[Entry]) -> None:
    assert code(given(*ended(), *end).when("withdraw", "li.na", NOW + DAY, words="算了")) == "already_resolved"


@pytest.mark.clause("S002-6.4", "S003-6.2")
@pytest.mark.parametrize("over", [NotAccepted(ground=Ground.LAW, proof="1"), Withdrawn(words="算了")])
def test_a_refund_owed_is_paid_and_a_promise_kept_after_the_end_too(over: NotAccepted | Withdrawn) -> None:
    story = given(*controls.handed_out(), verified(), checked(), promised(), act(over))
    assert decided(story.when("pay_refund", "hu.mei", NOW, method="adjustment", reference="ADJ-1"))
    assert decided(story.when("keep_promise", "li.na", NOW, promise="p1"))


# --- resolved ------------------------------------------------------------------------------------------------------


@pytest.mark.clause("S004-3.6")
@pytest.mark.parametrize("outcome", Resolution)
def test_nothing_is_resolved_before_it_is_verified(outcome: Resolution) -> None:
    assert code(given(*controls.handed_out()).when("resolve", "li.na", NOW, outcome=outcome)) == "not_verified"


@pytest.mark.clause("S000-3.1")
@pytest.mark.parametrize("outcome", [Resolution.CORRECTED, Resolution.PARTLY])
def test_every_complaint_gets_a_solution(outcome: Resolution) -> None:
    refused = refusal(given(*controls.handed_out(), verified()).when("resolve", "li.na", NOW, outcome=outcome))
    assert (refused.code, refused.requirement) == ("no_solution", "S000-3.1")


@pytest.mark.clause("S000-3.1", "S002-3.2")
@pytest.mark.parametrize("outcome", [Resolution.CORRECTED, Resolution.PARTLY])
def test_what_is_put_right_was_agreed_with_the_customer(outcome: Resolution) -> None:
    story = given(*controls.handed_out(), verified(), proposed(remedy()))
    assert code(story.when("resolve", "li.na", NOW, outcome=outcome)) == "not_agreed"


@pytest.mark.clause("S002-3.2")
@pytest.mark.parametrize("outcome", Resolution)
def test_an_agreed_plan_is_carried_out_to_the_last_step_first(outcome: Resolution) -> None:
    almost = given(*an_agreed_plan(), *done("1.pick_up", "1.receive"))
    refused = refusal(almost.when("resolve", "li.na", NOW, outcome=outcome))
    assert (refused.code, refused.facts["steps"]) == ("steps_open", "1.refund")
    over = almost.and_then(*done("1.refund")).when("resolve", "li.na", NOW, outcome=outcome, statement="已退款")
    assert over == [Resolved(outcome=outcome, statement="已退款")]


@pytest.mark.clause("S002-3.2")
@pytest.mark.parametrize(
    ("kind", "clear"), [(ReplyKind.EXPLANATION, True), (ReplyKind.DECISION, True), (ReplyKind.PROGRESS, False)]
)
def test_clarified_means_that_a_person_explained_it(kind: ReplyKind, clear: bool) -> None:
    story = given(*controls.handed_out(), verified(liable=Liable.CUSTOMER), controls.told(NOW, kind=kind))
    answer = story.when("resolve", "li.na", NOW, outcome="clarified")
    assert bool(decided(answer)) if clear else code(answer) == "not_explained"


@pytest.mark.clause("S002-3.2")
def test_an_explanation_given_before_the_facts_were_clear_clarifies_nothing() -> None:
    too_soon = given(*controls.handed_out(), controls.told(NOW, kind=ReplyKind.EXPLANATION), verified())
    assert code(too_soon.when("resolve", "li.na", NOW, outcome="clarified")) == "not_explained"


@pytest.mark.clause("S000-3.1")
@pytest.mark.parametrize(
    ("reason", "alternative", "clear"),
    [("未发现多收", "可随时查询账单", True), (None, "可随时查询账单", False), ("未发现多收", None, False)],
)
def test_a_refusal_with_reason_and_alternative_is_a_solution_too(
    reason: str | None, alternative: str | None, clear: bool
) -> None:
    answers = (declined_with(reason, alternative),)
    story = given(*controls.handed_out(), verified(liable=Liable.CUSTOMER), proposed(answers=answers))
    answer = story.when("resolve", "li.na", NOW, outcome="clarified")
    assert bool(decided(answer)) if clear else code(answer) == "not_explained"


@pytest.mark.clause("S002-3.2", "S002-6.2")
def test_a_wrong_charge_is_put_right_by_the_refund_once_it_is_paid() -> None:
    story = given(*controls.handed_out(), verified(), checked())
    assert code(story.when("resolve", "li.na", NOW, outcome="corrected")) == "refund_unpaid"
    assert decided(story.and_then(paid()).when("resolve", "li.na", NOW, outcome="corrected"))


@pytest.mark.clause("S001-2.1")
@pytest.mark.parametrize(
    ("cause", "statement", "known"),
    [
        ("unknown", "", False),
        ("原因不明", "", False),
        ("线路老化", "", True),
        ("unknown", "现场已灭失,无法鉴定", True),
    ],
)
def test_no_complaint_ends_with_an_unknown_cause_unless_it_is_said_why(cause: str, statement: str, known: bool) -> None:
    nobody = verified(liable=Liable.UNDETERMINED, cause=cause)
    story = given(*controls.handed_out(), nobody, proposed(remedy(steps=("call",))), agreed(), *done("1.call"))
    answer = story.when("resolve", "li.na", NOW, outcome="corrected", statement=statement)
    assert bool(decided(answer)) if known else code(answer) == "liability_unreasoned"


@pytest.mark.clause("S000-3.5", "S001-16.5")
def test_a_carriers_part_is_answered_first_and_the_owner_stays() -> None:
    waiting = given(*carried_out(), task(party="顺达快递"))
    refused = refusal(waiting.when("resolve", "li.na", NOW, outcome="corrected"))
    assert (refused.code, refused.may) == ("tasks_open", ("sun.li",))
    assert (waiting.complaint.owner, waiting.complaint.handler) == ("li.na", "li.na")
    answered = waiting.and_then(act(TaskClosed(task="t1", result="承运商认责"), "sun.li"))
    assert decided(answered.when("resolve", "li.na", NOW, outcome="corrected"))


@pytest.mark.clause("S002-1.16")
def test_a_complaint_prone_to_dispute_is_not_resolved_without_evidence() -> None:
    flag = next(iter(controls.policy().document.evidence.disputed))
    sorted_ = controls.classified(NOW, flags=(flag,))
    assert code(given(*carried_out(), sorted_).when("resolve", "li.na", NOW, outcome="corrected")) == "evidence_missing"


@pytest.mark.clause("S002-3.2")
def test_a_complaint_is_resolved_once_a_round() -> None:
    assert code(given(*ended()).when("resolve", "li.na", NOW, outcome="corrected")) == "already_resolved"


# --- archived ------------------------------------------------------------------------------------------------------


@pytest.mark.clause("S002-0.3")
def test_first_the_callback_then_the_archive() -> None:
    story = given(*ended())
    refused = refusal(story.when("archive", "li.na", NOW + DAY))
    assert (refused.code, refused.requirement) == ("not_called_back", "S002-0.3")
    assert story.and_then(called_back()).when("archive", "li.na", NOW + DAY) == [Archived(ground="called_back")]


@pytest.mark.clause("S002-0.3")
def test_nothing_is_archived_that_was_never_resolved() -> None:
    assert code(given(*carried_out()).when("archive", "li.na", NOW)) == "not_resolved"


@pytest.mark.clause("S002-0.3", "S004-6.6")
def test_a_customer_who_is_not_satisfied_is_never_filed_away() -> None:
    story = given(*ended(), called_back(satisfied=False))
    assert code(story.when("archive", "li.na", NOW + DAY)) == "customer_dissatisfied"


def tried(*hours: float) -> Given:
    """Resolved at ten, then so many hours later calls that nobody answered."""
    return given(*ended(), *(controls.not_reached(NOW + each * HOUR) for each in hours))


@pytest.mark.clause("S002-0.3", "S002-1.10", "S002-1.11")
@pytest.mark.parametrize(
    ("hours", "enough"),
    [
        ((0, 3, 6, 9), True),
        ((0, 3, 6), False),
        ((0, 3, 5.99, 9), False),
        ((0, 3, 6, 12), False),
        ((0, 24, 27, 48), True),
        ((0, 24, 27, 48.01), False),
    ],
    ids=["three after the first", "two", "one too early", "one in quiet hours", "at the end", "after the end"],
)
def test_a_customer_nobody_reaches_is_archived_after_the_attempts_the_rule_asks_for(
    hours: tuple[float, ...], enough: bool
) -> None:
    answer = tried(*hours).when("archive", "li.na", NOW + 72 * HOUR)
    assert answer == [Archived(ground="callback_exhausted")] if enough else code(answer) == "not_called_back"


@pytest.mark.clause("S002-0.3", "S002-1.10")
@pytest.mark.parametrize(("after", "over"), [(-SECOND, False), (0 * SECOND, True)])
def test_the_window_of_the_attempts_has_to_pass(after: object, over: bool) -> None:
    answer = tried(0, 3, 6, 9).when("archive", "li.na", NOW + 48 * HOUR + after)  # type: ignore[operator]
    assert bool(decided(answer)) if over else code(answer) == "not_called_back"


@pytest.mark.clause("S002-0.3")
def test_attempts_made_before_the_resolution_are_no_callback() -> None:
    before = [controls.not_reached(NOW + hours * HOUR) for hours in (0, 3, 6, 9)]
    story = given(*carried_out(), controls.told(NOW), *before, resolved(NOW + 10 * HOUR))
    assert code(story.when("archive", "li.na", NOW + 72 * HOUR)) == "not_called_back"


@pytest.mark.clause("S000-6.1")
def test_a_red_complaint_is_reviewed_before_it_is_archived_others_need_not_be() -> None:
    answers = dict.fromkeys(("what", "why", "when", "where", "who", "how", "cause", "lesson"), "已查明")
    red = given(*ended(), controls.classified(NOW, priority=Priority.RED), called_back())
    assert code(red.when("archive", "li.na", NOW + DAY)) == "review_missing"
    reviewed = red.and_then(act(Reviewed(**answers, no_action="-"), "wang.fang"))
    assert decided(reviewed.when("archive", "li.na", NOW + DAY))
    assert decided(given(*ended(), called_back()).when("archive", "li.na", NOW + DAY))


ACKNOWLEDGED = (controls.started(NOW), controls.delivered(NOW))
"""The machine's receipt reached the customer."""


def unanswered(*more: Entry) -> Given:
    """A wrong charge paid back by rule; nobody spoke with the customer, and four calls back reached nobody."""
    calls = [controls.not_reached(NOW + each * HOUR) for each in (0, 3, 6, 9)]
    return given(*controls.handed_out(), *ACKNOWLEDGED, verified(), checked(), paid(), *more, resolved(), *calls)


@pytest.mark.clause("S003-3.4")
def test_no_complaint_is_filed_away_with_nothing_but_a_machines_receipt() -> None:
    assert code(unanswered().when("archive", "li.na", NOW + 72 * HOUR)) == "not_answered"
    assert decided(unanswered(controls.told(NOW)).when("archive", "li.na", NOW + 72 * HOUR))


@pytest.mark.clause("S003-3.4")
def test_an_approved_letter_answers_though_a_machine_carried_it() -> None:
    carried = controls.delivered(NOW)
    letter = carried._replace(fact=carried.fact.model_copy(update={"kind": ReplyKind.DECISION, "approved": True}))
    assert decided(unanswered(letter).when("archive", "li.na", NOW + 72 * HOUR))


@pytest.mark.clause("S003-3.4")
def test_whoever_was_called_back_or_agreed_was_spoken_with() -> None:
    paid_back = given(*controls.handed_out(), *ACKNOWLEDGED, verified(), checked(), paid(), resolved(), called_back())
    assert decided(paid_back.when("archive", "li.na", NOW + DAY))
    calls = [controls.not_reached(NOW + each * HOUR) for each in (0, 3, 6, 9)]
    assert decided(given(*carried_out(), resolved(), *calls).when("archive", "li.na", NOW + 72 * HOUR))


@pytest.mark.clause("S003-3.4")
def test_a_customer_nobody_could_reach_all_along_may_be_filed_away_unanswered_in_that_round_alone() -> None:
    assert decided(unanswered(controls.exhausted(NOW)).when("archive", "li.na", NOW + 72 * HOUR))
    begun_again = [act(Reopened(round=2, reason="不满意")), verified(), checked("40.04"), paid()]
    again = unanswered(controls.exhausted(NOW), resolved(), *begun_again)
    assert code(again.when("archive", "li.na", NOW + 72 * HOUR)) == "not_answered"


@pytest.mark.clause("S002-3.4")
def test_a_file_lacking_evidence_a_finding_rests_on_is_not_archived() -> None:
    story = given(*controls.handed_out(), verified(evidence=(SHA,)), controls.told(NOW), resolved(), called_back())
    assert code(story.when("archive", "li.na", NOW + DAY)) == "file_incomplete"
    assert decided(story.and_then(evidence(True)).when("archive", "li.na", NOW + DAY))


@pytest.mark.parametrize(
    ("fact", "ground"),
    [(NotAccepted(ground=Ground.LAW, proof="1"), "not_accepted"), (Withdrawn(words="算了"), "withdrawn")],
)
def test_what_was_not_accepted_or_withdrawn_is_archived_as_such(fact: NotAccepted | Withdrawn, ground: str) -> None:
    assert given(*controls.handed_out(), act(fact)).when("archive", "li.na", NOW) == [Archived(ground=ground)]


@pytest.mark.clause("S002-0.3")
def test_a_file_is_closed_once() -> None:
    filed = given(*ended(), called_back(), act(Archived(ground="called_back")))
    assert code(filed.when("archive", "li.na", NOW + DAY)) == "already_archived"


# --- begun again ---------------------------------------------------------------------------------------------------


@pytest.mark.clause("S004-6.6")
@pytest.mark.parametrize(
    "end",
    [
        [],
        [called_back()],
        [called_back(), act(Archived(ground="called_back"))],
    ],
    ids=["resolved", "called back", "archived"],
)
def test_however_it_ended_it_can_begin_again(end: list[Entry]) -> None:
    again = given(*ended(), *end).when("reopen", "li.na", NOW + DAY, reason="客户来电不满")
    assert again == [Reopened(round=2, reason="客户来电不满")]


@pytest.mark.clause("S004-6.6")
def test_a_complaint_still_being_worked_on_is_not_reopened() -> None:
    assert code(given(*carried_out()).when("reopen", "li.na", NOW, reason="x")) == "still_open"


@pytest.mark.clause("S004-6.6", "S004-3.6")
def test_a_new_round_begins_with_verification_and_keeps_what_was_recorded() -> None:
    again = given(*ended(), act(Reopened(round=2, reason="不满意")))
    assert code(again.when("resolve", "li.na", NOW, outcome="corrected")) == "not_verified"
    assert code(again.when("complete_step", "li.na", NOW, step="1")) == "not_agreed"
    assert len(again.complaint.verification.findings) == len(again.complaint.solution.proposals) == 1


@pytest.mark.clause("S003-5.7", "S001-2.3")
@pytest.mark.parametrize(
    ("story", "clock"),
    [
        ([*an_agreed_plan()], "execution"),
        ([*ended()], "callback"),
        ([*ended(), called_back()], "archive"),
        ([*controls.handed_out(), verified(), checked()], "refund"),
        ([*ended(), act(Reopened(round=2, reason="不满意"))], "solution"),
    ],
    ids=["agreed", "resolved", "called back", "refund checked", "reopened"],
)
def test_no_step_to_the_end_is_left_without_a_clock(story: list[Entry], clock: str) -> None:
    policy: Policy = controls.policy()
    case = given(*story).case
    readings = policy.clocks.readings(case.history, case.complaint, NOW + DAY)
    assert clock in {reading.clock for reading in readings if reading.stopped_at is None and reading.due_at}
