"""The words of one message: facts and clocks put into the policy's templates, never typed times (C2, S000-5.2)."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from events.codes import in_plain
from events.complaint import Case, Complaint
from events.ending import NotAccepted, Reopened
from events.execution import CommitmentMade, DeadlineExtended, RefundPaid, StepFailed
from events.fact import Fact
from events.handling import Assigned, ClockBreached, Escalated
from events.learning import ActionPlanned
from events.participation import ActRefused, HandedOver, Nudged, TaskOpened
from events.solution import ApprovalRequested, CustomerAgreed, Remedy
from events.understanding import InformationRequested
from events.vocabulary import Audience, Language, ReplyKind
from policy.contacting.notice import Notice
from policy.contacting.templates import BY, Composed, Letter, compose, language_of, render, spoken
from policy.contacting.written import approved_as, words_of
from policy.handling.liability import liability_in_words
from policy.people.organisation import Organisation
from policy.policy import Policy
from policy.timing.clock_runs import marks_of
from policy.timing.deadlines import Grade

NOTHING = "-"
"""What an alert shows where the case has no such fact yet."""
At = Callable[[datetime], str]


def letter(notice: Notice, case: Case, policy: Policy, organisation: Organisation | None = None) -> Letter:
    """The message's words in the reader's language: the customer's own, Chinese for staff."""
    if (draft := approved_as(case.complaint, notice.name)) is not None:
        return words_of(draft, case.complaint)
    to_customer = notice.audience is Audience.CUSTOMER
    language: Language = language_of(case.complaint.text) if to_customer else "zh"
    template = policy.document.template[notice.template]
    return render(template, language, facts(notice, case, policy, language, organisation))


def begun(name: str, case: Case, policy: Policy, language: Language, organisation: Organisation | None) -> Composed:
    """A message people write, `progress` or `decision`, begun with what is on record (S000-5.2, S002-1.6, S002-1.5)."""
    complaint, finding, offer = case.complaint, case.complaint.verification.finding, case.complaint.solution.current

    def at(moment: datetime) -> str:
        return spoken(moment, language, policy.zone)

    due = _running(case, policy).get("progress")
    words = {
        "number": complaint.number,
        "customer": _customer(complaint, language),
        "reason": finding.fact.facts if finding else "",
        "due": at(due) if due else "",
        "decision": _steps(complaint, offer.fact.number, policy, at, language) if offer else "",
        "basis": offer.fact.basis if offer else "",
        **_handler(complaint, language, organisation),
    }
    return compose(policy.document.template[name], language, words)


def facts(
    notice: Notice, case: Case, policy: Policy, language: Language, organisation: Organisation | None = None
) -> dict[str, str]:
    """What the templates may name; every promised time comes from the clock that will judge it (C2)."""
    complaint, about = case.complaint, notice.about.fact

    def at(moment: datetime) -> str:
        return spoken(moment, language, policy.zone)

    words = {
        "number": complaint.number,
        "customer": _customer(complaint, language),
        "received": at(complaint.received_at),
        "handler": complaint.handler or NOTHING,
        "category": complaint.category.label(language) if complaint.category else NOTHING,
        "priority": complaint.priority.label(language) if complaint.priority else NOTHING,
        "level": str(complaint.level),
        "person": notice.recipient,
        **_handler(complaint, language, organisation),
    }
    for clock in ("first_human", "first_substantive"):
        words[clock] = at(policy.clocks.due_at(clock, complaint.received_at))
    words |= _deadlines(notice, complaint, policy, at)
    calendar = policy.clocks.calendars[policy.document.policy.service_calendar]
    words["opens"] = at(calendar.next_open(complaint.received_at))
    if notice.kind in _OF_CLOCKS:
        words |= _of_clocks(notice, case, policy, at, language)
    return words | _of_fact(about, case, policy, at, language)


def _deadlines(notice: Notice, complaint: Complaint, policy: Policy, at: At) -> dict[str, str]:
    """The deadlines the template names by their clocks, as they apply to this complaint."""
    template = policy.document.template[notice.template]
    named = sorted(template.zh.clocks | template.en.clocks)
    grade = _grade(complaint, policy) if named else ()
    return {f"{BY}{clock}": at(policy.clocks.due_at(clock, complaint.received_at, *grade)) for clock in named}


def _grade(complaint: Complaint, policy: Policy) -> Grade:
    """As it is sorted, or as its words will sort it: a receipt may be written before the workflow has looked."""
    if complaint.category is not None:
        return complaint.priority, complaint.complexity, marks_of(complaint.category, complaint.flags)
    found = policy.triager.classify(
        complaint.text, demands=complaint.demands, scene=complaint.scene, has_accused=bool(complaint.accused)
    )
    return found.priority, found.complexity, marks_of(found.category, found.flags)


def _customer(complaint: Complaint, language: Language) -> str:
    return complaint.customer.name or ("客户" if language == "zh" else "customer")


def _handler(complaint: Complaint, language: Language, organisation: Organisation | None) -> dict[str, str]:
    """Who handles it, by name and staff number; the department where nobody is known (S001-18.8)."""
    id_ = complaint.handler or complaint.owner
    known = organisation.person.get(id_ or "") if organisation else None
    service = "客户服务部" if language == "zh" else "customer service"
    name = known.name.get(language) if known else None
    return {"handler_name": name or id_ or service, "staff_number": (known.number if known else None) or id_ or service}


_OF_CLOCKS = (ReplyKind.WARNING, ReplyKind.CALLBACK, ReplyKind.REOPENING, ReplyKind.CHANGE, ReplyKind.BROKEN_PROMISE)
"""Messages that name a deadline as it stands."""


def _of_clocks(notice: Notice, case: Case, policy: Policy, at: At, language: Language) -> dict[str, str]:
    """The deadlines that run: of news for the customer, and of what the alert is about."""
    running = _running(case, policy)
    words = {}
    if "progress" in running:
        words["next_news"] = at(running["progress"])
    named = next((clock for clock in running if notice.name.removeprefix("warning-").startswith(f"{clock}-")), None)
    if named is not None:
        words |= {"clock": policy.title(named, language), "due": at(running[named])}
    return words


def _running(case: Case, policy: Policy) -> dict[str, datetime]:
    """The clocks that run, and when each falls due."""
    readings = policy.clocks.readings(case.history, case.complaint, case.history[-1].recorded_at)
    return {r.clock: r.due_at for r in readings if r.stopped_at is None and r.due_at is not None}


def _of_fact(fact: Fact, case: Case, policy: Policy, at: At, language: Language) -> dict[str, str]:
    """What the fact itself tells, in words."""
    words: dict[str, str] = {}
    if isinstance(fact, ClockBreached):
        words = _breached(fact, case.complaint, policy, at, language)
    elif isinstance(fact, Escalated):
        words = {"cause": in_plain(fact.cause, language), "level": str(fact.to_level)}
    elif isinstance(fact, CustomerAgreed):
        words = {"steps": _steps(case.complaint, fact.proposal, policy, at, language)}
        words |= {"liability": _liability(case.complaint, policy, language)}
    elif isinstance(fact, RefundPaid):
        words = {"amount": f"{fact.amount} {fact.currency}", "method": fact.method.label(language)}
        words |= {"reference": fact.reference}
    elif isinstance(fact, StepFailed):
        words = {"what": _failed(fact, case.complaint, policy, language)}
    elif isinstance(fact, DeadlineExtended):
        words = {"clock": policy.title(fact.clock, language), "due": at(fact.until), "reason": fact.reason}
    elif isinstance(fact, CommitmentMade):
        words = {"what": fact.what, "due": at(fact.by)}
    elif isinstance(fact, TaskOpened | ActionPlanned):
        words = {"what": fact.what, "due": at(fact.due)}
    else:
        words = {name: _said(value, language) for name, value in _plain(fact).items()}
    return words


def _plain(fact: Fact) -> dict[str, Any]:
    """The few words of facts that need no computing."""
    if isinstance(fact, InformationRequested):
        return {"what": fact.what, "reason": fact.reason}
    if isinstance(fact, NotAccepted):
        return {"reason": fact.ground, "reference": fact.proof}
    if isinstance(fact, Reopened):
        return {"reason": fact.reason}
    if isinstance(fact, Nudged | ActRefused):
        return {"what": fact.text if isinstance(fact, Nudged) else f"{fact.person} {fact.command}"}
    if isinstance(fact, ApprovalRequested):
        return {"what": fact.subject, "reason": fact.rule}
    return {"reason": fact.reason} if isinstance(fact, HandedOver | Assigned) else {}


def _said(value: Any, language: Language) -> str:
    return str(value.label(language)) if hasattr(value, "label") else in_plain(str(value), language)


def _breached(fact: ClockBreached, complaint: Complaint, policy: Policy, at: At, language: Language) -> dict[str, str]:
    promise = next((each for each in complaint.execution.promises if each.promise == fact.key), None)
    words = {"clock": policy.title(fact.clock, language), "due": at(fact.due_at), "noticed": at(fact.noticed_at)}
    return words if promise is None else {**words, "what": promise.what}


def _failed(fact: StepFailed, complaint: Complaint, policy: Policy, language: Language) -> str:
    """The remedy the step belongs to, as people call it."""
    agreed, id_ = complaint.solution.agreed, fact.step.partition(".")[0]
    kind = next((remedy.kind for remedy in agreed.fact.remedies if remedy.id == id_), None) if agreed else None
    rule = policy.document.remedy.get(kind or "")
    return rule.title[language] if rule else kind or fact.step


def _liability(complaint: Complaint, policy: Policy, language: Language) -> str:
    """Whose fault it was, said plainly (S003-5.1)."""
    findings = complaint.verification.findings
    return liability_in_words(findings[-1].fact if findings else None, policy.document.liability, language)


def _steps(complaint: Complaint, proposal: int, policy: Policy, at: At, language: Language) -> str:
    """The agreed remedies with their dates, as the plan has them (S004-5.1, S004-5.3)."""
    agreed = next((p for p in complaint.solution.proposals if p.fact.number == proposal), None)
    remedies = agreed.fact.remedies if agreed else ()
    comma, nothing = ("；", "无需进一步步骤") if language == "zh" else ("; ", "nothing more to be done")
    return comma.join(_step(remedy, policy, at, language) for remedy in remedies) or nothing


def _step(remedy: Remedy, policy: Policy, at: At, language: Language) -> str:
    rule = policy.document.remedy.get(remedy.kind)
    title = rule.title[language] if rule else remedy.kind
    amount = "" if remedy.amount is None else f" {remedy.amount} {remedy.currency or ''}".rstrip()
    if language == "zh":
        return f"{title}{amount}，{at(remedy.due)}前"
    return f"{title}{amount} by {at(remedy.due)}"
