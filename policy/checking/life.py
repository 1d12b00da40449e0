"""A complaint walked through its life under the policy: while it is open, some clock of people runs (S002-4.6)."""

from collections.abc import Iterator
from datetime import datetime

from events.complaint import Complaint
from events.contact import Replied
from events.ending import CalledBack, Reopened, Resolved
from events.envelope import Actor, History, Recorded, StreamId
from events.fact import Fact
from events.folding import fold
from events.handling import Assigned, Classified
from events.reception import Customer, Received
from events.solution import CustomerAgreed, Remedy, SolutionProposed
from events.verification import Verified
from events.vocabulary import ActorKind, Category, Complexity, Liable, Medium, Priority, ReplyKind, Resolution
from policy.checking.flaws import MINUTE, Flaw, Subject
from policy.timing.instants import micros, moment

SPECIMEN = StreamId("specimen")
MACHINE = Actor(kind=ActorKind.SYSTEM, id="workflow")
CHANNEL = Actor(kind=ActorKind.CHANNEL, id="web")
PERSON = Actor(kind=ActorKind.PERSON, id="handler")
EPOCH = moment(0)

NAMES = {
    "received": "已受理",
    "classified": "已分类",
    "assigned": "已派单",
    "answered": "已首次答复",
    "verified": "已核实",
    "proposed": "已提出方案",
    "agreed": "客户已同意",
    "resolved": "已办结",
    "dissatisfied": "回访不满意",
    "reopened": "重新处理",
}
"""The stages of a life, in order, with their names."""


def a_life(category: Category, priority: Priority, complexity: Complexity) -> list[tuple[str, Actor, Fact]]:
    """The facts of an ordinary complaint, each with the stage it leads to."""
    classified = Classified(category=category, priority=priority, complexity=complexity)
    remedy = Remedy(id="1", kind="refund", due=EPOCH, responsible="handler", steps=("pay",))
    proposed = SolutionProposed(
        number=1, remedies=(remedy,), basis="standard", total=remedy.amount or 0, currency="CNY", content_sha256=""
    )
    verified = Verified(facts="-", liable=Liable.COMPANY, cause="company.process")
    return [
        ("received", CHANNEL, _received()),
        ("classified", MACHINE, classified),
        ("assigned", MACHINE, Assigned(owner="handler", handler="handler", department="service", reason="routing")),
        ("answered", PERSON, Replied(kind=ReplyKind.PROGRESS, medium=Medium.PHONE)),
        ("verified", PERSON, verified),
        ("proposed", PERSON, proposed),
        ("agreed", PERSON, CustomerAgreed(proposal=1, medium=Medium.PHONE, words="-")),
        ("resolved", PERSON, Resolved(outcome=Resolution.CORRECTED)),
        ("dissatisfied", PERSON, CalledBack(solved=False, satisfied=False, medium=Medium.PHONE)),
        ("reopened", MACHINE, Reopened(round=2, reason="callback")),
    ]


def _received() -> Received:
    return Received(number="-", channel="web", external_ref="-", text="-", customer=Customer(), content_sha256="")


def specimen(policy: str) -> Complaint:
    """A complaint that was just received under that policy."""
    return fold([Recorded(1, SPECIMEN, 1, _received(), EPOCH, EPOCH, CHANNEL, None, policy)])


def unwatched(subject: Subject) -> Iterator[Flaw]:
    """A stage of an open complaint in which no clock of people runs: it could lie there for ever (S002-4.6)."""
    told: set[str] = set()
    for category, priority, complexity in ((c, p, x) for c in Category for p in Priority for x in Complexity):
        for stage in _unwatched_stages(subject, category, priority, complexity):
            if stage not in told:
                told.add(stage)
                yield Flaw(
                    "open_without_clock",
                    "clock",
                    "S002-4.6",
                    f"“{NAMES[stage]}”阶段({category.zh}、{priority.zh}、{complexity.zh})没有人工时钟在计时",
                    f"while {stage} ({category}, {priority}, {complexity}) no clock of people runs",
                    "增加在该阶段开始、到下一阶段停止的时钟",
                    "add a clock that starts with this stage and stops with the next",
                )


def _unwatched_stages(
    subject: Subject, category: Category, priority: Priority, complexity: Complexity
) -> Iterator[str]:
    calendar = subject.policy.clocks.calendars[subject.document.policy.service_calendar]
    begin = micros(calendar.next_open(next(subject.starts())))
    life = a_life(category, priority, complexity)
    every: list[Recorded] = []
    for number, (_, actor, fact) in enumerate(life, start=1):
        at = moment(begin + number * MINUTE)
        every.append(Recorded(number, SPECIMEN, number, fact, at, at, actor, None, subject.policy.id))
    for number, (stage, _, _) in enumerate(life, start=1):
        # Facts of one look: sorted and handed out with the receipt, reopened with the callback.
        if stage not in ("received", "classified", "dissatisfied") and not _is_watched(subject, every[:number]):
            yield stage


def _is_watched(subject: Subject, facts: list[Recorded]) -> bool:
    now: datetime = facts[-1].occurred_at
    readings = subject.policy.clocks.readings(History(facts), fold(facts), now)
    return any(
        reading.stopped_at is None
        and reading.due_at is not None
        and subject.document.clock[reading.clock].kept_by == "people"
        for reading in readings
    )


CHECKS = (unwatched,)
"""All of them."""
