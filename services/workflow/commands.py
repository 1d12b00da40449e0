"""All commands of people that the workflow answers, in the order a complaint lives (design, section 6)."""

from policy.asking import Acts
from services.workflow import (
    acceptance,
    approval,
    archive,
    callback,
    consent,
    ending,
    execution,
    extension,
    handling,
    joint,
    linking,
    migration,
    promises,
    refunds,
    review,
    solution,
    taking_part,
    understanding,
    verification,
)

ACTS: Acts = {
    **handling.ACTS,
    **understanding.ACTS,
    **verification.ACTS,
    **taking_part.ACTS,
    **joint.ACTS,
    **migration.ACTS,
    **linking.ACTS,
    **solution.ACTS,
    **consent.ACTS,
    **approval.ACTS,
    **execution.ACTS,
    **refunds.ACTS,
    **promises.ACTS,
    **extension.ACTS,
    **acceptance.ACTS,
    **ending.ACTS,
    **callback.ACTS,
    **archive.ACTS,
    **review.ACTS,
}
"""Name -> act, for NATS, HTTP, the command line and rehearsals."""
