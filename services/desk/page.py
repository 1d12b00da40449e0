"""The pages people open: the live board and one complaint; complete without a script, alive with one."""

import asyncio
from functools import cache
from pathlib import Path
from string import Template
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from events.tokens import masked
from events.vocabulary import Language
from services.desk.board import board, organisation_of, stream, suffix
from services.desk.desk import Desk
from services.desk.dossier import dossier
from services.desk.filters import Question, moment
from services.desk.live import latest
from services.desk.markup import Html, join, tag
from services.desk.problems import DeskRoute, Problem
from services.desk.readers import READER, Reader, reader_of
from services.desk.words import say

STATIC = Path(__file__).parent / "static"
KINDS = {"live.css": "text/css; charset=utf-8", "live.js": "text/javascript; charset=utf-8"}
SHOWN = 50
"""Complaints on the board."""
SENTENCES = 40
"""Sentences shown at first."""
HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
"""Even a tag that slipped through escaping could run nothing and reach nobody."""


def live_page(desk: Desk) -> APIRouter:
    """`GET /`, `/board`, `/complaints/{id}` and their files; `?lang=en` for English."""
    router = APIRouter(include_in_schema=False, route_class=DeskRoute)

    @router.get("/")
    async def live(request: Request) -> Response:
        """The board and the stream beside it."""
        language = language_of(request)
        # The stream first: what happens while the board is read is then told by the stream that follows.
        reader = reader_of(desk.policies, request)
        told, position = await asyncio.to_thread(latest, desk, SENTENCES, reader)
        sections = join(
            _section("board", await _board(desk, language, reader), language),
            _section("stream", stream(told, language), language),
        )
        followed = f"/api/live?after={position}" + (f"&{urlencode({READER: reader.id})}" if reader.id else "")
        content = tag("div", sections, class_="live", data_live=followed, **_script_words(language))
        body = join(tag("h1", say("title", language)), content)
        return _page(desk, request, say("title", language), body, is_live=True)

    @router.get("/board")
    async def newest(request: Request) -> Response:
        """The board alone, for a page that is open."""
        return _html(await _board(desk, language_of(request), reader_of(desk.policies, request)))

    @router.get("/complaints/{complaint}")
    async def one(request: Request, complaint: str, as_of: str | None = None) -> Response:
        """One complaint."""
        language = language_of(request)
        try:
            reader = reader_of(desk.policies, request)
            found = await desk.find(complaint, None if as_of is None else moment("as_of", as_of), reader)
        except Problem as problem:
            told = join(tag("h1", say("not_found", language)), tag("p", problem.body[language]))
            return _page(desk, request, say("not_found", language), told, problem.status)
        content = dossier(found, reader.shown(found.history, found.policy), organisation_of(desk), as_of, language)
        return _page(desk, request, found.complaint.number, content)

    @router.get("/static/{name}")
    async def static(name: str) -> Response:
        """The style and the script."""
        if name not in KINDS:
            raise Problem(404, "no_such_file", f"没有文件 {name}", f"there is no file {name}")
        return Response(_file(name), 200, {**HEADERS, "cache-control": "no-cache"}, KINDS[name])

    return router


def language_of(request: Request) -> Language:
    """Chinese unless English is asked for."""
    return "en" if request.query_params.get("lang") == "en" else "zh"


async def _board(desk: Desk, language: Language, reader: Reader) -> Html:
    page = await desk.list(Question(limit=SHOWN), reader)
    return tag("div", await asyncio.to_thread(board, desk, page, desk.clock(), language), id="board")


def _section(key: str, content: Html, language: Language) -> Html:
    heading = tag("h2", say(key, language), id=f"{key}-title")
    return tag("section", heading, content, aria_labelledby=f"{key}-title", class_=f"s-{key}")


def _script_words(language: Language) -> dict[str, str]:
    """What the script says, so that it holds no words of its own."""
    words = {f"data_says_{key}": say(key, language) for key in ("live", "lost", "skipped")}
    return {**words, "data_lang": language, "data_board": f"/board{suffix(language)}"}


def _page(
    desk: Desk, request: Request, title: str, content: Html, status: int = 200, is_live: bool = False
) -> Response:
    language = language_of(request)
    other: Language = "zh" if language == "en" else "en"
    home = tag("a", "Amends", href=f"/{suffix(language)}", class_="home", aria_label=f"Amends, {say('back', language)}")
    there = urlencode({**request.query_params, "lang": other})
    switch = tag("a", say("language", language), href=f"?{there}", hreflang=other, lang=other)
    text = Template(_file("live.html").decode()).substitute(
        lang="zh-CN" if language == "zh" else "en",
        title=Html.text(title),
        home=home,
        switch=switch,
        state=tag("span", say("not_live", language), id="state", role="status") if is_live else "",
        content=content,
        zone=Html.text(say("zone", language, zone=desk.zone())),
    )
    return _html(text, status)


def _html(text: str, status: int = 200) -> Response:
    return Response(masked(text), status, HEADERS, "text/html; charset=utf-8")


@cache
def _file(name: str) -> bytes:
    return (STATIC / name).read_bytes()
