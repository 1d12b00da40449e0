"""The history in the formats of others, one file a format; never a personal text (ADR 0018).

selection.py     which events: recorded between two instants, of which complaints
attributes.py    what may be told of a fact: every field that is not personal
pseudonyms.py    customers under names that tell nothing
jsonl.py         event lines exactly as stored, with their JSON Schema
spreadsheet.py   the rows of CSV and XLSX, the same in both; cells.py makes them harmless
csv.py xlsx.py   one row an event
xes.py           IEEE 1849: one trace a complaint
ocel.py          OCEL 2.0: events, objects and how they are related (ocel_model.py, ocel_relations.py);
                 ocel_sqlite.py and ocel_json.py write it
"""
