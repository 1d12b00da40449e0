"""Events are contracts for years: every version ever released is read for ever, by name and version (I13, style 4)."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import orjson
import pytest

from events import catalogue
from events.catalogue import (
    BY_TYPE,
    FACTS,
    UPCASTERS,
    UnknownFact,
    decode,
    encode,
    from_json,
    json_schemas,
    upcast,
    wire,
)
from events.envelope import BrokenHistory, Entry, as_json
from events.fact import Fact, personal_paths
from events.folding import fold
from events.vocabulary import Service
from tests import controls
from tests.controls import C1, GOLDEN, in_the_morning

NOW = in_the_morning()
RELEASED = [f"{fact.TYPE}.v{version}" for fact in FACTS for version in range(1, fact.VERSION + 1)]


def stored(fact: Fact) -> bytes:
    entry = Entry(fact, controls.at_closing(), controls.person(), causation="cmd-1", policy=controls.POLICY_ID)
    return encode(entry, NOW)


def test_every_version_ever_released_has_a_golden_file_and_nothing_else_does() -> None:
    assert sorted(path.stem for path in GOLDEN.glob("*.json")) == sorted(RELEASED)


@pytest.mark.parametrize("name", RELEASED)
def test_every_version_ever_released_is_read_and_understood(name: str) -> None:
    golden = orjson.loads((GOLDEN / f"{name}.json").read_bytes())
    recorded = from_json(golden)
    assert f"{golden['type']}.v{golden['v']}" == name
    assert isinstance(recorded.fact, BY_TYPE[golden["type"]])
    assert recorded.occurred_at == datetime(2026, 3, 2, 13, 0, tzinfo=UTC)
    if golden["type"].startswith("complaint."):
        begin = () if golden["type"] == "complaint.received" else controls.recorded([controls.received()])
        assert fold((*begin, recorded)).version == golden["version"]


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.TYPE)
def test_what_is_written_today_is_what_the_golden_file_holds(fact: type[Fact]) -> None:
    golden = orjson.loads((GOLDEN / f"{fact.TYPE}.v{fact.VERSION}.json").read_bytes())
    written = orjson.loads(wire(17, C1, 3, fact.TYPE, stored(controls.every_fact()[fact.TYPE])))
    assert written == golden
    assert list(written) == list(golden)


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.TYPE)
def test_the_relayed_bytes_are_the_same_event_replay_and_history_show(fact: type[Fact]) -> None:
    state = stored(controls.every_fact()[fact.TYPE])
    shown = as_json(decode(17, C1, 3, fact.TYPE, state))
    relayed = orjson.loads(wire(17, C1, 3, fact.TYPE, state))
    assert relayed == shown
    assert list(relayed) == list(shown)
    assert from_json(dict(shown)) == decode(17, C1, 3, fact.TYPE, state)


def test_an_event_has_the_fields_outsiders_were_promised() -> None:
    shown = as_json(decode(17, C1, 3, "complaint.escalated", stored(controls.every_fact()["complaint.escalated"])))
    assert list(shown) == [
        "position", "complaint_id", "version", "type", "v", "occurred_at", "recorded_at", "actor", "causation",
        "policy", "data",
    ]  # fmt: skip
    assert shown["actor"] == {"kind": "person", "id": "li.na"}
    assert shown["occurred_at"] == "2026-03-02T13:00:00.000000Z"


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.TYPE)
def test_a_fact_read_back_is_the_fact_that_was_written(fact: type[Fact]) -> None:
    example = controls.every_fact()[fact.TYPE]
    recorded = decode(17, C1, 3, fact.TYPE, stored(example))
    assert recorded.fact == example
    assert type(recorded.fact) is fact
    assert (recorded.causation, recorded.policy) == ("cmd-1", controls.POLICY_ID)
    again = Entry(recorded.fact, recorded.occurred_at, recorded.actor, recorded.causation, recorded.policy)
    assert encode(again, recorded.recorded_at) == stored(example)


def test_words_of_any_script_are_stored_as_they_were_said() -> None:
    text = '"引号" \\ 🙂 \u2028 訂單\n第二行'
    recorded = decode(1, C1, 1, "complaint.received", stored(controls.received(text=text).fact))
    assert getattr(recorded.fact, "text") == text  # noqa: B009 - the fact's type is what is tested


def test_wire_names_are_ours_unique_and_told_from_the_class() -> None:
    assert len(BY_TYPE) == len(FACTS)
    for fact in FACTS:
        family, _, name = fact.TYPE.partition(".")
        assert family in ("complaint", "customer", "company")
        assert name == re.sub(r"(?<!^)(?=[A-Z])", "_", fact.__name__).lower()


def test_the_spine_named_by_the_mission_is_there_as_far_as_built() -> None:
    spine = {"received", "classified", "escalated", "replied", "retry_attempted"}
    assert {f"complaint.{name}" for name in spine} <= set(BY_TYPE)


def test_every_fact_has_a_writer_and_an_audit_sentence_in_both_languages() -> None:
    for fact in FACTS:
        assert isinstance(fact.WRITER, Service)
        assert "{time}" in fact.ZH
        assert "{time}" in fact.EN


def test_an_event_of_a_later_release_is_refused_by_name() -> None:
    with pytest.raises(UnknownFact, match=r"complaint\.teleported at position 17"):
        decode(17, C1, 3, "complaint.teleported", b"{}")


def test_a_later_version_of_an_event_is_refused_by_number() -> None:
    later = stored(controls.every_fact()["complaint.escalated"]).replace(b'{"v":1,', b'{"v":9,', 1)
    with pytest.raises(UnknownFact, match=r"complaint\.escalated v9: this release knows v1"):
        decode(17, C1, 3, "complaint.escalated", later)


class Moved(Fact):
    """A fact that has changed twice since it was first released."""

    TYPE: ClassVar = "test.moved"
    VERSION: ClassVar = 3
    WRITER: ClassVar = Service.WORKFLOW
    ZH: ClassVar = "{time}"
    EN: ClassVar = "{time}"

    whom: str
    to: str
    why: str = ""


@pytest.fixture
def _moved_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BY_TYPE, Moved.TYPE, Moved)
    monkeypatch.setitem(catalogue._CURRENT, Moved.TYPE, b'{"v":3,')
    validator = catalogue._Stored[Moved].__pydantic_validator__
    monkeypatch.setitem(catalogue._VALIDATE, Moved.TYPE, validator.validate_python)
    monkeypatch.setitem(catalogue._VALIDATE_JSON, Moved.TYPE, validator.validate_json)
    monkeypatch.setitem(UPCASTERS, (Moved.TYPE, 1), _named_whom)
    monkeypatch.setitem(UPCASTERS, (Moved.TYPE, 2), _gave_a_reason)


def _named_whom(old: dict[str, Any]) -> dict[str, Any]:
    return {"whom": old["person"], "to": old["to"]}


def _gave_a_reason(old: dict[str, Any]) -> dict[str, Any]:
    return {**old, "why": "unknown"}


@pytest.mark.usefixtures("_moved_is_known")
@pytest.mark.parametrize(
    ("version", "data", "why"),
    [
        (1, {"person": "li.na", "to": "billing"}, "unknown"),
        (2, {"whom": "li.na", "to": "billing"}, "unknown"),
        (3, {"whom": "li.na", "to": "billing", "why": "账单"}, "账单"),
    ],
)
def test_an_old_version_climbs_hop_by_hop_to_the_newest(version: int, data: dict[str, Any], why: str) -> None:
    state = orjson.loads(stored(controls.every_fact()["complaint.escalated"])) | {"v": version, "data": data}
    expected = Moved(whom="li.na", to="billing", why=why)
    assert decode(17, C1, 3, Moved.TYPE, orjson.dumps(state)).fact == expected
    assert upcast(Moved.TYPE, state)["v"] == 3


@pytest.mark.usefixtures("_moved_is_known")
def test_a_missing_hop_is_an_error_not_a_guess(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(UPCASTERS, (Moved.TYPE, 2))
    with pytest.raises(KeyError):
        upcast(Moved.TYPE, {"v": 1, "data": {"person": "li.na", "to": "billing"}})


def test_every_older_version_has_its_hop() -> None:
    assert set(UPCASTERS) == {(fact.TYPE, version) for fact in FACTS for version in range(1, fact.VERSION)}


def test_an_unknown_field_in_the_store_is_refused_not_dropped() -> None:
    altered = stored(controls.every_fact()["complaint.escalated"]).replace(b'"cause"', b'"curse":"x","cause"')
    with pytest.raises(BrokenHistory, match="position 17") as refused:
        decode(17, C1, 3, "complaint.escalated", altered)
    assert "curse" in str(refused.value.__cause__)


def test_a_schema_is_exported_for_every_fact_and_forbids_what_it_does_not_name() -> None:
    schemas = json_schemas()
    assert set(schemas) == {f"{fact.TYPE}.v{fact.VERSION}" for fact in FACTS}
    for fact in FACTS:
        schema = schemas[f"{fact.TYPE}.v{fact.VERSION}"]
        assert set(schema["properties"]) == set(fact.model_fields)
        assert schema["additionalProperties"] is False


PERSONAL = {
    "complaint.received": {
        "text", "customer.name", "customer.contacts.address", "customer.member_id", "scene", "demands",
        "attachments.name", "content_sha256",
    },
    "complaint.supplemented": {"text", "demands", "attachments.name", "content_sha256"},
    "complaint.linked": {"reason"},
    "complaint.unlinked": {"reason"},
    "complaint.handed_over": {"reason"},
    "complaint.recused": {"reason"},
    "complaint.escalated": {"reason"},
    "complaint.deadline_extended": {"reason"},
    "complaint.contact_started": {"recipient", "subject", "text"},
    "complaint.replied": {"text", "override"},
    "complaint.retry_attempted": {"note"},
    "complaint.evidence_added": {"name", "told_as", "method"},
    "complaint.authority_delegated": {"reason"},
    "complaint.task_opened": {"what"},
    "complaint.task_closed": {"result"},
    "complaint.nudged": {"text"},
    "complaint.policy_migrated": {"reason"},
    "complaint.understanding_confirmed": {"summary", "demands"},
    "complaint.information_requested": {"what", "reason"},
    "complaint.labelled": {"value", "reason"},
    "complaint.withdrawn": {"words"},
    "complaint.verified": {"facts", "expected", "preliminary"},
    "complaint.solution_proposed": {"answers.demand", "answers.reason", "answers.alternative", "ground", "changed"}
    | {"override"},
    "complaint.reply_drafted": {"text", "override"},
    "complaint.approval_given": {"reason"},
    "complaint.approval_refused": {"reason"},
    "complaint.customer_agreed": {"words"},
    "complaint.customer_declined": {"words"},
    "complaint.step_completed": {"note"},
    "complaint.step_failed": {"note"},
    "complaint.refund_verified": {"ground"},
    "complaint.refund_paid": {"reference", "reason"},
    "complaint.commitment_made": {"what"},
    "complaint.resolved": {"statement"},
    "complaint.called_back": {"suggestion"},
    "complaint.reopened": {"reason"},
    "complaint.reviewed": {"what", "why", "when", "where", "who", "how"},
    "complaint.action_taken": {"note"},
}  # fmt: skip
"""Where personal data stands; every other fact has none."""


IDS = {
    "number", "channel", "external_ref", "order_ref", "product", "accused", "complaint", "complaints", "media_type",
    "sha256", "taxonomy", "sub", "signals", "flags", "rules", "owner", "handler", "department", "giver", "former",
    "person", "command", "code", "requirement", "to", "task", "cause", "clock", "key", "notice", "language",
    "contact", "receipt", "advice", "used", "note", "cause_code", "evidence", "unlock", "content_sha256", "subject",
    "rule", "stages", "author", "as_role", "step", "promise", "ground", "action", "certificate", "customer",
    "requested_by", "policy_id", "text", "member", "id",
}  # fmt: skip
"""Fields that hold ids, codes and digests, the channel's own words for things, and what the company publishes."""


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.TYPE)
def test_every_text_is_sealed_or_checked_or_an_id(fact: type[Fact]) -> None:
    plain = {
        name
        for name, field in fact.model_fields.items()
        if "str" in str(field.annotation) and name not in set(personal_paths(fact)) and not lasting(fact, name)
    }
    assert plain <= IDS


def lasting(fact: type[Fact], name: str) -> bool:
    """Whether the field is refused where it names the customer."""
    return "LastingWords" in f"{fact.model_fields[name].metadata}{fact.model_fields[name].annotation}"


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.TYPE)
def test_personal_data_is_marked_where_erasure_must_find_it(fact: type[Fact]) -> None:
    assert set(personal_paths(fact)) == PERSONAL.get(fact.TYPE, set())


def test_golden_files_are_small_and_end_with_a_line_break() -> None:
    files = [Path(path) for path in GOLDEN.glob("*.json")]
    assert all(path.read_bytes().endswith(b"}\n") and path.stat().st_size < 4_000 for path in files)
