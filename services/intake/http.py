"""Submissions over HTTP: 201 only after the commit, 200 for a repeat, a precise refusal otherwise (design, 7)."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson
from fastapi import APIRouter, Request, Response
from pydantic import TypeAdapter
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from events.ledger import Clock, LedgerUnavailable
from services.intake.intake import Intake
from services.intake.receipts import Receipt
from services.intake.submission import BODY_BYTES, InvalidSubmission, Submission, parse

PATH = "/api/complaints"
RETRY_AFTER = {"retry-after": "5"}


class Answer(NamedTuple):
    """What the submitter gets; always JSON."""

    status: int
    body: bytes
    headers: Mapping[str, str] = {}


class SubmissionsFirst:
    """Takes `POST /api/complaints` before the framework sees it; everything else goes on to the `rest`.

    Routing, telemetry and request objects of the framework cost four times what recording a complaint does
    (docs/bench.md); the route below stays for the OpenAPI document and gives the same answers.
    """

    def __init__(self, rest: ASGIApp, intake: Intake, clock: Clock) -> None:
        self._rest = rest
        self._intake = intake
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "POST":
            await self._rest(scope, receive, send)
            return
        try:
            status, body, more = await record(self._intake, self._clock, await _body(receive))
        except ClientDisconnect:
            return
        headers = {"content-type": "application/json", "content-length": str(len(body)), **more}
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": body})


def submissions(intake: Intake, clock: Clock) -> APIRouter:
    """`POST /api/complaints`."""
    router = APIRouter(tags=["intake"])

    @router.post(
        PATH,
        status_code=201,
        openapi_extra=_BODY,
        responses={
            201: {"description": "recorded", "model": Receipt},
            200: {"description": "recorded before: the same receipt with duplicate true", "model": Receipt},
            413: {"description": "larger than the limit"},
            422: {"description": "refused, with every problem named"},
            503: {"description": "the ledger is away: nothing was taken, try again"},
        },
    )
    async def submit(request: Request) -> Response:
        """Record one complaint."""
        status, body, headers = await record(intake, clock, await _body(request.receive))
        return Response(body, status, headers, media_type="application/json")

    return router


async def record(intake: Intake, clock: Clock, body: bytes) -> Answer:
    """The answer to one submission."""
    try:
        receipt = await intake.accept(parse(body, clock()))
    except InvalidSubmission as invalid:
        too_large = any(problem.code == "too_large" for problem in invalid.problems)
        return Answer(413 if too_large else 422, orjson.dumps(invalid.as_json()))
    except LedgerUnavailable as away:
        why = {"error": "unavailable", "zh": "台账暂不可用，请稍后重试", "en": f"the ledger is away: {away}"}
        return Answer(503, orjson.dumps(why), RETRY_AFTER)
    return Answer(200 if receipt.duplicate else 201, _RECEIPT.dump_json(receipt))


async def _body(receive: Receive) -> bytes:
    """The body, read no further than the limit allows; raises ClientDisconnect where it does not end."""
    body, more = b"", True
    while more and len(body) <= BODY_BYTES:
        message: Any = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


_RECEIPT = TypeAdapter(Receipt)
_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": Submission.model_json_schema()}},
    }
}
