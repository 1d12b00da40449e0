"""The phrase lint: what in words to a customer is wrong at this stage, why, and what to say instead (S001-10.5)."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from events.fact import Value
from events.vocabulary import Medium
from policy.sorting.spelling import Quotations, Spelling, introduction
from policy.sorting.triage_rules import Fold
from policy.titles import Title
from policy.wording.lint_reading import Lexicon, Reading, Span
from policy.wording.lint_rules import MEASURED, Kind, LintRule, LintRules
from policy.wording.lint_stages import Level, Standing, level_of

_APOLOGY, _EXPLANATION, _CONDITION = "[apology]", "[explanation]", "[condition]"
_HARMLESS = "[harmless] "


class Hit(Value):
    """Words found, and where they stand in the text."""

    words: str
    start: int
    end: int


class Advice(Value):
    """One rule's advice on a text: what was found, why it is wrong, what to say instead."""

    rule: str
    kind: Kind
    level: Level
    found: tuple[Hit, ...]
    """Empty where something is missing."""
    why: Title
    say: Title
    source: tuple[str, ...]


class Linter:
    """A policy's rules on words, made ready once; it holds no state, and its time grows with the text alone."""

    def __init__(self, rules: LintRules, fold: Fold) -> None:
        self.rules = rules
        self._spelling = Spelling(fold)
        said = introduction(rules.speakers, rules.saying, self._spelling)
        self._quotations = Quotations(rules.quotes, rules.cited, self._spelling, said)
        self._lexicon = Lexicon(self._meanings(), self._spelling)
        self._instead = {
            name: {self._spelling.read(word).text: say for word, say in rule.pairs.items()}
            for name, rule in rules.rule.items()
        }

    def _meanings(self) -> Iterator[tuple[str, Iterable[str]]]:
        rules = self.rules
        yield from ((_APOLOGY, rules.apology), (_EXPLANATION, rules.explanation), (_CONDITION, rules.conditions))
        for name, rule in rules.rule.items():
            yield name, rule.every_word
            yield _HARMLESS + name, rule.unless

    def lint(self, text: str, now: Standing, medium: Medium | None = None) -> tuple[Advice, ...]:
        """All advice on a draft, in the order of the list; positions are those of the draft."""
        reading = self._lexicon.read(self._spelling.read(self._quotations.unread(text, now.said)))
        found: list[Advice] = []
        for name, rule in self.rules.rule.items():
            level = level_of(rule, now, medium)
            spans = None if level is None else self._spans(name, rule, reading, now)
            if level is not None and spans is not None:
                found.append(self._advice(name, level, spans, text, reading))
        return tuple(found)

    def _spans(self, name: str, rule: LintRule, reading: Reading, now: Standing) -> Sequence[Span] | None:
        """Where the rule is broken; None when it is not."""
        if rule.kind is Kind.ECHO:
            return _echo(reading, rule, map(self._spelling.bare, now.said))
        if rule.kind in MEASURED:
            return _MEASURES[rule.kind](reading, rule)
        spans: Iterable[Span] = reading.outside(reading.all_of(name), reading.all_of(_HARMLESS + name))
        if rule.conditional:
            spans = reading.stated(spans, reading.all_of(_CONDITION))
        return tuple(spans) or None

    def _advice(self, name: str, level: Level, spans: Sequence[Span], text: str, reading: Reading) -> Advice:
        rule = self.rules.rule[name]
        places = [reading.folded.written(span.start, span.end) for span in spans]
        return Advice(
            rule=name,
            kind=rule.kind,
            level=level,
            found=tuple(Hit(words=text[start:end], start=start, end=end) for start, end in places),
            why=rule.why,
            say=_say(rule.say, self._instead[name], spans),
            source=rule.source,
        )


def _say(usual: Title, instead: Mapping[str, str], spans: Sequence[Span]) -> Title:
    """The replacement of each word that has its own, in the word's language; else what the rule says."""
    own = {span.word: instead[span.word] for span in spans if span.word in instead}
    chinese = [say for word, say in own.items() if not word.isascii()]
    english = [say for word, say in own.items() if word.isascii()]
    return {"zh": "; ".join(chinese) or usual["zh"], "en": "; ".join(english) or usual["en"]}


def _question_run(reading: Reading, rule: LintRule) -> Sequence[Span] | None:
    """More questions in a row than a customer can answer (S001-18.3)."""
    runs = (tuple(run) for asks, run in groupby(reading.sentences, key=lambda sentence: sentence.asks) if asks)
    return [Span(run[0].start, run[-1].end) for run in runs if len(run) > rule.most] or None


def _long_sentence(reading: Reading, rule: LintRule) -> Sequence[Span] | None:
    """Sentences nobody takes in at once (S001-4.7)."""
    long = (s for s in reading.sentences if s.han > rule.most or s.latin > rule.most_words)
    return [Span(sentence.start, sentence.end) for sentence in long] or None


def _echo(reading: Reading, rule: LintRule, said: Iterable[str]) -> Sequence[Span] | None:
    """Most of the draft only repeats the complaint (S001-15.3)."""
    span = rule.span
    known = {words[place : place + span] for words in said for place in range(len(words) - span + 1)}
    length = sum(map(len, reading.pieces))
    repeated = sum(_covered(piece, known, span) for piece in reading.pieces)
    if length <= rule.most or repeated * 100 < length * rule.percent:
        return None
    return [Span(sentence.start, sentence.end) for sentence in reading.sentences]


def _covered(piece: str, known: set[str], span: int) -> int:
    """How many characters of the piece lie in a known stretch."""
    count = end = 0
    for place in range(len(piece) - span + 1):
        if piece[place : place + span] in known:
            count += place + span - max(place, end)
            end = place + span
    return count


def _missing_apology(reading: Reading, _: LintRule) -> Sequence[Span] | None:
    """Nobody said sorry for the inconvenience (S000-2.1, S001-7.1)."""
    return None if reading.all_of(_APOLOGY) else ()


def _apology_after(reading: Reading, _: LintRule) -> Sequence[Span] | None:
    """The explanation comes before the apology (S002-0.2)."""
    apology, explanations = reading.first(_APOLOGY), reading.all_of(_EXPLANATION)
    return explanations[:1] if apology is not None and explanations and explanations[0].start < apology else None


_MEASURES: Mapping[Kind, Callable[[Reading, LintRule], Sequence[Span] | None]] = {
    Kind.QUESTION_RUN: _question_run,
    Kind.LONG_SENTENCE: _long_sentence,
    Kind.MISSING_APOLOGY: _missing_apology,
    Kind.ORDER_APOLOGY_FIRST: _apology_after,
}
