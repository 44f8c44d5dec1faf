"""Trends for programs and the dashboard."""

from __future__ import annotations

from datetime import UTC, datetime

from apiflask import APIBlueprint
from flask import g

from ventory.blueprints.analytics import queries
from ventory.blueprints.analytics.overview import overview
from ventory.blueprints.analytics.schemas import (
    OverviewOut,
    PeriodQuery,
    TrendOut,
    TrendQuery,
    TrendsOut,
    TrendsQuery,
)
from ventory.blueprints.analytics.trends import Point, trends
from ventory.blueprints.categories import queries as categories
from ventory.blueprints.items import queries as items
from ventory.blueprints.items import references
from ventory.core.days import local_day
from ventory.core.errors import BadInput, Malformed
from ventory.core.periods import Period, period
from ventory.web import reading
from ventory.web.auth import guard
from ventory.web.lists import store_id

analytics_api = APIBlueprint("analytics", __name__, tag="Analytics")
insight_api = APIBlueprint("insight", __name__, tag="Analytics", url_prefix="/analytics")
for each in (analytics_api, insight_api):
    each.before_request(reading.briefly)


@analytics_api.get("/products/analytics")
@guard("analytics.read")
@analytics_api.input(TrendQuery, location="query")
@analytics_api.output(TrendOut)
def product_analytics(query_data):
    """Stock, receipts and sales per day, and what sold most, over 30, 90 or 365 days."""
    session = reading.session()
    today = local_day(datetime.now(UTC), g.actor.time_zone)
    stores = references.stores(session.connection(), g.actor)
    found = queries.trend(
        session,
        g.actor,
        last_day=today,
        days=query_data.days,
        store_id=store_id(query_data, stores),
        product_id=query_data.product_id,
    )
    return {
        "first_day": found.days[0].date,
        "last_day": found.days[-1].date,
        "days": found.days,
        "top_movers": found.top,
    }


@insight_api.get("/overview")
@guard("analytics.read")
@insight_api.input(PeriodQuery, location="query")
@insight_api.output(OverviewOut)
def chain_overview(query_data):
    """What a period looked like beside the one before: sales, receipts, stock, what is out, what sold most and fell."""
    found = overview(reading.session(), g.actor, _period(query_data), **_chosen(query_data))
    named = {name: getattr(found, name) for name in OverviewOut.model_fields if hasattr(found, name)}
    return named | {
        "first_day": found.period.first,
        "last_day": found.period.last,
        "before_first_day": found.period.before.first,
        "before_last_day": found.period.before.last,
        "stock_value": found.value,
        "currency": g.actor.currency,
    }


@insight_api.get("/trends")
@guard("analytics.read")
@insight_api.input(TrendsQuery, location="query")
@insight_api.output(TrendsOut)
def chain_trends(query_data):
    """Sales, receipts, stock and adjustments by day, week or month, beside an earlier period."""
    chosen = _chosen(query_data)
    item_id = query_data.item_id
    if item_id is not None and items.get_item(reading.session(), g.actor, item_id, also_archived=True) is None:
        raise Malformed(f"There is no item {item_id}.", field="item_id")
    found = trends(
        reading.session(),
        g.actor,
        _period(query_data),
        step=query_data.by,
        compare=query_data.compare,
        item_id=item_id,
        **chosen,
    )
    return {
        "points": [_point(each) for each in found.points],
        "total": _point(found.total),
        "compared": [_point(each) for each in found.compared],
        "compared_total": _point(found.compared_total) if found.compared_total else None,
        "seconds_out": found.seconds_out,
    }


def _point(point: Point) -> dict:
    return vars(point) | {"first_day": point.period.first, "last_day": point.period.last}


def _period(query) -> Period:
    """raises: Malformed, for a range is part of the address"""
    today = local_day(datetime.now(UTC), g.actor.time_zone)
    try:
        return period(today, days=query.days, since=query.since, until=query.until)
    except BadInput as error:
        raise Malformed(error.message, field=error.field) from error


def _chosen(query) -> dict[str, int | None]:
    """The store and category of a query. raises: Malformed when there is none such"""
    session = reading.session()
    if query.category_id is not None and categories.get(session, query.category_id) is None:
        raise Malformed(f"There is no category {query.category_id}.", field="category_id")
    stores = references.stores(session.connection(), g.actor)
    return {"store_id": store_id(query, stores), "category_id": query.category_id}
