"""Words of people: the phrase lint by stage, scripts and checklists.

lint.py               The phrase lint
lint_reading.py       A draft taken apart once for all rules: the words that were looked for, and its sentences
lint_rules.py         The `[lint]` table of a policy
lint_stages.py        At which stage a complaint stands for the words of a reply, and how strict a rule is then
phrasing.py           What the phrase lint means for somebody who is about to tell a customer something
scripts.py            Scripts, checklists and knowledge for whoever handles a complaint, chosen by channel, stage and
"""
