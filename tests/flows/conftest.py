"""Fixtures of the flow tests; the real parts come from tests/conftest.py."""

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.harness import Up, an_up


@pytest.fixture
def seed() -> int:
    """The number every random choice of the test follows from; FLOW_SEED repeats a run."""
    number = int(os.environ.get("FLOW_SEED") or random.SystemRandom().randrange(1_000_000))
    print(f"seed {number} (FLOW_SEED={number} repeats this run)")
    return number


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    """An installation in an empty directory, not started; ended when the test ends."""
    with an_up(tmp_path / "data") as installation:
        yield installation
