"""Complaints as people live through them: scripts for rehearsals, each told once and begun at many instants.

Times are a day and an hour counted from the day it begins; the real decisions add what machines do.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta
from itertools import chain
from typing import Any, NamedTuple

Data = Mapping[str, Any]


class Act(NamedTuple):
    """What a person does with the complaint, that many days after its first."""

    day: int
    hour: str
    by: str
    do: str
    data: Data = {}


class Life(NamedTuple):
    """One complaint's whole story."""

    text: str
    demands: tuple[str, ...]
    acts: tuple[Act, ...]
    days: int
    """When the story ends: until then the machines go on."""
    channel: str = "web"
    customer: Data = {"name": "张三", "contacts": [{"medium": "phone", "address": "13800000000"}]}
    more: Data = {}
    """Further fields of the submission."""


PROOF = "a" * 64


def reply(day: int, hour: str, by: str, kind: str, text: str) -> Act:
    """A colleague tells the customer something by phone."""
    return Act(day, hour, by, "reply", {"kind": kind, "medium": "phone", "text": text})


def proved(day: int, hour: str, by: str, facts: str, liable: str, **more: Any) -> tuple[Act, ...]:
    """Evidence is added and judged, then the facts are found."""
    kept = {"name": "材料.pdf", "media_type": "application/pdf", "sha256": PROOF, "kind": "document", "authentic": True}
    found = {"facts": facts, "liable": liable, "cause": "流程", "evidence": [PROOF], **more}
    return Act(day, hour, by, "add_evidence", kept), Act(day, hour, by, "verify", found)


def offered(day: int, hour: str, by: str, demand: str, remedy: Data, **more: Any) -> Act:
    """A proposal that meets the one demand."""
    answers = {demand: {"result": "met"}}
    return Act(day, hour, by, "propose_solution", {"remedies": [remedy], "answers": answers, "basis": "规定", **more})


def ended(day: int, hour: str, by: str, outcome: str, *, asks: str = "li.na") -> tuple[Act, ...]:
    """Resolved, two days later the customer is called and satisfied, then archived."""
    satisfied = {"solved": True, "satisfied": True, "medium": "phone"}
    return (
        Act(day, hour, by, "resolve", {"outcome": outcome, "statement": "已办结"}),
        Act(day + 2, "10:00", asks, "call_back", satisfied),
        Act(day + 2, "10:10", asks, "archive"),
    )


AGREED = {"medium": "phone", "words": "可以"}

EXPLAINED = Life(
    "二月账单看不懂，为什么比一月多？要求解释。",
    ("解释",),
    (
        reply(0, "10:05", "liu.yang", "progress", "您好，我正在核对您的账单。"),
        *proved(0, "10:30", "liu.yang", "二月多打了二十分钟长途", "customer"),
        reply(0, "10:50", "liu.yang", "explanation", "您二月多打了二十分钟长途，明细已发给您。"),
        *ended(0, "11:00", "liu.yang", "clarified"),
    ),
    days=3,
    more={"product": "话费套餐", "scene": "二月账单"},
)
REFUNDED = Life(
    "二月账单多收了我话费：应收 10 元，收了 30.01 元，要求退款。",
    ("退款",),
    (
        reply(0, "10:05", "liu.yang", "progress", "您好，我正在核对您的账单。"),
        *proved(0, "10:30", "liu.yang", "套餐变更后仍按旧资费计费", "company", loss="20.01"),
        Act(0, "10:45", "liu.yang", "verify_refund", {"charged": "30.01", "due": "10.00", "currency": "CNY"}),
        Act(0, "10:50", "hu.mei", "pay_refund", {"method": "adjustment", "reference": "ADJ-1"}),
        *ended(0, "11:00", "liu.yang", "corrected"),
    ),
    days=3,
    channel="app",
)
REPAIRED_IN_VAIN = Life(
    "洗衣机送来就坏了，要求退货。",
    ("退货",),
    (
        reply(0, "10:05", "zhou.min", "progress", "您好，我正在核实。"),
        *proved(0, "10:20", "zhou.min", "电机故障", "company"),
        Act(
            0,
            "10:40",
            "zhou.min",
            "propose_solution",
            {
                "remedies": [{"kind": "repair", "responsible": "zhou.min"}],
                "answers": {"退货": {"result": "partly", "reason": "可先维修", "alternative": "维修无效再退货"}},
                "basis": "三包规定",
            },
        ),
        Act(0, "10:50", "zhou.min", "agree", AGREED),
        *(Act(0, hour, "zhou.min", "complete_step", {"step": "1"}) for hour in ("14:00", "14:30", "14:55")),
        Act(0, "15:00", "zhou.min", "resolve", {"outcome": "corrected", "statement": "已维修"}),
        Act(2, "10:00", "li.na", "call_back", {"solved": False, "satisfied": False, "medium": "phone"}),
        reply(2, "10:10", "zhou.min", "progress", "很抱歉，我重新核实。"),
        *proved(2, "10:30", "zhou.min", "维修后仍漏水", "company"),
        offered(2, "10:40", "xu.tao", "退货", {"kind": "return", "amount": "900", "responsible": "zhou.min"}),
        Act(2, "10:50", "zhou.min", "agree", AGREED),
        *(Act(2, hour, "zhou.min", "complete_step", {"step": "1"}) for hour in ("14:00", "14:30", "15:00")),
        Act(2, "15:20", "zhou.min", "complete_step", {"step": "1.refund"}),
        *ended(2, "15:30", "zhou.min", "corrected"),
    ),
    days=5,
    more={"product": "洗衣机", "scene": "三月一日送货"},
)
SHARED = Life(
    "快递送到时花瓶已经摔碎，包装也破损，要求赔偿。",
    ("赔偿",),
    (
        reply(0, "10:05", "sun.li", "progress", "您好，我是孙丽，正在核对运输记录，下午给您消息。"),
        Act(0, "10:07", "sun.li", "confirm_understanding", {"summary": "花瓶摔碎，要求赔偿", "confirmed": True}),
        Act(0, "10:10", "sun.li", "open_task", {"what": "说明破损环节", "department": "logistics"}),
        Act(0, "10:11", "sun.li", "open_task", {"what": "核对花瓶售价", "department": "product"}),
        Act(0, "11:00", "zhou.min", "close_task", {"task": "t2", "result": "售价 88 元"}),
        Act(0, "13:30", "sun.li", "close_task", {"task": "t1", "result": "承运商确认分拣时跌落"}),
        *proved(0, "13:40", "sun.li", "分拣时跌落，花瓶破碎", "third_party", party="顺达快递", loss="88.00"),
        offered(0, "13:50", "sun.li", "赔偿", {"kind": "compensation", "amount": "100.00", "responsible": "sun.li"}),
        Act(0, "14:01", "sun.li", "agree", AGREED),
        Act(0, "15:00", "sun.li", "complete_step", {"step": "1.apply"}),
        Act(0, "16:00", "sun.li", "complete_step", {"step": "1.pay"}),
        *ended(0, "16:10", "sun.li", "corrected"),
    ),
    days=3,
    channel="phone",
)
TAKEN_BACK = {"words": "不用处理了"}
ABOVE_AUTHORITY = Life(
    "房间很脏，服务员态度很差，要求退还房费。",
    ("退还房费",),
    (
        reply(0, "10:06", "li.na", "progress", "您好，我是李娜，正在核实，今天下午给您消息。"),
        *proved(0, "10:30", "li.na", "房间未打扫", "company"),
        offered(0, "11:00", "li.na", "退还房费", {"kind": "refund", "amount": "800.00", "responsible": "li.na"}),
        Act(2, "09:30", "li.na", "withdraw", TAKEN_BACK),
    ),
    days=3,
    channel="wechat",
)
UNTOUCHED = Life(
    "客服态度恶劣，一直骂人。", (), (Act(4, "11:00", "li.na", "withdraw", TAKEN_BACK),), days=5, channel="email"
)
DANGEROUS = Life(
    "手机充电器爆炸起火，孩子被烧伤住院了。",
    ("退款",),
    (Act(1, "09:30", "zhou.min", "withdraw", TAKEN_BACK),),
    days=2,
    channel="phone",
)
WAITING: Sequence[Life] = (ABOVE_AUTHORITY, UNTOUCHED, DANGEROUS)
"""Whoever waits in vain until they give up; nothing is wrong with the others."""
LIVES: Sequence[Life] = (*(EXPLAINED, REFUNDED, REPAIRED_IN_VAIN, SHARED) * 3, *WAITING)
"""What the benchmarks' history is made of; all come to an end."""


def script(begin: datetime, lives: Sequence[Life] = LIVES) -> Iterator[Mapping[str, Any]]:
    """The lines of a rehearsal in which these lives begin at that instant, a second apart; it is 10:00 of a day."""
    lines = chain.from_iterable(_lines(number, life, begin) for number, life in enumerate(lives))
    yield from sorted(lines, key=lambda line: datetime.fromisoformat(line.get("at") or line["until"]))


def _lines(number: int, life: Life, begin: datetime) -> Iterator[Mapping[str, Any]]:
    name = f"c{number}"
    customer = {**life.customer, "contacts": [_own(number, contact) for contact in life.customer["contacts"]]}
    submitted = {"channel": life.channel, "text": life.text, "customer": customer, "demands": list(life.demands)}
    product = {"product": f"商品 {number}", **life.more}
    at = begin + timedelta(seconds=number)
    yield {"at": at.isoformat(), "submit": {**submitted, **product}, "as": name}
    for act in life.acts:
        moment = datetime.combine(begin.date() + timedelta(days=act.day), time.fromisoformat(act.hour), begin.tzinfo)
        moment += timedelta(seconds=number)
        yield {"at": moment.isoformat(), "do": act.do, "on": name, "by": act.by, "data": dict(act.data)}
    yield {"until": (begin + timedelta(days=life.days)).isoformat()}


def _own(number: int, contact: Mapping[str, str]) -> Mapping[str, str]:
    """Another customer than the one before: nothing is linked or counted together."""
    return {**contact, "address": f"{contact['address'][:-3]}{number:03}"}
