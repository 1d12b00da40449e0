"""Approvals: of exactly what was read, in turn, by others than the author; an edit voids them (S002-1.14, 1.15)."""

import hashlib
from typing import Any

import pytest

from events.contact import ContactStarted, Replied, RetryAttempted
from events.envelope import Entry
from events.solution import ApprovalGiven, ApprovalRefused, ApprovalRequested, ReplyDrafted
from events.vocabulary import Medium, Outcome, ReplyKind
from policy.contacting.written import message_name
from services.notifier.senders.port import Delivered, Refused
from tests import controls
from tests.bdd import Given, code, decided, facts, refusal
from tests.controls import HOUR, MINUTE
from tests.solutions import LATER, after, offer, ready, requested

MAIL = {"kind": "decision", "medium": "email", "text": "经核实,我们将退款50元。"}
SHA = hashlib.sha256(MAIL["text"].encode()).hexdigest()
WRITTEN = (("department", "wang.fang"), ("legal", "chen.jie"), ("manager", "zhao.lei"))


def looked(state: Given) -> Given:
    """The complaint after the workflow's look."""
    return state.and_then(*state.workflow_looks(LATER).entries)


def drafted(**changes: str) -> Given:
    """A written reply of li.na that waits for its approvals."""
    state = ready()
    state = state.and_then(*state.workflow_looks(LATER).entries)
    return looked(after(state, "reply", "li.na", **MAIL | changes))


def about(state: Given, **changes: str) -> dict[str, str]:
    """Data of an approval of the latest draft."""
    fact = state.complaint.solution.drafts[-1].fact
    return {"subject": fact.subject, "content_sha256": fact.content_sha256, "as_role": "legal", **changes}


def approved(state: Given, *given: tuple[str, str]) -> Given:
    for role, person in given:
        state = after(state, "approve", person, **about(state, as_role=role))
    return state


def mails(state: Given, **ended: Any) -> list[ContactStarted]:
    """The emails the notifier starts now."""
    started = [f for f in facts(state.notifier_looks(LATER + MINUTE, **ended)) if isinstance(f, ContactStarted)]
    return [fact for fact in started if fact.kind is ReplyKind.DECISION and fact.notice.startswith("reply-")]


@pytest.mark.clause("S002-1.14")
@pytest.mark.parametrize("medium", ["email", "letter"])
def test_a_written_reply_is_drafted_and_waits_for_department_and_legal_then_the_manager(medium: str) -> None:
    state = drafted(medium=medium)
    [draft] = state.complaint.solution.drafts
    assert (draft.fact.medium, draft.fact.content_sha256, draft.by) == (medium, SHA, "li.na")
    [asked] = state.complaint.solution.approvals
    assert (asked.subject, asked.content_sha256, asked.author) == (draft.fact.subject, SHA, "li.na")
    assert (asked.rule, asked.stages) == ("approval.written_reply", (("department", "legal"), ("manager",)))


@pytest.mark.clause("S002-1.14")
def test_a_spoken_reply_waits_for_nobody() -> None:
    [told] = decided(ready().when("reply", "li.na", LATER, **MAIL | {"medium": "phone"}))
    assert isinstance(told, Replied)


def test_approval_of_the_same_words_is_asked_for_once() -> None:
    state = drafted()
    assert not [fact for fact in facts(state.workflow_looks(LATER)) if isinstance(fact, ApprovalRequested)]


@pytest.mark.clause("S002-1.14", "S002-1.15")
def test_department_and_legal_in_any_order_then_the_manager() -> None:
    for first, second in ((0, 1), (1, 0)):
        state = approved(drafted(), WRITTEN[first])
        assert code(state.when("approve", "zhao.lei", LATER, **about(state, as_role="manager"))) == "not_your_turn"
        state = approved(state, WRITTEN[second], WRITTEN[2])
        assert state.complaint.solution.approvals[-1].is_given


@pytest.mark.clause("S002-1.15")
@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_nothing_is_sent_before_the_last_approval_and_then_word_for_word(number: int) -> None:
    state = approved(drafted(), *WRITTEN[:number])
    sent = mails(state)
    assert [mail.text for mail in sent] == ([MAIL["text"]] if number == len(WRITTEN) else [])


@pytest.mark.clause("S002-1.12", "S002-1.15")
def test_it_goes_to_the_address_of_that_medium_else_back_through_the_channel() -> None:
    state = approved(drafted(), *WRITTEN)
    assert [(mail.medium, mail.recipient) for mail in mails(state)] == [(Medium.CHANNEL, "web:W-20260302-0001")]
    address = controls.customer((Medium.PHONE, controls.PHONE), (Medium.EMAIL, "zhang@example.com"))
    first, *others = state.case.history
    with_mail = controls.received(first.occurred_at, customer=address)
    again = [Entry(r.fact, r.occurred_at, r.actor, r.causation, r.policy) for r in others]
    assert [(m.medium, m.recipient) for m in mails(_given(with_mail, *again))] == [(Medium.EMAIL, "zhang@example.com")]


def _given(*entries: Entry) -> Given:
    return Given(controls.a_case(*entries), controls.company())


@pytest.mark.clause("S002-1.15")
def test_an_edit_keeps_the_subject_and_every_approval_is_void() -> None:
    state = approved(drafted(), *WRITTEN)
    edited = looked(after(state, "reply", "li.na", **MAIL | {"text": "经核实,我们将退款5元。"}))
    [draft], [asked] = edited.complaint.solution.drafts, edited.complaint.solution.approvals
    assert draft.fact.subject == state.complaint.solution.drafts[0].fact.subject
    assert (asked.given, asked.waiting_for) == ((), ("department", "legal"))
    assert mails(edited) == []


@pytest.mark.clause("S002-1.15")
def test_between_the_edit_and_the_new_request_nothing_is_sent_either() -> None:
    state = after(approved(drafted(), *WRITTEN), "reply", "li.na", **MAIL | {"text": "改"})
    assert mails(state) == []


@pytest.mark.clause("S002-1.15")
def test_who_read_another_text_approves_nothing() -> None:
    state = drafted()
    told = refusal(state.when("approve", "chen.jie", LATER, **about(state, content_sha256="0" * 64)))
    assert (told.code, told.requirement, told.facts["current"]) == ("content_changed", "S002-1.15", SHA)


@pytest.mark.clause("S002-1.15")
def test_words_changed_back_are_approved_anew() -> None:
    state = approved(drafted(), *WRITTEN[:2])
    for text in ("改", MAIL["text"]):
        state = looked(after(state, "reply", "li.na", **MAIL | {"text": text}))
    assert state.complaint.solution.approvals[-1].given == ()


def test_the_same_words_again_are_no_edit() -> None:
    told = refusal(drafted().when("reply", "li.na", LATER, **MAIL))
    assert (told.code, told.facts["waiting_for"]) == ("drafted_already", "department, legal")


@pytest.mark.clause("S002-1.15")
def test_after_it_went_out_another_text_is_another_reply() -> None:
    state = approved(drafted(), *WRITTEN)
    [mail] = mails(state)
    started = Entry(mail, LATER, controls.machine("notifier"), policy=controls.POLICY_ID)
    on_its_way = looked(after(state.and_then(started), "reply", "li.na", **MAIL | {"text": "补充说明"}))
    first, second = on_its_way.complaint.solution.drafts
    assert first.fact.subject != second.fact.subject
    assert [a.is_given for a in on_its_way.complaint.solution.approvals] == [True, False]


@pytest.mark.clause("S002-1.15", "S002-1.2")
@pytest.mark.parametrize("arrives", [True, False])
def test_an_approved_reply_is_told_by_people_though_a_machine_carries_it(arrives: bool) -> None:
    state = approved(drafted(), *WRITTEN)
    [mail] = mails(state)
    state = state.and_then(Entry(mail, LATER, controls.machine("notifier"), policy=controls.POLICY_ID))
    ended = Delivered("m-1") if arrives else Refused("mailbox full", passing=False)
    key = mail.key.replace("#", "_")
    told = [f for f in facts(state.notifier_looks(LATER + MINUTE, **{key: ended})) if isinstance(f, Replied)]
    assert [(f.kind, f.approved) for f in told] == ([(ReplyKind.DECISION, True)] if arrives else [])


@pytest.mark.clause("S002-1.10", "S002-1.15")
def test_a_reply_that_never_arrives_is_given_up_once_and_may_then_be_written_anew() -> None:
    state = approved(drafted(), *WRITTEN)
    for number, hours in enumerate((1, 4, 7, 22), start=1):
        moment = LATER + hours * HOUR
        key = f"{message_name(state.complaint.solution.drafts[0].fact)}_{number}"
        started = state.notifier_looks(moment).entries
        state = state.and_then(*started)
        state = state.and_then(*state.notifier_looks(moment, **{key: Refused("full", passing=False)}).entries)
    late = LATER + 60 * HOUR
    given_up = [f for f in facts(state.notifier_looks(late)) if isinstance(f, RetryAttempted) and f.notice]
    assert [(f.kind, f.outcome) for f in given_up] == [(ReplyKind.DECISION, Outcome.EXHAUSTED)]
    state = state.and_then(*state.notifier_looks(late).entries)
    assert not [f for f in facts(state.notifier_looks(late)) if isinstance(f, RetryAttempted)]
    [edited] = decided(state.when("reply", "li.na", late, **MAIL | {"text": "改寄"}))
    assert isinstance(edited, ReplyDrafted)
    assert edited.subject == state.complaint.solution.drafts[0].fact.subject


@pytest.mark.clause("S002-1.2", "S004-1.3")
@pytest.mark.parametrize("approved_words", [True, False])
def test_approved_words_stop_the_clocks_of_people_and_a_machines_words_stop_none(approved_words: bool) -> None:
    told = Replied(kind=ReplyKind.DECISION, medium=Medium.EMAIL, approved=approved_words)
    state = _given(*controls.handed_out(), Entry(told, LATER, controls.machine("notifier"), policy=controls.POLICY_ID))
    later = LATER + 100 * HOUR
    breached = {
        reading.clock for reading in controls.policy().clocks.breached(state.case.history, state.complaint, later)
    }
    assert ("first_substantive" not in breached) is approved_words


@pytest.mark.clause("S003-2.4")
def test_whoever_wrote_it_approves_nothing() -> None:
    state = drafted()
    told = refusal(state.when("approve", "li.na", LATER, **about(state, as_role="department")))
    assert (told.code, told.recorded) == ("not_authorised", True)
    assert told.may == ("chen.jie", "wang.fang", "zhang.wei", "zhao.lei")


@pytest.mark.clause("S003-2.4", "S000-3.9")
@pytest.mark.parametrize(
    ("role", "person"), [("legal", "wang.fang"), ("department", "liu.yang"), ("department", "chen.jie")]
)
def test_only_people_of_the_role_approve_in_it(role: str, person: str) -> None:
    state = drafted()
    assert code(state.when("approve", person, LATER, **about(state, as_role=role))) == "not_authorised"


@pytest.mark.clause("S003-2.4")
def test_nobody_approves_in_two_roles() -> None:
    state = approved(drafted(), ("department", "zhao.lei"), ("legal", "chen.jie"))
    assert code(state.when("approve", "zhao.lei", LATER, **about(state, as_role="manager"))) == "not_authorised"


@pytest.mark.clause("S002-1.14")
def test_the_same_role_twice_and_a_role_nobody_asked() -> None:
    state = approved(drafted(), WRITTEN[0])
    assert code(state.when("approve", "zhang.wei", LATER, **about(state, as_role="department"))) == "already_approved"
    assert code(state.when("approve", "hu.mei", LATER, **about(state, as_role="finance"))) == "not_your_turn"


def test_an_unknown_subject_is_answered_with_what_waits() -> None:
    state = drafted()
    subject = state.complaint.solution.drafts[0].fact.subject
    told = refusal(
        state.when("approve", "chen.jie", LATER, **about(state, subject="reply-999", content_sha256="0" * 64))
    )
    assert (told.code, told.facts["pending"]) == ("nothing_to_approve", subject)


@pytest.mark.clause("S002-1.15")
@pytest.mark.parametrize(
    ("subject", "sha256", "expected"),
    [
        ("decision", SHA, ""),
        ("reply", SHA, ""),
        ("reply", "0" * 64, "content_changed"),
        ("x", "", "nothing_to_approve"),
    ],
)
def test_the_words_or_the_sort_say_what_is_meant_where_only_one_waits(subject: str, sha256: str, expected: str) -> None:
    data = {"subject": subject, "content_sha256": sha256, "as_role": "legal"}
    assert getattr(drafted().when("approve", "chen.jie", LATER, **data), "code", "") == expected


def test_what_is_approved_waits_for_nobody() -> None:
    state = approved(drafted(), *WRITTEN)
    for role, expected in (("manager", "already_approved"), ("finance", "nothing_to_approve")):
        assert code(state.when("approve", "hu.mei", LATER, **about(state, as_role=role))) == expected


@pytest.mark.clause("S002-1.14", "S003-6.3")
def test_a_refusal_has_a_reason_and_ends_the_wait_until_it_is_written_anew() -> None:
    state = drafted()
    assert code(state.when("refuse_approval", "chen.jie", LATER, **about(state))) == "reason_missing"
    [said] = decided(state.when("refuse_approval", "chen.jie", LATER, **about(state, reason="措辞不当")))
    assert isinstance(said, ApprovalRefused)
    refused = after(state, "refuse_approval", "chen.jie", **about(state, reason="措辞不当"))
    assert code(refused.when("approve", "wang.fang", LATER, **about(refused, as_role="department"))) == (
        "nothing_to_approve"
    )
    anew = looked(after(refused, "reply", "li.na", **MAIL | {"text": "改好了"}))
    assert anew.complaint.solution.approvals[-1].waiting_for == ("department", "legal")


@pytest.mark.clause("S000-3.9")
@pytest.mark.parametrize(
    ("by", "role", "expected"),
    [
        ("wang.fang", "supervisor", ""),
        ("zhao.lei", "supervisor", ""),
        ("zhao.lei", "manager", ""),
        ("wang.fang", "manager", "not_your_turn"),
        ("zhang.wei", "supervisor", "not_authorised"),
        ("chen.jie", "legal", "not_your_turn"),
    ],
)
def test_a_proposal_over_the_limit_is_approved_by_the_role_asked_or_a_stronger_one(
    by: str, role: str, expected: str
) -> None:
    state = after(ready(), "propose_solution", "li.na", **offer("500"))
    fact = state.complaint.solution.proposals[0].fact
    data = {"subject": "proposal-1", "content_sha256": fact.content_sha256, "as_role": role}
    answer = state.when("approve", by, LATER, **data)
    assert getattr(answer, "code", "") == expected
    if not expected:
        [said] = decided(answer)
        assert isinstance(said, ApprovalGiven)
        assert said.as_role == "supervisor"


@pytest.mark.clause("S002-1.15")
def test_a_proposal_that_was_replaced_is_approved_by_nobody() -> None:
    state = after(ready(), "propose_solution", "li.na", **offer("500"))
    first = state.complaint.solution.proposals[0].fact
    state = after(state, "propose_solution", "li.na", **offer("600"))
    data = {"subject": "proposal-1", "content_sha256": first.content_sha256, "as_role": "supervisor"}
    told = refusal(state.when("approve", "wang.fang", LATER, **data))
    assert (told.code, told.facts["pending"]) == ("nothing_to_approve", "proposal-2")


@pytest.mark.clause("S003-4.2")
@pytest.mark.parametrize("medium", ["phone", "email"])
def test_a_colleagues_own_fault_reaches_the_supervisor_before_the_customer_hears_a_decision(medium: str) -> None:
    state = ready(self_reported=True)
    told = refusal(state.when("reply", "li.na", LATER, **MAIL | {"medium": medium}))
    assert (told.code, told.requirement) == ("supervisor_first", "S003-4.2")
    assert decided(state.when("reply", "li.na", LATER, **MAIL | {"medium": "phone", "kind": "progress"}))
    raised = after(state, "escalate", "li.na", reason="自报差错")
    assert decided(raised.when("reply", "li.na", LATER, **MAIL | {"medium": medium}))
    seen = after(
        state, "add_evidence", "wang.fang", name="记录", media_type="text/plain", sha256="d" * 64, kind="document"
    )
    assert decided(seen.when("reply", "li.na", LATER, **MAIL | {"medium": medium}))


def test_the_approval_of_a_draft_is_not_asked_for_twice_and_a_proposals_stays() -> None:
    state = after(drafted(), "propose_solution", "li.na", **offer("500"))
    assert requested(state.when("propose_solution", "li.na", LATER, **offer("700"))) is not None
    assert {a.subject.partition("-")[0] for a in state.complaint.solution.approvals} == {"reply", "proposal"}


def test_drafts_name_the_version_they_began_at() -> None:
    state = drafted()
    [draft] = state.complaint.solution.drafts
    assert draft.fact.subject == f"reply-{draft.version}"
    assert isinstance(draft.fact, ReplyDrafted)
