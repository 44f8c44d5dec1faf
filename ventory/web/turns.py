"""One file at a time for each person: whoever asks for long ones again and again holds up one thread, not all."""

from __future__ import annotations

import fcntl
import functools
from collections.abc import Callable
from typing import IO, Any

from flask import current_app, g, make_response

from ventory.core.errors import TooManyTries

SECONDS = 5


def one_at_a_time(view: Callable) -> Callable:
    """Refuse a person what this view makes while it makes something for the same person, until that is sent.

    Stands below @guard. raises: TooManyTries
    """

    @functools.wraps(view)
    def made(*args: Any, **kwargs: Any):
        turn = _take()
        try:
            response = make_response(view(*args, **kwargs))
        except BaseException:
            turn.close()
            raise
        response.call_on_close(turn.close)
        return response

    return made


def _take() -> IO:
    """A locked file of the person's own: every process of this machine sees it, and one that dies lets go of it."""
    folder = current_app.config["VENTORY"].home / "turns"
    folder.mkdir(mode=0o700, exist_ok=True)
    turn = (folder / str(g.actor.user_id)).open("w")
    try:
        fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        turn.close()
        raise TooManyTries(
            "Another file of yours is on its way. Ask for this one when it has arrived.", retry_after_seconds=SECONDS
        ) from None
    return turn
