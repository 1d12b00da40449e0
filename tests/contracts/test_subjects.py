"""Subjects are built in one place, and only from harmless tokens."""

from uuid import uuid4

import pytest

from events import subjects
from events.envelope import complaint_id
from events.subjects import DURABLES, Role

AN_ID = "0b6f1a3e-8f0c-5d7a-9b1e-2f3a4b5c6d7f"


def test_every_subject_is_spelled_as_designed() -> None:
    assert [
        subjects.complaints_subject("complaint.retry_attempted", AN_ID),
        subjects.nudges_subject("workflow"),
        subjects.agenda_subject("notifier", AN_ID),
        subjects.due_subject("notifier", AN_ID),
        subjects.dead_subject("intake"),
        subjects.command_subject("propose_solution"),
    ] == [
        "complaints.retry_attempted.63",
        "nudges.workflow",
        f"agenda.notifier.{AN_ID}",
        f"due.notifier.{AN_ID}",
        "dead.intake",
        "commands.propose_solution",
    ]


@pytest.mark.parametrize("token", ["", "*", ">", "a.b", "a b", "a\n", "a\r", "电话", "é", "a\x00"])
def test_a_token_that_could_mean_something_else_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match="cannot be part of a subject"):
        subjects.command_subject(token)


def test_an_event_type_without_family_is_refused() -> None:
    with pytest.raises(ValueError, match="no event type"):
        subjects.complaints_subject("received", AN_ID)


@pytest.mark.parametrize(
    "header", ["", "receipts", "receipts.", "receipts.>", "intake.web", "receipts.a.*", "$JS.API.INFO"]
)
def test_a_channel_cannot_have_its_receipt_sent_elsewhere(header: str) -> None:
    with pytest.raises(ValueError, match=r"receipts|subject"):
        subjects.receipts_subject_from(header)


def test_a_receipt_goes_where_the_channel_asked() -> None:
    assert subjects.receipts_subject_from("receipts.web.W-1") == "receipts.web.W-1"


def test_a_partition_never_changes() -> None:
    assert subjects.partition(AN_ID) == 63
    assert subjects.partition(complaint_id("web", "W-20260302-0001")) == 44


def test_partitions_are_evenly_used() -> None:
    counts = [0] * subjects.PARTITIONS
    for n in range(6_400):
        counts[subjects.partition(complaint_id("web", str(n)))] += 1
    assert min(counts) > 50 and max(counts) < 200


def test_random_ids_stay_within_the_partitions() -> None:
    assert all(0 <= subjects.partition(str(uuid4())) < subjects.PARTITIONS for _ in range(1_000))


def test_durable_names_are_a_contract() -> None:
    assert {(durable.stream.value, durable.name, durable.filter) for durable in DURABLES} == {
        ("INTAKE", "intake", "intake.*"),
        ("NUDGES", "intake", "nudges.intake"),
        ("NUDGES", "workflow", "nudges.workflow"),
        ("NUDGES", "notifier", "nudges.notifier"),
        ("AGENDA", "due-intake", "due.intake.*"),
        ("AGENDA", "due-workflow", "due.workflow.*"),
        ("AGENDA", "due-notifier", "due.notifier.*"),
    }


def test_no_inbox_lies_within_another() -> None:
    prefixes = [subjects.inbox(role) for role in Role]
    assert len(set(prefixes)) == len(prefixes)
    assert subjects.pull_inbox(Role.INTAKE) == b"_INBOX_intake."
