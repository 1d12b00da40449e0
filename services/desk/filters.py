"""What one may ask of the list of complaints; a question that cannot be meant is refused, with what is allowed."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from events.envelope import instant
from events.vocabulary import Category, Priority, Word
from services.desk.problems import Problem, bad_value
from services.desk.state import Status

MOST = 500
"""Complaints a page at the most."""
USUAL = 50
"""Complaints a page where the question names no limit."""

_CURSOR = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z~[0-9a-f-]{36}$")

_PLUS_LOST = re.compile(r"(T[\d:.]+) (\d\d:?\d\d)$")
"""In an address an unescaped + means a space; nothing else can be meant there."""


class Question(NamedTuple):
    """A checked question: the conditions on columns, and which page."""

    equal: Mapping[str, str | int] = {}
    overdue: bool | None = None
    contains: str | None = None
    """Part of the number or of the channel's reference."""
    limit: int = USUAL
    after: str | None = None
    """The cursor of the page before."""


def question(asked: Iterable[tuple[str, str]]) -> Question:
    """The question that query parameters ask; raises Problem naming the wrong one and what is allowed."""
    seen: dict[str, str] = {}
    for name, value in asked:
        if name not in ALLOWED:
            allowed = list(ALLOWED)
            raise Problem(
                422,
                "unknown_filter",
                f"没有筛选项 {name}；可用：{'、'.join(allowed)}",
                f"there is no filter {name}; there are {', '.join(allowed)}",
                allowed=allowed,
            )
        if name in seen:
            raise bad_value(name, value, "每个筛选项只能出现一次", "give each filter once")
        seen[name] = value
    read = {name: ALLOWED[name](name, value) for name, value in seen.items()}
    equal = {name: read[name] for name in EQUAL if name in read}
    return Question(equal, read.get("overdue"), read.get("q"), read.get("limit", USUAL), read.get("after"))


def cursor(received_at: str, complaint_id: str) -> str:
    """The place in the list after that complaint."""
    return f"{received_at}~{complaint_id}"


def moment(name: str, value: str) -> datetime:
    """An instant with its zone; raises Problem for a time that could be meant in any zone."""
    try:
        found = datetime.fromisoformat(_PLUS_LOST.sub(r"\1+\2", value))
        instant(found)  # refuses a time without a zone and one no calendar has in UTC
    except (ValueError, OverflowError):
        raise bad_value(
            name,
            value,
            "请给出带时区的时间，如 2026-03-02T20:50:00%2B08:00 或 2026-03-02T12:50:00Z（网址中 + 写作 %2B）",
            "give a time with its zone, 2026-03-02T20:50:00%2B08:00 or 2026-03-02T12:50:00Z (+ is %2B in an address)",
        ) from None
    return found


def whole(name: str, value: str, least: int, most: int) -> int:
    """A whole number within bounds; raises Problem naming them."""
    if re.fullmatch(r"[0-9]{1,18}", value) and least <= int(value) <= most:
        return int(value)
    raise bad_value(name, value, f"请给出 {least} 至 {most} 的整数", f"give a whole number from {least} to {most}")


def _text(name: str, value: str) -> str:
    if not 1 <= len(value) <= 200:
        raise bad_value(name, value[:50], "请给出 1 至 200 个字符", "give 1 to 200 characters")
    return value


def _one_of(words: type[Word]) -> Callable[[str, str], str]:
    allowed = [word.value for word in words]

    def read(name: str, value: str) -> str:
        if value not in allowed:
            text = ", ".join(allowed)
            raise bad_value(name, value, f"可选：{text}", f"one of {text}", allowed=allowed)
        return value

    return read


def _switch(name: str, value: str) -> bool:
    if value not in ("true", "false"):
        raise bad_value(name, value, "可选：true, false", "one of true, false", allowed=["true", "false"])
    return value == "true"


def _level(name: str, value: str) -> int:
    return whole(name, value, 1, 99)


def _limit(name: str, value: str) -> int:
    return whole(name, value, 1, MOST)


def _after(name: str, value: str) -> str:
    if not _CURSOR.match(value):
        raise bad_value(name, value[:80], "请使用上一页给出的 next", "use `next` of the page before")
    return value


ALLOWED: Mapping[str, Callable[[str, str], Any]] = {
    "priority": _one_of(Priority),
    "category": _one_of(Category),
    "status": _one_of(Status),
    "channel": _text,
    "owner": _text,
    "handler": _text,
    "department": _text,
    "level": _level,
    "number": _text,
    "overdue": _switch,
    "q": _text,
    "limit": _limit,
    "after": _after,
}
"""Query parameter -> how it is read."""
EQUAL = ("priority", "category", "status", "channel", "owner", "handler", "department", "level", "number")
"""The parameters that ask for one value of one column."""
