"""The policy file's shape: one TOML text is one immutable version; a wrong file is refused with the place and cure."""

import tomllib
from datetime import date
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, ValidationError, field_validator, model_validator

from events.fact import Value
from policy.alerts import Alert
from policy.authority import ApprovalRule, Authority
from policy.calendars import CalendarSpec
from policy.clocks import ClockSpec
from policy.contact import Retry
from policy.ladder import Ladder
from policy.routing import Routing
from policy.templates import Template
from policy.triage import TriageRules


class InvalidPolicy(ValueError):
    """The policy file is wrong; the message says where and what is expected."""


class Head(Value):
    """`[policy]`: which version this is, from when, in which zone."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    version: int = Field(ge=1)
    valid_from: date
    timezone: str
    country: str
    """Whose public holidays count."""
    service_calendar: str
    """The calendar that says whether the desk is open."""
    title: dict[str, str] = {}

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError(f"unknown time zone {name!r}, expected a name such as Asia/Shanghai")
        return name


class Document(Value):
    """A whole policy file."""

    policy: Head
    calendar: dict[str, CalendarSpec]
    clock: dict[str, ClockSpec]
    retry: Retry
    alert: Alert
    routing: Routing
    ladder: Ladder
    authority: Authority
    approval: dict[str, ApprovalRule]
    triage: TriageRules
    template: dict[str, Template]

    @property
    def policy_id(self) -> str:
        """`default-cn@1`, as pinned to complaints."""
        return f"{self.policy.id}@{self.policy.version}"

    @property
    def zone(self) -> ZoneInfo:
        """The policy's time zone."""
        return ZoneInfo(self.policy.timezone)

    @model_validator(mode="after")
    def _refers_to_known(self) -> "Document":
        if self.policy.service_calendar not in self.calendar:
            raise ValueError(f"policy.service_calendar: no calendar {self.policy.service_calendar!r}")
        needed = {"acknowledgement", "acknowledgement_out_of_hours", "unreachable"}
        needed |= {"assignment", "escalation", "breach", "exhausted"}
        if missing := needed - self.template.keys():
            raise ValueError(f"template: {sorted(missing)[0]!r} is missing")
        return self


def parse(text: str) -> Document:
    """The policy a TOML text describes; raises InvalidPolicy with the place of the mistake."""
    try:
        return Document.model_validate(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, ValidationError) as mistake:
        raise InvalidPolicy(str(mistake)) from mistake
