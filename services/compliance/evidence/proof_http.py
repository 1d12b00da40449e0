"""`GET /proof/CODE`: what a receipt's code proves, for whoever holds the receipt; no personal text is in the answer."""

import asyncio

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from events.ledger import Ledger
from services.compliance.evidence.proving import Answer, Firsts, Proven, prove
from services.compliance.seal.notes import NotSigned
from services.compliance.seal.proofs import TilesMissing
from services.compliance.seal.seal_store import SealStore, SealStoreAway
from services.compliance.verification.verifier import Refused

PATH = "/proof/{code}"
FORMS = ("json", "proof")
RETRY_AFTER = {"retry-after": "1"}

_STATUS = {Answer.PROVEN: 200, Answer.UNKNOWN: 404, Answer.NOT_SEALED: 503, Answer.ALTERED: 409}


def proofs(ledger: Ledger, store: SealStore) -> APIRouter:
    """The route over that ledger and its seal."""
    router = APIRouter(tags=["proof"])
    firsts = Firsts(store)

    @router.get(
        PATH,
        responses={
            200: {"description": "in the log: index, since when, and the proof"},
            400: {"description": "no code, a mistyped one, or another form"},
            404: {"description": "no complaint fits this code"},
            409: {"description": "the ledger holds something else than what was sealed"},
            503: {"description": "not sealed yet, or the seal is away or damaged: try again"},
        },
    )
    async def proof(code: str, form: str = "json") -> Response:
        """What the code proves; `?form=proof` gives the tlog-proof alone, as a file to keep."""
        if form not in FORMS:
            asked = f"form={form[:40]!r}"
            refused = {"error": "bad_form", "zh": f"{asked}：须为 json 或 proof", "en": f"{asked}: json or proof"}
            return JSONResponse(refused, 400)
        try:
            found = await asyncio.to_thread(prove, ledger, store, code, firsts=firsts)
        except Refused as mistyped:
            return JSONResponse({"error": "bad_code", "zh": mistyped.zh, "en": mistyped.en}, 400)
        except (SealStoreAway, TilesMissing) as away:
            why = {"error": "unavailable", "zh": "封存暂不可用，请稍后重试", "en": f"the seal is away: {away}"}
            return JSONResponse(why, 503, RETRY_AFTER)
        except NotSigned as damaged:
            zh, en = "封存的检查点已损坏，请联系公司", "the seal's checkpoint is damaged: please tell the company"
            return JSONResponse({"error": "seal_damaged", "zh": zh, "en": f"{en} ({damaged})"}, 503)
        return _answer(found, form)

    return router


def _answer(found: Proven, form: str) -> Response:
    if form == "proof" and found.proof is not None:
        name = f'attachment; filename="{found.code}.tlog-proof"'
        return PlainTextResponse(found.proof, headers={"content-disposition": name})
    headers = RETRY_AFTER if found.answer is Answer.NOT_SEALED else None
    return JSONResponse(found.as_json(), _STATUS[found.answer], headers)
