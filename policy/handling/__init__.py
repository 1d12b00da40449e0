"""What is done: from understanding and evidence over offers and refunds to the end and the review.

understanding.py      Where a summary is read back, who may label a customer and for how long, what a finding has to
record.py             What a complete record holds, in two steps, and what the customer is therefore never asked again
evidence.py           What evidence a decision needs and may rest on
liability.py          Whose fault it was, in words the customer understands; whoever it was, the company answers
remedies.py           What the company can do for a customer
offers.py             What may be offered
entitlements.py       What the law gives the customer
refund.py             Refunds of billing errors: what is owed, who checks, who pays, by what means
commitment.py         Promises to the customer: which may be made, and which were kept, late or broken
extension.py          More time: which clocks, by whom, how often, how far; rather slow than wrong
ending.py             How a complaint ends
review.py             Learning from a complaint: what is reviewed, what a review answers, when an action is owed
migration.py          What another policy version means for a complaint that is under way
"""
