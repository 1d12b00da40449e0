"""Finding out what happened: facts and checked evidence first, then who is liable (S004-3.6, S002-3.1)."""

from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints

from events.commands import Refusal, refuse
from events.fact import OneOrMore, Value
from events.money import Money
from events.verification import Verified
from events.vocabulary import Liable
from policy.asking import Act, Acts, Ask, Decided
from policy.handling.evidence import digests, is_disputed, may_be_light, report_missing, unsupported
from policy.handling.record import Level, missing
from policy.handling.understanding import is_confirmed
from policy.sorting.taxonomy import cause_code

Said = Annotated[str, StringConstraints(strip_whitespace=True, max_length=20_000)]


def _one_text(facts: object) -> object:
    """Facts listed one by one are one report, a line each."""
    if isinstance(facts, list | tuple) and all(isinstance(fact, str) for fact in facts):
        return "\n".join(facts)
    return facts


class Verify(Value):
    """`verify`: the report of what happened, who is liable and why (S004-3.6)."""

    facts: Annotated[Said, StringConstraints(min_length=1), BeforeValidator(_one_text)]
    liable: Liable
    party: str | None = Field(default=None, max_length=200)
    cause: Said = ""
    evidence: OneOrMore = Field(default=(), max_length=200)
    """Names or digests of what is on record."""
    loss: Money | None = None
    expected: Said | None = None
    preliminary: Said | None = None
    self_reported: bool = False


def verify(ask: Ask, data: Verify) -> Decided:
    """Facts before liability: the record, the summary and the evidence have to carry the finding (S004-3.6)."""
    refusal = (
        _record_incomplete(ask)
        or _not_confirmed(ask)
        or _not_reasoned(ask, data)
        or unsupported(ask.complaint, data.evidence)
        or _evidence_needed(ask, data)
        or report_missing(ask.complaint, ask.rules.evidence, data.liable, data.evidence)
    )
    return refusal or [_finding(ask, data)]


def _finding(ask: Ask, data: Verify) -> Verified:
    return Verified(
        facts=data.facts,
        liable=data.liable,
        party=data.party or None,
        cause=data.cause,
        cause_code=cause_code(data.cause, ask.rules.taxonomy),
        evidence=digests(ask.complaint, data.evidence),
        loss=data.loss,
        expected=data.expected,
        preliminary=data.preliminary,
        self_reported=data.self_reported,
    )


def _record_incomplete(ask: Ask) -> Refusal | None:
    lacking = missing(ask.complaint, ask.rules.record, Level.VERIFICATION)
    if not lacking:
        return None
    fields = ", ".join(lacking)
    return refuse(
        "record_incomplete",
        "S001-16.2",
        f"记录不完整，缺少：{fields}；请先向客户确认（confirm_understanding）或请其补充（supplement）",
        f"the record lacks {fields}: confirm with the customer (confirm_understanding) or have it added (supplement)",
        missing=fields,
    )


def _not_confirmed(ask: Ask) -> Refusal | None:
    if is_confirmed(ask.complaint, ask.rules.understanding):
        return None
    return refuse(
        "understanding_not_confirmed",
        "S001-1.7",
        "核实前须向客户复述并确认我们的理解（confirm_understanding,confirmed=true）",
        "before verification our summary is read back and the customer confirms it (confirm_understanding)",
        channel=ask.complaint.channel,
        summaries=len(ask.complaint.understanding.summaries),
    )


def _not_reasoned(ask: Ask, data: Verify) -> Refusal | None:
    rules = ask.rules.verification
    if data.liable in rules.by_name and not (data.party or "").strip():
        return refuse(
            "party_missing",
            "S001-2.1",
            "认定第三方责任须写明责任方（party）",
            "a third party is liable only by name: say who (party)",
            liable=data.liable.value,
        )
    if data.cause:
        return None
    return refuse(
        "cause_not_reasoned",
        "S001-2.1",
        "须写明投诉原因；尚不明确的也请写明",
        "name the cause; where it is not known yet say so",
        liable=data.liable.value,
    )


def _evidence_needed(ask: Ask, data: Verify) -> Refusal | None:
    """An explanation alone carries a finding only where the light verification does (C24, S002-3.1)."""
    complaint, rules = ask.complaint, ask.rules.evidence
    if data.evidence or data.liable is Liable.UNDETERMINED or may_be_light(complaint, rules):
        return None
    return refuse(
        "evidence_needed",
        "S002-3.1",
        "复杂或有争议的投诉，责任认定须引用至少一份已核对真实的证据（先 add_evidence）",
        "in a complex or disputed complaint the finding cites at least one piece of evidence found authentic",
        complexity=complaint.complexity,
        disputed=is_disputed(complaint, rules),
    )


ACTS: Acts = {"verify": Act(Verify, verify)}
"""Name -> act."""
