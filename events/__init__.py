"""What happened: facts, their names and shapes, the ledger that keeps them, the relay that tells others.

vocabulary.py   the field's words as enumerations, each with its Chinese and English label
fact.py         what every fact has: a wire name, a version, a writer, an audit sentence; the mark of personal data
reception.py    Received, Supplemented                      (intake)
handling.py     Classified, Assigned, Escalated, ClockBreached (workflow)
contact.py      ContactStarted, Replied, RetryAttempted, StaffAlerted (notifier)
company.py      PolicyPublished, OrganisationPublished
complaint.py    what we know of a complaint, and how each fact changes it
catalogue.py    wire name and version <-> class; upcasters; JSON Schema
envelope.py     a recorded fact: position, version, times, actor, causation
ledger.py       append with an expected version, read one, read all; group commit
stores.py       the ledger's SQLite, PostgreSQL and in-memory stores, and what they refuse to run on
subjects.py     streams, subjects, durable names: spelled here and nowhere else
relay.py        ledger -> JetStream
"""
