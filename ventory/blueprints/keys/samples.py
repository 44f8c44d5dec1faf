"""Lines to paste into a terminal: a first call for a new key, and an earlier call once more."""

from __future__ import annotations

import json
from collections.abc import Sequence
from shlex import quote

_READS = {
    "products:read": "products?limit=5",
    "products:write": "products?limit=5",
    "stock:read": "movements?limit=5",
    "analytics:read": "analytics/overview",
    "suppliers:read": "suppliers?limit=5",
    "suppliers:write": "suppliers?limit=5",
    "prices:write": "price-lists",
    "stores:write": "stores",
    "setup:write": "categories",
    "costs:read": "products?limit=5",
}
_SELLING = ("sales:write", "movements:write")


def first_call(address: str, key: str, scopes: Sequence[str], sku: str | None, store: str | None) -> tuple[str, str]:
    """(what it does, the line). A sale is tried, not booked. address: of this server; sku, store: what could be sold"""
    if sku and any(scope in scopes for scope in _SELLING):
        line = {"sku": sku, "store": store, "quantity": 1}
        body = {"dry_run": True, "movements": [{"kind": "sale", "lines": [line]}]}
        sent = f"-H 'Content-Type: application/json' -d {quote(json.dumps(body))}"
        return (
            f"Tries the sale of one {sku}. Leave “dry_run” out and it is booked.",
            f"curl {_bearer(key)} {sent} {quote(f'{address}/api/v1/movements/batch')}",
        )
    path = next((_READS[scope] for scope in _READS if scope in scopes), "movements?limit=5")
    what = path.partition("?")[0].replace("/", " ").replace("-", " ")
    return f"Reads {what}.", f"curl {_bearer(key)} {quote(f'{address}/api/v1/{path}')}"


def again(address: str, method: str, path: str) -> str:
    """An earlier call, without its body and without the key."""
    way = "" if method == "GET" else f"-X {quote(method)} "
    return f'curl {way}-H "Authorization: Bearer $VENTORY_KEY" {quote(address + path)}'


def _bearer(key: str) -> str:
    return f"-H 'Authorization: Bearer {key}'"
