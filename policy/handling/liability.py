"""Whose fault it was, in words the customer understands; whoever it was, the company answers (S003-5.1, C10)."""

from events.fact import Value
from events.verification import Verified
from events.vocabulary import Language, Liable
from policy.titles import Title


class LiabilityWords(Value):
    """`[liability]`: one sentence for each finding; `{party}` names a third party that was verified (S003-5.1)."""

    source: tuple[str, ...]
    words: dict[Liable, Title]


def liability_in_words(finding: Verified | None, rules: LiabilityWords, language: Language) -> str:
    """What was found, said plainly; before anything is found that nothing is known yet (S003-5.1, S004-8.2)."""
    liable = Liable.UNDETERMINED if finding is None else finding.liable
    party = (finding.party if finding else None) or Liable.THIRD_PARTY.label(language)
    return rules.words[liable][language].format(party=party)
