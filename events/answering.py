"""Commands of people over NATS: asked on `commands.<name>`, answered with the new events or a refusal (design, 4)."""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import structlog
from faststream.nats import NatsBroker
from nats.aio.client import Client
from pydantic import ValidationError

from events.commands import Answer, Command, answer_json
from events.delivery import PASSING
from events.problems import problems_of
from events.subjects import COMMANDS_QUEUE, command_subject

log = structlog.get_logger()

Perform = Callable[[Command], Awaitable[Answer]]
ANSWER_SECONDS = 10.0
FAILED = {
    "error": "failed",
    "zh": "系统内部错误，已记入日志；请先查看再重试",
    "en": "a fault of ours, it was logged; look before you ask again",
}

TOO_LARGE = {
    "error": "too_large",
    "zh": "命令内容过大：请缩短文字，附件只传摘要",
    "en": "the command is too large: shorten its text, send attachments as digests",
}


def answer_commands(broker: NatsBroker, names: tuple[str, ...], perform: Perform) -> None:
    """Subscribe to these commands; each is answered by one of the running processes."""
    for name in names:
        _answer_command(broker, name, perform)


async def ask_command(client: Client, command: Command) -> dict[str, Any]:
    """The answer of whichever service decides on that command; raises a NATS error or TimeoutError when none does."""
    body = command.model_dump_json(exclude={"name"}).encode()
    if len(body) > client.max_payload:
        return TOO_LARGE
    headers = {"content-type": "application/json"}
    message = await client.request(command_subject(command.name), body, ANSWER_SECONDS, headers=headers)
    answer: dict[str, Any] = orjson.loads(message.data)
    return answer


def _answer_command(broker: NatsBroker, name: str, perform: Perform) -> None:
    @broker.subscriber(command_subject(name), queue=COMMANDS_QUEUE, title=f"command-{name}")
    async def on_command(body: dict[str, Any]) -> dict[str, Any]:
        """Decide on one command; the answer holds `events`, `refused` or `error`."""
        try:
            return dict(answer_json(await perform(Command.model_validate({**body, "name": name}))))
        except ValidationError as wrong:
            return {"error": "bad_command", "problems": problems(wrong)}
        except PASSING as away:
            return {"error": "unavailable", "reason": str(away) or type(away).__name__}
        except Exception:  # catch-all: whoever asks must not wait for an answer that never comes
            log.exception("command failed", command=name)
            return FAILED


def problems(wrong: ValidationError) -> list[dict[str, str]]:
    """What is wrong with a command's data, field by field, in both languages."""
    return [problem.model_dump() for problem in problems_of(wrong)]
