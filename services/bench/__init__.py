"""Measuring Amends against the raw limits of its own parts, in the same run, so that a figure is a ratio.

figures.py   what a measurement reports: value, raw limit, ratio, floor and goal
place.py     a place to measure in: temporary directory, broker and store of its own, all gone at the end
samples.py   submissions and ready-made histories to measure with
load.py      the HTTP load generator, a process of its own
raw.py       the raw limits: bare handler, bare batch loop, bare read and decode
accept.py    submissions over HTTP
flow.py      received to acknowledged through all services; its latency under light load; its cost as the ledger grows
replay.py    reading and folding the whole ledger
timers.py    pending timers and a burst of due ones
"""
