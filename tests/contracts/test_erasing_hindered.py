"""What stands in the way of an erasure, and what an erasure that came to nothing leaves behind (M16, G19)."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from events.commands import Refusal
from events.customers import customer_stream
from events.ledger import Ledger, LedgerUnavailable
from events.tokens import CustomerId
from services.wiring.erasing import Erasing
from tests.desk_cases import Company
from tests.erasures import PHONE, TEXT, ZHANG, ended, erased, erasing_of


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    """A company that seals personal texts."""
    company = Company(tmp_path, sealed=True)
    yield company
    company.close()


@pytest.fixture
def erasing(company: Company) -> Erasing:
    """The acts about customers' data."""
    return erasing_of(company)


class Interrupted(Erasing):
    """Somebody else comes between the decision to erase and its record."""

    between: Callable[[], Any] = print

    def _wait_for_recording(self, customer: CustomerId) -> None:
        super()._wait_for_recording(customer)
        self.between()


@pytest.mark.parametrize("what", ["hold", "outage"])
async def test_an_erasure_that_comes_to_nothing_leaves_the_customer_as_before(
    company: Company, erasing: Erasing, what: str
) -> None:
    def away() -> None:
        raise LedgerUnavailable("away")

    customers = erasing.find(await ended(company, "W-1"))
    erasing.do("erase", customers, "wu.hao", "客户申请")
    second = erasing_of(company, Interrupted)
    assert isinstance(second, Interrupted)
    second.between = away if what == "outage" else partial(erasing.do, "hold", customers, "wu.hao", "诉讼")
    with suppress(LedgerUnavailable):
        refusal = second.do("erase", customers, "chen.jie", "核实无误")
        assert isinstance(refusal, Refusal)
        assert refusal.code == "legal_hold"
    assert erasing.find(PHONE) == customers
    assert erasing.find(await ended(company, "W-2")) == customers


async def test_a_complaint_that_cannot_be_read_stands_in_the_way_of_erasure(company: Company, erasing: Erasing) -> None:
    customers = erasing.find(await ended(company, "W-1"))
    broken = await company.handled("W-2", TEXT, customer=ZHANG)
    with sqlite3.connect(company.settings.data / "ledger.db") as ledger:
        ledger.execute("UPDATE stored_events SET state = '{' WHERE originator_id = ?", (str(broken),))
    ledger.close()
    again = Ledger(company.ledger.store, company.clock, keyring=company.ledger.keyring)
    fresh = Erasing(again, company.policies, company.settings, company.clock)
    for act in ("restrict", "erase"):
        refusal = fresh.do(act, customers, "wu.hao", "客户申请")
        assert isinstance(refusal, Refusal)
        assert (refusal.code, refusal.facts["complaints"]) == ("complaint_unreadable", str(broken))


async def test_the_certificate_is_issued_again_to_officers_alone(company: Company, erasing: Erasing) -> None:
    complaint = await ended(company, "W-1")
    customers = erasing.find(complaint)
    first = (await erased(company, erasing, complaint))["certificate"]
    company.pass_time(days=1)
    again = erasing.do("erase", customers, "wu.hao", "补发证明")
    assert not isinstance(again, Refusal)
    assert [outcome["certificate"] for outcome in again["outcomes"]] == [first]
    assert isinstance(erasing.do("erase", customers, "li.na", "补发证明"), Refusal)
    assert company.ledger.versions([customer_stream(customers[0])]) == {customer_stream(customers[0]): 2}


async def test_texts_nobody_may_read_are_put_into_no_evidence(company: Company, erasing: Erasing) -> None:
    complaint = await ended(company, "W-1")
    [customer] = erasing.find(complaint)
    erasing.do("restrict", [customer], "wu.hao", "异议")
    version = erasing.know(customer).file.version
    refusal = await erasing.disclose(complaint, "wu.hao", "法院调取")
    assert isinstance(refusal, Refusal)
    assert (refusal.code, erasing.know(customer).file.version) == ("nothing_readable", version)


async def test_a_certificate_is_numbered_by_the_companys_day(company: Company, erasing: Erasing) -> None:
    complaint = await ended(company, "W-1")
    company.now = datetime(2026, 3, 2, 16, 30, tzinfo=UTC)
    assert (await erased(company, erasing, complaint))["certificate"]["number"].startswith("E-260303-")


async def test_a_hold_reaches_every_pseudonym_that_has_none_yet(company: Company, erasing: Erasing) -> None:
    first = erasing.find(await ended(company, "W-1"))
    erasing.do("restrict", first, "wu.hao", "异议")
    second = erasing.find(await ended(company, "W-2"))
    erasing.do("allow", first, "wu.hao", "异议已处理")
    assert not isinstance(erasing.do("hold", first, "wu.hao", "诉讼"), Refusal)
    outcome = erasing.do("hold", erasing.find(PHONE), "wu.hao", "诉讼")
    assert not isinstance(outcome, Refusal)
    assert [each["customer"] for each in outcome["outcomes"]] == [each for each in second if each not in first]
    refusal = erasing.do("hold", erasing.find(PHONE), "wu.hao", "诉讼")
    assert isinstance(refusal, Refusal)
    assert refusal.code == "held"
    for person in ("wu.hao", "chen.jie"):
        assert not isinstance(erasing.do("release", erasing.find(PHONE), person, "结案"), Refusal)
    assert all(erasing.know(each).file.hold is None for each in erasing.find(PHONE))


async def test_no_reason_that_stays_readable_names_the_customer(company: Company, erasing: Erasing) -> None:
    complaint = await ended(company, "W-1")
    customers = erasing.find(complaint)
    for act in ("hold", "restrict", "erase"):
        refusal = erasing.do(act, customers, "wu.hao", "张三来函")
        assert isinstance(refusal, Refusal)
        assert refusal.code == "names_customer"
    assert isinstance(await erasing.disclose(complaint, "wu.hao", f"应 {PHONE} 要求"), Refusal)
    assert not isinstance(erasing.do("restrict", customers, "wu.hao", "客户来函"), Refusal)
    # Texts that may not be read are compared all the same.
    refusal = erasing.do("erase", customers, "wu.hao", f"{PHONE} 要求")
    assert isinstance(refusal, Refusal)
    assert refusal.code == "names_customer"
    assert not isinstance(erasing.do("erase", customers, "wu.hao", "客户来函"), Refusal)
