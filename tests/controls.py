"""Named examples for specifications: moments, people, submissions, facts, histories; nothing random (style, 9)."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import orjson
from psycopg.conninfo import conninfo_to_dict

from deploy.postgres_server import Database
from events.company import OrganisationPublished, PolicyPublished, PublicDays
from events.complaint import Case
from events.contact import ContactStarted, Replied, RetryAttempted, StaffAlerted
from events.digest import digest
from events.envelope import Actor, Entry, History, Recorded, StreamId, complaint_id
from events.fact import Fact
from events.folding import case
from events.handling import Assigned, Classified, ClockBreached, Escalated
from events.ledger import Append, Conflict, Ledger
from events.reception import Attachment, Contact, Customer, Received, Supplemented
from events.stores import PostgresStore
from events.vocabulary import (
    ActorKind,
    Audience,
    Category,
    Complexity,
    Medium,
    Outcome,
    Priority,
    ReplyKind,
    Service,
)
from policy.people.organisation import Organisation
from policy.policy import DEFAULT_POLICY, SAMPLE_ORGANISATION, Policy, publication, sample_organisation
from tests import examples
from tests.times import HOUR as HOUR
from tests.times import MINUTE as MINUTE
from tests.times import SECOND as SECOND
from tests.times import SHANGHAI as SHANGHAI
from tests.times import at as at
from tests.times import at_closing as at_closing
from tests.times import before_closing as before_closing
from tests.times import before_opening as before_opening
from tests.times import in_the_morning as in_the_morning

POLICY_ID = "default-cn@1"
PHONE = "13800000000"
ABSURD_DIGEST = "0" * 64


class Clock:
    """A clock a test sets; without one set each asking is a second later, so that every asking shows."""

    def __init__(self, moment: datetime | None = None) -> None:
        self._fixed = moment
        self._asked = count(1)

    def __call__(self) -> datetime:
        return self._fixed or in_the_morning() + next(self._asked) * SECOND

    def set(self, moment: datetime) -> None:
        """It is then."""
        self._fixed = moment


def person(id_: str = "li.na") -> Actor:
    """A colleague of the sample company."""
    return Actor(kind=ActorKind.PERSON, id=id_)


def machine(service: str = "workflow") -> Actor:
    """One of our services."""
    return Actor(kind=ActorKind.SYSTEM, id=service)


WEB = Actor(kind=ActorKind.CHANNEL, id="web")


@cache
def published() -> PolicyPublished:
    """The shipped policy as setup publishes it; the calendar library is asked once a session."""
    return publication(DEFAULT_POLICY.read_text())


@cache
def policy() -> Policy:
    """The shipped policy, ready to answer."""
    return Policy(published())


@cache
def company() -> Organisation:
    """The sample company with everybody at work."""
    return sample_organisation()


def with_absent(*absences: tuple[str, str]) -> Organisation:
    """The sample company with these people away all of March, each with a delegate."""
    away = [
        {"person": who, "since": at("2026-03-01 00:00"), "until": at("2026-04-01 00:00"), "delegate": delegate}
        for who, delegate in absences
    ]
    return Organisation.model_validate({**company().model_dump(), "absence": away})


def organisation_published() -> OrganisationPublished:
    """The sample company as setup publishes it."""
    text = SAMPLE_ORGANISATION.read_text()
    return OrganisationPublished(sha256=digest(text), text=text)


ORDINARY = "房间很脏,服务员态度很差。"
DANGEROUS = "手机充电器爆炸起火,孩子被烧伤住院了。"
OVERCHARGED = "你们多收了我话费,账单金额不对,要求退款。"
ENGLISH = "The room was dirty and the staff were rude."


def submission(**changes: Any) -> dict[str, Any]:
    """A complaint as a web channel sends it; `changes` replace fields, ... leaves a field out."""
    usual: dict[str, Any] = {
        "channel": "web",
        "external_ref": "W-20260302-0001",
        "text": ORDINARY,
        "customer": {"name": "张三", "contacts": [{"medium": "phone", "address": PHONE}]},
        **changes,
    }
    return {name: value for name, value in usual.items() if value is not ...}


def body(**changes: Any) -> bytes:
    """The same as JSON bytes."""
    return orjson.dumps(submission(**changes))


C1 = complaint_id("web", "W-20260302-0001")


def customer(*contacts: tuple[Medium, str], preferred: Medium | None = None, name: str | None = "张三") -> Customer:
    """Somebody who can be reached that way."""
    return Customer(
        name=name,
        contacts=tuple(Contact(medium=medium, address=address) for medium, address in contacts),
        preferred=preferred,
    )


BY_PHONE = customer((Medium.PHONE, PHONE))


def received(moment: datetime | None = None, **changes: Any) -> Entry:
    """A complaint reached us."""
    fact = Received(
        **{
            "number": "C260302-PVM6M-MRJP1",
            "channel": "web",
            "external_ref": "W-20260302-0001",
            "text": ORDINARY,
            "customer": BY_PHONE,
            "content_sha256": ABSURD_DIGEST,
            **changes,
        }
    )
    return Entry(fact, moment or in_the_morning(), WEB, policy=POLICY_ID)


def supplemented(moment: datetime, text: str = "还有照片", content: str = "1" * 64) -> Entry:
    """The channel sent the same message again with other content."""
    return Entry(Supplemented(text=text, demands=("道歉",), content_sha256=content), moment, WEB, policy=POLICY_ID)


def classified(moment: datetime, priority: Priority = Priority.YELLOW, **changes: Any) -> Entry:
    """Sorted by the workflow."""
    usual = {"category": Category.SERVICE, "complexity": Complexity.SIMPLE, **changes}
    return Entry(Classified(priority=priority, **usual), moment, machine(), policy=POLICY_ID)


def assigned(moment: datetime, handler: str = "li.na", owner: str = "li.na") -> Entry:
    """Handed out by the workflow."""
    department = company().person[handler].department
    fact = Assigned(owner=owner, handler=handler, department=department, reason="routing.service")
    return Entry(fact, moment, machine(), policy=POLICY_ID)


def escalated(moment: datetime, to_level: int = 2, to: str = "wang.fang", cause: str = "stalled") -> Entry:
    """One level up."""
    fact = Escalated(from_level=to_level - 1, to_level=to_level, person=to, cause=cause)
    return Entry(fact, moment, machine(), policy=POLICY_ID)


def breached(moment: datetime, clock: str, due: datetime) -> Entry:
    """A deadline was missed."""
    return Entry(ClockBreached(clock=clock, due_at=due, noticed_at=moment), moment, machine(), policy=POLICY_ID)


def started(moment: datetime, notice: str = "acknowledgement", number: int = 1, **changes: Any) -> Entry:
    """A message is about to go out."""
    fact = ContactStarted(
        **{
            "key": f"{notice}#{number}",
            "notice": notice,
            "audience": Audience.CUSTOMER,
            "kind": ReplyKind.ACKNOWLEDGEMENT,
            "medium": Medium.SMS,
            "recipient": PHONE,
            "subject": "受理",
            "text": "您好",
            **changes,
        }
    )
    return Entry(fact, moment, machine("notifier"), policy=POLICY_ID)


def delivered(moment: datetime, key: str = "acknowledgement#1") -> Entry:
    """The message of that key arrived."""
    fact = Replied(kind=ReplyKind.ACKNOWLEDGEMENT, medium=Medium.SMS, contact=key, receipt="sms-1")
    return Entry(fact, moment, machine("notifier"), policy=POLICY_ID)


def failed(moment: datetime, key: str = "acknowledgement#1", *, counted: bool = False, **changes: Any) -> Entry:
    """The message of that key did not arrive."""
    usual = {"kind": ReplyKind.ACKNOWLEDGEMENT, "medium": Medium.SMS, "outcome": Outcome.FAILED, **changes}
    return Entry(RetryAttempted(**usual, contact=key, counted=counted), moment, machine("notifier"), policy=POLICY_ID)


def exhausted(moment: datetime) -> Entry:
    """The customer was not reached within the window."""
    fact = RetryAttempted(kind=ReplyKind.ACKNOWLEDGEMENT, medium=Medium.SMS, outcome=Outcome.EXHAUSTED, counted=False)
    return Entry(fact, moment, machine("notifier"), policy=POLICY_ID)


def told(moment: datetime, by: str = "li.na", kind: ReplyKind = ReplyKind.PROGRESS) -> Entry:
    """A colleague told the customer by phone."""
    return Entry(Replied(kind=kind, medium=Medium.PHONE, text="您好"), moment, person(by), policy=POLICY_ID)


def not_reached(moment: datetime, outcome: Outcome = Outcome.NO_ANSWER, *, counted: bool = False) -> Entry:
    """A colleague called and nobody answered."""
    fact = RetryAttempted(kind=ReplyKind.PROGRESS, medium=Medium.PHONE, outcome=outcome, counted=counted)
    return Entry(fact, moment, person(), policy=POLICY_ID)


def alerted(moment: datetime, key: str, *, arrived: bool = True) -> Entry:
    """A colleague was alerted."""
    fact = StaffAlerted(kind=ReplyKind.BREACH, medium=Medium.APP, person="li.na", delivered=arrived, contact=key)
    return Entry(fact, moment, machine("notifier"), policy=POLICY_ID)


def every_fact() -> Mapping[str, Fact]:
    """One example of every fact there is, by wire name."""
    now = in_the_morning()
    attachment = Attachment(name="照片.jpg", media_type="image/jpeg", sha256="a" * 64, size=12_345)
    full = received(
        customer=Customer(name="张三", contacts=BY_PHONE.contacts, member_id="M-1", preferred=Medium.PHONE),
        order_ref="O-1",
        product="充电器",
        scene="三月一日在家",
        demands=("退款", "道歉"),
        accused=("zhang.wei",),
        attachments=(attachment,),
    )
    days = PublicDays(
        country="cn",
        year=2026,
        off=(now.date().replace(month=1, day=1),),
        worked=(now.date().replace(month=1, day=4),),
        provisional=False,
    )
    every: list[Fact] = [
        full.fact,
        Supplemented(text="还有照片", demands=("道歉",), attachments=(attachment,), content_sha256="1" * 64),
        classified(now, Priority.RED, flags=("safety",), rules=("red:safety",)).fact,
        assigned(now).fact,
        escalated(now).fact,
        breached(now + SECOND, "first_human", now).fact,
        started(now).fact,
        delivered(now).fact,
        failed(now).fact,
        alerted(now, "breach-6-handler#1").fact,
        *examples.HANDLING,
        *examples.PRIVACY,
        PolicyPublished(policy_id=POLICY_ID, sha256="b" * 64, text="[policy]", days=(days,)),
        OrganisationPublished(sha256="c" * 64, text="[person]"),
    ]
    return {fact.TYPE: fact for fact in every}


def recorded(entries: Iterable[Entry], stream: StreamId = C1) -> History:
    """The entries as a ledger would hold them."""
    return History(
        Recorded(
            number,
            stream,
            number,
            entry.fact,
            entry.occurred_at.astimezone(UTC),
            entry.occurred_at.astimezone(UTC),
            entry.actor,
            entry.causation,
            entry.policy,
        )
        for number, entry in enumerate(entries, start=1)
    )


def a_case(*entries: Entry) -> Case:
    """A complaint these entries tell of."""
    return case(recorded(entries))


def handed_out(moment: datetime | None = None, priority: Priority = Priority.YELLOW, **changes: Any) -> list[Entry]:
    """Received, sorted and given to Li Na, all at one instant."""
    moment = moment or in_the_morning()
    return [received(moment, **changes), classified(moment, priority), assigned(moment)]


def red(moment: datetime | None = None) -> list[Entry]:
    """A dangerous product: sorted red, given out, with its supervisor already."""
    moment = moment or in_the_morning()
    return [
        received(moment, text=DANGEROUS),
        classified(moment, Priority.RED, category=Category.PRODUCT),
        assigned(moment, "zhou.min"),
        escalated(moment, 2, "xu.tao", "priority_red"),
    ]


def connection(database: Database) -> dict[str, Any]:
    """What PostgresStore needs to reach a database; plain values, so that another process can take them."""
    parts = conninfo_to_dict(database.uri)
    return {
        "dbname": str(parts["dbname"]),
        "host": str(parts["host"]),
        "port": int(parts.get("port") or 5432),
        "user": str(parts["user"]),
        "password": str(parts.get("password") or "trust"),
    }


def postgres_store(database: Database, **more: Any) -> PostgresStore:
    """A store on that database, its tables made."""
    store = PostgresStore(**connection(database), **more)
    store.create()
    return store


def put(ledger: Ledger, stream: StreamId, *entries: Entry) -> list[Recorded]:
    """Append to a stream as it is now, blocking, whoever's facts they are."""
    outcome = ledger.commit([Append(stream, ledger.versions([stream]).get(stream, 0), entries)])[0]
    assert not isinstance(outcome, Conflict), outcome
    return outcome


def some_streams(number: int) -> list[StreamId]:
    """Ids of that many complaints."""
    return [complaint_id("web", f"W-{index:05}") for index in range(number)]


WRITERS: Mapping[str, Service] = {type_: fact.WRITER for type_, fact in every_fact().items()}
"""Who may append each fact."""

GOLDEN = Path(__file__).parent / "golden"
SCENARIOS = Path(__file__).parent / "scenarios"
