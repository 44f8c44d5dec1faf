"""Days as people count them: by the clock of a place."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ventory.core.errors import BadInput


def local_day(moment: datetime, time_zone: str) -> date:
    """The day that it is in a time zone at a moment (which knows its own zone)."""
    return moment.astimezone(ZoneInfo(time_zone)).date()


@lru_cache(maxsize=20_000)
def day_span(day: date, time_zone: str) -> tuple[int, int]:
    """When a local day begins, in seconds since 1970, and how long it is: 23, 24 or 25 hours, as a rule."""
    zone = ZoneInfo(time_zone)
    begins, ends = (datetime.combine(each, time(), zone).timestamp() for each in (day, day + timedelta(days=1)))
    return int(begins), int(ends) - int(begins)


def check_zone(time_zone: str) -> str:
    """The name of a time zone. raises: BadInput unless there is one of that name"""
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadInput(f"{time_zone} is not a time zone; Europe/London is one.", field="time_zone") from error
    return time_zone
