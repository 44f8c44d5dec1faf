"""Pages of analytics: the overview, trends, and their tables as files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from flask import Blueprint, abort, g, render_template, request

from ventory.blueprints.analytics import tables
from ventory.blueprints.analytics.asked import Asked, asked
from ventory.blueprints.analytics.overview import Overview, overview
from ventory.blueprints.analytics.trends import PREVIOUS, YEAR, Trends, trends
from ventory.blueprints.items import queries as items
from ventory.core.periods import DAY, MONTH, USUAL, WEEK, Period, slices
from ventory.web import charts, reading
from ventory.web.auth import guard
from ventory.web.charts import BEFORE, FLOW, LEVEL, Drawing, Series
from ventory.web.csv_files import csv_file
from ventory.web.formats import most_decimals
from ventory.web.turns import one_at_a_time

analytics_bp = Blueprint("analytics", __name__, template_folder="templates")
STEPS = {DAY: "By day", WEEK: "By week", MONTH: "By month"}
COMPARED = {PREVIOUS: "Period before", YEAR: "Year before", "none": "Nothing"}
# Figure, title, kind of drawing, colour, how a reading says it, kind of the movements behind it.
DRAWN = (
    ("sold", "Sold", FLOW, "sold", "sold", "sale"),
    ("received", "Received", FLOW, "received", "received", "restock"),
    ("stock", "On hand", LEVEL, "on-hand", "on hand", None),
    ("adjusted", "Adjusted", FLOW, "other", "adjusted", "adjustment"),
)


@analytics_bp.get("/analytics")
@guard("analytics.read")
def overview_page():
    """Is the chain healthy, in one screen."""
    shown = asked()
    found = _overview(shown)
    sold, stock = _drawn_overview(shown, found)
    return render_template(
        "analytics/overview.html",
        title="Overview",
        asked=shown,
        usual=USUAL,
        found=found,
        sold=sold,
        stock=stock,
    )


@analytics_bp.get("/analytics/trends")
@guard("analytics.read")
def trends_page():
    """Sales, receipts and stock over time."""
    shown = asked()
    step, compare = _step(shown), _compare()
    found = _trends(shown, step, compare)
    more = {"by": step, "compare": compare} | ({"item": shown.item_id} if shown.item else {})
    g.kept |= more
    return render_template(
        "analytics/trends.html",
        title="Trends",
        asked=shown,
        usual=USUAL,
        found=found,
        step=step,
        steps=STEPS,
        compare=compare,
        compares=COMPARED,
        more=more,
        drawings=_drawn_trends(shown, found, step, compare),
        matching=_matching(),
        named=charts.named,
        digits=_digits(found),
    )


@analytics_bp.get("/analytics/<table>.csv")
@guard("analytics.read")
@one_at_a_time
def export(table):
    """A table of one of the pages as a file, under the same address."""
    shown = asked()
    name = f"{table}-{shown.file_part}"
    if table in tables.OF_OVERVIEW:
        made = tables.OF_OVERVIEW[table]
        return csv_file(name, made.header, made.rows(_overview(shown)))
    if table != "trends":
        abort(404)
    compare = _compare()
    found = _trends(shown, _step(shown), compare)
    if shown.item:
        name = f"trends-item-{shown.item_id}-{shown.file_part}"
    return csv_file(name, tables.TRENDS_HEADER, tables.trend_rows(found))


def _overview(shown: Asked) -> Overview:
    return overview(reading.session(), g.actor, shown.period, store_id=shown.store_id, category_id=shown.category_id)


def _trends(shown: Asked, step: str, compare: str) -> Trends:
    return trends(
        reading.session(),
        g.actor,
        shown.period,
        step=step,
        compare=compare,
        store_id=shown.store_id,
        category_id=shown.category_id,
        item_id=shown.item_id,
    )


def _step(shown: Asked) -> str:
    written = request.args.get("by", "")
    return written if written in STEPS else shown.period.step


def _compare() -> str:
    written = request.args.get("compare", "")
    return written if written in COMPARED else PREVIOUS


def _drawn_overview(shown: Asked, found: Overview) -> tuple[Drawing, Drawing]:
    """What was sold, beside the period before, and what was on hand; long ranges by week."""
    step = shown.period.step
    cut = slices(shown.period, step)
    sold = [
        Series("Sold", FLOW, "sold", _sums([day.sold for day in found.days], cut), "sold"),
        Series("Before", BEFORE, "before", _sums([day.sold for day in found.days_before], cut), "before"),
    ]
    levels = [found.days[(each.last - shown.period.first).days].stock for each in cut]
    is_open = shown.is_open
    return (
        charts.draw(cut, sold, step=step, is_last_open=is_open),
        charts.draw(cut, [Series("On hand", LEVEL, "on-hand", levels, "on hand")], step=step, is_last_open=is_open),
    )


def _sums(values: Sequence[Any], cut: Iterable[Period]) -> list[Any]:
    """Values of days, summed over each slice of them."""
    days = iter(values)
    return [sum(next(days) for _ in range(each.days)) for each in cut]


def _drawn_trends(shown: Asked, found: Trends, step: str, compare: str) -> list[tuple[str, str, Drawing, str | None]]:
    """shape: (figure, title, drawing, kind of movement behind it)"""
    points = [each.period for each in found.points]
    unit = shown.item.unit if shown.item else ""
    made = []
    for figure, title, kind, colour, said, moved in DRAWN:
        series = [Series(title, kind, colour, [getattr(each, figure) for each in found.points], said)]
        if found.compared:
            name, how = ("Year before", "a year before") if compare == YEAR else ("Before", "before")
            series.append(Series(name, BEFORE, "before", [getattr(each, figure) for each in found.compared], how))
        drawing = charts.draw(
            points, series, step=step, unit=unit, is_last_open=shown.is_open, marks_out=shown.item is not None
        )
        made.append((figure, title, drawing, moved))
    return made


def _digits(found: Trends) -> dict[str, int | None]:
    """How many decimals each column of the table needs."""
    names = ("sold", "received", "adjusted", "returned", "consumed", "stock")
    digits = {name: most_decimals(getattr(each, name) for each in found.points) for name in names}
    return digits | {"compared": most_decimals(each.sold for each in found.compared)}


def _matching():
    """Items that the search for one found."""
    search = request.args.get("q", "").strip()[:200]
    if not search:
        return None
    return items.list_items(reading.session(), g.actor, items.ItemFilter(search=search), sort="name", limit=20).rows
