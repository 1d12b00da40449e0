"""HTTP about customers' personal data, for officers: what is on record, and the acts (ADR 0019)."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import orjson
from fastapi import APIRouter, Response
from pydantic import Field

from events.commands import Refusal
from events.envelope import StreamId
from events.fact import Value
from events.tokens import CustomerId
from services.compliance.privacy import ACTS
from services.desk.problems import HEADERS, DeskRoute, Problem, answer
from services.wiring.erasing import Erasing, NoKeys, NoSuchCustomer, file_json


class Wish(Value):
    """Who wants what, and why."""

    customer: str = Field(min_length=1, max_length=200)
    """Its id, a complaint's id, a contact or a member number; in the body, for an address keeps no secret."""
    by: str = Field(min_length=1, max_length=200)
    reason: str = Field(default="", max_length=2_000)


def about_customers(erasing: Callable[[], Erasing]) -> APIRouter:
    """`POST /api/privacy` and `POST /api/privacy/{act}`."""
    router = APIRouter(tags=["privacy"], route_class=DeskRoute)

    @router.post("/api/privacy")
    async def known(wish: Wish) -> Response:
        """What is on record about a customer's data: complaints, hold, restriction, erasure; no personal text."""
        return _answered(await asyncio.to_thread(_told, erasing, wish))

    @router.post("/api/privacy/texts")
    async def texts(wish: Wish) -> Response:
        """The personal texts of the complaint named as `customer`, by token; recorded before they leave."""
        outcome = await _erasing(erasing).disclose(StreamId(wish.customer), wish.by, wish.reason)
        if isinstance(outcome, Refusal):
            return answer({"refused": outcome.model_dump(mode="json")}, 409)
        return Response(orjson.dumps({"texts": outcome}), 200, HEADERS, "application/json")

    @router.post("/api/privacy/{act}")
    async def act(act: str, wish: Wish) -> Response:
        """hold, release, restrict, allow or erase; 409 with the refusal where a rule forbids it."""
        if act not in ACTS:
            zh, en = f"没有操作 {act}；可用：{'、'.join(ACTS)}", f"no act {act}; there are {', '.join(ACTS)}"
            raise Problem(404, "no_such_act", zh, en, allowed=list(ACTS))
        return _answered(await asyncio.to_thread(_done, erasing, act, wish))

    return router


def _answered(outcome: dict[str, Any] | Refusal) -> Response:
    if isinstance(outcome, Refusal):
        return answer({"refused": outcome.model_dump(mode="json")}, 409)
    return answer(outcome)


def _told(erasing: Callable[[], Erasing], wish: Wish) -> dict[str, Any] | Refusal:
    here = _erasing(erasing)
    known = here.look(_customers(here, wish), wish.by)
    return known if isinstance(known, Refusal) else {"customers": [file_json(each) for each in known]}


def _done(erasing: Callable[[], Erasing], act: str, wish: Wish) -> dict[str, Any] | Refusal:
    here = _erasing(erasing)
    return here.do(act, _customers(here, wish), wish.by, wish.reason)


def _erasing(erasing: Callable[[], Erasing]) -> Erasing:
    try:
        return erasing()
    except NoKeys as none:
        zh, en = str(none).split(" / ")
        raise Problem(503, "no_keys", zh, en) from none


def _customers(here: Erasing, wish: Wish) -> Sequence[CustomerId]:
    try:
        return here.find(wish.customer)
    except NoSuchCustomer as unknown:
        zh, en = str(unknown).split(" / ")
        raise Problem(404, "no_such_customer", zh, en) from unknown
