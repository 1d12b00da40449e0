"""One policy version, ready to answer; and what publishing it records."""

from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from events.company import PolicyPublished
from events.digest import digest
from events.vocabulary import Language
from policy.document import Document, parse
from policy.people.organisation import Organisation, parse_organisation
from policy.sorting.triage import Triager
from policy.timing.clocks import Action, Clocks
from policy.timing.official_days import official_days
from policy.wording.lint import Linter

HERE = Path(__file__).parent
DEFAULT_POLICY = HERE / "default-cn.toml"
SAMPLE_ORGANISATION = HERE / "sample-organisation.toml"

DAYS_BEFORE, DAYS_AFTER = 2, 3
"""Years of official days published with a policy, before and after its first year."""


class Policy:
    """A published policy: its document, clocks and classifier, built once and shared."""

    def __init__(self, published: PolicyPublished) -> None:
        self.published = published
        self.document: Document = parse(published.text)
        self.id = published.policy_id
        self.zone: ZoneInfo = self.document.zone
        pauses = self.document.standstill.pause
        self.clocks = Clocks(self.document.clock, self.document.calendar, self.zone, published.days, pauses)

    @cached_property
    def triager(self) -> Triager:
        """The classifier; built when first asked, since its word automaton takes a moment."""
        return Triager(self.document.triage)

    @cached_property
    def linter(self) -> Linter:
        """The phrase lint; built when first asked."""
        return Linter(self.document.lint, self.document.triage.fold)

    def alerts_of(self, clock: str) -> tuple[Action, ...]:
        """Whom a breach of that clock alerts."""
        return tuple(action for action in self._actions(clock) if action.verb in ("alert", "sms"))

    def escalates(self, clock: str) -> bool:
        """Whether a breach of that clock raises the complaint one level."""
        return any(action.verb == "escalate" for action in self._actions(clock))

    def cause_of(self, clock: str) -> str:
        """What an escalation by that clock names as its cause: `stalled` for want of authority (S002-4.6)."""
        spec = self.document.clock.get(clock)
        return (spec.cause if spec else None) or clock

    def _actions(self, clock: str) -> tuple[Action, ...]:
        spec = self.document.clock.get(clock)
        return spec.on_breach if spec else ()

    def title(self, clock: str, language: Language) -> str:
        """The clock's name as people say it."""
        titles = self.document.clock[clock].title
        return titles[language] if titles else clock


def publication(text: str) -> PolicyPublished:
    """What publishing a policy text records: digest and the official days known today.

    Raises InvalidPolicy for a wrong text.
    """
    document = parse(text)
    first = document.policy.valid_from.year
    years = range(first - DAYS_BEFORE, first + DAYS_AFTER + 1)
    return PolicyPublished(
        policy_id=document.policy_id,
        sha256=digest(text),
        text=text,
        days=official_days(document.policy.country, years),
    )


def sample_organisation() -> Organisation:
    """The shipped sample company."""
    return parse_organisation(SAMPLE_ORGANISATION.read_text())
