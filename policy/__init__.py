"""What should happen: the handling documents as versioned data and pure functions over history.

default-cn.toml          the figures and words, each with the requirement id it comes from
sample-organisation.toml people, levels, departments of the sample company

document.py      the policy file's shape, checked
policy.py        one policy version, ready to answer; publishing
registry.py      the policies and the organisation as the ledger holds them
official_days.py public holidays and make-up working days, fixed when a policy is published
calendars.py     service hours, office hours, wall time
opening_hours.py "09:00-21:00" and what a week looks like
instants.py      integer microseconds, and local times where clocks change
durations.py     15m@service, 24h@wall, 5wd@office
titles.py        a name in both languages
patterns.py      which facts start and stop a clock
clock_rules.py   [clock.*] of the policy file
clock_compile.py a clock made ready to run
clock_runs.py    history -> runs and pauses
deadlines.py     when a run falls due
clock_readings.py what a clock shows
explanation.py   why a deadline falls when it does
clocks.py        every clock of a complaint: readings, breaches, the next look
triage.py        text -> category, colour, complexity, with the rules that fired
organisation.py  people, reporting lines, absences, who may not take part
routing.py       who owns and who handles
ladder.py        one level up, to whom
participation.py who may act at all
contact.py       attempts to reach the customer
alerts.py        when colleagues are alerted
templates.py     words with placeholders
notices.py       which messages are owed, and their words
"""
