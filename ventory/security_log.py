"""The security log: what whoever watches over a chain wants to know, one JSON object a line, from a fixed list."""

from __future__ import annotations

import functools
import json
import logging
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

NAME = "ventory.security"
EVENTS = {
    "signed_in": "Somebody signed in with the right password.",
    "sign_in_refused": "An address and a password did not match.",
    "signed_out": "Somebody ended the session that they used.",
    "session_ended": "Somebody ended other sessions of their own.",
    "member_signed_out": "An owner or manager ended a member's sessions.",
    "token_reused": "A refresh token came a second time; its session was ended.",
    "authentication_refused": "There was no session, or a token or cookie that does not count.",
    "permission_refused": "Somebody who is known lacks the right.",
    "form_refused": "A form came without its token, or from another site.",
    "code_refused": "A code by mail was wrong, too old or used.",
    "code_void": "A code by mail is void after too many wrong tries.",
    "limit_hit": "Somebody tried too often, or asked too much.",
    "input_refused": "What was sent cannot be read or is not right.",
    "state_refused": "Well-formed, but not possible as things stand, or overtaken by another change.",
    "not_found": "Nothing is at the address, or it belongs to somebody else.",
    "method_refused": "The address does not take the method.",
    "protocol_refused": "The connection sent what is no proper HTTP; it was closed.",
    "overloaded": "The server or its database was too busy to answer.",
    "unexpected_error": "A mistake of ours; nothing was booked.",
    "account_made": "An address was proven and has an account now.",
    "account_closed": "Somebody closed their account.",
    "password_changed": "Somebody set another password, knowing the old one.",
    "password_reset": "Somebody set another password by a code.",
    "address_changed": "Somebody's account has another address.",
    "member_invited": "Somebody was invited to an inventory.",
    "member_joined": "Somebody joined an inventory.",
    "member_changed": "A member has another role or other stores.",
    "member_removed": "A member was removed.",
    "member_left": "A member left.",
    "owner_changed": "An inventory was handed over.",
}  # fmt: skip
LARGEST_BYTES = 50 * 1024 * 1024
_log = logging.getLogger(NAME)
_log.setLevel(logging.INFO)
_log.propagate = False

Result = TypeVar("Result")


class _Bound:
    describe: Callable[[], dict[str, Any]] = staticmethod(dict)


def bind(describe: Callable[[], dict[str, Any]]) -> None:
    """Name what tells who asks at this moment, and from where."""
    _Bound.describe = staticmethod(describe)


def configure(home: Path, *, is_loud: bool) -> None:
    """Write to `home`/logs/security.log, which only its owner reads. is_loud: to stderr as well"""
    folder = home / "logs"
    folder.mkdir(exist_ok=True)
    path = folder / "security.log"
    if path.exists() and path.stat().st_size > LARGEST_BYTES:
        path.replace(folder / "security.log.1")
    os.close(os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600))
    handlers: list[logging.Handler] = [logging.FileHandler(path, encoding="utf-8")]
    if is_loud:
        handlers.append(logging.StreamHandler(sys.stderr))
    for handler in _log.handlers[:]:
        _log.removeHandler(handler)
        handler.close()
    for handler in handlers:
        _log.addHandler(handler)


def note(event: str, **facts: Any) -> None:
    """Write a line. event: one of EVENTS; facts: numbers and names of ours, never what somebody typed"""
    assert event in EVENTS, event
    line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "logger": NAME, "event": event}
    _log.info(json.dumps(line | _Bound.describe() | facts))


def noted(event: str) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """Note a use case once it is done. Stands below @use_case: an answer that is repeated is not noted again."""
    assert event in EVENTS, event

    def decorate(function: Callable[..., Result]) -> Callable[..., Result]:
        @functools.wraps(function)
        def done(command: Any) -> Result:
            result = function(command)
            note(event, **_about(command, result))
            return result

        return done

    return decorate


def _about(command: Any, result: Any) -> dict[str, int]:
    """Whom it was about, as far as command and result tell."""
    names = ("user_id", "inventory_id", "member_id", "session_id", "invitation_id")
    found = {name: getattr(each, name, None) for name in names for each in (command, result) if hasattr(each, name)}
    return {name.removesuffix("_id"): number for name, number in found.items() if isinstance(number, int)}
