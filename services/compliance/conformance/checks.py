"""A check: which requirements it carries, and a pure function that finds where a complaint did not keep them."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from events.vocabulary import Language
from services.compliance.conformance.examined import Examined
from services.compliance.conformance.violation import Violation

Run = Callable[[Examined], Iterable[Violation]]


class Check(NamedTuple):
    """One rule a history can break."""

    name: str
    """`the_accused_take_no_part`: the function's own name."""
    requirements: tuple[str, ...]
    """Every row of docs/requirements.csv it carries; a violation names one of these, or what the policy cites."""
    zh: str
    en: str
    run: Run
    about: str
    """First line of the function's docstring."""

    def violations(self, of: Examined) -> list[Violation]:
        """What it finds in that complaint."""
        return [violation._replace(check=self.name) for violation in self.run(of)]

    def title(self, language: Language) -> str:
        """What it demands, in that language."""
        return self.zh if language == "zh" else self.en


def check(*requirements: str, zh: str, en: str) -> Callable[[Run], Check]:
    """Makes a function a check; `zh` and `en` say what must hold."""

    def made(run: Run) -> Check:
        about = (run.__doc__ or "").strip().splitlines()[0]
        return Check(run.__name__, requirements, zh, en, run, about)

    return made
