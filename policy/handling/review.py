"""Learning from a complaint: what is reviewed, what a review answers, when an action is owed (S000-6.1, S004-7.4)."""

import zlib
from collections.abc import Mapping

from pydantic import Field

from events.complaint import Complaint
from events.fact import Value
from events.vocabulary import Liable, Priority

QUESTIONS: Mapping[str, str] = {
    "what": "发生了什么",
    "why": "为什么",
    "when": "何时",
    "where": "何地",
    "who": "何人",
    "how": "如何发生",
    "cause": "根本原因",
    "lesson": "教训",
}
"""The answers a review gives, each with its Chinese name: 5W1H, the root cause and the lesson (S004-7.4)."""


class ReviewRules(Value):
    """`[review]`: which complaints are reviewed before they are archived, and who may report actions (S000-6.1)."""

    source: tuple[str, ...]
    required: tuple[Priority, ...]
    """Archived only once they are reviewed."""
    one_in: int = Field(default=0, ge=0)
    """Of the others one in so many is reviewed too, chosen by its id; 0 for none."""
    level: int = Field(ge=1)
    """From this level people may report the actions of others."""
    always_acts_on: tuple[Liable, ...]
    """Where these are liable an action is planned, whatever the reason for none (S003-5.4)."""


def is_review_required(complaint: Complaint, rules: ReviewRules) -> bool:
    """Whether it may be archived only after a review: red always, others by sample (S000-6.1)."""
    if complaint.priority in rules.required:
        return True
    return bool(rules.one_in) and zlib.crc32(complaint.complaint_id.encode()) % rules.one_in == 0


def must_act(complaint: Complaint, rules: ReviewRules) -> bool:
    """Whether the liability found calls for an action so that it does not happen again (S003-5.4)."""
    findings = complaint.verification.findings
    return bool(findings) and findings[-1].liable in rules.always_acts_on
