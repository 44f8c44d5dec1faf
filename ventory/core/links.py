"""Links in mails: their secret part is made from the installation's secret, so that no table needs to hold it."""

from __future__ import annotations

import base64
import hashlib
import hmac


def token_of(secret: str, purpose: str, salt: str) -> str:
    """The secret part of a link, the same whenever it is asked for. salt: random, of this link alone"""
    made = hmac.digest(secret.encode(), f"{purpose}:{salt}".encode(), "sha256")
    return base64.urlsafe_b64encode(made).decode().rstrip("=")


def digest_of(token: str) -> str:
    """What a table holds to know a token again."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
