"""The customer is told of what happened, and only of that: a payment is announced after it was made (S002-6.6)."""

from collections.abc import Iterator

from events.contact import ContactStarted
from events.envelope import Recorded
from events.vocabulary import Audience
from policy.policy import Policy
from policy.timing.patterns import parse_pattern
from services.compliance.conformance.checks import check
from services.compliance.conformance.examined import Examined
from services.compliance.conformance.violation import Violation


@check("S002-6.6", "S002-7.7", "S003-2.5", zh="只向客户告知已发生的事", en="the customer is told only of what happened")
def notices_tell_of_what_happened(of: Examined) -> Iterator[Violation]:
    """Each message a rule of the policy makes names an earlier fact that the rule is about."""
    for recorded in of.all(ContactStarted):
        fact = recorded.fact
        if not isinstance(fact, ContactStarted) or fact.audience is not Audience.CUSTOMER:
            continue
        template, _, version = fact.notice.rpartition("-")
        source = _source(of.policy_for(recorded), template)
        if source is not None and not _happened(of, recorded, template, version):
            yield of.violation(
                source,
                recorded,
                zh=f"向客户发出 {fact.notice}，所告知的事并未发生。",
                en=f"{fact.notice} was sent to the customer, and what it tells of had not happened.",
                at=recorded.occurred_at,
            )


def _source(policy: Policy, template: str) -> str | None:
    """What the rule with that template cites; None where no rule has it."""
    return next((rule.source[0] for rule in policy.document.notice.values() if rule.template == template), None)


def _happened(of: Examined, recorded: Recorded, template: str, version: str) -> bool:
    if not version.isdecimal() or not 0 < int(version) < recorded.version:
        return False
    told = of.history[int(version) - 1]
    rules = (rule for rule in of.policy_for(recorded).document.notice.values() if rule.template == template)
    return any(parse_pattern(on).matches(told) for rule in rules for on in rule.on)
