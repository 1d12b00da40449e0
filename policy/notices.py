"""Which messages are owed to the customer and to colleagues, to whom, by what means, and when."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from events.complaint import Attempt, Case, Complaint
from events.contact import Replied, RetryAttempted
from events.envelope import Recorded
from events.handling import Assigned, ClockBreached, Escalated
from events.vocabulary import ActorKind, Audience, Language, Medium, Outcome, ReplyKind
from policy.contact import PERSONAL_ATTEMPT, Next, first_failure, has_failed, next_attempt
from policy.organisation import Organisation
from policy.participation import barred
from policy.policy import Policy
from policy.templates import Letter, language_of, render, spoken


class Notice(NamedTuple):
    """One message somebody is owed; the name is stable whatever happens between."""

    name: str
    audience: Audience
    kind: ReplyKind
    template: str
    medium: Medium
    recipient: str
    """Address of the customer, or id of the colleague."""
    about: Recorded
    """The fact that owes it."""


class Owed(NamedTuple):
    """A message and what comes next for it."""

    notice: Notice
    attempts: tuple[Attempt, ...]
    next: Next


def owed(case: Case, policy: Policy, organisation: Organisation, now: datetime) -> list[Owed]:
    """Every message of this case that is not done, with its next step."""
    found = []
    for notice in notices(case, policy, organisation, now):
        attempts = case.complaint.attempts_of(notice.name)
        step = _next(notice, attempts, policy, now)
        if step.step != "done":
            found.append(Owed(notice, attempts, step))
    if (given_up := _given_up(case, policy)) is not None:
        found.append(given_up)
    return found


def notices(case: Case, policy: Policy, organisation: Organisation, now: datetime) -> Iterator[Notice]:
    """Every message the history owes, sent or not, in the order it came to be owed."""
    complaint = case.complaint
    yield _acknowledgement(case, policy)
    for recorded in case.history:
        fact = recorded.fact
        if isinstance(fact, Assigned) and complaint.priority in policy.document.alert.on_assignment:
            yield from _alert(complaint, recorded, ReplyKind.ASSIGNMENT, "handler", None, organisation, now)
        elif isinstance(fact, Escalated):
            yield from _alert(complaint, recorded, ReplyKind.ESCALATION, fact.person, None, organisation, now)
        elif isinstance(fact, RetryAttempted) and fact.outcome is Outcome.EXHAUSTED:
            # Told also where the ladder has no level left to escalate to.
            yield from _alert(complaint, recorded, ReplyKind.EXHAUSTED, "handler", None, organisation, now)
        elif isinstance(fact, ClockBreached):
            for action in policy.alerts_of(fact.clock):
                medium = Medium.SMS if action.verb == "sms" else None
                yield from _alert(complaint, recorded, ReplyKind.BREACH, action.argument, medium, organisation, now)
    if (follow_up := _unreachable(complaint, case.history[0], policy)) is not None:
        yield follow_up


def _next(notice: Notice, attempts: tuple[Attempt, ...], policy: Policy, now: datetime) -> Next:
    if notice.audience is Audience.STAFF:
        return policy.document.alert.next_attempt(attempts, now)
    if notice.kind is ReplyKind.UNREACHABLE:
        # The SMS is sent once; it is not an attempt and has no attempts of its own (S002-1.9).
        return Next("done") if attempts and attempts[-1].ended_at else Next("wait" if attempts else "attempt", now)
    return next_attempt(attempts, policy.document.retry, policy.zone, now)


def _given_up(case: Case, policy: Policy) -> Owed | None:
    """People's own attempts: nothing is sent, but at the end of the window they are recorded as exhausted."""
    reached = max((r.occurred_at for r in case.history if _is_told_by_a_person(r)), default=None)
    row = case.complaint.attempts_of(PERSONAL_ATTEMPT)
    attempts = tuple(a for a in row if reached is None or a.started_at > reached)
    first = first_failure(attempts)
    if first is None or any(attempt.outcome is Outcome.EXHAUSTED for attempt in attempts):
        return None
    kind, received = PERSONAL_ATTEMPT, case.history[0]
    notice = Notice(kind.value, Audience.CUSTOMER, kind, "", attempts[-1].medium, attempts[-1].recipient, received)
    return Owed(notice, attempts, Next("exhaust", first + policy.document.retry.window))


def _is_told_by_a_person(recorded: Recorded) -> bool:
    return isinstance(recorded.fact, Replied) and recorded.actor.kind is ActorKind.PERSON


def _acknowledgement(case: Case, policy: Policy) -> Notice:
    """The machine's receipt, at once at any hour; it stops no human clock (S004-1.5, S001-17.2)."""
    received = case.history[0]
    medium, recipient = reach(case.complaint)
    open_now = policy.clocks.calendars[policy.document.policy.service_calendar].is_open(received.occurred_at)
    template = "acknowledgement" if open_now else "acknowledgement_out_of_hours"
    kind = ReplyKind.ACKNOWLEDGEMENT
    return Notice(kind.value, Audience.CUSTOMER, kind, template, medium, recipient, received)


def reach(complaint: Complaint) -> tuple[Medium, str]:
    """By what a machine reaches the customer: the preferred contact first (S002-1.12), a phone by SMS.

    Without any contact the channel that brought the complaint takes the message back.
    """
    contacts = complaint.customer.contacts
    if not contacts:
        return Medium.CHANNEL, f"{complaint.channel}:{complaint.external_ref}"
    preferred = [contact for contact in contacts if contact.medium is complaint.customer.preferred]
    chosen = (preferred or list(contacts))[0]
    return (Medium.SMS if chosen.medium is Medium.PHONE else chosen.medium), chosen.address


def _unreachable(complaint: Complaint, received: Recorded, policy: Policy) -> Notice | None:
    """The SMS that follows the first failed attempt by any other means (S002-1.9)."""
    retry = policy.document.retry
    failed = any(
        attempt.audience is Audience.CUSTOMER and has_failed(attempt) and attempt.medium is not Medium.SMS
        for attempt in complaint.attempts
    )
    number = next((c.address for c in complaint.customer.contacts if c.medium in retry.phone_media), None)
    if not (retry.sms_after_first_failure and failed and number):
        return None
    kind = ReplyKind.UNREACHABLE
    return Notice(kind.value, Audience.CUSTOMER, kind, kind.value, Medium.SMS, number, received)


def _alert(
    complaint: Complaint,
    about: Recorded,
    kind: ReplyKind,
    whom: str,
    medium: Medium | None,
    organisation: Organisation,
    now: datetime,
) -> Iterator[Notice]:
    """An alert to a person or to a role of the case (handler, owner, supervisor), or to whoever stands in.

    Where that person is recused, or nobody stands in, the next of their reporting line who may is told (S002-7.1).
    """
    person = _person(complaint, whom, organisation)
    out = barred(complaint, organisation)
    line = (person, *organisation.managers_of(person)) if person in organisation.person else ()
    reached = next((found for id_ in line if (found := organisation.standing_in(id_, now, out))), None)
    if reached is not None:
        means = medium or organisation.person[reached].medium
        name = f"{kind}-{about.version}-{whom}"
        yield Notice(name, Audience.STAFF, kind, kind.value, means, reached, about)


def _person(complaint: Complaint, whom: str, organisation: Organisation) -> str | None:
    if whom == "supervisor":
        line = organisation.managers_of(complaint.handler) if complaint.handler in organisation.person else ()
        return line[0] if line else None
    return {"handler": complaint.handler, "owner": complaint.owner}.get(whom, whom)


def letter(notice: Notice, case: Case, policy: Policy) -> Letter:
    """The message's words in the reader's language: the customer's own, Chinese for staff."""
    to_customer = notice.audience is Audience.CUSTOMER
    language: Language = language_of(case.complaint.text) if to_customer else "zh"
    template = policy.document.template[notice.template]
    return render(template, language, facts(notice, case, policy, language))


def facts(notice: Notice, case: Case, policy: Policy, language: Language) -> dict[str, str]:
    """What the templates may name; every promised time comes from the clock that will judge it (C2)."""
    complaint, about = case.complaint, notice.about.fact

    def at(moment: datetime) -> str:
        return spoken(moment, language, policy.zone)

    words = {
        "number": complaint.number,
        "customer": complaint.customer.name or ("客户" if language == "zh" else "customer"),
        "received": at(complaint.received_at),
        "handler": complaint.handler or "",
        "category": complaint.category.label(language) if complaint.category else "",
        "priority": complaint.priority.label(language) if complaint.priority else "",
        "level": str(complaint.level),
        "person": notice.recipient,
    }
    for clock in ("first_human", "first_substantive"):
        words[clock] = at(policy.clocks.due_at(clock, complaint.received_at))
    calendar = policy.clocks.calendars[policy.document.policy.service_calendar]
    words["opens"] = at(calendar.next_open(complaint.received_at))
    if isinstance(about, ClockBreached):
        words |= {
            "clock": policy.title(about.clock, language),
            "due": at(about.due_at),
            "noticed": at(about.noticed_at),
        }
    if isinstance(about, Escalated):
        words |= {"cause": about.cause, "level": str(about.to_level)}
    return words
