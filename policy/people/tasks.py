"""Parts others do of one complaint: who answers for a part, by when (S001-6.6, S001-16.5, S004-3.2)."""

from datetime import datetime

from events.complaint import Complaint
from events.fact import Value
from events.participation import Task
from policy.timing.durations import Span


class TaskRule(Value):
    """`[task]`: by when a part is answered where nobody named a time (S001-16.5)."""

    source: tuple[str, ...]
    answer_within: Span

    def due(self, now: datetime) -> datetime:
        """When a part asked for now is due."""
        return now + self.answer_within


def next_task(complaint: Complaint) -> str:
    """The name of the next part: `t1`, `t2`, in order."""
    return f"t{len(complaint.participation.tasks) + 1}"


def find_task(complaint: Complaint, name: str) -> Task | None:
    """The part of that name."""
    return next((task for task in complaint.participation.tasks if task.task == name), None)
