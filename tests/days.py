"""The days of the test chain, by its London clock.

They are asked for where they are needed: a run that began before midnight goes on after it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from ventory.core.days import local_day

ZONE = "Europe/London"
END_OF_DAY = timedelta(minutes=2)


def today() -> date:
    return local_day(datetime.now(UTC), ZONE)


def ago(days: int) -> datetime:
    """Noon UTC of a day some days back, the same day in every zone of the tests whatever clock was changed; or now."""
    return datetime.combine(today() - timedelta(days=days), time(12), UTC) if days else datetime.now(UTC)


def wait_for_midnight(now: datetime) -> timedelta:
    """How long to wait so that a test which asks twice what day it is hears the same: nothing, but in a day's end."""
    left = min(_left_of_the_day(now.astimezone(zone)) for zone in (ZoneInfo(ZONE), UTC))
    return left + timedelta(seconds=1) if left <= END_OF_DAY else timedelta(0)


def _left_of_the_day(now: datetime) -> timedelta:
    tomorrow = datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)
    return tomorrow.astimezone(UTC) - now.astimezone(UTC)
