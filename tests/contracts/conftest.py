"""What the contract tests share: a company with its desk and a client of it, and the command line."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from services.desk.desk import Desk
from tests.commands import Run, running
from tests.desk_cases import Company, app_of


@pytest.fixture
def company(tmp_path: Path) -> Company:
    """Intake and workflow over a ledger of their own."""
    return Company(tmp_path)


@pytest_asyncio.fixture
async def desk(company: Company) -> AsyncIterator[Desk]:
    """The company's desk; everything is closed when the test ends."""
    yield company.desk()
    company.close()


@pytest_asyncio.fixture
async def api(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the desk's HTTP."""
    transport = httpx.ASGITransport(app_of(desk))
    async with httpx.AsyncClient(transport=transport, base_url="http://desk") as client:
        yield client


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Run]:
    """One command in this process, in an empty directory."""
    with running(monkeypatch, capfd, tmp_path) as commands:
        yield commands
