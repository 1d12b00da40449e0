"""`amends policy`: show, check, publish."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from events.company import PolicyPublished
from events.digest import digest
from events.envelope import Actor
from events.vocabulary import ActorKind, Service
from policy.checking.check import check as find_flaws
from policy.checking.check import errors
from policy.checking.flaws import Flaw
from policy.composition import SHIPPED, read_policy
from policy.document import InvalidPolicy, parse
from policy.people.organisation import InvalidOrganisation, Organisation, parse_organisation
from policy.policy import SAMPLE_ORGANISATION, publication
from policy.registry import publish_policy
from services.cli.failures import named, told
from services.cli.output import BAD_INPUT, DONE, FOUND, REFUSED, AsJson, Data, English, emit, err, fail, say, table
from services.cli.place import Place, current_policy
from services.clock import now

app = typer.Typer(no_args_is_help=True, help="政策:查看、检查、发布 / policies.")
File = Annotated[Path, typer.Argument(help="政策文件 / policy file (TOML).", exists=True, dir_okay=False)]
Files = Annotated[
    list[Path] | None,
    typer.Argument(help="政策文件,默认检查全部自带政策 / policy files; without any all shipped ones.", dir_okay=False),
]
People = Annotated[
    Path | None,
    typer.Option("--organisation", help="对照的组织架构 / organisation to check against.", exists=True, dir_okay=False),
]


@app.command()
def show(
    file: Annotated[Path | None, typer.Argument(help="政策文件 / policy file.", exists=True, dir_okay=False)] = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """The policy in force, or the complete text of a file: what it extends is written out."""
    published = current_policy(data).published if file is None else _published(policy_text(file))
    if as_json:
        emit({"policy": published.policy_id, "sha256": published.sha256, "text": published.text})
    else:
        say(published.text)


@app.command()
def check(file: Files = None, organisation: People = None, as_json: AsJson = False, en: English = False) -> None:
    """Prove that policy files are sound; ends with 1 where a flaw was found, with 2 where one cannot be read."""
    people = organisation_of(organisation)
    found = False
    for text in map(policy_text, file or shipped()):
        flaws = find_flaws(text, people)
        found = found or bool(errors(flaws))
        if as_json:
            emit(_as_json(text, flaws))
        else:
            _tell(text, flaws, en)
    raise typer.Exit(FOUND if found else DONE)


@app.command()
def publish(file: File, data: Data = None, as_json: AsJson = False, en: English = False) -> None:
    """Publish a policy version into the ledger of a stopped installation; open complaints keep theirs.

    A policy with flaws is refused with 3; warnings are told and do not stop it.
    """
    actor = Actor(kind=ActorKind.SYSTEM, id="operator")
    text = policy_text(file)
    with Place(data).writing() as (ledger, policies):
        flaws = find_flaws(text, policies.organisation)
        for line in flaw_lines(flaws, en):
            err.print(line, markup=False, highlight=False)
        if errors(flaws):
            raise fail(REFUSED, f"{file}: 有缺陷,不予发布 / has flaws and was not published")
        new = publish_policy(ledger.writer(Service.SETUP), text, actor, now())
    fact = _published(text)
    if as_json:
        emit({"policy": fact.policy_id, "sha256": fact.sha256, "published": new})
    else:
        say(f"{fact.policy_id}: {'已发布 / published' if new else '此前已发布 / was published before'}")


def shipped() -> list[Path]:
    """The policies that come with the product."""
    return sorted(path for path in SHIPPED.glob("*.toml") if path != SAMPLE_ORGANISATION)


def policy_text(file: Path) -> str:
    """The complete text of a file that is a policy."""
    try:
        text = read_policy(file)
        parse(text)
    except (InvalidPolicy, UnicodeDecodeError, OSError) as mistake:
        raise fail(BAD_INPUT, named(file, mistake)) from mistake
    return text


def _published(text: str) -> PolicyPublished:
    try:
        return publication(text)
    except ValueError as mistake:
        raise fail(BAD_INPUT, told(mistake)) from mistake


def organisation_of(file: Path | None) -> Organisation | None:
    """The organisation of a file; ends with bad input where it is none."""
    if file is None:
        return None
    try:
        return parse_organisation(file.read_text("utf-8-sig"))
    except (InvalidOrganisation, UnicodeDecodeError) as mistake:
        raise fail(BAD_INPUT, named(file, mistake)) from mistake


def _as_json(text: str, flaws: Sequence[Flaw]) -> dict[str, object]:
    sound = not errors(flaws)
    known = {"provisional_years": _provisional(_published(text))} if sound else {}
    told_flaws = [flaw._asdict() for flaw in flaws]
    return {"policy": parse(text).policy_id, "sha256": digest(text), "sound": sound, "flaws": told_flaws, **known}


def _tell(text: str, flaws: Sequence[Flaw], en: bool) -> None:
    document = parse(text)
    if errors(flaws):
        say(f"{document.policy_id}: 有缺陷 / has flaws: {len(flaws)}")
    else:
        say(f"{document.policy_id} 正确 / is sound; 摘要 / digest {digest(text)}")
        table("", ("clock", "requirements"), [(n, ", ".join(c.source)) for n, c in document.clock.items()])
        if years := _provisional(_published(text)):
            say(f"官方节假日尚未公布 / official days not out yet: {', '.join(map(str, years))}")
    for line in flaw_lines(flaws, en):
        say(line)


def flaw_lines(flaws: Sequence[Flaw], en: bool) -> Iterator[str]:
    """Each flaw on two lines: where and what, then the cure."""
    for flaw in flaws:
        what, cure = flaw.lines("en" if en else "zh")
        weight = ("warning" if en else "提示") if flaw.is_warning else ("flaw" if en else "缺陷")
        yield f"{weight} {flaw.place} [{flaw.requirement}] {what}"
        yield f"    -> {cure} ({flaw.kind})"


def _provisional(published: PolicyPublished) -> list[int]:
    return sorted(days.year for days in published.days if days.provisional)
