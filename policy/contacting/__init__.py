"""Reaching people: what is owed to whom, when an attempt counts, and the words of machine messages.

contact.py           attempts to reach the customer: SMS after the first failure, gaps, window, quiet hours
told.py              whether people told the customer, themselves or by words a machine carried
notice.py            one message somebody is owed, and the tables that say which facts owe one
notices.py           which messages are owed, and what comes next for each
customer_notices.py  what the system tells the customer by itself
staff_notices.py     which colleagues are alerted of what, once each, never somebody barred
alerts.py            when colleagues are alerted, and how often an alert is tried
templates.py         words with named placeholders
letters.py           the words of one message, made from facts and clocks
written.py           letters and emails people wrote, sent once everybody approved exactly those words
account.py           what we did so far, told to the customer from the facts
"""
