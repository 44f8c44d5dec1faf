"""Rules of buying: until when an order leaves the same day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from ventory.core.errors import BadInput

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class Cutoff:
    """A supplier takes an order for the same day until `time`, the chain's local time, on these weekdays.

    weekdays: of WEEKDAYS, in the order of the week, at least one, each once
    """

    weekdays: tuple[str, ...]
    time: time

    def next(self, now: datetime) -> datetime:
        """The next moment by which an order must be sent, `now` itself included.

        now: in the chain's zone; so is what comes back
        """
        for ahead in range(8):
            day = now.date() + timedelta(days=ahead)
            moment = datetime.combine(day, self.time, now.tzinfo)
            if WEEKDAYS[day.weekday()] in self.weekdays and moment >= now:
                return moment
        raise AssertionError("a cut-off has a weekday")


def cutoff(weekdays: Iterable[str], at: time) -> Cutoff:
    """A cut-off from what people name, in the order of the week. raises: BadInput"""
    named = set(weekdays)
    unknown = sorted(named - set(WEEKDAYS))
    if unknown:
        raise BadInput(f"There is no weekday {unknown[0]}; mon to sun are known.", field="cutoff.weekdays")
    if not named:
        raise BadInput("A cut-off names at least one weekday.", field="cutoff.weekdays")
    return Cutoff(tuple(day for day in WEEKDAYS if day in named), at)


def weekday_bits(weekdays: Iterable[str]) -> int:
    """Weekdays as one number, Monday the lowest bit: how they are stored."""
    return sum(1 << WEEKDAYS.index(day) for day in set(weekdays))


def weekdays_of(bits: int) -> tuple[str, ...]:
    """The weekdays that a stored number stands for, in the order of the week."""
    return tuple(day for position, day in enumerate(WEEKDAYS) if bits >> position & 1)
