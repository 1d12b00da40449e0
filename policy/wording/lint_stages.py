"""At which stage a complaint stands for the words of a reply, and how strict a rule is then (C7, C8)."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from events.complaint import Case
from events.ending import CalledBack, Withdrawn
from events.envelope import Recorded
from events.reception import Received, Supplemented
from events.solution import CustomerAgreed, CustomerDeclined
from events.understanding import UnderstandingConfirmed
from events.vocabulary import Liable, Medium, Word
from policy.contacting.told import is_told
from policy.wording.lint_rules import LintRule, Stage


class Level(Word):
    """How strict an advice is."""

    BLOCK = "block", "须更改或说明理由", "change it or say why it must stand"
    ADVISE = "advise", "建议更改", "better said otherwise"


class Standing(NamedTuple):
    """What of a complaint decides which words are right."""

    is_verified: bool = False
    is_liable: bool = False
    """Verified, and the company was found liable (S001-15.1)."""
    is_offered: bool = False
    """A proposal was made that nobody has to approve any more (S001-15.2)."""
    is_first: bool = False
    """No person has replied to the customer yet (S000-2.1)."""
    said: tuple[str, ...] = ()
    """The customer's own words: quoting them is no offence."""


_HOLDS: Mapping[Stage, Callable[[Standing], bool]] = {
    Stage.ANY: lambda _: True,
    Stage.BEFORE_VERIFIED: lambda now: not now.is_verified,
    Stage.AFTER_VERIFIED: lambda now: now.is_verified,
    Stage.UNLESS_LIABLE: lambda now: not now.is_liable,
    Stage.BEFORE_APPROVED_PROPOSAL: lambda now: not now.is_offered,
    Stage.FIRST_REPLY: lambda now: now.is_first,
}


def level_of(rule: LintRule, now: Standing, medium: Medium | None) -> Level | None:
    """How strict the rule is at this stage; None when it has nothing to say."""
    if rule.media and medium not in rule.media:
        return None
    levels = ((Level.BLOCK, rule.block), (Level.ADVISE, rule.advise))
    return next((level for level, stages in levels if stages and all(_HOLDS[stage](now) for stage in stages)), None)


def standing(case: Case) -> Standing:
    """The stage the complaint is at; an offer once approved stays known to the customer after a reopening."""
    complaint, history = case.complaint, case.history
    finding, solution = complaint.verification.finding, complaint.solution
    return Standing(
        is_verified=finding is not None,
        is_liable=finding is not None and finding.liable is Liable.COMPANY,
        is_offered=any(solution.is_approved(p.subject, p.fact.content_sha256) for p in solution.proposals),
        is_first=not any(map(is_told, history)),
        said=tuple(words for recorded in history for words in _said(recorded) if words),
    )


def _said(recorded: Recorded) -> Iterator[str | None]:
    """The customer's own words in a fact."""
    fact = recorded.fact
    if isinstance(fact, Received | Supplemented | UnderstandingConfirmed):
        yield from fact.demands
    if isinstance(fact, Received | Supplemented):
        yield fact.text
    elif isinstance(fact, CustomerAgreed | CustomerDeclined | Withdrawn):
        yield fact.words
    elif isinstance(fact, CalledBack):
        yield fact.suggestion
