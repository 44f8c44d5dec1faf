"""Price lists and the price in force, for tills, web shops and imports."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import g, url_for

from ventory.blueprints.items import queries as items
from ventory.blueprints.items import references
from ventory.blueprints.prices import queries, service
from ventory.blueprints.prices.schemas import (
    ChangeOut,
    HoldingOut,
    HoldingQuery,
    PriceListChange,
    PriceListIn,
    PriceListOut,
    PriceOut,
    PricesIn,
    PricesQuery,
    PricesSetOut,
)
from ventory.core.errors import NotFound
from ventory.core.pricing import InForce, Period, said
from ventory.web import reading
from ventory.web.auth import asked, guard
from ventory.web.lists import answer, store_id, tagged, version_sent
from ventory.web.schemas import In

prices_api = APIBlueprint("prices", __name__, tag="Prices")


@prices_api.get("/price-lists")
@guard("catalogue.read")
@prices_api.input(In, location="query")
@prices_api.output(list[PriceListOut])
def list_price_lists(query_data):
    """The price lists that the caller may see, the default one first."""
    return queries.lists(reading.session(), g.actor)


@prices_api.get("/price-lists/<int:list_id>")
@guard("catalogue.read")
@prices_api.output(PriceListOut)
def get_price_list(list_id):
    """Show one price list."""
    return tagged(_list(list_id))


@prices_api.post("/price-lists")
@guard("prices.write")
@prices_api.input(PriceListIn)
@prices_api.output(PriceListOut, status_code=201)
def add_price_list(json_data):
    """Add a price list, for the whole chain or for one store.

    409 code_taken when another list has the code, or the store has a list.
    """
    view = service.add_list(service.AddPriceList(**json_data.model_dump(), **asked()))
    return tagged(view, 201, url_for(".get_price_list", list_id=view.id))


@prices_api.patch("/price-lists/<int:list_id>")
@guard("prices.write")
@prices_api.input(PriceListChange)
@prices_api.output(PriceListOut)
def change_price_list(list_id, json_data):
    """Rename a list or make it the default; absent fields stay. Needs If-Match."""
    version = version_sent(is_required=True)
    command = service.ChangePriceList(list_id=list_id, version=version, **json_data.model_dump(), **asked())
    return tagged(service.change_list(command))


@prices_api.delete("/price-lists/<int:list_id>")
@guard("prices.write")
@prices_api.output({}, status_code=204)
def remove_price_list(list_id):
    """Remove an empty list. 409 in_use when prices stand in it."""
    version = version_sent(is_required=False)
    service.remove_list(service.RemovePriceList(list_id=list_id, version=version, **asked()))
    return ""


@prices_api.get("/price-lists/<int:list_id>/prices")
@guard("catalogue.read")
@prices_api.input(PricesQuery, location="query")
@prices_api.output(list[PriceOut])
def list_prices(list_id, query_data):
    """What stands in a list, by item and first day."""
    _list(list_id)
    page = queries.prices_of_list(
        reading.session(),
        g.actor,
        list_id,
        item_id=query_data.item_id,
        on=query_data.on,
        limit=query_data.limit,
        cursor=query_data.cursor,
    )
    return answer(page)


@prices_api.post("/price-lists/<int:list_id>/prices")
@guard("prices.write")
@prices_api.input(PricesIn)
@prices_api.output(PricesSetOut, status_code=201)
def set_prices(list_id, json_data):
    """Set prices, now or for later, up to 1,000 at once: all or none, every problem is named.

    409 price_overlaps when another price holds on one of the days, unless it may be replaced.
    """
    command = service.SetPrices(
        list_id=list_id,
        prices=tuple(price.asked() for price in json_data.prices),
        replaces=json_data.replace,
        **asked(),
    )
    return service.set_prices(command), 201


@prices_api.delete("/price-lists/<int:list_id>/prices/<int:price_id>")
@guard("prices.write")
@prices_api.output(PricesSetOut)
def withdraw_price(list_id, price_id):
    """Take a price back: one to come goes, one that holds ends yesterday. 409 when it has ended."""
    return service.withdraw_price(service.WithdrawPrice(list_id=list_id, price_id=price_id, **asked()))


@prices_api.get("/price-lists/changes")
@guard("catalogue.read")
@prices_api.input(HoldingQuery, location="query")
@prices_api.output(list[ChangeOut])
def list_changes(query_data):
    """The labels to change on a day: items whose price is not that of the day before.

    Without a store, those that the default list changes.
    """
    store, zone = _store(query_data)
    return queries.changes(reading.session(), g.actor, query_data.on or queries.today_in(zone), store)


@prices_api.get("/items/<int:item_id>/price")
@guard("catalogue.read")
@prices_api.input(HoldingQuery, location="query")
@prices_api.output(HoldingOut)
def price_in_force(item_id, query_data):
    """The price of an item on a day, and why: the store's list, the default list or the item's own price."""
    item = items.get_item(reading.session(), g.actor, item_id, also_archived=True)
    if item is None:
        raise NotFound("There is no such item.")
    store, zone = _store(query_data)
    day = query_data.on or queries.today_in(zone)
    (held,) = queries.holding(reading.session(), {item_id: item.price}, store, [day])[item_id]
    return {
        "item_id": item.id,
        "sku": item.sku,
        "store_id": store,
        "on": day,
        "amount": held.amount,
        "currency": g.actor.currency,
        "source": held.source,
        "list_id": held.list_id,
        "list": held.code,
        "valid_from": held.valid_from,
        "valid_until": held.valid_until,
        "why": _why(held),
    }


def _why(held: InForce) -> str:
    if held.source is None:
        return "No list has a price for it, and neither has the item."
    if held.source == "item":
        return "It is the item's own price; no list has another for this day."
    assert held.valid_from is not None
    whose = "the store's list" if held.source == "store_list" else "the chain's default list"
    return f"It stands in {whose} {held.name} {said(Period(held.amount, held.valid_from, held.valid_until))}."


def _list(list_id: int) -> queries.PriceListView:
    view = queries.get_list(reading.session(), g.actor, list_id)
    if view is None:
        raise NotFound("There is no such price list.")
    return view


def _store(query) -> tuple[int | None, str]:
    """The store that a query names, with the time zone of its days, or of the chain's."""
    stores = references.stores(reading.session().connection(), g.actor)
    wanted = store_id(query, stores)
    return wanted, stores.all[wanted].time_zone if wanted is not None else g.actor.time_zone
