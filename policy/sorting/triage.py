"""Triage: from a complaint's own words to category, priority, complexity and flags (S001-16.3)."""

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict

from events.vocabulary import Category, Complexity, Priority
from policy.sorting.triage_conditions import Condition, RedRules
from policy.sorting.triage_reading import Findings, Reader, pack, unpack
from policy.sorting.triage_rules import Topic, TriageRules

__all__ = ["Condition", "RedRules", "Triage", "TriageRules", "Triager"]

_FIRST = 1 << 20  # above any strength: what flags is told first


class Triage(BaseModel):
    """The decision and its reasons, each `topic:word` (S001-16.3, S004-2.1)."""

    model_config = ConfigDict(frozen=True)

    category: Category
    priority: Priority
    complexity: Complexity
    flags: tuple[str, ...]
    rules: tuple[str, ...]
    signals: tuple[str, ...] = ()
    """What else the words say: what is wanted, a dispute, a loss, a grievance at all (S001-16.2)."""


_MEASURES_TOLD = ("grievance", "praise")


class Triager:
    """Classifies texts by one policy; built once, then holds no state (S001-16.3)."""

    def __init__(self, rules: TriageRules) -> None:
        self.rules = rules
        self._reader = Reader(rules)
        self._categories = tuple(Category)
        self._bias = pack(rules.bias[category] for category in Category)
        self._names = tuple(rules.topic)
        self._topics = tuple(rules.topic.values())
        self._weights = {c: [topic.weight.get(c, 0) for topic in self._topics] for c in Category}
        self._flagging = frozenset(n for n, topic in enumerate(self._topics) if topic.flags)
        self._weighty = frozenset(n for n, topic in enumerate(self._topics) if topic.weight)
        self._red = [(c.name, c.at_least, f"red:{c}") for c in rules.red.any]
        self._colours = [(c, rule.colour, f"{rule.id}:{c}") for rule in rules.priority for c in rule.any]
        self._points = [(c.name, c.at_least, f"complex:{c}", n) for c, n in rules.complexity.conditions()]

    def normal(self, text: str) -> str:
        """One script, one width, lower case: two texts compare as what they say."""
        return self._reader.normal(text)

    def classify(
        self, text: str, *, demands: Sequence[str] = (), scene: str | None = None, has_accused: bool = False
    ) -> Triage:
        """Decide from the words alone; the same words always give the same answer (S004-2.1..2.6)."""
        plain = self._reader.normal(f"{text}\n{scene}" if scene else text)
        found = self._reader.read(plain)
        self._add_demands(found, demands)
        scores = self._scores(found)
        category = self._category(found, scores)
        fired = [self._topics[number] for number in sorted(found.flagged)]
        flags = dict.fromkeys([flag for topic in fired for flag in topic.flags] + ["staff"] * has_accused)
        facts = self._facts(found, fired, scores, len(set(demands)))
        facts |= dict.fromkeys(flags, 1)
        facts[f"category:{category.value}"] = 1
        facts["silent"] = not plain.strip()
        priority, reasons = self._priority(facts)
        reasons += ["staff:accused"] * has_accused + self._reasons(found, category)
        complexity = self._complexity(facts, reasons)
        return Triage(
            category=category,
            priority=priority,
            complexity=complexity,
            flags=tuple(flags),
            rules=tuple(reasons[: self.rules.max_rules]),
            signals=self._signals(fired, facts),
        )

    def _signals(self, fired: Sequence[Topic], facts: Mapping[str, int]) -> tuple[str, ...]:
        """By name; what flags is told by the flags (S001-16.2)."""
        told = {signal for topic in fired for signal in topic.signals}
        return tuple(sorted(told.union(name for name in _MEASURES_TOLD if facts[name])))

    def _add_demands(self, found: Findings, demands: Sequence[str]) -> None:
        """The topics that the customer's listed demands stand for (S001-16.2)."""
        wanted = [self._reader.normal(demand) for demand in demands]
        for word, topic in self.rules.demanded.items() if wanted else ():
            if any(word in demand for demand in wanted):
                found.words.setdefault(self._names.index(topic), "demands")
                found.flagged.add(self._names.index(topic))

    def _scores(self, found: Findings) -> list[int]:
        """The points of each category: its bias, and the weights of the topics by their counts."""
        return unpack(found.points + self._bias, len(self._categories))

    def _category(self, found: Findings, scores: Sequence[int]) -> Category:
        """The one with most points; the default one when no word spoke for any (S004-2.1)."""
        if self._weighty.isdisjoint(found.words):
            return self.rules.default_category
        return self._categories[scores.index(max(scores))]

    def _facts(self, found: Findings, fired: Sequence[Topic], scores: Sequence[int], demands: int) -> dict[str, int]:
        """What a condition may ask about one text, flags and category apart."""
        facts = {signal: 1 for topic in fired for signal in topic.signals}
        told = sum(signal.startswith("demand_") for signal in facts)
        least = max(scores) - self.rules.complexity.category_margin
        facts["demands"] = max(demands, told)
        facts["categories"] = sum(score >= least for score in scores) if found.words else 0
        facts["emotion"] = found.emotion
        facts["grievance"] = found.problems
        facts["praise"] = found.praises
        return facts

    def _priority(self, facts: Mapping[str, int]) -> tuple[Priority, list[str]]:
        """Red, then the policy's order, then its default (S004-2.2..2.6)."""
        red = [why for name, least, why in self._red if facts.get(name, 0) >= least]
        if red:
            return Priority.RED, red
        for condition, colour, why in self._colours:
            if condition.holds(facts):
                return colour, [why]
        return self.rules.default_priority, ["default:priority"]

    def _complexity(self, facts: Mapping[str, int], reasons: list[str]) -> Complexity:
        """Simple or complex by points; the facts that gave them join the reasons (S001-17.6, S001-17.7)."""
        holding = [(points, why) for name, least, why, points in self._points if facts.get(name, 0) >= least]
        if sum(points for points, _ in holding) < self.rules.complexity.complex_from:
            return Complexity.SIMPLE
        reasons[self.rules.max_rules - len(holding) :] = [why for _, why in holding]
        return Complexity.COMPLEX

    def _reasons(self, found: Findings, category: Category) -> list[str]:
        """What decided: the flags' words first, then the topics that spoke most for the category."""
        weights, times, words, flagged = self._weights[category], found.times, found.words, found.flagged
        flagging, most = self._flagging, self.rules.reading.words_of_a_topic
        ranked = []
        for number in words:
            count = times[number]
            rank = -weights[number] * (count if count < most else most)
            ranked.append(((rank - _FIRST if number in flagged and number in flagging else rank), number))
        ranked.sort()
        return [f"{self._names[number]}:{words[number]}" for _, number in ranked[: self.rules.max_rules]]
