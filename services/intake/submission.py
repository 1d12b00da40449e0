"""The contract of a submission (design, section 7), its limits, and refusals that say what to do."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints, ValidationError, field_validator, model_validator

from events.digest import json_digest
from events.fact import Value
from events.problems import Problem as Problem
from events.problems import problems_of
from events.texts import readable
from events.vocabulary import Medium

BODY_BYTES = 262_144
"""A whole submission; attachments travel as digests, their bytes go to the file store."""
TEXT_CHARACTERS = 20_000
FILE_BYTES = 2**53 - 1
"""The largest whole number every JSON reader keeps; a larger one is no size of a file."""
LATE = timedelta(days=366 * 20)
"""A complaint older than this is a wrong date."""
AHEAD = timedelta(minutes=5)
"""How far a channel's clock may run ahead of ours."""

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]")
_BREAK = re.compile(r"[\t\n\r\u2028\u2029]")


def _on_one_line(text: str) -> str:
    if not text.isprintable() and (found := _BREAK.search(text)) is not None:
        raise ValueError(f"line break or tab at {found.start()}: one line is expected")
    return text


Readable = AfterValidator(readable)
Short = Annotated[str, StringConstraints(min_length=1, max_length=200), Readable, AfterValidator(_on_one_line)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=1_000), Readable]
Text = Annotated[str, StringConstraints(min_length=1, max_length=TEXT_CHARACTERS), Readable]


class SubmittedContact(Value):
    """One way to reach the customer."""

    medium: Medium
    address: Short
    costly: bool = False
    """Reaching them there costs the customer money (S002-1.13)."""


class SubmittedCustomer(Value):
    """Who complains."""

    name: Short | None = None
    contacts: tuple[SubmittedContact, ...] = Field(default=(), max_length=10)
    member_id: Short | None = None
    preferred: Medium | None = None


class SubmittedAttachment(Value):
    """A file by its digest."""

    name: Short
    media_type: Annotated[str, StringConstraints(pattern=r"^[\w.+-]+/[\w.+-]+$", max_length=100)]
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    size: int | None = Field(default=None, ge=0, le=FILE_BYTES, strict=True)


class Submission(Value):
    """One complaint as a channel sends it; unknown fields are refused."""

    channel: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
    external_ref: Short
    text: Text
    occurred_at: datetime | None = None
    customer: SubmittedCustomer
    order_ref: Short | None = None
    product: Short | None = None
    scene: Line | None = None
    demands: tuple[Line, ...] = Field(default=(), max_length=20)
    accused: tuple[Short, ...] = Field(default=(), max_length=10)
    attachments: tuple[SubmittedAttachment, ...] = Field(default=(), max_length=20)

    @field_validator("occurred_at", mode="before")
    @classmethod
    def _is_written_out(cls, moment: object) -> object:
        """A number would silently mean seconds since 1970."""
        if moment is None or isinstance(moment, datetime) or (isinstance(moment, str) and _DATE.match(moment)):
            return moment
        raise ValueError("not a date and time: write 2026-03-02T20:50:00+08:00")

    @field_validator("occurred_at")
    @classmethod
    def _has_a_zone(cls, moment: datetime | None) -> datetime | None:
        if moment is not None and moment.tzinfo is None:
            raise ValueError("no time zone: write 2026-03-02T20:50:00+08:00")
        return moment

    @model_validator(mode="after")
    def _somebody_to_answer(self) -> "Submission":
        if self.customer.name is None and not self.customer.contacts:
            raise ValueError("customer: a name or one contact is needed")
        return self

    @property
    def content_sha256(self) -> str:
        """Digest of what was said, whatever path or time it came by: a channel's repeat has the same one."""
        return json_digest(self.model_dump(mode="json", exclude={"occurred_at"}))


class InvalidSubmission(Exception):
    """A submission that cannot become a complaint; `problems` go back to its sender."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{problem.field}: {problem.en}" for problem in self.problems))

    def as_json(self) -> dict[str, Any]:
        """What the sender gets."""
        return {"error": "invalid_submission", "problems": [problem.model_dump() for problem in self.problems]}


def parse(body: bytes, now: datetime) -> Submission:
    """The submission in a JSON body; raises InvalidSubmission naming every problem."""
    if len(body) > BODY_BYTES:
        raise _too_large()
    try:
        submission = Submission.model_validate_json(body)
    except ValidationError as mistakes:
        raise InvalidSubmission(problems_of(mistakes)) from mistakes
    return checked(submission, now)


def checked(submission: Submission, now: datetime) -> Submission:
    """The same submission; raises InvalidSubmission for a date that cannot be right."""
    moment = submission.occurred_at
    if moment is not None and moment > now + AHEAD:
        raise _bad_date(
            "in_the_future", f"时间晚于现在（{now:%Y-%m-%d %H:%M} UTC）", f"later than now ({now:%Y-%m-%d %H:%M} UTC)"
        )
    if moment is not None and moment < now - LATE:
        raise _bad_date("too_old", "时间早于二十年前", "more than twenty years ago")
    return submission


def _bad_date(code: str, zh: str, en: str) -> InvalidSubmission:
    return InvalidSubmission([Problem(field="occurred_at", code=code, zh=zh, en=en)])


def _too_large() -> InvalidSubmission:
    return InvalidSubmission(
        [
            Problem(
                field="",
                code="too_large",
                zh=f"投诉内容超过 {BODY_BYTES} 字节；附件请只传摘要",
                en=f"the submission has more than {BODY_BYTES} bytes; send attachments as digests",
            )
        ]
    )
