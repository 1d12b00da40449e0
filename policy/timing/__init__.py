"""When: calendars, lengths of time, event patterns, and the clocks made of them (C1..C5, C20).

calendars.py          Which time counts: service hours, office days with holidays and make-up days, the wall clock
opening_hours.py      Weekly opening hours as the policy file writes them
official_days.py      Official days off and make-up days of a country, asked once when a policy is published
instants.py           Instants as whole microseconds, and the instant at which a local clock first shows a time
moments.py            Instants that people name: with a zone, or a date that means the end of that day
durations.py          Lengths of time as the policy writes them, `15m@service`, `5wd@office`
deadlines.py          When a run of a clock falls due
clock_rules.py        `[clock.<name>]` of the policy file
clock_compile.py      A clock of the policy file made ready to run: its durations parsed once, its calendars found
clock_runs.py         From a history to the runs of each clock
clock_readings.py     What a clock shows for one complaint at one moment
clocks.py             The clocks of a policy
explanation.py        Why a deadline falls when it falls, in words a customer, an agent and an auditor can check
patterns.py           Event patterns of the policy file
waiting.py            How long a customer has been waiting since somebody last reached them
"""
