"""A complaint walked through its life under the policy, and to each of its ends (S002-4.6, S002-0.3).

While it is open some clock of people runs; once it has ended none runs on that nobody can stop any more.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from events.complaint import Complaint
from events.contact import Replied
from events.ending import Archived, CalledBack, NotAccepted, Reopened, Resolved, Withdrawn
from events.envelope import Actor, History, Recorded, StreamId
from events.execution import CommitmentMade, RefundVerified
from events.fact import Fact
from events.folding import fold
from events.handling import Assigned, Classified
from events.participation import TaskOpened
from events.reception import Customer, Received
from events.solution import CustomerAgreed, Remedy, SolutionProposed
from events.verification import Verified
from events.vocabulary import ActorKind, Category, Complexity, Ground, Liable, Medium, Priority, ReplyKind, Resolution
from policy.checking.flaws import MINUTE, Flaw, Subject
from policy.timing.clock_readings import ClockReading
from policy.timing.instants import micros, moment
from policy.timing.patterns import ANY, parse_pattern

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
_AT = {stage: number for number, stage in enumerate(NAMES, start=1)}
END_NAMES = {
    "not_accepted": "不予受理",
    "withdrawn": "客户撤回",
    "archived": "已归档",
    "callback_exhausted": "回访未果归档",
}
"""The ends of a life, with their names."""


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


def ends() -> dict[str, list[tuple[Actor, Fact]]]:
    """How a complaint ends: what happens after the agreement, a refund owed, something promised, a part of others."""
    refund = RefundVerified(charged=Decimal(2), due=Decimal(1), refund=Decimal(2), currency="CNY")
    owed: list[tuple[Actor, Fact]] = [
        (PERSON, refund),
        (PERSON, CommitmentMade(promise="p1", what="-", by=EPOCH, person="handler")),
        (PERSON, TaskOpened(task="t1", department="service", person="handler", what="-", due=EPOCH)),
    ]
    resolved = (PERSON, Resolved(outcome=Resolution.CORRECTED))
    called_back = (PERSON, CalledBack(solved=True, satisfied=True, medium=Medium.PHONE))
    return {
        "not_accepted": [*owed, (PERSON, NotAccepted(ground=Ground.LAW, proof="-"))],
        "withdrawn": [*owed, (PERSON, Withdrawn(words="-"))],
        "archived": [*owed, resolved, called_back, (PERSON, Archived(ground="called_back"))],
        "callback_exhausted": [*owed, resolved, (PERSON, Archived(ground="callback_exhausted"))],
    }


AFTER_THE_END = frozenset({"RefundPaid", "CommitmentKept", "TaskClosed", "Reviewed", "ActionTaken", "EffectMeasured"})
"""What people may still do on a complaint that has ended, without beginning it again; a test holds it to the acts."""


def outliving(subject: Subject) -> Iterator[Flaw]:
    """A clock of people that runs on after the end though nothing people may then do stops it (S002-0.3)."""
    told: set[str] = set()
    for priority, complexity in ((p, x) for p in Priority for x in Complexity):
        life = [(actor, fact) for _, actor, fact in a_life(Category.OTHER, priority, complexity)]
        for begun in (life[: _AT["assigned"]], life[: _AT["agreed"]]):
            for end, facts in ends().items():
                for clock in _running(subject, _lived(subject, [*begun, *facts])):
                    if clock not in told and not _can_be_stopped(subject, clock):
                        told.add(clock)
                        yield _outlives(clock, end)


def _running(subject: Subject, facts: list[Recorded]) -> Iterator[str]:
    """Clocks of people that still run at the end of that history."""
    for reading in _readings(subject, facts):
        if _runs(subject, reading):
            yield reading.clock


def _can_be_stopped(subject: Subject, clock: str) -> bool:
    names = {parse_pattern(text).name for text in subject.document.clock[clock].stop}
    return ANY in names or not names.isdisjoint(AFTER_THE_END)


def _outlives(clock: str, end: str) -> Flaw:
    return Flaw(
        "clock_outlives_end",
        f"clock.{clock}.stop",
        "S002-0.3",
        f"投诉结束（{END_NAMES[end]}）后时钟仍在计时，且无人能使其停止",
        f"it runs on after the end ({end}), when nobody can stop it any more",
        "在 stop 中加入 NotAccepted、Withdrawn、Archived",
        "add NotAccepted, Withdrawn and Archived to stop",
        is_warning=True,
    )


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
                    f"“{NAMES[stage]}”阶段（{category.zh}、{priority.zh}、{complexity.zh}）没有人工时钟在计时",
                    f"while {stage} ({category}, {priority}, {complexity}) no clock of people runs",
                    "增加在该阶段开始、到下一阶段停止的时钟",
                    "add a clock that starts with this stage and stops with the next",
                )


def _unwatched_stages(
    subject: Subject, category: Category, priority: Priority, complexity: Complexity
) -> Iterator[str]:
    life = a_life(category, priority, complexity)
    every = _lived(subject, [(actor, fact) for _, actor, fact in life])
    for number, (stage, _, _) in enumerate(life, start=1):
        # Facts of one look: sorted and handed out with the receipt, reopened with the callback.
        if stage not in ("received", "classified", "dissatisfied") and not _is_watched(subject, every[:number]):
            yield stage


def _lived(subject: Subject, facts: Sequence[tuple[Actor, Fact]]) -> list[Recorded]:
    """These facts a minute apart, from the first opening of the desk."""
    calendar = subject.policy.clocks.calendars[subject.document.policy.service_calendar]
    begin = micros(calendar.next_open(next(subject.starts())))
    every: list[Recorded] = []
    for number, (actor, fact) in enumerate(facts, start=1):
        at = moment(begin + number * MINUTE)
        every.append(Recorded(number, SPECIMEN, number, fact, at, at, actor, None, subject.policy.id))
    return every


def _is_watched(subject: Subject, facts: list[Recorded]) -> bool:
    return any(_runs(subject, reading) for reading in _readings(subject, facts))


def _readings(subject: Subject, facts: list[Recorded]) -> Sequence[ClockReading]:
    return subject.policy.clocks.readings(History(facts), fold(facts), facts[-1].occurred_at)


def _runs(subject: Subject, reading: ClockReading) -> bool:
    """A deadline of people that is still ahead of somebody."""
    by_people = subject.document.clock[reading.clock].kept_by == "people"
    return by_people and reading.stopped_at is None and reading.due_at is not None


CHECKS = (unwatched, outliving)
"""All of them."""
