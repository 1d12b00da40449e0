"""Programs of others that read what we export; run by subprocess in `.venv-readers`, prints what they found as JSON.

.venv-readers/bin/python tests/readers.py pm4py_ocel|r4pm_ocel|pm4py_xes|r4pm_xes|openpyxl|jsonschema FILE [SCHEMA]
"""

import contextlib
import json
import sys
import tempfile
from pathlib import Path
from typing import Any


def alone() -> None:
    """Hide the one library from the other, which would let it read in its place."""
    sys.modules["r4pm"] = None  # type: ignore[assignment]


def pm4py_ocel(file: str) -> Any:
    """The log as pm4py has it; of a database also which of the standard's constraints it finds unsatisfied."""
    alone()
    import pm4py
    from pm4py.objects.ocel.validation import ocel20_rel_validation

    is_sqlite = file.endswith(".sqlite")
    log = pm4py.read_ocel2_sqlite(file) if is_sqlite else pm4py.read_ocel2_json(file)
    changes = log.object_changes
    # In a column read from JSON the other fields are there too, empty or not; one row tells one field.
    told = (
        []
        if changes is None
        else [
            [row["ocel:oid"], row["ocel:field"], str(row[row["ocel:field"]]), _utc(row["ocel:timestamp"])]
            for row in changes.to_dict("records")
        ]
    )
    return {
        "events": {row["ocel:eid"]: row["ocel:activity"] for row in log.events.to_dict("records")},
        "times": {row["ocel:eid"]: _utc(row["ocel:timestamp"]) for row in log.events.to_dict("records")},
        "objects": {row["ocel:oid"]: row["ocel:type"] for row in log.objects.to_dict("records")},
        "e2o": sorted(map(list, log.relations[["ocel:eid", "ocel:oid", "ocel:qualifier"]].values.tolist())),
        "o2o": sorted(map(list, log.o2o[["ocel:oid", "ocel:oid_2", "ocel:qualifier"]].values.tolist())),
        "changes": sorted(told),
        "unsatisfied": ocel20_rel_validation.apply(file)[1] if is_sqlite else [],
    }


def _utc(moment: Any) -> str:
    import pandas

    return str(pandas.Timestamp(moment).tz_convert("UTC").isoformat(timespec="microseconds")[:26])


def r4pm_ocel(file: str) -> Any:
    """The log as the Rust library has it, written down again as OCEL 2.0 JSON by its own exporter."""
    import r4pm

    item = r4pm.import_item("OCEL", file)
    with tempfile.TemporaryDirectory() as directory:
        again = Path(directory) / "again.json"
        r4pm.export_item(item, str(again))
        return json.loads(again.read_bytes())


def pm4py_xes(file: str) -> Any:
    """Traces with the names, times and resources of their events, and the log's classifiers."""
    alone()
    import pm4py

    log = pm4py.read_xes(file, return_legacy_log_object=True)
    return {
        "traces": {
            trace.attributes["concept:name"]: [
                [event["concept:name"], _utc(event["time:timestamp"]), event["org:resource"], event["position"]]
                for event in trace
            ]
            for trace in log
        },
        "classifiers": log.classifiers,
        "extensions": sorted(log.extensions),
        "variants": len(pm4py.get_variants(log)),
    }


def r4pm_xes(file: str) -> Any:
    """How many traces the Rust library reads, and its directly-follows graph."""
    import r4pm

    item = r4pm.import_item("EventLog", file)
    graph = r4pm.bindings.discover_dfg(item)
    return json.loads(graph) if isinstance(graph, str) else graph


def openpyxl(file: str) -> Any:
    """Every sheet's rows, each cell with its type: `f` would be a formula."""
    import openpyxl as reader

    book = reader.load_workbook(file, read_only=True)
    return {
        sheet.title: [[[cell.data_type, str(cell.value)] for cell in row if cell.value is not None] for row in sheet]
        for sheet in book.worksheets
    }


def jsonschema(file: str, schema: str) -> Any:
    """What is wrong with each line of a file (or with the whole, when it is no .jsonl) under a JSON Schema."""
    from jsonschema import Draft202012Validator

    checked = Draft202012Validator(json.loads(Path(schema).read_bytes()))
    content = Path(file).read_bytes()
    texts = content.splitlines() if file.endswith(".jsonl") else [content]
    return [
        f"{number}: {e.message[:200]}" for number, t in enumerate(texts, 1) for e in checked.iter_errors(json.loads(t))
    ]


if __name__ == "__main__":
    with contextlib.redirect_stdout(sys.stderr):  # one of them greets on stdout
        found = globals()[sys.argv[1]](*sys.argv[2:])
    json.dump(found, sys.stdout, ensure_ascii=False, default=str)
