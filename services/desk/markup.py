"""HTML whose text is escaped on the way out: what is not `Html` already is text, and text never becomes a tag."""

from html import escape
from typing import Self


class Html(str):
    """Markup that is safe to send: made by `tag` and `join`, never from a customer's words."""

    __slots__ = ()

    @classmethod
    def text(cls, value: object) -> Self:
        """Any value as text."""
        return cls(escape(str(value)))


def tag(name: str, *children: object, **attributes: object) -> Html:
    """An element; children that are not Html are escaped, None is left out. `class_` is class, `data_x` data-x."""
    shown = "".join(
        _attribute(key, value) for key, value in attributes.items() if value is not None and value is not False
    )
    inside = join(*children)
    return Html(f"<{name}{shown}>" if name in _VOID else f"<{name}{shown}>{inside}</{name}>")


def join(*children: object) -> Html:
    """Several pieces one after the other."""
    return Html(
        "".join(child if isinstance(child, Html) else escape(str(child)) for child in children if child is not None)
    )


def _attribute(key: str, value: object) -> str:
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'


_VOID = {"br", "hr", "meta", "link", "input"}
