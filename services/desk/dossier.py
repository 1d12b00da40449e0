"""One complaint as a page: what it is about, what is owed until when and why, what happened."""

from collections.abc import Iterable
from datetime import timedelta
from urllib.parse import quote

from events.complaint import Complaint
from events.envelope import History, Recorded, instant
from events.sentences import local_time, sentence
from events.vocabulary import Language
from policy.people.organisation import Organisation
from policy.timing.clocks import ClockReading, ClockState
from services.desk.board import suffix
from services.desk.desk import Found
from services.desk.markup import Html, join, tag
from services.desk.state import Status, late
from services.desk.words import category, colour, deadline, department, label, person, remaining, say


def dossier(found: Found, told: History, people: Organisation | None, past: str | None, language: Language) -> Html:
    """The whole page's body; `told` are the facts its reader may see, `past` is the instant asked for."""
    complaint = found.complaint
    heading = tag("h1", complaint.number, " ", colour(complaint.priority, language))
    parts = (
        _section("facts", _facts(found, people, language), language),
        _section("words", tag("blockquote", complaint.text), language),
        _section("clocks", _clocks(found, language), language),
        _section("history", _history(found, told, language), language),
    )
    return join(heading, past and _past(found, language), tag("div", *parts, class_="dossier"))


def _section(key: str, content: Html, language: Language) -> Html:
    heading = tag("h2", say(key, language), id=key)
    return tag("section", heading, content, aria_labelledby=key, class_=f"s-{key}")


def _past(found: Found, language: Language) -> Html:
    told = say("as_of", language, time=local_time(found.now, found.policy.zone))
    present = tag(
        "a", say("today", language), href=f"/complaints/{quote(found.complaint.complaint_id)}{suffix(language)}"
    )
    return tag("p", told, " ", present, class_="notice")


def _facts(found: Found, people: Organisation | None, language: Language) -> Html:
    complaint = found.complaint
    lines: list[tuple[str, object]] = [
        ("status", label(Status, complaint.status, language)),
        ("category", category(complaint.category and complaint.category.value, language)),
        ("complexity", complaint.complexity.label(language) if complaint.complexity else None),
        ("received", local_time(complaint.received_at, found.policy.zone)),
        ("channel", complaint.channel),
        ("reference", complaint.external_ref),
        ("handler", person(complaint.handler, people, language)),
        ("department", department(complaint.department, people, language)),
        ("owner", person(complaint.owner, people, language)),
        ("level", complaint.level),
        *_customer(complaint, language),
        ("product", complaint.product),
        ("scene", complaint.scene),
        ("demands", _several(complaint.demands, language)),
        ("accused", _several(complaint.accused, language)),
        ("flags", _several(complaint.flags, language)),
        ("policy", complaint.policy),
        ("version", complaint.version),
    ]
    said = (tag("div", tag("dt", say(key, language)), tag("dd", value)) for key, value in lines if value is not None)
    return tag("dl", *said)


def _customer(complaint: Complaint, language: Language) -> Iterable[tuple[str, object]]:
    customer = complaint.customer
    yield "customer", customer.name
    contacts = (f"{contact.medium.label(language)} {contact.address}" for contact in customer.contacts)
    yield "contacts", _several(contacts, language)


def _several(texts: Iterable[str], language: Language) -> str | None:
    return ("、" if language == "zh" else ", ").join(texts) or None


def _clocks(found: Found, language: Language) -> Html:
    readings = found.policy.clocks.readings(found.history, found.complaint, found.now)
    return tag("ul", *(_clock(reading, found, language) for reading in readings), class_="clocks")


def _clock(reading: ClockReading, found: Found, language: Language) -> Html:
    explanation = found.policy.clocks.explain(reading)
    state = tag("span", reading.state.label(language), class_=f"state {reading.state.value}")
    title = tag("strong", explanation.title[language])
    why = tag("summary", say("why", language), f" · {', '.join(explanation.source)}" if explanation.source else None)
    lines = (tag("li", line) for line in explanation.lines(language))
    return tag(
        "li",
        tag("p", state, " ", title, " ", _stands(reading, found, language)),
        tag("details", why, tag("ol", *lines)),
    )


def _stands(reading: ClockReading, found: Found, language: Language) -> Html | None:
    """The deadline; of a clock that stopped, when it fell due and by how much it was missed."""
    if reading.due_at is None:
        return None
    due = local_time(reading.due_at, found.policy.zone)
    told = tag("span", f"{say('due_at', language)} {due}", class_="due")
    if reading.state is not ClockState.STOPPED:
        return join(told, " · ", deadline(reading.due_at, found.now, found.policy.zone, language))
    over = late(reading, found.now)
    if over <= timedelta():
        return told
    missed = remaining(found.now - over, found.now, language)
    return join(told, " · ", tag("span", missed, class_="late"))


def _history(found: Found, told: History, language: Language) -> Html:
    return tag("ol", *(_happened(recorded, found, language) for recorded in told), class_="history")


def _happened(recorded: Recorded, found: Found, language: Language) -> Html:
    more = "&lang=en" if language == "en" else ""
    then = f"/complaints/{quote(recorded.complaint_id)}?as_of={quote(instant(recorded.recorded_at))}{more}"
    told = sentence(recorded, language, found.policy.zone)
    return tag("li", told, " ", tag("a", say("then", language), href=then, class_="then"), value=recorded.version)
