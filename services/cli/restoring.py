"""`amends import FILE.jsonl`: a whole history into an empty installation, on whichever store its settings name."""

from functools import partial
from pathlib import Path

from services.cli.output import BAD_INPUT, emit, err, fail, say
from services.cli.place import UNSEALED, Place, is_sealed
from services.cli.progress import progress
from services.clock import now
from services.compliance.replay.digest import state_digest
from services.compliance.replay.portability import Imported, import_ledger
from services.wiring.store import reading_ledger, writing_ledger

KEYS = (
    "客户密钥不在此文件中，请另行迁移：amends keys export / import / "
    "customers' keys are not in this file, move them apart: amends keys export / import"
)


def restore(place: Place, file: Path, digest: str | None, *, clock_steps: bool, as_json: bool) -> None:
    """Import the history and tell its digests; an interrupted import leaves nothing, so it can be run again."""
    if file.suffix != ".jsonl":
        raise fail(BAD_INPUT, f"{file}: CSV 需要 --map，台账须为 .jsonl / a CSV needs --map, a ledger is a .jsonl file")
    if place.running:
        raise fail(BAD_INPUT, f"请先停止运行中的系统 / stop the running installation first: {place.settings.data}")
    imported = _imported(place, file, digest, clock_steps=clock_steps, as_json=as_json)
    complaints, state = state_digest(partial(reading_ledger, place.settings, now), imported.head)
    told = {
        "events": imported.events,
        "complaints": complaints,
        "head": imported.head,
        "ledger_digest": imported.ledger,
        "state_digest": state,
    }
    if as_json:
        emit(told)
    else:
        say(f"已导入 / imported: {imported.events} 个事件 / events, {complaints} 宗投诉 / complaints")
        say(f"台账摘要 / ledger digest: {imported.ledger}")
        say(f"状态摘要 / state digest:  {state}")
    err.print(KEYS, markup=False, highlight=False)
    if not is_sealed(place.settings):
        err.print(UNSEALED, markup=False, highlight=False)


def _imported(place: Place, file: Path, digest: str | None, *, clock_steps: bool, as_json: bool) -> Imported:
    with (
        writing_ledger(place.settings, now, create=True) as ledger,
        file.open("rb") as lines,
        progress(file.name, file.stat().st_size, quiet=as_json) as done,
    ):
        return import_ledger(lines, ledger.store, wanted=digest, clock_steps=clock_steps, on_progress=done)
