"""What the customer means, wants and feels; what we still ask of them; restricted labels (S001-1.7, S001-16.6, C21)."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from events.commands import Refusal, refuse
from events.fact import Value
from events.money import Money
from events.understanding import InformationRequested, Labelled, UnderstandingConfirmed
from events.vocabulary import Expectation, LabelKind, Purpose
from policy.asking import Act, Acts, Ask, Decided
from policy.contacting.templates import language_of
from policy.handling.record import PLACES, already_known
from policy.handling.understanding import is_live
from policy.people.participation import superiors
from policy.timing.moments import Instant

Said = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4_000)]
Short = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1_000)]


class ConfirmUnderstanding(Value):
    """`confirm_understanding`: our summary was read back, and the customer confirmed or corrected it (S001-1.7)."""

    summary: Said
    confirmed: bool
    demands: tuple[Short, ...] = Field(default=(), max_length=20)
    emotion: int | None = Field(default=None, ge=1, le=5)
    """1 calm to 5 extreme (S000-1.3)."""
    expectation: Expectation | None = None
    purpose: Purpose | None = None
    requested: Money | None = None
    on_the_spot: bool = False


class RequestInformation(Value):
    """`request_information`: ask the customer for something we need and do not have (S001-16.6)."""

    what: Short
    reason: str = Field(default="", max_length=1_000)


class AddLabel(Value):
    """`label`: a restricted, expiring remark about the customer that no rule reads (S001-12.1, S003-1.5)."""

    kind: LabelKind
    value: Short
    reason: Short
    until: Instant | None = None


def confirm_understanding(ask: Ask, data: ConfirmUnderstanding) -> Decided:
    """The next number of our summary, with what we learned of wishes and feelings (S001-1.7, S001-1.5, S001-18.1)."""
    if data.on_the_spot and not is_live(ask.complaint, ask.rules.understanding):
        return _not_on_the_spot(ask)
    number = len(ask.complaint.understanding.summaries) + 1
    return [UnderstandingConfirmed(number=number, **data.model_dump())]


def request_information(ask: Ask, data: RequestInformation) -> Decided:
    """Ask once, with a reason, and never for what stands in the record (S001-16.6, S001-4.3, S004-3.5)."""
    if refusal := _already_known(ask, data.what) or _already_asked(ask, data.what):
        return refusal
    usual = ask.rules.understanding.reason[language_of(ask.complaint.text)]
    return [InformationRequested(what=data.what, reason=data.reason.strip() or usual)]


def label(ask: Ask, data: AddLabel) -> Decided:
    """A supervisor's remark, for a limited time and with a reason (S001-10.1, S003-1.5, C21)."""
    latest = ask.rules.label.latest(ask.now)
    until = data.until or latest
    if refusal := _level_too_low(ask) or _wrong_time(ask, until, latest):
        return refusal
    return [Labelled(kind=data.kind, value=data.value, reason=data.reason, until=until)]


def _already_known(ask: Ask, what: str) -> Refusal | None:
    known = already_known(ask.complaint, ask.rules.record, what)
    if not known:
        return None
    places = ", ".join(PLACES[field] for field in known)
    return refuse(
        "already_known",
        "S001-4.3",
        f"记录中已有该信息（{places}），请勿重复询问客户",
        f"it is on record already ({places}): do not ask the customer again",
        what=what,
        place=places,
    )


def _already_asked(ask: Ask, what: str) -> Refusal | None:
    if what not in ask.complaint.understanding.asked:
        return None
    return refuse(
        "already_asked",
        "S001-4.3",
        "已请客户补充该信息，请等待客户答复",
        "the customer was asked for it already: wait for the answer",
        what=what,
    )


def _not_on_the_spot(ask: Ask) -> Refusal:
    return refuse(
        "not_on_the_spot",
        "S002-0.1",
        "客户不在通话、在线会话或现场，不能按现场解决办理",
        "the customer is neither on the line nor here: it cannot be solved on the spot",
        channel=ask.complaint.channel,
    )


def _level_too_low(ask: Ask) -> Refusal | None:
    least = ask.rules.label.least_level
    if ask.organisation.level_of(ask.by) >= least:
        return None
    return refuse(
        "level_too_low",
        "S001-10.1",
        "受限标签只能由主管及以上人员添加，并须说明理由",
        "only a supervisor or above may add a restricted label, with a reason",
        may=superiors(ask.complaint, ask.by, least, ask.organisation),
        recorded=True,
        level=ask.person.level,
        least=least,
    )


def _wrong_time(ask: Ask, until: datetime, latest: datetime) -> Refusal | None:
    if ask.now < until <= latest:
        return None
    return refuse(
        "label_too_long",
        "S001-12.1",
        f"标签有效期须在当前之后，且不晚于 {latest.isoformat()}",
        f"a label ends in the future and at the latest on {latest.isoformat()}",
        until=until.isoformat(),
    )


ACTS: Acts = {
    "confirm_understanding": Act(ConfirmUnderstanding, confirm_understanding),
    "request_information": Act(RequestInformation, request_information),
    "label": Act(AddLabel, label),
}
"""Name -> act."""
