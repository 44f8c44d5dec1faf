"""Sealing what has to be read again but must not stand in the database as it is."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Iterable
from dataclasses import dataclass, field

_NONCE_BYTES = 12


class Unsealable(Exception):
    """Sealed with a key that is gone, for something else, or changed since."""


@dataclass(frozen=True)
class _Key:
    id: str
    secret: bytes = field(repr=False)

    @property
    def box(self):
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # 7 MB, in processes that seldom seal anything

        return AESGCM(self.secret)


class Seal:
    """Seals with the newest of the installation's secrets, opens with any of them.

    secrets: newest first; what_for: sets these keys apart from all that is made of the same secrets
    """

    def __init__(self, secrets: Iterable[str], what_for: str):
        self.keys = tuple(_key(secret, what_for) for secret in secrets)

    @property
    def key_id(self) -> str:
        """Tells the key that seals now from others, and nothing about it."""
        return self.keys[0].id

    def close(self, text: str, whose: str) -> str:
        """whose: what it belongs to; sealed for one it opens for no other"""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self.keys[0].box.encrypt(nonce, text.encode(), whose.encode())
        return base64.b64encode(nonce + sealed).decode()

    def open(self, sealed: str, whose: str, key_id: str) -> str:
        """raises: Unsealable"""
        from cryptography.exceptions import InvalidTag

        content = base64.b64decode(sealed)
        key = next((each for each in self.keys if each.id == key_id), None)
        if key is None:
            raise Unsealable
        try:
            return key.box.decrypt(content[:_NONCE_BYTES], content[_NONCE_BYTES:], whose.encode()).decode()
        except InvalidTag as error:
            raise Unsealable from error


def _key(secret: str, what_for: str) -> _Key:
    # The secret is random and long, so one keyed hash makes a key of it.
    made = hmac.digest(secret.encode(), what_for.encode(), "sha256")
    return _Key(hashlib.sha256(made).hexdigest()[:16], made)
