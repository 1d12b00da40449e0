"""What the system tells the customer by itself, by what means: never a person's answer (S004-5.1, S000-5.5)."""

from collections.abc import Iterator
from functools import lru_cache

from events.complaint import Case, Complaint
from events.envelope import Recorded
from events.reception import Contact
from events.vocabulary import Audience, Medium, ReplyKind
from policy.contacting.contact import after_quiet_hours, has_failed, is_personal, personal_series
from policy.contacting.notice import Notice, NoticeRule
from policy.contacting.written import written_notices
from policy.policy import Policy
from policy.timing.patterns import Pattern, parse_pattern


def customer_notices(case: Case, policy: Policy) -> Iterator[Notice]:
    """Every message the customer is owed by the system, sent or not, in the order it came to be owed."""
    yield _acknowledgement(case, policy)
    told = _told_of(policy)
    for recorded in case.history:
        for pattern, rule in told.get(recorded.name, ()):
            if pattern.matches(recorded):
                yield _told(case.complaint, recorded, rule, policy)
    yield from written_notices(case)
    yield from _unreachable(case, policy)


@lru_cache(maxsize=64)
def _told_of(policy: Policy) -> dict[str, list[tuple[Pattern, NoticeRule]]]:
    """The rules by the fact they speak of, so that most facts ask nothing."""
    found: dict[str, list[tuple[Pattern, NoticeRule]]] = {}
    for rule in policy.document.notice.values():
        for pattern in map(parse_pattern, rule.on):
            found.setdefault(pattern.name, []).append((pattern, rule))
    return found


def _told(complaint: Complaint, recorded: Recorded, rule: NoticeRule, policy: Policy) -> Notice:
    medium, recipient = reach(complaint)
    at = recorded.occurred_at
    if not rule.at_once:  # S002-1.13: what can wait does not wake anybody up
        at = after_quiet_hours(at, policy.document.retry.quiet, policy.zone)
    name = f"{rule.template}-{recorded.version}"
    return Notice(name, Audience.CUSTOMER, rule.kind, rule.template, medium, recipient, recorded, at)


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

    One that costs the customer money is taken only where they asked for it or have no other (S002-1.13, C16).
    Without any contact the channel that brought the complaint takes the message back.
    """
    contacts = complaint.customer.contacts
    if not contacts:
        return Medium.CHANNEL, f"{complaint.channel}:{complaint.external_ref}"
    preferred = [contact for contact in contacts if contact.medium is complaint.customer.preferred]
    chosen = _cheapest(preferred or list(contacts))
    return (Medium.SMS if chosen.medium is Medium.PHONE else chosen.medium), chosen.address


def _cheapest(contacts: list[Contact]) -> Contact:
    return next((contact for contact in contacts if not contact.costly), contacts[0])


def _unreachable(case: Case, policy: Policy) -> Iterator[Notice]:
    """The SMS that follows the first failed attempt by any other means, once in each row of attempts (S002-1.9)."""
    retry, complaint = policy.document.retry, case.complaint
    numbers = [contact for contact in complaint.customer.contacts if contact.medium in retry.phone_media]
    if not (retry.sms_after_first_failure and numbers and complaint.attempts):
        return
    series = personal_series(case)
    by_machine = [attempt for attempt in complaint.attempts if not is_personal(attempt)]
    failed = {
        since
        for since, tried in ((0, by_machine), (series.since, series.attempts))
        for attempt in tried
        if attempt.audience is Audience.CUSTOMER and has_failed(attempt) and attempt.medium is not Medium.SMS
    }
    kind = ReplyKind.UNREACHABLE
    for since in sorted(failed):
        name = f"{kind}-{since}" if since else kind.value
        number = _cheapest(numbers).address
        yield Notice(name, Audience.CUSTOMER, kind, kind.value, Medium.SMS, number, case.history[0])
