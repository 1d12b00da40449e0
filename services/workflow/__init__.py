"""The automatic steps of a complaint and the commands of people.

reconcile.py  the pure decision: classify, assign, escalate, record what was missed; when to look again
classification.py  sorted by its words, red after all by what is noted or added later
understanding.py   confirm_understanding, request_information, label
verification.py    verify: facts and evidence before liability
solution.py   propose_solution: every demand answered, inside one's authority
proposal.py   what a proposal consists of
consent.py    agree, decline
approval.py   approve, refuse_approval, and what waits for whom
commands.py   the pure decisions on commands of people
handling.py   assign, hand_over, name_owner, escalate; somebody else where one may no longer take part
taking_part.py  recuse, delegate
joint.py      open_task, close_task, nudge
migration.py  migrate: another policy version
execution.py  complete_step, fail_step: the agreed plan, step by step
refunds.py    verify_refund, pay_refund: four eyes on a billing error
promises.py   promise, keep_promise
extension.py  extend: more time, granted and announced
acceptance.py not_accept, withdraw
ending.py     resolve, reopen
resolving.py  what must be done before a complaint counts as resolved
callback.py   call_back, and what follows by itself
archive.py    archive: the file is closed
review.py     review, take_action, measure_effect
linking.py    links undone, incidents red
workflow.py   one look at many complaints
"""
