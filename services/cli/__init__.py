"""The `amends` command line: human output with rich, `--json` to the letter (design, section 7).

entry.py       where it begins; Ctrl-C while it loads
main.py        the commands put together; exit codes
output.py      tables for people, JSON for machines
failures.py    what went wrong, told to people
place.py       the installation a command speaks to: running or stopped
run.py         up, serve, setup, doctor
complaints.py  submit, list, show, history, clocks, do
importing.py   import
exporting.py   export ocel, xes, csv, xlsx, jsonl; digest
restoring.py   import of a whole ledger
progress.py    how far a long command has come
running.py     submissions to a running installation
live.py        facts as they happen, in the terminal
audit.py       replay, rehearse, due
dead.py        dead list, show, retry, drop
policies.py    policy show, check, publish
bench.py       bench accept, flow, replay, timers
"""
