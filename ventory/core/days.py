"""Days as people count them: by the clock of a place."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo


def local_day(moment: datetime, time_zone: str) -> date:
    """The day that it is in a time zone at a moment (which knows its own zone)."""
    return moment.astimezone(ZoneInfo(time_zone)).date()
