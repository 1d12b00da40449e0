"""A name people read, in both languages: `{ zh = "首次响应", en = "first response" }`."""

from typing import Annotated

from pydantic import AfterValidator


def _is_bilingual(title: dict[str, str]) -> dict[str, str]:
    if set(title) != {"zh", "en"}:
        raise ValueError("a title is given in zh and in en")
    return title


Title = Annotated[dict[str, str], AfterValidator(_is_bilingual)]
