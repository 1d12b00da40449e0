"""What if: the recorded past lived again under another policy, writing nothing (design, section 7; ADR 0017)."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from itertools import islice, takewhile
from pathlib import Path
from typing import NamedTuple

import structlog

from events.catalogue import decode
from events.company import PolicyPublished
from events.digest import digest
from events.envelope import History, StreamId, contiguous, instant
from events.folding import fold
from events.horizon import latest
from events.ledger import Ledger, LedgerUnavailable
from events.reception import Received
from events.stores import Row
from policy.policy import publication
from policy.registry import POLICIES
from policy.timing.clocks import TICK
from services.compliance.replay.digest import ledger_digest
from services.compliance.replay.histories import Opener, histories, in_shares
from services.compliance.whatif.difference import Changed, Refused, Study, Unlike, compared, together, unlike
from services.compliance.whatif.figures import Figures, figures
from services.compliance.whatif.whatif_report import Report
from services.wiring.past import past_of
from services.wiring.past_company import PastCompany
from services.wiring.rerun import Company, Rerun, commands_of, relive_as_it_was, relive_under

log = structlog.get_logger()

AT_ONCE = 100
"""Complaints whose texts are made readable together, and after which progress is told."""


class Question(NamedTuple):
    """What if: under which policy, by whom, for complaints of which time."""

    policy: PolicyPublished
    horizon: datetime
    """The past is known up to here: the latest instant at which anything was recorded."""
    head: int
    """Position of the last fact looked at; what a running installation adds meanwhile does not count."""
    organisation: str | None = None
    """Text of an organisation that takes the place of the recorded ones."""
    since: datetime | None = None
    until: datetime | None = None
    """Complaints received from one instant on and before the other."""
    pulse: Path | None = None
    """A file that grows by one byte for each complaint done, for whoever shows progress."""


class Extent(NamedTuple):
    """What there is to look at."""

    head: int
    horizon: datetime
    digest: str
    events: int
    complaints: int


def extent(ledger: Ledger) -> Extent | None:
    """How far the ledger goes; None for an empty one."""
    head, complaints = ledger.head(), 0

    def seen(rows: Iterable[Row]) -> Iterator[Row]:
        nonlocal complaints
        for row in rows:
            complaints += row.version == 1 and row.topic == Received.TYPE
            yield row

    horizon = latest(_up_to(head, ledger))
    if horizon is None:
        return None
    events, sha256 = ledger_digest(seen(_up_to(head, ledger)))
    return Extent(head, horizon, sha256, events, complaints)


def _up_to(head: int, ledger: Ledger) -> Iterator[Row]:
    return takewhile(lambda row: row.position <= head, ledger.scan())


def as_published(ledger: Ledger, text: str) -> PolicyPublished:
    """What publishing that text recorded, official days and all, where it was published; else what it would record."""
    for recorded in ledger.load(POLICIES):
        fact = recorded.fact
        if isinstance(fact, PolicyPublished) and fact.sha256 == digest(text):
            return fact
    return publication(text)


def what_if(question: Question, found: Extent, opener: Opener, *, cores: int | None = None) -> Report:
    """The answer, and that the ledger holds what it held; raises ShareFailed, UnknownPolicy, NothingPublished."""
    study = together(in_shares(partial(_share, question), opener, cores=cores))
    with opener() as ledger:
        _, after = ledger_digest(_up_to(question.head, ledger))
    asked = (question.policy, question.organisation is not None, question.since, question.until, question.horizon)
    return Report(*asked, study, found.digest, after, found.events)


def _share(question: Question, ledger: Ledger, first: StreamId, end: StreamId) -> Study:
    company = PastCompany(ledger, question.policy, organisation=question.organisation)
    every, waiting = Study(), histories(ledger, first, end)
    while some := list(islice(waiting, AT_ONCE)):
        past = [row for _, rows in some for row in rows if row.position <= question.head]
        readable = ledger.opened(past, whole=False)
        every += together(_studies(question, company, readable))
        _beat(question.pulse, len(some))
    return every


def _studies(question: Question, company: PastCompany, rows: Sequence[Row]) -> Iterator[Study]:
    by_stream: dict[StreamId, list[Row]] = {}
    for row in rows:
        by_stream.setdefault(row.stream, []).append(row)
    for stream, of_one in by_stream.items():
        try:
            history = History(contiguous(decode(*row) for row in of_one))
            if _is_asked_for(question, history):
                yield study_of(question, company, history)
        except LedgerUnavailable:
            raise
        except Exception as failure:  # catch-all: one complaint that cannot be lived again must not hide the others
            # The kind alone: the message may quote a customer.
            log.warning("complaint left out of the re-run", complaint=stream, reason=type(failure).__name__)
            yield Study(failed=((stream, type(failure).__name__),))


def _is_asked_for(question: Question, history: History) -> bool:
    first = history[0]
    if not isinstance(first.fact, Received):
        return False
    late_enough = question.since is None or question.since <= first.occurred_at
    return late_enough and (question.until is None or first.occurred_at < question.until)


def study_of(question: Question, company: PastCompany, history: History) -> Study:
    """One complaint: as recorded, lived again as it was, and lived again otherwise."""
    past, was, would = past_of(history), company.as_it_was(), company.otherwise()
    acts = commands_of(past, was)
    own = relive_as_it_was(past, was, question.horizon, acts)
    # Where the record falls silent nothing is known of the past, so nothing is compared beyond.
    until = question.horizon if own.silent_since is None else own.silent_since - TICK
    other = relive_under(question.policy.policy_id, past, would, until, acts)
    recorded = _figures(Rerun(history, fold(history)), was, until)
    before, after = _figures(own, was, until), _figures(other, would, until)
    stream, number = own.complaint.complaint_id, own.complaint.number
    changes, differs = compared(before, after), unlike(history, own.history)
    refused = tuple(_refused(stream, number, other))
    return Study(
        complaints=1,
        events=len(history),
        recorded=recorded,
        own=before,
        other=after,
        changed_number=int(bool(changes)),
        changed=(Changed(stream, number, changes),) if changes else (),
        refused_number=len(refused),
        refused=refused,
        refused_by=Counter((each.command, each.code, each.requirement) for each in refused),
        unlike_number=int(bool(differs)),
        unlike=(Unlike(stream, number, differs),) if differs else (),
        needless=other.needless,
        kept=other.kept,
        moves=other.moves,
        linked=int(bool(own.complaint.links.every)),
        unreadable=int(not past.is_readable),
        silent=int(own.silent_since is not None),
    )


def _figures(run: Rerun, company: Company, until: datetime) -> Figures:
    return figures(run.history, run.complaint, company.policy(run.complaint.policy), until)


def _refused(stream: StreamId, number: str, run: Rerun) -> Iterator[Refused]:
    for act in run.refused:
        yield Refused(stream, number, instant(act.at), act.person, act.command, act.code, act.requirement)


def _beat(pulse: Path | None, done: int) -> None:
    if pulse is not None:
        with pulse.open("ab") as file:
            file.write(b"." * done)
