"""Carrying out: nothing before the customer agreed, step by step in order, as the plan says (S000-4.1, S004-5.3)."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from events.ending import Reopened
from events.envelope import Recorded
from events.execution import StepCompleted, StepFailed
from events.solution import CustomerAgreed, CustomerDeclined, SolutionProposed
from services.compliance.conformance.checks import check
from services.compliance.conformance.examined import Examined
from services.compliance.conformance.violation import Violation


@dataclass
class Plan:
    """Proposals of this round, those agreed to, and the steps done; counted anew from the facts."""

    proposals: dict[int, SolutionProposed] = field(default_factory=dict)
    agreed: set[int] = field(default_factory=set)
    declined: set[int] = field(default_factory=set)
    done: set[str] = field(default_factory=set)

    @property
    def current(self) -> SolutionProposed | None:
        """The newest proposal of the round."""
        return next(reversed(self.proposals.values()), None)

    @property
    def standing(self) -> SolutionProposed | None:
        """The proposal that is carried out: the newest the customer agreed to."""
        return next((p for number, p in reversed(self.proposals.items()) if number in self.agreed), None)

    @property
    def steps(self) -> dict[str, list[str]]:
        """Remedy -> its steps in order, as the facts name them."""
        standing = self.standing
        return {r.id: [f"{r.id}.{step}" for step in r.steps] for r in standing.remedies} if standing else {}

    @property
    def left(self) -> list[str]:
        """Steps still to be done."""
        return [step for steps in self.steps.values() for step in steps if step not in self.done]

    def take(self, recorded: Recorded) -> None:
        """The plan after one more fact."""
        match recorded.fact:
            case SolutionProposed() as fact:
                self.proposals[fact.number] = fact
            case CustomerAgreed(proposal=number):
                self.agreed.add(number)
                self.declined.discard(number)
                self.done.clear()
            case CustomerDeclined(proposal=number):
                self.agreed.discard(number)
                self.declined.add(number)
            case StepCompleted(step=step):
                self.done.add(step)
            case StepFailed(step=step):
                self.done.discard(step)
            case Reopened():
                for each in (self.proposals, self.agreed, self.declined, self.done):
                    each.clear()


MOVES = (SolutionProposed, CustomerAgreed, CustomerDeclined, StepCompleted, StepFailed, Reopened)


def plans(of: Examined, *more: type) -> Iterator[tuple[Recorded, Plan]]:
    """Each move with the plan as it was before it."""
    plan = Plan()
    for recorded in of.all(*MOVES, *more):
        yield recorded, plan
        plan.take(recorded)


@check("S000-4.1", zh="客户同意之前不得执行", en="nothing is carried out before the customer agreed")
def nothing_is_done_before_the_customer_agreed(of: Examined) -> Iterator[Violation]:
    """A step is done or fails only under a proposal of this round the customer agreed to."""
    if not of.has(StepCompleted, StepFailed):
        return
    for recorded, plan in plans(of):
        if isinstance(recorded.fact, StepCompleted | StepFailed) and plan.standing is None:
            yield of.violation(
                "S000-4.1",
                recorded,
                zh=f"客户尚未同意方案，已记录步骤 {recorded.fact.step}。",
                en=f"Step {recorded.fact.step} was recorded before the customer agreed to anything.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


@check("S004-5.3", zh="按方案逐步执行", en="the plan is carried out step by step")
def steps_follow_the_plan(of: Examined) -> Iterator[Violation]:
    """Each step is one of the plan, not done yet, and those before it in its remedy are."""
    if not of.has(StepCompleted, StepFailed):
        return
    for recorded, plan in plans(of):
        fact = recorded.fact
        if not isinstance(fact, StepCompleted | StepFailed) or plan.standing is None:
            continue
        own = plan.steps.get(fact.step.partition(".")[0], [])
        first = next((step for step in own if step not in plan.done), None)
        if fact.step != first:
            yield of.violation(
                "S004-5.3",
                recorded,
                zh=f"步骤 {fact.step} 不在方案中、已完成或先于 {first or '无'}。",
                en=f"Step {fact.step} is not in the plan, was done already, or came before {first or 'nothing'}.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )
        elif isinstance(fact, StepCompleted) and fact.last is not (plan.left == [fact.step]):
            yield of.violation(
                "S004-5.3",
                recorded,
                zh=f"步骤 {fact.step} 是否为最后一步记录有误，尚余 {len(plan.left) - 1} 步。",
                en=f"Whether step {fact.step} is the last one is recorded wrongly, {len(plan.left) - 1} are left.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


@check(
    "S000-4.1",
    "S004-5.5",
    "S004-4.3",
    zh="客户的答复针对本轮现有方案",
    en="the customer answers the proposal that stands",
)
def the_customer_answers_what_stands(of: Examined) -> Iterator[Violation]:
    """The newest of the round, once; with the customer's words; the plan is due when its last remedy is."""
    if not of.has(CustomerAgreed, CustomerDeclined):
        return
    for recorded, plan in plans(of):
        fact, current = recorded.fact, plan.current
        if not isinstance(fact, CustomerAgreed | CustomerDeclined):
            continue
        number = current.number if current else None
        said = plan.agreed if isinstance(fact, CustomerAgreed) else plan.declined
        begun = isinstance(fact, CustomerDeclined) and fact.proposal in plan.agreed and bool(plan.done)
        if fact.proposal != number or fact.proposal in said or begun or not fact.words.strip():
            yield of.violation(
                "S004-5.5" if begun else "S000-4.1",
                recorded,
                zh=f"客户对第 {fact.proposal} 号方案的答复不成立：现有方案为 {number or '无'}，或已答复、已开始执行。",
                en=f"The answer to proposal {fact.proposal} does not hold: {number or 'none'} stands, or was answered.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )
        elif isinstance(fact, CustomerAgreed) and current is not None:
            due = max((remedy.due for remedy in current.remedies), default=None)
            if fact.due != due:
                yield of.violation(
                    "S004-4.3",
                    recorded,
                    zh=f"第 {fact.proposal} 号方案的执行期限与措施期限不符。",
                    en=f"The agreement to proposal {fact.proposal} names another time than its remedies.",
                    due=due,
                    at=fact.due,
                    who=recorded.actor.id,
                )
