"""The automatic steps of a complaint and the commands of people.

reconcile.py  the pure decision: classify, assign, escalate, record what was missed; when to look again
commands.py   the pure decisions on commands of people
workflow.py   one look at many complaints
"""
