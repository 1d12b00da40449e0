"""Who may write which fact: robots decide nothing people decide, people write nothing machines see (S003-2.4)."""

from collections.abc import Iterator, Mapping

from events.contact import ContactStarted, Replied, RetryAttempted, StaffAlerted
from events.ending import Reopened
from events.envelope import Recorded
from events.fact import Fact
from events.handling import Assigned, Classified, ClockBreached, Escalated
from events.links import Linked, Unlinked
from events.participation import ActRefused, OwnerNamed, TaskOpened
from events.reception import Received, Supplemented
from events.solution import ApprovalRequested
from events.vocabulary import ActorKind, Outcome, Service
from services.compliance.conformance.checks import check
from services.compliance.conformance.examined import Examined
from services.compliance.conformance.violation import Violation

WORKFLOW, NOTIFIER, INTAKE = Service.WORKFLOW.value, Service.NOTIFIER.value, Service.INTAKE.value

BY_ITSELF: Mapping[type[Fact], frozenset[str]] = {
    Classified: frozenset({WORKFLOW}),
    ClockBreached: frozenset({WORKFLOW}),
    Assigned: frozenset({WORKFLOW}),
    OwnerNamed: frozenset({WORKFLOW}),
    Escalated: frozenset({WORKFLOW}),
    ApprovalRequested: frozenset({WORKFLOW}),
    TaskOpened: frozenset({WORKFLOW}),
    Reopened: frozenset({WORKFLOW}),
    ContactStarted: frozenset({NOTIFIER}),
    Replied: frozenset({NOTIFIER}),
    RetryAttempted: frozenset({NOTIFIER}),
    StaffAlerted: frozenset({NOTIFIER}),
    Linked: frozenset({INTAKE}),
    Unlinked: frozenset({INTAKE}),
    ActRefused: frozenset({WORKFLOW, NOTIFIER, INTAKE}),
}
"""What a service adds by itself; everything else is decided by people."""
MACHINES_ONLY = frozenset({Classified, ClockBreached, ContactStarted, StaffAlerted, ActRefused})
"""What no colleague can see or decide."""
FROM_OUTSIDE = frozenset({Received, Supplemented})
"""What a channel brings."""
JUDGED = frozenset({Service.WORKFLOW, Service.NOTIFIER, Service.INTAKE})
"""Services whose facts are matters of handling; those of others, of personal data for one, are not judged here."""


@check("S003-2.4", "S001-8.3", zh="各类事实由有权者写入，系统不代人决定", en="each fact is written by those who may")
def each_fact_has_its_writer(of: Examined) -> Iterator[Violation]:
    """A service writes only what it adds by itself, a colleague nothing a machine sees, a channel what it brings."""
    for recorded in of.history:
        if not _may(recorded):
            who = f"{recorded.actor.kind.value} {recorded.actor.id}"
            yield of.violation(
                "S003-2.4",
                recorded,
                zh=f"{recorded.name} 不得由 {who} 写入。",
                en=f"{recorded.name} is not for {who} to write.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


def _may(recorded: Recorded) -> bool:
    kind, actor = type(recorded.fact), recorded.actor
    if actor.kind is ActorKind.SYSTEM:
        return actor.id in BY_ITSELF.get(kind, ()) or kind.WRITER not in JUDGED
    if actor.kind is ActorKind.PERSON:
        return kind not in MACHINES_ONLY and kind is not Received
    return actor.kind is ActorKind.CHANNEL and kind in FROM_OUTSIDE


@check(
    "S003-2.4", "S002-1.10", zh="机器与人员的联系记录各归其主", en="contacts by machines and by people are told apart"
)
def contacts_are_told_apart(of: Examined) -> Iterator[Violation]:
    """A machine's reply ends a contact it started; a person's tells words and ends none; the window ends by itself."""
    for recorded in of.all(Replied, RetryAttempted):
        fact, is_person = recorded.fact, recorded.actor.kind is ActorKind.PERSON
        if isinstance(fact, Replied):
            false = fact.contact is not None or fact.approved or not fact.text if is_person else fact.contact is None
        elif isinstance(fact, RetryAttempted):
            system_only = fact.outcome in (Outcome.EXHAUSTED, Outcome.FAILED, Outcome.UNKNOWN)
            false = (fact.contact is not None or system_only) if is_person else _is_unstarted(fact)
        if false:
            yield of.violation(
                "S003-2.4",
                recorded,
                zh=f"{recorded.name} 的联系编号、文字或结果与写入者不符。",
                en=f"The contact, words or outcome of this {recorded.name} do not fit whoever wrote it.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


def _is_unstarted(fact: RetryAttempted) -> bool:
    return fact.contact is None and fact.outcome is not Outcome.EXHAUSTED
