"""What is not handled further: not accepted on one of four grounds, or taken back by the customer (S002-7.3..7.7)."""

from events.commands import Refusal, refuse
from events.ending import NotAccepted, Withdrawn
from events.fact import Value
from events.vocabulary import Ground
from policy.asking import Act, Acts, Ask, Decided
from policy.handling.evidence import unsupported
from services.workflow.ending import Text, already_resolved


class NotAccept(Value):
    """`not_accept`: on one of four grounds, with its proof (S002-7.3..7.6)."""

    ground: str
    proof: str = ""
    """Reference of the document that proves it, or name or digest of checked evidence."""


class Withdraw(Value):
    """`withdraw`: the customer took it back, in their own words."""

    words: Text


def not_accept(ask: Ask, data: NotAccept) -> Decided:
    """A named person may decide it on four grounds, each proven; it can be reopened (S002-7.7, C11)."""
    refusal = already_resolved(ask.complaint) or _not_a_ground(ask, data) or _unproven(ask, data)
    return refusal or [NotAccepted(ground=Ground.of(data.ground.strip()), proof=data.proof.strip())]


def withdraw(ask: Ask, data: Withdraw) -> Decided:
    """The procedure ends at once; the customer's words are kept; what is resolved is called back or reopened."""
    return already_resolved(ask.complaint) or [Withdrawn(words=data.words)]


def _not_a_ground(ask: Ask, data: NotAccept) -> Refusal | None:
    grounds = ask.rules.acceptance.not_accepted
    if data.ground.strip() in grounds:
        return None
    return refuse(
        "unknown_ground",
        "S002-7.7",
        f"不予受理仅限以下情形：{'、'.join(f'{g.value}({g.zh})' for g in grounds)}",
        f"a complaint is not accepted on these grounds alone: {', '.join(f'{g.value} ({g.en})' for g in grounds)}",
        ground=data.ground,
    )


_RULE_OF = {
    Ground.SETTLED: "S002-7.3",
    Ground.DECIDED: "S002-7.4",
    Ground.MEDIATED: "S002-7.5",
    Ground.LAW: "S002-7.6",
}


def _unproven(ask: Ask, data: NotAccept) -> Refusal | None:
    """A reference of the document will do; a piece of evidence has to be checked (S002-7.3..7.6, S004-3.3)."""
    proof, ground = data.proof.strip(), Ground.of(data.ground.strip())
    if not proof and ask.rules.acceptance.proof_required:
        return refuse(
            "proof_missing",
            _RULE_OF[ground],
            f"以“{ground.zh}”不予受理须附证明文件编号（proof）",
            f"not accepting because {ground.en} needs the reference of the document that proves it (proof)",
            ground=ground.value,
        )
    return unsupported(ask.complaint, [proof]) if ask.complaint.verification.find(proof) else None


ACTS: Acts = {"not_accept": Act(NotAccept, not_accept), "withdraw": Act(Withdraw, withdraw)}
