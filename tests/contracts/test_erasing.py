"""Sealed installations: who reads is on record, what was erased is nowhere, all else stays (M16, G19)."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import orjson
import pytest
import pytest_asyncio

from events.catalogue import wire
from events.commands import Refusal
from events.customers import Disclosed, KeyDestroyed, UseRestricted, customer_file, customer_stream
from events.envelope import Actor, StreamId
from events.vocabulary import ActorKind, Service
from services.notifier.senders.outbox_file import blank
from services.wiring.erasing import Erasing, NoKeys, NoSuchCustomer
from services.wiring.keys import NoMasterKey, OtherKeys, import_keys, reading_keyring, writing_keyring
from tests.desk_cases import Company, app_of
from tests.erasures import PHONE, TEXT, ZHANG, ended, erased, erasing_of


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    """A company that seals personal texts."""
    company = Company(tmp_path, sealed=True)
    yield company
    company.close()


@pytest_asyncio.fixture
async def api(company: Company) -> AsyncIterator[httpx.AsyncClient]:
    """A client of its desk."""
    transport = httpx.ASGITransport(app_of(company.desk()))
    async with httpx.AsyncClient(transport=transport, base_url="http://desk") as client:
        yield client


@pytest.fixture
def erasing(company: Company) -> Erasing:
    """The acts about customers' data."""
    return erasing_of(company)


def everything(company: Company) -> bytes:
    """All bytes of the installation's files."""
    return b"".join(file.read_bytes() for file in company.settings.data.iterdir())


async def test_no_file_of_the_installation_holds_a_personal_text(company: Company, api: httpx.AsyncClient) -> None:
    await company.handled("W-1", TEXT, customer=ZHANG)
    await api.get("/api/complaints")
    for text in (TEXT, "张三", PHONE):
        assert text.encode() not in everything(company)


async def test_who_gives_no_name_sees_no_personal_text(company: Company, api: httpx.AsyncClient) -> None:
    complaint = await company.handled("W-1", TEXT, customer=ZHANG)
    for path in ("", "/events", "/clocks", "/file"):
        answer = await api.get(f"/api/complaints/{complaint}{path}")
        assert answer.status_code == 200
        assert "~1~" not in answer.text
        assert not {text for text in (TEXT, "张三", PHONE) if text in answer.text}
    page = (await api.get(f"/complaints/{complaint}")).text
    assert "***" in page
    assert TEXT not in page


async def test_a_named_reader_sees_it_and_the_reading_is_a_fact(company: Company, api: httpx.AsyncClient) -> None:
    complaint = await company.handled("W-1", TEXT, customer=ZHANG)
    state = (await api.get(f"/api/complaints/{complaint}", params={"as": "li.na"})).json()
    assert (state["text"], state["customer"]["name"]) == (TEXT, "张三")
    await api.get(f"/complaints/{complaint}", params={"as": "li.na"})
    company.pass_time(hours=1)
    await api.get(f"/api/complaints/{complaint}", params={"as": "li.na"})
    assert readings(company, complaint) == ["li.na", "li.na"], "a page that refreshes is one reading"
    assert company.ledger.load(complaint).version == state["version"], "reading leaves the complaint as it is"


async def test_who_may_not_read_leaves_no_reading(company: Company, api: httpx.AsyncClient) -> None:
    complaint = await company.handled("W-1", TEXT, customer=ZHANG, accused=["zhang.wei"])
    answer = await api.get(f"/api/complaints/{complaint}", params={"as": "zhang.wei"})
    assert answer.status_code == 403
    assert readings(company, complaint) == []


async def test_the_card_shows_no_personal_text_to_who_gives_no_name(company: Company, api: httpx.AsyncClient) -> None:
    await company.handled("W-1", TEXT, customer=ZHANG, demands=["退款"])
    answer = await api.get("/api/customers", params={"contact": PHONE})
    assert (len(answer.json()["complaints"]), answer.json()["names"]) == (1, ["***"])
    assert not {text for text in (TEXT, "张三", PHONE, "退款") if text in answer.text}


async def test_the_customers_card_is_found_by_contact_and_noted_for_each_complaint(
    company: Company, api: httpx.AsyncClient
) -> None:
    first = await company.handled("W-1", TEXT, customer=ZHANG)
    await company.handled("W-2", "又没到", customer=ZHANG)
    card = (await api.get("/api/customers", params={"contact": PHONE, "as": "li.na"})).json()
    assert (card["names"], len(card["complaints"])) == (["张三"], 2)
    assert readings(company, first) == ["li.na", "li.na"]


def readings(company: Company, complaint: StreamId) -> list[str]:
    """Who read what that complaint's customer said."""
    customer = company.ledger.customers([complaint])[complaint]
    facts = company.ledger.load(customer_stream(customer))
    return [recorded.actor.id for recorded in facts if isinstance(recorded.fact, Disclosed)]


async def test_after_erasure_no_process_and_no_file_tells_who_complained(
    company: Company, api: httpx.AsyncClient, erasing: Erasing
) -> None:
    complaint = await ended(company, "W-1")
    outbox = company.settings.senders.outbox
    outbox.write_bytes(orjson.dumps({"key": f"{complaint}/ack#1", "recipient": PHONE, "text": TEXT}) + b"\n")
    before = [wire(*row) for row in company.ledger.scan()]
    company.ledger.load(complaint)
    outcome = await erased(company, erasing, complaint)
    assert outcome["certificate"]["complaints"] == outcome["complaints"] != []
    state = (await api.get(f"/api/complaints/{complaint}", params={"as": "li.na"})).json()
    assert (state["text"], state["customer"]["name"]) == ("***", "***")
    assert not {text for text in (TEXT, "张三", PHONE) if text.encode() in everything(company)}
    assert [wire(*row) for row in company.ledger.scan()][: len(before)] == before, "no event changed"


async def test_figures_stay_as_they_were(company: Company, api: httpx.AsyncClient, erasing: Erasing) -> None:
    complaint = await ended(company, "W-1", demands=["退款", "道歉"])
    listed = (await api.get("/api/complaints")).json()["complaints"]
    state = company.ledger.load(complaint)
    await erased(company, erasing, complaint)
    again = (await api.get("/api/complaints")).json()["complaints"]
    same = ("category", "priority", "status", "breaches", "received_at", "level", "handler")
    assert [[line[name] for name in same] for line in again] == [[line[name] for name in same] for line in listed]
    now = company.ledger.load(complaint)
    assert [type(recorded.fact) for recorded in now[: len(state)]] == [type(recorded.fact) for recorded in state]


async def test_the_card_of_an_erased_customer_is_empty(
    company: Company, api: httpx.AsyncClient, erasing: Erasing
) -> None:
    await erased(company, erasing, await ended(company, "W-1"))
    card = (await api.get("/api/customers", params={"contact": PHONE, "as": "li.na"})).json()
    assert card["complaints"] == []
    with pytest.raises(NoSuchCustomer):
        erasing.find(PHONE)


async def test_the_same_message_again_is_a_duplicate_and_brings_nothing_back(
    company: Company, erasing: Erasing
) -> None:
    complaint = await ended(company, "W-1")
    await erased(company, erasing, complaint)
    version = company.ledger.load(complaint).version
    assert await company.submit("W-1", "我叫张三，还没解决", customer=ZHANG) == complaint
    assert company.ledger.load(complaint).version == version
    assert "还没解决".encode() not in everything(company)


async def test_an_erased_customer_who_complains_again_is_somebody_new(company: Company, erasing: Erasing) -> None:
    former = await ended(company, "W-1")
    await erased(company, erasing, former)
    again = await company.submit("W-2", TEXT, customer=ZHANG)
    customers = company.ledger.customers([former, again])
    assert customers[former] != customers[again]
    assert erasing.find(PHONE) == [customers[again]]


async def test_erasure_waits_for_the_end_of_the_dispute(company: Company, erasing: Erasing) -> None:
    complaint = await company.handled("W-1", TEXT, customer=ZHANG)
    [customer] = erasing.find(complaint)
    refusal = erasing.do("erase", [customer], "wu.hao", "客户申请")
    assert isinstance(refusal, Refusal)
    assert refusal.code == "complaint_open"
    assert erasing.know(customer).file.erasure is None


async def test_a_restricted_customer_is_hidden_until_two_words_bring_them_back(
    company: Company, api: httpx.AsyncClient, erasing: Erasing
) -> None:
    complaint = await ended(company, "W-1")
    texts = []
    for act in ("restrict", "allow"):
        erasing.do(act, erasing.find(PHONE), "wu.hao", "客户异议")
        texts.append((await api.get(f"/api/complaints/{complaint}", params={"as": "li.na"})).json()["text"])
    assert texts == ["***", TEXT]


@pytest.mark.parametrize("first", ["restrict", "erase"])
async def test_what_a_crash_left_undone_is_done_by_the_next_command(
    company: Company, erasing: Erasing, first: str
) -> None:
    complaint = await ended(company, "W-1")
    [customer] = erasing.find(complaint)
    fact = {
        "restrict": UseRestricted(customer=customer, reason="异议", complaints=(complaint,)),
        "erase": KeyDestroyed(
            customer=customer, reason="异议", requested_by="wu.hao", certificate="E-1", complaints=(complaint,)
        ),
    }[first]
    company.append(Service.COMPLIANCE, customer_stream(customer), [fact], Actor(kind=ActorKind.PERSON, id="chen.jie"))
    erasing.do(first, [customer], "chen.jie", "异议")
    assert company.ledger.keyring is not None
    assert company.ledger.keyring.store.keys([customer]) == {}
    assert not company.ledger.sealed_cases.load_many([complaint], {})[complaint].complaint.privacy.is_readable


async def test_a_person_known_under_two_pseudonyms_is_erased_under_both(
    company: Company, api: httpx.AsyncClient, erasing: Erasing
) -> None:
    first = await ended(company, "W-1")
    erasing.do("restrict", erasing.find(PHONE), "wu.hao", "异议")
    second = await ended(company, "W-2")
    erasing.do("allow", erasing.find(first), "wu.hao", "异议已处理")
    assert len(erasing.find(PHONE)) == 2
    for person in ("wu.hao", "chen.jie"):
        assert not isinstance(erasing.do("erase", erasing.find(PHONE), person, "客户申请"), Refusal)
    for complaint in (first, second):
        state = (await api.get(f"/api/complaints/{complaint}", params={"as": "li.na"})).json()
        assert (state["text"], state["customer"]["name"]) == ("***", "***")


async def test_a_complaint_that_comes_while_its_customer_is_erased_keeps_its_texts(
    company: Company, erasing: Erasing
) -> None:
    first = await ended(company, "W-1")
    [customer] = erasing.find(first)
    erasing.do("erase", [customer], "wu.hao", "客户申请")
    done = asyncio.create_task(asyncio.to_thread(erasing.do, "erase", [customer], "chen.jie", "核实无误"))
    came = [await company.submit(f"W-{number}", TEXT, customer=ZHANG) for number in range(2, 40)]
    outcome = await done
    readable = [company.ledger.cases.load_many([each], {})[each].complaint.text == TEXT for each in came]
    assert all(readable)
    assert isinstance(outcome, Refusal) or len(outcome["outcomes"][0]["complaints"]) == 1


async def test_only_officers_learn_which_complaints_a_customer_has(company: Company, erasing: Erasing) -> None:
    complaint = await company.handled("W-1", TEXT, customer=ZHANG, accused=["chen.jie"])
    customers = erasing.find(complaint)
    for person in ("li.na", "nobody", "chen.jie"):
        assert isinstance(erasing.look(customers, person), Refusal)
    assert not isinstance(erasing.look(customers, "wu.hao"), Refusal)


async def test_the_record_of_a_customers_data_tells_who_asked_and_who_did_it(
    company: Company, erasing: Erasing
) -> None:
    complaint = await ended(company, "W-1")
    [customer] = erasing.find(complaint)
    await erased(company, erasing, complaint)
    file = customer_file(company.ledger.load(customer_stream(customer)))
    assert file.erased_at == company.now
    assert file.complaints == (complaint,)


def test_a_ledger_that_seals_nothing_erases_nothing(tmp_path: Path) -> None:
    plain = Company(tmp_path)
    with pytest.raises(NoKeys):
        Erasing(plain.ledger, plain.policies, plain.settings, plain.clock)
    plain.close()


async def test_a_lost_master_key_is_told_and_never_made_anew(tmp_path: Path) -> None:
    company = Company(tmp_path, sealed=True)
    await company.submit("W-1", TEXT, customer=ZHANG)
    company.close()
    (tmp_path / "master.key").unlink()
    with pytest.raises(NoMasterKey, match=r"master\.key"):
        writing_keyring(company.settings)
    assert reading_keyring(company.settings) is None


async def test_keys_go_to_an_empty_installation_and_to_no_other(tmp_path: Path) -> None:
    one, other = (Company(tmp_path / name, sealed=True) for name in made(tmp_path, "one", "other"))
    await one.submit("W-1", TEXT, customer=ZHANG)
    keyring = one.ledger.keyring
    assert keyring is not None
    assert import_keys(other.settings, keyring.master, keyring.store.everything()) == 1
    await (third := Company(tmp_path / made(tmp_path, "third")[0], sealed=True)).submit("W-9", TEXT, customer=ZHANG)
    with pytest.raises(OtherKeys):
        import_keys(third.settings, keyring.master, keyring.store.everything())
    for company in (one, other, third):
        company.close()


def made(directory: Path, *names: str) -> tuple[str, ...]:
    """Folders for installations."""
    for name in names:
        (directory / name).mkdir()
    return names


def test_blanking_keeps_places_keys_and_other_messages(tmp_path: Path) -> None:
    outbox = tmp_path / "outbox.jsonl"
    lines = [orjson.dumps({"key": f"{id_}/ack#1", "text": TEXT}) + b"\n" for id_ in ("a", "b", "a")]
    outbox.write_bytes(b"".join(lines))
    assert blank(outbox, ["a"]) == 2
    after = outbox.read_bytes().splitlines(keepends=True)
    assert [len(line) for line in after] == [len(line) for line in lines]
    assert orjson.loads(after[0]) == {"key": "a/ack#1"}
    assert after[1] == lines[1]
    assert blank(tmp_path / "missing", ["a"]) == 0
