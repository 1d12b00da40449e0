"""`amends policy show | check | publish`: what they print and how they end (design, section 7)."""

import tomllib
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner, Result

from policy.composition import SHIPPED
from policy.policy import SAMPLE_ORGANISATION
from services.cli.policies import app, shipped

PLANTED = Path(__file__).parents[1] / "policies"


def run(*words: Any) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def test_the_shipped_policies_are_checked_where_none_is_named() -> None:
    assert [path.stem for path in shipped()] == ["default-cn", "fca-disp", "telecom-cn"]


def test_a_sound_policy_ends_with_0() -> None:
    told = run("check", SHIPPED / "telecom-cn.toml", "--organisation", SAMPLE_ORGANISATION)
    assert told.exit_code == 0


def test_a_flaw_ends_with_1_and_tells_machines_all_of_it() -> None:
    told = run("check", PLANTED / "title_twice.toml", "--json")
    answer = orjson.loads(told.stdout_bytes)
    assert (told.exit_code, answer["sound"]) == (1, False)
    assert {"kind", "place", "requirement", "zh", "en", "cure_zh", "cure_en"} <= answer["flaws"][0].keys()


def test_a_warning_alone_ends_with_0() -> None:
    assert run("check", PLANTED / "no_source.toml", "--json").exit_code == 0


@pytest.mark.parametrize("text", ["[policy", '[policy]\nextends = "nowhere"\nid = "x"\nversion = 1\n', ""])
def test_what_cannot_be_read_ends_with_2(tmp_path: Path, text: str) -> None:
    file = tmp_path / "ours.toml"
    file.write_text(text)
    assert run("check", file).exit_code == 2


def test_a_flawed_policy_is_not_published(tmp_path: Path) -> None:
    told = run("publish", PLANTED / "lock_without_key.toml", "--data", tmp_path)
    assert told.exit_code == 3
    assert "planted" not in run("show", "--data", tmp_path).stdout


def test_what_is_published_is_complete(tmp_path: Path) -> None:
    published = run("publish", SHIPPED / "telecom-cn.toml", "--data", tmp_path, "--json")
    shown = orjson.loads(run("show", "--data", tmp_path, "--json").stdout_bytes)
    assert orjson.loads(published.stdout_bytes) == {
        "policy": "telecom-cn@1",
        "sha256": shown["sha256"],
        "published": True,
    }
    assert "extends" not in tomllib.loads(shown["text"])["policy"]
