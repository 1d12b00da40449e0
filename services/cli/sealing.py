"""`amends verify`, `amends seal [show|rotate]`: is the history as it was sealed, how far is it sealed, by which key."""

import os
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress

from events.vocabulary import Language
from services.cli.output import BAD_INPUT, FOUND, REFUSED, UNAVAILABLE, AsJson, Data, English, emit, err, fail, say
from services.cli.place import Place
from services.clock import now
from services.compliance.seal.checkpoints import Checkpoint
from services.compliance.seal.notes import NotSigned
from services.compliance.seal.seal_store import Overtaken
from services.compliance.seal.signing_keys import published_keys
from services.compliance.seal.tiles import CHECKPOINT
from services.compliance.verification.kept_notes import notes_of
from services.compliance.verification.verdict import Finding, Report
from services.compliance.verification.verifier import VerifierKey, parse_verifier_key
from services.compliance.verification.verify_ledger import verify as verify_ledger
from services.wiring.sealing import (
    SealRefused,
    has_its_key,
    keys_of,
    own_key,
    refusal_of,
    rotate_key,
    seal_now,
    store_of,
    verifiable,
)

seal = typer.Typer(help="封存 / the seal: how far, by which key.", invoke_without_command=True)

ROTATION_SECONDS = 15
"""How long a running installation may take to change its key."""


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(verify)
    app.add_typer(seal, name="seal")


def verify(
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(
            "--checkpoint",
            help="在别处保存的检查点，可含多个 / one kept elsewhere, or a file of copies: all are compared.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    public_key: Annotated[
        list[str] | None, typer.Option("--public-key", help="信任的公钥或其文件 / the key to trust, or its file.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--every", help="核对每个检查点 / compare every checkpoint ever signed.")
    ] = False,
    data: Data = None,
    as_json: AsJson = False,
    en: English = False,
) -> None:
    """Recompute the whole history and compare it with what was sealed; ends with 1 and names the first bad event."""
    settings = Place(data).settings
    ledger, sealed = verifiable(settings)
    given = [_key(text) for text in public_key or ()]
    outside = [(str(file), notes_of(file)) for file in checkpoint or ()]
    with Progress(console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("verify", total=None)
        report = verify_ledger(
            ledger,
            sealed,
            given=given,
            own=own_key(settings),
            outside=outside,
            every=every,
            told=lambda done, of: progress.update(task, completed=done, total=of),
            processes=os.cpu_count() or 1,
        )
    _print(report, "en" if en else "zh", as_json=as_json)
    if not report.is_sound:
        raise typer.Exit(FOUND)


def _key(given: str) -> VerifierKey:
    """A key given as text or as a file that holds it; raises Refused."""
    file = Path(given)
    is_file = "+" not in given and file.is_file()
    return parse_verifier_key(file.read_text(errors="replace") if is_file else given, "--public-key")


def _print(report: Report, language: Language, *, as_json: bool) -> None:
    if as_json:
        emit(
            {
                "sound": report.is_sound,
                "events": report.events,
                "sealed": report.sealed,
                "checkpoints": report.checkpoints,
                "head": report.head,
                "findings": [finding.as_json() for finding in report.findings],
                "remarks": [remark._asdict() for remark in report.remarks],
            }
        )
        return
    is_english = language == "en"
    if report.is_sound and report.head:
        zh = f"完好：{report.events} 个事件与 {report.checkpoints} 个检查点相符，最新一个签于 {report.head['time']}"
        en = f"sound: {report.events} events agree with {report.checkpoints} checkpoints, newest {report.head['time']}"
        say(en if is_english else zh)
        say(f"{report.head['origin']}  {report.head['size']}  {report.head['root']}")
    elif report.is_sound:
        say(f"sound: {report.events} events, nothing is sealed" if is_english else f"{report.events} 个事件，尚未封存")
    for finding in report.findings:
        say(_line(finding, language))
    for remark in report.remarks:
        say(f"  {remark.en if is_english else remark.zh}")


def _line(finding: Finding, language: Language) -> str:
    """One finding, with the name of the first bad event."""
    named: dict[str, Any] = {
        "event": finding.event if finding.until is None else f"{finding.event}-{finding.until}",
        "position": finding.position,
        "complaint": finding.number or finding.complaint_id,
        "version": finding.version,
        "type": finding.type,
        "place": finding.place,
    }
    words = finding.en if language == "en" else finding.zh
    name = "  ".join(f"{key} {value}" for key, value in named.items() if value is not None)
    stop = ": " if language == "en" else "："
    return f"✗ {finding.kind.label(language)}{stop}{words}\n  {name}"


@seal.callback()
def seal_(
    context: typer.Context,
    thoroughly: Annotated[
        bool, typer.Option("--thoroughly", help="通读台账，重做已改动的封存文件 / read all, mend altered tiles.")
    ] = False,
    data: Data = None,
    as_json: AsJson = False,
    en: English = False,
) -> None:
    """Without a word after it: seal what a stopped installation holds, then show."""
    if context.invoked_subcommand is not None:
        return
    place = Place(data)
    if place.running and thoroughly:
        raise fail(UNAVAILABLE, "请先停止 amends up / stop the running installation first")
    if not place.running:
        try:
            with place.reading() as (ledger, _):
                seal_now(place.settings, ledger, now, thoroughly=thoroughly)
        except Overtaken as busy:
            raise fail(UNAVAILABLE, str(busy)) from busy
        except SealRefused as refused:
            raise fail(FOUND, str(refused)) from refused
    _show(place, as_json=as_json, en=en)


@seal.command()
def show(data: Data = None, as_json: AsJson = False, en: English = False) -> None:
    """How far the ledger is sealed, the newest checkpoint, the keys."""
    _show(Place(data), as_json=as_json, en=en)


def _show(place: Place, *, as_json: bool, en: bool) -> None:
    store = store_of(place.settings)
    note = (store.read(CHECKPOINT) or b"").decode(errors="replace")
    with place.reading() as (ledger, _):
        events = ledger.head()
    try:
        keys = [str(key) for key in published_keys(store)]
        head = Checkpoint.read(note.rpartition("\n\n")[0] + "\n") if note else None
    except NotSigned as damaged:
        raise fail(
            FOUND, f"封存已损坏，请运行 amends verify / the seal is damaged, see `amends verify`: {damaged}"
        ) from damaged
    refusal = refusal_of(place.settings)
    if as_json:
        known = head and {"origin": head.origin, "size": head.size, "time": head.time, "position": head.position}
        emit({"head": known, "ledger": events, "keys": keys, "refusal": refusal, "checkpoint": note or None})
        return
    if head is None:
        say("nothing is sealed yet" if en else "尚未封存")
    else:
        behind = max(0, events - head.position)
        say(
            f"{head.size} events sealed at {head.time}, {behind} positions to go"
            if en
            else f"已封存 {head.size} 个事件（{head.time}），其后还有 {behind} 个位置"
        )
        say(note.rstrip("\n"))
    for key in keys:
        say(f"{'public key' if en else '公钥'}  {key}")
    if refusal is not None:
        say(f"{'stopped' if en else '已停止'}  {refusal}")


@seal.command()
def rotate(
    lost: Annotated[bool, typer.Option("--lost", help="旧私钥已丢失 / the old private key is lost.")] = False,
    data: Data = None,
    as_json: AsJson = False,
    en: English = False,
) -> None:
    """Sign with a new key from now on; the old one endorses it and is destroyed, its proofs hold."""
    place = Place(data)
    if lost and has_its_key(place.settings):
        raise fail(BAD_INPUT, "私钥还在，不需要 --lost / the private key is there: rotate without --lost")
    try:
        with place.reading() as (ledger, _):
            is_done = rotate_key(place.settings, ledger, now, is_lost=lost)
    except Overtaken as busy:
        raise fail(UNAVAILABLE, str(busy)) from busy
    except SealRefused as refused:
        raise fail(REFUSED, str(refused)) from refused
    if not is_done:
        _wait(place)
    _show(place, as_json=as_json, en=en)


def _wait(place: Place) -> None:
    """Until the running sealer has taken the new key over."""
    for _ in range(ROTATION_SECONDS * 10):
        if not keys_of(place.settings).rotation_begun():
            return
        time.sleep(0.1)
    raise fail(UNAVAILABLE, "运行中的封存未应答 / the running sealer has not taken the new key over yet; it still may")
