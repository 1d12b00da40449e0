"""A customer is forgotten by a whole installation: broker, ledger, lists, messages sent, and what it answers (G19)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.harness import Up, a_channel, command, publish, submission, until

SECRETS = ("张小三被告知三天内到货", "张小三", "13912345678")


def plain_in(data: Path) -> Iterator[str]:
    """Where a personal text stands in clear in any file of the installation."""
    for file in data.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            yield from (f"{file.relative_to(data)}: {secret}" for secret in SECRETS if secret.encode() in content)


@pytest.mark.clause("S002-1.16")
async def test_after_erasure_nothing_anywhere_tells_who_complained_and_every_proof_holds(up: Up) -> None:
    customer = {"name": SECRETS[1], "contacts": [{"medium": "phone", "address": SECRETS[2]}]}
    body = {**submission("web", "W-1", SECRETS[0]), "customer": customer}
    await up.start()
    async with a_channel(up.nats) as client:
        await publish(up.oracle, client, [body])
    await up.books.settled()
    [receipt] = up.oracle.receipts.values()
    assert set(plain_in(up.data)) == {f"outbox.jsonl: {secret}" for secret in SECRETS[1:] if _sent(up, secret)}
    await _refused("erase", receipt.complaint_id, up)
    code, _, errors = await command(
        "do", receipt.complaint_id, "withdraw", "--as", "li.na", "--data", '{"words": "不投诉了"}', data=up.data
    )
    assert code == 0, errors
    for person in ("wu.hao", "chen.jie"):
        done = await command(
            "erase", receipt.complaint_id, "--as", person, "--reason", "客户申请", "--json", data=up.data
        )
        assert done[0] == 0, done
    assert done[1][0]["certificate"]["done_by"] == "chen.jie"
    code, [state], _ = await command("show", receipt.complaint_id, "--as", "li.na", "--json", data=up.data)
    assert (code, state["text"], state["customer"]["name"]) == (0, "***", "***")
    assert list(plain_in(up.data)) == []
    await until("the seal reaches the erasure", lambda: _verified(up))
    assert await up.running.terminate() == 0
    assert list(plain_in(up.data)) == []


def _sent(up: Up, secret: str) -> bool:
    """The acknowledgement went to the trial outbox, which is no part of the evidence."""
    return secret.encode() in (up.data / "outbox.jsonl").read_bytes()


async def _refused(act: str, complaint: str, up: Up) -> None:
    code, [answer], _ = await command(act, complaint, "--as", "wu.hao", "--reason", "客户申请", "--json", data=up.data)
    assert (code, answer["refused"]["code"]) == (3, "complaint_open")


async def _verified(up: Up) -> bool:
    code, _, _ = await command("verify", "--json", data=up.data)
    return code == 0
