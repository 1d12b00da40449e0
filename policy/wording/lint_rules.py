"""The `[lint]` table of a policy: which words to a customer are wrong at which stage, and what to say instead."""

from typing import Self

from pydantic import Field, NonNegativeInt, PositiveInt, model_validator

from events.fact import Value
from events.vocabulary import Medium, Word
from policy.titles import Title


class Kind(Word):
    """What is wrong with the words (S001-10.5)."""

    FORBIDDEN = "forbidden", "服务禁语", "forbidden phrase"
    BLAME = "blame", "责怪客户", "blames the customer"
    COMPENSATION_WORD = "compensation_word", "过早提及赔偿", "speaks of compensation too early"
    FAULT_ADMISSION = "fault_admission", "过早承认过错", "admits a fault too early"
    FAULT_APOLOGY = "fault_apology", "过早为过错道歉", "apologises for a fault too early"
    LIABILITY_STATEMENT = "liability_statement", "过早认定责任", "states liability too early"
    ABSOLUTE_PROMISE = "absolute_promise", "绝对化承诺", "absolute promise"
    VAGUE_PROMISE = "vague_promise", "含糊的承诺", "vague promise"
    JARGON = "jargon", "专业术语", "jargon"
    INTERROGATIVE = "interrogative", "质问口吻", "sounds like an interrogation"
    ADVERSATIVE = "adversative", "转折词", "adversative"
    PREFERRED = "preferred", "有更好的说法", "there is a better phrase"
    QUESTION_RUN = "question_run", "连续发问", "questions in a row"
    LONG_SENTENCE = "long_sentence", "句子过长", "long sentence"
    ECHO = "echo", "重复客户原话", "repeats the complaint"
    MISSING_APOLOGY = "missing_apology", "首次答复未致歉", "first reply without an apology"
    ORDER_APOLOGY_FIRST = "order_apology_first", "先说明后致歉", "explains before it apologises"


MEASURED: dict[Kind, frozenset[str]] = {
    Kind.QUESTION_RUN: frozenset({"most"}),
    Kind.LONG_SENTENCE: frozenset({"most", "most_words"}),
    Kind.ECHO: frozenset({"most", "span", "percent"}),
    Kind.MISSING_APOLOGY: frozenset(),
    Kind.ORDER_APOLOGY_FIRST: frozenset(),
}
"""Kinds that measure the whole text, each with the figures it needs; every other kind looks for words."""


class Stage(Word):
    """When a rule speaks; the complaint's facts decide (C7, C8)."""

    ANY = "any", "任何阶段", "at any stage"
    BEFORE_VERIFIED = "before_verified", "核实之前", "before verification"
    AFTER_VERIFIED = "after_verified", "核实之后", "after verification"
    UNLESS_LIABLE = "unless_company_liable", "未核实为本公司责任", "unless found to be the company's fault"
    BEFORE_APPROVED_PROPOSAL = "before_approved_proposal", "方案获准之前", "before a proposal is approved"
    FIRST_REPLY = "first_reply", "首次答复", "in the first reply"


class LintRule(Value):
    """`[lint.rule.<id>]`: one thing not to say, when, how strictly, why, and what to say instead."""

    kind: Kind
    source: tuple[str, ...] = Field(min_length=1)
    block: tuple[Stage, ...] = ()
    """While all of them hold the words are refused unless somebody says why they must stand (S001-7.3)."""
    advise: tuple[Stage, ...] = ()
    """While all of them hold, and the words are not refused, they are advised against."""
    media: tuple[Medium, ...] = ()
    """Only there; none means everywhere."""
    words: tuple[str, ...] = ()
    """Simplified Chinese and lower-case English; `*` ends an English stem."""
    pairs: dict[str, str] = {}
    """Further words, each with its own replacement."""
    unless: tuple[str, ...] = ()
    """Longer phrases that contain one of the words and are harmless."""
    conditional: bool = False
    """After "if" or "whether" in the same sentence it is no statement."""
    most: NonNegativeInt = 0
    """Questions in a row; Han characters in a sentence; of an echo, characters that are let pass."""
    most_words: NonNegativeInt = 0
    """Latin words in a sentence."""
    span: NonNegativeInt = 0
    """Characters in a row that make a repetition."""
    percent: NonNegativeInt = 0
    """From this share of repeated characters on."""
    why: Title
    say: Title
    """What to say instead."""

    @property
    def every_word(self) -> tuple[str, ...]:
        """All words it looks for."""
        return (*self.words, *self.pairs)

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        given = {name for name in ("most", "most_words", "span", "percent") if getattr(self, name)}
        needed = MEASURED.get(self.kind, frozenset())
        if given != needed:
            raise ValueError(f"{self.kind}: needs the figures {sorted(needed)}, has {sorted(given)}")
        if (self.kind in MEASURED) == bool(self.every_word):
            raise ValueError(f"{self.kind}: words belong to the kinds that look for words, and to each of those")
        if not self.block and not self.advise:
            raise ValueError("expected block, advise or both")
        return self


class LintRules(Value):
    """`[lint]`: a versioned list of rules with the words all of them read (S001-10.5)."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    version: PositiveInt
    source: tuple[str, ...]
    quotes: tuple[str, ...]
    """Pairs of quotation marks, `「」`."""
    cited: str
    """A line that starts with it repeats what the customer wrote."""
    speakers: tuple[str, ...] = ()
    """How the customer is called where their words are quoted: 您, you."""
    saying: tuple[str, ...] = ()
    """Words of saying that then introduce a quotation, also of words that are not on record: 说, said."""
    apology: tuple[str, ...]
    """Words that apologise, for whatever (C7)."""
    explanation: tuple[str, ...]
    """Words that begin an explanation (S002-0.2)."""
    conditions: tuple[str, ...]
    """Words after which nothing is stated yet: if, whether."""
    rule: dict[str, LintRule]

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        wrong = [pair for pair in self.quotes if len(pair) != len("「」")]
        every = [word for rule in self.rule.values() for word in (*rule.every_word, *rule.unless)]
        every += [*self.apology, *self.explanation, *self.conditions]
        if wrong or not all(word.removesuffix("*").strip() for word in every):
            raise ValueError(f"lint: a pair of quotation marks is two characters, words are not empty: {wrong}")
        return self

    @property
    def list_id(self) -> str:
        """Which list was asked, `phrases-cn@1`."""
        return f"{self.id}@{self.version}"
