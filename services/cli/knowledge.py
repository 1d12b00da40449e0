"""`amends knew`: what a person knew when they acted, and what reached the ledger too late for them."""

from collections.abc import Iterator, Sequence
from datetime import tzinfo
from typing import Annotated

import typer

from events.complaint import Case
from events.envelope import Recorded
from events.folding import fold
from events.ledger import Ledger
from events.sentences import local_time, sentence
from events.vocabulary import Language
from policy.people.participation import may_read, may_read_labels
from policy.registry import ORGANISATION, POLICIES, Policies
from services.cli.complaints import Id, find, refusal_lines
from services.cli.output import BAD_INPUT, REFUSED, AsJson, Data, English, emit, fail, say, table
from services.cli.place import Place
from services.compliance.replay.knowledge import Knowledge, act_of, as_json, knew, shown
from services.desk.state import Status

MOST_LATER = 20
"""Facts that came after, told on the screen; --json has all."""


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("knew")(knew_)


def knew_(
    id_: Id,
    version: Annotated[int | None, typer.Option("--version", help="第几项事实 / the fact's version.", min=1)] = None,
    reply: Annotated[int | None, typer.Option("--reply", help="第几次答复 / the reply's number.", min=1)] = None,
    by: Annotated[str | None, typer.Option("--as", help="查阅人 / who reads.")] = None,
    data: Data = None,
    as_json_: AsJson = False,
    en: English = False,
) -> None:
    """What the ledger held when somebody acted: state, clocks, approvals, rules; what came late, what only after."""
    place = Place(data)
    stream = find(place, id_)
    if (version is None) == (reply is None):
        raise fail(BAD_INPUT, "请给出 --version 或 --reply 之一 / give either --version or --reply")
    with place.reading() as (ledger, policies):
        history = ledger.load(stream, sealed=True)
        labels = _admitted(history, by, policies)
        texts = [*ledger.load(POLICIES), *ledger.load(ORGANISATION)]
        known = knew(history, act_of(history, version=version, reply=reply), texts, _kin(ledger, history))
    if as_json_:
        emit(as_json(known, labels=labels))
    else:
        _tell(known, labels, "en" if en else "zh")


def _admitted(history: Sequence[Recorded], by: str | None, policies: Policies) -> bool:
    """Whether the reader sees labels; ends with 3 for somebody who may not see the file (S002-7.2)."""
    if by is None:
        return False
    complaint, organisation = fold(history), policies.organisation
    refusal = may_read(complaint, by, organisation)
    if refusal is not None:
        raise fail(REFUSED, "\n".join(refusal_lines(refusal)))
    least = policies.get(complaint.policy).document.authority.supervisor_level
    return may_read_labels(by, organisation, least)


def _kin(ledger: Ledger, history: Sequence[Recorded]) -> list[Case]:
    streams = [link.to for link in fold(history).links.every + fold(history).links.undone]
    return list(ledger.sealed_cases.load_many(streams, {}).values())


def _tell(known: Knowledge, labels: bool, language: Language) -> None:
    zone = known.policy.zone
    words = _WORDS[language]
    for recorded in shown(known.act, labels):
        say(f"{recorded.version:>3}  {sentence(recorded, language, zone)}")
    table(words["state"], ("", ""), list(_state(known, language, zone)))
    _table(words["clocks"], words["clock_columns"], _clocks(known, language, zone))
    _table(words["approvals"], words["approval_columns"], _approvals(known))
    _table(words["linked"], words["link_columns"], _links(known, language))
    for name, facts in (("late", known.late), ("missed", known.missed), ("later", known.later)):
        _facts(words[name], shown(facts, labels), language, zone)


def _table(title: str, columns: str, rows: Sequence[tuple[object, ...]]) -> None:
    if rows:
        table(title, columns.split(), rows)


def _facts(title: str, facts: Sequence[Recorded], language: Language, zone: tzinfo) -> None:
    say(f"{title}: {len(facts)}")
    for recorded in facts[:MOST_LATER]:
        say(f"{recorded.version:>3}  {sentence(recorded, language, zone)}")
    if len(facts) > MOST_LATER:
        say(f"  … +{len(facts) - MOST_LATER}")


def _state(known: Knowledge, language: Language, zone: tzinfo) -> Iterator[tuple[str, object]]:
    complaint, words, zh = known.complaint, _STATE, language == "zh"
    told: dict[str, object] = {
        "person": known.act[0].actor.id,
        "version": complaint.version,
        "status": Status.of(complaint.status).label(language),
        "priority": complaint.priority and complaint.priority.label(language),
        "category": complaint.category and complaint.category.label(language),
        "handler": complaint.handler,
        "owner": complaint.owner,
        "level": complaint.level,
        "breaches": len(complaint.breaches),
        "policy": f"{known.policy_published.id} ({known.policy_published.sha256[:16]}…)",
        "published": local_time(known.policy_published.published_at, zone),
        "organisation": f"{known.organisation.sha256[:16]}… {local_time(known.organisation.published_at, zone)}",
        "barred": ("是" if zh else "yes") if known.was_barred else None,
    }
    yield from ((words[name][0 if zh else 1], value) for name, value in told.items() if value is not None)


def _clocks(known: Knowledge, language: Language, zone: tzinfo) -> list[tuple[object, ...]]:
    return [
        (
            known.policy.title(reading.clock, language),
            reading.state.label(language),
            "" if reading.due_at is None else local_time(reading.due_at, zone),
        )
        for reading in known.clocks
    ]


def _approvals(known: Knowledge) -> list[tuple[object, ...]]:
    return [
        (
            approval.subject,
            ", ".join(f"{role}:{person}" for role, person in approval.given),
            approval.refused_by or "",
            ", ".join(approval.waiting_for),
        )
        for approval in known.complaint.solution.approvals
    ]


def _links(known: Knowledge, language: Language) -> list[tuple[object, ...]]:
    return [
        (
            each.relation.label(language),
            "***" if each.complaint is None else each.complaint.number,
            "" if each.complaint is None else Status.of(each.complaint.status).label(language),
        )
        for each in known.linked
    ]


_WORDS: dict[Language, dict[str, str]] = {
    "zh": {
        "state": "当时的状态",
        "clocks": "当时的时限",
        "clock_columns": "时钟 状态 到期",
        "approvals": "当时的审批",
        "approval_columns": "事项 已同意 不同意 待",
        "linked": "当时的关联投诉",
        "link_columns": "关系 编号 状态",
        "late": "当时已记录、但晚于发生时间记录的",
        "missed": "当时已发生、之后才记录的（无从得知）",
        "later": "之后发生的",
    },
    "en": {
        "state": "The state then",
        "clocks": "The deadlines then",
        "clock_columns": "clock state due",
        "approvals": "The approvals then",
        "approval_columns": "subject given refused waiting",
        "linked": "The linked complaints then",
        "link_columns": "relation number status",
        "late": "Recorded by then, but late",
        "missed": "Had happened, recorded only after (could not be known)",
        "later": "Came after",
    },
}
_STATE: dict[str, tuple[str, str]] = {
    "person": ("操作人", "who acted"),
    "version": ("所见版本", "version seen"),
    "status": ("状态", "status"),
    "priority": ("颜色", "colour"),
    "category": ("类别", "category"),
    "handler": ("处理人", "handler"),
    "owner": ("首问责任人", "owner"),
    "level": ("级别", "level"),
    "breaches": ("已记录的超时", "breaches recorded"),
    "policy": ("政策", "policy"),
    "published": ("政策发布于", "policy published"),
    "organisation": ("组织架构", "organisation"),
    "barred": ("本应回避", "should have taken no part"),
}
