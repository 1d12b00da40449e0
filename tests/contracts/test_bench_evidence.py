"""The measurement of evidence measures what it says, on a small ledger."""

import asyncio

import pytest
from typer.testing import CliRunner

from services.bench.evidence import evidence
from services.bench.figures import markdown
from services.cli.main import app


@pytest.mark.long
def test_evidence_is_measured_from_writing_to_a_bundle_with_the_load_beside_it() -> None:
    report = asyncio.run(evidence("sqlite", sizes=[500, 1_500], rounds=1))
    names = [figure.name.split(": ")[1] for figure in report.figures]
    wanted = ["written", "sealed", "replay with fold and verification", "verify", "check", "check of all", "a bundle"]
    assert names == wanted * 2
    assert all(figure.value > 0 for figure in report.figures)
    assert len(report.details["load"]) == 2
    assert markdown([report]).count("| evidence: ") == len(names)


@pytest.mark.parametrize("sizes", ["", "many", "10,-1", "0"])
def test_sizes_that_are_no_numbers_of_events_are_refused(sizes: str) -> None:
    answer = CliRunner().invoke(app, ["bench", "evidence", "--events", sizes])
    assert answer.exit_code == 2
