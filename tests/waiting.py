"""Wait for a state, never for a time (style, section 9)."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import TypeVar, overload

T = TypeVar("T")


@overload
async def eventually(
    condition: Callable[[], Awaitable[T]],
    *,
    within_seconds: float = ...,
    every_seconds: float = ...,
    despite: tuple[type[Exception], ...] = ...,
) -> T: ...


@overload
async def eventually(
    condition: Callable[[], T],
    *,
    within_seconds: float = ...,
    every_seconds: float = ...,
    despite: tuple[type[Exception], ...] = ...,
) -> T: ...


async def eventually(
    condition: Callable[[], object],
    *,
    within_seconds: float = 5.0,
    every_seconds: float = 0.01,
    despite: tuple[type[Exception], ...] = (),
) -> object:
    """The condition's first true answer; AssertionError, with the last answer, when there is none in time.

    Errors named in `despite` count as "not yet": a broker without a leader answers with them.
    """
    answer: object = None
    try:
        async with asyncio.timeout(within_seconds):
            while True:
                try:
                    answer = condition()
                    answer = await answer if inspect.isawaitable(answer) else answer
                    if answer:
                        return answer
                except despite as error:
                    answer = error
                await asyncio.sleep(every_seconds)
    except TimeoutError as late:
        raise AssertionError(f"not within {within_seconds} s; last answer: {answer!r}") from late
