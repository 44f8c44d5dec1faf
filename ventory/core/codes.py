"""Six-digit codes that nobody has to store: whoever has the key works them out again."""

from __future__ import annotations

import hashlib
import hmac

DIGITS = 6


def six_digits(key: bytes, *request: object) -> str:
    """The code of a request.

    key: the server's secret; without it neither the database nor the outbox tells a code
    request: what makes it this request and no other: its id, its purpose, its random part
    source: dynamic truncation of RFC 4226, over SHA-256
    """
    text = "\x1f".join(str(part) for part in request)
    digest = hmac.new(key, text.encode(), hashlib.sha256).digest()
    start = digest[-1] & 0xF
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def is_same(one: str, other: str) -> bool:
    """Whether two secrets are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(one.encode(), other.encode())
