"""Channels -> Received: one contract for every channel, nothing lost, nothing doubled (S004-1.1, S004-1.2).

submission.py  the contract of a submission, and precise refusals
reception.py   the pure decision: a submission becomes Received, a repeat with other content Supplemented
receipts.py    what the sender gets back
intake.py      accept many submissions in one commit
kinship.py     who complained of what, lately: an index in memory over the ledger
linking.py     links the rules make, each mirrored on the other complaint
merging.py     a person joins two complaints
commands.py    every command intake answers
service.py     submissions over NATS
http.py        submissions over HTTP
mapping.py     the mapping file; maps/ holds those we ship
sources.py     how a mapping names a column, a constant, a template
csv_rows.py    rows of a CSV file, damaged ones too
drafting.py    a row becomes a submission
importing.py   a whole file, resumable
"""
