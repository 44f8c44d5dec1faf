"""Addresses: where a person may be sent after signing in."""

from __future__ import annotations

from urllib.parse import urlsplit


def local_target(wanted: str | None, default: str = "/") -> str:
    """A path on this site, or the default when the wanted address is anything else."""
    if not wanted or len(wanted) > 2000 or not wanted.startswith("/"):
        return default
    if wanted.startswith(("//", "/\\")) or any(ord(char) < 33 or char == "\\" for char in wanted):
        return default
    parts = urlsplit(wanted)
    return default if parts.scheme or parts.netloc else wanted
