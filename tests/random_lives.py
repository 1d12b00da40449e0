"""Complaints that live at random: colleagues try everything in every state, the real decisions allow what they do."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from events.complaint import Complaint
from events.envelope import StreamId
from policy.people.authority import who_may_approve
from policy.policy import DEFAULT_POLICY, SAMPLE_ORGANISATION
from services.compliance.conformance.company import company
from services.compliance.conformance.examined import Examined
from services.wiring.commands import NAMES
from services.wiring.rehearsal import Rehearsal
from tests import controls
from tests.examining import among

SHA = ("a" * 64, "b" * 64, "c" * 64, "d" * 64)
PEOPLE = tuple(controls.company().person)
TEXTS = (
    controls.ORDINARY,
    controls.DANGEROUS,
    controls.OVERCHARGED,
    controls.ENGLISH,
    "充电器质量有问题，你们不承认，我有检测报告，要求退货退款，七天无理由退货。",
)
CHANNELS = ("web", "phone", "chat", "wechat")
DEMANDS = ("退款", "道歉", "赔偿", "退货")
KINDS = ("compensation", "refund", "coupon", "apology", "return", "explanation", "特别关照", "gift")
MEDIA = ("phone", "chat", "visit", "email", "letter")
GROUNDS = ("settled_and_executed", "court_arbitration_or_association_closed", "appeal_body_mediated")


class Life:
    """Some complaints of one company, and colleagues who do something at random."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.now = datetime.fromisoformat("2026-03-02T10:00:00+08:00")
        self._rehearsal = Rehearsal(DEFAULT_POLICY.read_text(), SAMPLE_ORGANISATION.read_text(), self.now)
        self._ledger = self._rehearsal._ledger
        self._ledger.close = lambda: None  # type: ignore[method-assign]  # it is read on
        self.done, self.refused = 0, Counter[str]()

    async def live(self, steps: int) -> list[Examined]:
        """So many steps, and every complaint as it is then."""
        for number in range(self.random.randint(1, 2)):
            await self._do({"submit": self._submission(number), "as": f"c{number + 1}"})
        for _ in range(steps):
            self.now += timedelta(minutes=self.random.choice((0, 1, 5, 30, 200, 600, 1500, 4000)))
            await self._step()
        return self._examined()

    async def _step(self) -> None:
        """Mostly what comes next, else anything."""
        names = dict(self._rehearsal._names)
        stream = self.random.choice(list(names))
        complaint = self._ledger.cases.load_many([stream], {})[stream].complaint
        if self.random.random() < 0.02:
            away = {"absent": self._person(), "back": (self.now + timedelta(days=2)).isoformat()}
            await self._do({**away, "delegate": self._person()})
            return
        command = self._next(complaint) if self.random.random() < 0.75 else self.random.choice(ANY)
        if command in ENDS and self.random.random() < 0.8:
            return
        data = self._data(command, complaint, [other for other in names if other != stream])
        if data is not None:
            await self._do({"do": command, "on": names[stream], "by": self._by(command, complaint), "data": data})

    async def _do(self, line: Mapping[str, Any]) -> None:
        async for output in self._rehearsal.run([{"at": self.now.isoformat(), **line}]):
            if "refused" in output:
                self.refused[f"{output.get('do')} {output['refused']}"] += 1
        self.done += 1

    def _examined(self) -> list[Examined]:
        every, names = list(self._ledger.replay(0)), self._rehearsal._names
        known = company(r for r in every if r.complaint_id not in names)
        histories = {stream: self._ledger.load(stream) for stream in names}
        others = among(histories, known, self.now)
        return [Examined(history, known, self.now, others=others) for history in histories.values()]

    def _submission(self, number: int) -> Mapping[str, Any]:
        chance = self.random
        return {
            "channel": chance.choice(CHANNELS),
            "external_ref": f"c{number + 1}",
            "text": chance.choice(TEXTS),
            "customer": {"name": "张三", "contacts": [{"medium": "phone", "address": controls.PHONE}]},
            "demands": chance.sample(DEMANDS, chance.randint(0, 2)),
            "accused": chance.sample(PEOPLE, 1) if chance.random() < 0.3 else [],
        }

    def _person(self) -> str:
        return self.random.choice(PEOPLE)

    def _by(self, command: str, complaint: Complaint) -> str:
        """Mostly somebody who may."""
        if self.random.random() < 0.15:
            return self._person()
        if command == "pay_refund":
            return "hu.mei"
        if command in ("approve", "refuse_approval"):
            rules, company = controls.policy().document.authority, controls.company()
            may = [p for a in complaint.solution.waiting() for p in who_may_approve(complaint, a, rules, company)]
            return self.random.choice(may) if may else self._person()
        if command in ("review", "extend", "delegate", "name_owner", "recuse", "label", "nudge", "migrate"):
            return self.random.choice(("wang.fang", "zhao.lei", "wu.hao", "xu.tao"))
        return complaint.handler or self._person()

    def _next(self, complaint: Complaint) -> str:
        """What a colleague would do now."""
        ending, solution, pick = complaint.ending, complaint.solution, self.random.choice
        if ending.closed:
            return pick(("reopen", "review", "take_action", "measure_effect", "archive", "pay_refund"))
        if ending.is_called_back:
            return pick(("review", "archive", "archive", "keep_promise", "close_task"))
        if ending.is_resolved:
            return pick(("call_back", "review", "record_attempt"))
        if complaint.links.merged_into is not None:
            return "unlink"
        if solution.waiting() and self.random.random() < 0.7:
            return pick(("approve", "approve", "approve", "refuse_approval"))
        if solution.agreed:
            return pick(
                ("complete_step", "complete_step", "resolve", "pay_refund", "keep_promise", "close_task", "fail_step")
            )
        if solution.current:
            return pick(("agree", "decline", "decline", "propose_solution", "reply", "resolve"))
        if complaint.verification.is_done:
            return pick(("propose_solution", "propose_solution", "verify_refund", "pay_refund", "resolve", "reply"))
        return pick(("confirm_understanding", "add_evidence", "verify", "verify", "reply"))

    def _data(self, command: str, complaint: Complaint, others: Sequence[StreamId]) -> dict[str, Any] | None:
        made = getattr(self, f"_{command}", None)
        if made is not None:
            data: dict[str, Any] | None = made(complaint)
            return data
        if command in ("link", "unlink"):
            if command == "link" and self.random.random() < 0.7:
                return None
            relation = self.random.choice(("duplicate", "repeat", "incident"))
            return {"to": self.random.choice(others), "relation": relation} if others else None
        return dict(self.random.choice(FIXED[command]))

    def _assign(self, _: Complaint) -> dict[str, Any]:
        return {"handler": self._person()}

    def _hand_over(self, _: Complaint) -> dict[str, Any]:
        return {"to": self._person(), "reason": "交班"}

    _name_owner = _hand_over

    def _recuse(self, _: Complaint) -> dict[str, Any]:
        return {"person": self._person(), "reason": "亲属", "lift": self.random.random() < 0.4}

    def _delegate(self, _: Complaint) -> dict[str, Any]:
        until = self.now + timedelta(days=self.random.choice((1, 14, 20)))
        limit = self.random.choice(("100", "500", "1000", "9000"))
        return {"to": self._person(), "limit": limit, "until": until.isoformat(), "reason": "外出"}

    def _open_task(self, _: Complaint) -> dict[str, Any]:
        return {"what": "核对", "person": self._person()}

    def _label(self, _: Complaint) -> dict[str, Any]:
        until = self.now + timedelta(days=self.random.choice((1, 90, 91)))
        return {"kind": "suspicious", "value": "x", "reason": "y", "until": until.isoformat()}

    def _extend(self, _: Complaint) -> dict[str, Any]:
        until = self.now + timedelta(days=self.random.choice((1, 3, 10, 16)))
        return {"clock": self.random.choice(("solution", "execution")), "until": until.isoformat(), "reason": "等待"}

    def _promise(self, _: Complaint) -> dict[str, Any]:
        by = self.now + timedelta(hours=self.random.choice((1, 10, 30, 3000)))
        return {"what": self.random.choice(("回电", "赔偿到账")), "by": by.isoformat()}

    def _keep_promise(self, complaint: Complaint) -> dict[str, Any]:
        return {"promise": f"p{self.random.randint(1, len(complaint.execution.promises) + 1)}"}

    def _close_task(self, complaint: Complaint) -> dict[str, Any]:
        return {"task": f"t{self.random.randint(1, len(complaint.participation.tasks) + 1)}", "result": "已核对"}

    def _take_action(self, complaint: Complaint) -> dict[str, Any]:
        return {"action": f"a{self.random.randint(1, len(complaint.learning.actions) + 1)}"}

    def _measure_effect(self, complaint: Complaint) -> dict[str, Any]:
        today = self.now.date().isoformat()
        return {**self._take_action(complaint), "before": "3", "after": "1", "since": today, "until": today}

    def _supplement(self, _: Complaint) -> dict[str, Any]:
        accused = [self._person()] if self.random.random() < 0.2 else []
        text = f"补充{self.random.randint(1, 9)}"
        demands = self.random.sample(DEMANDS, self.random.randint(0, 1))
        return {"text": text, "accused": accused, "demands": demands}

    def _add_evidence(self, _: Complaint) -> dict[str, Any]:
        kind = self.random.choice(("photo", "report", "call_record", "document", "consent"))
        sha = self.random.choice(SHA)
        authentic = self.random.choice((True, True, True, False, None))
        return {"name": f"{kind}.jpg", "media_type": "image/jpeg", "sha256": sha, "kind": kind, "authentic": authentic}

    def _verify(self, complaint: Complaint) -> dict[str, Any]:
        pieces = [e.sha256 for e in complaint.verification.evidence]
        return {
            "facts": "核实无误",
            "liable": self.random.choice(("company", "company", "customer", "third_party", "undetermined")),
            "party": self.random.choice((None, "顺丰", "顺丰")),
            "cause": self.random.choice(("service.process", "不明")),
            "evidence": self.random.sample(pieces, self.random.randint(0, len(pieces))),
            "loss": self.random.choice((None, "100", "500")),
            "self_reported": self.random.random() < 0.1,
        }

    def _propose_solution(self, complaint: Complaint) -> dict[str, Any]:
        chance = self.random
        wanted = [chance.choice(KINDS) for _ in range(chance.randint(0, 2))]
        amounts = (None, "10", "50", "100", "100.01", "999.99", "1000", "1000.01", "10000", "10000.01")
        answers: dict[str, Any] = {}
        for demand in complaint.demands or chance.sample(DEMANDS, chance.randint(0, 1)):
            result = chance.choice(("met", "met", "partly", "declined"))
            answers[demand] = {"result": result, "reason": "说明", "alternative": "优惠券"}
        return {
            "remedies": [{"kind": kind, "amount": chance.choice(amounts)} for kind in wanted],
            "answers": answers,
            "basis": chance.choice(
                ("客户服务补救办法第三条", "new_facts", "own_failure", "authority_ruling", "statutory")
            ),
            "final": chance.random() < 0.35,
            "ground": "董事会决定" if chance.random() < 0.3 else None,
        }

    def _approve(self, complaint: Complaint) -> dict[str, Any] | None:
        waiting = complaint.solution.waiting()
        if not waiting:
            return None
        approval = self.random.choice(waiting)
        role = self.random.choice((*approval.waiting_for * 3, "manager", "legal"))
        right = self.random.random() < 0.9
        content = approval.content_sha256 if right else SHA[0]
        return {"subject": approval.subject, "content_sha256": content, "as_role": role, "reason": "已阅"}

    _refuse_approval = _approve

    def _agree(self, complaint: Complaint) -> dict[str, Any]:
        pieces = [e.sha256 for e in complaint.verification.evidence]
        return {"medium": "phone", "words": "可以", "evidence": pieces[: self.random.randint(0, 2)]}

    _decline = _agree

    def _complete_step(self, complaint: Complaint) -> dict[str, Any]:
        steps = [step.step for step in complaint.plan if not step.is_done] or ["1.pay"]
        return {"step": steps[0] if self.random.random() < 0.9 else self.random.choice(steps)}

    _fail_step = _complete_step

    def _verify_refund(self, _: Complaint) -> dict[str, Any]:
        charged = self.random.choice(("30.01", "10", "600", "6000"))
        return {"charged": charged, "due": "10.00", "ground": "董事会" if self.random.random() < 0.5 else None}

    def _review(self, _: Complaint) -> dict[str, Any]:
        answers = dict.fromkeys(("what", "why", "when", "where", "who", "how", "lesson"), "说明")
        due = (self.now + timedelta(days=7)).isoformat()
        actions = [{"what": "培训", "owner": self._person(), "due": due}] * self.random.randint(0, 2)
        return {**answers, "cause": "service.process", "actions": actions, "no_action": "偶发"}


FIXED: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "escalate": ({"reason": "超出权限"}, {"reason": "特殊", "special": True}),
    "nudge": ({"text": "请今日答复"},),
    "confirm_understanding": (
        {"summary": "多收费", "confirmed": True},
        {"summary": "多收费", "confirmed": False},
        {"summary": "态度差", "confirmed": True, "demands": ["道歉"], "emotion": 5},
        {"summary": "态度差", "confirmed": True, "on_the_spot": True},
    ),
    "request_information": ({"what": "购买凭证", "reason": "核对"},),
    "pay_refund": (
        {"method": "adjustment", "reference": "A-1"},
        {"method": "transfer", "reference": "A-2", "reason": "x"},
    ),
    "reply": tuple(
        {"kind": kind, "medium": medium, "text": "您好，给您带来不便，我很抱歉。我们正在核实。"}
        for kind in ("decision", "progress", "explanation")
        for medium in MEDIA
    ),
    "record_attempt": ({"medium": "phone", "outcome": "no_answer"}, {"medium": "phone", "outcome": "off"}),
    "not_accept": tuple({"ground": ground, "proof": "协议 1 号"} for ground in GROUNDS),
    "withdraw": ({"words": "不投诉了"},),
    "resolve": tuple({"outcome": outcome, "statement": "说明"} for outcome in ("corrected", "clarified", "partly")),
    "call_back": (
        {"solved": True, "satisfied": True, "medium": "phone"},
        {"solved": True, "satisfied": True, "medium": "sms"},
        {"solved": True, "satisfied": False, "suggestion": "加快退款", "medium": "phone"},
        {"solved": False, "satisfied": False, "medium": "phone"},
    ),
    "reopen": ({"reason": "客户有新的事实"},),
    "archive": ({},),
}
ANY = tuple(name for name in NAMES if name != "migrate")
"""Every command but a move to another policy: one is published here."""
ENDS = ("not_accept", "withdraw")
"""Seldom tried, since little can happen afterwards."""
