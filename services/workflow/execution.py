"""Carrying out what was agreed, step by step, nothing before the customer agreed (S000-4.1, S004-5.3, S004-5.5)."""

from collections.abc import Sequence

from pydantic import Field

from events.commands import Refusal, refuse
from events.complaint import PlannedStep
from events.execution import StepCompleted, StepFailed
from events.fact import Name, Value
from policy.asking import Act, Acts, Ask, Decided
from policy.handling.steps import named_steps, remedy_of


class Step(Value):
    """`complete_step`, `fail_step`: a step of the agreed plan was done, or could not be (S004-5.3)."""

    step: Name = Field(min_length=1, max_length=200)
    """`1.pick_up`; `1` for the remedy's next step; its kind for all that is left of it; or words for it (`[step]`)."""
    note: str = Field(default="", max_length=2_000)


def complete_step(ask: Ask, data: Step) -> Decided:
    """The step is done, or a whole remedy named by its kind; the last one ends the execution (S004-5.3)."""
    found = _tried(ask, data)
    if isinstance(found, Refusal):
        return found
    return completed(ask.complaint.plan, found, data.note)


def fail_step(ask: Ask, data: Step) -> Decided:
    """The step could not be done: our own failure; the customer is told, the plan revised (S004-5.5, C9)."""
    found = _tried(ask, data)
    return found if isinstance(found, Refusal) else [StepFailed(step=found[0].step, note=data.note)]


def completed(plan: Sequence[PlannedStep], done: Sequence[PlannedStep], note: str = "") -> list[StepCompleted]:
    """These steps are done, one after the other; the one that leaves nothing of the plan says so."""
    left = {step.step for step in plan if not step.is_done}
    facts = []
    for step in done:
        left.discard(step.step)
        facts.append(StepCompleted(step=step.step, note=note, last=not left))
    return facts


def _tried(ask: Ask, data: Step) -> list[PlannedStep] | Refusal:
    """The step that is meant and whose turn it is; all that is left of a remedy that is named as a whole."""
    plan, agreed = ask.complaint.plan, ask.complaint.solution.agreed
    if agreed is None:
        return _not_agreed(ask)
    demands = [answer.demand for answer in agreed.fact.answers]
    meant = named_steps(plan, data.step, demands, ask.rules.remedy, ask.rules.step)
    still = [step for step in meant.steps if not step.is_done]
    if not meant.steps or len({remedy_of(step) for step in still}) > 1:
        return _unknown_step(plan, data.step, meant.steps)
    if not still:
        return _done_already(meant.steps[-1])
    return _out_of_order(plan, still[0]) or (still if meant.is_whole else still[:1])


def _out_of_order(plan: Sequence[PlannedStep], step: PlannedStep) -> Refusal | None:
    """The steps of one remedy come one after the other."""
    first = next(s for s in plan if remedy_of(s) == remedy_of(step) and not s.is_done)
    if first is step:
        return None
    return refuse(
        "step_out_of_order",
        "S004-5.3",
        f"请先完成步骤 {first.step}（责任人 {first.responsible}）",
        f"step {first.step} comes first; {first.responsible} is responsible for it",
        step=step.step,
        first=first.step,
    )


def _not_agreed(ask: Ask) -> Refusal:
    solution = ask.complaint.solution
    return refuse(
        "not_agreed",
        "S000-4.1",
        "客户同意方案之前不得执行：请先提出方案并记录客户同意（agree）",
        "nothing is carried out before the customer agreed: propose a solution and record the agreement (agree)",
        proposals=len(solution.proposals),
    )


def _unknown_step(plan: Sequence[PlannedStep], named: str, meant: Sequence[PlannedStep]) -> Refusal:
    left = ", ".join(step.step for step in plan if not step.is_done) or "-"
    several = ", ".join(step.step for step in meant if not step.is_done)
    return refuse(
        "ambiguous_step" if meant else "unknown_step",
        "S004-5.3",
        f"“{named}”指多个步骤（{several}），请写全名" if meant else f"方案中没有步骤“{named}”；未完成的步骤：{left}",
        f"{named!r} means several steps ({several}): give the full name"
        if meant
        else f"the plan has no step {named!r}; still to be done: {left}",
        step=named,
        open=left,
    )


def _done_already(step: PlannedStep) -> Refusal:
    return refuse(
        "step_done",
        "S004-5.3",
        f"步骤 {step.step} 已完成",
        f"step {step.step} is done already",
        step=step.step,
    )


ACTS: Acts = {"complete_step": Act(Step, complete_step), "fail_step": Act(Step, fail_step)}
