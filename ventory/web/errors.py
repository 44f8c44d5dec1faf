"""Errors as answers: the one table from error to status, problem documents for programs, pages for people."""

from __future__ import annotations

from typing import Any

import structlog
from flask import Flask, Response, g, jsonify, redirect, render_template, request, url_for
from gunicorn.http.errors import ParseException
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import HTTPException, InternalServerError, SecurityError

from ventory.core import errors
from ventory.db.unit_of_work import OutcomeUnknown, is_cancelled, is_disconnect
from ventory.web.urls import shown_at

STATUS: dict[type[errors.VentoryError], int] = {
    errors.Malformed: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Rejected: 409,
    errors.Stale: 412,
    errors.PreconditionRequired: 428,
    errors.FileTooLarge: 413,
    errors.FileTypeRefused: 415,
    errors.BadInput: 422,
    errors.TooManyTries: 429,
    errors.Overloaded: 503,
    OutcomeUnknown: 503,
}
EVENTS: dict[type[errors.VentoryError], str] = {
    errors.Malformed: "input_refused",
    errors.BadInput: "input_refused",
    errors.PreconditionRequired: "input_refused",
    errors.Unauthenticated: "authentication_refused",
    errors.WrongPassword: "sign_in_refused",
    errors.TokenReused: "token_reused",
    errors.WrongCode: "code_refused",
    errors.CodeVoid: "code_void",
    errors.Forbidden: "permission_refused",
    errors.Hidden: "permission_refused",
    errors.NotFound: "not_found",
    errors.Rejected: "state_refused",
    errors.Stale: "state_refused",
    errors.TooManyTries: "limit_hit",
    errors.Overloaded: "overloaded",
}
"""What the security log calls a refusal."""
TITLES = {
    400: "The request cannot be read",
    401: "Sign in first",
    403: "Not allowed",
    404: "Not found",
    405: "This address does not take that method",
    409: "Not possible as things stand",
    412: "Changed in between",
    413: "Too large",
    414: "The address is too long",
    415: "Wrong kind of content",
    422: "Something in it is not right",
    428: "Say which version you change",
    429: "Too many requests",
    500: "A mistake of ours",
    503: "Busy",
}
log = structlog.get_logger(__name__)


def status_of(error: errors.VentoryError) -> int:
    """The HTTP status of an error, by its nearest listed class."""
    for kind in type(error).__mro__:
        if kind in STATUS:
            return STATUS[kind]
    raise AssertionError(f"{type(error).__name__} has no status")


def remember(error: errors.VentoryError) -> None:
    """Keep what a request is refused for; the security log asks when it is answered."""
    event = next(EVENTS[kind] for kind in type(error).__mro__ if kind in EVENTS)
    g.refusal = {"event": event, "code": error.code}


def is_api() -> bool:
    return request.path.startswith("/api/")


def problem(status: int, code: str, detail: str, problems: list[dict] | None = None, **more: Any) -> Response:
    """An RFC 9457 problem document."""
    body = {
        "type": "about:blank",
        "title": TITLES.get(status, "Error"),
        "status": status,
        "code": code,
        "detail": detail,
        "errors": problems or [],
        "request_id": g.get("request_id", ""),
    } | more
    g.problem_code = code
    response = jsonify(body)
    response.status_code = status
    response.mimetype = "application/problem+json"
    return response


def fields_of(error: errors.VentoryError) -> list[dict]:
    """Field errors as programs get them."""
    if error.problems:
        return [{"field": each.field, "code": each.code, "message": each.message} for each in error.problems]
    if error.field:
        return [{"field": error.field, "code": error.code, "message": error.message}]
    return []


def register(app: Flask) -> None:
    """Answer every error in the voice of the side that asked."""
    app.register_error_handler(errors.VentoryError, _expected)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(DBAPIError, _database)
    app.register_error_handler(ParseException, _cut_off)


def _expected(error: errors.VentoryError):
    status = status_of(error)
    remember(error)
    if status == 401 and not is_api():
        return redirect(url_for("auth.login", next=shown_at()), 303)
    if isinstance(error, errors.SecondFactorNeeded) and not is_api():
        return redirect(url_for("accounts.second_factor"), 303)
    if is_api():
        more = {key: value for key, value in error.details.items() if key not in ("title", "status", "code")}
        response = problem(status, error.code, error.message, fields_of(error), **more)
    else:
        response = page(status, error.message)
    if isinstance(error, errors.Overloaded | errors.TooManyTries):
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    if status == 401 and is_api():
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _database(error: DBAPIError):
    if is_cancelled(error):
        return _expected(errors.Overloaded("This took too long and was given up. Ask for less, or again in a moment."))
    if not is_disconnect(error):
        raise error
    log.error("database away", path=request.path, cause=str(error.orig).splitlines()[0])
    return _expected(errors.Overloaded("The database does not answer. Nothing was booked; try again in a moment."))


def _cut_off(_error: ParseException):
    """A body whose parts are not what they say: nobody knows where the next request begins."""
    response = _expected(errors.Malformed("The body is not sent as HTTP says."))
    response.headers["Connection"] = "close"
    return response


def _http(error: HTTPException):
    status = error.code or 500
    if isinstance(error, InternalServerError) and error.original_exception is not None:
        log.error("unhandled", path=request.path, exc_info=error.original_exception)
    code = {
        400: "malformed",
        404: "not_found",
        405: "method_not_allowed",
        413: "too_large",
        414: "too_long",
        415: "wrong_content_type",
        429: "too_many_requests",
    }.get(status, "error" if status < 500 else "internal_error")
    detail = {
        404: "There is nothing at this address.",
        413: "The body is larger than this server takes.",
        500: "Something went wrong on our side. Nothing was booked.",
    }.get(status) or (error.description or TITLES.get(status, ""))
    if status < 400:
        return error
    if isinstance(error, SecurityError):  # of a host that is not ours no address can be made, so no page
        return problem(400, "malformed", "This server is not known under that name.")
    response = problem(status, code, detail) if is_api() else page(status, detail)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def page(status: int, message: str, *, title: str | None = None, way: tuple[str, str] | None = None) -> Response:
    """An error as a page that names the next step.

    way: (label, address) of the step that helps, where the status alone does not tell
    When we failed, the frame (who, which stores) is left out: reading it may be what failed.
    """
    g.frameless = status >= 500
    title = title or TITLES.get(status, "Error")
    html = render_template("error.html", status=status, title=title, message=message, way=way)
    return Response(html, status=status, mimetype="text/html")


def validation(error):
    """What the schemas found wrong, as a problem document: 400 for the query, 422 for the body."""
    locations = error.detail if isinstance(error.detail, dict) else {}
    problems = [
        {"field": None if path == "_schema" else path, "code": "bad_input", "message": _plain_words(message)}
        for fields in locations.values()
        for path, messages in fields.items()
        for message in messages
    ]
    status, code = (400, "malformed") if "query" in locations else (422, "bad_input")
    if len(problems) == 1:
        where = f"{problems[0]['field']}: " if problems[0]["field"] else ""
        detail = f"{where}{problems[0]['message']}"
    else:
        detail = f"{len(problems)} fields are not right."
    return problem(status, code, detail, problems)


def _plain_words(message: str) -> str:
    """The schema library's words as ours."""
    message = message.removeprefix("Value error, ")
    return {
        "Extra inputs are not permitted": "There is no such field.",
        "Field required": "This field is needed.",
    }.get(message, message)
