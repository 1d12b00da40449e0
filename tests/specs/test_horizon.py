"""What the ledger held at an instant, though the clocks of its writers do not agree: a beginning, never with a gap."""

from datetime import UTC, timedelta

from events.catalogue import encode
from events.envelope import History
from events.horizon import as_known, latest, recorded_before, recorded_by
from events.stores import Row
from tests import controls
from tests.controls import in_the_morning

TEN = in_the_morning()
MINUTE = timedelta(minutes=1)
ONE, OTHER = controls.some_streams(2)
MINUTES = (0, 10, 6)
"""When each of three facts was recorded: before the last the clock was set back."""


def row(position: int, stream: str, version: int, minute: int) -> Row:
    entry = controls.told(TEN)
    return Row(position, type(ONE)(stream), version, entry.fact.TYPE, encode(entry, TEN + minute * MINUTE))


def rows(stream: str = ONE) -> list[Row]:
    return [row(number, stream, number, minute) for number, minute in enumerate(MINUTES, start=1)]


def history() -> History:
    told = controls.recorded([controls.told(TEN)] * len(MINUTES))
    return History(r._replace(recorded_at=TEN + m * MINUTE) for r, m in zip(told, MINUTES, strict=True))


def test_a_stream_ends_before_the_first_fact_recorded_later() -> None:
    for minute, versions in ((-1, []), (0, [1]), (8, [1]), (10, [1, 2, 3])):
        moment = TEN + minute * MINUTE
        assert [recorded.version for recorded in as_known(history(), moment)] == versions
        assert [row.version for row in filter(recorded_by(moment), rows())] == versions


def test_before_an_instant_is_without_what_was_recorded_at_it() -> None:
    for minute, versions in ((0, []), (8, [1]), (10, [1]), (11, [1, 2, 3])):
        assert [row.version for row in filter(recorded_before(TEN + minute * MINUTE), rows())] == versions


def test_the_end_of_one_stream_ends_no_other() -> None:
    mixed = [*rows()[:2], row(3, OTHER, 1, 7), rows()[2], row(5, OTHER, 2, 8), row(6, OTHER, 3, 9)]
    assert [row.position for row in filter(recorded_by(TEN + 8 * MINUTE), mixed)] == [1, 3, 5]


def test_the_latest_instant_counts_wherever_it_stands_and_what_was_altered_does_not_tell() -> None:
    states = b"{}", b'{"recorded_at":"zzzz-03-02T12:50:00.000000Z"}', b'{"recorded_at":"2099-03-02T12:50:00.0000000"}'
    altered = [Row(7, ONE, 4, "complaint.replied", state) for state in states]
    assert latest([*rows(), *altered]) == (TEN + 10 * MINUTE).astimezone(UTC)
    assert latest(altered) is None and latest([]) is None
