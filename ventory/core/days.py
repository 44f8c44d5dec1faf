"""Days as people count them: by the clock of a place."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ventory.core.errors import BadInput


def local_day(moment: datetime, time_zone: str) -> date:
    """The day that it is in a time zone at a moment (which knows its own zone)."""
    return moment.astimezone(ZoneInfo(time_zone)).date()


def check_zone(time_zone: str) -> str:
    """The name of a time zone. raises: BadInput unless there is one of that name"""
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadInput(f"{time_zone} is not a time zone; Europe/London is one.", field="time_zone") from error
    return time_zone
