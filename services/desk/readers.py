"""Who reads: the accused and recused see neither the file nor who complained; labels are for few (S002-7.2, C21)."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import structlog
from fastapi import Request

from events.commands import Refusal
from events.complaint import Complaint
from events.envelope import History, StreamId
from events.ledger import Ledger
from events.stores import Row
from events.understanding import Labelled
from policy.people.organisation import Organisation
from policy.people.participation import may_read, may_read_labels
from policy.policy import Policy
from policy.registry import NothingPublished, Policies
from services.desk.problems import Problem, bad_value

log = structlog.get_logger()

READER = "as"
"""The query parameter that names the reader, as `--as` does on the command line."""


class Reader(NamedTuple):
    """Somebody who reads; None is the installation itself, which keeps back labels and personal texts."""

    id: str | None
    organisation: Organisation | None

    @property
    def sees_texts(self) -> bool:
        """Who gives no name sees the customer's words and addresses hidden (M16)."""
        return self.id is not None

    def refusal(self, complaint: Complaint) -> Refusal | None:
        """Why that complaint is not shown to them (S002-7.2)."""
        if self.id is None or self.organisation is None:
            return None
        return may_read(complaint, self.id, self.organisation)

    def admit(self, complaint: Complaint) -> None:
        """Go on, or raise the Problem that says who may read instead; the try is noted (S002-7.2)."""
        refusal = self.refusal(complaint)
        if refusal is None:
            return
        log.warning("reading refused", reader=self.id, complaint=complaint.complaint_id, code=refusal.code)
        raise Problem(403, refusal.code, refusal.zh, refusal.en, refused=refusal.model_dump(mode="json"))

    def sees_labels(self, policy: Policy) -> bool:
        """Supervisors and above, and compliance (C21)."""
        return may_read_labels(self.id, self.organisation, policy.document.authority.supervisor_level)

    def shown(self, history: History, policy: Policy) -> History:
        """The facts this reader sees: restricted labels are left out for most (C21)."""
        if self.sees_labels(policy):
            return history
        return History(recorded for recorded in history if not isinstance(recorded.fact, Labelled))

    def hidden(self, ledger: Ledger, streams: Iterable[StreamId]) -> frozenset[StreamId]:
        """Of these complaints those the reader may not see; blocks."""
        if self.id is None or self.organisation is None:
            return frozenset()
        cases = ledger.cases.load_many(list(dict.fromkeys(streams)), {})
        return frozenset(stream for stream, case in cases.items() if self.refusal(case.complaint) is not None)

    def rows(self, ledger: Ledger, policies: Policies, rows: Sequence[Row]) -> list[Row]:
        """Of these rows of the ledger those the reader may see; blocks."""
        hidden = self.hidden(ledger, (row.stream for row in rows))
        labels = [row for row in rows if row.topic == Labelled.TYPE]
        if labels and not self._sees_all_labels(ledger, policies, labels):
            rows = [row for row in rows if row.topic != Labelled.TYPE]
        return [row for row in rows if row.stream not in hidden]

    def _sees_all_labels(self, ledger: Ledger, policies: Policies, labels: Sequence[Row]) -> bool:
        cases = ledger.cases.load_many(list({row.stream for row in labels}), {})
        return all(self.sees_labels(policies.get(case.complaint.policy)) for case in cases.values())


def reader_of(policies: Policies, request: Request) -> Reader:
    """Who asks; before any organisation is published nobody is known, so nobody is kept out."""
    try:
        organisation = policies.organisation
    except NothingPublished:
        organisation = None
    asked = request.query_params.get(READER)
    if asked is not None and not asked.strip():
        # A page that lost its reader's name must not read as the installation itself.
        raise bad_value(READER, asked, "须为人员标识", "the id of a person is expected")
    return Reader(asked, organisation)
