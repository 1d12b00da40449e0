"""Learning: reviewed after the end by six answers, with an action or a reason, done and measured (S004-7.4)."""

from collections.abc import Iterator

from events.envelope import Recorded
from events.learning import ActionPlanned, ActionTaken, EffectMeasured, Reviewed
from policy.handling.review import QUESTIONS
from services.compliance.conformance.checks import check
from services.compliance.conformance.examined import Examined
from services.compliance.conformance.standing import following, level_of, people
from services.compliance.conformance.violation import Violation


@check(
    "S004-7.4",
    "S000-6.1",
    zh="办结后复盘，逐项回答5W1H",
    en="reviewed after the end, with six answers, cause and lesson",
)
def reviews_answer_every_question(of: Examined) -> Iterator[Violation]:
    """Nothing is reviewed before it was resolved or ended, and no question is left open."""
    for recorded in of.all(Reviewed):
        ending = of.before(recorded.version).ending
        early = not ending.is_resolved and ending.closed is None
        left = [name for name in QUESTIONS if not getattr(recorded.fact, name).strip()]
        if early or left:
            yield of.violation(
                "S000-6.1" if early else "S004-7.4",
                recorded,
                zh=f"办结之前已复盘，或复盘未回答：{'、'.join(left) or '无'}。",
                en=f"Reviewed before the end, or without an answer to {', '.join(left) or '-'}.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


@check(
    "S001-6.3",
    "S003-5.4",
    zh="复盘须有改进措施或理由，本公司责任必有措施",
    en="a review plans an action, or says why none",
)
def reviews_lead_to_action(of: Examined) -> Iterator[Violation]:
    """Our own fault always gets an action; any other cause an action or a reason for none."""
    for recorded in of.all(Reviewed):
        fact, findings = recorded.fact, of.before(recorded.version).verification.findings
        if not isinstance(fact, Reviewed) or following(of, recorded, ActionPlanned):
            continue
        ours = bool(findings) and findings[-1].liable in of.policy_for(recorded).document.review.always_acts_on
        if ours or not (fact.no_action or "").strip():
            yield of.violation(
                "S003-5.4" if ours else "S001-6.3",
                recorded,
                zh="本公司有责任而未安排改进措施。" if ours else "复盘既无改进措施也无理由。",
                en="The company was liable, yet no action was planned." if ours else "Neither an action nor a reason.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


@check("S004-7.5", zh="每项措施有负责人和期限", en="each action has an owner and a date")
def actions_have_an_owner_and_a_date(of: Examined) -> Iterator[Violation]:
    """Numbered, planned by a review, owned by somebody of the company, due after it was planned."""
    for number, recorded in enumerate(of.all(ActionPlanned), start=1):
        fact, organisation, before = recorded.fact, people(of, recorded), of.history[recorded.version - 2]
        if not isinstance(fact, ActionPlanned):
            continue
        unknown = organisation is not None and fact.owner not in organisation.person
        orphan = not isinstance(before.fact, Reviewed | ActionPlanned)
        if unknown or orphan or fact.due <= recorded.occurred_at or fact.action != f"a{number}":
            yield of.violation(
                "S004-7.5",
                recorded,
                zh=f"措施 {fact.action} 的负责人 {fact.owner}、期限、编号或所属复盘不成立。",
                en=f"Action {fact.action}: no such owner ({fact.owner}), a date that has passed, or no review of it.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


@check(
    "S004-7.5",
    "S004-7.6",
    zh="措施由负责人或主管报告完成，完成后评估",
    en="actions are reported by those who may, then measured",
)
def actions_are_taken_and_measured(of: Examined) -> Iterator[Violation]:
    """Taken once, by the owner or a supervisor; measured over days between that and the measuring."""
    planned: dict[str, ActionPlanned] = {}
    taken: dict[str, Recorded] = {}
    for recorded in of.all(ActionPlanned, ActionTaken, EffectMeasured):
        fact = recorded.fact
        if isinstance(fact, ActionPlanned):
            planned[fact.action] = fact
            continue
        if isinstance(fact, ActionTaken):
            wrong = fact.action in taken or not _may_report(of, recorded, planned.get(fact.action))
            taken.setdefault(fact.action, recorded)
        else:
            wrong = not _is_measured_after(of, recorded, fact, taken) if isinstance(fact, EffectMeasured) else False
        if wrong:
            yield of.violation(
                "S004-7.5" if isinstance(fact, ActionTaken) else "S004-7.6",
                recorded,
                zh=f"{recorded.name} 不成立：无此措施、已报告过、报告人无权或评估期间不在完成之后。",
                en=f"{recorded.name} does not hold: no such action, reported before, not theirs, or too early.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )


def _may_report(of: Examined, recorded: Recorded, planned: ActionPlanned | None) -> bool:
    organisation, who = people(of, recorded), recorded.actor.id
    if planned is None or organisation is None:
        return planned is not None
    return who == planned.owner or level_of(organisation, who) >= of.policy_for(recorded).document.review.level


def _is_measured_after(of: Examined, recorded: Recorded, fact: EffectMeasured, taken: dict[str, Recorded]) -> bool:
    done = taken.get(fact.action)
    zone = of.policy_for(recorded).zone
    if done is None:
        return False
    first, last = done.occurred_at.astimezone(zone).date(), recorded.occurred_at.astimezone(zone).date()
    return first <= fact.since <= fact.until <= last
