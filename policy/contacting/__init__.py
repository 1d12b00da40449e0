"""Reaching people: what is owed to whom, when an attempt counts, and the words of machine messages.

contact.py            Attempts to reach the customer: SMS after the first failure, gaps, window, quiet hours
notice.py             One message somebody is owed, and the tables that say which facts owe one
notices.py            Which messages are owed to the customer and to colleagues, and what comes next for each
alerts.py             When colleagues are alerted, of what, and how often an alert is tried
letters.py            The words of one message
customer_notices.py   What the system tells the customer by itself, by what means: never a person's answer
staff_notices.py      Which colleagues are alerted of what, once each
written.py            Letters and emails people wrote
templates.py          Words of messages
account.py            What we did so far, told to the customer from the facts: real steps only, nothing invented
"""
