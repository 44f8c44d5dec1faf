"""Counters of attempts: they hold across processes, whatever headers a caller forges, and end by themselves."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Integer, String, bindparam, delete, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from ventory.core.errors import TooManyTries
from ventory.db.base import Base
from ventory.db.trails import UNTOLD
from ventory.db.types import UtcTime


class AttemptCount(Base):
    """How often something was tried since its window began. key: names the limit and a digest of whom it counts."""

    __tablename__ = "attempt_count"
    __table_args__ = {"info": UNTOLD}

    key: Mapped[str] = mapped_column(String(100), primary_key=True)
    began_at: Mapped[datetime] = mapped_column(UtcTime, index=True)
    tries: Mapped[int]


@dataclass(frozen=True)
class Limit:
    """At most so many tries in a window that begins with the first of them."""

    name: str
    most: int
    window: timedelta

    def of(self, whom: str = "") -> Counter:
        """The counter of one account, client or device; of everybody together when nobody is named."""
        digest = hashlib.sha256(whom.encode("utf-8", "surrogatepass")).hexdigest()
        return Counter(self, f"{self.name}:{digest}" if whom else self.name)


@dataclass(frozen=True)
class Counter:
    limit: Limit
    key: str


_COUNT = (
    text(
        """
        INSERT INTO attempt_count (key, began_at, tries) VALUES (:key, :now, 1)
        ON CONFLICT (key) DO UPDATE SET
            tries = CASE WHEN attempt_count.began_at <= :ended THEN 1 ELSE attempt_count.tries + 1 END,
            began_at = CASE WHEN attempt_count.began_at <= :ended THEN :now ELSE attempt_count.began_at END
        RETURNING tries, began_at
        """
    )
    .bindparams(bindparam("now", type_=UtcTime), bindparam("ended", type_=UtcTime))
    .columns(tries=Integer, began_at=UtcTime)
)
_GIVE_BACK = text("UPDATE attempt_count SET tries = tries - 1 WHERE key = :key AND tries > 0")


def count(session: Session, counters: Sequence[Counter], now: datetime, *, refuse: bool = True) -> None:
    """Count a try before it is looked at, so that tries at once cannot slip past the limit.

    refuse: False to count only
    raises: TooManyTries when one of the limits is reached; then the try counts nowhere
    """
    connection = session.connection()
    # In one order: two tries that share counters would otherwise deadlock.
    for counter in sorted(counters, key=lambda each: each.key):
        limit = counter.limit
        row = connection.execute(_COUNT, {"key": counter.key, "now": now, "ended": now - limit.window}).one()
        if refuse and row.tries > limit.most:
            wait = row.began_at + limit.window - now
            raise TooManyTries(
                f"That was tried too often. Try again in {_in_words(wait)}.",
                retry_after_seconds=max(1, int(wait.total_seconds()) + 1),
            )


def give_back(session: Session, counters: Sequence[Counter]) -> None:
    """Take a try back that turned out right."""
    if counters:
        session.connection().execute(_GIVE_BACK, [{"key": key} for key in sorted(each.key for each in counters)])


def forget(session: Session, counter: Counter) -> None:
    """Begin again from none."""
    session.execute(delete(AttemptCount).where(AttemptCount.key == counter.key))


def _in_words(wait: timedelta) -> str:
    seconds = max(1, int(wait.total_seconds()) + 1)
    if seconds <= 90:
        return f"{seconds} seconds"
    return f"{-(-seconds // 60)} minutes"
