"""`amends whatif`: the recorded past under another policy, writing nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Annotated

import typer

from events.company import PolicyPublished
from events.vocabulary import Language
from policy.checking.check import check as find_flaws
from policy.checking.check import errors
from policy.people.organisation import Organisation
from policy.registry import POLICIES
from services.cli.output import BAD_INPUT, FOUND, AsJson, Data, English, Force, emit, err, fail, spell, table
from services.cli.place import Opened, Place
from services.cli.policies import flaw_lines, organisation_of, policy_text
from services.cli.progress import progress
from services.clock import now
from services.compliance.destination import new_file, refuse
from services.compliance.whatif.whatif_files import write_html, write_xlsx
from services.compliance.whatif.whatif_report import Report, as_json, sections
from services.wiring.store import reading_ledger
from services.wiring.whatif import Extent, Question, as_published, extent, what_if

LOOK_SECONDS = 0.5
"""How often progress is told."""


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("whatif")(whatif)


def whatif(
    policy: Annotated[
        str,
        typer.Argument(metavar="POLICY", help="政策文件，或已发布政策的标识 / a file, or the id of a published one."),
    ],
    organisation: Annotated[
        Path | None,
        typer.Option("--organisation", help="换用的组织架构 / organisation instead.", exists=True, dir_okay=False),
    ] = None,
    since: Annotated[str | None, typer.Option("--since", help="受理起（带时区）/ received from, with a zone.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="受理止（不含）/ received before, with a zone.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="可打印页面 / printable page.", dir_okay=False)] = None,
    xlsx: Annotated[Path | None, typer.Option("--xlsx", help="工作簿 / workbook.", dir_okay=False)] = None,
    force: Force = False,
    cores: Annotated[int | None, typer.Option("--cores", help="进程数 / processes.", min=1, max=256)] = None,
    data: Data = None,
    as_json_: AsJson = False,
    en: English = False,
) -> None:
    """The past under another policy: what would differ in breaches, escalations, refunds, approvals, workload.

    Writes nothing: the ledger's digest before and after is compared and printed. Ends with 1 should it differ.
    """
    for wanted in (html, xlsx):
        if wanted is not None:
            refuse(wanted, force=force)
    people = organisation_of(organisation)
    period = spell(since, until)
    place = Place(data)
    opener = partial(reading_ledger, place.settings, now)
    with place.reading() as opened:
        published = _policy(opened, policy, people, en)
        found = extent(opened.ledger)
    if found is None:
        raise fail(BAD_INPUT, "台账是空的，没有可推演的历史 / the ledger is empty: there is no past")
    text = organisation.read_text("utf-8-sig") if organisation else None
    question = Question(published, found.horizon, found.head, text, *period)
    with _pulse(found) as pulse:
        report = what_if(question._replace(pulse=pulse), found, opener, cores=cores)
    language: Language = "en" if en else "zh"
    for wanted, written in ((html, write_html), (xlsx, write_xlsx)):
        if wanted is not None:
            with new_file(wanted, force=force) as part:
                written(report, part, language)
    _print(report, as_json_, en)
    if not report.is_untouched:
        raise fail(FOUND, "台账在推演期间被改动 / the ledger was altered while this ran")


def _policy(opened: Opened, named: str, people: Organisation | None, en: bool) -> PolicyPublished:
    """The policy of a file or of an id; one with flaws is refused, each flaw told."""
    for recorded in opened.ledger.load(POLICIES):
        if isinstance(recorded.fact, PolicyPublished) and recorded.fact.policy_id == named:
            return recorded.fact
    file = Path(named)
    if not file.is_file():
        known = ", ".join(opened.policies.published)
        raise fail(
            BAD_INPUT,
            f"{named}: 没有这个文件，也没有这个政策 / no such file and no such policy; 已发布 / published: {known}",
        )
    text = policy_text(file)
    flaws = find_flaws(text, people or opened.policies.organisation)
    for line in flaw_lines(flaws, en):
        err.print(line, markup=False, highlight=False)
    if errors(flaws):
        raise fail(BAD_INPUT, f"{file}: 有缺陷，不予推演 / has flaws and is not tried")
    return as_published(opened.ledger, text)


@contextmanager
def _pulse(found: Extent) -> Iterator[Path | None]:
    """A bar on the terminal, fed by a file that grows a byte a complaint whatever process did it."""
    if not err.is_terminal:
        yield None
        return
    done = Event()
    with TemporaryDirectory(prefix="amends-") as directory, progress("推演 / re-running", found.complaints) as tell:
        pulse = Path(directory) / "pulse"
        pulse.touch()

        def follow() -> None:
            while not done.wait(LOOK_SECONDS):
                tell(pulse.stat().st_size)

        thread = Thread(target=follow, name="progress")
        thread.start()
        try:
            yield pulse
        finally:
            done.set()
            thread.join()


def _print(report: Report, as_json_: bool, en: bool) -> None:
    if as_json_:
        emit(as_json(report))
        return
    for section in sections(report, "en" if en else "zh"):
        table(section.title, section.columns, section.rows)
