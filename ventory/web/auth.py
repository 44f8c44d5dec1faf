"""Who asks: one authentication behind sessions and tokens, one guard before every route."""

from __future__ import annotations

import functools
import hashlib
import hmac
import time
from collections.abc import Callable, Sequence
from typing import Any

from flask import Flask, current_app, g, request
from flask_jwt_extended import get_jwt, verify_jwt_in_request
from flask_login import current_user

from ventory.core.access import PERMISSIONS, Actor
from ventory.core.errors import BadInput, Hidden, SecondFactorNeeded, Unauthenticated
from ventory.core.keys import PREFIX, refusal, scope_for
from ventory.db.once import Once
from ventory.extensions import jwt, login_manager
from ventory.web.errors import is_api, problem
from ventory.web.requests import LARGEST_ID, refuse_nul, refuse_parameters, refuse_repeats

PUBLIC = "public"
SIGNED_IN = "signed in"
LONGEST_KEY = 255
MOST_VERIFIED = 2_000
_NOT_THE_REQUEST = frozenset({"csrf_token", "idempotency_key"})


def guard(permission: str, *, needs_factor: bool = True) -> Callable:
    """Declare what a route needs, and check it before anything that was sent is looked at.

    permission: one of core.access.PERMISSIONS, SIGNED_IN for what is a person's own, or PUBLIC
    needs_factor: False for what somebody may do who must set up a second factor before anything else
    """
    assert permission in PERMISSIONS | {PUBLIC, SIGNED_IN}, permission

    def decorate(view: Callable) -> Callable:
        declared = getattr(view, "_spec", {})
        takes_only_a_body = "body" in declared and not declared.get("args")

        @functools.wraps(view)
        def guarded(*args: Any, **kwargs: Any):
            if permission != PUBLIC:
                actor = identify()
                if actor.lacks_factor and needs_factor:
                    raise SecondFactorNeeded(
                        "This inventory asks everybody who may change something for a second factor."
                        " Set yours up under Account, or POST /api/v1/users/me/second-factor."
                    )
                if not (actor.key_id is None if permission == SIGNED_IN else actor.may(permission)):
                    raise _refusal(actor, permission)
            if request.query_string:
                if is_api():
                    refuse_repeats(request)
                refuse_nul(request)
                if takes_only_a_body:
                    refuse_parameters(request)
            return view(*args, **kwargs)

        guarded.permission = permission  # type: ignore[attr-defined]
        guarded.needs_factor = needs_factor  # type: ignore[attr-defined]
        if permission != PUBLIC:
            spec = guarded.__dict__.setdefault("_spec", {})
            scope = scope_for(permission)
            spec["security"] = [{"bearer": []}] + ([{"key": [scope]}] if scope else [])
        return guarded

    return decorate


def _refusal(actor: Actor, permission: str) -> Exception:
    if is_api():
        return refusal(actor, permission)
    return Hidden("There is nothing at this address.")


def identify() -> Actor:
    """The actor behind the request, kept in `g.actor`. raises: Unauthenticated"""
    if "actor" not in g:
        g.actor = _from_token() if is_api() else _from_session()
    return g.actor


def _from_token() -> Actor:
    kind, _, sent = request.headers.get("Authorization", "").partition(" ")
    if sent.startswith(PREFIX) and kind.casefold() == "bearer":
        return current_app.extensions["ventory.by_key"](sent)
    session_id, inventory_id = whose(_claims())
    actor = current_app.extensions["ventory.by_token"](session_id, inventory_id)
    if actor is None:
        raise Unauthenticated("This sign-in has ended. Sign in again.")
    return actor


def whose(claims: dict[str, Any], kind: str = "access") -> tuple[int, int]:
    """The session and the inventory that a token stands for.

    raises: Unauthenticated unless it is of this kind and made as ours are
    """
    session_id, inventory_id = claims.get("sid"), claims.get("inv")
    for number in (session_id, inventory_id, claims.get("exp")):
        if type(number) is not int or not 0 < number <= LARGEST_ID:
            raise Unauthenticated("This token is not one of ours. Sign in again.")
    # An audience that is a list holding ours is meant for somebody else, too.
    if claims.get("type") != kind or not isinstance(claims.get("aud"), str):
        raise Unauthenticated("This token is not one of ours. Sign in again.")
    return session_id, inventory_id  # type: ignore[return-value]


def _claims() -> dict[str, Any]:
    """What the request's token says. A token that was verified once is not verified again until it ends: its
    signature cannot change, and verifying took as long as reading who it belongs to."""
    sent = request.headers.get("Authorization", "")
    known: dict[str, dict[str, Any]] = current_app.extensions["ventory.verified"]
    claims = known.get(sent)
    if claims is not None and claims["exp"] > time.time():
        return claims
    verify_jwt_in_request()
    claims = get_jwt()
    whose(claims)
    if len(known) >= MOST_VERIFIED:
        known.clear()
    known[sent] = claims
    return claims


def _from_session() -> Actor:
    if not current_user.is_authenticated:
        raise Unauthenticated("Sign in to see this page.")
    return current_user.actor


def asked() -> dict[str, Any]:
    """What every command carries: who asks and, when the request may be repeated, under which key."""
    return {"by": g.actor, "once": _once()}


def _once() -> Once | None:
    key = request.headers.get("Idempotency-Key") if is_api() else request.form.get("idempotency_key")
    if key is None or request.method not in ("POST", "PUT", "PATCH", "DELETE"):
        return None
    key = key.strip().strip('"')
    if not key or len(key) > LONGEST_KEY or not key.isprintable():
        raise BadInput(f"An Idempotency-Key has 1 to {LONGEST_KEY} printable characters.", field="Idempotency-Key")
    is_body = is_api() and request.mimetype != "multipart/form-data"
    body = request.get_data(cache=True) if is_body else _form_without_tokens()
    digest = hashlib.sha256(body).hexdigest()
    return Once(g.actor.inventory_id, g.actor.id, request.method, request.path[:400], key, digest)


def _form_without_tokens() -> bytes:
    """What a form says, without what is new in every copy of it: tokens, and the line between its parts."""
    fields = sorted((name, value) for name, value in request.form.items(multi=True) if name not in _NOT_THE_REQUEST)
    files = []
    for name, part in request.files.items(multi=True):
        files.append((name, part.filename, hashlib.sha256(part.stream.read()).hexdigest()))
        part.stream.seek(0)
    return repr(fields + files).encode()


def register(app: Flask, *, by_token: Callable, by_key: Callable, by_cookie: Callable) -> None:
    """Wire the three ways in.

    by_token: (session id, inventory id) → Actor or None; by_key: (API key) → Actor, raises Unauthenticated;
    by_cookie: (secret) → Flask-Login user or None
    """
    app.extensions["ventory.by_token"] = by_token
    app.extensions["ventory.by_key"] = by_key
    app.extensions["ventory.verified"] = {}
    login_manager.user_loader(by_cookie)
    login_manager.login_view = "auth.login"
    jwt.unauthorized_loader(lambda _reason: _no_token("Send a token: Authorization: Bearer …"))
    jwt.invalid_token_loader(lambda _reason: _no_token("This token is not one of ours. Sign in again."))
    jwt.expired_token_loader(lambda _header, _claims: _no_token("This token has ended. Renew it or sign in again."))
    jwt.needs_fresh_token_loader(lambda _header, _claims: _no_token("Sign in again for this."))
    jwt.revoked_token_loader(lambda _header, _claims: _no_token("This sign-in has ended. Sign in again."))


def sign_with(app: Flask, secrets: Sequence[str]) -> None:
    """Sign tokens with the first of the secrets, and take those that the others signed. A token names its key, so that
    none is tried in vain; what it names is looked for among ours alone."""
    keys = {_key_id(secret): secret for secret in secrets}
    app.extensions["ventory.token_keys"] = keys
    jwt.additional_headers_loader(lambda _identity: {"kid": _key_id(current_app.config["JWT_SECRET_KEY"])})
    jwt.decode_key_loader(
        lambda header, _claims: current_app.extensions["ventory.token_keys"].get(
            header.get("kid"), current_app.config["JWT_SECRET_KEY"]
        )
    )


@functools.cache
def _key_id(secret: str) -> str:
    return hmac.digest(secret.encode(), b"key id", "sha256").hex()[:16]


def _no_token(message: str):
    response = problem(401, "unauthenticated", message)
    response.headers["WWW-Authenticate"] = "Bearer"
    return response
