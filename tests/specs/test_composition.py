"""A policy may be written as what differs from another; what is published stands alone (ADR 0010)."""

import tomllib
from pathlib import Path

import pytest
import tomli_w

from events.company import PolicyPublished
from events.ledger import Ledger
from events.stores import MemoryStore
from events.vocabulary import Service
from policy.composition import SHIPPED, changed, complete, read_policy
from policy.document import InvalidPolicy, parse
from policy.policy import DEFAULT_POLICY
from policy.registry import POLICIES, publish_policy
from tests import controls

DEFAULT = DEFAULT_POLICY.read_text()
HEAD = '[policy]\nextends = "default-cn"\nid = "ours"\nversion = 3\n'


def test_a_policy_that_extends_nothing_is_recorded_word_for_word() -> None:
    assert complete(DEFAULT) == DEFAULT


def test_what_is_not_written_is_inherited() -> None:
    ours, base = parse(complete(HEAD)), parse(DEFAULT)
    assert ours.policy_id == "ours@3"
    assert ours.model_copy(update={"policy": base.policy}) == base


def test_the_complete_text_says_exactly_what_the_two_files_say_together() -> None:
    merged = tomllib.loads(DEFAULT)
    merged["policy"] |= {"id": "ours", "version": 3}
    merged["retry"]["window"] = "72h"
    assert tomllib.loads(complete(f'{HEAD}[retry]\nwindow = "72h"\n')) == merged


def test_the_complete_text_needs_no_second_file() -> None:
    text = complete(HEAD)
    assert complete(text) == text
    assert "extends" not in tomllib.loads(text)["policy"]


@pytest.mark.parametrize("family", ["clock.ack", "template.unreachable", "calendar.wall", "approval.written_reply"])
def test_half_a_clock_template_calendar_or_approval_is_not_completed_by_another_one(family: str) -> None:
    tables = tomllib.loads(complete(f'{HEAD}[{family}]\nsource = ["S001-1.7"]\n'))
    first, second = family.split(".")
    assert tables[first][second] == {"source": ["S001-1.7"]}


def test_a_list_is_taken_as_written() -> None:
    text = complete(f'{HEAD}[offer]\nunlock_causes = ["statutory"]\n')
    assert parse(text).offer.unlock_causes == ("statutory",)


def test_a_table_may_be_dropped_even_where_its_name_has_dots() -> None:
    text = complete(f'{HEAD}drop = ["clock.stalled", "triage.topic.product.book"]\n')
    assert "stalled" not in parse(text).clock
    assert "product.book" not in parse(text).triage.topic


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[policy]\nextends = "default-cn"\nid = "ours"\n', "policy.version"),
        (f'{HEAD}drop = ["clock.nothing"]\n', "has no 'clock.nothing'"),
        ('[policy]\nextends = "no-such"\nid = "ours"\nversion = 1\n', "no policy 'no-such'"),
        ('[policy]\ndrop = ["clock.ack"]\n', "nothing to drop"),
        ("[policy", "policy: "),
    ],
)
def test_a_composition_that_cannot_be_is_refused_with_its_place(text: str, told: str) -> None:
    with pytest.raises(InvalidPolicy, match=told):
        complete(text)


def test_a_file_may_extend_one_beside_it_but_never_itself(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text(f'{HEAD}[retry]\nwindow = "72h"\n')
    (tmp_path / "leaf.toml").write_text('[policy]\nextends = "base"\nid = "leaf"\nversion = 1\n')
    assert parse(read_policy(tmp_path / "leaf.toml")).retry.window == 3 * 24 * controls.HOUR
    (tmp_path / "base.toml").write_text('[policy]\nextends = "leaf"\nid = "base"\nversion = 1\n')
    with pytest.raises(InvalidPolicy, match="extends itself"):
        read_policy(tmp_path / "leaf.toml")


def test_the_next_version_changes_what_it_names_and_nothing_else() -> None:
    text = changed(DEFAULT, 8, {"clock.first_human.target": "30m@service"})
    expected = tomllib.loads(DEFAULT)
    expected["policy"]["version"] = 8
    expected["clock"]["first_human"]["target"] = "30m@service"
    assert tomllib.loads(text) == expected


def test_what_is_published_is_the_whole_policy() -> None:
    ledger = Ledger(MemoryStore(), controls.Clock(controls.in_the_morning()), unsafe=True)
    text = read_policy(SHIPPED / "telecom-cn.toml")
    publish_policy(ledger.writer(Service.SETUP), text, controls.machine("setup"), controls.in_the_morning())
    [recorded] = ledger.load(POLICIES)
    assert isinstance(recorded.fact, PolicyPublished)
    assert parse(recorded.fact.text).clock.keys() > parse(DEFAULT).clock.keys()


@pytest.mark.parametrize("name", ["default-cn", "telecom-cn", "fca-disp"])
def test_every_shipped_policy_survives_being_written_out_once_more(name: str) -> None:
    tables = tomllib.loads(read_policy(SHIPPED / f"{name}.toml"))
    assert tomllib.loads(tomli_w.dumps(tables)) == tables
