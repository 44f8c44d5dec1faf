"""Devices that somebody signed in on: what they are called, and the cookie by which one is known again.

Who signs in on a known device has tries of their own, so that a stranger who guesses cannot lock them out.
"""

from __future__ import annotations

import re
import secrets
from typing import Any

from flask import Response, current_app, request
from itsdangerous import BadData, URLSafeSerializer

from ventory.web.hooks import cookie_name

COOKIE = "ventory_device"
KEEP_SECONDS = 365 * 86_400
_PROGRAMS = (
    ("Edge", r"\bEdgA?/"), ("Opera", r"\bOPR/"), ("Firefox", r"\b(Firefox|FxiOS)/"),
    ("Chrome", r"\b(HeadlessChrome|Chrome|CriOS)/"), ("Safari", r"\bSafari/"), ("curl", r"^curl/"),
    ("Python", r"^python"),
)  # fmt: skip
_SYSTEMS = (
    ("Android", r"\bAndroid\b"), ("iPhone", r"\biPhone\b"), ("iPad", r"\biPad\b"), ("Windows", r"\bWindows\b"),
    ("macOS", r"\bMac OS X\b"), ("Linux", r"\bLinux\b"),
)  # fmt: skip


def known() -> tuple[int, str] | None:
    """Who signed in on this device before, and the device's own random part."""
    try:
        user_id, mark = _serializer().loads(request.cookies.get(cookie_name(COOKIE), ""))
    except (BadData, ValueError, TypeError):
        return None
    return (user_id, mark) if isinstance(user_id, int) and isinstance(mark, str) else None


def remember(response: Response, user_id: int) -> None:
    """Let this device be known when somebody signs in on it again."""
    before = known()
    mark = before[1] if before and before[0] == user_id else secrets.token_urlsafe(16)
    response.set_cookie(
        cookie_name(COOKIE),
        str(_serializer().dumps([user_id, mark])),
        max_age=KEEP_SECONDS,
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )


def _serializer() -> Any:
    config = current_app.config
    return URLSafeSerializer([*reversed(config["SECRET_KEY_FALLBACKS"]), config["SECRET_KEY"]], salt="known device")


def name_of(program: str) -> str:
    """What people call a device, from what its program calls itself: "Firefox on Linux"."""
    names = [
        next((name for name, pattern in among if re.search(pattern, program)), "") for among in (_PROGRAMS, _SYSTEMS)
    ]
    return " on ".join(name for name in names if name) or program[:40] or "Unknown program"
