"""`/seal/…`: the log for strangers to read, as files (C2SP tlog-tiles); hashes and signatures, nobody's data."""

import re

from fastapi import APIRouter, Response
from fastapi.concurrency import run_in_threadpool

from services.compliance.seal.seal_store import SealStore, SealStoreAway

_TEXT = re.compile(r"checkpoint|checkpoints/\d{4}-\d\d-\d\d-\d{4,}\.txt|keys/[0-9a-f]{8}\.(vkey|endorsement)")
_NUMBER = r"(x\d{3}/)*\d{3}(\.p/[1-9]\d{0,2})?"
_TILE = re.compile(rf"tile/(entries|\d|[1-5]\d|6[0-3])/{_NUMBER}")
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_FRESH = {"Cache-Control": "no-cache"}


def publishing(store: SealStore) -> APIRouter:
    """The log of this installation, read-only."""
    router = APIRouter(prefix="/seal", include_in_schema=False)

    @router.get("/{path:path}")
    async def read(path: str) -> Response:
        """A checkpoint, a tile, an entry bundle or a public key."""
        is_text = _TEXT.fullmatch(path) is not None
        if not is_text and _TILE.fullmatch(path) is None:
            return Response(status_code=404)
        try:
            content = await run_in_threadpool(store.read, path)
        except SealStoreAway:
            return Response(status_code=503)
        if content is None:
            return Response(status_code=404)
        kind = "text/plain; charset=utf-8" if is_text else "application/octet-stream"
        return Response(content, headers=_FRESH if is_text else _FOR_EVER, media_type=kind)

    return router
