"""The digest a content is known by: what was published, approved or added, word for word (S002-1.15)."""

import hashlib

import orjson


def digest(text: str) -> str:
    """SHA-256 of a text in UTF-8, in hexadecimal (S002-1.15)."""
    return hashlib.sha256(text.encode()).hexdigest()


def json_digest(content: object) -> str:
    """SHA-256 of a content as canonical JSON: UTF-8, keys sorted, no spaces (S002-1.15)."""
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()
