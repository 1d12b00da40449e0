"""`amends bundle`, `bundle-verify`, `prove`: evidence of one complaint for people who need to trust nobody."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from events.commands import Refusal
from events.envelope import BrokenHistory, StreamId
from events.vocabulary import Language
from services.cli.complaints import Id, find, refusal_lines
from services.cli.output import (
    BAD_INPUT,
    DONE,
    FOUND,
    REFUSED,
    UNAVAILABLE,
    AsJson,
    Data,
    English,
    Force,
    emit,
    fail,
    say,
)
from services.cli.place import UNSEALED, Opened, Place, is_sealed
from services.clock import now
from services.compliance.destination import new_file, refuse
from services.compliance.evidence import bundle as bundles
from services.compliance.evidence.bundle import Contents
from services.compliance.evidence.bundle_file import Written, attachments_in, write
from services.compliance.evidence.bundle_proofs import Altered, NotSealed, sealed_by
from services.compliance.evidence.proving import Answer, Proven
from services.compliance.evidence.proving import prove as proven_by
from services.compliance.seal.notes import NotSigned
from services.compliance.seal.proofs import TilesMissing
from services.compliance.seal.seal_store import SealStore
from services.compliance.verification import verifier
from services.compliance.verification.kept_notes import notes_of
from services.wiring.sealing import seal_now, store_of

Checkpoint = Annotated[
    Path | None,
    typer.Option("--checkpoint", help="另外保存的检查点 / a checkpoint kept elsewhere.", exists=True, dir_okay=False),
]

T = TypeVar("T")

WAIT_SECONDS = 5.0
"""How long a command waits for the seal of a running installation: it is at most a second behind."""
LOOK_SECONDS = 0.1


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(bundle)
    app.command("bundle-verify")(bundle_verify)
    app.command()(prove)


def bundle(
    id_: Id,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="要写的 zip 文件 / the zip to write.", dir_okay=False)],
    attachments: Annotated[
        Path | None,
        typer.Option(
            "--attachments", help="附件原件所在目录 / directory of the originals.", exists=True, file_okay=False
        ),
    ] = None,
    checkpoint: Checkpoint = None,
    unmask: Annotated[bool, typer.Option("--unmask", help="含客户个人信息 / with personal texts.")] = False,
    by: Annotated[str | None, typer.Option("--as", help="以谁的身份 / as whom, for --unmask.")] = None,
    reason: Annotated[str, typer.Option("--reason", help="用途 / what it is for, for --unmask.")] = "",
    force: Force = False,
    data: Data = None,
    as_json: AsJson = False,
    en: English = False,
) -> None:
    """Write the evidence of a complaint: events, proofs, rules, timeline and a verifier, in one zip."""
    place = Place(data)
    refuse(file, force=force)
    if unmask and (by is None or not reason.strip()):
        raise fail(BAD_INPUT, "--unmask 需要 --as 和 --reason / --unmask needs --as and --reason")
    if by is not None and not unmask:
        raise fail(BAD_INPUT, "--as 须与 --unmask 同用 / --as needs --unmask: otherwise texts stay hidden")
    earlier = None if checkpoint is None else verifier.parse_checkpoint(_kept(checkpoint), str(checkpoint))
    stream = _stream(place, id_)
    with _finding(), place.reading() as opened:
        found = _contents(place, opened, stream)
        disclosed = _disclosed(place, found, by, reason) if unmask else None
        files = _files(found, attachments)
        if earlier is not None:
            _check_earlier(found, earlier)
        parts = bundles.parts(found, opened.policies, files, earlier=earlier and earlier.size, disclosed=disclosed)
        with new_file(file, force=force) as part:
            written = write(part, found, parts, files)
            _check_own_work(part)
    _tell(file, found, written, files, as_json=as_json, language="en" if en else "zh")


@contextmanager
def _finding() -> Iterator[None]:
    """A ledger or a seal that is not what it was is something found, not a failure of ours."""
    try:
        yield
    except (Altered, NotSigned, TilesMissing, BrokenHistory) as found:
        text = str(found) if not isinstance(found, TilesMissing) else f"封存缺少 / the seal lacks {found}"
        raise fail(FOUND, text) from found


def _stream(place: Place, id_: str) -> StreamId:
    """The complaint's id; a number is looked up in the list."""
    is_id = len(id_) == 36 and id_.count("-") == 4
    return StreamId(id_) if is_id else find(place, id_)


def _contents(place: Place, opened: Opened, stream: StreamId) -> Contents:
    """What the bundle holds, once the seal has reached it; a stopped installation is sealed first."""
    store = store_of(place.settings)
    return _when_sealed(place, opened, lambda: bundles.contents(opened.ledger, stream, sealed_by(store)))


def _when_sealed(place: Place, opened: Opened, look: Callable[[], T]) -> T:
    try:
        return look()
    except NotSealed:
        if place.running is None and place.settings.ledger == "sqlite":
            if not is_sealed(place.settings):
                raise NotSealed(UNSEALED) from None
            seal_now(place.settings, opened.ledger, now)
            return look()
    for _ in range(int(WAIT_SECONDS / LOOK_SECONDS)):
        time.sleep(LOOK_SECONDS)
        try:
            return look()
        except NotSealed:
            continue
    return look()


def _kept(file: Path) -> str:
    """The one note of a file: a proof is for one checkpoint, and only its reader knows which one they hold."""
    notes = list(islice(notes_of(file), 2))
    if len(notes) > 1:
        zh, en = "有多个检查点：请另存其中一个", "holds several checkpoints: give the one its reader holds, by itself"
        raise fail(BAD_INPUT, f"{file}: {zh}，全部核对用 amends verify / {en}; `amends verify` compares them all")
    return notes[0]


def _check_earlier(found: Contents, earlier: verifier.Checkpoint) -> None:
    """A checkpoint from elsewhere must be one this log goes through: otherwise that is the news."""
    head = found.sealed.head
    if earlier.origin != head.origin:
        raise fail(BAD_INPUT, f"是另一日志的检查点 / a checkpoint of another log: {earlier.origin}")
    if earlier.size > head.size:
        raise fail(
            FOUND,
            f"该检查点有 {earlier.size} 条，封存只到 {head.size} 条：封存被截短 / "
            f"that checkpoint has {earlier.size} entries, the seal only {head.size}: the seal was cut",
        )
    proof = found.sealed.tree.consistency(earlier.size)
    if not verifier.check_consistency(earlier.size, earlier.root, head.size, head.root, proof):
        raise fail(FOUND, "封存与该检查点不一致：历史被改写 / the seal does not continue it: history was rewritten")


def _files(found: Contents, directory: Path | None) -> dict[str, Path]:
    if directory is None:
        return {}
    wanted = {file["sha256"] for file in bundles.attachments_of(found.history, {})}
    return attachments_in(directory, wanted)


def _disclosed(place: Place, found: Contents, by: str | None, reason: str) -> Mapping[str, str]:
    """The texts behind the complaint's tokens, for an officer who may read them; recorded before they are shown."""
    wish = {"customer": found.own[0].stream, "by": by, "reason": reason}
    answer = asyncio.run(place.post("/api/privacy/texts", wish))
    if "refused" in answer:
        raise fail(REFUSED, "\n".join(refusal_lines(Refusal.model_validate(answer["refused"]))))
    texts: Mapping[str, str] = answer["texts"]
    return texts


def _check_own_work(file: Path) -> None:
    """What goes out of the house was checked as its receiver will."""
    verdict = verifier.verify_bundle(file)
    if verdict.exit_code == 0:
        return
    raise fail(FOUND, "\n".join(["证据包未通过校验 / the bundle does not verify:", *verdict.lines("zh")]))


def _tell(
    file: Path, found: Contents, written: Written, files: Mapping[str, Path], *, as_json: bool, language: Language
) -> None:
    head = found.sealed.head
    missing = [file_["sha256"] for file_ in bundles.attachments_of(found.history, files) if not file_["included"]]
    if as_json:
        facts = {"events": len(found.own), "origin": head.origin, "tree_size": head.size, "root": head.root.hex()}
        more = {"fingerprint": written.fingerprint, "included": sorted(files), "missing": missing}
        emit({"file": str(file), "bytes": written.size, "complaint": found.own[0].stream, **facts, **more})
        return
    for line in _SAID[language]:
        say(
            line.format(
                file=file,
                bytes=written.size,
                events=len(found.own),
                size=head.size,
                fingerprint=written.fingerprint,
                files=len(files),
                missing=len(missing),
            )
        )


_SAID: Mapping[Language, Sequence[str]] = {
    "zh": (
        "{file}：{events} 个事件，{bytes} 字节；封存到 {size} 条；附件原件 {files} 个在包内，{missing} 个不在",
        "指纹 {fingerprint}（请另行告知接收人）",
        "校验：amends bundle-verify {file}，或在解压后的文件夹中 python3 verify.py",
    ),
    "en": (
        "{file}: {events} events, {bytes} bytes; sealed up to {size}; originals: {files} in it, {missing} not",
        "fingerprint {fingerprint} (tell the receiver by another way)",
        "to check it: amends bundle-verify {file}, or python3 verify.py in the unpacked folder",
    ),
}


def bundle_verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="证据包或解压后的文件夹 / the bundle, or its folder.")],
    public_key: Annotated[
        list[str] | None, typer.Option("--public-key", help="公司公布的公钥或其文件 / the published key, or its file.")
    ] = None,
    endorsement: Annotated[
        list[Path] | None,
        typer.Option("--endorsement", help="密钥交接声明 / how a key handed over.", exists=True, dir_okay=False),
    ] = None,
    checkpoint: Checkpoint = None,
    fingerprint: Annotated[
        str | None, typer.Option("--fingerprint", help="出具人告知的指纹 / the fingerprint the issuer told you.")
    ] = None,
    as_json: AsJson = False,
    en: English = False,
) -> None:
    """Check a bundle offline, as the verify.py in it does; ends with 1 when it is false, 2 when it is no bundle."""
    asked = [str(file), *(part for key in public_key or () for part in ("--public-key", key))]
    asked += [part for word in endorsement or () for part in ("--endorsement", str(word))]
    asked += ["--checkpoint", str(checkpoint)] if checkpoint else []
    asked += ["--fingerprint", fingerprint] if fingerprint else []
    asked += ["--json"] if as_json else []
    asked += ["--en"] if en else []
    raise typer.Exit(verifier.main(asked))


def prove(
    code: Annotated[str, typer.Argument(metavar="CODE", help="回执上的证明码 / the code of the receipt.")],
    checkpoint: Checkpoint = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="把证明写到此文件 / write the proof to this file.", dir_okay=False)
    ] = None,
    force: Force = False,
    data: Data = None,
    as_json: AsJson = False,
    en: English = False,
) -> None:
    """Whether the complaint of a receipt's code is in the log, since when, and a proof of it for anyone."""
    if out is not None:
        refuse(out, force=force)
    place = Place(data)
    outside = None if checkpoint is None else _kept(checkpoint)
    with _finding(), place.reading() as opened:
        found = _when_sealed(place, opened, lambda: _sealed(opened, store_of(place.settings), code, outside))
    if out is not None and found.proof is not None:
        with new_file(out, force=force) as part:
            part.write_text(found.proof, "utf-8")
    if as_json:
        emit(found.as_json())
    else:
        _tell_proven(found, out, "en" if en else "zh")
    raise typer.Exit(_CODES[found.answer])


_CODES = {Answer.PROVEN: DONE, Answer.UNKNOWN: FOUND, Answer.ALTERED: FOUND, Answer.NOT_SEALED: UNAVAILABLE}


def _sealed(opened: Opened, store: SealStore, code: str, outside: str | None) -> Proven:
    found = proven_by(opened.ledger, store, code, outside)
    if found.answer is Answer.NOT_SEALED and outside is None:
        raise NotSealed(f"{found.answer.zh} / {found.answer.en}")
    return found


def _tell_proven(found: Proven, out: Path | None, language: Language) -> None:
    facts: dict[str, Any] = found.as_json()
    if found.answer is not Answer.PROVEN:
        say(str(facts[language]))
        return
    said = {
        "zh": f"{found.code}\n在日志中，序号 {found.log_index}，至迟自 {found.since or '?'} 起",
        "en": f"{found.code}\nin the log at index {found.log_index}, since {found.since or '?'} or before",
    }
    say(said[language])
    say((found.proof or "").rstrip() if out is None else str(out))
