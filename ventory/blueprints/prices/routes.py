"""Pages of prices: the grid of a list, the labels to change, the lists themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from flask import Blueprint, g, render_template, request, url_for

from ventory.blueprints.categories import queries as categories
from ventory.blueprints.items import queries as items
from ventory.blueprints.items.references import ItemRef
from ventory.blueprints.prices import queries, service
from ventory.blueprints.prices.forms import DaysForm, NewPriceListForm, PriceListForm
from ventory.blueprints.stores import current
from ventory.core.cells import CellError, typed
from ventory.core.errors import BadInput, NotFound, SeveralErrors
from ventory.core.pricing import Period
from ventory.core.quantity import PRICE_DECIMALS, PRICE_LIMIT, decimals_of
from ventory.db.paging import DEFAULT_LIMIT, Page
from ventory.web import reading
from ventory.web.auth import asked, guard
from ventory.web.pages import Removal, RowAddresses, form_page, gone, press, submit
from ventory.web.requests import day_asked, number_asked, number_in
from ventory.web.schemas import amount_text
from ventory.web.tables import Column, Empty, Filter, Tab, Table

prices_bp = Blueprint("prices", __name__, template_folder="templates")
GRID = (
    Column("name", "Item", sort="name", role="main"),
    Column("sku", "SKU", sort="sku", drop=4),
    Column("category", "Category", drop=2),
    Column("item_price", "Item's own", is_number=True, drop=3),
    Column("days", "Holds", drop=5),
    Column("next", "Next", is_number=True, role="state"),
    Column("price", "Price", is_number=True, role="key"),
)
CHANGES = (
    Column("name", "Item", role="main"),
    Column("sku", "SKU", drop=4),
    Column("barcode", "Barcode", drop=3),
    Column("before", "Before", is_number=True, role="state"),
    Column("after", "Now", is_number=True, role="key"),
    Column("source", "From", drop=5),
    Column("until", "Until", drop=2),
)
HINTS = {
    "code": "Short; programs name the list by it.",
    "is_default": "It holds in every store whose own list says nothing. The list that was the default no longer is.",
    "store": "A store's own list goes before the default one; a store has one.",
}
LONGEST_PRICE = 30


@dataclass(frozen=True)
class GridRow:
    """An item in the grid of a list. now: the period that holds on the day; next: the first that begins after it"""

    id: int
    name: str
    sku: str
    category: str | None
    tint: int | None
    item_price: Decimal | None
    now: Period | None
    next: Period | None

    @property
    def shown(self) -> str:
        """The price as the grid's field holds it."""
        return amount_text(self.now.amount) if self.now and self.now.amount is not None else ""

    @property
    def otherwise(self) -> str:
        """The price that holds when the field is left empty."""
        return amount_text(self.item_price) if self.item_price is not None else "–"


def _may_edit(view: queries.PriceListView) -> bool:
    return g.actor.may("prices.write") and (view.store_id is not None or g.actor.store_ids is None)


def _chosen(lists: list[queries.PriceListView]) -> queries.PriceListView | None:
    """The list in the address, else that of the store that pages show, else the first."""
    wanted, store = request.args.get("list"), current.store()
    for fits in (
        lambda each: wanted is not None and each.code.casefold() == wanted.casefold(),
        lambda each: store is not None and each.store_id == store.id,
    ):
        found = next((each for each in lists if fits(each)), None)
        if found is not None:
            return found
    return lists[0] if lists else None


def _day(name: str, otherwise: date) -> date:
    day = day_asked(name)
    return day if day is not None and date(1900, 1, 1) <= day <= date(9000, 12, 31) else otherwise


@prices_bp.route("/items/prices", methods=["GET", "POST"])
@guard("catalogue.read")
def grid():
    """Which price holds in a list; prices are typed into the table, for today or for days to come."""
    lists = queries.lists(reading.session(), g.actor)
    chosen = _chosen(lists)
    if chosen is None:
        return render_template("prices/none.html", title="Prices", may_write=g.actor.may("prices.write"))
    form = DaysForm(data={"valid_from": chosen.today})
    entered: dict[str, str] = {}
    if request.method == "POST":
        if not _may_edit(chosen):
            raise NotFound("There is nothing at this address.")
        entered = _entered()
        answer = submit(form, lambda: _save(chosen, form, entered), _saved)
        if answer is not None:
            return answer
    page = _grid_page(lists, chosen, form, entered)
    return page, getattr(form, "refused_with", 422) if form.is_submitted() else 200


def _entered() -> dict[str, str]:
    """The fields of the grid that are not as they were shown. shape: {item id: what was typed}"""
    sent = {
        name.removeprefix("price-"): value.strip()[:LONGEST_PRICE]
        for name, value in request.form.items()
        if name.startswith("price-") and name.removeprefix("price-").isdecimal() and len(name) < 22
    }
    return {item: value for item, value in sent.items() if value != request.form.get(f"was-{item}", "").strip()}


def _save(chosen: queries.PriceListView, form: DaysForm, entered: dict[str, str]) -> service.PricesSet:
    if not entered:
        raise BadInput("No price was changed. Type new ones into the table first.")
    new, problems = [], []
    for item, written in entered.items():
        try:
            ref = ItemRef(item_id=int(item))
            new.append(service.NewPrice(ref, _amount(written), form.valid_from.data, form.valid_until.data))
        except BadInput as error:
            problems.append(error)
    if problems:
        raise SeveralErrors("Some prices cannot be read.", problems)
    return service.set_prices(service.SetPrices(list_id=chosen.id, prices=tuple(new), replaces=True, **asked()))


def _amount(written: str) -> Decimal | None:
    """A price as it was typed; nothing ends the list's price. raises: BadInput"""
    if not written:
        return None
    try:
        amount = typed(written)
    except CellError as error:
        unclear = error.code == "separators"
        raise BadInput(error.message if unclear else f"“{written}” is not a price.") from None
    if not 0 <= amount < PRICE_LIMIT or decimals_of(amount) > PRICE_DECIMALS:
        raise BadInput(f"“{written}” is not a price: 0 or more, with at most {PRICE_DECIMALS} decimals.")
    return amount


def _saved(done: service.PricesSet):
    back = request.args.to_dict() | {"list": done.code}
    counted = "1 price was" if done.items == 1 else f"{done.items} prices were"
    return gone(f"{counted} set in {done.name}.", url_for("prices.grid", **back))


def _grid_page(lists, chosen: queries.PriceListView, form: DaysForm, entered: dict[str, str]):
    session = reading.session()
    sort = request.args.get("sort", "name")
    sort = sort if sort.removeprefix("-") in ("name", "sku") else "name"
    which = items.ItemFilter(
        search=request.args.get("q", "")[:200] or None,
        category_id=number_asked("category"),
        store_id=chosen.store_id,
    )
    found = items.list_items(session, g.actor, which, sort=sort, limit=DEFAULT_LIMIT, cursor=request.args.get("cursor"))
    day = _day("on", chosen.today)
    table = Table(
        "prices",
        f"Prices in {chosen.name}",
        GRID,
        Page(_grid_rows(chosen, found.rows, day), found.next_cursor, found.previous_cursor),
        Empty("No items yet.", ("Items", url_for("items.catalogue"))),
        filters=(
            Filter("q", "Name, SKU or barcode"),
            Filter("category", "Category", [(str(each.id), each.path) for each in categories.tree(session)]),
            Filter("on", "Holding on", kind="date"),
        ),
        tabs=[Tab(each.name, each.code if each.id != chosen.id or "list" in request.args else "") for each in lists],
        tab_name="list",
        sort=sort,
        api=f"/api/v1/price-lists/{chosen.id}/prices",
    )
    return render_template(
        "prices/grid.html",
        title="Prices",
        table=table,
        chosen=chosen,
        day=day,
        form=form,
        entered=entered,
        may_edit=_may_edit(chosen),
        addresses=RowAddresses(
            lambda row: url_for("stock.item", item_id=row.id), lambda row: url_for("items.peek", item_id=row.id)
        ),
    )


def _grid_rows(chosen: queries.PriceListView, found, day: date) -> tuple[GridRow, ...]:
    said = queries.periods(reading.session(), [chosen.id], [item.id for item in found])
    rows = []
    for item in found:
        periods = said.get((chosen.id, item.id), [])
        now = next((period for period in periods if period.covers(day)), None)
        following = next((period for period in periods if period.valid_from > day), None)
        rows.append(GridRow(item.id, item.name, item.sku, item.category, item.tint, item.price, now, following))
    return tuple(rows)


@prices_bp.get("/items/prices/changes")
@guard("catalogue.read")
def changes():
    """The labels to change on a day, in the store that pages show or by the default list."""
    store = current.store()
    today = queries.today_in(store.time_zone if store else g.actor.time_zone)
    day = _day("on", today)
    rows = queries.changes(reading.session(), g.actor, day, store.id if store else None)
    table = Table(
        "price-changes",
        "Labels to change",
        CHANGES,
        Page(tuple(rows)),
        Empty("No label changes on this day.", ("Prices", url_for("prices.grid"))),
        filters=(Filter("on", "Day", kind="date"),),
        api="/api/v1/price-lists/changes" + (f"?store={store.code}" if store else ""),
    )
    return render_template(
        "prices/changes.html",
        title="Labels to change",
        table=table,
        store=store,
        day=day,
        addresses=RowAddresses(lambda row: url_for("stock.item", item_id=row.item_id)),
    )


@prices_bp.route("/items/prices/lists/new", methods=["GET", "POST"])
@guard("prices.write")
def new_list():
    """Add a price list."""
    form = NewPriceListForm()
    everywhere = {"": "In every store"} if g.actor.store_ids is None else {}
    form.store.choices = everywhere | {each.code: f"In {each.name} only" for each in current.mine()}
    answer = submit(
        form,
        lambda: service.add_list(
            service.AddPriceList(
                code=form.code.data,
                name=form.name.data,
                store=form.store.data or None,
                is_default=form.is_default.data,
                **asked(),
            )
        ),
        lambda view: gone(f"{view.name} was added.", url_for("prices.grid", list=view.code)),
    )
    if answer is not None:
        return answer
    return form_page(
        form,
        title="New price list",
        button="Add list",
        back=url_for("prices.grid"),
        crumbs=(("Prices", url_for("prices.grid")),),
        hints=HINTS,
    )


@prices_bp.route("/items/prices/lists/<int:list_id>", methods=["GET", "POST"])
@guard("prices.write")
def edit_list(list_id):
    """Rename a price list or make it the default."""
    view = queries.get_list(reading.session(), g.actor, list_id)
    if view is None or not _may_edit(view):
        raise NotFound("There is no such price list.")
    form = PriceListForm(data={name: getattr(view, name) for name in ("code", "name", "is_default", "version")})
    answer = submit(
        form,
        lambda: service.change_list(
            service.ChangePriceList(
                list_id=list_id,
                version=form.version.seen,
                code=form.code.data,
                name=form.name.data,
                is_default=form.is_default.data or None,
                **asked(),
            )
        ),
        lambda done: gone(f"{done.name} was changed.", url_for("prices.grid", list=done.code)),
    )
    if answer is not None:
        return answer
    return form_page(
        form,
        title=view.name,
        button="Save",
        back=url_for("prices.grid", list=view.code),
        crumbs=(("Prices", url_for("prices.grid", list=view.code)),),
        hints=HINTS,
        removal=Removal(
            url_for("prices.remove_list", list_id=list_id), "A list in which no price stands can be removed.", "Remove"
        ),
    )


@prices_bp.post("/items/prices/lists/<int:list_id>/remove")
@guard("prices.write")
def remove_list(list_id):
    """Remove an empty price list."""
    return press(
        lambda: service.remove_list(service.RemovePriceList(list_id=list_id, **asked())),
        lambda _: gone("The list was removed.", url_for("prices.grid")),
        url_for("prices.edit_list", list_id=list_id),
    )


@prices_bp.post("/items/prices/<int:list_id>/<int:price_id>/withdraw")
@guard("prices.write")
def withdraw(list_id, price_id):
    """Take a price back from the item's page."""
    item_id = number_in(request.form.get("item", ""))
    back = url_for("prices.grid") if item_id is None else url_for("stock.item", item_id=item_id)
    return press(
        lambda: service.withdraw_price(service.WithdrawPrice(list_id=list_id, price_id=price_id, **asked())),
        lambda _: gone("The price was taken back.", back),
        back,
    )
