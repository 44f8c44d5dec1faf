"""How much one client may ask altogether: counted in each process, or in Redis when one is configured.

What guards accounts (sign-in, codes, sign-up) is counted in the database instead: see db/attempts.
"""

from __future__ import annotations

import time

import structlog
from flask import Flask, current_app, request
from flask_jwt_extended.exceptions import JWTExtendedException
from jwt.exceptions import PyJWTError
from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import FixedWindowRateLimiter

from ventory.config import Config
from ventory.core.errors import TooManyTries, Unauthenticated
from ventory.web.auth import PUBLIC, identify
from ventory.web.proxies import client_of

UNLIMITED = frozenset({"static", "main.alive", "main.ready"})
log = structlog.get_logger(__name__)


def client() -> str:
    """Whom limits count: where the connection comes from, whatever the request says about it."""
    return client_of(request.remote_addr)


def register(app: Flask, config: Config) -> None:
    """Limit what routes without a permission take, and the others when RATE_LIMIT says so.

    With limits' own engine rather than Flask-Limiter, which looks at every request, limited or not (ADR 0015).
    """
    anonymous, signed_in = (parse(each) if each else None for each in (config.rate_limit_anonymous, config.rate_limit))
    if anonymous is None and signed_in is None:
        return
    counting = Counting(config.rate_limit_storage)

    @app.before_request
    def look() -> None:
        view = current_app.view_functions.get(request.endpoint or "")
        is_public = getattr(view, "permission", PUBLIC) == PUBLIC
        limit = anonymous if is_public else signed_in
        if limit is not None and request.endpoint not in UNLIMITED:
            counting.count(limit, client() if is_public else _session())


def _session() -> str:
    """Whose request it is: shops behind one address do not share a limit, made-up tokens of one client do."""
    try:
        actor = identify()
        return f"session {actor.session_id}" if actor.key_id is None else f"key {actor.key_id}"
    except (Unauthenticated, JWTExtendedException, PyJWTError):
        return client()


class Counting:
    """Counts in Redis, or in this process when none is named or it does not answer."""

    def __init__(self, address: str):
        self.here = FixedWindowRateLimiter(MemoryStorage())
        # Short waits: a Redis that hangs must not hold up those who ask.
        options: dict = {"socket_timeout": 0.2, "socket_connect_timeout": 0.2} if address else {}
        self.shared = (
            FixedWindowRateLimiter(storage_from_string(address, wrap_exceptions=True, **options)) if address else None
        )

    def count(self, limit: RateLimitItem, whom: str) -> None:
        """raises: TooManyTries"""
        try:
            self._count(self.shared or self.here, limit, whom)
        except StorageError as error:
            log.warning("limits are counted in this process alone", cause=str(error))
            self._count(self.here, limit, whom)

    @staticmethod
    def _count(counter: FixedWindowRateLimiter, limit: RateLimitItem, whom: str) -> None:
        if not counter.hit(limit, whom):
            ends_at = counter.get_window_stats(limit, whom).reset_time
            wait = max(1, int(ends_at - time.time()) + 1)
            raise TooManyTries(f"That is more than {limit} allowed here. Go on in {wait} s.", retry_after_seconds=wait)
