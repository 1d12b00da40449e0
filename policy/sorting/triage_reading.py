"""Reading a complaint: one script, one pass over the words, denials taken out (S004-2.1)."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from events.vocabulary import Category
from policy.sorting.triage_rules import TriageRules

_HAN = "\u2e80-\u2fd5\u3005-\u3007\u3400-\u9fff"
_UNSEEN = "\u00ad\u200b-\u200f\u2060\ufeff"
GAPS = re.compile(
    rf"[\s({_UNSEEN}](?:(?<=[{_HAN}]\s)\s*(?=[{_HAN}])|(?<=[{_HAN}]\()[a-zà-ǜü]{{1,7}}\)|(?<=[{_UNSEEN}]))"
)
"""What is written between Han characters and read as nothing: spaces, invisible marks, pinyin in brackets."""
_COMPATIBLE = "\u2460-\u24ff\uf900-\ufaff\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\U0001d400-\U0001d7ff\u2018\u2019"
_SPOKEN: Final = 0
_NEGATION: Final = 1
_QUESTION: Final = 2
_PRAISE: Final = 3
_NEUTRAL: Final = 4
_FAR: Final = -9  # before any text
_FIELD: Final = 24  # bits of one category's points within a packed number
_ZERO: Final = 1 << (_FIELD - 1)


class _Word(NamedTuple):
    """A word made ready for the loop."""

    kind: int
    topic: int
    edges: int
    problem: bool
    asserted: bool
    placed: bool  # its place matters to a flag


@dataclass(slots=True)
class Findings:
    """What a text says: topics with the first word of each, their points, and those that flag."""

    words: dict[int, str] = field(default_factory=dict)
    times: list[int] = field(default_factory=list)
    """By topic: how many different words."""
    places: dict[int, list[int]] = field(default_factory=dict)
    flagged: set[int] = field(default_factory=set)
    points: int = 0
    """Of all categories, packed."""
    emotion: int = 0
    problems: int = 0
    praises: int = 0


class Reader:
    """Finds the policy's words; builds the word automaton once, then holds no state."""

    def __init__(self, rules: TriageRules) -> None:
        self.rules = rules
        self._topics = tuple(rules.topic.values())
        index = {name: number for number, name in enumerate(rules.topic)}
        self._near = {
            number: frozenset(index[near] for near in topic.near)
            for number, topic in enumerate(self._topics)
            if topic.near
        }
        self._placed = frozenset(self._near).union(*self._near.values())
        self._telling = frozenset(n for n, topic in enumerate(self._topics) if topic.flags or topic.signals)
        self._emotion = [(n, topic.emotion) for n, topic in enumerate(self._topics) if topic.emotion]
        self._points = [pack(topic.weight.get(category, 0) for category in Category) for topic in self._topics]
        entries = [*self._marked(), *self._spoken()]
        self._texts = [word.removesuffix("*") for word, _ in entries]
        self._words = [ready for _, ready in entries]
        self._topic_of = [ready.topic for ready in self._words]
        self._shares, self._later = rules.reading.opening, rules.reading.later
        self._most = rules.reading.words_of_a_topic
        self._automaton = AhoCorasick(
            self._texts,
            matchkind=MatchKind.LeftmostLongest,
            implementation=Implementation.ContiguousNFA,
            store_patterns=False,
        )
        fillers = sorted(rules.marks.filler, key=len, reverse=True)
        self._fillers = re.compile(rf" ?(?:(?:{'|'.join(map(_filler, fillers))}) ?)*")
        self._breaks = re.compile("|".join(map(re.escape, rules.marks.breaks)))
        self._stops = frozenset(rules.marks.breaks)
        self._fold = dict(zip(rules.fold.written, rules.fold.read, strict=True))
        self._folded = re.compile(f"[{re.escape(rules.fold.written)}{_COMPATIBLE}]")

    def _marked(self) -> Iterator[tuple[str, _Word]]:
        marks = self.rules.marks
        kinds = {
            _NEGATION: marks.negation,
            _QUESTION: marks.question,
            _PRAISE: marks.praise,
            _NEUTRAL: marks.neutral,
        }
        for kind, words in kinds.items():
            for word in words:
                yield word, _Word(kind, -1, _edges(word), problem=False, asserted=False, placed=False)
        for word in marks.problem:
            yield word, _Word(_SPOKEN, -1, _edges(word), problem=True, asserted=False, placed=False)

    def _spoken(self) -> Iterator[tuple[str, _Word]]:
        for number, topic in enumerate(self._topics):
            placed = number in self._placed
            for words, problem in ((topic.words, False), (topic.problems, True)):
                for word in words:
                    yield word, _Word(_SPOKEN, number, _edges(word), problem, topic.asserted, placed)

    def normal(self, text: str) -> str:
        """One script, one width, lower case, no gaps between Han characters; only what the policy reads."""
        limit = self.rules.reading.max_chars
        if len(text) > limit:
            text = f"{text[: limit // 2]}\n{text[-(limit // 2) :]}"
        fold = self._fold
        text = self._folded.sub(lambda m: fold.get(m[0]) or unicodedata.normalize("NFKC", m[0]), text)
        return GAPS.sub("", text.lower())[: limit + 1]

    def read(self, text: str) -> Findings:
        """What a normal text says."""
        found = Findings(times=[0] * len(self._topics))
        self._count(found, self._listen(text, found))
        self._flag(found)
        return found

    def _listen(self, text: str, found: Findings) -> list[int]:
        """Walk the words once and keep those that are said: not denied, not merely asked about."""
        words, stops, said = self._words, self._stops, list[int]()
        asked = reach = _FAR  # where the last question, and the last denial with what it swallowed, end
        for pattern, start, end in self._automaton.find_matches_as_indexes(text):
            kind, topic, edges, problem, asserted, placed = words[pattern]
            if edges and not _is_whole(text, start, end, edges):
                continue
            denies = start - reach < 2 and (start <= reach or text[reach] not in stops)
            if kind == _SPOKEN:
                if denies and (problem or asserted):
                    reach = end
                elif not asserted or asked < 0 or self._breaks.search(text, asked, start):
                    if problem or denies:  # "no hot water" is a grievance too
                        found.problems += 1
                    if topic >= 0:
                        said.append(pattern)
                    if placed:
                        found.places.setdefault(topic, []).append(start)
            elif kind == _NEGATION:
                filled = self._fillers.match(text, end)
                reach = _FAR if denies else filled.end() if filled else end
            elif kind == _PRAISE:
                found.problems += denies
                found.praises += not denies
            elif kind == _QUESTION:
                asked = end
        return said

    def _count(self, found: Findings, said: Iterable[int]) -> None:
        """Each different word once, so many of a topic, the opening ones louder."""
        topic_of, texts, points = self._topic_of, self._texts, self._points
        times, words, shares = found.times, found.words, self._shares
        most, later, opening, total = self._most, self._later, len(shares), 0
        for place, pattern in enumerate(dict.fromkeys(said)):
            topic = topic_of[pattern]
            count = times[topic] = times[topic] + 1
            if count == 1:
                words[topic] = texts[pattern]
            if count <= most:
                total += points[topic] * (shares[place] if place < opening else later)
        found.points = total
        for topic, level in self._emotion:
            found.emotion += level * times[topic]

    def _flag(self, found: Findings) -> None:
        """A topic flags by itself, or beside one of those it needs near."""
        within, near, places = self.rules.reading.near_chars, self._near, found.places
        for number in self._telling.intersection(found.words):
            if number in near:
                there = [place for other in near[number] for place in places.get(other, ())]
                if not any(abs(one - other) <= within for one in places[number] for other in there):
                    continue
            found.flagged.add(number)


def pack(points: Iterable[int]) -> int:
    """Points of all categories in one number, so that one sum adds them all."""
    return sum(value << (_FIELD * place) for place, value in enumerate(points))


def unpack(packed: int, fields: int) -> list[int]:
    """The points of each category again."""
    packed += pack([_ZERO] * fields)
    return [((packed >> (_FIELD * place)) & (2 * _ZERO - 1)) - _ZERO for place in range(fields)]


def _filler(word: str) -> str:
    """As a pattern: a Latin word stands whole."""
    return re.escape(word) + (r"\b" if word.isascii() else "")


def _edges(word: str) -> int:
    """Han words need no edges (0), a Latin word stands whole (2), a stem like `overcharg*` begins one (1)."""
    return 0 if not (word[0].isascii() and word[0].isalnum()) else 1 if word.endswith("*") else 2


def _is_whole(text: str, start: int, end: int, edges: int) -> bool:
    """True when the Latin letters found are not the inside of a longer word."""
    before, after = text[start - 1 : start], text[end : end + 1]
    return not (before.isascii() and before.isalnum()) and (edges == 1 or not (after.isascii() and after.isalnum()))
