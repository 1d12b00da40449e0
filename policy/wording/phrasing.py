"""What the phrase lint means for somebody who is about to tell a customer something (S001-7.3, S003-5.2)."""

from collections.abc import Iterable
from typing import NamedTuple

from events.commands import Refusal, refuse
from events.complaint import Case
from events.vocabulary import Medium
from policy.wording.lint import Advice, Linter
from policy.wording.lint_stages import Level, standing


class Checked(NamedTuple):
    """What the lint says of a draft, and whether it may go out like that."""

    advice: tuple[str, ...]
    """Ids of the rules, for the record."""
    override: str | None
    """The reason given, where words stand against the lint; else None."""
    refusal: Refusal | None
    """Why it may not go out."""


def check(linter: Linter, case: Case, text: str, medium: Medium | None = None, override: str | None = None) -> Checked:
    """The draft at the stage the complaint has reached: refused words need a reason that is recorded (S001-7.3)."""
    advice = linter.lint(text, standing(case), medium)
    blocked = [each for each in advice if each.level is Level.BLOCK]
    refusal = _refused(linter, blocked) if blocked and override is None else None
    return Checked(tuple(each.rule for each in advice), override if blocked else None, refusal)


def check_all(linter: Linter, case: Case, texts: Iterable[str], override: str | None = None) -> Checked:
    """The same for several texts said together, such as reasons and alternatives (S001-18.12)."""
    checked = [check(linter, case, text, override=override) for text in texts]
    advice = tuple(dict.fromkeys(rule for each in checked for rule in each.advice))
    overridden = next((each.override for each in checked if each.override is not None), None)
    return Checked(advice, overridden, next((each.refusal for each in checked if each.refusal is not None), None))


def _refused(linter: Linter, blocked: list[Advice]) -> Refusal:
    words = ", ".join(dict.fromkeys(hit.words for advice in blocked for hit in advice.found))
    zh, en = ("; ".join(dict.fromkeys(advice.say[language] for advice in blocked)) for language in ("zh", "en"))
    return refuse(
        "phrase_lint",
        blocked[0].source[0],
        f"目前不宜对客户说：{words}。建议改为：{zh}。如确需保留，请在 override 中写明理由",
        f"not to be said to the customer now: {words}. Better: {en}. To keep it give the reason in `override`",
        phrases=words,
        rules=", ".join(advice.rule for advice in blocked),
        instead=zh,
        instead_en=en,
        list=linter.rules.list_id,
    )
