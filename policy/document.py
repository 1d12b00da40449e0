"""The policy file's shape: one TOML text is one immutable version; a wrong file is refused with the place and cure."""

import tomllib
from datetime import date
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, ValidationError, field_validator, model_validator

from events.fact import Value
from policy.contacting.account import Account
from policy.contacting.alerts import Alert
from policy.contacting.contact import Retry
from policy.contacting.notice import NoticeRule
from policy.contacting.templates import Template
from policy.handling.commitment import CommitmentRules
from policy.handling.ending import Acceptance, Callback, Conclusion
from policy.handling.entitlements import Entitlement
from policy.handling.evidence import EvidenceRules
from policy.handling.extension import ExtensionRules
from policy.handling.liability import LiabilityWords
from policy.handling.offers import OfferRule
from policy.handling.record import RecordRules
from policy.handling.refund import RefundRules
from policy.handling.remedies import RemedyRule
from policy.handling.review import ReviewRules
from policy.handling.steps import StepWords
from policy.handling.understanding import LabelRules, UnderstandingRules, VerificationRules
from policy.people.authority import ApprovalRule, Authority, DelegationRule
from policy.people.hand_over import HandOverRule
from policy.people.ladder import Ladder
from policy.people.routing import Routing
from policy.people.tasks import TaskRule
from policy.sorting.links import LinkRules
from policy.sorting.playbook import Orientation, Playbook
from policy.sorting.taxonomy import Taxonomy
from policy.sorting.triage import TriageRules
from policy.timing.calendars import CalendarSpec
from policy.timing.clock_rules import Standstill
from policy.timing.clocks import ClockSpec
from policy.wording.lint_rules import LintRules
from policy.wording.scripts import Checklist, GuidanceRules, Knowledge, Script, ids_of


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
    standstill: Standstill = Standstill()
    retry: Retry
    alert: Alert
    routing: Routing
    ladder: Ladder
    links: LinkRules
    authority: Authority
    hand_over: HandOverRule
    delegation: DelegationRule
    task: TaskRule
    approval: dict[str, ApprovalRule]
    offer: OfferRule
    remedy: dict[str, RemedyRule]
    step: StepWords = StepWords()
    entitlement: dict[str, Entitlement]
    refund: RefundRules
    commitment: CommitmentRules
    extension: ExtensionRules
    acceptance: Acceptance
    callback: Callback
    conclusion: Conclusion
    liability: LiabilityWords
    review: ReviewRules
    understanding: UnderstandingRules
    record: RecordRules
    evidence: EvidenceRules
    verification: VerificationRules
    label: LabelRules
    taxonomy: Taxonomy
    playbook: dict[str, Playbook]
    orientation: dict[str, Orientation]
    lint: LintRules
    guidance: GuidanceRules
    script: dict[str, Script]
    checklist: dict[str, Checklist]
    knowledge: dict[str, Knowledge]
    account: Account
    triage: TriageRules
    template: dict[str, Template]
    notice: dict[str, NoticeRule] = {}

    @property
    def policy_id(self) -> str:
        """`default-cn@1`, as pinned to complaints."""
        return f"{self.policy.id}@{self.policy.version}"

    @property
    def zone(self) -> ZoneInfo:
        """The policy's time zone."""
        return ZoneInfo(self.policy.timezone)

    @property
    def guidance_ids(self) -> frozenset[str]:
        """What a reply may name as used (S001-4.8)."""
        return frozenset(ids_of(self.script, self.checklist, self.knowledge))

    @model_validator(mode="after")
    def _refers_to_known(self) -> "Document":
        if self.policy.service_calendar not in self.calendar:
            raise ValueError(f"policy.service_calendar: no calendar {self.policy.service_calendar!r}")
        needed = {"acknowledgement", "acknowledgement_out_of_hours", "unreachable"}
        needed |= {"assignment", "escalation", "breach", "exhausted", "ping_pong", "approval", "callback", "warning"}
        needed |= {kind.value for kind in self.alert.ahead} | {rule.kind.value for rule in self.alert.told.values()}
        needed |= {rule.template for rule in self.notice.values()}
        if missing := needed - self.template.keys():
            raise ValueError(f"template: {sorted(missing)[0]!r} is missing")
        return self


@lru_cache(maxsize=16)  # publishing, checking and running a policy read the same text several times
def parse(text: str) -> Document:
    """The policy a TOML text describes; raises InvalidPolicy with the place of the mistake."""
    try:
        return Document.model_validate(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, ValidationError) as mistake:
        raise InvalidPolicy(str(mistake)) from mistake
