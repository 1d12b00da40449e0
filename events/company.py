"""Facts of the company: the rules and the people in force, each version kept for ever (M2)."""

from datetime import date
from typing import ClassVar

from events.fact import Fact, Value
from events.vocabulary import Service


class PublicDays(Value):
    """A year's official days of a country: days off on weekdays, weekend days worked in exchange."""

    country: str
    year: int
    off: tuple[date, ...]
    worked: tuple[date, ...]
    provisional: bool
    """The official list was not out when this was published: no make-up day is known yet."""


class PolicyPublished(Fact):
    """A policy version came into force, with its text, digest and the official days it counts with."""

    TYPE: ClassVar = "company.policy_published"
    WRITER: ClassVar = Service.SETUP
    ZH: ClassVar = "{time}，{actor}发布政策 {policy_id}（摘要 {sha256}）。"
    EN: ClassVar = "{time}: {actor} published policy {policy_id} (digest {sha256})."

    policy_id: str
    """`default-cn@1`."""
    sha256: str
    text: str
    days: tuple[PublicDays, ...] = ()
    """Kept here so that a due instant never depends on the release of a calendar library (ADR 0006)."""


class OrganisationPublished(Fact):
    """People, levels, departments, reporting lines, limits and absences as they are from now on."""

    TYPE: ClassVar = "company.organisation_published"
    WRITER: ClassVar = Service.SETUP
    ZH: ClassVar = "{time}，{actor}发布组织架构（摘要 {sha256}）。"
    EN: ClassVar = "{time}: {actor} published the organisation (digest {sha256})."

    sha256: str
    text: str
