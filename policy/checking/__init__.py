"""What is wrong with a policy, found before it is published.

check.py              `amends policy check`: everything wrong with a policy, found before it is published
clocks.py             Clocks that contradict each other or themselves, found by asking the real clocks
contact.py            Attempts that cannot be made in time, and hours in which nobody may be called
life.py               A complaint walked through its life under the policy
patterns.py           Event patterns of clocks that name what does not exist, or wait for what never happens
people.py             Rules that need people the organisation does not have, found by asking who may
rules.py              Tables that leave out what the requirements ask for
templates.py          Words that promise what no clock keeps, or say different things in the two languages
flaws.py              What is wrong with a policy, told so that its author can put it right
"""
