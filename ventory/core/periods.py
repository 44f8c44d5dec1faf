"""Stretches of days that figures are asked for: the last so many, or between two dates, and what they compare with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from ventory.core.errors import BadInput

USUAL = (7, 30, 90, 365)
LONGEST = 1_100
"""Days: three years and a little."""
SAME_WEEKDAY_LAST_YEAR = timedelta(weeks=52)
DAY, WEEK, MONTH = "day", "week", "month"


@dataclass(frozen=True)
class Period:
    """Whole days, both ends included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def before(self) -> Period:
        """As many days, right before."""
        return Period(self.first - timedelta(days=self.days), self.first - timedelta(days=1))

    @property
    def year_before(self) -> Period:
        """52 weeks earlier: the same weekdays, which a shop's trade follows more than the date."""
        return Period(self.first - SAME_WEEKDAY_LAST_YEAR, self.last - SAME_WEEKDAY_LAST_YEAR)

    @property
    def step(self) -> str:
        """How much time one point of a drawing should stand for."""
        return DAY if self.days <= 92 else WEEK


def period(today: date, *, days: int | None = None, since: date | None = None, until: date | None = None) -> Period:
    """The last `days` days up to today, or from one date to another; 30 days when nothing is asked.

    until: today when it is left out, or lies ahead: what is to come has no figures yet
    raises: BadInput naming the field
    """
    if since is None and until is None:
        days = days or 30
        if not 1 <= days <= LONGEST:
            raise BadInput(f"A range has 1 to {LONGEST:,} days.", field="days")
        return Period(today - timedelta(days=days - 1), today)
    if days is not None:
        raise BadInput("Name a number of days or dates, not both.", field="days")
    last = min(until or today, today)
    if since is None:
        raise BadInput("A range up to a date needs the date it begins with.", field="since")
    if since > last:
        raise BadInput("The range ends before it begins, or begins after today.", field="since")
    if (last - since).days >= LONGEST:
        raise BadInput(f"A range has at most {LONGEST:,} days.", field="since")
    return Period(since, last)


def slices(whole: Period, step: str) -> list[Period]:
    """A period cut into days, weeks from Monday or calendar months; those at its ends may be shorter."""
    found = []
    first = whole.first
    while first <= whole.last:
        last = min(_end(first, step), whole.last)
        found.append(Period(first, last))
        first = last + timedelta(days=1)
    return found


def _end(day: date, step: str) -> date:
    if step == DAY:
        return day
    if step == WEEK:
        return day + timedelta(days=6 - day.weekday())
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)
