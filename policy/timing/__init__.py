"""When: calendars, lengths of time, event patterns, and the clocks made of them (C1..C5, C20).

calendars.py       which time counts: service hours, office days, the wall clock
opening_hours.py   weekly opening hours as the policy file writes them
official_days.py   official days off and make-up days, asked once when a policy is published
instants.py        instants as whole microseconds, and when a local clock first shows a time
moments.py         instants that people name: with a zone, or a date that means its end
durations.py       lengths of time as the policy writes them, `15m@service`, `5wd@office`
patterns.py        event patterns of the policy file
clock_rules.py     `[clock.<name>]`: what starts and stops a clock, its length, what a breach does
clock_compile.py   a clock of the policy file made ready to run
clock_runs.py      from a history to the runs of each clock
deadlines.py       when a run falls due: counted time, pauses, priority, extension, repeats
clocks.py          what each clock shows, which were missed, when to look next
clock_readings.py  what a clock shows for one complaint at one moment
explanation.py     why a deadline falls when it falls, in words that can be checked
waiting.py         how long a customer has been waiting since somebody last reached them
"""
