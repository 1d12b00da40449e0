"""Measure triage on labelled complaints: `python -m tests.measure_triage` (S004-2.1).

Rows are halved by their id: one half was learned from, the other was not (docs/triage.md).
"""

import csv
import hashlib
import os
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from events.vocabulary import Category
from policy.sorting.triage import Triager, TriageRules

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("AMENDS_SAMPLE_DATA", ROOT.parent / "shared" / "data"))
LABELLED = DATA / "zh" / "complaints_labelled.csv"
ENGLISH = DATA / "en" / "cfpb_metadata.csv"
FLAGS = ("safety", "staff", "refund", "repeat", "fraud")
Row = dict[str, str]


@dataclass
class FlagFigures:
    """How often a flag was right, raised wrongly, missed."""

    hit: int = 0
    false: int = 0
    missed: int = 0

    @property
    def recall(self) -> float:
        """The share of true ones that were seen."""
        return self.hit / max(self.hit + self.missed, 1)


@dataclass
class Figures:
    """Everything measured on one set of rows."""

    rows: int
    strict: float
    lenient: float
    baseline: float
    flags: dict[str, FlagFigures] = field(default_factory=dict)
    confusion: Counter[tuple[str, str]] = field(default_factory=Counter)
    colours: Counter[str] = field(default_factory=Counter)


def triager() -> Triager:
    """By the shipped policy."""
    found = tomllib.loads((ROOT / "policy" / "default-cn.toml").read_text("utf-8"))
    return Triager(TriageRules.model_validate(found["triage"]))


def read(path: Path) -> list[Row]:
    """The rows of one sample file."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def halves() -> tuple[list[Row], list[Row]]:
    """The rows words were chosen on, and the rows held out: even and odd last digit of sha256(id)."""
    parts: tuple[list[Row], list[Row]] = ([], [])
    for row in read(LABELLED):
        parts[int(hashlib.sha256(row["id"].encode()).hexdigest()[-1], 16) % 2].append(row)
    return parts


def counted(rules: TriageRules, text: str) -> str:
    """The baseline: the category most of whose words stand in the text; a topic counts for its best one."""
    counts: Counter[Category] = Counter()
    for topic in rules.topic.values():
        if topic.weight:
            best = max(topic.weight, key=lambda category: topic.weight[category])
            words = (word.removesuffix("*") for word in (*topic.words, *topic.problems))
            counts[best] += sum(text.lower().count(word) for word in words)
    most = max(Category, key=lambda category: counts[category])
    return str(most if counts[most] else Category.OTHER)


def measure(rows: Sequence[Row]) -> Figures:
    """Categories over the complaints, flags over the complaints; praise has no category and is left out."""
    engine = triager()
    complaints = [row for row in rows if row["kind"] == "complaint"]
    figures = Figures(len(complaints), 0.0, 0.0, 0.0, {flag: FlagFigures() for flag in FLAGS})
    strict = lenient = baseline = 0
    for row in complaints:
        triage = engine.classify(row["text"])
        right = triage.category == row["category"]
        strict += right
        lenient += right or (row["ambiguous"] == "yes" and triage.category == row["secondary"])
        baseline += counted(engine.rules, row["text"]) == row["category"]
        figures.confusion[row["category"], str(triage.category)] += 1
        figures.colours[str(triage.priority)] += 1
        for flag, count in figures.flags.items():
            said, true = flag in triage.flags, flag in row["flags"].split("|")
            count.hit += said and true
            count.false += said and not true
            count.missed += true and not said
    total = max(len(complaints), 1)
    figures.strict, figures.lenient, figures.baseline = strict / total, lenient / total, baseline / total
    return figures


def english() -> tuple[int, int]:
    """Right and all of the CFPB issues that name billing or service."""
    rows = [row for row in read(ENGLISH) if row["mapped_category"]]
    engine = triager()
    texts = [(row["mapped_category"], f"{row['Issue']}. {row['Sub-issue']}") for row in rows]
    return sum(engine.classify(text).category == category for category, text in texts), len(rows)


def table(name: str, figures: Figures) -> str:
    """One half as lines of text; never a complaint's own words."""
    lines = [
        f"{name}: {figures.rows} complaints  strict {figures.strict:.3f}",
        f"  ambiguous may match secondary {figures.lenient:.3f}  keyword count {figures.baseline:.3f}",
        f"  colours {dict(sorted(figures.colours.items()))}",
    ]
    for flag, count in figures.flags.items():
        said, true = count.hit + count.false, count.hit + count.missed
        lines.append(f"  {flag:8} precision {count.hit}/{said}  recall {count.hit}/{true}")
    lines.append("  true \\ said" + "".join(f"{category:>10}" for category in Category))
    for true_category in Category:
        cells = "".join(f"{figures.confusion[str(true_category), str(said)]:>10}" for said in Category)
        lines.append(f"  {true_category:11}{cells}")
    return "\n".join(lines)


if __name__ == "__main__":
    first, second = halves()
    print(table("learned from", measure(first)))
    print(table("held out", measure(second)))
    right, asked = english()
    print(f"english issues: {right} of {asked}")
