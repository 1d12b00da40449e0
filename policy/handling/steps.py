"""Which step of the agreed plan people mean by what they call it: by name, by remedy, by everyday words (S004-5.3)."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from events.complaint import PlannedStep
from events.fact import Value
from policy.handling.remedies import Catalogue, kind_of


class StepWords(Value):
    """`[step]`: what people say of a step when it is done (S004-5.3)."""

    source: tuple[str, ...] = ()
    next: tuple[str, ...] = ()
    """Words for whatever comes next."""
    also: Mapping[str, tuple[str, ...]] = {}
    """A step of the catalogue -> other words for it."""


class Meant(NamedTuple):
    """The steps a name fits."""

    steps: Sequence[PlannedStep] = ()
    is_whole: bool = False
    """A remedy is named as a whole: all that is left of it is meant, not its next step."""


def named_steps(
    plan: Sequence[PlannedStep], named: str, demands: Collection[str], catalogue: Catalogue, words: StepWords
) -> Meant:
    """The first reading of the name that fits something still open, else the first that fits anything."""
    wanted, kind = _folded(named), kind_of(named, catalogue)
    still = [step for step in plan if not step.is_done]
    one_left = len({remedy_of(step) for step in still}) == 1
    answers_it = named.strip() in demands and len({remedy_of(step) for step in plan}) == 1
    readings = (
        Meant([step for step in plan if _folded(step.step) == wanted]),
        Meant([step for step in plan if _folded(remedy_of(step)) == wanted]),
        Meant([step for step in plan if step.kind == kind], is_whole=True),
        Meant([step for step in plan if _folded(_own_name(step)) in (wanted, _folded(kind))]),
        Meant([step for step in plan if wanted in map(_folded, words.also.get(_own_name(step), ()))]),
        Meant(plan if answers_it else (), is_whole=True),
        Meant(still if one_left and wanted in map(_folded, words.next) else ()),
    )
    fitting = [meant for meant in readings if meant.steps]
    is_open = (meant for meant in fitting if any(not step.is_done for step in meant.steps))
    return next(is_open, fitting[0] if fitting else Meant())


def remedy_of(step: PlannedStep) -> str:
    """The remedy a step belongs to."""
    return step.step.partition(".")[0]


def _own_name(step: PlannedStep) -> str:
    return step.step.partition(".")[2]


def _folded(name: str) -> str:
    """Case, blanks and hyphens say nothing."""
    return "_".join(name.casefold().replace("-", " ").replace("_", " ").split())
