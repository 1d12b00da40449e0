"""SIGKILL at random moments under load: nothing promised is lost, nothing is doubled, the next start is enough."""

import asyncio
import random
from pathlib import Path

import pytest

from tests.flows.harness import Up, a_channel, an_up, post, publish, submissions
from tests.oracle import Verdict

# httpx leaves a socket open now and then when its server is killed in the middle of an answer.
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

FAST_KILLS = 5
CYCLES = 200
LONGEST_LIFE = 2.0
"""Seconds after a start until the next kill at the latest; starting takes about one."""


async def test_five_kills_of_everything_under_load_lose_and_double_nothing(up: Up, seed: int) -> None:
    verdict = await _kill_under_load(up, seed, FAST_KILLS, at_once=12)
    assert verdict.cycles == FAST_KILLS


@pytest.mark.fault
async def test_two_hundred_kills_of_everything_under_load_lose_and_double_nothing(tmp_path: Path, seed: int) -> None:
    cycles = 0
    for batch in range(CYCLES // 20):
        with an_up(tmp_path / f"data{batch}", seed + batch) as up:
            cycles += (await _kill_under_load(up, seed + batch, 20, at_once=12)).cycles
    assert cycles == CYCLES


@pytest.mark.fault
async def test_twenty_kills_with_the_shipped_waits_lose_and_double_nothing(tmp_path: Path, seed: int) -> None:
    with an_up(tmp_path / "data", seed, env={}) as up:
        await _kill_under_load(up, seed, 20, at_once=12)


@pytest.mark.fault
async def test_sixty_kills_of_the_broker_alone_lose_and_double_nothing(up: Up, seed: int) -> None:
    up.oracle.seed = seed
    choice = random.Random(seed)
    await up.start()
    for cycle in range(60):
        load = asyncio.gather(post(up.oracle, lambda: up.http, submissions(f"{cycle}", 20)))
        await asyncio.wait([load], timeout=choice.uniform(0, 0.5))
        dead = up.broker_pid
        up.kill_broker()
        up.oracle.cycles += 1
        await load
        await up.broker_again(dead)
    verdict = await up.books.settled()
    assert verdict.recorded == 60 * 20


async def _kill_under_load(up: Up, seed: int, cycles: int, at_once: int) -> Verdict:
    """Kill the one process of an installation so many times while HTTP and NATS clients go on submitting."""
    up.oracle.seed = seed
    choice = random.Random(seed)
    await up.start()
    loads: list[asyncio.Task[None]] = []
    async with a_channel(up.nats) as client:
        for cycle in range(cycles):
            loads += [
                asyncio.create_task(post(up.oracle, lambda: up.http, submissions(f"h{cycle}", at_once), at_once)),
                asyncio.create_task(
                    publish(up.oracle, client, submissions(f"n{cycle}", at_once, "app"), receipts=False)
                ),
            ]
            # Anywhere between the start of the program and well into its work; a moment, not a wait for something.
            await asyncio.wait(loads, timeout=choice.uniform(0, LONGEST_LIFE), return_when=asyncio.ALL_COMPLETED)
            up.running.kill()
            up.oracle.cycles += 1
            if cycle < cycles - 1:
                await _start_or_die_trying(up, choice)
        await up.start()
        await asyncio.gather(*loads)
        return await up.books.settled()


async def _start_or_die_trying(up: Up, choice: random.Random) -> None:
    """Every fourth start is left alone to be killed at any moment, also half way up."""
    if choice.random() < 0.25:
        up.launch()
    else:
        await up.start()
