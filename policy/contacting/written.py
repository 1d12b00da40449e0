"""Letters and emails people wrote: sent word for word once everybody approved exactly those words (S002-1.14, 1.15)."""

from collections.abc import Collection, Iterator

from events.commands import Refusal, refuse
from events.complaint import Case, Complaint
from events.contact import StaffAlerted
from events.envelope import Recorded
from events.handling import Escalated
from events.solution import Draft, ReplyDrafted
from events.vocabulary import ActorKind, Audience, Medium, Outcome, ReplyKind
from policy.contacting.contact import has_failed
from policy.contacting.notice import Notice
from policy.contacting.templates import Letter, language_of
from policy.people.authority import Authority
from policy.people.organisation import Organisation
from policy.people.participation import who

WRITTEN = "written_reply"
"""Stands where other messages name their template: these words are people's own."""
SHOWN = 8
"""Characters of the digest in a message's name: an edited text is another message."""


def message_name(fact: ReplyDrafted) -> str:
    """Stable name of the message that carries those words, `reply-7-1a2b3c4d`."""
    return f"{fact.subject}-{fact.content_sha256[:SHOWN]}"


def open_draft(complaint: Complaint, kind: ReplyKind) -> Draft | None:
    """The written reply of that kind that is not on its way yet: another text is an edit of it (S002-1.15)."""
    drafts = (draft for draft in reversed(complaint.solution.drafts) if draft.fact.kind is kind)
    return next((draft for draft in drafts if not _is_on_its_way(complaint, draft.fact.subject)), None)


def _is_on_its_way(complaint: Complaint, subject: str) -> bool:
    """A message of it started and is not known to have failed."""
    started = (a for a in complaint.attempts if a.notice.rpartition("-")[0] == subject)
    return any(attempt.outcome is not Outcome.EXHAUSTED and not has_failed(attempt) for attempt in started)


def approved(complaint: Complaint) -> Iterator[Draft]:
    """Written replies whose latest words everybody approved (S002-1.14, S002-1.15)."""
    for draft in complaint.solution.drafts:
        approval = complaint.solution.approval(draft.fact.subject)
        if approval is not None and approval.is_given and approval.content_sha256 == draft.fact.content_sha256:
            yield draft


def approved_as(complaint: Complaint, notice: str) -> Draft | None:
    """The approved written reply a message carries; None for every other message."""
    return next((draft for draft in approved(complaint) if message_name(draft.fact) == notice), None)


def written_notices(case: Case) -> Iterator[Notice]:
    """Letters and emails everybody approved, each edit a message of its own (S002-1.14, S002-1.15)."""
    for draft in approved(case.complaint):
        medium, recipient = address(case.complaint, draft.fact.medium)
        about = case.history[draft.version - 1]
        name = message_name(draft.fact)
        yield Notice(name, Audience.CUSTOMER, draft.fact.kind, WRITTEN, medium, recipient, about)


def words_of(draft: Draft, complaint: Complaint) -> Letter:
    """The approved words as they are sent: nothing is added to them (S002-1.15)."""
    language = language_of(draft.fact.text)
    return Letter(f"{draft.fact.kind.label(language)} {complaint.number}", draft.fact.text, language)


def address(complaint: Complaint, medium: Medium) -> tuple[Medium, str]:
    """Where a written reply goes: the customer's address of that medium.

    Where none is on record the channel that brought the complaint takes the words back (S002-1.12).
    """
    contacts = (contact.address for contact in complaint.customer.contacts if contact.medium is medium)
    found = next(contacts, None)
    return (medium, found) if found else (Medium.CHANNEL, f"{complaint.channel}:{complaint.external_ref}")


def supervisor_first(case: Case, kind: ReplyKind, organisation: Organisation, authority: Authority) -> Refusal | None:
    """A colleague's own fault goes to the supervisor before the customer hears a decision (S003-4.2)."""
    finding = case.complaint.verification.finding
    if finding is None or not finding.fact.self_reported or kind is not ReplyKind.DECISION:
        return None
    above = organisation.from_level(authority.supervisor_level)
    since = (recorded for recorded in case.history if recorded.version >= finding.version)
    if any(_tells(recorded, above) for recorded in since):
        return None
    return refuse(
        "supervisor_first",
        "S003-4.2",
        "员工自报差错：须先向主管报告（escalate），再答复客户",
        "a colleague reported their own fault: the supervisor is told (escalate) before the customer",
        may=who(case.complaint, organisation, lambda id_: id_ in above),
        verified_by=finding.by,
    )


def _tells(recorded: Recorded, above: Collection[str]) -> bool:
    """It was raised, a superior was alerted, or a superior acted on it."""
    fact = recorded.fact
    if isinstance(fact, StaffAlerted):
        return fact.delivered and fact.person in above
    by_superior = recorded.actor.kind is ActorKind.PERSON and recorded.actor.id in above
    return isinstance(fact, Escalated) or by_superior
