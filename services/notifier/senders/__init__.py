"""How a message leaves the house: one port, three ways out, no retries inside (reliability I6).

port.py         what is sent, what can come of it, the Sender protocol
smtp.py         e-mail; the receipt is the mail server's queue reply
letter.py       a message as mail, proof against header injection
webhook.py      SMS, WeChat, chat, app: a signed JSON request to a gateway, which can be asked afterwards
answer.py       which answer of a gateway means what
addresses.py    which network addresses a webhook may reach
outbox.py       a file, for trials and for every medium without a gateway; many sends per fsync
outbox_file.py  the file itself: durable appends, keys it holds, cut lines, full disks
choose.py       settings, and which sender serves which medium
"""
