"""What surrounds every request: its id, the log line, security headers, the end of its read session."""

from __future__ import annotations

import hashlib
import re
import secrets
import time

import structlog
from flask import Flask, Response, current_app, g, has_request_context, redirect, request, session, url_for
from flask.sessions import SecureCookieSessionInterface
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf.csrf import CSRFError

from ventory import security_log
from ventory.core.errors import Malformed, TlsRequired
from ventory.db import audit
from ventory.db.unit_of_work import before_writing
from ventory.extensions import csrf
from ventory.web import reading, refusals
from ventory.web.auth import PUBLIC
from ventory.web.errors import is_api, page
from ventory.web.limits import UNLIMITED
from ventory.web.urls import shown_at

log = structlog.get_logger("ventory.requests")
PAGE_POLICY = (
    "default-src 'self'; script-src 'nonce-{nonce}'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'"
)
API_POLICY = "default-src 'none'; frame-ancestors 'none'"
# The library checks hosts against a list when there is one, and takes `name:80:80` and none at all.
_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")
# What a server takes in before it gives a thread to it (ventory/server): nobody waits for a stranger's next byte.
STRANGERS_BYTES = 60_000
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


def cookie_name(name: str) -> str:
    """A cookie's name: over TLS with the prefix that lets no other site, or page without TLS, set it for us."""
    return f"__Host-{name}" if request.is_secure else name


class Sessions(SecureCookieSessionInterface):
    """Flask's own, but Secure and under another name over TLS, and silent on answers that a browser keeps: they are the
    same whatever the cookie says by then."""

    digest_method = staticmethod(hashlib.sha256)  # the library's own choice is SHA-1

    def get_cookie_name(self, app) -> str:
        return cookie_name(super().get_cookie_name(app))

    def get_cookie_secure(self, app) -> bool:
        return request.is_secure

    def open_session(self, app, request):
        if self.get_cookie_name(app) not in request.cookies:  # a signer takes 40 µs to make
            return self.session_class()
        return super().open_session(app, request)

    def save_session(self, app, session, response) -> None:
        # Nothing stands in it and nothing did; that an answer differs by cookie is said by `_finish`.
        is_untouched = not session and not session.modified
        if not is_untouched and not response.cache_control.immutable:
            super().save_session(app, session, response)


def register(app: Flask) -> None:
    app.session_interface = Sessions()
    app.before_request(_begin)
    app.after_request(_finish)
    app.teardown_appcontext(lambda _error: reading.end())
    before_writing(reading.end)
    security_log.bind(refusals.describe)
    audit.bind(_source)
    app.jinja_env.globals["csp_nonce"] = nonce
    app.register_error_handler(CSRFError, _expired_form)


def _source() -> audit.Source:
    """Where the running request came from, for the audit trail."""
    if not has_request_context():
        return audit.Source()
    return audit.Source(request.remote_addr or "", request.headers.get("User-Agent", ""), g.get("request_id"))


def nonce() -> str:
    """What a page's own scripts carry: one value per answer, so that nothing else on this site runs as a script."""
    if "nonce" not in g:
        g.nonce = secrets.token_urlsafe(16)
    return g.nonce


def _begin() -> ResponseReturnValue | None:
    sent = request.headers.get("X-Request-Id", "")
    g.request_id = sent if _REQUEST_ID.fullmatch(sent) else secrets.token_hex(8)
    g.started = time.perf_counter()
    most = getattr(current_app.view_functions.get(request.endpoint or ""), "most_body_bytes", None)
    if most is not None:
        request.max_content_length = most
    if _is_stranger():
        request.max_content_length = min(request.max_content_length or STRANGERS_BYTES, STRANGERS_BYTES)
        if "Transfer-Encoding" in request.headers:
            raise Malformed("Say how long the body is, by Content-Length.")
    if request.routing_exception is None and not _names_its_host():
        raise Malformed("The request does not say properly which host it is for.")
    if current_app.config["VENTORY"].requires_tls and not request.is_secure and request.endpoint not in UNLIMITED:
        return _over_tls()
    if not is_api() and request.method not in ("GET", "HEAD", "OPTIONS"):
        csrf.protect()
    return None


def _is_stranger() -> bool:
    """Whether a body would be read of somebody who has not shown who they are: the API asks first, pages read a form's
    token first."""
    return _is_of_nobody() or (not is_api() and "_user_id" not in session)


def _is_of_nobody() -> bool:
    """Whether the request is one that needs no sign-in."""
    view = current_app.view_functions.get(request.endpoint or "")
    return getattr(view, "permission", PUBLIC) == PUBLIC


def _names_its_host() -> bool:
    host = request.environ.get("HTTP_HOST", "")
    return bool(_HOST.fullmatch(host)) or (not host and request.environ["SERVER_PROTOCOL"] == "HTTP/1.0")


def _over_tls() -> ResponseReturnValue:
    """A program that sent its token in the clear hears of it; a person is led on, to the address that we know."""
    address = current_app.config["VENTORY"].public_url
    if is_api() or request.method not in ("GET", "HEAD") or not address.startswith("https://"):
        raise TlsRequired("This server is used over TLS only: https://")
    return redirect(address + request.full_path.rstrip("?"), 308)


def _finish(response: Response) -> Response:
    asked, now = request._get_current_object(), g._get_current_object()  # type: ignore[attr-defined]
    headers = response.headers
    headers.add("X-Request-Id", now.get("request_id", ""))  # nothing else sets these
    headers.add("X-Content-Type-Options", "nosniff")
    headers.add("Referrer-Policy", "same-origin")
    headers.add("Cross-Origin-Opener-Policy", "same-origin")
    if asked.is_secure:
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    is_large = (asked.content_length or 0) > STRANGERS_BYTES or "Transfer-Encoding" in asked.headers
    if response.status_code >= 400 and is_large:
        headers["Connection"] = "close"  # what was refused is not read to its end
    policy = PAGE_POLICY.format(nonce=nonce()) if response.mimetype == "text/html" else API_POLICY
    headers.setdefault("Content-Security-Policy", policy)
    if asked.endpoint != "static":
        is_kept = "Cache-Control" in headers
        if not is_kept:
            headers["Cache-Control"] = "no-store"
        if not is_kept or not response.cache_control.immutable:
            headers.add("Vary", "Cookie")
    refusals.note(response)
    actor = now.get("actor")
    log.info(
        "request",
        id=now.get("request_id"),
        method=asked.method,
        path=asked.path,
        status=response.status_code,
        ms=round((time.perf_counter() - now.get("started", time.perf_counter())) * 1000, 1),
        actor=None if actor is None else actor.id,
    )
    return response


def _expired_form(error: CSRFError):
    g.refusal = {"event": "form_refused"}
    again = shown_at()
    if _is_of_nobody() or current_user.is_authenticated:
        way = ("Back to the form", again)
    else:
        way = ("Sign in", url_for("auth.login", next=again))
    message = "Your sign-in has ended or was renewed since this form was made. Nothing was changed; fill it in again."
    return page(403, message, title="This form is too old", way=way)
