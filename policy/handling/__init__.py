"""What is done: from understanding and evidence over offers and refunds to the end and the review.

understanding.py  where a summary is read back, who may label a customer, what a finding has to say
record.py         what a complete record holds, and what the customer is therefore never asked again
evidence.py       what evidence a decision needs and may rest on
liability.py      whose fault it was, in words the customer understands
remedies.py       the catalogue of what the company can do, its steps, times and standards
steps.py          which step of the agreed plan people mean by what they call it
offers.py         what may be offered: never below the standard, never above a final offer
entitlements.py   what the law gives the customer, and its proven exemptions
refund.py         refunds of billing errors: what is owed, who checks, who pays, by what means
commitment.py     promises to the customer: which may be made, which were kept, late or broken
extension.py      more time: which clocks, by whom, how often, how far
ending.py         what may not be accepted, how the customer is called back, what a file needs
review.py         what is reviewed, what a review answers, when an action is owed
migration.py      what another policy version means for a complaint that is under way
"""
