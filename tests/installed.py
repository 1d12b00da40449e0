"""An installation with a seal, without broker and services: for what the seal does when it runs."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from events.ledger import Ledger
from events.stores import SQLiteStore
from services.compliance.verification.verifier import parse_checkpoint
from services.settings import SealSettings, Settings
from services.wiring.sealing import Sealing, store_of
from services.wiring.store import LEDGER_FILE
from tests import controls
from tests.times import in_the_morning


class Installation:
    """A data directory with a ledger in it."""

    def __init__(self, data: Path, **seal: object) -> None:
        self.settings = Settings(data=data, seal=SealSettings.model_validate(seal))
        store = SQLiteStore(data / LEDGER_FILE)
        store.create()
        self.ledger = Ledger(store, controls.Clock())
        self.received = 0

    def receive(self, complaints: int) -> None:
        """So many more complaints."""
        streams = controls.some_streams(self.received + complaints)
        for number in range(self.received, len(streams)):
            controls.put(self.ledger, streams[number], controls.received(in_the_morning(), number=f"C{number:05}"))
        self.received = len(streams)

    def sealed(self) -> int:
        """Events under the checkpoint that is served."""
        return parse_checkpoint(self.note()).size if self.note() else 0

    def note(self) -> str:
        """The checkpoint that is served."""
        return (store_of(self.settings).read("checkpoint") or b"").decode()

    @asynccontextmanager
    async def sealing(self) -> AsyncIterator[Sealing]:
        """The seal while the block runs."""
        sealing = Sealing(self.settings, self.ledger, controls.Clock())
        task = asyncio.create_task(sealing.run())
        try:
            yield sealing
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def alter(self, statement: str) -> None:
        """What an administrator of the database may do."""
        connection = sqlite3.connect(self.settings.data / LEDGER_FILE)
        connection.execute(statement)
        connection.commit()
        connection.close()
