"""The field's words, one word per idea, each with its Chinese and its English label."""

from enum import StrEnum
from typing import Literal, Self

Language = Literal["zh", "en"]
"""zh (zh-CN) comes first everywhere; en is the second language."""


class Word(StrEnum):
    """An enumeration whose members carry labels: `LOGISTICS = "logistics", "物流", "logistics"`."""

    zh: str
    en: str

    def __new__(cls, value: str, zh: str, en: str) -> "Word":
        member = str.__new__(cls, value)
        member._value_ = value
        member.zh = zh
        member.en = en
        return member

    @classmethod
    def of(cls, value: str) -> Self:
        """The member of that value; raises KeyError for none."""
        return {str(member.value): member for member in cls}[value]

    def label(self, language: Language) -> str:
        """The word as a reader of that language sees it."""
        return self.zh if language == "zh" else self.en


class Category(Word):
    """What the company has to put right (S004-2.1, S002-6.1)."""

    PRODUCT = "product", "产品", "product"
    SERVICE = "service", "服务", "service"
    LOGISTICS = "logistics", "物流", "logistics"
    BILLING = "billing", "费用", "billing"
    OTHER = "other", "其他", "other"


class Priority(Word):
    """The colour, which is the speed of handling (S004-2.2..2.6)."""

    RED = "red", "红色", "red"
    YELLOW = "yellow", "黄色", "yellow"
    GREEN = "green", "绿色", "green"


class Complexity(Word):
    """Which solution clock applies (S001-17.6, S001-17.7)."""

    SIMPLE = "simple", "简单", "simple"
    COMPLEX = "complex", "复杂", "complex"


class ActorKind(Word):
    """Who acted."""

    SYSTEM = "system", "系统", "system"
    PERSON = "person", "人员", "person"
    CUSTOMER = "customer", "客户", "customer"
    CHANNEL = "channel", "渠道", "channel"


class Medium(Word):
    """By what means a person is reached."""

    PHONE = "phone", "电话", "phone"
    SMS = "sms", "短信", "SMS"
    EMAIL = "email", "电子邮件", "email"
    CHAT = "chat", "在线聊天", "chat"
    APP = "app", "应用消息", "app message"
    WECHAT = "wechat", "微信", "WeChat"
    WEIBO = "weibo", "微博", "Weibo"
    LETTER = "letter", "信函", "letter"
    VISIT = "visit", "面谈", "visit"
    CHANNEL = "channel", "原渠道", "the channel of the complaint"


class ReplyKind(Word):
    """What a message to a customer or a colleague is for."""

    ACKNOWLEDGEMENT = "acknowledgement", "受理通知", "acknowledgement"
    DECISION = "decision", "处理意见", "decision"
    PROGRESS = "progress", "进展告知", "progress"
    EXPLANATION = "explanation", "解释说明", "explanation"
    CONFIRMATION = "confirmation", "方案确认", "confirmation"
    REFUND = "refund", "退费告知", "refund notice"
    UNREACHABLE = "unreachable", "联系不上提醒", "could-not-reach-you notice"
    EXHAUSTED = "exhausted", "未能联系上客户提醒", "customer not reached"
    ASSIGNMENT = "assignment", "派单提醒", "assignment"
    ESCALATION = "escalation", "升级提醒", "escalation"
    BREACH = "breach", "超时提醒", "missed deadline"


class Audience(Word):
    """Whom a message is for: they are reached by different senders and under different rules."""

    CUSTOMER = "customer", "客户", "customer"
    STAFF = "staff", "员工", "staff"


class Outcome(Word):
    """Why an attempt to reach the customer did not succeed (S002-1.8), or that attempts are exhausted."""

    OFF = "off", "关机", "switched off"
    SUSPENDED = "suspended", "停机", "suspended"
    NO_ANSWER = "no_answer", "无人接听", "no answer"
    REFUSED = "refused", "拒接", "refused"
    NO_CONTACT = "no_contact", "无其他联系方式", "no other contact"
    FAILED = "failed", "发送失败", "failed"
    UNKNOWN = "unknown", "结果未知", "outcome unknown"
    EXHAUSTED = "exhausted", "时限内未联系上", "not reached within the window"


class Service(Word):
    """The services that write facts; each fact has exactly one writer (ADR 0003)."""

    INTAKE = "intake", "受理服务", "intake"
    WORKFLOW = "workflow", "流程服务", "workflow"
    NOTIFIER = "notifier", "通知服务", "notifier"
    SETUP = "setup", "安装配置", "setup"
