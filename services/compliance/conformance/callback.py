"""First the callback, then the archive; who is not satisfied begins anew, who suggests is answered (S002-0.3)."""

from collections.abc import Iterator

from events.complaint import Complaint
from events.contact import Replied, RetryAttempted
from events.ending import Archived, CalledBack, Reopened
from events.envelope import Recorded
from events.participation import TaskOpened
from events.solution import CustomerAgreed, CustomerDeclined
from events.vocabulary import Medium, Outcome, ReplyKind
from policy.policy import Policy
from services.compliance.conformance.attempts import personal_row, window_end
from services.compliance.conformance.checks import check
from services.compliance.conformance.examined import Examined
from services.compliance.conformance.standing import barred, by_person, by_system, free, looks, people
from services.compliance.conformance.violation import Violation


@check("S002-0.3", "S004-6.6", zh="先回访后归档", en="called back before it is archived")
def nothing_is_archived_before_the_callback(of: Examined) -> Iterator[Violation]:
    """Resolved, then called back and satisfied, or tried as often as the rule asks; or not accepted, or withdrawn."""
    for recorded in of.all(Archived):
        fact, ending = recorded.fact, of.before(recorded.version).ending
        if isinstance(fact, Archived) and fact.ground != _ground(of, recorded):
            angry = ending.is_called_back and not ending.satisfied
            yield of.violation(
                "S004-6.6" if angry else "S002-0.3",
                recorded,
                zh=f"以 {fact.ground} 归档不成立：{'客户不满意' if angry else '未办结、未回访或回访次数不足'}。",
                en=f"Archived as {fact.ground}, but "
                f"{'the customer was not satisfied' if angry else 'not resolved, called back or tried enough'}.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


def _ground(of: Examined, recorded: Recorded) -> str | None:
    """Why it might be archived then; None for no reason at all."""
    ending = of.before(recorded.version).ending
    if ending.closed is not None:
        return ending.closed if ending.closed != "archived" else None
    if not ending.is_resolved:
        return None
    if ending.is_called_back:
        return "called_back" if ending.satisfied else None
    return "callback_exhausted" if _is_exhausted(of, recorded) else None


def _is_exhausted(of: Examined, recorded: Recorded) -> bool:
    """People tried as often as the rule asks since the resolution, and its window has passed; counted anew."""
    policy, row = of.policy_for(recorded), personal_row(of, recorded.version - 1)
    end = window_end(row, policy)
    if end is None or recorded.occurred_at < end:
        return False
    return sum(attempt.counted for attempt in row) >= policy.document.retry.min_attempts


@check("S004-6.1", "S004-6.3", zh="办结后按规定方式回访一次", en="called back once it is resolved, by the right means")
def callbacks_follow_the_resolution(of: Examined) -> Iterator[Violation]:
    """After the resolution, once a round; red or agitated customers by phone unless they asked for other means."""
    for recorded in of.all(CalledBack):
        fact, known = recorded.fact, of.before(recorded.version)
        if not isinstance(fact, CalledBack):
            continue
        early = not known.ending.is_resolved or known.ending.is_called_back
        if early or not _may_use(fact.medium, known, of.policy_for(recorded)):
            yield of.violation(
                "S004-6.1" if early else "S004-6.3",
                recorded,
                zh="尚未办结或本轮已回访。" if early else f"以 {fact.medium.value} 回访，规定为电话回访。",
                en="Called back before it was resolved, or twice."
                if early
                else f"Called back by {fact.medium.value} where the rule asks for the phone.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


def _may_use(medium: Medium, known: Complaint, policy: Policy) -> bool:
    rules, contacts = policy.document.callback, known.customer.contacts
    if known.priority not in rules.priority and (known.understanding.emotion or 0) < rules.emotion:
        return True
    phone = policy.document.retry.phone_media
    unreachable = bool(contacts) and rules.medium in phone and all(c.medium not in phone for c in contacts)
    return unreachable or medium in (rules.medium, known.customer.preferred)


def _first_look(of: Examined, recorded: Recorded) -> Recorded | None:
    """The end of the first look of the workflow after that fact."""
    return next((look for look in looks(of) if look.version > recorded.version), None)


@check("S004-6.6", zh="客户不满意自动重新处理", en="who is not satisfied is dealt with anew")
def the_dissatisfied_begin_anew(of: Examined) -> Iterator[Violation]:
    """The first look of the workflow after such a callback finds the complaint reopened, or reopens it."""
    for recorded in of.all(CalledBack):
        fact = recorded.fact
        if not isinstance(fact, CalledBack) or (fact.solved and fact.satisfied):
            continue
        look = _first_look(of, recorded)
        again = next((r.version for r in of.all(Reopened) if r.version > recorded.version), None)
        if look is not None and (again is None or again > look.version):
            yield of.violation(
                "S004-6.6",
                recorded,
                look,
                zh="客户不满意，系统查看后仍未重新处理。",
                en="The customer was not satisfied, and the complaint was looked at but not reopened.",
                at=recorded.occurred_at,
                who=of.complaint.owner,
            )


@check("S004-6.7", "S001-6.5", zh="客户建议交责任部门答复", en="a customer's suggestion goes to the department")
def suggestions_are_answered_for(of: Examined) -> Iterator[Violation]:
    """The first look after a callback with a suggestion leaves a task for it, if anybody is there to take it."""
    said = [r for r in of.all(CalledBack) if isinstance(r.fact, CalledBack) and r.fact.suggestion]
    tasks = [r.version for r in of.all(TaskOpened) if by_system(r)] if said else []
    for number, recorded in enumerate(said, start=1):
        look, organisation = _first_look(of, recorded), people(of, recorded)
        if look is None or organisation is None or sum(version <= look.version for version in tasks) >= number:
            continue
        if free(organisation, barred(of, of.after(look.version), organisation), look.occurred_at):
            yield of.violation(
                "S004-6.7",
                recorded,
                look,
                zh="客户回访时提出建议，系统查看后仍未交任何部门答复。",
                en="The customer made a suggestion and nobody was asked to answer it.",
                at=recorded.occurred_at,
                who=of.complaint.owner,
            )


@check("S003-3.4", zh="每件投诉都有答复", en="no complaint is filed without an answer")
def nobody_is_left_without_an_answer(of: Examined) -> Iterator[Violation]:
    """Before the archive people spoke with the customer, or tried in that round until the window had passed."""
    for recorded in of.all(Archived):
        past, known = of.history[: recorded.version - 1], of.before(recorded.version)
        if known.ending.closed is not None or any(map(_is_answer, past)):
            continue
        if not any(_is_given_up(each) for each in past[known.solution.round_since :]):
            yield of.violation(
                "S003-3.4",
                recorded,
                zh="归档时没有任何人员答复过客户。",
                en="Archived although no colleague had ever answered the customer.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


def _is_answer(recorded: Recorded) -> bool:
    fact = recorded.fact
    if isinstance(fact, Replied):
        return fact.approved or by_person(recorded)
    return isinstance(fact, CustomerAgreed | CustomerDeclined | CalledBack)


def _is_given_up(recorded: Recorded) -> bool:
    fact = recorded.fact
    given_up = isinstance(fact, RetryAttempted) and fact.outcome is Outcome.EXHAUSTED
    return given_up and isinstance(fact, RetryAttempted) and fact.kind is not ReplyKind.CALLBACK
