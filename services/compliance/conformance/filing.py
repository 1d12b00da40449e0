"""What the file holds before it is closed: promises kept, a review where one is due, all evidence (S002-3.4)."""

from collections.abc import Iterator

from events.ending import Archived
from events.envelope import Recorded
from policy.handling.review import is_review_required
from services.compliance.conformance.checks import check
from services.compliance.conformance.examined import Examined
from services.compliance.conformance.violation import Violation


def _filed(of: Examined) -> Iterator[Recorded]:
    """Archives of complaints that were handled; what was withdrawn or not accepted is filed as it is."""
    return (r for r in of.all(Archived) if of.before(r.version).ending.closed is None)


@check("S003-6.2", zh="答应的事情办完再归档", en="promises are kept before the file is closed")
def promises_are_kept_before_the_archive(of: Examined) -> Iterator[Violation]:
    """No promise is open when the complaint is archived."""
    for recorded in _filed(of):
        still = [p.promise for p in of.before(recorded.version).execution.promises if p.kept_at is None]
        if still:
            yield of.violation(
                "S003-6.2",
                recorded,
                zh=f"归档时承诺尚未兑现：{'、'.join(still)}。",
                en=f"Archived while promises were open: {', '.join(still)}.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


@check("S000-6.1", zh="须复盘的投诉复盘后归档", en="what has to be reviewed is reviewed before the archive")
def reviews_come_before_the_archive(of: Examined) -> Iterator[Violation]:
    """Those the policy then in force wants reviewed: red ones always, others by its sample of ids."""
    for recorded in _filed(of):
        known, rules = of.before(recorded.version), of.policy_for(recorded).document.review
        if known.learning.reviewed_by is None and is_review_required(known, rules):
            yield of.violation(
                "S000-6.1",
                recorded,
                zh=f"{known.priority} 投诉未复盘即归档。",
                en=f"A {known.priority} complaint was archived without its review.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


@check("S002-3.4", zh="档案齐全方可归档", en="the file is complete before it is closed")
def the_file_is_complete(of: Examined) -> Iterator[Violation]:
    """Every piece a finding relied on is on file, and every attachment by its digest."""
    for recorded in _filed(of):
        known = of.before(recorded.version)
        on_file = {piece.sha256 for piece in known.verification.evidence}
        missing = [d[:12] for f in known.verification.findings for d in f.fact.evidence if d not in on_file]
        nameless = sum(not attachment.sha256 for attachment in known.attachments)
        if missing or nameless:
            yield of.violation(
                "S002-3.4",
                recorded,
                zh=f"归档时缺少证据 {'、'.join(missing) or '无'}，{nameless} 个附件没有摘要。",
                en=f"Archived without evidence {', '.join(missing) or '-'} and with {nameless} attachments unhashed.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )
