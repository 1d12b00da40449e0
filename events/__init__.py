"""What happened: facts, their names and shapes, the ledger that keeps them, the relay that tells others.

vocabulary.py   the field's words as enumerations, each with its Chinese and English label
codes.py        what the codes in facts are called where people read them
money.py        amounts, currencies, rounding
fact.py         what every fact has: a wire name, a version, a writer, an audit sentence; the mark of personal data
sentences.py    the audit sentence of a recorded fact
reception.py    Received, Supplemented                      (intake)
handling.py     Classified, Assigned, Escalated, ClockBreached (workflow)
understanding.py, verification.py, solution.py, execution.py, ending.py, learning.py: one phase each (workflow)
participation.py, links.py: who takes part; which complaints belong together
contact.py      ContactStarted, Replied, RetryAttempted, StaffAlerted (notifier)
company.py      PolicyPublished, OrganisationPublished
complaint.py    what we know of a complaint, and how each fact changes it
folding.py      how each fact changes it, phase by phase
kin.py          a complaint with those it is linked to
catalogue.py    wire name and version <-> class; upcasters; JSON Schema
envelope.py     a recorded fact: position, version, times, actor, causation
digest.py       the digest a content is known by
commands.py     commands of people: refused with a reason, or recorded once
texts.py, problems.py: what a text from outside must be, and what is wrong with data
ledger.py       append with an expected version, read one, read all; group commit
durable.py      files on the disk whole or not at all
cases.py        cases a process has just seen
reconciler.py   load, decide, append, and again where somebody else was faster
paging.py       a store read from end to end, a page at a time
horizon.py      what was recorded by an instant, stream by stream
stores.py       the ledger's SQLite, PostgreSQL and in-memory stores, and what they refuse to run on
subjects.py     streams, subjects, durable names: spelled here and nowhere else
relay.py        ledger -> JetStream
bus.py, streams.py: connections to NATS; the wanted streams and consumers
nudges.py, agenda.py, attention.py: how a service comes to look at a complaint
answering.py    commands over NATS
delivery.py, dead_letters.py: what becomes of a message whose handler failed
"""
