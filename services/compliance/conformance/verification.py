"""Facts before liability, liability before any solution, and never an end without a cause (S004-3.6, S001-2.1)."""

from collections.abc import Iterator

from events.ending import Reopened, Resolved
from events.envelope import Recorded
from events.solution import SolutionProposed
from events.verification import Verified
from events.vocabulary import Liable
from services.compliance.conformance.checks import check
from services.compliance.conformance.examined import Examined
from services.compliance.conformance.violation import Violation


@check("S004-3.6", "S003-5.2", "S004-6.6", zh="先核实后提方案、后办结", en="verified first, then proposed and resolved")
def nothing_is_solved_before_it_is_verified(of: Examined) -> Iterator[Violation]:
    """In each round a finding comes before the first proposal and before the resolution."""
    verified = False
    for recorded in of.all(Verified, Reopened, SolutionProposed, Resolved):
        if isinstance(recorded.fact, Verified):
            verified = True
        elif isinstance(recorded.fact, Reopened):
            verified = False
        elif not verified:
            yield of.violation(
                "S004-3.6",
                recorded,
                zh=f"本轮尚未核实，已记录 {recorded.name}。",
                en=f"{recorded.name} was recorded before anything was verified in that round.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


@check(
    "S001-2.1",
    "S000-3.5",
    zh="每件投诉写明原因，第三方责任写明责任方",
    en="a finding names its cause, and a third party by name",
)
def a_finding_says_why_and_who(of: Examined) -> Iterator[Violation]:
    """No finding without facts and a cause, and nobody outside the company is liable without a name."""
    for recorded in of.all(Verified):
        fact, rules = recorded.fact, of.policy_for(recorded).document.verification
        if not isinstance(fact, Verified):
            continue
        nameless = fact.liable in rules.by_name and not (fact.party or "").strip()
        if nameless or not fact.cause.strip() or not fact.facts:
            yield of.violation(
                "S001-2.1",
                recorded,
                zh="核实报告未写明事实、原因或第三方责任方。",
                en="The finding lacks its facts, its cause or the name of the third party.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


@check(
    "S001-2.1",
    zh="原因责任均不明的须说明理由才能办结",
    en="nothing ends with cause and liability unknown unless reasoned",
)
def nothing_ends_unexplained(of: Examined) -> Iterator[Violation]:
    """Where nobody was found liable and the cause says nothing, the resolution says why."""
    for recorded in of.all(Resolved):
        fact, finding = recorded.fact, _last_finding(of, recorded)
        if not isinstance(fact, Resolved) or finding is None or finding.liable is not Liable.UNDETERMINED:
            continue
        cause = finding.cause.strip().rstrip("。.!").strip().casefold()
        if cause in of.policy_for(recorded).document.conclusion.unknown and not fact.statement.strip():
            yield of.violation(
                "S001-2.1",
                recorded,
                zh="原因和责任方均未确定，办结时也未说明为何无法确定。",
                en="Resolved with cause and liable party unknown, and without saying why they cannot be known.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


def _last_finding(of: Examined, recorded: Recorded) -> Verified | None:
    finding = of.before(recorded.version).verification.finding
    return finding.fact if finding else None
