"""Refusals of the reading API as JSON in both languages: `{error, zh, en}`, and what would be right."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import orjson
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from events.envelope import BrokenHistory
from events.ledger import LedgerUnavailable
from events.problems import problem_of
from events.tokens import masked_json

RETRY_AFTER_SECONDS = "5"
HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
"""An answer may hold personal data and is old at once: nothing between keeps it."""


UNREADABLE = "unreadable"
"""The error of an answer about a complaint whose history was altered."""


class Problem(Exception):
    """A question that cannot be answered; the route turns it into its answer."""

    def __init__(self, status: int, error: str, zh: str, en: str, **more: Any) -> None:
        super().__init__(en)
        self.status = status
        self.body = {"error": error, "zh": zh, "en": en, **more}


def no_such_complaint(asked: str) -> Problem:
    """The ledger holds no complaint of that id or number."""
    return Problem(404, "no_such_complaint", f"没有编号为 {asked} 的投诉", f"there is no complaint {asked}")


def not_known_yet(asked: str, moment: str) -> Problem:
    """The complaint was not in the ledger at that moment."""
    return Problem(
        404,
        "not_known_yet",
        f"投诉 {asked} 在 {moment} 时尚未记录",
        f"complaint {asked} was not recorded yet at {moment}",
    )


def bad_value(field: str, value: str, zh: str, en: str, **more: Any) -> Problem:
    """A value of a question is wrong; the sentences say what is allowed."""
    return Problem(422, "bad_value", f"{field}={value!r}:{zh}", f"{field}={value!r}: {en}", field=field, **more)


def answer(content: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """JSON; what stands sealed in it is hidden."""
    return Response(
        orjson.dumps(masked_json(content)), status, {**HEADERS, **(headers or {})}, media_type="application/json"
    )


async def _unreadable(_: Request, wrong: Exception) -> Response:
    """A body or parameter that is not as the OpenAPI document says."""
    errors = wrong.errors() if isinstance(wrong, RequestValidationError) else []
    problems = [problem_of(error).model_dump() for error in errors]
    return answer({"error": "bad_request", "zh": "请求格式不符", "en": "malformed request", "problems": problems}, 422)


async def _elsewhere(_: Request, wrong: Exception) -> Response:
    """A path or method there is not."""
    status = wrong.status_code if isinstance(wrong, HTTPException) else 500
    return answer({"error": "no_such_address", "zh": "没有这个地址", "en": "there is nothing at this address"}, status)


HANDLERS: Mapping[int | type[Exception], Callable[[Request, Exception], Coroutine[Any, Any, Response]]] = {
    RequestValidationError: _unreadable,
    HTTPException: _elsewhere,
}
"""What the framework refuses by itself, told in our own shape."""


class DeskRoute(APIRoute):
    """A route whose problems become answers."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with its problems told as JSON."""
        handle = super().get_route_handler()

        async def handle_or_refuse(request: Request) -> Response:
            try:
                return await handle(request)
            except Problem as problem:
                return answer(problem.body, problem.status)
            except BrokenHistory as broken:
                return answer({"error": UNREADABLE, "zh": broken.zh, "en": broken.en}, 500)
            except LedgerUnavailable as away:
                body = {"error": "unavailable", "zh": "台账暂不可用，请稍后重试", "en": f"the ledger is away: {away}"}
                return answer(body, 503, {"retry-after": RETRY_AFTER_SECONDS})

        return handle_or_refuse
