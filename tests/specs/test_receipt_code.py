"""The code on a receipt: typed from paper it proves that the complaint is in the log, and since when."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from events.catalogue import wire
from events.receipt_code import ALPHABET, receipt_code
from services.compliance.evidence.bundle_proofs import sealed_by
from services.compliance.evidence.proof_http import proofs
from services.compliance.evidence.proving import Answer, Proven, prove
from services.compliance.seal.notes import NotSigned
from services.compliance.verification.verifier import (
    Refused,
    Trust,
    entry_hash,
    parse_code,
    parse_verifier_key,
    verify_code,
)
from tests import controls
from tests.evidenced import Evidence

MINUTE = timedelta(minutes=1)
LINES = st.binary(min_size=1, max_size=50)
POSITIONS = st.integers(min_value=1, max_value=2**63 - 1)


@given(POSITIONS, LINES)
def test_the_verifier_reads_out_of_a_code_what_intake_put_in(position: int, line: bytes) -> None:
    code = parse_code(receipt_code(position, line))
    assert (code.position, code.prefix) == (position, entry_hash(line)[:20])


def test_an_everyday_code_is_eight_groups_of_five() -> None:
    code = receipt_code(2**35 - 1, b"a line")
    assert [len(group) for group in code.split("-")] == [5] * 8
    assert not set(code) & set("ILOU")


@given(POSITIONS, LINES, st.randoms())
def test_a_code_is_read_however_it_is_typed(position: int, line: bytes, chance: object) -> None:
    code = receipt_code(position, line)
    typed = code.lower().replace("0", "o").replace("1", "l").replace("-", "  ")
    wide = "".join(chr(ord(sign) + 0xFEE0) if sign.isdigit() else sign for sign in code)
    assert parse_code(typed) == parse_code(wide) == parse_code(code)


@given(POSITIONS, LINES, st.integers(0, 39), st.sampled_from(ALPHABET))
def test_one_wrong_sign_is_always_noticed(position: int, line: bytes, at: int, sign: str) -> None:
    code = receipt_code(position, line).replace("-", "")
    if code[at] != sign:
        with pytest.raises(Refused):
            parse_code(code[:at] + sign + code[at + 1 :])


@given(POSITIONS, LINES, st.integers(0, 38))
def test_two_neighbours_exchanged_are_always_noticed(position: int, line: bytes, at: int) -> None:
    code = receipt_code(position, line).replace("-", "")
    if code[at] != code[at + 1]:
        with pytest.raises(Refused):
            parse_code(code[:at] + code[at + 1] + code[at] + code[at + 2 :])


@pytest.mark.parametrize("text", ["", "-", "abc", "U" * 40, "0" * 40, "证明" * 20, "0" * 46, "A" * 500, "*" * 40])
def test_what_is_no_code_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        parse_code(text)


@pytest_asyncio.fixture
async def company(tmp_path: Path) -> AsyncIterator[Evidence]:
    """A ledger with some history, sealed as it grew."""
    made = Evidence(tmp_path / "company")
    await made.complain("W-first")
    made.seal()
    yield made
    made.close()


@pytest.mark.clause("S004-1.9")
async def test_a_receipt_carries_the_code_of_what_is_stored_and_a_repeat_gets_the_same(company: Evidence) -> None:
    receipt = await company.submit(external_ref="W-7")
    [row] = company.ledger.rows_of([receipt.complaint_id])
    assert receipt.code == receipt_code(row.position, wire(*row))
    again = await company.submit(external_ref="W-7")
    other = await company.submit(external_ref="W-7", text="还有别的事")
    assert (again.duplicate, again.code, other.code) == (True, receipt.code, receipt.code)


async def test_many_submissions_at_once_get_each_their_own_code(company: Evidence) -> None:
    receipts = await asyncio.gather(*(company.submit(external_ref=f"W-{number}") for number in range(20)))
    assert len({receipt.code for receipt in receipts}) == 20
    company.seal()
    for receipt in receipts:
        assert prove(company.ledger, company.seal_store, receipt.code).answer is Answer.PROVEN


async def proven(company: Evidence) -> Proven:
    """The proof of a complaint that was sealed, and others after it."""
    receipt = await company.submit(external_ref="W-7")
    company.clock.set(company.clock() + MINUTE)
    company.seal()
    await company.complain("W-later")
    company.clock.set(company.clock() + MINUTE)
    company.seal()
    return prove(company.ledger, company.seal_store, receipt.code)


async def test_the_code_proves_that_the_complaint_is_in_the_log_and_since_when(company: Evidence) -> None:
    before = sealed_by(company.seal_store)
    found = await proven(company)
    assert found.answer is Answer.PROVEN
    assert found.log_index == before.head.size
    assert found.first is not None
    assert int(found.first.splitlines()[1]) == before.head.size + 1
    assert found.since == "2026-03-02T02:01:00.000000Z"


async def test_whoever_holds_the_checkpoint_checks_the_proof_with_the_verifier_alone(company: Evidence) -> None:
    found = await proven(company)
    [key] = sealed_by(company.seal_store).keys.values()
    trust = Trust([parse_verifier_key(key.decode())], found.checkpoint)
    verdict = verify_code(found.code, found.proof or "", trust)
    assert verdict.exit_code == 0
    assert [each.en for each in verdict.proven][1:] == [
        "the proof is of the checkpoint you hold",
        f"the checkpoint is signed by {sealed_by(company.seal_store).head.origin}",
    ]


async def test_a_proof_is_made_for_the_checkpoint_the_customer_kept(company: Evidence) -> None:
    found = await proven(company)
    newest = sealed_by(company.seal_store).note
    later = prove(company.ledger, company.seal_store, found.code, newest)
    assert (later.answer, later.checkpoint) == (Answer.PROVEN, newest)
    assert verify_code(found.code, later.proof or "", Trust(checkpoint=newest)).exit_code == 0
    assert verify_code(found.code, later.proof or "", Trust(checkpoint=found.first)).exit_code == 2


async def test_the_proof_handed_out_proves_the_time_that_is_told(company: Evidence) -> None:
    found = await proven(company)
    assert found.checkpoint == found.first
    assert verify_code(found.code, found.proof or "", Trust(checkpoint=found.first)).facts["signed_at"] == found.since


async def test_a_proof_fits_no_other_code_and_no_altered_proof_fits(company: Evidence) -> None:
    found = await proven(company)
    proof = found.proof or ""
    other = (await company.submit(external_ref="W-8")).code
    assert verify_code(other, proof).exit_code == 1
    assert verify_code(found.code, proof.replace(f"index {found.log_index}", "index 0")).exit_code == 1
    lines = proof.splitlines(keepends=True)
    for number in range(1, len(lines) - 1):
        left_out = "".join(lines[:number] + lines[number + 1 :])
        key = Trust([parse_verifier_key(next(iter(sealed_by(company.seal_store).keys.values())).decode())])
        assert verify_code(found.code, left_out, key).exit_code, lines[number]


async def test_what_is_not_sealed_yet_is_said_to_be_so(company: Evidence) -> None:
    receipt = await company.submit(external_ref="W-7")
    assert prove(company.ledger, company.seal_store, receipt.code).answer is Answer.NOT_SEALED
    company.seal()
    assert prove(company.ledger, company.seal_store, receipt.code).answer is Answer.PROVEN


async def test_a_code_of_another_house_fits_nothing(company: Evidence) -> None:
    assert prove(company.ledger, company.seal_store, receipt_code(1, b"x")).answer is Answer.UNKNOWN
    assert prove(company.ledger, company.seal_store, receipt_code(10**9, b"x")).answer is Answer.UNKNOWN


async def test_a_checkpoint_this_log_never_went_through_is_told(company: Evidence) -> None:
    found = await proven(company)
    note = found.checkpoint or ""
    body = note.splitlines()
    for outside, said in (
        (note.replace(body[2], "A" * 43 + "="), "history was rewritten"),
        (note.replace(f"\n{body[1]}\n", "\n999999\n"), "the seal was cut"),
        (note.replace("amends.log/", "amends.log/0"), "of another log"),
    ):
        with pytest.raises(NotSigned, match=said):
            prove(company.ledger, company.seal_store, found.code, outside)
    with pytest.raises(NotSigned):
        prove(company.ledger, company.seal_store, found.code, "no checkpoint")


async def test_a_complaint_that_was_altered_after_sealing_is_told(company: Evidence) -> None:
    receipt = await company.submit(external_ref="W-7")
    company.seal()
    position = parse_code(receipt.code).position
    with company.ledger.store.datastore.transaction(commit=True) as cursor:  # type: ignore[attr-defined]
        cursor.execute(f"UPDATE stored_events SET originator_version = 9 WHERE rowid = {position}")
    assert prove(company.ledger, company.seal_store, receipt.code).answer is Answer.UNKNOWN
    [row] = company.ledger.rows_after(position - 1, 1)
    line = f'{{"position":{position},"complaint_id":"{row.stream}","version":9,"type":"{row.topic}",'.encode()
    altered = receipt_code(position, line + row.state[1:])
    assert prove(company.ledger, company.seal_store, altered).answer is Answer.ALTERED


@pytest_asyncio.fixture
async def api(company: Evidence) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the route."""
    app = FastAPI()
    app.include_router(proofs(company.ledger, company.seal_store))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk") as client:
        yield client


async def test_over_http_the_code_gets_the_same_answer_and_the_proof_as_a_file(
    company: Evidence, api: httpx.AsyncClient
) -> None:
    found = await proven(company)
    answer = await api.get(f"/proof/{found.code}")
    assert (answer.status_code, answer.json()["in_log"], answer.json()["since"]) == (200, True, found.since)
    file = await api.get(f"/proof/{found.code}?form=proof")
    assert file.text == found.proof
    assert "tlog-proof" in file.headers["content-disposition"]


async def test_over_http_what_fits_nothing_or_is_mistyped_is_told(company: Evidence, api: httpx.AsyncClient) -> None:
    assert (await api.get(f"/proof/{receipt_code(1, b'x')}")).status_code == 404
    mistyped = await api.get("/proof/abc")
    assert (mistyped.status_code, mistyped.json()["error"]) == (400, "bad_code")
    early = await api.get(f"/proof/{(await company.submit(external_ref='W-7')).code}")
    assert (early.status_code, early.headers["retry-after"]) == (503, "1")


async def test_the_answer_holds_nothing_personal(company: Evidence, api: httpx.AsyncClient) -> None:
    found = await proven(company)
    answer = (await api.get(f"/proof/{found.code}")).text
    assert controls.C1 not in answer
    assert "13800000000" not in answer
    assert "~1~" not in answer
