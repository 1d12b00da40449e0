"""Parts of others: asked of somebody of the company, numbered, due ahead, answered once (S001-16.5, S001-6.6)."""

from collections.abc import Iterator

from events.participation import TaskClosed, TaskOpened
from services.compliance.conformance.checks import check
from services.compliance.conformance.examined import Examined
from services.compliance.conformance.standing import by_person, people
from services.compliance.conformance.violation import Violation


@check(
    "S001-16.5",
    "S001-6.6",
    zh="协同任务有编号、部门和今后的期限",
    en="a part asked of others has a number, a place and a time",
)
def parts_are_asked_of_the_company(of: Examined) -> Iterator[Violation]:
    """`t1`, `t2` in order, of a department there is, due after it was asked where a colleague asked."""
    for number, recorded in enumerate(of.all(TaskOpened), start=1):
        fact, organisation = recorded.fact, people(of, recorded)
        if not isinstance(fact, TaskOpened) or organisation is None:
            continue
        late = by_person(recorded) and fact.due <= recorded.occurred_at
        if late or fact.task != f"t{number}" or fact.department not in organisation.department:
            yield of.violation(
                "S001-16.5",
                recorded,
                zh=f"任务 {fact.task} 的编号、部门 {fact.department} 或期限不成立。",
                en=f"Part {fact.task}: no such number, no department {fact.department}, or a time that has passed.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


@check("S001-16.5", zh="协同任务只答复一次", en="a part is answered once")
def parts_are_answered_once(of: Examined) -> Iterator[Violation]:
    """What is answered was asked before and still open, and the answer says something."""
    waiting: set[str] = set()
    for recorded in of.all(TaskOpened, TaskClosed):
        fact = recorded.fact
        if isinstance(fact, TaskOpened):
            waiting.add(fact.task)
        elif isinstance(fact, TaskClosed):
            if fact.task not in waiting or not fact.result.strip():
                yield of.violation(
                    "S001-16.5",
                    recorded,
                    zh=f"任务 {fact.task} 并未待办，或答复没有内容。",
                    en=f"Part {fact.task} was not open, or its answer says nothing.",
                    at=recorded.occurred_at,
                    who=recorded.actor.id,
                )
            waiting.discard(fact.task)
