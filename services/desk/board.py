"""The live page's two halves: the board of the newest complaints, and the stream of sentences."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from urllib.parse import quote

from events.vocabulary import Language
from policy.people.organisation import Organisation
from policy.policy import Policy
from policy.registry import NothingPublished, UnknownPolicy
from services.desk.desk import Desk
from services.desk.listing import Listed
from services.desk.live import Told
from services.desk.markup import Html, join, tag
from services.desk.state import Status
from services.desk.view import Page
from services.desk.words import category, colour, deadline, department, label, person, say

COLUMNS = ("number", "priority", "due", "category", "status", "handler", "level", "breaches", "channel")


def board(desk: Desk, page: Page, now: datetime, language: Language) -> Html:
    """The newest complaints as a table."""
    if not page.complaints:
        return tag("p", say("nothing_yet", language), class_="empty")
    head = tag("tr", *(tag("th", say(name, language), scope="col", class_=f"c-{name}") for name in COLUMNS))
    people = organisation_of(desk)
    rows = (_row(desk, listed, people, now, language) for listed in page.complaints)
    failures = page.failures or None
    return join(
        failures and tag("p", say("failures", language, count=failures), class_="notice"),
        tag("table", tag("thead", head), tag("tbody", *rows)),
    )


def _row(desk: Desk, listed: Listed, people: Organisation | None, now: datetime, language: Language) -> Html:
    policy = policy_of(desk, listed.policy)
    handler = person(listed.handler, people, language)
    place = department(listed.department, people, language) if listed.department else None
    cells = {
        "number": link(listed.complaint_id, listed.number, language),
        "priority": colour(listed.priority, language),
        "due": _due(listed, policy, now, desk.zone() if policy is None else policy.zone, language),
        "category": category(listed.category, language),
        "status": label(Status, listed.status, language),
        "handler": join(handler, place and tag("small", place)),
        "level": listed.level,
        "breaches": tag("strong", listed.breaches, class_="late") if listed.breaches else "0",
        "channel": listed.channel,
    }
    shown = (tag("td", cells[name], class_=f"c-{name}", data_label=say(name, language)) for name in COLUMNS)
    return tag("tr", *shown, id=f"c-{listed.complaint_id}", data_version=listed.version)


def _due(listed: Listed, policy: Policy | None, now: datetime, zone: tzinfo, language: Language) -> Html:
    if listed.next_due is None or listed.next_clock is None:
        return Html("-")
    known = policy is not None and listed.next_clock in policy.document.clock
    title = policy.title(listed.next_clock, language) if policy and known else listed.next_clock
    return join(deadline(datetime.fromisoformat(listed.next_due), now, zone, language), tag("small", title))


def stream(facts: Sequence[Told], language: Language) -> Html:
    """The latest sentences, newest first."""
    items = (tag("li", _sentence(told, language), data_position=told.position) for told in facts)
    silence = tag("li", say("silence", language), class_="empty") if not facts else None
    return tag("ol", silence, *items, id="stream", aria_live="off", reversed=True)


def _sentence(told: Told, language: Language) -> Html:
    sentence = told.zh if language == "zh" else told.en
    if told.number is None:
        return tag("span", sentence)
    return join(link(told.complaint_id, told.number, language), " ", tag("span", sentence))


def link(complaint_id: str, number: str, language: Language) -> Html:
    """A complaint's number, leading to its page."""
    return tag("a", number, href=f"/complaints/{quote(complaint_id)}{suffix(language)}")


def suffix(language: Language) -> str:
    """What keeps the language from page to page; Chinese needs nothing."""
    return "?lang=en" if language == "en" else ""


def policy_of(desk: Desk, policy_id: str) -> Policy | None:
    """The policy a complaint is pinned to, None where the ledger holds none of that id."""
    try:
        return desk.policies.get(policy_id)
    except UnknownPolicy:
        return None


def organisation_of(desk: Desk) -> Organisation | None:
    """The people in force, None before any are published."""
    try:
        return desk.policies.organisation
    except NothingPublished:
        return None
