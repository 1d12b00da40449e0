"""What is wrong with data from outside, field by field, in both languages: for submissions and for commands."""

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from events.fact import Value
from events.vocabulary import Language


class Problem(Value):
    """One thing wrong with what was sent, and what would be right."""

    field: str
    code: str
    zh: str
    en: str

    def label(self, language: Language) -> str:
        """The sentence in that language."""
        return self.zh if language == "zh" else self.en


def problems_of(mistakes: ValidationError) -> Iterator[Problem]:
    """Every mistake as a sender's developer understands it; the values themselves are not repeated."""
    for error in mistakes.errors(include_url=False, include_input=False, include_context=False):
        yield problem_of(error)


_CHINESE = {
    "missing": "缺少必填项",
    "extra_forbidden": "未知字段，请删除或改正字段名",
    "json_invalid": "不是完整的 JSON",
    "string_too_long": "超出长度上限",
    "string_too_short": "不能为空",
    "string_pattern_mismatch": "格式不符",
    "too_long": "条目过多",
    "enum": "不在可选值之内",
    "literal_error": "不在可选值之内",
    "value_error": "内容不符合要求",
}


def problem_of(error: Any) -> Problem:
    """One mistake as pydantic and FastAPI report it."""
    code = error["type"]
    return Problem(
        field=".".join(str(part) for part in error["loc"]),
        code=code,
        zh=_CHINESE.get(code, "类型或内容不符合要求"),
        en=error["msg"].removeprefix("Value error, "),
    )
