"""What may still happen once a complaint has ended, or its customer's words are put out of use (S002-0.3, M16)."""

from collections.abc import Iterator

from events.ending import Archived, Reopened
from events.envelope import Recorded
from events.execution import CommitmentKept, RefundPaid, StepCompleted
from events.fact import Fact
from events.handling import Assigned, Escalated
from events.learning import ActionPlanned, ActionTaken, EffectMeasured, Reviewed
from events.links import Linked, Unlinked
from events.participation import OwnerNamed, Recused, TaskClosed
from events.privacy import Erased, Restricted, RestrictionLifted
from events.reception import Supplemented
from events.verification import EvidenceAdded
from events.vocabulary import Relation
from services.compliance.conformance.checks import check
from services.compliance.conformance.examined import Examined
from services.compliance.conformance.standing import by_person, by_system
from services.compliance.conformance.violation import Violation

RECORD: frozenset[type[Fact]] = frozenset({Restricted, RestrictionLifted, Erased, Recused, Unlinked})
"""What is decided about the record itself, wherever it stands."""
LATER: frozenset[type[Fact]] = RECORD | {
    *(Reopened, Archived, RefundPaid, StepCompleted, TaskClosed, CommitmentKept, Supplemented, EvidenceAdded, Linked),
    *(Reviewed, ActionPlanned, ActionTaken, EffectMeasured),
}
"""What people may still do after the end: what is owed is owed, what is learned is learned, it may begin again."""
HANDLING: frozenset[type[Fact]] = frozenset({Assigned, OwnerNamed, Escalated})
"""What the system does for open complaints alone."""


STORED_ONLY = "M16"
"""Personal data restricted or erased: nobody acts for a customer whose words nobody may read."""
PRIVACY = (Restricted, RestrictionLifted, Erased)


@check("S002-0.3", zh="结束后须先重新处理方可继续", en="what has ended is reopened before it is handled on")
def nothing_is_handled_after_the_end(of: Examined) -> Iterator[Violation]:
    """After the end people do only what it leaves open, and the system hands out and raises nothing."""
    for recorded in of.history[1:]:
        closed = of.before(recorded.version).ending.closed
        if closed is not None and not _may_follow(of, recorded):
            yield of.violation(
                "S002-0.3",
                recorded,
                zh=f"投诉已结束（{closed}），未重新处理即记录 {recorded.name}。",
                en=f"The complaint had ended ({closed}), yet {recorded.name} was recorded without reopening it.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


def _may_follow(of: Examined, recorded: Recorded) -> bool:
    fact = recorded.fact
    if by_system(recorded):
        return type(fact) not in HANDLING and not isinstance(fact, Reopened)
    if not by_person(recorded):
        return True
    if isinstance(fact, Linked):
        return fact.relation is Relation.REPEAT
    if isinstance(fact, StepCompleted):
        # Only what a payment carries out by itself.
        before = of.history[recorded.version - 2]
        return isinstance(before.fact, RefundPaid | StepCompleted) and before.actor == recorded.actor
    return type(fact) in LATER


@check(
    STORED_ONLY, zh="个人信息限制处理或删除后不再经办", en="nobody acts where personal data are stored only or erased"
)
def nothing_is_handled_while_stored_only(of: Examined) -> Iterator[Violation]:
    """Between a restriction and its end, and after an erasure, colleagues decide on the personal data alone."""
    if not of.has(*PRIVACY):
        return
    for recorded in of.history[1:]:
        known = of.before(recorded.version).privacy
        if by_person(recorded) and not known.is_readable and not isinstance(recorded.fact, PRIVACY):
            yield of.violation(
                STORED_ONLY,
                recorded,
                zh=f"客户个人信息已限制处理或删除，{recorded.actor.id} 仍记录了 {recorded.name}。",
                en=f"Personal data were stored only or erased, yet {recorded.actor.id} recorded {recorded.name}.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )
