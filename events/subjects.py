"""Streams, subjects, headers, durable names, inboxes: spelled here and nowhere else (design, section 4)."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from events.envelope import StreamId


class Role(StrEnum):
    """Who talks to the broker: each a user of its own with the rights it needs (reliability, section 7)."""

    INTAKE = "intake"
    WORKFLOW = "workflow"
    NOTIFIER = "notifier"
    RELAY = "relay"
    DESK = "desk"
    SEAL = "seal"
    """Seals the ledger; hears that there is something new, says nothing."""
    SETUP = "setup"
    CHANNEL = "channel"
    """Publishes submissions, from outside."""
    OPERATOR = "operator"
    """The command line and `amends up`: all rights."""


class Stream(StrEnum):
    """The streams there are."""

    INTAKE = "INTAKE"
    """Submissions of channels, until the ledger holds them."""
    COMPLAINTS = "COMPLAINTS"
    """The ledger's events for everybody, written by the relay alone."""
    NUDGES = "NUDGES"
    """Look at these complaints: many to a message, for our own services."""
    AGENDA = "AGENDA"
    """Timers waiting (`agenda.*.*`) and timers fired (`due.*.*`)."""
    DEAD = "DEAD"
    """Messages no retry will cure, with their bytes and reason."""


class Durable(NamedTuple):
    """A consumer the setup command makes; its name keys its progress, so it never changes."""

    stream: Stream
    name: str
    filter: str
    role: Role


TOKEN: Final = re.compile(r"[A-Za-z0-9_-]+")
"""What may stand between two dots; anything else is refused, for the broker stores even `*` (pitfalls C6)."""

PARTITIONS: Final = 64
"""Partitions of `complaints.<event>.<partition>`: few subjects keep the broker small (design, section 4)."""

LEDGER_APPENDED: Final = "ledger.appended"
"""Core subject: a writer tells the relay and the desk that there is something to read."""

INTAKE_SUBJECTS: Final = "intake.*"
COMPLAINTS_SUBJECTS: Final = "complaints.*.*"
NUDGES_SUBJECTS: Final = "nudges.*"
AGENDA_SUBJECTS: Final = "agenda.*.*"
DUE_SUBJECTS: Final = "due.*.*"
DEAD_SUBJECTS: Final = "dead.*"
COMMANDS_SUBJECTS: Final = "commands.*"
RECEIPTS_SUBJECTS: Final = "receipts.>"
GIVEN_UP_SUBJECTS: Final = "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.*.*"
"""The broker's own note that a consumer was offered a message too often (pitfalls B3)."""

COMMANDS_QUEUE: Final = "workflow"
"""Queue group that answers commands: one of the running workflows gets each."""

LEDGER_POSITION: Final = "Ledger-Position"
"""Header: the event's position in the ledger; the relay resumes from the last one (pitfalls C4)."""
REPLY_TO: Final = "Amends-Reply-To"
"""Header: where a channel wants its receipt, under `receipts.`; JetStream needs the reply subject itself."""
CE_SPECVERSION: Final = "ce-specversion"
CE_ID: Final = "ce-id"
CE_TYPE: Final = "ce-type"
CE_SOURCE: Final = "ce-source"
CE_SUBJECT: Final = "ce-subject"
"""The complaint id, which no stored subject carries."""
CE_TIME: Final = "ce-time"


def complaints_subject(topic: str, complaint_id: StreamId | str) -> str:
    """Where an event goes: `complaint.retry_attempted` -> `complaints.retry_attempted.<partition>`."""
    _, dot, event = topic.partition(".")
    if not dot:
        raise ValueError(f"{topic!r} is no event type: it needs a family, as in complaint.received")
    return _subject("complaints", event, str(partition(complaint_id)))


def partition(complaint_id: StreamId | str) -> int:
    """A complaint's partition, 0..63, the same everywhere: the end of its id is a hash already, or random."""
    return int(str(complaint_id)[-2:], 16) % PARTITIONS


def nudges_subject(service: str) -> str:
    """Where a service is told which complaints to look at."""
    return _subject("nudges", service)


def agenda_subject(service: str, complaint_id: StreamId | str) -> str:
    """The timer of a service for a complaint; publishing here again replaces it (pitfalls D2)."""
    return _subject("agenda", service, complaint_id)


def due_subject(service: str, complaint_id: StreamId | str) -> str:
    """Where that timer arrives when it fires."""
    return _subject("due", service, complaint_id)


def dead_subject(service: str) -> str:
    """Where a service puts what it gave up."""
    return _subject("dead", service)


def command_subject(name: str) -> str:
    """Where a person's command is asked and answered."""
    return _subject("commands", name)


def receipts_subject_from(header: str) -> str:
    """The reply subject a channel asked for, or ValueError: a stranger's word sends intake nowhere else."""
    family, *tokens = header.split(".")
    if family != "receipts" or not tokens:
        raise ValueError(f"{header!r} is no reply subject: it needs receipts.<channel>")
    return _subject("receipts", *tokens)


def inbox(role: Role) -> str:
    """The role's own inbox prefix, as `nats.connect(inbox_prefix=)` wants it."""
    return f"_INBOX_{role.value}"


def pull_inbox(role: Role) -> bytes:
    """The same for a pull subscriber, which wants bytes and the trailing dot (pitfalls B1)."""
    return f"{inbox(role)}.".encode()


DURABLES: Final = (
    Durable(Stream.INTAKE, "intake", INTAKE_SUBJECTS, Role.INTAKE),
    Durable(Stream.NUDGES, "intake", "nudges.intake", Role.INTAKE),
    Durable(Stream.NUDGES, "workflow", "nudges.workflow", Role.WORKFLOW),
    Durable(Stream.NUDGES, "notifier", "nudges.notifier", Role.NOTIFIER),
    Durable(Stream.AGENDA, "due-intake", "due.intake.*", Role.INTAKE),
    Durable(Stream.AGENDA, "due-workflow", "due.workflow.*", Role.WORKFLOW),
    Durable(Stream.AGENDA, "due-notifier", "due.notifier.*", Role.NOTIFIER),
)
"""Every durable consumer and the one role that pulls from it."""


def durables_of(role: Role) -> tuple[Durable, ...]:
    """The consumers a role pulls from."""
    return tuple(durable for durable in DURABLES if durable.role is role)


STREAMS_USED: Final[Mapping[Role, tuple[Stream, ...]]] = {
    Role.INTAKE: (Stream.INTAKE, Stream.NUDGES, Stream.AGENDA, Stream.DEAD),
    Role.WORKFLOW: (Stream.NUDGES, Stream.AGENDA, Stream.DEAD),
    Role.NOTIFIER: (Stream.NUDGES, Stream.AGENDA, Stream.DEAD),
    Role.RELAY: (Stream.COMPLAINTS, Stream.NUDGES),
    Role.DESK: (),
    Role.SEAL: (),
    Role.SETUP: tuple(Stream),
    Role.CHANNEL: (),
    Role.OPERATOR: tuple(Stream),
}
"""The streams a role checks before it runs; it may read their configuration and state, not their messages."""


def _subject(family: str, *tokens: str) -> str:
    for token in tokens:
        if not TOKEN.fullmatch(token):
            raise ValueError(f"{token!r} cannot be part of a subject: letters, digits, _ and - only")
    return ".".join((family, *tokens))
