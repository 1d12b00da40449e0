"""Commands of people over HTTP: passed on to the service that decides, answered with its words (design, section 7)."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Header, Response
from pydantic import Field, ValidationError

from events.answering import problems
from events.commands import Command
from events.envelope import StreamId
from events.fact import Value
from services.desk.desk import Desk
from services.desk.problems import DeskRoute, Problem, answer, bad_value

Ask = Callable[[Command], Awaitable[Mapping[str, Any]]]
"""Asks the running services; raises TimeoutError or a NATS error when none answers."""

STATUS = {
    "bad_command": 422,
    "unavailable": 503,
    "stale_version": 412,
    "no_such_complaint": 404,
    "failed": 500,
    "too_large": 413,
}
"""HTTP status of an error or a refusal's code; other refusals are 409."""


class Asked(Value):
    """Who asks, and the command's data."""

    by: str = Field(min_length=1, max_length=200)
    data: dict[str, Any] = {}


def commanding(desk: Desk, ask: Ask, names: tuple[str, ...]) -> APIRouter:
    """`POST /api/complaints/{id}/commands/{name}`."""
    router = APIRouter(tags=["commands"], route_class=DeskRoute)

    @router.post("/api/complaints/{complaint}/commands/{name}")
    async def command(
        complaint: str,
        name: str,
        asked: Asked,
        if_match: Annotated[str | None, Header(description="the version seen, from the ETag")] = None,
        idempotency_key: Annotated[str | None, Header(description="the same key twice is once", max_length=200)] = None,
    ) -> Response:
        """The new events, or 409 with the refusal: code, requirement, facts, who may act instead."""
        if name not in names:
            zh, en = f"没有命令 {name}；可用：{'、'.join(names)}", f"no command {name}; there are {', '.join(names)}"
            raise Problem(404, "no_such_command", zh, en)
        found = await desk.find(complaint)
        result = await ask(_command(found.complaint.complaint_id, name, asked, idempotency_key, _version(if_match)))
        return answer(dict(result), _status(result))

    return router


_DIGITS = 18
"""No complaint has a version with more of them."""
_SHOWN = 60


def _command(complaint: StreamId, name: str, asked: Asked, id_: str | None, version: int | None) -> Command:
    try:
        return Command(complaint=complaint, name=name, by=asked.by, data=asked.data, id=id_, version=version)
    except ValidationError as wrong:
        zh, en = "命令内容不符合要求", "the command's data are not as they must be"
        raise Problem(422, "bad_command", zh, en, problems=problems(wrong)) from wrong


def _version(if_match: str | None) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    text = if_match.strip().removeprefix("W/").strip('"')
    if not text.isdecimal() or len(text) > _DIGITS:
        raise bad_value("If-Match", if_match[:_SHOWN], '应为版本号，如 "3"', 'a version, as in "3"')
    return int(text)


def _status(result: Mapping[str, Any]) -> int:
    if "events" in result:
        return 200
    code = result["refused"]["code"] if "refused" in result else result["error"]
    return STATUS.get(code, 409)
