"""The words of the pages in both languages, and how they say times."""

from datetime import datetime, timedelta, tzinfo

from events.vocabulary import Category, Language, Priority, Word
from policy.people.organisation import Organisation
from services.desk.markup import Html, tag

WORDS: dict[str, dict[Language, str]] = {
    "title": {"zh": "投诉实况", "en": "Complaints, live"},
    "board": {"zh": "最新投诉", "en": "Newest complaints"},
    "stream": {"zh": "正在发生", "en": "Happening now"},
    "number": {"zh": "编号", "en": "Number"},
    "priority": {"zh": "颜色", "en": "Colour"},
    "category": {"zh": "类别", "en": "Category"},
    "channel": {"zh": "渠道", "en": "Channel"},
    "status": {"zh": "状态", "en": "Status"},
    "handler": {"zh": "处理人", "en": "Handler"},
    "owner": {"zh": "负责人", "en": "Owner"},
    "department": {"zh": "部门", "en": "Department"},
    "level": {"zh": "级别", "en": "Level"},
    "due": {"zh": "下一时限", "en": "Next deadline"},
    "breaches": {"zh": "超时", "en": "Missed"},
    "received": {"zh": "受理时间", "en": "Received"},
    "nothing_yet": {"zh": "还没有投诉。", "en": "No complaint yet."},
    "silence": {"zh": "还没有事件。", "en": "Nothing has happened yet."},
    "unsorted": {"zh": "未分类", "en": "unsorted"},
    "live": {"zh": "实时更新中", "en": "live"},
    "lost": {"zh": "连接中断，正在重试", "en": "connection lost, trying again"},
    "not_live": {"zh": "静态页面", "en": "static page"},
    "skipped": {
        "zh": "事件太快，略过一部分；台账中都在。",
        "en": "Too fast to show: some are left out here, none in the ledger.",
    },
    "language": {"zh": "English", "en": "中文"},
    "zone": {"zh": "时间按 {zone}", "en": "times in {zone}"},
    "back": {"zh": "返回实况", "en": "Back to the board"},
    "facts": {"zh": "基本情况", "en": "Facts"},
    "words": {"zh": "客户原话", "en": "The customer's words"},
    "clocks": {"zh": "时限", "en": "Deadlines"},
    "history": {"zh": "经过", "en": "History"},
    "customer": {"zh": "客户", "en": "Customer"},
    "contacts": {"zh": "联系方式", "en": "Contacts"},
    "reference": {"zh": "渠道编号", "en": "Reference"},
    "product": {"zh": "产品", "en": "Product"},
    "scene": {"zh": "情形", "en": "Scene"},
    "demands": {"zh": "诉求", "en": "Demands"},
    "accused": {"zh": "被投诉人员", "en": "Accused"},
    "complexity": {"zh": "复杂程度", "en": "Complexity"},
    "flags": {"zh": "标记", "en": "Flags"},
    "policy": {"zh": "适用政策", "en": "Policy"},
    "version": {"zh": "版本", "en": "Version"},
    "due_at": {"zh": "到期", "en": "due"},
    "why": {"zh": "计算依据", "en": "How it is counted"},
    "then": {"zh": "看当时", "en": "as it was then"},
    "as_of": {"zh": "这是 {time} 时台账所知的情况。", "en": "This is what the ledger knew at {time}."},
    "today": {"zh": "看现在", "en": "show the present"},
    "as_json": {"zh": "原始数据", "en": "JSON"},
    "not_found": {"zh": "没有这样的投诉", "en": "No such complaint"},
    "failures": {"zh": "{count} 件投诉无法读取，见日志", "en": "{count} complaints cannot be read; see the log"},
}

_SHAPES: dict[str | None, str] = {Priority.RED.value: "▲", Priority.YELLOW.value: "◆", Priority.GREEN.value: "●"}
_UNITS: dict[Language, tuple[str, str, str, str]] = {
    "zh": (" 天", " 小时", " 分", " 秒"),
    "en": (" d", " h", " min", " s"),
}
_LEFT: dict[Language, str] = {"zh": "剩 {length}", "en": "{length} left"}
_LATE: dict[Language, str] = {"zh": "超时 {length}", "en": "{length} late"}


def say(key: str, language: Language, **words: object) -> str:
    """The word or sentence of that key."""
    return WORDS[key][language].format(**words)


def label(words: type[Word], value: str | None, language: Language) -> str:
    """The label of a word that may be unknown or not known yet."""
    if value is None:
        return "-"
    return next((word.label(language) for word in words if word.value == value), value)


def colour(priority: str | None, language: Language) -> Html:
    """The priority as colour, word and shape."""
    word = say("unsorted", language) if priority is None else label(Priority, priority, language)
    shape = tag("span", _SHAPES.get(priority, "○"), aria_hidden="true")
    return tag("span", shape, " ", word, class_=f"colour {priority if priority in _SHAPES else 'unsorted'}")


def category(value: str | None, language: Language) -> str:
    """The category's label."""
    return label(Category, value, language)


def remaining(due: datetime, now: datetime, language: Language) -> str:
    """`剩 12 分`, `3 h 5 min late`: the two largest units."""
    seconds = int(abs(due - now) / timedelta(seconds=1))
    counts = (seconds // 86_400, seconds // 3_600 % 24, seconds // 60 % 60, seconds % 60)
    first = next((place for place, count in enumerate(counts) if count), 3)
    shown = zip(counts[first : first + 2], _UNITS[language][first : first + 2], strict=True)
    length = " ".join(f"{count}{unit}" for count, unit in shown if count) or f"0{_UNITS[language][3]}"
    return (_LATE if due < now else _LEFT)[language].format(length=length)


def deadline(due: datetime, now: datetime, zone: tzinfo, language: Language) -> Html:
    """How long until or since a deadline; the instant itself on hover."""
    local = due.astimezone(zone)
    return tag(
        "time",
        remaining(due, now, language),
        datetime=local.isoformat(),
        title=f"{local:%Y-%m-%d %H:%M:%S}",
        class_="late" if due < now else None,
    )


def person(id_: str | None, organisation: Organisation | None, language: Language) -> Html:
    """A person by name, the id on hover."""
    if id_ is None:
        return Html("-")
    known = None if organisation is None else organisation.person.get(id_)
    return Html.text(id_) if known is None else tag("span", known.name.get(language, id_), title=id_)


def department(id_: str | None, organisation: Organisation | None, language: Language) -> str:
    """A department by name."""
    known = None if organisation is None or id_ is None else organisation.department.get(id_)
    return (id_ or "-") if known is None else getattr(known, language)
