"""Rules that need people the organisation does not have, found by asking who may (S000-3.9, S001-9.4, S002-4.3)."""

from collections.abc import Iterator
from itertools import pairwise

from events.approvals import Approval
from events.complaint import Complaint
from events.vocabulary import Category
from policy.checking.flaws import Flaw, Subject
from policy.checking.life import specimen
from policy.people.authority import may_approve
from policy.people.organisation import Organisation

RECEIVERS = frozenset({"handler", "owner", "person", "supervisor"})
"""Whom a breach may alert beside people by their id: roles of the case, and the person its clock is about."""
VERBS = frozenset({"alert", "sms", "escalate"})


def jumps_too_high(subject: Subject) -> Iterator[Flaw]:
    """A jump above the top of the ladder (S002-4.4)."""
    ladder = subject.document.ladder
    for name, jump in ladder.jump.items():
        if jump.to_level > ladder.top:
            yield Flaw(
                "jump_above_top",
                f"ladder.jump.{name}.to_level",
                "S002-4.4",
                f"第 {jump.to_level} 级高于最高的第 {ladder.top} 级",
                f"level {jump.to_level} lies above the top, level {ladder.top}",
                "降低 to_level，或提高 ladder.top",
                "lower to_level, or raise ladder.top",
            )


def breaches_to_nobody(subject: Subject) -> Iterator[Flaw]:
    """A breach that does what nobody knows, or tells whom nobody knows (S004-2.8)."""
    known = RECEIVERS | (frozenset(subject.organisation.person) if subject.organisation else frozenset())
    for name, spec in subject.document.clock.items():
        for verb, argument in spec.on_breach:
            wrong_verb = verb not in VERBS or (verb == "escalate" and argument != "+1")
            if wrong_verb or (verb != "escalate" and argument not in known):
                yield Flaw(
                    "breach_action_unknown",
                    f"clock.{name}.on_breach",
                    "S004-2.8",
                    f"超时动作 {verb}：{argument} 无人执行或无人接收",
                    f"{verb}:{argument} is no action anybody carries out, or tells nobody",
                    f"写 alert 或 sms 加 {'、'.join(sorted(RECEIVERS))} 或人员编号，或 escalate:+1",
                    f"write alert or sms with {', '.join(sorted(RECEIVERS))} or a person's id, or escalate:+1",
                )


def levels_without_decider(subject: Subject) -> Iterator[Flaw]:
    """A level of the ladder that nobody holds: a complaint would climb past it to nobody (S002-4.3)."""
    company = subject.organisation
    held = {person.level for person in company.person.values()} if company else set()
    for level in range(subject.document.routing.first_level, subject.document.ladder.top + 1) if company else ():
        if level not in held:
            yield Flaw(
                "ladder_without_decider",
                "ladder.top",
                "S002-4.3",
                f"组织中没有第 {level} 级的人员",
                f"nobody in the organisation holds level {level}",
                "任命该级人员，或降低 ladder.top",
                "name somebody of that level, or lower ladder.top",
            )


def routed_to_nobody(subject: Subject) -> Iterator[Flaw]:
    """A category whose department is unknown or has nobody on the ladder (S004-2.7)."""
    company, routing = subject.organisation, subject.document.routing
    routed = {f"department.{category.value}": department for category, department in routing.department.items()}
    for key, department in {**routed, "receiving": routing.receiving}.items() if company else ():
        people = [p for p in company.person.values() if p.department == department and p.level is not None]  # type: ignore[union-attr]
        if not people:
            yield Flaw(
                "routed_to_nobody",
                f"routing.{key}",
                "S004-2.7",
                f"部门 {department} 不存在，或没有可办理投诉的人员",
                f"department {department} does not exist or has nobody who handles complaints",
                "改为组织架构中的部门，或为其安排人员",
                "name a department of the organisation, or give it people",
            )
    for category in Category:
        if category not in routing.department:
            yield Flaw(
                "category_not_routed",
                "routing.department",
                "S004-2.7",
                f"没有部门负责{category.zh}类投诉",
                f"no department answers for complaints about {category.en}",
                f"补上 {category.value}",
                f"add {category.value}",
            )


def approved_by_nobody(subject: Subject) -> Iterator[Flaw]:
    """A role of an approval that nobody but the author could fill, in some department (S002-1.14, S003-2.4)."""
    company = subject.organisation
    for name, rule in subject.document.approval.items() if company else ():
        for role in (role for stage in rule.stages for role in stage):
            author = next((a for a in authors(subject, company) if not _others(subject, company, role, a)), None)  # type: ignore[arg-type]
            if author is not None:
                yield Flaw(
                    "approval_by_nobody",
                    f"approval.{name}",
                    "S002-1.14",
                    f"{author} 起草时，除本人外没有人能以 {role} 身份批准",
                    f"what {author} writes nobody else could approve as {role}",
                    "改用组织中有人担任的角色，或增加人员",
                    "name a role that others hold, or add people",
                )


def authors(subject: Subject, company: Organisation) -> list[str]:
    """Who writes for the customer: the people on the first level of the departments that handle complaints."""
    routing = subject.document.routing
    departments = sorted({routing.receiving, *routing.department.values()})
    return [id_ for department in departments for id_ in company.people(department, routing.first_level)]


def _others(subject: Subject, company: Organisation, role: str, author: str) -> list[str]:
    department = company.person[author].department
    case: Complaint = specimen(subject.policy.id)._replace(handler=author, department=department)
    approval = Approval("reply-1", "", "", ((role,),), author, case.received_at, 1)
    authority = subject.document.authority
    return [id_ for id_ in company.person if may_approve(case, approval, role, id_, authority, company)]


def roles_unfilled(subject: Subject) -> Iterator[Flaw]:
    """A deciding role whose level nobody holds, so that nothing of its size is ever approved (S000-3.9)."""
    company = subject.organisation
    for role, level in subject.document.authority.role.items() if company else ():
        if company is not None and not company.from_level(level):
            yield Flaw(
                "deciding_role_unfilled",
                f"authority.role.{role}",
                "S000-3.9",
                f"没有人达到 {role} 所需的第 {level} 级",
                f"nobody reaches level {level}, which {role} needs",
                "降低该级别，或任命人员",
                "lower the level, or name somebody",
            )


def limits_not_rising(subject: Subject) -> Iterator[Flaw]:
    """A higher level that may decide no more than the one below it (S000-3.9)."""
    company = subject.organisation
    if company is None or company.limits is None:
        return
    for (low, less), (high, more) in pairwise(sorted(company.limits.level.items())):
        if more <= less:
            yield Flaw(
                "limits_not_rising",
                f"organisation: limits.level.{high}",
                "S000-3.9",
                f"第 {high} 级的权限（{more}）不高于第 {low} 级（{less}）",
                f"level {high} may decide {more}, no more than level {low} ({less})",
                "逐级提高权限金额",
                "let the limits rise level by level",
            )


def payers_missing(subject: Subject) -> Iterator[Flaw]:
    """A refund that nobody could pay but who verified it (S002-6.2)."""
    company, rules = subject.organisation, subject.document.refund
    holders = [p for p in company.person.values() if p.role in rules.payer_roles] if company else [None]
    if not holders:
        yield Flaw(
            "refund_paid_by_nobody",
            "refund.payer_roles",
            "S002-6.2",
            f"没有人担任 {'、'.join(rules.payer_roles)}，退费无人支付",
            f"nobody is {' or '.join(rules.payer_roles)}: no refund could be paid",
            "改用组织中的角色",
            "name a role somebody holds",
        )


CHECKS = (
    jumps_too_high,
    breaches_to_nobody,
    levels_without_decider,
    routed_to_nobody,
    approved_by_nobody,
    roles_unfilled,
    limits_not_rising,
    payers_missing,
)
"""All of them."""
