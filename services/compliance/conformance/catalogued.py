"""What the catalogue of remedies says of one remedy of a proposal: known or an exception (S000-3.7, S000-3.8)."""

from events.envelope import Recorded
from events.solution import Remedy
from events.verification import Verified
from policy.handling.remedies import RemedyRule
from services.compliance.conformance.examined import Examined


def rule_of(of: Examined, recorded: Recorded, remedy: Remedy) -> RemedyRule | None:
    """The catalogue's rule for it; None for what the catalogue does not know."""
    return of.policy_for(recorded).document.remedy.get(remedy.kind)


def finding_of(of: Examined, recorded: Recorded) -> Verified | None:
    """The finding that counted when that was decided; none after a reopening until it is verified again."""
    finding = of.before(recorded.version).verification.finding
    return finding.fact if finding else None


def is_exceptional(of: Examined, recorded: Recorded, remedy: Remedy) -> bool:
    """Outside the catalogue: unknown to it, for other complaints, not where that party is liable, or too much."""
    rule, finding = rule_of(of, recorded, remedy), finding_of(of, recorded)
    if rule is None:
        return True
    category = of.before(recorded.version).category
    if rule.categories and category not in rule.categories:
        return True
    if finding is not None and finding.liable in rule.not_when_liable:
        return True
    return rule.most is not None and remedy.amount is not None and remedy.amount > rule.most
