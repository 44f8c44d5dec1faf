"""Who asked and what was refused, for the security log: exactly one line for each refusal."""

from __future__ import annotations

from typing import Any

from flask import Response, g, has_request_context, request

from ventory import security_log
from ventory.web.limits import client

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})
_BY_STATUS = {
    401: "authentication_refused",
    403: "permission_refused",
    404: "not_found",
    405: "method_refused",
    409: "state_refused",
    412: "state_refused",
    429: "limit_hit",
    503: "overloaded",
}


def note(response: Response) -> None:
    """Write a refused request down; every other answer is none of this log's business."""
    if response.status_code < 400 and "refusal" not in g:
        return
    by_status = "unexpected_error" if response.status_code >= 500 else "input_refused"
    refusal = g.get("refusal") or {"event": _BY_STATUS.get(response.status_code, by_status)}
    security_log.note(**refusal, status=response.status_code)


def describe() -> dict[str, Any]:
    """The request at hand. Its route as we declared it, for an address holds what somebody typed."""
    if not has_request_context():
        return {}
    told: dict[str, Any] = {
        "request_id": g.get("request_id"),
        "source": client(),
        "method": request.method if request.method in METHODS else "other",
        "route": str(request.url_rule) if request.url_rule else None,
    }
    if "actor" in g:
        told |= {"actor": g.actor.id, "user": g.actor.user_id, "inventory": g.actor.inventory_id}
    return told
