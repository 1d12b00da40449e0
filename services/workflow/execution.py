"""Carrying out what was agreed, step by step, nothing before the customer agreed (S000-4.1, S004-5.3, S004-5.5)."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import BeforeValidator, Field

from events.commands import Refusal, refuse
from events.complaint import PlannedStep
from events.execution import StepCompleted, StepFailed
from events.fact import Value
from policy.asking import Act, Acts, Ask, Decided

Name = Annotated[str, BeforeValidator(lambda named: str(named) if type(named) is int else named)]
"""A name that people may also write as a number: `p1`, `1`, 1."""


class Step(Value):
    """`complete_step`, `fail_step`: a step of the agreed plan was done, or could not be (S004-5.3)."""

    step: Name = Field(min_length=1, max_length=200)
    """`1.pick_up`; `1` for the remedy's next step; its kind for all that is left of it; or the step's own name."""
    note: str = Field(default="", max_length=2_000)


def complete_step(ask: Ask, data: Step) -> Decided:
    """The step is done, or a whole remedy named by its kind; the last one ends the execution (S004-5.3)."""
    found = _tried(ask, data)
    if isinstance(found, Refusal):
        return found
    left = [step.step for step in ask.complaint.plan if not step.is_done]
    whole = found.kind == data.step.strip()
    done = [step for step in left if step == found.step or (whole and step.startswith(f"{remedy_of(found)}."))]
    return [StepCompleted(step=step, note=data.note, last=left == done[: n + 1]) for n, step in enumerate(done)]


def fail_step(ask: Ask, data: Step) -> Decided:
    """The step could not be done: our own failure; the customer is told, the plan revised (S004-5.5, C9)."""
    found = _tried(ask, data)
    return found if isinstance(found, Refusal) else [StepFailed(step=found.step, note=data.note)]


def _tried(ask: Ask, data: Step) -> PlannedStep | Refusal:
    """The step that is meant and whose turn it is."""
    plan = ask.complaint.plan
    if not plan:
        return _not_agreed(ask)
    meant = named_steps(plan, data.step.strip())
    still = [step for step in meant if not step.is_done]
    if not meant or len({remedy_of(step) for step in still}) > 1:
        return _unknown_step(plan, data.step, meant)
    return _done_already(meant[-1]) if not still else _in_turn(plan, still[0])


def named_steps(plan: Sequence[PlannedStep], named: str) -> list[PlannedStep]:
    """The steps people mean by a full name, a remedy's number, a remedy's kind or a bare step name, in that order."""
    readings = (
        [step for step in plan if step.step == named],
        [step for step in plan if remedy_of(step) == named],
        [step for step in plan if step.kind == named],
        [step for step in plan if step.step.partition(".")[2] == named],
    )
    return next((found for found in readings if found), [])


def remedy_of(step: PlannedStep) -> str:
    """The remedy a step belongs to."""
    return step.step.partition(".")[0]


def _in_turn(plan: Sequence[PlannedStep], step: PlannedStep) -> PlannedStep | Refusal:
    """The steps of one remedy come one after the other."""
    first = next(s for s in plan if remedy_of(s) == remedy_of(step) and not s.is_done)
    if first is step:
        return step
    return refuse(
        "step_out_of_order",
        "S004-5.3",
        f"请先完成步骤 {first.step}(责任人 {first.responsible})",
        f"step {first.step} comes first; {first.responsible} is responsible for it",
        step=step.step,
        first=first.step,
    )


def _not_agreed(ask: Ask) -> Refusal:
    solution = ask.complaint.solution
    return refuse(
        "not_agreed",
        "S000-4.1",
        "客户同意方案之前不得执行:请先提出方案并记录客户同意(agree)",
        "nothing is carried out before the customer agreed: propose a solution and record the agreement (agree)",
        proposals=len(solution.proposals),
    )


def _unknown_step(plan: Sequence[PlannedStep], named: str, meant: Sequence[PlannedStep]) -> Refusal:
    left = ", ".join(step.step for step in plan if not step.is_done) or "-"
    several = ", ".join(step.step for step in meant if not step.is_done)
    return refuse(
        "ambiguous_step" if meant else "unknown_step",
        "S004-5.3",
        f"“{named}”指多个步骤({several}),请写全名" if meant else f"方案中没有步骤“{named}”;未完成的步骤:{left}",
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
