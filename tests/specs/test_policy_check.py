"""`amends policy check`: each kind of mistake is found where it was planted, and nowhere else.

`tests/policies/<kind>.toml` differs from the default policy by one mistake of that kind.
"""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import pytest

from events.catalogue import FACTS
from events.vocabulary import ActorKind, Priority
from policy.checking.check import check, errors
from policy.checking.contact import attempts_counted
from policy.checking.flaws import Flaw
from policy.checking.life import AFTER_THE_END
from policy.checking.patterns import ONLY_BY, values_of
from policy.checking.templates import TYPED
from policy.composition import complete, read_policy
from policy.document import InvalidPolicy, parse
from policy.people.organisation import Organisation
from policy.policy import DEFAULT_POLICY
from policy.timing.calendars import CalendarSpec
from services.wiring.commands import BY_SERVICE
from tests import controls
from tests.controls import HOUR

PLANTED = Path(__file__).parents[1] / "policies"
PLACES: Mapping[str, str] = {
    "approval_by_nobody": "approval.written_reply",
    "breach_action_unknown": "clock.extra.on_breach",
    "calendar_never_opens": "calendar.saturday.weekly",
    "category_not_routed": "routing.department",
    "clock_cannot_run": "clock.ack.target",
    "clock_never_stops": "clock.extra.stop",
    "clock_outlives_end": "clock.extra.stop",
    "clocks_contradict": "clock.first_human.target",
    "flag_nobody_sets": "clock.extra.target",
    "grade_without_length": "clock.activity.target",
    "jump_above_top": "ladder.jump.major.to_level",
    "lock_without_key": "offer.unlock_causes",
    "no_source": "clock.extra.source",
    "not_before_at_due": "clock.callback.not_before",
    "open_without_clock": "clock",
    "placeholder_missing": "template.unreachable.en",
    "placeholder_without_deadline": "template.unreachable",
    "promises_too_early": "template.acknowledgement_out_of_hours.zh.text",
    "quiet_swallows_service": "retry.quiet",
    "reads_restricted_label": "clock.extra.stop",
    "refund_paid_by_nobody": "refund.payer_roles",
    "refusal_without_proof": "acceptance",
    "remedy_without_time": "remedy.refund.due",
    "retry_does_not_fit": "retry.window",
    "routed_to_nobody": "routing.department.billing",
    "stop_never_happens": "clock.extra.stop",
    "stops_every_run": "clock.extra.stop",
    "title_twice": "clock.extra.title",
    "typed_time": "template.unreachable.zh.text",
    "unknown_event": "clock.extra.stop",
    "unknown_field": "clock.extra.stop",
    "unknown_requirement": "retry.source",
    "unknown_value": "clock.extra.stop",
    "warning_after_due": "clock.solution.warn",
}
WARNINGS = {"clock_outlives_end", "grade_without_length", "no_source"}
FOLLOWS = {"clock_never_stops": {"stop_never_happens", "clock_outlives_end"}}
"""What else a mistake of that kind is found to be."""
DEFAULT = DEFAULT_POLICY.read_text()
HEAD = '[policy]\nextends = "default-cn"\nid = "planted"\nversion = 1\n'


def found(kind: str, company: Organisation | None = None) -> list[Flaw]:
    return list(check(read_policy(PLANTED / f"{kind}.toml"), company or controls.company()))


def company(**changes: Any) -> Organisation:
    """The sample company with some tables otherwise."""
    return Organisation.model_validate({**controls.company().model_dump(), **changes})


def test_the_shipped_policy_has_no_flaw_at_all() -> None:
    assert check(DEFAULT, controls.company()) == ()


def test_every_planted_mistake_has_its_place() -> None:
    assert {file.stem for file in PLANTED.glob("*.toml")} == set(PLACES)


@pytest.mark.parametrize("kind", PLACES)
@pytest.mark.clause("S004-1.6", "S002-1.10", "S001-12.1")
def test_a_planted_mistake_is_found_at_its_place_and_nothing_else_is_accused(kind: str) -> None:
    flaws = found(kind)
    assert PLACES[kind] in {flaw.place for flaw in flaws if flaw.kind == kind}
    assert {flaw.kind for flaw in flaws} == {kind} | FOLLOWS.get(kind, set())


@pytest.mark.parametrize("kind", ["clocks_contradict", "typed_time", "title_twice"])
def test_a_mistake_is_told_in_both_languages_with_its_requirement_and_cure(kind: str) -> None:
    flaw = found(kind)[0]
    assert flaw.requirement.startswith("S00")
    assert all(not flaw.lines("zh")[part].isascii() and flaw.lines("en")[part] for part in (0, 1))


def test_a_warning_keeps_no_policy_from_being_published() -> None:
    assert errors(found("no_source")) == ()
    assert errors(found("title_twice")) != ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[refund]\nfactor = "0.5"\n', "refund.factor"),
        ("[remedy.gift]\nsteps = []\n", "remedy.gift.steps"),
        ('[remedy.gift]\ndue = "soon"\n', "remedy.gift.due"),
        ('drop = ["template.breach"]\n', "'breach' is missing"),
        ('[clock.ack]\ntitle = { zh = "受理", en = "ack" }\nstart = "Received"\nstop = "Replied"\n', "clock.ack"),
        ('[calendar.office]\nweekly = { mon = ["18:00-09:00"] }\n', "calendar.office"),
    ],
)
def test_what_is_no_policy_at_all_is_refused_as_it_is_read(text: str, told: str) -> None:
    with pytest.raises(InvalidPolicy, match=f"(?s).*{told}"):
        parse(complete(HEAD + text))


def test_a_level_nobody_holds_is_found() -> None:
    people = {id_: p.model_dump() for id_, p in controls.company().person.items() if p.level != 2}
    for person in people.values():
        person["manager"] = None
    kinds = {flaw.kind for flaw in check(DEFAULT, company(person=people))}
    assert "ladder_without_decider" in kinds


def test_a_role_that_decides_and_nobody_fills_is_found() -> None:
    people = {
        id_: {**p.model_dump(), "level": min(p.level or 0, 2) or None} for id_, p in controls.company().person.items()
    }
    kinds = {flaw.kind for flaw in check(DEFAULT, company(person=people))}
    assert {"deciding_role_unfilled", "ladder_without_decider"} <= kinds


@pytest.mark.clause("S000-3.9")
@pytest.mark.parametrize(("second", "sound"), [("100", False), ("100.01", True)])
def test_a_higher_level_has_to_decide_more_than_the_one_below(second: str, sound: bool) -> None:
    limits = {"currency": "CNY", "level": {1: "100", 2: second, 3: "10000"}}
    kinds = {flaw.kind for flaw in check(DEFAULT, company(limits=limits))}
    assert ("limits_not_rising" not in kinds) is sound


def test_an_author_who_would_be_the_only_approver_is_found() -> None:
    alone = {id_: p.model_dump() for id_, p in controls.company().person.items() if id_ != "ma.chao"}
    alone["sun.li"]["manager"] = "zhao.lei"
    flaws = [flaw for flaw in check(DEFAULT, company(person=alone)) if flaw.kind == "approval_by_nobody"]
    assert [(flaw.place, "sun.li" in flaw.en) for flaw in flaws] == [("approval.written_reply", True)]


@pytest.mark.clause("S002-1.10", "S002-1.11")
@pytest.mark.parametrize(("window", "counted"), [(18, 2), (19, 3), (48, 3)])
def test_attempts_are_counted_by_the_rules_that_count_them_live(window: int, counted: int) -> None:
    retry = controls.policy().document.retry.model_copy(update={"window": window * HOUR})
    assert attempts_counted(retry, controls.at("20:59"), controls.SHANGHAI) == counted


@pytest.mark.clause("S004-1.6")
@pytest.mark.parametrize(
    "text", ["明天上午", "9:00前", "24小时内", "3个工作日", "三天内", "5月1日", "within 2 hours", "tomorrow", "by 9:00"]
)
def test_a_typed_time_is_seen(text: str) -> None:
    assert TYPED.search(text)


@pytest.mark.parametrize(
    "text", ["最迟于{first_human}与您联系", "今天天气", "第 {level} 级", "one colleague", "{due}前", "随时来电"]
)
def test_what_is_no_typed_time_is_not_accused(text: str) -> None:
    assert not TYPED.search(text)


def test_the_values_a_field_may_have_are_known_from_its_type() -> None:
    assert values_of(Priority | None) == frozenset({"red", "yellow", "green"})
    assert values_of(tuple[bool, ...]) == frozenset({"true", "false"})
    assert values_of(str | None) is None
    assert get_args(tuple[bool, ...])


def test_what_may_be_done_after_the_end_is_what_there_are_acts_for() -> None:
    """`pay_refund`, `keep_promise`, `close_task`, `review`, `take_action`, `measure_effect`: each may be given then."""
    acts = {name for acts in BY_SERVICE.values() for name, act in acts.items() if act.when_closed}
    assert {"pay_refund", "keep_promise", "close_task", "review", "take_action", "measure_effect"} <= acts
    assert {fact.__name__ for fact in FACTS} >= AFTER_THE_END
    assert len(AFTER_THE_END) == 6


def test_who_alone_writes_a_fact_is_named_for_facts_there_are() -> None:
    names = {fact.__name__ for fact in FACTS}
    assert all(facts <= names for facts in ONLY_BY.values())
    assert len([name for facts in ONLY_BY.values() for name in facts]) == len(frozenset().union(*ONLY_BY.values()))


def test_no_scenario_shows_a_fact_by_somebody_the_check_says_never_writes_it() -> None:
    only = {name: kind for kind, names in ONLY_BY.items() for name in names}
    types = {fact.TYPE.partition(".")[2]: fact.__name__ for fact in FACTS}
    for file in controls.SCENARIOS.glob("*.expected.jsonl"):
        for line in file.read_text().splitlines():
            name = next((types[each] for each in types if f'"type": "{each}"' in line), None)
            if name in only and '"by": ' in line:
                assert only[name] is ActorKind.PERSON, f"{file.name}: {line}"


def test_a_calendar_with_one_open_minute_a_week_is_not_accused() -> None:
    text = complete(f'{HEAD}[calendar.saturday]\nweekly = {{ sat = ["09:00-09:01"] }}\n')
    assert check(text) == ()
    assert CalendarSpec(weekly={"sat": ("09:00-09:01",)}) == parse(text).calendar["saturday"]


def test_a_first_response_due_with_the_first_reply_is_no_contradiction() -> None:
    text = complete(
        f'{HEAD}[clock.first_human]\ntitle = {{ zh = "首次响应", en = "first response" }}\nstart = "Received"\n'
        'stop = "Replied[by=human]"\ntarget = "48h@wall"\nsource = ["S004-1.3"]\n'
    )
    assert "clocks_contradict" not in {flaw.kind for flaw in check(text)}


def test_a_schedule_is_tried_from_every_minute_of_a_day() -> None:
    """Seventeen hours suffice from most minutes of the day and not from every one."""
    retry = controls.policy().document.retry.model_copy(update={"window": 17 * HOUR})
    starts = [controls.at("00:00") + minute * timedelta(minutes=1) for minute in range(0, 1_440, 30)]
    assert {attempts_counted(retry, start, controls.SHANGHAI) >= retry.min_attempts for start in starts} == {
        True,
        False,
    }
    assert "retry_does_not_fit" in {flaw.kind for flaw in check(complete(f'{HEAD}[retry]\nwindow = "17h"\n'))}
