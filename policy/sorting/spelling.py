"""A text as it is read: one script, one width, lower case, no gaps; each character knows where it was written."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from policy.sorting.triage_reading import GAPS
from policy.sorting.triage_rules import Fold

UNREAD = "\0"
"""Stands for a character that is not read: what the customer said is quoted, not judged."""
STOP = "。"
"""A line's end is a sentence's end."""

_NEAR = 40
"""How far before a quotation it is said whose words they are."""
_CLAUSE_ENDS = "。!?;,\\n"
_REMEMBERED = 0x10000  # characters people type; the others are too many to keep


class Folded(NamedTuple):
    """A text as it is read."""

    text: str
    places: Sequence[int]
    """Where each of its characters stands in the written text."""

    def written(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the written text that was read there."""
        return self.places[start], self.places[end - 1] + 1


class Spelling(dict[int, str]):
    """Character -> how it is read; one character stays one character, so that places are kept."""

    def __init__(self, fold: Fold) -> None:
        super().__init__({ord(w): r for w, r in zip(fold.written, fold.read, strict=True)})
        self.update({ord("\n"): STOP, ord("\r"): " ", ord("’"): "'", ord("‘"): "'"})

    def __missing__(self, character: int) -> str:
        written = chr(character)
        folded = unicodedata.normalize("NFKC", written).lower()
        read = folded if len(folded) == 1 and not folded.isspace() else written
        if character < _REMEMBERED:
            self[character] = read
        return read

    def read(self, text: str) -> Folded:
        """The text as it is read."""
        folded = text.translate(self)
        kept: list[int] = []
        end = 0
        for gap in GAPS.finditer(folded):
            kept.extend(range(end, gap.start()))
            end = gap.end()
        if not end:
            return Folded(folded, range(len(folded)))
        kept.extend(range(end, len(folded)))
        return Folded("".join(folded[place] for place in kept), kept)

    def bare(self, text: str) -> str:
        """Its letters and digits alone, for comparing what two people wrote."""
        return letters(self.read(text).text)


def letters(text: str) -> str:
    """The letters and digits of a text as it is read."""
    return "".join(character for character in text if character.isalnum())


class Quotations:
    """Finds in a text what repeats the customer's own words: between quotation marks, or in cited lines (C8)."""

    def __init__(self, pairs: Iterable[str], cited: str, spelling: Spelling, introduced: re.Pattern[str]) -> None:
        self._opens = {pair[0]: pair for pair in pairs}
        self._closes = {pair[1]: pair for pair in pairs}
        self._cited = cited
        self._spelling = spelling
        self._introduced = introduced

    def unread(self, text: str, said: Iterable[str]) -> str:
        """The text with every quotation of what was said made unreadable; its length stays.

        What the draft itself says to be the customer's words is a quotation too: not all they said is on record.
        """
        if not any(mark in text for mark in (*self._opens, self._cited)):
            return text
        said_barely = STOP.join(map(self._spelling.bare, said))
        spans = [*self._lines(text), *self._between_marks(text, said_barely)]
        return _without(text, sorted(spans))

    def _lines(self, text: str) -> Iterable[tuple[int, int]]:
        start = 0
        for line in text.splitlines(keepends=True):
            if line.lstrip().startswith(self._cited):
                yield start, start + len(line.rstrip("\r\n"))
            start += len(line)

    def _between_marks(self, text: str, said: str) -> Iterable[tuple[int, int]]:
        """Each mark is paired with the nearest one before it that opens, so that the innermost counts."""
        opened: dict[str, int] = {}
        known: dict[str, bool] = {}
        for place, mark in enumerate(text):
            if mark not in self._closes and mark not in self._opens:
                continue
            if _is_apostrophe(text, place):
                continue
            pair = self._closes.get(mark)
            if pair in opened:
                content = text[opened[pair] + 1 : place]
                if content not in known:
                    bare = self._spelling.bare(content)
                    known[content] = bool(bare) and bare in said
                if known[content] or self._is_introduced(text, opened[pair]):
                    yield opened[pair], place + 1
                del opened[pair]
            if mark in self._opens:
                opened[self._opens[mark]] = place

    def _is_introduced(self, text: str, mark: int) -> bool:
        return self._introduced.search(self._spelling.read(text[max(0, mark - _NEAR) : mark]).text) is not None


def introduction(speakers: Iterable[str], saying: Iterable[str], spelling: Spelling) -> re.Pattern[str]:
    """What stands before words it says the customer used: 您在电话里说, you told us."""
    who, says = (_any_of(words, spelling) for words in (speakers, saying))
    between = f"(?:(?!我|\\bwe\\b)[^{_CLAUSE_ENDS}]){{0,12}}?"
    return re.compile(f"{who}{between}{says}\\w{{0,3}}[\\s:]*,?\\s*$")


def _any_of(words: Iterable[str], spelling: Spelling) -> str:
    """One of these words, Latin ones whole; where there are none, nothing fits."""
    read = sorted({spelling.read(word).text for word in words}, key=len, reverse=True)
    whole = [rf"\b{re.escape(word)}\b" if word.isascii() else re.escape(word) for word in read]
    return f"(?:{'|'.join(whole)})" if whole else "(?!)"


def _is_apostrophe(text: str, place: int) -> bool:
    """Inside a word, as in don't."""
    around = text[place - 1 : place] + text[place + 1 : place + 2]
    return text[place] in "'’" and len(around) == 2 and around.isascii() and around.isalnum()


def _without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """The text with these stretches unreadable; stretches may overlap."""
    parts: list[str] = []
    end = 0
    for first, last in spans:
        begin = max(first, end)
        if begin < last:
            parts += [text[end:begin], UNREAD * (last - begin)]
            end = last
    return "".join(parts) + text[end:]
