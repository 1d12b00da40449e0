"""Personal texts under a key per customer: unreadable without it, gone when it is destroyed (M16, ADR 0019)."""

import secrets
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from events.catalogue import PERSONAL, decode, encode
from events.envelope import Entry, StreamId
from events.fact import Fact, personal_paths
from events.key_databases import PostgresKeys, SQLiteKeys
from events.key_stores import SqlKeyStore
from events.keyring import Keyring, KeysUnavailable, Wanted, WrongMasterKey, check_of
from events.privacy import Erased, Restricted, RestrictionLifted
from events.reception import Received
from events.stores import Row
from events.tokens import HIDDEN, CustomerId, customer_of, customers_in, masked, masked_json
from tests import controls, times

NOW = times.in_the_morning()
MASTER = secrets.token_bytes(32)
PHONE = frozenset({"phone:13800000000"})
C1 = controls.C1
C2, C3, C4 = controls.some_streams(3)


def personal_texts(fact: Fact) -> list[str]:
    """Every personal text of a fact, each longer than what could stand there by chance."""
    found = [text for path in personal_paths(type(fact)) for text in _at(fact, path.split("."))]
    return [text for text in found if len(text) > 1]


def _at(value: Any, path: list[str]) -> list[str]:
    if value is None or value == "":
        return []
    if isinstance(value, tuple):
        return [text for each in value for text in _at(each, path)]
    return _at(getattr(value, path[0]), path[1:]) if path else [value]


STORES = ["sqlite", "postgres"]


@pytest.fixture(params=STORES)
def keys(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlKeyStore]:
    """An empty store of keys of each kind."""
    if request.param == "sqlite":
        store = SqlKeyStore(SQLiteKeys(tmp_path / "keys.db"))
    else:
        database = PostgresKeys(request.getfixturevalue("postgres").uri)
        database.create()
        store = SqlKeyStore(database)
    with closing(store):
        yield store


@pytest.fixture
def keyring(keys: SqlKeyStore) -> Keyring:
    """A keyring over an empty store."""
    return Keyring(keys, MASTER)


def sealed(keyring: Keyring, stream: StreamId, version: int, fact: Fact, known_by: frozenset[str] = PHONE) -> Row:
    """A row as the ledger stores it."""
    seal = keyring.seals([Wanted(stream, known_by)])[stream]
    entry = Entry(fact, NOW, controls.person(), policy=controls.POLICY_ID)
    return Row(version, stream, version, fact.TYPE, encode(entry, NOW, seal))


def only(keyring: Keyring, streams: Iterable[StreamId]) -> CustomerId:
    """The one customer of these complaints."""
    [customer] = set(keyring.store.customers(list(streams)).values())
    return customer


@pytest.mark.parametrize("name", sorted(PERSONAL))
def test_no_personal_text_of_any_fact_reaches_the_stored_bytes(keyring: Keyring, name: str) -> None:
    fact = controls.every_fact()[name]
    row = sealed(keyring, C1, 1, fact)
    for text in personal_texts(fact):
        assert text.encode() not in row.state
    assert decode(*keyring.opened([row])[0]).fact == fact


def test_without_the_key_a_fact_still_reads_and_shows_nothing(keyring: Keyring) -> None:
    recorded = decode(*sealed(keyring, C1, 1, controls.every_fact()["complaint.received"]))
    assert isinstance(recorded.fact, Received)
    assert customer_of(recorded.fact.text) == only(keyring, [C1])
    assert (masked(f"他说：{recorded.fact.text}。"), masked_json([recorded.fact.text])) == (
        f"他说：{HIDDEN}。",
        [HIDDEN],
    )


def test_equal_texts_of_one_complaint_are_equal_when_sealed_and_of_two_are_not(keyring: Keyring) -> None:
    seals = keyring.seals([Wanted(C1, PHONE), Wanted(C2, PHONE)])
    assert seals[C1]("退款") == seals[C1]("退款") != seals[C2]("退款")


def test_a_token_moved_to_another_complaint_does_not_open(keyring: Keyring) -> None:
    row = sealed(keyring, C1, 1, controls.received().fact)
    moved = row._replace(stream=C2)
    assert keyring.opened([moved]) == [moved]


def test_one_address_leads_to_one_key_and_a_name_alone_to_none(keyring: Keyring) -> None:
    keyring.seals([Wanted(C1, PHONE), Wanted(C2, PHONE | {"member:M-1"}), Wanted(C3), Wanted(C4)])
    found = keyring.store.customers([C1, C2, C3, C4])
    assert found[C1] == found[C2]
    assert len(set(found.values())) == 3
    assert keyring.store.complaints(found[C1]) == sorted([C1, C2])


def test_the_store_holds_neither_addresses_nor_keys_in_the_clear(tmp_path: Path) -> None:
    keyring = Keyring(SqlKeyStore(SQLiteKeys(tmp_path / "keys.db")), MASTER)
    with closing(keyring.store):
        keyring.seals([Wanted(C1, PHONE)])
        [cipher] = keyring.ciphers(keyring.store.customers([C1]).values()).values()
        everything = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert cipher.customer.encode() in everything
    assert b"13800000000" not in everything


def test_after_the_key_is_destroyed_no_process_reads_and_no_file_holds_it(tmp_path: Path) -> None:
    writer = Keyring(SqlKeyStore(SQLiteKeys(tmp_path / "keys.db")), MASTER)
    reader = Keyring(SqlKeyStore(SQLiteKeys(tmp_path / "keys.db")), MASTER)
    rows = [sealed(writer, C1, 1, controls.received().fact), sealed(writer, C1, 2, Erased(certificate="E-1"))]
    assert reader.opened(rows[:1]) != rows[:1]
    customer = only(writer, [C1])
    wrapped = writer.store.keys([customer])[customer]
    assert writer.store.erase(customer)
    assert reader.opened(rows) == rows
    assert Keyring(reader.store, MASTER).opened(rows[:1]) == rows[:1]
    writer.close()
    reader.close()
    assert all(wrapped not in file.read_bytes() for file in tmp_path.iterdir())


def test_a_restricted_customer_is_stored_only_until_the_restriction_is_lifted(keyring: Keyring) -> None:
    rows = [sealed(keyring, C1, 1, controls.received().fact), sealed(keyring, C1, 2, Restricted())]
    customer = only(keyring, [C1])
    keyring.store.restrict(customer, True)
    assert keyring.opened(rows) == rows
    later = sealed(keyring, C1, 3, controls.every_fact()["complaint.supplemented"])
    assert customers_in([later.state]) == {customer}
    keyring.store.restrict(customer, False)
    lifted = [*rows, later, sealed(keyring, C1, 4, RestrictionLifted())]
    assert not customers_in(row.state for row in keyring.opened(lifted))


def test_what_is_added_after_erasure_is_unreadable_from_the_start(keyring: Keyring) -> None:
    sealed(keyring, C1, 1, controls.received().fact)
    keyring.store.erase(only(keyring, [C1]))
    late = sealed(keyring, C1, 2, controls.received(text="又来了一次").fact)
    assert Keyring(keyring.store, MASTER).opened([late]) == [late]
    assert "又来了一次".encode() not in late.state


def test_an_erased_customer_who_comes_again_is_somebody_new(keyring: Keyring) -> None:
    keyring.seals([Wanted(C1, PHONE)])
    former = only(keyring, [C1])
    keyring.store.erase(former)
    keyring.seals([Wanted(C2, PHONE)])
    assert only(keyring, [C2]) != former
    assert keyring.store.by_marks([keyring.mark("phone:13800000000")]) == [only(keyring, [C2])]


def test_a_restricted_customer_is_still_found_and_gets_nothing_new(keyring: Keyring) -> None:
    keyring.seals([Wanted(C1, PHONE)])
    former = only(keyring, [C1])
    keyring.store.restrict(former, True)
    keyring.seals([Wanted(C2, PHONE)])
    assert only(keyring, [C2]) != former
    assert keyring.store.by_marks([keyring.mark("phone:13800000000")]) == sorted([former, only(keyring, [C2])])


def test_whoever_shares_an_address_is_akin(keyring: Keyring) -> None:
    mail = frozenset({"email:zhang@example.com"})
    for stream, known_by in ((C1, PHONE), (C2, mail), (C3, PHONE | mail), (C4, frozenset[str]())):
        keyring.seals([Wanted(stream, known_by)])
    both = sorted({only(keyring, [C1]), only(keyring, [C2])})
    assert keyring.store.akin(only(keyring, [C3])) == both
    assert keyring.store.akin(only(keyring, [C4])) == [only(keyring, [C4])]


def test_erasure_is_not_done_while_somebody_still_reads_the_key(tmp_path: Path) -> None:
    keyring = Keyring(SqlKeyStore(SQLiteKeys(tmp_path / "keys.db")), MASTER)
    reader = SQLiteKeys(tmp_path / "keys.db", read_only=True)
    keyring.seals([Wanted(C1, PHONE)])
    customer = only(keyring, [C1])
    with reader.transaction() as ask:
        assert ask("SELECT count(*) FROM customer_keys", ()) == [(1,)]
        with pytest.raises(KeysUnavailable):
            keyring.store.erase(customer)
    keyring.store.erase(customer)
    reader.close()
    keyring.close()


def test_another_master_key_is_refused(keyring: Keyring) -> None:
    with pytest.raises(WrongMasterKey):
        Keyring(keyring.store, secrets.token_bytes(32))


def test_keys_move_to_another_store_with_their_master_key(keyring: Keyring, tmp_path: Path) -> None:
    row = sealed(keyring, C1, 1, controls.received().fact)
    moved = SqlKeyStore(SQLiteKeys(tmp_path / "moved.db"))
    with closing(moved):
        Keyring(moved, secrets.token_bytes(32))
        assert moved.adopt(check_of(MASTER))
        assert moved.take(keyring.store.everything()) == 1
        assert moved.take(keyring.store.everything()) == 0
        assert not moved.adopt(check_of(secrets.token_bytes(32)))
        other = Keyring(moved, MASTER)
        assert other.opened([row]) == keyring.opened([row]) != [row]
        assert moved.by_marks([other.mark("phone:13800000000")]) == [only(keyring, [C1])]


def test_a_text_that_looks_like_a_token_is_a_text(keyring: Keyring) -> None:
    fake = f"~1~{'a' * 22}~{'b' * 30}"
    row = sealed(keyring, C1, 1, controls.received(text=fake, order_ref=fake).fact)
    fact = decode(*keyring.opened([row])[0]).fact
    assert isinstance(fact, Received)
    assert (fact.text, fact.order_ref) == (fake, fake)
