"""Addresses: where a person may be sent after signing in."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import current_app, request


def local_target(wanted: str | None, default: str = "/") -> str:
    """A path on this site, or the default when the wanted address is anything else."""
    if not wanted or len(wanted) > 2000 or not wanted.startswith("/"):
        return default
    if wanted.startswith(("//", "/\\")) or any(ord(char) < 33 or char == "\\" for char in wanted):
        return default
    parts = urlsplit(wanted)
    return default if parts.scheme or parts.netloc else wanted


def shown_at() -> str:
    """The address of the page that this request is for, or was sent from when it is a button's."""
    adapter = current_app.create_url_adapter(request)
    if adapter is not None and "GET" in adapter.allowed_methods():
        return request.full_path.rstrip("?")
    sent_from = urlsplit(request.referrer or "")
    if sent_from.netloc != request.host:
        return "/"
    return local_target(sent_from.path + (f"?{sent_from.query}" if sent_from.query else ""))
