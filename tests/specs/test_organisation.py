"""People, reporting lines, absences: who is meant, who stands in, who must stay away (S002-7.1, S001-9.4)."""

from datetime import datetime

import pytest

from policy.people.organisation import Absence, InvalidOrganisation, parse_organisation, with_absence
from policy.policy import SAMPLE_ORGANISATION
from tests import controls
from tests.controls import at, in_the_morning, with_absent

TEXT = SAMPLE_ORGANISATION.read_text()
NOW = in_the_morning()
MARCH_1, APRIL_1 = at("2026-03-01 00:00"), at("2026-04-01 00:00")


def test_the_sample_company_is_as_the_design_tells() -> None:
    people = controls.company().person
    assert {id_: people[id_].level for id_ in ("zhang.wei", "li.na", "wang.fang", "zhao.lei")} == {
        "zhang.wei": 1, "li.na": 1, "wang.fang": 2, "zhao.lei": 3,
    }  # fmt: skip
    assert controls.company().managers_of("liu.yang") == ("he.jing", "zhao.lei")
    assert controls.company().people("service", 1) == ("li.na", "zhang.wei")


@pytest.mark.clause("S002-7.1")
@pytest.mark.parametrize("named", ["zhang.wei", "张伟", "Zhang Wei", " ZHANG.WEI "])
def test_the_accused_is_recognised_by_id_and_by_name_in_either_language(named: str) -> None:
    assert controls.company().known([named]) == {"zhang.wei"}


@pytest.mark.clause("S002-7.1")
def test_the_accused_and_their_line_manager_are_recused_and_nobody_else() -> None:
    assert controls.company().recused(["zhang.wei"]) == {"zhang.wei", "wang.fang"}
    assert controls.company().recused(["zhao.lei"]) == {"zhao.lei"}


def test_an_unknown_name_recuses_nobody() -> None:
    assert controls.company().recused(["前台那个小伙子", ""]) == frozenset()


def test_whoever_is_at_work_acts_for_themselves() -> None:
    assert controls.company().standing_in("wang.fang", NOW) == "wang.fang"


@pytest.mark.clause("S001-9.4")
def test_a_delegate_stands_in_and_so_does_a_delegates_delegate() -> None:
    assert with_absent(("wang.fang", "zhao.lei")).standing_in("wang.fang", NOW) == "zhao.lei"
    both = with_absent(("wang.fang", "zhao.lei"), ("zhao.lei", "ma.chao"))
    assert both.standing_in("wang.fang", NOW) == "ma.chao"


def test_a_circle_of_delegates_ends_with_nobody() -> None:
    circle = with_absent(("wang.fang", "zhao.lei"), ("zhao.lei", "wang.fang"))
    assert circle.standing_in("wang.fang", NOW) is None
    assert with_absent(("wang.fang", "wang.fang")).standing_in("wang.fang", NOW) is None


@pytest.mark.clause("S002-7.1")
def test_a_recused_delegate_does_not_stand_in() -> None:
    away = with_absent(("zhao.lei", "wang.fang"))
    assert away.standing_in("zhao.lei", NOW, barred=frozenset({"wang.fang"})) is None


@pytest.mark.parametrize(
    ("moment", "who"),
    [
        (MARCH_1 - controls.SECOND, "wang.fang"),
        (MARCH_1, "zhao.lei"),
        (APRIL_1 - controls.SECOND, "zhao.lei"),
        (APRIL_1, "wang.fang"),
    ],
)
def test_an_absence_begins_and_ends_on_the_second(moment: datetime, who: str) -> None:
    assert with_absent(("wang.fang", "zhao.lei")).standing_in("wang.fang", moment) == who


def test_an_absence_added_to_the_text_counts() -> None:
    absence = Absence(person="wang.fang", since=MARCH_1, until=APRIL_1, delegate="zhao.lei")
    assert parse_organisation(with_absence(TEXT, absence)).standing_in("wang.fang", NOW) == "zhao.lei"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('manager = "wang.fang"', 'manager = "nobody"', "no manager 'nobody'"),
        ('department = "billing"', 'department = "moon"', "no department 'moon'"),
        ("level = 3", 'level = 3\nmanager = "zhang.wei"', "reporting line goes in a circle"),
        ('role = "agent"', 'role = "agent"\nsalary = 1', "salary"),
        ('[person."hu.mei"]', "[person", "line"),
        ("[department.legal]", '[[absence]]\nperson = "x"\nsince = 2026-03-01\n[department.legal]', "since"),
    ],
)
def test_a_wrong_company_is_refused_with_the_place(old: str, new: str, told: str) -> None:
    with pytest.raises(InvalidOrganisation, match=told):
        parse_organisation(TEXT.replace(old, new, 1))


def test_an_absence_without_a_zone_or_of_a_stranger_is_refused() -> None:
    naive = '[[absence]]\nperson = "li.na"\nsince = 2026-03-01T00:00:00\nuntil = 2026-03-02T00:00:00\ndelegate = "%s"\n'
    with pytest.raises(InvalidOrganisation, match="times with a zone"):
        parse_organisation(f"{TEXT}\n{naive % 'zhang.wei'}")
    with pytest.raises(InvalidOrganisation, match="no person 'ghost'"):
        parse_organisation(f"{TEXT}\n{naive.replace(':00:00', ':00:00Z') % 'ghost'}")
