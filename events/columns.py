"""The columns of a stored row that nobody's types protect: SQLite keeps whatever somebody wrote into them."""

from typing import Any


def typed(columns: tuple[Any, ...]) -> tuple[Any, ...]:
    """Position, stream, version, topic, state; a row of other types cannot be read, and harms no other row."""
    position, stream, version, topic, state = columns
    if type(state) is bytes and type(topic) is str and type(stream) is str:
        return columns
    return position, str(stream), version, topic if type(topic) is str else "", b""
