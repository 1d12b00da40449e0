"""The reading half of the HTTP API (design, section 7): the list, one complaint, its events, its clocks, the ledger."""

import asyncio
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from events.envelope import as_json, instant
from services.desk.advising import advising
from services.desk.case_file import case_file
from services.desk.customers import BY, asked_key, card
from services.desk.desk import Desk, Found
from services.desk.filters import ALLOWED, USUAL, moment, question, whole
from services.desk.listing import Listed
from services.desk.live import live_frames
from services.desk.problems import HEADERS, DeskRoute, answer
from services.desk.readers import READER, Reader, reader_of
from services.desk.state import Json, clocks_json, complaint_json
from services.desk.streams import LARGEST, event_frames, event_stream, events_after, resumed_after, tail

MOST_EVENTS = 1_000
"""Events a page at the most."""
USUAL_EVENTS = 100
"""Events a page where the question names no limit."""

AsOf = Annotated[str | None, Query(description="As the ledger knew it at that instant; with a zone.")]
_REFUSED: dict[int | str, dict[str, Any]] = {
    403: {"description": "the reader takes no part in this complaint: `{error, zh, en, refused}`"},
    404: {"description": "no such complaint, or not at that instant: `{error, zh, en}`"},
    422: {"description": "the question cannot be meant: `{error, zh, en}` with what is allowed"},
    503: {"description": "the ledger is away: try again"},
}


def reading(desk: Desk) -> APIRouter:
    """All questions; the caller runs `desk.follow()` and calls `desk.wake.notify()` when the ledger grew."""
    router = APIRouter(tags=["reading"], route_class=DeskRoute, responses=_REFUSED)
    _the_list(router, desk)
    _one_complaint(router, desk)
    advising(router, desk)
    _the_file(router, desk)
    _the_customer(router, desk)
    _the_ledger(router, desk)
    return router


def _the_list(router: APIRouter, desk: Desk) -> None:
    @router.get("/api/complaints", openapi_extra=_FILTERS)
    async def complaints(request: Request, as_of: AsOf = None) -> Response:
        """Complaints that fit all filters, newest first, as they are or were; `next` is the cursor for `after`."""
        asked = [pair for pair in request.query_params.multi_items() if pair[0] not in (READER, "as_of")]
        at = None if as_of is None else moment("as_of", as_of)
        page = await desk.list(question(asked), reader_of(desk.policies, request), at)
        now = instant(at or desk.clock())
        return answer(
            {
                "complaints": [listed_json(listed, now) for listed in page.complaints],
                "next": page.next,
                "position": page.position,
                "failures": page.failures,
            }
        )


def listed_json(listed: Listed, now: str) -> Json:
    """One line of the list."""
    return {**listed._asdict(), "overdue": listed.next_due is not None and listed.next_due < now}


def _one_complaint(router: APIRouter, desk: Desk) -> None:
    async def find(request: Request, asked: str, as_of: str | None) -> tuple[Found, Reader]:
        reader = reader_of(desk.policies, request)
        return await desk.find(asked, None if as_of is None else moment("as_of", as_of), reader), reader

    @router.get("/api/complaints/{complaint}", openapi_extra=_READER)
    async def show(request: Request, complaint: str, as_of: AsOf = None) -> Response:
        """One complaint by id or number."""
        found, reader = await find(request, complaint, as_of)
        labels = reader.sees_labels(found.policy)
        state = complaint_json(found.complaint, found.history, found.policy, found.now, labels=labels)
        return answer({**state, "as_of": instant(found.now)}, headers={"etag": f'"{found.complaint.version}"'})

    @router.get("/api/complaints/{complaint}/events", openapi_extra=_READER)
    async def history(request: Request, complaint: str, as_of: AsOf = None) -> Response:
        """Its facts, version 1 first; restricted labels for those who may see them."""
        found, reader = await find(request, complaint, as_of)
        return answer([as_json(recorded) for recorded in reader.shown(found.history, found.policy)])

    @router.get("/api/complaints/{complaint}/clocks", openapi_extra=_READER)
    async def clocks(request: Request, complaint: str, as_of: AsOf = None) -> Response:
        """Every reading of every clock that has started, each with its explanation."""
        found, _ = await find(request, complaint, as_of)
        return answer(
            {
                "complaint_id": found.complaint.complaint_id,
                "number": found.complaint.number,
                "version": found.complaint.version,
                "policy": found.policy.id,
                "as_of": instant(found.now),
                "clocks": clocks_json(found.complaint, found.history, found.policy, found.now),
            }
        )


def _the_file(router: APIRouter, desk: Desk) -> None:
    @router.get("/api/complaints/{complaint}/file", openapi_extra=_READER)
    async def file(request: Request, complaint: str, as_of: AsOf = None) -> Response:
        """The whole case file in one piece: record, evidence, what happened, decisions, clocks, contacts."""
        reader = reader_of(desk.policies, request)
        found = await desk.find(complaint, None if as_of is None else moment("as_of", as_of), reader)
        shown = reader.shown(found.history, found.policy)
        labels = reader.sees_labels(found.policy)
        return answer(case_file(found.complaint, shown, found.policy, found.now, labels=labels))


def _the_customer(router: APIRouter, desk: Desk) -> None:
    @router.get("/api/customers", openapi_extra=_CUSTOMER)
    async def customer(request: Request) -> Response:
        """The card of the customer with that contact, member number or order: what a desk shows before it answers."""
        asked = {name: value for name, value in request.query_params.multi_items() if name != READER}
        key = asked_key(asked, desk.dial_prefixes())
        complaints = await desk.customer(key, reader_of(desk.policies, request))
        return answer(card(complaints))


def _the_ledger(router: APIRouter, desk: Desk) -> None:
    @router.get("/api/events", openapi_extra=_EVENTS)
    async def events(request: Request) -> Response:
        """The ledger after a position: a JSON list, JSON lines, or server-sent events, as `Accept` asks."""
        after = resumed_after(request, 0)
        seen = partial(reader_of(desk.policies, request).rows, desk.ledger, desk.policies)
        accepted = request.headers.get("accept", "")
        if "text/event-stream" in accepted:
            return event_stream(tail(desk.ledger, desk.wake, after, lambda rows: event_frames(seen(rows))))
        limit = whole("limit", request.query_params.get("limit", str(USUAL_EVENTS)), 1, MOST_EVENTS)
        found = await asyncio.to_thread(lambda: list(events_after(desk.ledger, after, limit, seen)))
        if any(kind in accepted for kind in ("ndjson", "jsonl")):
            return Response(b"".join(event + b"\n" for event in found), 200, HEADERS, "application/x-ndjson")
        return Response(b"[" + b",".join(found) + b"]", 200, HEADERS, "application/json")

    @router.get("/api/live", openapi_extra=_EVENTS)
    async def live(request: Request) -> Response:
        """The audit sentences as they happen, as server-sent events; who is far behind is brought forward."""
        head = await asyncio.to_thread(desk.ledger.head)
        after = resumed_after(request, head)
        seen = partial(reader_of(desk.policies, request).rows, desk.ledger, desk.policies)
        return event_stream(
            tail(desk.ledger, desk.wake, after, lambda rows: live_frames(desk, seen(rows)), may_skip=True)
        )


def _parameter(name: str, description: str) -> Json:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": {"type": "string"}}


_SAID = {
    "overdue": "true or false: the next deadline of a person has passed",
    "q": "part of the number or of the channel's reference",
    "limit": f"complaints a page, {USUAL} where not given",
    "after": "`next` of the page before",
}
# The parameters are read by filters.py, because the framework's own refusals are in one language and in another shape.
_AS = _parameter(READER, "who reads: the accused, their line manager and the recused are kept out (S002-7.2)")
_READER = {"parameters": [_AS]}
_FILTERS = {"parameters": [_AS, *(_parameter(name, _SAID.get(name, "exactly this value")) for name in ALLOWED)]}
_CUSTOMER = {"parameters": [_AS, *(_parameter(name, "one of the three, in any spelling") for name in BY)]}
_EVENTS = {
    "parameters": [
        _AS,
        _parameter("after", f"a position of the ledger, 0 to {LARGEST}"),
        _parameter("limit", f"events a page, 1 to {MOST_EVENTS}; server-sent events have no limit"),
    ]
}
