"""The installation a command speaks to: a running one over HTTP and NATS, a stopped one by opening its ledger."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import orjson
from fastapi import FastAPI
from nats.aio.client import Client

from deploy.machine import read_run_file
from events.bus import connect
from events.ledger import Ledger, LedgerUnavailable
from events.subjects import Role
from policy.policy import DEFAULT_POLICY, Policy, publication
from policy.registry import Policies
from services.cli.output import err
from services.clock import now
from services.desk.api import reading
from services.desk.desk import Desk
from services.settings import settings
from services.wiring.setup import prepare_ledger
from services.wiring.store import VIEWS_FILE, NoInstallation, reading_ledger, writing_ledger


class Opened(NamedTuple):
    """A ledger and its policies."""

    ledger: Ledger
    policies: Policies


class NotRunning(Exception):
    """需要运行中的系统:请先 amends up / the installation must run: `amends up`, or set AMENDS_NATS_URL."""


class NotFound(LookupError):
    """There is no such complaint, or the question was wrong."""


ANSWER_SECONDS = 30.0


class Place:
    """One installation."""

    def __init__(self, data: Path | None) -> None:
        self.settings = settings(data)
        self.running: dict[str, Any] | None = read_run_file(self.settings.data)

    @contextmanager
    def reading(self) -> Iterator[Opened]:
        """Its ledger to read; raises NoInstallation."""
        with reading_ledger(self.settings, now) as ledger:
            yield Opened(ledger, Policies(ledger))

    @contextmanager
    def writing(self) -> Iterator[Opened]:
        """The ledger of a stopped installation to append to, made when there is none; raises InUse."""
        with writing_ledger(self.settings, now) as ledger:
            prepare_ledger(ledger, self.settings, now())
            yield Opened(ledger, Policies(ledger))

    async def ask(self, path: str, **query: str | int | bool | None) -> Any:
        """What the reading API answers, of the running installation or of the stopped one's ledger.

        Raises NotFound with the API's own words for an unknown complaint or a wrong filter.
        """
        asked = {name: value for name, value in query.items() if value is not None}
        async with AsyncExitStack() as stack:
            if self.running:
                client = httpx.AsyncClient(base_url=self.running["http"], timeout=ANSWER_SECONDS, trust_env=False)
            else:
                transport = httpx.ASGITransport(self._api(stack))
                client = httpx.AsyncClient(base_url="http://stopped", transport=transport)
            await stack.enter_async_context(client)
            answer = await client.get(path, params=asked)
        body = _body(answer)
        if answer.status_code >= 500:
            raise LedgerUnavailable(body.get("en", f"HTTP {answer.status_code}"))
        if answer.status_code != 200:
            raise NotFound(f"{body.get('zh')} / {body.get('en')}")
        return body

    def _api(self, stack: AsyncExitStack) -> FastAPI:
        opened = stack.enter_context(self.reading())
        desk = Desk(opened.ledger, opened.policies, now, self.settings.data / VIEWS_FILE)
        stack.callback(desk.close)
        app = FastAPI()
        app.include_router(reading(desk))
        return app

    @asynccontextmanager
    async def nats(self) -> AsyncIterator[Client]:
        """A client of its broker as operator; raises NotRunning."""
        url = self.running["nats"] if self.running else self.settings.nats_url
        if self.running is None and "nats_url" not in self.settings.model_fields_set:
            raise NotRunning(NotRunning.__doc__)
        client = await connect(url, Role.OPERATOR)
        try:
            yield client
        finally:
            await client.close()


def _body(answer: httpx.Response) -> Any:
    """The JSON of an answer; whatever else answers at that address is not the installation."""
    try:
        return orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        what = f"{answer.request.url.copy_with(path='/', query=None)}: HTTP {answer.status_code}"
        raise LedgerUnavailable(f"回答不是 JSON / the answer is not JSON: {what}") from None


def current_policy(data: Path | None) -> Policy:
    """The policy in force; the shipped one where no directory was named and none is there."""
    try:
        with Place(data).reading() as (_, policies):
            return policies.current(now())
    except NoInstallation:
        if data is not None:
            raise
        text = "此处没有台账,使用自带政策 / no ledger here: the shipped policy is used"
        err.print(text, markup=False, highlight=False)
        return Policy(publication(DEFAULT_POLICY.read_text()))
