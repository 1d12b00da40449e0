"""What the law gives the customer: it is neither declined nor met in part, but for proven exemptions (S004-4.1)."""

from collections.abc import Callable, Iterable, Mapping

from pydantic import Field

from events.complaint import Complaint
from events.fact import Value
from events.solution import DemandAnswered
from events.vocabulary import Category, DemandResult
from policy.titles import Title

Normal = Callable[[str], str]
"""Text as rules read it: one script, one width, small letters."""


class Entitlement(Value):
    """`[entitlement.<name>]`: a right of the customer, the words it is asked in, who has it, what excepts from it."""

    source: tuple[str, ...]
    law: Title
    """The article it stands in, for the reader of a refusal."""
    words: tuple[str, ...] = Field(min_length=1)
    """A demand with one of these asks for it."""
    demands: tuple[str, ...] = ()
    """A demand with one of these asks for it where the complaint itself uses one of the words."""
    categories: tuple[Category, ...] = ()
    """For these complaints; none named means all."""
    channels: tuple[str, ...] = ()
    """For complaints that came this way; none named means all."""
    exemptions: dict[str, Title] = {}
    """What the law excepts, by name: has to be cited and proven."""


Entitlements = Mapping[str, Entitlement]
"""Name -> right."""


def asked_for(demand: str, complaint: Complaint, entitlements: Entitlements, normal: Normal) -> str | None:
    """The right a demand asks for, or None (S004-4.1)."""
    said, told = normal(demand), normal(complaint.text)
    return next(
        (
            name
            for name, right in entitlements.items()
            if _has_it(complaint, right)
            and (_any(right.words, said) or (_any(right.demands, said) and _any(right.words, told)))
        ),
        None,
    )


def is_excepted(answer: DemandAnswered, right: Entitlement, complaint: Complaint) -> bool:
    """A lawful exemption is cited, and evidence found authentic proves it (S004-4.1, S002-1.16)."""
    if answer.exemption not in right.exemptions:
        return False
    cited = (complaint.verification.find(reference) for reference in answer.evidence)
    return any(evidence is not None and evidence.authentic for evidence in cited)


def is_withheld(answer: DemandAnswered) -> bool:
    """The answer gives less than was asked."""
    return answer.result is not DemandResult.MET


def _has_it(complaint: Complaint, right: Entitlement) -> bool:
    # Not sorted yet: the right is not lost because nobody has looked.
    fits = not right.categories or complaint.category in (None, *right.categories)
    return fits and (not right.channels or complaint.channel in right.channels)


def _any(words: Iterable[str], text: str) -> bool:
    return any(word in text for word in words)
