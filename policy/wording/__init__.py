"""Words of people: the phrase lint by stage, scripts and checklists.

lint.py          what in words to a customer is wrong at this stage, why, and what to say instead
lint_reading.py  a draft taken apart once for all rules: the words looked for, and its sentences
lint_rules.py    the `[lint]` table of a policy
lint_stages.py   at which stage a complaint stands for the words of a reply, how strict a rule is then
phrasing.py      what the lint means for somebody who is about to tell a customer something
scripts.py       scripts, checklists and knowledge, chosen by channel, stage and topic
"""
