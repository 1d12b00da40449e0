"""The list of complaints as it was at an instant: every line folded from what the ledger held then (design, 7)."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from events.envelope import History, StreamId, instant
from events.folding import fold
from events.horizon import as_known
from events.ledger import Ledger
from policy.registry import Policies
from services.desk.filters import Question, cursor
from services.desk.listing import Listed, listed
from services.desk.readers import Reader
from services.desk.view import ListView, Page

AT_ONCE = 200
"""Complaints folded together."""
EXAMINED = 4_000
"""Complaints one question looks at; where few of them fit, the page is short and `next` leads on."""
_NEVER_CHANGE = ("channel", "number")
"""Columns that a complaint has from the beginning: the list of today is asked for these."""


class _Seen(NamedTuple):
    """One candidate and its line at the instant; None where the ledger did not hold it yet."""

    now: Listed
    then: Listed | None


class PastList:
    """Questions about the list at an instant; its methods block."""

    def __init__(self, ledger: Ledger, policies: Policies, view: ListView) -> None:
        self._ledger = ledger
        self._policies = policies
        self._view = view

    def find(self, question: Question, at: datetime, reader: Reader | None) -> Page:
        """The complaints that fitted then, newest first, without those the reader may not see today (S002-7.2)."""
        fits = _condition(question, at)
        found: list[Listed] = []
        last: Listed | None = None
        for examined, seen in enumerate(self._candidates(question, at), start=1):
            if last is not None and (len(found) == question.limit or examined > EXAMINED):
                return self._page(found, cursor(last.received_at, last.complaint_id), reader)
            if seen.then is not None and fits(seen.then):
                found.append(seen.then)
            last = seen.now
        return self._page(found, None, reader)

    def _page(self, found: list[Listed], more: str | None, reader: Reader | None) -> Page:
        hidden = reader.hidden(self._ledger, [each.complaint_id for each in found]) if reader else frozenset()
        shown = tuple(each for each in found if each.complaint_id not in hidden)
        return Page(shown, more, self._ledger.head(), 0)

    def _candidates(self, question: Question, at: datetime) -> Iterator[_Seen]:
        """Today's complaints that could fit, newest first, a batch at a time."""
        same = {name: value for name, value in question.equal.items() if name in _NEVER_CHANGE}
        asked = Question(same, None, question.contains, AT_ONCE, question.after)
        while True:
            page = self._view.find(asked, at)
            then = self._then([each.complaint_id for each in page.complaints], at)
            yield from (_Seen(each, then.get(each.complaint_id)) for each in page.complaints)
            if page.next is None:
                return
            asked = asked._replace(after=page.next)

    def _then(self, streams: list[StreamId], at: datetime) -> Mapping[StreamId, Listed]:
        """Their lines at the instant; one that cannot be read is left out, as in the list of today."""
        cases = self._ledger.sealed_cases.load_many(streams, {})
        known = {stream: as_known(case.history, at) for stream, case in cases.items()}
        return {stream: self._line(history) for stream, history in known.items() if history}

    def _line(self, history: History) -> Listed:
        complaint = fold(history)
        return listed(complaint, history, self._policies.get(complaint.policy))


def _condition(question: Question, at: datetime) -> Callable[[Listed], bool]:
    """Whether a line of then fits."""
    moment = instant(at)

    def fits(line: Listed) -> bool:
        values = line._asdict()
        if any(values[column] != value for column, value in question.equal.items()):
            return False
        late = line.next_due is not None and line.next_due < moment
        return question.overdue is None or question.overdue is late

    return fits
