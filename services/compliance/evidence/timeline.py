"""The timeline of a bundle: one complaint on paper, every fact one sentence, for people who have nothing of ours."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from events.complaint import Complaint
from events.envelope import History, Recorded
from events.reception import Received, Supplemented
from events.sentences import in_words, local_time, sentence
from events.tokens import HIDDEN, masked
from events.vocabulary import Language
from policy.policy import Policy
from policy.timing.clock_readings import ClockReading, ClockState
from policy.timing.explanation import in_words as length_in_words
from services.compliance.evidence.markup import Html, page, rows, tag
from services.compliance.seal.checkpoints import Checkpoint


class Told(NamedTuple):
    """What a timeline is made from."""

    history: History
    """Personal texts as tokens, or readable where they are disclosed."""
    complaint: Complaint
    policy: Policy
    indexes: Sequence[int]
    """Of each fact, in the log."""
    entries: Sequence[str]
    """Of each fact, SHA-256 of its event line in hexadecimal."""
    attachments: Sequence[Mapping[str, object]]
    head: Checkpoint
    as_of: datetime
    """The instant the clocks are read at: when the checkpoint was signed."""
    is_disclosed: bool


def timeline(told: Told, language: Language) -> str:
    """The document, HTML without scripts."""
    say = WORDS[language]
    note = say["disclosed" if told.is_disclosed else "hidden"]
    return page(
        language,
        f"{say['title']} {told.complaint.number}",
        tag("h1", f"{say['title']} {told.complaint.number}"),
        tag("p", say["intro"].format(time=_time(told, told.as_of), zone=told.policy.zone.key), class_="note"),
        tag("p", note, class_="note"),
        _section(say["facts"], _facts(told, language)),
        _section(say["words"], *_words(told, language)),
        _section(say["clocks"], _clocks(told, language)),
        _section(say["history"], _history(told, language)),
        _section(say["attachments"], _attachments(told, language)),
        _section(say["proof"], _proof(told, language)),
    )


def _section(title: str, *content: Html) -> Html:
    return tag("section", tag("h2", title), *content)


def _facts(told: Told, language: Language) -> Html:
    complaint, say = told.complaint, WORDS[language]
    zone = told.policy.zone
    customer = complaint.customer
    contacts = [f"{contact.medium.label(language)} {contact.address}" for contact in customer.contacts]
    lines: list[tuple[str, object]] = [
        ("number", complaint.number),
        ("id", complaint.complaint_id),
        ("received", complaint.received_at),
        ("channel", complaint.channel),
        ("reference", complaint.external_ref),
        ("customer", customer.name),
        ("contacts", contacts or None),
        ("product", complaint.product),
        ("scene", complaint.scene),
        ("demands", complaint.demands or None),
        ("accused", complaint.accused or None),
        ("category", complaint.category),
        ("priority", complaint.priority),
        ("complexity", complaint.complexity),
        ("owner", complaint.owner),
        ("handler", complaint.handler),
        ("level", complaint.level),
        ("policy", complaint.policy),
    ]
    shown = [(say[key], in_words(value, language, zone)) for key, value in lines if value is not None]
    return tag("dl", *(Html(tag("dt", key) + tag("dd", masked(value))) for key, value in shown))


def _words(told: Told, language: Language) -> Iterable[Html]:
    """What the customer said, first to last."""
    for recorded in told.history:
        if isinstance(recorded.fact, Received | Supplemented):
            text = masked(recorded.fact.text)
            said = tag("p", WORDS[language]["no_words"], class_="note") if text == HIDDEN else tag("blockquote", text)
            yield Html(tag("p", _time(told, recorded.occurred_at), class_="note") + said)


def _clocks(told: Told, language: Language) -> Html:
    say = WORDS[language]
    readings = told.policy.clocks.readings(told.history, told.complaint, told.as_of)
    head = tuple(say[key] for key in ("clock", "source", "started", "due", "stopped", "state"))
    return rows(head, [_clock(told, reading, language) for reading in readings])


def _clock(told: Told, reading: ClockReading, language: Language) -> Html:
    say, why = WORDS[language], told.policy.clocks.explain(reading)
    over = _late(reading, told.as_of)
    late = f"{say['late']}{length_in_words(over, language)}" if over else None
    instants = (_instant(told, each) for each in (reading.started_at, reading.due_at, reading.stopped_at))
    state = tag("td", reading.state.label(language), tag("div", late, class_="late") if late else None, class_="s")
    rule = tag("div", why.duration.words(language), class_="note") if why.duration is not None else None
    return tag("tr", tag("td", why.title[language], rule), tag("td", ", ".join(why.source)), *instants, state)


def _late(reading: ClockReading, now: datetime) -> timedelta | None:
    """How long past due it was stopped, or still runs; None where it was not late."""
    if reading.due_at is None or reading.state not in (ClockState.STOPPED, ClockState.BREACHED):
        return None
    # Whole seconds are enough on paper.
    seconds = int(((reading.stopped_at or now) - reading.due_at).total_seconds())
    return timedelta(seconds=seconds) if seconds > 0 else None


def _history(told: Told, language: Language) -> Html:
    say = WORDS[language]
    lines = zip(told.history, told.indexes, told.entries, strict=True)
    head = tuple(say[key] for key in ("version", "happened", "recorded", "index"))
    return rows(head, [_happened(told, *line, language) for line in lines])


def _happened(told: Told, recorded: Recorded, index: int, entry: str, language: Language) -> Html:
    return tag(
        "tr",
        tag("td", recorded.version, class_="n"),
        tag("td", masked(sentence(recorded, language, told.policy.zone))),
        _instant(told, recorded.recorded_at),
        tag("td", index, tag("div", tag("code", entry[:12]), class_="note"), class_="s"),
        data_version=recorded.version,
        data_entry=entry,
    )


def _attachments(told: Told, language: Language) -> Html:
    say = WORDS[language]
    if not told.attachments:
        return tag("p", say["none"])
    lines = [
        tag(
            "tr",
            tag("td", file["version"], class_="n"),
            tag("td", masked(str(file["name"])), tag("div", tag("code", file["sha256"]))),
            tag("td", file["media_type"]),
            tag("td", "-" if file["size"] is None else file["size"], class_="n"),
            tag("td", say["included" if file["included"] else "not_included"]),
        )
        for file in told.attachments
    ]
    return rows(tuple(say[key] for key in ("version", "file", "media_type", "size", "here")), lines)


def _proof(told: Told, language: Language) -> Html:
    say, head = WORDS[language], told.head
    lines = (
        ("origin", head.origin),
        ("entries", head.size),
        ("root", head.root.hex()),
        ("signed", _time(told, told.as_of)),
    )
    facts = tag("dl", *(Html(tag("dt", say[key]) + tag("dd", tag("code", value))) for key, value in lines))
    how = tag("p", say["check"], " ", tag("code", "python3 verify.py"))
    return Html(facts + how + tag("p", say["counts"], class_="note"))


def _instant(told: Told, moment: datetime | None) -> Html:
    return tag("td", "-" if moment is None else _time(told, moment), class_="t")


def _time(told: Told, moment: datetime) -> str:
    return local_time(moment, told.policy.zone)


WORDS: Mapping[Language, Mapping[str, str]] = {
    "zh": {
        "title": "投诉处理经过",
        "intro": "截至 {time}，时间均为 {zone} 当地时间。由台账自动生成，每一事件一句。",
        "hidden": "客户个人信息已加密，本份以 *** 代替。",
        "disclosed": "本份含未遮盖的客户个人信息，仅供申请的用途使用。",
        "facts": "基本情况",
        "words": "客户原话",
        "no_words": "已加密，本份不含原文。",
        "clocks": "时限",
        "history": "经过",
        "attachments": "附件",
        "proof": "证明",
        "none": "无。",
        "number": "投诉编号",
        "id": "标识",
        "received": "受理时间",
        "channel": "渠道",
        "reference": "渠道编号",
        "customer": "客户",
        "contacts": "联系方式",
        "product": "产品",
        "scene": "情形",
        "demands": "诉求",
        "accused": "被投诉人员",
        "category": "类别",
        "priority": "颜色",
        "complexity": "复杂程度",
        "owner": "负责人",
        "handler": "处理人",
        "level": "级别",
        "policy": "适用政策",
        "clock": "时限",
        "source": "依据",
        "started": "起算",
        "due": "到期",
        "stopped": "完成",
        "state": "状态",
        "late": "超时 ",
        "version": "序",
        "happened": "事件",
        "recorded": "入账时间",
        "index": "日志序号",
        "file": "文件（SHA-256）",
        "media_type": "类型",
        "size": "字节",
        "here": "原件",
        "included": "在包内",
        "not_included": "不在包内",
        "origin": "日志",
        "entries": "条数",
        "root": "根",
        "signed": "签名时间",
        "check": "在解压后的文件夹中运行以下命令即可离线校验：",
        "counts": "本页文字由公司生成，以 events.jsonl 中的事件为准；每一事件的哈希与其在日志中的序号列于表中。",
    },
    "en": {
        "title": "Timeline of complaint",
        "intro": "As of {time}; all times are local in {zone}. Made from the ledger, one sentence for each event.",
        "hidden": "The customer's personal data is encrypted; this copy shows *** in its place.",
        "disclosed": "This copy shows the customer's personal data unmasked, for the purpose it was asked for only.",
        "facts": "Facts",
        "words": "The customer's words",
        "no_words": "Encrypted; this copy does not hold them.",
        "clocks": "Deadlines",
        "history": "What happened",
        "attachments": "Attachments",
        "proof": "Proof",
        "none": "None.",
        "number": "Number",
        "id": "Id",
        "received": "Received",
        "channel": "Channel",
        "reference": "Reference of the channel",
        "customer": "Customer",
        "contacts": "Contacts",
        "product": "Product",
        "scene": "Scene",
        "demands": "Demands",
        "accused": "Accused",
        "category": "Category",
        "priority": "Colour",
        "complexity": "Complexity",
        "owner": "Owner",
        "handler": "Handler",
        "level": "Level",
        "policy": "Policy",
        "clock": "Deadline",
        "source": "Source",
        "started": "Started",
        "due": "Due",
        "stopped": "Stopped",
        "state": "State",
        "late": "late by ",
        "version": "No.",
        "happened": "Event",
        "recorded": "Recorded",
        "index": "Index in the log",
        "file": "File (SHA-256)",
        "media_type": "Type",
        "size": "Bytes",
        "here": "Original",
        "included": "in the bundle",
        "not_included": "not in the bundle",
        "origin": "Log",
        "entries": "Entries",
        "root": "Root",
        "signed": "Signed at",
        "check": "To check it offline, run this in the unpacked folder:",
        "counts": "The words of this page are the company's; the events in events.jsonl are what counts. "
        "The hash of each event and its index in the log stand in the table.",
    },
}
