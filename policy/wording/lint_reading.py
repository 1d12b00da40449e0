"""A draft taken apart once for all rules: the words that were looked for, and its sentences."""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from policy.sorting.spelling import UNREAD, Folded, Spelling, letters

_STOPS = re.compile(rf"[。!?;]+|\.(?=[\s{UNREAD}]|$)|$")
_PIECES = re.compile(f"[^{UNREAD}]+")
_HAN = re.compile("[\u3400-\u9fff]")
_LATIN = re.compile(r"[a-z0-9][a-z0-9'-]*")


class Span(NamedTuple):
    """A stretch of the text as it is read, and the word that was looked for."""

    start: int
    end: int
    word: str = ""


class Sentence(NamedTuple):
    """One sentence that says something in our own words."""

    start: int
    end: int
    han: int
    """Han characters."""
    latin: int
    """Latin words."""
    asks: bool


class Reading:
    """What one draft says."""

    def __init__(self, folded: Folded, found: Mapping[str, Sequence[Span]]) -> None:
        self.folded = folded
        self._found = found

    def all_of(self, meaning: str) -> Sequence[Span]:
        """The words with that meaning, first to last, none inside another."""
        return self._found.get(meaning, ())

    def first(self, meaning: str) -> int | None:
        """Where the first word with that meaning stands."""
        return next((span.start for span in self.all_of(meaning)), None)

    def outside(self, spans: Iterable[Span], harmless: Sequence[Span]) -> Iterator[Span]:
        """The spans that are no part of a harmless longer phrase."""
        starts = [span.start for span in harmless]
        for span in spans:
            before = bisect_right(starts, span.start) - 1
            if before < 0 or harmless[before].end < span.end:
                yield span

    def stated(self, spans: Iterable[Span], conditions: Sequence[Span]) -> Iterator[Span]:
        """The spans before which no condition stands in their sentence."""
        starts = [condition.start for condition in conditions]
        for span in spans:
            last = bisect_right(starts, span.start) - 1
            if last < 0 or starts[last] < self._beginning(span.start):
                yield span

    def _beginning(self, place: int) -> int:
        """Where the sentence around that place begins."""
        starts = self._starts
        return starts[bisect_right(starts, place) - 1]

    @cached_property
    def _starts(self) -> Sequence[int]:
        return [0, *(stop.end() for stop in _STOPS.finditer(self.folded.text))]

    @cached_property
    def sentences(self) -> Sequence[Sentence]:
        """Its sentences, first to last; what is only quoted is none."""
        text, start, found = self.folded.text, 0, list[Sentence]()
        for stop in _STOPS.finditer(text):
            words = text[start : stop.start()]
            if letters(words):
                han, latin = len(_HAN.findall(words)), len(_LATIN.findall(words))
                found.append(Sentence(start, stop.end(), han, latin, "?" in stop[0]))
            start = stop.end()
        return found

    @cached_property
    def pieces(self) -> Sequence[str]:
        """The letters of our own words, between the quotations."""
        return [letters(piece) for piece in _PIECES.findall(self.folded.text)]


class Lexicon:
    """Finds words by their meanings in one pass; made once, then holds no state."""

    def __init__(self, meanings: Iterable[tuple[str, Iterable[str]]], spelling: Spelling) -> None:
        meant: dict[str, list[str]] = defaultdict(list)
        for meaning, words in meanings:
            for word in words:
                meant[spelling.read(word).text].append(meaning)
        self._words = [word.removesuffix("*") for word in meant]
        self._stems = [word.endswith("*") for word in meant]
        self._meanings = [tuple(dict.fromkeys(names)) for names in meant.values()]
        self._automaton = AhoCorasick(
            self._words, matchkind=MatchKind.Standard, implementation=Implementation.ContiguousNFA
        )

    def read(self, folded: Folded) -> Reading:
        """What the text says."""
        text, found = folded.text, defaultdict[str, list[Span]](list)
        for pattern, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            if _stands_alone(text, start, end, is_stem=self._stems[pattern]):
                end = _end_of_word(text, end) if self._stems[pattern] else end
                for meaning in self._meanings[pattern]:
                    found[meaning].append(Span(start, end, self._words[pattern]))
        return Reading(folded, {meaning: _longest(spans) for meaning, spans in found.items()})


def _stands_alone(text: str, start: int, end: int, is_stem: bool) -> bool:
    """Latin letters found are not the inside of a longer word."""
    begins_inside = _is_latin(text[start]) and _is_latin(text[start - 1 : start])
    ends_inside = not is_stem and _is_latin(text[end - 1]) and _is_latin(text[end : end + 1])
    return not (begins_inside or ends_inside)


def _end_of_word(text: str, end: int) -> int:
    while _is_latin(text[end : end + 1]):
        end += 1
    return end


def _is_latin(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _longest(spans: Sequence[Span]) -> Sequence[Span]:
    """Of overlapping spans the one that starts first, and of those the longest."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if not kept or kept[-1].end <= span.start:
            kept.append(span)
    return kept
