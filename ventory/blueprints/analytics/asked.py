"""What the pages of analytics were asked to show: a range, a store, a category, an item; kept in every address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from flask import g, request, url_for

from ventory.blueprints.categories import queries as categories
from ventory.blueprints.categories.queries import CategoryView
from ventory.blueprints.items import queries as items
from ventory.blueprints.items.queries import ItemView
from ventory.blueprints.stores import current
from ventory.blueprints.stores.queries import StoreView
from ventory.core.days import local_day
from ventory.core.errors import BadInput
from ventory.core.periods import Period, period
from ventory.web import reading
from ventory.web.requests import day_in, number_in


@dataclass(frozen=True)
class Asked:
    """days: how many were asked for, None for dates; notes: what could not be read, as sentences"""

    today: date
    period: Period
    days: int | None
    store: StoreView | None
    category: CategoryView | None
    categories: tuple[CategoryView, ...]
    item: ItemView | None
    notes: tuple[str, ...]

    @property
    def is_open(self) -> bool:
        """Whether the last day is today, which is not over."""
        return self.period.last == self.today

    @property
    def store_id(self) -> int | None:
        return self.store.id if self.store else None

    @property
    def category_id(self) -> int | None:
        return self.category.id if self.category else None

    @property
    def item_id(self) -> int | None:
        return self.item.id if self.item else None

    @property
    def range(self) -> dict[str, Any]:
        """The period as an address says it."""
        if self.days:
            return {"days": self.days}
        return {"since": self.period.first.isoformat(), "until": self.period.last.isoformat()}

    @property
    def chosen(self) -> dict[str, Any]:
        """All of it as an address says it, so that one that is passed on shows the same."""
        found = {"store": self.store.code if self.store else current.ALL, **self.range}
        if self.category:
            found["category"] = self.category.id
        return found

    @property
    def in_words(self) -> str:
        """The period before, as a comparison names it."""
        return f"{self.period.days:,} days before" if self.period.days > 1 else "day before"

    @property
    def file_part(self) -> str:
        where = self.store.code.lower() if self.store else "all-stores"
        return f"{where}-{self.period.first.isoformat()}-to-{self.period.last.isoformat()}"

    def movements(self, first: date, last: date, kind: str | None = None) -> str | None:
        """The page of the movements behind a figure; None where a category or an item narrows the figure only."""
        if self.category:
            return None
        address = {"kind": kind, "since": first.isoformat(), "until": last.isoformat(), "store": self.chosen["store"]}
        if self.item:
            address["q"] = self.item.sku
        return url_for("stock.movements", **address)

    def levels(self, state: str | None = None) -> str:
        return url_for("stock.levels", state=state, store=self.chosen["store"], category=self.category_id)


def asked() -> Asked:
    """What the address asks for. What it says wrongly is left out, and said."""
    reading.briefly()
    notes: list[str] = []
    today = local_day(datetime.now(UTC), g.actor.time_zone)
    written = {name: request.args.get(name, "").strip()[:40] for name in ("days", "since", "until", "category", "item")}
    since, until = _day(written["since"], notes), _day(written["until"], notes)
    days = None if since or until else _number(written["days"], "number of days", notes)
    try:
        found = period(today, days=days, since=since, until=until)
    except BadInput as error:
        notes.append(f"{error.message} The last 30 days are shown.")
        found, days, since, until = period(today), None, None, None
    tree = categories.tree(reading.session())
    shown = Asked(
        today=today,
        period=found,
        days=None if since or until else days or found.days,
        store=current.store(),
        category=_category(tree, written["category"], notes),
        categories=tuple(tree),
        item=_item(written["item"], notes),
        notes=tuple(notes),
    )
    g.kept = shown.chosen
    return shown


def _day(written: str, notes: list[str]) -> date | None:
    day = day_in(written)
    if written and day is None:
        notes.append(f"“{written}” is no date; a date looks like 2026-11-21.")
    return day


def _number(written: str, what: str, notes: list[str]) -> int | None:
    number = number_in(written)
    if written and not number:
        notes.append(f"“{written}” is no {what}.")
    return number or None


def _category(tree: list[CategoryView], written: str, notes: list[str]) -> CategoryView | None:
    if not written:
        return None
    found = next((each for each in tree if str(each.id) == written), None)
    if found is None:
        notes.append("There is no such category; all are shown.")
    return found


def _item(written: str, notes: list[str]) -> ItemView | None:
    if not written:
        return None
    number = number_in(written)
    found = items.get_item(reading.session(), g.actor, number, also_archived=True) if number else None
    if found is None:
        notes.append("There is no such item; all are shown.")
    return found
