"""A wait for approvals as the history leaves it: whose turn it is, and whether it is over (S002-1.14, S002-1.15)."""

from datetime import datetime
from typing import NamedTuple


class Approval(NamedTuple):
    """A wait for approvals; a later request on the same subject makes it void (S002-1.15)."""

    subject: str
    rule: str
    content_sha256: str
    stages: tuple[tuple[str, ...], ...]
    author: str
    requested_at: datetime
    version: int
    given: tuple[tuple[str, str], ...] = ()
    """(role, person), in order."""
    refused_by: str | None = None
    is_replaced: bool = False
    """Other content took its place before everybody had decided."""

    @property
    def waiting_for(self) -> tuple[str, ...]:
        """Roles whose turn it is; none when all have approved, one refused, or nobody is asked any more."""
        if self.refused_by is not None or self.is_replaced:
            return ()
        done = {role for role, _ in self.given}
        return next(
            (tuple(r for r in stage if r not in done) for stage in self.stages if not done.issuperset(stage)), ()
        )

    @property
    def is_given(self) -> bool:
        """Everybody approved that content."""
        return self.refused_by is None and not self.is_replaced and not self.waiting_for

    @property
    def is_pending(self) -> bool:
        """Somebody still has to decide."""
        return bool(self.waiting_for)
