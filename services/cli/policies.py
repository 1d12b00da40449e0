"""`amends policy`: show, check, publish."""

from pathlib import Path
from typing import Annotated

import typer

from events.envelope import Actor
from events.vocabulary import ActorKind, Service
from policy.document import InvalidPolicy
from policy.policy import Policy, publication
from policy.registry import publish_policy
from services.cli.failures import named
from services.cli.output import BAD_INPUT, AsJson, Data, emit, fail, say, table
from services.cli.place import Place, current_policy
from services.clock import now

app = typer.Typer(no_args_is_help=True, help="政策:查看、检查、发布 / policies.")
File = Annotated[Path, typer.Argument(help="政策文件 / policy file (TOML).", exists=True, dir_okay=False)]


@app.command()
def show(data: Data = None, as_json: AsJson = False) -> None:
    """The policy in force: its text, or with --json its id, digest and text."""
    published = current_policy(data).published
    if as_json:
        emit({"policy": published.policy_id, "sha256": published.sha256, "text": published.text})
    else:
        say(published.text)


@app.command()
def check(file: File, as_json: AsJson = False) -> None:
    """Prove that a policy file is sound; ends with 2 and the place of each mistake otherwise."""
    try:
        policy = Policy(publication(file.read_text("utf-8-sig")))
    except (InvalidPolicy, UnicodeDecodeError) as mistake:
        raise fail(BAD_INPUT, named(file, mistake)) from mistake
    provisional = sorted(days.year for days in policy.published.days if days.provisional)
    if as_json:
        emit({"policy": policy.id, "sha256": policy.published.sha256, "provisional_years": provisional})
        return
    say(f"{policy.id} 正确 / is sound; 摘要 / digest {policy.published.sha256}")
    table("", ("clock", "requirements"), [(n, ", ".join(c.source)) for n, c in policy.document.clock.items()])
    if provisional:
        say(f"官方节假日尚未公布 / official days not out yet: {', '.join(map(str, provisional))}")


@app.command()
def publish(file: File, data: Data = None, as_json: AsJson = False) -> None:
    """Publish a policy version into the ledger of a stopped installation; open complaints keep theirs."""
    actor = Actor(kind=ActorKind.SYSTEM, id="operator")
    text = file.read_text("utf-8-sig")
    with Place(data).writing() as (ledger, _):
        new = publish_policy(ledger.writer(Service.SETUP), text, actor, now())
    fact = publication(text)
    if as_json:
        emit({"policy": fact.policy_id, "sha256": fact.sha256, "published": new})
    else:
        say(f"{fact.policy_id}: {'已发布 / published' if new else '此前已发布 / was published before'}")
