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
    INFORMATION_REQUEST = "information_request", "补充材料请求", "request for information"
    EXTENSION = "extension", "延期告知", "notice of extension"
    CHANGE = "change", "变更告知", "notice of change"
    NOT_ACCEPTED = "not_accepted", "不予受理告知", "notice of non-acceptance"
    BROKEN_PROMISE = "broken_promise", "未兑现承诺致歉", "apology for a broken promise"
    REOPENING = "reopening", "重新处理告知", "notice of reopening"
    ASSIGNMENT = "assignment", "派单提醒", "assignment"
    ESCALATION = "escalation", "升级提醒", "escalation"
    BREACH = "breach", "超时提醒", "missed deadline"
    APPROVAL = "approval", "待批提醒", "approval wanted"
    NUDGE = "nudge", "督促", "urged"
    TASK = "task", "协同任务", "task"
    CALLBACK = "callback", "回访提醒", "callback wanted"
    COMMITMENT = "commitment", "承诺提醒", "promise to keep"
    ACTION = "action", "改进措施提醒", "action to take"
    PING_PONG = "ping_pong", "反复移交提醒", "handed round in circles"
    WARNING = "warning", "临期提醒", "deadline near"
    DIRECT_CONTACT = "direct_contact", "部门直接联系客户", "department in touch with the customer"
    RECUSAL = "recusal", "回避人员介入提醒", "somebody recused tried to act"


class Expectation(Word):
    """What the customer hopes for (S001-18.1)."""

    BE_HEARD = "be_heard", "被倾听", "to be heard"
    UNDERSTAND = "understand", "了解情况", "to understand"
    SOLVE = "solve", "解决问题", "a solution"
    COMPENSATE = "compensate", "得到补偿", "compensation"
    PREVENT = "prevent", "避免再发生", "that it does not happen again"


class Purpose(Word):
    """What the complaint is for (S001-9.6, S001-18.9)."""

    VENT = "vent", "宣泄", "to vent"
    NEGOTIATE = "negotiate", "协商", "to negotiate"
    WARN = "warn", "提醒改进", "to warn us"
    RIGHT = "right", "维权", "to claim a right"


class Nature(Word):
    """What kind of complaint it is (S001-3.1)."""

    TRANSACTIONAL = "transactional", "交易类", "transactional"
    ATTITUDE = "attitude", "态度类", "attitude"
    OPINION = "opinion", "意见类", "opinion"


class Mode(Word):
    """Where it is solved (S002-0.1)."""

    ON_THE_SPOT = "on_the_spot", "现场解决", "on the spot"
    DISPATCHED = "dispatched", "派单处理", "dispatched"


class LabelKind(Word):
    """What a restricted label speaks of (C21)."""

    TEMPERAMENT = "temperament", "性格类型", "temperament"
    BAD_FAITH = "bad_faith", "恶意", "bad faith"
    SUSPICIOUS = "suspicious", "可疑模式", "suspicious pattern"


class Liable(Word):
    """Who is liable inside; outside the company answers always (C10, S001-2.1)."""

    COMPANY = "company", "本公司", "the company"
    THIRD_PARTY = "third_party", "第三方", "a third party"
    CUSTOMER = "customer", "客户", "the customer"
    UNDETERMINED = "undetermined", "无法确定", "undetermined"


class EvidenceKind(Word):
    """What a piece of evidence is."""

    CALL_RECORD = "call_record", "通话录音", "call recording"
    CHAT = "chat", "聊天记录", "chat log"
    PHOTO = "photo", "照片", "photo"
    VIDEO = "video", "视频", "video"
    DOCUMENT = "document", "书面材料", "document"
    BILL = "bill", "账单", "bill"
    REPORT = "report", "检测或鉴定报告", "third-party report"
    STATEMENT = "statement", "陈述", "statement"
    CONSENT = "consent", "客户同意记录", "record of consent"
    OTHER = "other", "其他", "other"


class RemedyBasis(Word):
    """Why the company does something for the customer (S003-5.3)."""

    LIABILITY = "liability", "责任所在", "liability"
    GOODWILL = "goodwill", "善意补救", "goodwill"
    UNDECIDED = "undecided_goodwill", "责任未定的善意补救", "goodwill while liability is open"
    STANDARD = "standard", "公司标准", "the company's standard"


class DemandResult(Word):
    """What becomes of a demand."""

    MET = "met", "满足", "met"
    PARTLY = "partly", "部分满足", "partly met"
    DECLINED = "declined", "不能满足", "declined"


class BillingError(Word):
    """How a charge was wrong (S002-6.3)."""

    MISTAKEN = "mistaken", "误收费", "charged by mistake"
    WRONG = "wrong", "错收费", "charged wrongly"
    EXCESS = "excess", "多收费", "charged too much"


class RefundMethod(Word):
    """How money goes back (S002-6.5)."""

    ADJUSTMENT = "adjustment", "调账", "account adjustment"
    TOP_UP = "top_up", "账户充值", "top-up"
    TRANSFER = "transfer", "转账", "bank transfer"


class Ground(Word):
    """Why a complaint is not accepted (S002-7.3..7.6)."""

    SETTLED = "settled_and_executed", "已达成和解协议且已执行", "settled and carried out"
    DECIDED = "court_arbitration_or_association_closed", "法院、仲裁机构或消费者组织已处理完结", "decided elsewhere"
    MEDIATED = "appeal_body_mediated", "申诉机构已调解并出具意见书", "mediated by the appeal body"
    LAW = "law_provides_otherwise", "法律法规另有规定", "the law provides otherwise"


class Resolution(Word):
    """How a complaint ended (S002-3.2)."""

    CORRECTED = "corrected", "有错已纠", "corrected"
    CLARIFIED = "clarified", "无错已澄清", "clarified"
    PARTLY = "partly", "部分支持", "partly upheld"


class Relation(Word):
    """How two complaints belong together."""

    DUPLICATE = "duplicate", "重复件", "duplicate"
    REPEAT = "repeat", "再次投诉", "repeat"
    INCIDENT = "incident", "同一事件", "incident"


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
    DESK = "desk", "坐席工作台", "desk"
    COMPLIANCE = "compliance", "合规服务", "compliance"
    SETUP = "setup", "安装配置", "setup"
