"""All commands of people that the workflow answers, in the order a complaint lives (design, section 6)."""

from policy.asking import Acts
from services.workflow import handling

ACTS: Acts = {**handling.ACTS}
"""Name -> act, for NATS, HTTP, the command line and rehearsals."""
