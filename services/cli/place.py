"""The installation a command speaks to: a running one over HTTP and NATS, a stopped one by opening its ledger."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import orjson
from fastapi import FastAPI
from nats.aio.client import Client

from deploy.machine import read_run_file
from events.bus import connect
from events.envelope import BrokenHistory
from events.ledger import Ledger, LedgerUnavailable
from events.subjects import Role
from policy.policy import DEFAULT_POLICY, Policy, publication
from policy.registry import Policies
from services.cli.output import err
from services.clock import now
from services.compliance.seal.seal_store import Overtaken, SealStoreAway
from services.compliance.seal.tiles import CHECKPOINT
from services.desk.api import reading
from services.desk.desk import Desk
from services.desk.problems import UNREADABLE
from services.desk.readers import READER
from services.settings import Settings, settings
from services.wiring.customers import about_customers
from services.wiring.erasing import Erasing
from services.wiring.sealing import SealRefused, seal_now, store_of
from services.wiring.setup import prepare_ledger
from services.wiring.store import VIEWS_FILE, NoInstallation, reading_ledger, writing_ledger

UNSEALED = (
    "此台账没有封存。若由别处迁来：请在运行 amends up 之前，把原目录的 seal/ 和 seal-keys/ 复制到此数据目录，"
    "否则会开始新的日志，以前的检查点和回执不再相符；确要开始新的日志：amends seal / "
    "this ledger has no seal. Moved from elsewhere: copy seal/ and seal-keys/ of the old directory into this one "
    "before `amends up`, or a new log begins which former checkpoints and receipts do not fit; "
    "to begin one on purpose: amends seal"
)
"""For a history without the log it was sealed in."""


def is_sealed(settings: Settings) -> bool:
    """Whether anything was ever sealed here; raises SealStoreAway."""
    return store_of(settings).read(CHECKPOINT) is not None


class Opened(NamedTuple):
    """A ledger and its policies."""

    ledger: Ledger
    policies: Policies


class NotRunning(Exception):
    """需要运行中的系统:请先 amends up / the installation must run: `amends up`, or set AMENDS_NATS_URL."""


class NotFound(LookupError):
    """There is no such complaint, or the question was wrong."""


class NotAllowed(Exception):
    """A rule keeps this person from reading it."""


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
            held = ledger.head()
            prepare_ledger(ledger, self.settings, now())
            yield Opened(ledger, Policies(ledger))
            self._seal(ledger, is_new=held == 0)

    def _seal(self, ledger: Ledger, *, is_new: bool) -> None:
        """Seal what was appended, as a running installation does; what was appended stands in any case.

        A log begun over a history that came from elsewhere would look forged to whoever knows its first one.
        """
        if self.settings.ledger != "sqlite":
            return
        if not is_new and not is_sealed(self.settings):
            err.print(UNSEALED, markup=False, highlight=False)
            return
        try:
            seal_now(self.settings, ledger, now)
        except (SealRefused, SealStoreAway, Overtaken) as unsealed:
            err.print(f"未封存 / not sealed: {unsealed}", markup=False, highlight=False)

    async def ask(self, path: str, *, reader: str | None = None, **query: str | int | bool | None) -> Any:
        """What the reading API answers, of the running installation or of the stopped one's ledger.

        A named reader sees personal texts, which is recorded. Raises NotFound with the API's own words for an
        unknown complaint or a wrong filter.
        """
        asked = {name: value for name, value in {**query, READER: reader}.items() if value is not None}
        async with AsyncExitStack() as stack:
            if self.running:
                client = httpx.AsyncClient(base_url=self.running["http"], timeout=ANSWER_SECONDS, trust_env=False)
            else:
                opened = stack.enter_context(self.reading() if reader is None else self.writing())
                transport = httpx.ASGITransport(self._api(opened, stack))
                client = httpx.AsyncClient(base_url="http://stopped", transport=transport)
            await stack.enter_async_context(client)
            answer = await client.get(path, params=asked)
        body = _body(answer)
        if answer.status_code == 500 and body.get("error") == UNREADABLE:
            raise BrokenHistory(body["zh"], body["en"])
        if answer.status_code >= 500:
            raise LedgerUnavailable(body.get("en", f"HTTP {answer.status_code}"))
        if answer.status_code == 403:
            raise NotAllowed(f"{body.get('zh')} / {body.get('en')}")
        if answer.status_code != 200:
            raise NotFound(f"{body.get('zh')} / {body.get('en')}")
        return body

    async def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """What officers' addresses answer (`services/wiring/customers.py`), a refusal included.

        Raises NotFound for what there is not, LedgerUnavailable.
        """
        async with AsyncExitStack() as stack:
            if self.running:
                client = httpx.AsyncClient(base_url=self.running["http"], timeout=ANSWER_SECONDS, trust_env=False)
            else:
                ledger, policies = stack.enter_context(self.writing())
                app = FastAPI()
                app.include_router(about_customers(lambda: Erasing(ledger, policies, self.settings, now)))
                client = httpx.AsyncClient(base_url="http://stopped", transport=httpx.ASGITransport(app))
            await stack.enter_async_context(client)
            answer = await client.post(path, json=body)
        told: dict[str, Any] = _body(answer)
        if answer.status_code in (200, 409):
            return told
        words = f"{told.get('zh')} / {told.get('en')}"
        raise LedgerUnavailable(words) if answer.status_code >= 500 else NotFound(words)

    def _api(self, opened: Opened, stack: AsyncExitStack) -> FastAPI:
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
