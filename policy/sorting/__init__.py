"""What kind of complaint it is: triage of its own words, taxonomy, and which complaints belong together.

triage.py             from a complaint's own words to category, priority, complexity and flags
triage_conditions.py  a condition on the facts of a complaint, such as `emotion>=5`
triage_reading.py     one script, one pass over the words, denials taken out
triage_rules.py       the `[triage]` table of a policy
spelling.py           a text as it is read: one script, one width, lower case, no gaps
taxonomy.py           the facets a complaint is sorted by, the tree of causes, the words of older versions
links.py              the same matter twice, the same matter again, one cause for many
playbook.py           what is done when a matter threatens to spread, and what a customer cares for
"""
