"""Reach the customer and alert staff: recorded before it starts, recorded after it ended (reliability I6).

reconcile.py  the pure decision: which messages start now, what became of a lost one, when to look again
outcomes.py   what a sender's answer is recorded as
commands.py   the pure decisions on a person's own contact with the customer: reply, record_attempt
drafts.py     a letter or an email is kept as a draft until everybody approved it
notifier.py   start, send, record the outcome
senders/      SMTP, signed webhook, outbox file
"""
