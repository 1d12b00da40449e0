"""What if: a report of what another policy would have changed, from a ledger nothing is written to (M8)."""

import json
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from deploy.postgres_server import Database
from services.compliance.exports.cells import LONGEST
from services.compliance.replay import histories
from services.compliance.whatif.figures import Figure, Group
from services.compliance.whatif.whatif_files import write_html, write_xlsx
from services.compliance.whatif.whatif_report import Report, as_json, sections
from tests import controls
from tests.commands import Run
from tests.openers import postgres_ledger
from tests.pasts import answered, installed, opener_of, otherwise, rehearsed, store_of

STRICT = {"clock.first_human.target": "5m@service", "refund.factor": "3"}
SCENARIO = "g1"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Six complaints under a first response of 5 minutes."""
    past = rehearsed(SCENARIO)
    opener = opener_of(tmp_path_factory.mktemp("past") / "ledger.db", past.rows)
    return answered(opener, otherwise(past.policy, STRICT), horizon=past.until)


@pytest.mark.clause("S004-1.3")
def test_a_shorter_limit_shows_more_missed_deadlines_and_by_how_much(report: Report) -> None:
    figure = Figure(Group.BREACHES, "first_human")
    assert report.study.complaints == 6
    assert report.study.other[figure] == report.study.own[figure] + 1
    assert report.study.recorded == report.study.own


def test_the_ledger_holds_what_it_held(report: Report) -> None:
    assert report.is_untouched
    assert len(report.before) == 64


@pytest.mark.parametrize("name", ["g4", "g6", "g10", "g12", "g13", "g23", "duplicates", "review"])
def test_under_the_very_same_policy_nothing_differs(name: str, tmp_path: Path) -> None:
    past = rehearsed(name)
    study = answered(opener_of(tmp_path / "ledger.db", past.rows), past.policy, horizon=past.until).study
    assert (study.changed, study.refused, study.unlike, study.failed) == ((), (), (), ())
    assert study.recorded == study.own == study.other
    assert not study.differs


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_several_processes_give_the_same_answer(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    past = rehearsed("g10")
    if kind == "sqlite":
        opener: Any = opener_of(tmp_path / "ledger.db", past.rows)
    else:
        database: Database = request.getfixturevalue("postgres")
        with closing(controls.postgres_store(database)) as store:
            store_of(store, past.rows)
        opener = partial(postgres_ledger, controls.connection(database))
    text = otherwise(past.policy, STRICT)
    alone = answered(opener, text, horizon=past.until, cores=1)
    monkeypatch.setattr(histories, "SMALL", 1)
    assert answered(opener, text, horizon=past.until, cores=2) == alone


def test_a_period_asks_for_complaints_received_in_it(tmp_path: Path) -> None:
    past = rehearsed(SCENARIO)
    opener = opener_of(tmp_path / "ledger.db", past.rows)
    received = sorted(_received(opener))
    study = answered(opener, past.policy, horizon=past.until, since=received[2], until=received[4]).study
    assert study.complaints == sum(received[2] <= at < received[4] for at in received)


def _received(opener: Any) -> list[Any]:
    with opener() as ledger:
        return [r.occurred_at for r in ledger.replay() if r.name == "Received"]


def test_a_complaint_that_cannot_be_read_is_named_and_the_others_are_told(tmp_path: Path) -> None:
    past = rehearsed(SCENARIO)
    opener = opener_of(tmp_path / "ledger.db", past.rows)
    broken = next(row.stream for row in past.rows if row.version > 3)
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as file, file:
        file.execute("DELETE FROM stored_events WHERE originator_id = ? AND originator_version = 2", (broken,))
    study = answered(opener, past.policy, horizon=past.until).study
    assert study.failed == ((broken, "BrokenHistory"),)
    assert study.complaints == 5


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_prints_without_scripts_and_addresses(report: Report, language: Any, tmp_path: Path) -> None:
    write_html(report, tmp_path / "report.html", language)
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")
    assert report.before in page
    assert all(section.title in page for section in sections(report, language))


def test_no_cell_of_the_workbook_is_a_formula(report: Report, tmp_path: Path) -> None:
    dangerous = report.study.changed[0]._replace(number="=cmd|' /C calc'!A0\x01" + "…" * 40_000)
    study = report.study._replace(changed=(dangerous,))
    write_xlsx(report._replace(study=study), tmp_path / "report.xlsx", "zh")
    with ZipFile(tmp_path / "report.xlsx") as book:
        sheets = [book.read(name).decode() for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
        texts = book.read("xl/sharedStrings.xml").decode()
    assert not any("<f>" in sheet for sheet in sheets)
    assert "=cmd|' /C calc'!A0\ufffd" in texts
    assert texts.count("…") == LONGEST - len("=cmd|' /C calc'!A0\ufffd")


def test_machines_get_every_figure(report: Report) -> None:
    told = json.loads(json.dumps(as_json(report)))
    assert told["ledger"]["unchanged"] is True
    assert told["figures"]["difference"]["breaches"] == {"first_human": 1}
    assert told["changed"]["number"] == len(told["changed"]["complaints"])


@pytest.fixture
def run(run: Run, tmp_path: Path) -> Run:
    """One command on a stopped installation that holds the scenario."""
    installed(tmp_path, SCENARIO)
    return run


@pytest.mark.clause("S000-6.2")
def test_the_command_tells_and_writes_what_differs(run: Run, tmp_path: Path) -> None:
    policy = tmp_path / "strict.toml"
    policy.write_text(otherwise(rehearsed(SCENARIO).policy, {"clock.first_human.target": "5m@service"}))
    code, out, _ = run("whatif", policy, "--json", "--html", tmp_path / "r.html", "--xlsx", tmp_path / "r.xlsx")
    told = json.loads(out)
    assert (code, told["policy"], told["differs"]) == (0, "default-cn@9", True)
    assert told["ledger"]["digest_before"] == told["ledger"]["digest_after"]
    assert (tmp_path / "r.html").stat().st_size
    assert (tmp_path / "r.xlsx").stat().st_size


def test_a_published_policy_is_named_by_its_id(run: Run) -> None:
    code, out, _ = run("whatif", "default-cn@1", "--json")
    assert (code, json.loads(out)["differs"]) == (0, False)


def test_an_unsound_policy_is_refused_with_its_flaws(run: Run) -> None:
    code, out, err = run("whatif", Path(__file__).parent.parent / "policies" / "clocks_contradict.toml")
    assert (code, out) == (2, "")
    assert "clocks_contradict" in err


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"[policy]\nversion = 'x'", b"= ="])
def test_a_file_that_is_no_policy_is_bad_input(run: Run, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.toml").write_bytes(content)
    code, out, err = run("whatif", tmp_path / "bad.toml")
    assert (code, out) == (2, "")
    assert "bad.toml" in err


def test_neither_a_file_nor_a_published_policy_is_bad_input(run: Run) -> None:
    code, _, err = run("whatif", "default-cn@77")
    assert code == 2
    assert "default-cn@1" in err
