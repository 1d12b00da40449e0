"""XES (IEEE 1849-2016): what the standard demands of a log, and what our history becomes in it."""

import gzip
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from events.ledger import Ledger
from events.stores import SQLiteStore
from services.compliance.exports import xes
from tests.exported import HOSTILE, all_of, filled, with_every_fact, with_hostile_texts

VALUES: dict[str, Callable[[str], object]] = {
    "string": str,
    "date": datetime.fromisoformat,
    "int": int,
    "float": float,
    "boolean": {"true": True, "false": False}.__getitem__,
}
"""Attribute elements of the standard that we use, and how their values are read."""
LEDGERS: dict[str, Callable[[Path], Ledger]] = {
    "every fact": with_every_fact,
    "hostile": with_hostile_texts,
    "rehearsed": lambda path: filled(SQLiteStore(path)),
}


@pytest.fixture(scope="module", params=LEDGERS)
def ledger(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """Ledgers of several kinds."""
    with closing(LEDGERS[request.param](tmp_path_factory.mktemp("xes") / "ledger.db")) as ledger:
        yield ledger


def written(ledger: Ledger, *, compressed: bool = False) -> bytes:
    """The bytes of the log."""
    file = BytesIO()
    xes.write(file, ledger, all_of(ledger), compressed=compressed)
    return file.getvalue()


def attributes(element: ET.Element) -> dict[str, object]:
    """The attributes of a log, trace or event; fails on any that the standard does not know."""
    told = {}
    for each in element:
        if each.tag in VALUES:
            assert set(each.attrib) == {"key", "value"}
            assert each.attrib["key"] not in told
            told[each.attrib["key"]] = VALUES[each.tag](each.attrib["value"])
    return told


def test_the_log_is_built_as_the_schema_of_the_standard_wants(ledger: Ledger) -> None:
    log = ET.fromstring(written(ledger))
    assert (log.tag, float(log.attrib["xes.version"])) == ("log", 1849.2016)
    order = ["extension", "global", "classifier", "string", "trace"]
    assert list(dict.fromkeys(each.tag for each in log)) == order
    assert all(set(each.attrib) == {"name", "prefix", "uri"} for each in log.iter("extension"))
    assert {each.attrib["scope"] for each in log.iter("global")} == {"trace", "event"}
    for trace in log.iter("trace"):
        tags = [each.tag for each in trace]
        assert set(tags) <= {*VALUES, "event"}
        assert tags.index("event") == len(tags) - tags.count("event"), "attributes come before events"
        assert all({each.tag for each in event} <= set(VALUES) for event in trace.iter("event"))


def test_globals_stand_in_every_trace_and_event_and_classifiers_use_nothing_else(ledger: Ledger) -> None:
    log = ET.fromstring(written(ledger))
    wanted = {each.attrib["scope"]: set(attributes(each)) for each in log.iter("global")}
    assert all(wanted["trace"] <= set(attributes(trace)) for trace in log.iter("trace"))
    assert all(wanted["event"] <= set(attributes(event)) for event in log.iter("event"))
    for classifier in log.iter("classifier"):
        assert set(classifier.attrib["keys"].split()) <= wanted[classifier.attrib["scope"]]
    prefixes = {each.attrib["prefix"] for each in log.iter("extension")}
    used = {key.partition(":")[0] for element in log.iter() for key in [element.attrib.get("key", "")] if ":" in key}
    assert used == prefixes == {"concept", "lifecycle", "org", "time"}


@pytest.mark.clause("S000-6.2")
def test_each_complaint_is_a_trace_and_each_fact_an_event_in_order_of_versions(ledger: Ledger) -> None:
    log = ET.fromstring(written(ledger))
    told = {
        attributes(trace)["concept:name"]: [
            (a["concept:name"], a["time:timestamp"], a["position"]) for a in map(attributes, trace.iter("event"))
        ]
        for trace in log.iter("trace")
    }
    streams = {row.stream for row in ledger.scan() if row.topic.startswith("complaint.")}
    history = {s: [(r.name, r.occurred_at, r.position) for r in ledger.load(s)] for s in streams}
    assert told == history


def test_texts_come_back_as_they_were_but_for_control_signs(tmp_path: Path) -> None:
    with closing(with_hostile_texts(tmp_path / "ledger.db")) as ledger:
        log = ET.fromstring(written(ledger))
    told = {attributes(event).get("product") for event in log.iter("event")} - {None, "充电器"}
    assert told == {text.replace("\0", "\ufffd") for text in HOSTILE}


def test_a_compressed_log_is_the_same_log_and_the_same_bytes_each_time(ledger: Ledger) -> None:
    assert gzip.decompress(written(ledger, compressed=True)) == written(ledger)
    assert written(ledger, compressed=True) == written(ledger, compressed=True)
