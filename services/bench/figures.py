"""What a measurement reports: a value, the raw limit beside it, their ratio, the floor and the goal."""

import platform
from collections.abc import Iterable, Sequence
from datetime import datetime
from statistics import median
from typing import Any, NamedTuple


class Figure(NamedTuple):
    """One measured thing and how it stands to what was asked."""

    name: str
    value: float
    unit: str
    raw: float | None = None
    """The raw limit of the same run, in the same unit."""
    ratio: float | None = None
    """The median over interleaved rounds, so a disturbance of the machine hits both sides."""
    floor: float | None = None
    goal: float | None = None
    smaller_is_better: bool = False

    @property
    def judged(self) -> float:
        """What floor and goal speak of: the ratio where there is one, else the value."""
        return self.value if self.ratio is None else self.ratio

    @property
    def verdict(self) -> str:
        """goal, floor, or missed; nothing where nothing was asked."""
        if self.floor is None:
            return ""
        if self.goal is not None and self._reaches(self.goal):
            return "goal"
        return "floor" if self._reaches(self.floor) else "missed"

    def _reaches(self, bound: float) -> bool:
        return self.judged <= bound if self.smaller_is_better else self.judged >= bound

    def as_json(self) -> dict[str, Any]:
        """The figure with its verdict."""
        rounded = {key: _round(value) for key, value in self._asdict().items() if value is not None}
        return {**rounded, "verdict": self.verdict}


class Report(NamedTuple):
    """What one command measured."""

    bench: str
    store: str
    at: datetime
    figures: Sequence[Figure]
    details: dict[str, Any]
    """Percentiles, batch sizes, rounds: what explains the figures."""

    def as_json(self) -> dict[str, Any]:
        """One JSON object."""
        return {
            "bench": self.bench,
            "store": self.store,
            "at": self.at.isoformat(timespec="seconds"),
            "python": platform.python_version(),
            "figures": [figure.as_json() for figure in self.figures],
            **self.details,
        }


def percentile(values: Iterable[float], part: float) -> float:
    """The value below which that part of the values lies; 0 for none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else 0.0


def median_ratio(ours: Sequence[float], raw: Sequence[float]) -> float:
    """The median of the ratios of rounds that ran one after the other."""
    return median(mine / bare for mine, bare in zip(ours, raw, strict=True))


def sizes(batches: Sequence[int]) -> dict[str, float]:
    """How big batches were."""
    mean = sum(batches) / len(batches) if batches else 0.0
    middle, largest = percentile(batches, 0.5), max(batches, default=0)
    return {"batches": len(batches), "mean": _round(mean), "p50": middle, "max": largest}


def markdown(reports: Iterable[Report]) -> str:
    """The table of docs/bench.md."""
    head = [
        "| Figure | Store | Value | Raw, same run | Ratio | Floor | Goal | Reached |",
        "|---|---|---|---|---|---|---|---|",
    ]
    return "\n".join(head + [_row(report, figure) for report in reports for figure in report.figures])


def _row(report: Report, figure: Figure) -> str:
    sign = "≤ " if figure.smaller_is_better else "≥ "
    bounds = [f"{sign}{_shown(bound)}" if bound is not None else "" for bound in (figure.floor, figure.goal)]
    cells = [
        f"{report.bench}: {figure.name}",
        report.store,
        f"{_shown(figure.value)} {figure.unit}",
        _shown(figure.raw),
        _shown(figure.ratio),
        *bounds,
        figure.verdict,
    ]
    return f"| {' | '.join(cells)} |"


def _shown(value: float | None) -> str:
    return "" if value is None else f"{_round(value):,}"


def _round(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return round(value) if abs(value) >= 100 else float(f"{value:.3g}")
