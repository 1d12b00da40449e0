"""What kind of complaint it is: triage of its own words, taxonomy, and which complaints belong together.

triage.py             Triage: from a complaint's own words to category, priority, complexity and flags
triage_conditions.py  A condition on the facts of a complaint, as the policy writes it, such as `emotion>=5`
triage_reading.py     Reading a complaint: one script, one pass over the words, denials taken out
triage_rules.py       The `[triage]` table of a policy
spelling.py           A text as it is read: one script, one width, lower case, no gaps
taxonomy.py           The facets a complaint is sorted by, the tree of causes, and how older versions of both are read
links.py              Which complaints belong together
playbook.py           What is done when a matter threatens to spread, and what a customer cares for
"""
