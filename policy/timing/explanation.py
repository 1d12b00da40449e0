"""Why a deadline falls when it falls, in words a customer, an agent and an auditor can check."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from events.vocabulary import Language
from policy.timing.calendars import Calendar
from policy.timing.clock_readings import ClockReading
from policy.timing.clock_rules import ClockSpec
from policy.timing.durations import Duration, parse_duration
from policy.timing.instants import first_showing, micros, moment
from policy.titles import Title

Slice = tuple[datetime, datetime]

MOST_SLICES = 8
"""Lines of counted time shown; of more, the first and the last ones."""

_SENTENCES: dict[Language, dict[str, str]] = {
    "zh": {
        "clock": "时钟 {clock}：{title}（依据 {source}）",
        "start": "起点：{start}（第 {version} 号事件）",
        "asked": "起点：{start}",
        "rule": "时限：{length}，按{calendar}计算",
        "named": "时限：由起点事件指明",
        "opened": "起点不在{calendar}内，自开始工作 {base} 起算",
        "later": "自 {base} 起算",
        "extended": "到期时间由第 {version} 号事件改定",
        "slice": "计入：{begin} 至 {end}（{length}）",
        "omitted": "……另有 {count} 段计入",
        "pause": "暂停：{begin} 至 {end}",
        "open_pause": "暂停：自 {begin} 起，尚未恢复",
        "due": "到期：{due}",
        "not_due": "到期：暂无（{state}）",
        "stopped": "完成：{stopped}",
        "late": "超时：{length}",
        "provisional": "注意：{years} 年官方节假日安排尚未公布，到期时间为暂定",
    },
    "en": {
        "clock": "Clock {clock}: {title} (source {source})",
        "start": "Start: {start} (event no. {version})",
        "asked": "Start: {start}",
        "rule": "Limit: {length}, counted by {calendar}",
        "named": "Limit: named by the start event",
        "opened": "The start is outside {calendar}: counting begins at the opening, {base}",
        "later": "Counting begins at {base}",
        "extended": "The due instant was moved by event no. {version}",
        "slice": "Counted: {begin} to {end} ({length})",
        "omitted": "... and {count} more stretches",
        "pause": "Paused: {begin} to {end}",
        "open_pause": "Paused: since {begin}, not resumed yet",
        "due": "Due: {due}",
        "not_due": "Due: not known ({state})",
        "stopped": "Stopped: {stopped}",
        "late": "Late by: {length}",
        "provisional": "Note: the official holidays of {years} are not published yet; due is provisional",
    },
}

_UNITS: dict[Language, tuple[str, str, str, str]] = {
    "zh": ("天", "小时", "分钟", "秒"),
    "en": (" d", " h", " min", " s"),
}


class Explanation(NamedTuple):
    """A reading with all that led to it; `lines` says it in words."""

    reading: ClockReading
    title: Title
    source: tuple[str, ...]
    """Requirement ids."""
    duration: Duration | None
    """None where the start event named the due instant."""
    calendar: Title | None
    zone: ZoneInfo
    slices: tuple[Slice, ...]
    """The stretches counted; for working days their hours."""
    provisional_years: tuple[int, ...]

    def lines(self, language: Language) -> tuple[str, ...]:
        """One sentence a fact, in the order one would check them."""
        sentences = _SENTENCES[language]
        return tuple(sentences[key].format(**words) for key, words in self._facts(language))

    def _facts(self, language: Language) -> Iterator[tuple[str, dict[str, object]]]:
        reading = self.reading
        source = ("、" if language == "zh" else ", ").join(self.source)
        yield "clock", {"clock": reading.clock, "title": self.title[language], "source": source or "-"}
        yield (
            "start" if reading.started_by else "asked",
            {
                "start": self._time(reading.started_at),
                "version": reading.started_by,
            },
        )
        yield from self._counting(language)
        yield from self._slices(language)
        yield from self._pauses()
        yield from self._outcome(language)

    def _counting(self, language: Language) -> Iterator[tuple[str, dict[str, object]]]:
        reading = self.reading
        calendar = "-" if self.calendar is None else self.calendar[language]
        if self.duration is not None:
            yield "rule", {"length": self.duration.words(language), "calendar": calendar}
        elif reading.due_at is not None and reading.extended_by is None:
            yield "named", {}
        if reading.counts_from != reading.started_at:
            base = self._time(reading.counts_from)
            yield "opened" if reading.opened_late else "later", {"base": base, "calendar": calendar}
        if reading.extended_by is not None:
            yield "extended", {"version": reading.extended_by}

    def _slices(self, language: Language) -> Iterator[tuple[str, dict[str, object]]]:
        omitted = len(self.slices) - MOST_SLICES if len(self.slices) > MOST_SLICES else 0
        half = MOST_SLICES // 2
        for index, (begin, end) in enumerate(self.slices):
            if omitted and index == half:
                yield "omitted", {"count": omitted}
            if not omitted or index < half or index >= half + omitted:
                length = in_words(end - begin, language)
                yield "slice", {"begin": self._time(begin), "end": self._time(end), "length": length}

    def _pauses(self) -> Iterator[tuple[str, dict[str, object]]]:
        for begin, end in self.reading.pauses:
            key = "open_pause" if end is None else "pause"
            yield key, {"begin": self._time(begin), "end": "" if end is None else self._time(end)}

    def _outcome(self, language: Language) -> Iterator[tuple[str, dict[str, object]]]:
        reading = self.reading
        if reading.due_at is None:
            yield "not_due", {"state": reading.state.label(language)}
        else:
            yield "due", {"due": self._time(reading.due_at)}
        if reading.stopped_at is not None:
            yield "stopped", {"stopped": self._time(reading.stopped_at)}
        if reading.late:
            yield "late", {"length": in_words(reading.late, language)}
        if self.provisional_years:
            yield "provisional", {"years": "/".join(map(str, self.provisional_years))}

    def _time(self, instant: datetime) -> str:
        """Local time with its offset, because an hour of a night may come twice."""
        return instant.astimezone(self.zone).isoformat(" ")


def in_words(length: timedelta, language: Language) -> str:
    """`1小时5分钟`, `1 h 5 min`; parts of a second are shown as such."""
    minutes, seconds = divmod(length.seconds, 60)
    exact = f"{seconds}.{length.microseconds:06d}".rstrip("0") if length.microseconds else seconds
    counts = (length.days, minutes // 60, minutes % 60, exact)
    parts = [f"{count}{unit}" for count, unit in zip(counts, _UNITS[language], strict=True) if count]
    return ("" if language == "zh" else " ").join(parts) or f"0{_UNITS[language][3]}"


def explain(
    reading: ClockReading, spec: ClockSpec, calendars: Mapping[str, Calendar], timezone: ZoneInfo
) -> Explanation:
    """The explanation of a reading under the policy it was read with."""
    calendar = calendars.get(reading.calendar)
    duration = parse_duration(reading.rule) if reading.rule else None
    name = None if calendar is None else calendar.spec.title or {"zh": calendar.name, "en": calendar.name}
    slices: tuple[Slice, ...] = ()
    years: tuple[int, ...] = ()
    if calendar is not None and duration is not None and reading.due_at is not None:
        years = calendar.provisional_years(micros(reading.started_at), micros(reading.due_at))
        if reading.extended_by is None:
            slices = tuple(_counted(reading, calendar, duration, reading.due_at))
    zone = timezone if calendar is None else calendar.zone
    return Explanation(reading, spec.title, spec.source, duration, name, zone, slices, years)


def _counted(reading: ClockReading, calendar: Calendar, duration: Duration, due: datetime) -> Iterator[Slice]:
    if duration.is_working_days:
        yield from _working_days(reading, calendar, due)
        return
    begin = reading.counts_from
    for paused, resumed in reading.pauses:
        yield from calendar.slices(begin, min(paused, due))
        begin = due if resumed is None else max(begin, resumed)
    yield from calendar.slices(begin, due)


def _working_days(reading: ClockReading, calendar: Calendar, due: datetime) -> Iterator[Slice]:
    """The hours of each day counted: not the day of the start, nor one that closed during a pause."""
    for close in map(moment, calendar.closes_after(micros(reading.counts_from))):
        if close > due:
            return
        if not any(begin < close and (end is None or close < end) for begin, end in reading.pauses):
            day = (close - timedelta(microseconds=1)).astimezone(calendar.zone).date()
            yield from calendar.slices(moment(first_showing(day, 0, calendar.zone)), close)
