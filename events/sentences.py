"""The audit sentence of a recorded fact: who did what, when, with which figures, in both languages (design, 5)."""

from datetime import date, datetime, tzinfo

from events.codes import in_plain
from events.envelope import Actor, Recorded
from events.tokens import masked
from events.vocabulary import ActorKind, Language, Word

CODED = frozenset({"as_role", "stages", "rule", "cause", "ground", "reason"})
"""Fields that may hold a code of ours where people read words."""
NOTHING = "-"
"""What stands where a fact says nothing."""

_JOIN: dict[Language, str] = {"zh": "、", "en": ", "}
_YES: dict[Language, dict[bool, str]] = {"zh": {True: "是", False: "否"}, "en": {True: "yes", False: "no"}}


def sentence(recorded: Recorded, language: Language, zone: tzinfo) -> str:
    """The sentence of that fact with times local in the zone, to the second; one line whatever the fact holds.

    What stands sealed in the fact is hidden.
    """
    fact = recorded.fact
    words = {
        name: in_words(_plain(getattr(fact, name), language) if name in CODED else getattr(fact, name), language, zone)
        for name in type(fact).model_fields
    }
    actor = actor_in_words(recorded.actor, language)
    # Chinese goes on without a space, which is hard to read after Latin letters.
    words["actor"] = f"{actor} " if language == "zh" and actor[-1].isascii() else actor
    words["time"] = local_time(recorded.occurred_at, zone)
    return masked(fact.told(language).format_map(words))


def _plain(value: object, language: Language) -> object:
    """A code as people say it, stage after stage for those who approve."""
    if isinstance(value, tuple):
        return tuple(_plain(each, language) for each in value)
    return in_plain(value, language) if type(value) is str else value


def actor_in_words(actor: Actor, language: Language) -> str:
    """`系统 workflow`, `person li.na`; a customer is not named: the sentence is no place for personal data (M16)."""
    kind = actor.kind.label(language)
    return kind if actor.kind is ActorKind.CUSTOMER else f"{kind} {_one_line(actor.id)}".strip()


def local_time(moment: datetime, zone: tzinfo) -> str:
    """`2026-03-02 20:50:00`, local in the zone; a time without a zone is shown as it is."""
    try:
        local = moment if moment.tzinfo is None else moment.astimezone(zone)
    except OverflowError:  # within a day of year 1 or 9999: no local time exists there
        local = moment
    return local.replace(tzinfo=None).isoformat(" ", "seconds")


def in_words(value: object, language: Language, zone: tzinfo) -> str:
    """A field of a fact as a reader sees it."""
    if isinstance(value, Word):
        return value.label(language)
    if isinstance(value, bool):
        return _YES[language][value]
    if isinstance(value, datetime):
        return local_time(value, zone)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return _JOIN[language].join(in_words(each, language, zone) for each in value) or NOTHING
    return NOTHING if value is None else _one_line(str(value)) or NOTHING


def _one_line(text: str) -> str:
    # A line break or a sign that turns the writing round could fake a sentence of its own.
    return "".join(sign if sign.isprintable() else " " for sign in text).strip()
