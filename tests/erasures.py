"""A customer whose complaint has ended, and officers who erase them: what the tests of personal data share."""

from typing import Any

from events.commands import Refusal
from events.ending import Withdrawn
from events.envelope import Actor, StreamId
from events.vocabulary import ActorKind, Service
from services.wiring.erasing import Erasing
from tests.desk_cases import Company

TEXT = "张三说快递三天没到，要求退款"
PHONE = "13800000000"
ZHANG = {"name": "张三", "contacts": [{"medium": "phone", "address": PHONE}]}


def erasing_of(company: Company, kind: type[Erasing] = Erasing) -> Erasing:
    """The acts about that company's customers."""
    return kind(company.ledger, company.policies, company.settings, company.clock)


async def ended(company: Company, ref: str, **more: Any) -> StreamId:
    """A complaint of 张三 that the customer withdrew."""
    complaint = await company.handled(ref, TEXT, customer=ZHANG, **more)
    fact = Withdrawn(words="我不投诉了")
    company.append(Service.WORKFLOW, complaint, [fact], Actor(kind=ActorKind.PERSON, id="li.na"))
    return complaint


async def erased(company: Company, erasing: Erasing, complaint: StreamId) -> dict[str, Any]:
    """Two officers have the customer erased; the outcome."""
    customers = erasing.find(complaint)
    erasing.do("erase", customers, "wu.hao", "客户申请")
    outcome = erasing.do("erase", customers, "chen.jie", "核实无误")
    assert not isinstance(outcome, Refusal), outcome
    [of_one] = outcome["outcomes"]
    return dict(of_one)
