"""References between facts by version, `reply-9`: where a fact stands elsewhere in a re-run, they are led there."""

import re
from typing import Any

from events.complaint import Complaint
from events.fact import Fact
from services.wiring.asked import Asked
from services.wiring.past import Input

_BY_VERSION = re.compile(r"(reply|refund)-(\d+)")
"""Subjects that hold the version of the fact they name; a proposal's number is its own."""


class Renumbered:
    """Version in the past -> version in the re-run, of every fact taken over."""

    def __init__(self) -> None:
        self._now: dict[int, int] = {}

    def note(self, given: Input, facts: int) -> None:
        """These facts come after that many."""
        for number, recorded in enumerate(given.facts, start=1):
            self._now[recorded.version] = facts + number

    def subject(self, subject: str) -> str:
        """The subject as it is called in the re-run."""
        found = _BY_VERSION.fullmatch(subject)
        if found is None:
            return subject
        return f"{found[1]}-{self._now.get(int(found[2]), int(found[2]))}"

    def fact(self, fact: Fact) -> Fact:
        """The fact with its reference led on."""
        subject = getattr(fact, "subject", None)
        if not isinstance(subject, str) or (led := self.subject(subject)) == subject:
            return fact
        return fact.model_copy(update={"subject": led})

    def asked(self, told: Asked, complaint: Complaint) -> Asked:
        """The command with its reference led on; who approves reads what is there now, so its digest counts."""
        if "subject" not in told.data:
            return told
        data: dict[str, Any] = {**told.data, "subject": self.subject(told.data["subject"])}
        approval = complaint.solution.approval(data["subject"])
        if approval is not None and "content_sha256" in data:
            data["content_sha256"] = approval.content_sha256
        return told._replace(data=data)
