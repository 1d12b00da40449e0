"""Event patterns: which facts start, stop and pause a clock."""

import pytest

from events.contact import RetryAttempted, StaffAlerted
from events.envelope import Actor, Recorded
from events.fact import Fact
from events.vocabulary import ActorKind, Medium, Outcome, Priority, ReplyKind
from policy.timing.patterns import parse_pair, parse_pattern
from tests.specs.clock_cases import AGENT, CHANNEL, MACHINE, RECEIVED, at, classified, history, replied

CUSTOMER = Actor(kind=ActorKind.CUSTOMER, id="zhang.san")
PROGRESS = replied(ReplyKind.PROGRESS)


def recorded(fact: Fact, actor: Actor = MACHINE) -> Recorded:
    return history((at("2026-03-02 10:00"), fact, actor))[0]


def test_a_bare_name_matches_that_event_by_anybody() -> None:
    assert parse_pattern("Received").matches(recorded(RECEIVED, CHANNEL))
    assert not parse_pattern("Received").matches(recorded(PROGRESS))


def test_a_star_matches_every_event() -> None:
    assert parse_pattern("*").matches(recorded(RECEIVED, CHANNEL))
    assert parse_pattern("*").names == frozenset()


@pytest.mark.clause("S004-1.5")
def test_only_a_person_is_human() -> None:
    human = parse_pattern("Replied[by=human]")
    assert human.matches(recorded(PROGRESS, AGENT))
    assert not any(human.matches(recorded(PROGRESS, actor)) for actor in (MACHINE, CUSTOMER, CHANNEL))


@pytest.mark.parametrize(("name", "actor"), [("machine", MACHINE), ("customer", CUSTOMER), ("channel", CHANNEL)])
def test_by_names_every_kind_of_actor(name: str, actor: Actor) -> None:
    assert parse_pattern(f"*[by={name}]").matches(recorded(PROGRESS, actor))
    assert not parse_pattern(f"*[by={name}]").matches(recorded(PROGRESS, AGENT))


@pytest.mark.clause("S002-1.2")
def test_a_field_is_one_of_the_values_listed() -> None:
    pattern = parse_pattern("Replied[kind in decision, progress]")
    assert pattern.matches(recorded(PROGRESS))
    assert pattern.matches(recorded(replied(ReplyKind.DECISION)))
    assert not pattern.matches(recorded(replied(ReplyKind.ACKNOWLEDGEMENT)))


def test_all_conditions_joined_by_and_must_hold() -> None:
    pattern = parse_pattern("Replied[by=human & kind in decision,progress]")
    assert pattern.matches(recorded(PROGRESS, AGENT))
    assert not pattern.matches(recorded(PROGRESS, MACHINE))
    assert not pattern.matches(recorded(replied(ReplyKind.REFUND), AGENT))


def test_a_switch_is_compared_with_true_and_false() -> None:
    failed = RetryAttempted(kind=ReplyKind.DECISION, medium=Medium.PHONE, outcome=Outcome.OFF, counted=True)
    assert parse_pattern("RetryAttempted[counted=true]").matches(recorded(failed))
    assert not parse_pattern("RetryAttempted[counted=false]").matches(recorded(failed))


def test_a_list_matches_by_one_of_its_elements() -> None:
    flagged = classified(Priority.RED).model_copy(update={"flags": ("major", "repeat")})
    assert parse_pattern("Classified[flags=major]").matches(recorded(flagged))
    assert not parse_pattern("Classified[flags=trend]").matches(recorded(flagged))


def test_a_fact_without_the_field_or_with_an_empty_one_does_not_match() -> None:
    told = StaffAlerted(kind=ReplyKind.BREACH, medium=Medium.SMS, person="li.na", delivered=True, contact="k")
    assert not parse_pattern("*[outcome=off]").matches(recorded(told))
    assert not parse_pattern("StaffAlerted[receipt=None]").matches(recorded(told))


def test_unknown_event_names_are_reported_for_the_lint() -> None:
    pattern = parse_pattern("SolutionProposed[final=true]")
    assert pattern.unknown_names({"Received"}) == {"SolutionProposed"}
    assert pattern.unknown_names({"SolutionProposed"}) == frozenset()


def test_a_pair_is_a_stretch_between_two_patterns() -> None:
    begins, ends = parse_pair("InformationRequested..Supplemented[by=channel]")
    assert (begins.name, ends.name) == ("InformationRequested", "Supplemented")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "received",
        "Replied[",
        "Replied[]",
        "Replied[kind]",
        "Replied[kind=]",
        "Replied[kind=a,b]",
        "Replied[kind in a,,b]",
        "Replied[by=robot]",
        "Replied[by=human & by=machine]",
        "Replied[kind==a]",
        "Replied[kind=a b]",
        "Replied by human",
    ],
)
def test_a_text_that_is_no_pattern_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match=r"Replied|''|received"):
        parse_pattern(text)


def test_a_pair_without_two_events_is_refused() -> None:
    with pytest.raises(ValueError, match="pair"):
        parse_pair("InformationRequested")
