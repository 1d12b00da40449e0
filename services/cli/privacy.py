"""`amends erase`, `amends customer`, `amends keys`: customers' personal data, for officers (ADR 0019)."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from events import durable
from events.catalogue import decode
from events.commands import Refusal
from events.customers import KeyDestroyed, customer_stream
from events.envelope import StreamId
from events.keyring import Kept
from events.tokens import CustomerId
from services.cli.complaints import refusal_lines, state_of
from services.cli.output import BAD_INPUT, REFUSED, UNAVAILABLE, AsJson, Data, emit, fail, say, table
from services.cli.place import NotFound, Place
from services.compliance.destination import new_file, refuse
from services.wiring.keys import import_keys, reading_keyring
from services.wiring.store import DirectoryLock, NoInstallation

Customer = Annotated[
    str,
    typer.Argument(metavar="CUSTOMER", help="客户标识、投诉、联系方式或会员号 / id, complaint, contact, member."),
]
By = Annotated[str, typer.Option("--as", help="以谁的身份 / as whom.")]
Reason = Annotated[str, typer.Option("--reason", help="理由 / why.")]

customer = typer.Typer(no_args_is_help=True, help="客户个人信息：查看、保全、限制 / customers' personal data.")
keys = typer.Typer(no_args_is_help=True, help="客户密钥的迁移 / moving customers' keys.")


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(erase)
    app.add_typer(customer, name="customer")
    app.add_typer(keys, name="keys")


def erase(
    customer: Customer,
    by: By,
    reason: Reason,
    certificate: Annotated[
        Path | None, typer.Option("--certificate", help="证明写入此文件 / write the certificate here.")
    ] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Destroy a customer's key: the first person asks, a second one does it. Never under a legal hold."""
    if certificate is not None and (certificate.exists() or not certificate.parent.is_dir()):
        raise fail(BAD_INPUT, f"{certificate}: 已存在或没有该目录 / exists already, or its folder does not")
    outcomes = _act("erase", customer, by, reason, data, as_json)
    issued = [outcome["certificate"] for outcome in outcomes if "certificate" in outcome]
    if certificate is not None and issued:
        durable.write(certificate, orjson.dumps(issued[0] if len(issued) == 1 else issued, option=INDENTED))


@customer.command()
def show(customer: Customer, by: By, data: Data = None, as_json: AsJson = False) -> None:
    """What is on record about a customer's data; no personal text. For officers."""
    told = _answered(asyncio.run(_ask(Place(data), "", customer, by, "")), as_json)
    for known in told["customers"]:
        if as_json:
            emit(known)
            continue
        known["complaints"] = ", ".join(f"{each['number']} ({each['status']})" for each in known["complaints"])
        rows = [(name, _words(value)) for name, value in known.items() if value is not None]
        table("", ("", known["customer"]), rows)


@customer.command()
def hold(customer: Customer, by: By, reason: Reason, data: Data = None, as_json: AsJson = False) -> None:
    """Place a legal hold: nothing of the customer is erased while it stands."""
    _act("hold", customer, by, reason, data, as_json)


@customer.command()
def release(customer: Customer, by: By, reason: Reason, data: Data = None, as_json: AsJson = False) -> None:
    """Lift the legal hold: the first person asks, a second one does it."""
    _act("release", customer, by, reason, data, as_json)


@customer.command()
def restrict(customer: Customer, by: By, reason: Reason, data: Data = None, as_json: AsJson = False) -> None:
    """Store the customer's data only: nobody reads or uses them."""
    _act("restrict", customer, by, reason, data, as_json)


@customer.command()
def allow(customer: Customer, by: By, reason: Reason, data: Data = None, as_json: AsJson = False) -> None:
    """Lift the restriction."""
    _act("allow", customer, by, reason, data, as_json)


def _act(act: str, customer: str, by: str, reason: str, data: Path | None, as_json: bool) -> list[dict[str, Any]]:
    """What became of the act for each pseudonym of the customer; ends with 3 where a rule refuses it."""
    answer = _answered(asyncio.run(_ask(Place(data), f"/{act}", customer, by, reason)), as_json)
    outcomes: list[dict[str, Any]] = answer["outcomes"]
    for outcome in outcomes:
        if as_json:
            emit({"act": act, "by": by, **outcome})
        else:
            _tell(outcome)
    return outcomes


def _answered(answer: dict[str, Any], as_json: bool) -> dict[str, Any]:
    if "refused" not in answer:
        return answer
    if as_json:
        emit(answer)
    raise fail(REFUSED, "\n".join(refusal_lines(Refusal.model_validate(answer["refused"]))))


def _tell(outcome: dict[str, Any]) -> None:
    say(f"{outcome['recorded']}  {outcome['customer']}  {', '.join(outcome['complaints'])}")
    if outcome["waits_for_second_person"]:
        say("须由另一人以同一命令办理 / a second person has to give the same command")
    for name, value in outcome.get("certificate", {}).items():
        say(f"  {name}: {_words(value)}")


def _words(value: object) -> str:
    if isinstance(value, dict):
        return "  ".join(map(str, value.values()))
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


async def _ask(place: Place, path: str, customer: str, by: str, reason: str) -> dict[str, Any]:
    body = {"customer": await _as_id(place, customer), "by": by, "reason": reason}
    return await place.post(f"/api/privacy{path}", body)


async def _as_id(place: Place, customer: str) -> str:
    """A complaint's number is looked up; everything else goes in the body to who has the keys, never in an address."""
    if not NUMBER.fullmatch(customer.strip()):
        return customer
    try:
        return str((await state_of(place, customer))["complaint_id"])
    except NotFound:
        return customer


@keys.command("export")
def export_(file: Annotated[Path, typer.Argument(help="新文件 / a new file.")], data: Data = None) -> None:
    """Write customers' keys, still wrapped, and the master key into a file that its owner alone reads."""
    refuse(file, force=False)
    keyring = reading_keyring(Place(data).settings)
    if keyring is None:
        raise fail(UNAVAILABLE, "此处没有密钥 / there are no keys here")
    number = 0
    with closing(keyring), new_file(file, force=False) as part, part.open("wb") as out:
        out.write(orjson.dumps({"format": FORMAT, "master": keyring.master.hex()}) + b"\n")
        for kept in keyring.store.everything():
            out.write(orjson.dumps({**kept._asdict(), "wrapped": kept.wrapped.hex()}) + b"\n")
            number += 1
    say(f"{number} 个客户的密钥 / customers' keys: {file}")
    say("请妥善保管，导入后删除 / keep the file safe and delete it after the import")


@keys.command("import")
def import_(file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)], data: Data = None) -> None:
    """Take the keys another installation exported; harmless when repeated. The ledger first; stopped."""
    place = Place(data)
    try:
        master, number = _master(file), sum(1 for _ in _kept(file))
    except (ValueError, KeyError, TypeError, AttributeError) as broken:
        raise fail(BAD_INPUT, f"{file} 不是密钥文件 / is no file of keys: {broken}") from broken
    erased = _erased(place, file)
    wanted = (each for each in _kept(file) if each.customer not in erased)
    with DirectoryLock(place.settings.data):
        new = import_keys(place.settings, master, wanted)
    say(f"新增 / new: {new}，共 / of {number}，已删除而不恢复 / erased, not brought back: {len(erased)}")


FORMAT = "amends-keys-1"
INDENTED = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
NUMBER = re.compile(r"C\d{6}-?\w{5}-?\w{5}", re.IGNORECASE)
"""What a complaint's number looks like."""


FIRST_THE_LEDGER = "请先导入台账，再导入密钥 / import the ledger first, then the keys: it tells which were destroyed"
AT_ONCE = 400
"""Customers whose streams are read in one query."""


def _erased(place: Place, file: Path) -> set[CustomerId]:
    """Whose key was destroyed, as the ledger tells: a copy of it is not taken back (I12)."""
    erased: set[CustomerId] = set()
    every = (each.customer for each in _kept(file))
    try:
        with place.reading() as (ledger, _):
            if not ledger.head():
                raise fail(BAD_INPUT, FIRST_THE_LEDGER)
            while some := list(islice(every, AT_ONCE)):
                rows = ledger.rows_of(map(customer_stream, some))
                facts = (decode(*row).fact for row in rows if row.topic == KeyDestroyed.TYPE)
                erased.update(fact.customer for fact in facts if isinstance(fact, KeyDestroyed))
    except NoInstallation as nothing:
        raise fail(BAD_INPUT, FIRST_THE_LEDGER) from nothing
    return erased


def _master(file: Path) -> bytes:
    with file.open("rb") as lines:
        head = orjson.loads(next(lines, b""))
    if head["format"] != FORMAT:
        raise ValueError(head["format"])
    return bytes.fromhex(head["master"])


def _kept(file: Path) -> Iterator[Kept]:
    with file.open("rb") as lines:
        for line in map(orjson.loads, islice(lines, 1, None)):
            yield Kept(
                CustomerId(line["customer"]),
                bytes.fromhex(line["wrapped"]),
                bool(line["restricted"]),
                tuple(map(StreamId, line["complaints"])),
                tuple(line["marks"]),
            )
