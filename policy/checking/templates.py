"""Words that promise what no clock keeps, or say different things in the two languages (C2, S004-1.6)."""

import re
from collections.abc import Iterator

from events.vocabulary import Language
from policy.checking.flaws import Flaw, Subject
from policy.contacting.templates import BY, Template, Words
from policy.timing.deadlines import Grade

TYPED = re.compile(
    r"(?<![\w{])(?:[01]?\d|2[0-3])\s*[::点]\s*(?:[0-5]\d)?(?![\d}])"
    r"|(?:\d+|[一二两三四五六七八九十半]+)\s*个?\s*(?:分钟|小时|工作日|天(?!气)|日内|周(?!末)|个月)"
    r"|\d+\s*月\s*\d+\s*日|明天|明日|后天|\btomorrow\b"
    r"|\b(?:\d+|one|two|three|five|seven)[ -](?:working |business )?(?:minute|hour|day|week|month)s?\b",
    re.IGNORECASE,
)
"""A time or a date somebody typed, instead of naming the clock that will judge it."""
BEFORE_OPENING = re.compile(r"\{opens\}\s*(?:前|之前|以前|点前)|\b(?:by|before|until)\s+\{opens\}", re.IGNORECASE)
"""A promise to call before the desk opens again, which the clock never keeps (C2)."""


def words_of(template: Template) -> Iterator[tuple[Language, Words]]:
    """The template in both languages, Chinese first."""
    yield "zh", template.zh
    yield "en", template.en


def typed_times(subject: Subject) -> Iterator[Flaw]:
    """A template with a typed time or date: it is wrong as soon as the clock changes (C2)."""
    for name, template in subject.document.template.items():
        for language, words in words_of(template):
            for key, text in (("subject", words.subject), ("text", words.text)):
                if (found := TYPED.search(text)) is not None:
                    yield Flaw(
                        "typed_time",
                        f"template.{name}.{language}.{key}",
                        "S004-1.6",
                        f"模板写死了时间“{found.group().strip()}”",
                        f"the template has a typed time: {found.group().strip()!r}",
                        "改用占位符，例如 {first_human}，由时钟计算",
                        "name a placeholder such as {first_human}: the clock computes it",
                    )


def promised_too_early(subject: Subject) -> Iterator[Flaw]:
    """A template that promises an answer by the opening, where the clock allows longer (C2, S004-1.7)."""
    clocks, document = subject.policy.clocks, subject.document
    calendar = clocks.calendars[document.policy.service_calendar]
    closed = next((start for start in subject.starts(days=7) if not calendar.is_open(start)), None)
    if closed is None or "first_human" not in document.clock:
        return
    opens, due = calendar.next_open(closed), clocks.due("first_human", closed).due_at
    for name, template in document.template.items():
        for language, words in words_of(template):
            if due is not None and opens < due and BEFORE_OPENING.search(words.text):
                yield Flaw(
                    "promises_too_early",
                    f"template.{name}.{language}.text",
                    "S004-1.7",
                    f"模板承诺在恢复工作（{opens:%H:%M}）前答复，而时钟允许到 {due:%H:%M}",
                    f"the template promises an answer by the opening ({opens:%H:%M}), the clock allows {due:%H:%M}",
                    "承诺 {first_human}，而不是 {opens}",
                    "promise {first_human} instead of {opens}",
                )


def differing_languages(subject: Subject) -> Iterator[Flaw]:
    """A template that names in one language what it leaves out in the other."""
    for name, template in subject.document.template.items():
        zh, en = template.zh.named, template.en.named
        for language, missing in (("zh", en - zh), ("en", zh - en)):
            if missing:
                listed = ", ".join(sorted(f"{{{word}}}" for word in missing))
                yield Flaw(
                    "placeholder_missing",
                    f"template.{name}.{language}",
                    template.source[0] if template.source else "-",
                    f"两种语言的占位符不一致，这里缺少 {listed}",
                    f"the languages name different facts: {listed} is missing here",
                    "两种语言写出同样的占位符",
                    "name the same placeholders in both languages",
                )


def clocks_not_told(subject: Subject) -> Iterator[Flaw]:
    """A template that names a clock the policy has not, or one without a deadline for some complaint (C2)."""
    ungraded: Grade = (None, None, frozenset())
    for name, template in subject.document.template.items():
        for clock in sorted(template.zh.clocks | template.en.clocks):
            known = clock in subject.document.clock
            grades = (ungraded, *subject.grades(clock)) if known else ()
            start = next(subject.starts())
            if not known or any(subject.policy.clocks.due(clock, start, *grade).due_at is None for grade in grades):
                yield Flaw(
                    "placeholder_without_deadline",
                    f"template.{name}",
                    "S004-1.6",
                    f"占位符 {{{BY}{clock}}} 没有对应的时钟，或该时钟对部分投诉没有时限",
                    f"{{{BY}{clock}}}: no such clock, or it sets no deadline for some complaints",
                    "改为已有的时钟，并为每类投诉写出时限",
                    "name a clock of the policy that has a deadline for every complaint",
                )


CHECKS = (typed_times, promised_too_early, differing_languages, clocks_not_told)
"""All of them."""
