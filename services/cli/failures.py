"""What went wrong, told to people: Chinese first, then English; the field, the file, never a dump of the input."""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from events.problems import Problem, problems_of
from policy.document import InvalidPolicy
from policy.people.organisation import InvalidOrganisation
from services.cli.output import StdoutFailed

_NO_LEDGER = re.compile(r"no ledger in (.+?):")


def told(failure: BaseException) -> str:
    """A failure as its lines."""
    if isinstance(failure, StdoutFailed):
        return f"无法写入标准输出 / cannot write to stdout: {failure}"
    if isinstance(failure, ValidationError):
        return "\n".join(problem_lines(problems_of(failure)))
    if isinstance(failure, (InvalidPolicy, InvalidOrganisation)) and isinstance(failure.__cause__, ValidationError):
        return told(failure.__cause__)
    if isinstance(failure, UnicodeDecodeError):
        return "不是 UTF-8 文本 / is not UTF-8 text"
    text = str(failure) or type(failure).__doc__ or type(failure).__name__
    if isinstance(failure, OSError) and failure.strerror:
        text = f"{failure.filename}: {failure.strerror}" if failure.filename else failure.strerror
    return _chinese_first(failure, text)


def _chinese_first(failure: BaseException, text: str) -> str:
    if not text.isascii():  # it has its Chinese already
        return text
    if found := _NO_LEDGER.match(text):
        return f"{found.group(1)} 中没有台账,请先运行 amends up / {text}"
    return f"{_general(failure)} / {text}"


def _general(failure: BaseException) -> str:
    kinds: tuple[tuple[type[BaseException], str], ...] = (
        (TimeoutError, "等待超时"),
        (OSError, "无法访问"),
        (LookupError, "没有找到"),
        (ValueError, "内容有误"),
    )
    return next((chinese for kind, chinese in kinds if isinstance(failure, kind)), "暂不可用")


def problem_lines(problems: Iterable[Problem]) -> list[str]:
    """A line for each: `field: zh / en`."""
    return [f"{problem.field or '-'}: {problem.zh} / {problem.en}" for problem in problems]


_ERRORS = {
    "unavailable": "暂不可用 / unavailable",
    "bad_command": "命令内容有误 / bad command",
    "invalid_submission": "内容有误 / invalid submission",
    "failed": "处理失败 / failed",
}


def answer_lines(answer: Mapping[str, Any]) -> list[str]:
    """An answer with `error` as lines for people."""
    if problems := answer.get("problems"):
        return problem_lines(map(Problem.model_validate, problems))
    kind = str(answer["error"])
    more = " / ".join(str(answer[name]) for name in ("zh", "en", "reason") if answer.get(name))
    return [": ".join(filter(None, (_ERRORS.get(kind, kind), more)))]


def named(file: Path, failure: Exception) -> str:
    """A failure in a file of the user, under the file's name."""
    return "\n".join(f"{file}: {line}" for line in told(failure).splitlines())


def without_password(url: str) -> str:
    """Broker addresses that may be shown."""
    return ",".join(re.sub(r"//[^@/]*@", "//", each) for each in url.split(","))


def wants_traceback() -> bool:
    """Whether AMENDS_DEBUG asks for tracebacks."""
    return bool(os.environ.get("AMENDS_DEBUG"))
