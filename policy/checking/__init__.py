"""What is wrong with a policy, found before it is published.

check.py      `amends policy check`: every check in turn
flaws.py      what is wrong, told so that its author can put it right
clocks.py     clocks that contradict each other or themselves, found by asking the real clocks
contact.py    attempts that cannot be made in time, hours in which nobody may be called
life.py       a complaint walked through its life: while it is open, some clock of people runs
patterns.py   event patterns that name what does not exist, or wait for what never happens
people.py     rules that need people the organisation does not have
rules.py      tables that leave out what the requirements ask for
templates.py  words that promise what no clock keeps, or differ between the two languages
"""
