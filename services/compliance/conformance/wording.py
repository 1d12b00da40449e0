"""Words to the customer, where they can be read: refused ones have a reason, advice is on record (C7, C8)."""

from collections.abc import Iterator

from events.complaint import Case
from events.contact import ContactStarted, Replied
from events.envelope import Recorded
from events.solution import ReplyDrafted
from events.vocabulary import Audience, Language, Liable, ReplyKind
from policy.wording.lint_stages import Level, Standing, standing
from services.compliance.conformance.checks import check
from services.compliance.conformance.examined import Examined
from services.compliance.conformance.standing import by_person, by_system
from services.compliance.conformance.violation import Violation


@check(
    *("S000-2.1", "S002-0.2", "S003-5.2", "S001-7.3"),
    zh="对客户的用语经检查，禁用语须有理由",
    en="words to the customer are checked, and refused ones have a reason",
)
def words_are_checked(of: Examined) -> Iterator[Violation]:
    """The lint is run anew at the stage of then: what it refuses has a reason, what it advises is on record."""
    for recorded in of.all(Replied, ReplyDrafted):
        fact = recorded.fact
        if not isinstance(fact, Replied | ReplyDrafted) or not by_person(recorded) or not fact.text:
            continue
        words = of.texts(fact.text)
        now = None if words is None else _stage(of, recorded)
        if words is None or now is None:
            continue
        advice = of.policy_for(recorded).linter.lint(words, now, fact.medium)
        refused = next((each for each in advice if each.level is Level.BLOCK), None)
        unsaid = next((each for each in advice if each.rule not in fact.advice), None)
        wrong = refused if refused is not None and not fact.override else unsaid
        if wrong is not None:
            yield of.violation(
                wrong.source[0],
                recorded,
                zh=f"用语不符规则 {wrong.rule}，{'未说明理由' if wrong is refused else '提示未记录在案'}。",
                en=f"Words against rule {wrong.rule}, {'no reason given' if wrong is refused else 'advice not noted'}.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
                also=tuple(wrong.source[1:]),
            )


def _stage(of: Examined, recorded: Recorded) -> Standing | None:
    """The stage the complaint was at; None where the customer's own words cannot be read."""
    now = standing(Case(of.before(recorded.version), of.upto(recorded.version - 1)))
    said = [of.texts(words) for words in now.said]
    return None if None in said else now._replace(said=tuple(words for words in said if words))


@check("S003-5.1", zh="答复写明责任归属", en="the confirmation states who is liable")
def liability_is_stated_in_words(of: Examined) -> Iterator[Violation]:
    """What the customer agreed to is confirmed with the liability found, in the policy's own words."""
    for recorded in of.all(ContactStarted):
        fact = recorded.fact
        if not isinstance(fact, ContactStarted) or fact.kind is not ReplyKind.CONFIRMATION or not by_system(recorded):
            continue
        findings = of.before(recorded.version).verification.findings
        words = of.texts(fact.text)
        if fact.audience is not Audience.CUSTOMER or words is None or _is_drafted(of, fact) or not findings:
            continue
        finding, stated = findings[-1].fact, of.policy_for(recorded).document.liability.words
        language: Language = "en" if fact.language == "en" else "zh"
        party = finding.party or Liable.THIRD_PARTY.label(language)
        if stated[finding.liable][language].format(party=party) not in words:
            yield of.violation(
                "S003-5.1",
                recorded,
                zh=f"方案确认没有写明责任归属（{finding.liable.value}）。",
                en=f"The confirmation does not say who is liable ({finding.liable.value}).",
                at=recorded.occurred_at,
            )


def _is_drafted(of: Examined, fact: ContactStarted) -> bool:
    subject = fact.notice.rpartition("-")[0]
    return any(isinstance(d.fact, ReplyDrafted) and d.fact.subject == subject for d in of.all(ReplyDrafted))


@check("S001-4.8", zh="引用的知识条目确实存在", en="knowledge that was used is there")
def guidance_that_was_used_exists(of: Examined) -> Iterator[Violation]:
    """Scripts, checklist items and knowledge named as used are entries of the policy."""
    for recorded in of.all(Replied, ReplyDrafted):
        fact = recorded.fact
        if not isinstance(fact, Replied | ReplyDrafted) or not fact.used:
            continue
        known = of.policy_for(recorded).document.guidance_ids
        strange = [each for each in fact.used if each not in known]
        if strange:
            yield of.violation(
                "S001-4.8",
                recorded,
                zh=f"引用了政策中没有的条目 {strange[0]}。",
                en=f"{strange[0]} was named as used and is not in the policy.",
                at=recorded.occurred_at,
                who=recorded.actor.id,
            )
