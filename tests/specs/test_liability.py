"""The answer says plainly whose fault it was, and that the company answers for it (S003-5.1, S000-3.5, C10)."""

import pytest

from events.contact import ContactStarted
from events.verification import Verified
from events.vocabulary import Language, Liable
from policy.handling.liability import liability_in_words
from tests import controls
from tests.bdd import facts, given
from tests.outcomes import NOW, agreed, proposed, remedy, verified

WORDS = controls.policy().document.liability


def confirmation(liable: Liable, party: str | None = None) -> str:
    """What the customer is told when they agreed."""
    found = verified(liable=liable, party=party)
    story = given(*controls.handed_out(), found, proposed(remedy()), agreed())
    sent = [f for f in facts(story.notifier_looks(NOW)) if isinstance(f, ContactStarted)]
    return next(f.text for f in sent if f.kind == "confirmation")


@pytest.mark.clause("S003-5.1")
@pytest.mark.parametrize(
    ("liable", "told"),
    [
        (Liable.COMPANY, "责任在我公司"),
        (Liable.CUSTOMER, "未发现我公司有过错"),
        (Liable.UNDETERMINED, "责任尚无法确定"),
    ],
)
def test_the_confirmation_says_whose_fault_it_was(liable: Liable, told: str) -> None:
    assert told in confirmation(liable)


@pytest.mark.clause("S003-5.1", "S000-3.5", "S004-8.2")
def test_a_carriers_fault_is_named_and_the_company_still_answers() -> None:
    told = confirmation(Liable.THIRD_PARTY, "顺达快递")
    assert "由顺达快递造成" in told
    assert "由我公司负责" in told


@pytest.mark.clause("S003-5.1")
@pytest.mark.parametrize("liable", Liable)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_there_are_words_for_every_finding_in_both_languages(liable: Liable, language: Language) -> None:
    finding = verified(liable=liable).fact
    assert isinstance(finding, Verified)
    said = liability_in_words(finding, WORDS, language)
    assert said
    assert "{" not in said
