"""Trends for programs and the dashboard."""

from __future__ import annotations

from datetime import UTC, datetime

from apiflask import APIBlueprint
from flask import g

from ventory.blueprints.analytics import queries
from ventory.blueprints.analytics.schemas import TrendOut, TrendQuery
from ventory.blueprints.items import references
from ventory.core.days import local_day
from ventory.web import reading
from ventory.web.auth import guard
from ventory.web.lists import store_id

analytics_api = APIBlueprint("analytics", __name__, tag="Analytics")


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
