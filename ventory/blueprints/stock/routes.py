"""Pages of stock: levels, movements, the item with its card, and the form that moves things."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for

from ventory.blueprints.categories import queries as categories
from ventory.blueprints.files import queries as files
from ventory.blueprints.items import queries as items
from ventory.blueprints.items import service as item_service
from ventory.blueprints.items.references import ItemRef
from ventory.blueprints.prices import queries as prices
from ventory.blueprints.stock import queries, service
from ventory.blueprints.stock.forms import FIELDS, TITLES, form_for
from ventory.blueprints.stores import current
from ventory.blueprints.suppliers import queries as suppliers
from ventory.blueprints.tags.queries import tag_choices
from ventory.blueprints.uom import queries as uom
from ventory.core.barcodes import normal
from ventory.core.days import local_day
from ventory.core.errors import NotFound
from ventory.core.files import ATTACHMENT
from ventory.core.ledger import MOVEMENT_KINDS
from ventory.core.movements import PERMISSIONS
from ventory.core.periods import Period
from ventory.core.quantity import plain
from ventory.core.reorder import Link, Rule, in_force
from ventory.db.paging import DEFAULT_LIMIT, MOST
from ventory.web import charts, reading
from ventory.web.auth import asked, guard
from ventory.web.formats import quantity
from ventory.web.pages import RowAddresses, gone, press, submit
from ventory.web.requests import day_asked, number_asked
from ventory.web.tables import Column, Empty, Filter, Tab, Table
from ventory.web.urls import local_target

# The states of stock, as an item's stores stand on its page.
WORST = ("out", "low", "ok")
# Before the barcode of a case, where a form offers it beside the units.
SCAN = "scan "
stock_bp = Blueprint("stock", __name__, template_folder="templates")
IN_ONE_STORE = (
    Column("name", "Item", sort="name", role="main"),
    Column("sku", "SKU", sort="sku", drop=5),
    Column("category", "Category", drop=2),
    Column("state", "State", role="state"),
    Column("available", "Available", is_number=True, sort="available", role="key"),
    Column("on_hand", "On hand", is_number=True, sort="on_hand", drop=5),
    Column("reserved", "Reserved", is_number=True, drop=3),
    Column("incoming", "Incoming", is_number=True, sort="incoming", drop=3),
    Column("rule", "Reorder / target", is_number=True, drop=4),
    Column("shelf", "Shelf", drop=1),
    Column("do", "", role="do"),
)
EVERYWHERE = (
    Column("name", "Item", sort="name", role="main"),
    Column("sku", "SKU", sort="sku", drop=5),
    Column("category", "Category", drop=2),
    Column("state", "State", role="state"),
    Column("available", "Available", is_number=True, role="key"),
    Column("on_hand", "On hand", is_number=True, drop=5),
    Column("reserved", "Reserved", is_number=True, drop=3),
    Column("incoming", "Incoming", is_number=True, drop=3),
    Column("stores", "Stores", is_number=True, drop=4),
    Column("do", "", role="do"),
)
MOVEMENTS = (
    Column("time", "Time", role="state"),
    Column("kind", "Kind", drop=5),
    Column("item", "Item", role="main"),
    Column("quantity", "Quantity", is_number=True, role="key"),
    Column("between", "From → to", drop=3),
    Column("document", "Document", drop=2),
    Column("reason", "Reason", drop=3),
    Column("who", "Who", drop=4),
    Column("cost", "Unit cost", is_number=True, drop=1),
    Column("do", "", role="do"),
)


def _today() -> date:
    return local_day(datetime.now(UTC), g.actor.time_zone)


@stock_bp.get("/stock")
@guard("stock.read")
def levels():
    """How much of everything, where."""
    session, store = reading.session(), current.store()
    state = request.args.get("state", "")
    sorts = queries.SORTS_IN_STORE if store else queries.SORTS_EVERYWHERE
    sort = request.args.get("sort", "")
    sort = sort if sort.removeprefix("-") in sorts else ""
    tag = request.args.get("tag", "")[:200]
    chosen = {"search": request.args.get("q", "")[:200], "category_id": number_asked("category"), "tag": tag}
    counts = queries.level_counts(session, g.actor, store.id if store else None, **chosen)
    wanted = chosen | {
        "state": state,
        "sort": sort,
        "limit": DEFAULT_LIMIT,
        "cursor": request.args.get("cursor"),
    }
    if store is not None:
        page = queries.levels_in_store(session, g.actor, store.id, **wanted)
        words = {"": "All", "out": "Out", "low": "Low", "over": "Overstock"}
    else:
        page = queries.levels_everywhere(session, g.actor, **wanted)
        words = {"": "All", "out": "Out somewhere", "low": "Low somewhere", "none": "Not carried"}
    choices = [(str(each.id), each.path) for each in categories.tree(session)]
    done = {
        "out": "Nothing is out of stock.",
        "low": "Nothing is low.",
        "over": "Nothing stands above its target level.",
        "none": "Every item is carried somewhere.",
    }
    table = Table(
        "levels" if store else "levels-all",
        "Stock levels",
        IN_ONE_STORE if store else EVERYWHERE,
        page,
        Empty(done.get(state, "Nothing is carried here yet."), ("Items", url_for("items.catalogue"))),
        filters=(
            Filter("q", "Name, SKU or barcode"),
            Filter("category", "Category", choices),
            Filter("tag", "Tag", tag_choices(session, tag)),
        ),
        tabs=[Tab(label, word, counts.get(word)) for word, label in words.items()],
        sort=sort,
        api="/api/products" + (f"?store={store.code}" if store else ""),
    )
    addresses = RowAddresses(
        lambda row: url_for("stock.item", item_id=row.id),
        lambda row: url_for("items.peek", item_id=row.id),
        lambda row: url_for("items.edit", item_id=row.id),
    )
    return render_template("stock/levels.html", title="Stock levels", table=table, addresses=addresses, store=store)


@stock_bp.get("/stock/movements")
@guard("stock.read")
def movements():
    """What happened, when, by whom, why."""
    store = current.store()
    table = Table(
        "movements",
        "Movements",
        MOVEMENTS,
        queries.movement_lines(
            reading.session(),
            g.actor,
            queries.MovementFilter(
                kind=request.args.get("kind") or None,
                store_id=store.id if store else None,
                search=request.args.get("q") or None,
                movement_id=number_asked("movement"),
                external_reference=request.args.get("reference") or None,
                since=day_asked("since"),
                until=day_asked("until"),
            ),
            limit=DEFAULT_LIMIT,
            cursor=request.args.get("cursor"),
        ),
        Empty("Nothing moved yet.", ("Stock levels", url_for("stock.levels"))),
        filters=(
            Filter("q", "Name, SKU or barcode"),
            Filter("kind", "Kind", [(kind, kind.capitalize()) for kind in MOVEMENT_KINDS]),
            Filter("since", "From", kind="date"),
            Filter("until", "Until", kind="date"),
            Filter("reference", "Document"),
            Filter("movement", "Movement number"),
        ),
        api="/api/v1/movements" + (f"?store={store.code}" if store else ""),
    )
    addresses = RowAddresses(lambda row: url_for("stock.item", item_id=row.item_id))
    return render_template(
        "stock/movements.html",
        title="Movements",
        table=table,
        addresses=addresses,
        store=store,
        names={each.id: "here" if store and each.id == store.id else each.name for each in current.mine()},
    )


@stock_bp.get("/items/<int:item_id>")
@guard("catalogue.read")
def item(item_id):
    """Everything about one item: where it stands, how it moved, by which rule it is ordered."""
    session, store = reading.session(), current.store()
    view = _item(item_id)
    carrying = [level for level in view.stores if store is None or level.store_id == store.id]
    shown = carrying[0] if len(carrying) == 1 else None
    ids = [level.store_id for level in carrying]
    drawn = None
    if ids:
        drawn = _drawn(queries.history(session, item_id, ids, _today(), 90), view.unit, shown)
    card = None
    if shown:
        card = queries.card(session, g.actor, item_id, shown.store_id, limit=20, cursor=request.args.get("cursor"))
        lines = card.page
    else:
        lines = queries.movement_lines(session, g.actor, queries.MovementFilter(item_id=item_id), limit=20)
    price, listed = prices.of_item(session, g.actor, item_id, view.price, store)
    siblings = ()
    if view.group_id is not None:
        page = items.list_items(session, g.actor, items.ItemFilter(group_id=view.group_id), sort="name", limit=50)
        siblings = tuple(each for each in page.rows if each.id != view.id)
    return render_template(
        "stock/item.html",
        title=view.name,
        item=view,
        levels=sorted(view.stores, key=lambda level: (WORST.index(level.state), level.name.casefold())),
        store=store,
        shown=shown,
        chart=drawn,
        lines=lines,
        siblings=siblings,
        attachments=files.files_of(session, item_id, ATTACHMENT),
        **_buying(item_id),
        notes=items.notes(session, item_id, limit=8),
        price=price,
        listed=listed,
        rules=_rule_rows(view, shown) if view.keeps_stock else (),
        names={each.id: each.name for each in current.mine()},
        kinds=[(kind, TITLES[kind]) for kind in FIELDS if current.may(PERMISSIONS[kind])],
    )


def _drawn(history: queries.History, unit: str, shown: items.StoreLevel | None) -> charts.Drawing:
    """The level of an item over some days, with its deliveries."""
    days, levels, received = zip(*history.days, strict=True)
    return charts.draw(
        [Period(day, day) for day in days],
        [charts.Series("On hand", charts.LEVEL, "on-hand", levels, "on hand")],
        unit=unit,
        marks_out=True,
        dotted=charts.Series("Received", charts.FLOW, "received", received, "received"),
        reorder_point=shown.reorder_point if shown else None,
    )


def _buying(item_id: int) -> dict[str, Any]:
    """Who sells the item, the preferred supplier first, and what its stock cost; nothing for those who may not know."""
    session, actor = reading.session(), g.actor
    if not (actor.may("costs.read") and actor.may("suppliers.read")):
        return {}
    rows = sorted(
        suppliers.suppliers_of(session, actor, item_id, limit=MOST).rows, key=lambda row: not row.is_preferred
    )
    return {
        "suppliers": rows,
        "digits": suppliers.price_digits(rows),
        "cost": suppliers.cost_of(session, actor, item_id),
    }


@dataclass(frozen=True)
class RuleRow:
    """A level of the chain on the item's page. point_holds, target_holds: whether its value is the one in force"""

    level: str
    name: str
    rule: Rule
    address: str | None
    point_holds: bool
    target_holds: bool


def _rule_rows(view: items.ItemView, shown: items.StoreLevel | None) -> list[RuleRow]:
    """The chain of the reorder rule, down to the store that is shown, with the address where each level is changed."""
    links = list(view.rule_chain)
    addresses = {
        "inventory": ("chain.write", lambda _: url_for("ranges.inventory_rule")),
        "category": ("chain.write", lambda link: url_for("categories.edit", category_id=link.id)),
        "item": ("chain.write", lambda link: url_for("items.item_rule", item_id=link.id)),
        "store": ("catalogue.write", lambda _: url_for("items.rule", item_id=view.id, code=shown.code)),
    }

    def address(link: Link) -> str | None:
        needs, leads = addresses[link.level]
        return leads(link) if g.actor.may(needs) and not view.archived_at else None

    if shown:
        links.append(Link("store", shown.store_id, shown.name, shown.rule.own))
    holds = in_force([link.rule for link in links])
    return [
        RuleRow(
            link.level,
            link.name,
            link.rule,
            address(link),
            holds.point_from == position,
            holds.target_from == position,
        )
        for position, link in enumerate(links)
    ]


def _item(item_id: int) -> items.ItemView:
    view = items.get_item(reading.session(), g.actor, item_id, also_archived=True)
    if view is None:
        raise NotFound("There is no such item.")
    return view


@stock_bp.route("/stock/move/<kind>", methods=["GET", "POST"])
@guard("stock.read")
def move(kind):
    """Record a movement of one item; the effect stands there before the click."""
    if kind not in FIELDS or not current.may(PERMISSIONS[kind]):
        raise NotFound("There is nothing at this address.")
    item_id = number_asked("item")
    if item_id is None:
        scanned = _scanned()
        if scanned is not None:
            return redirect(url_for("stock.move", kind=kind, **scanned), 303)
        return render_template("stock/choose.html", title=TITLES[kind], kind=kind, found=_found())
    view = _item(item_id)
    form = form_for(kind)
    _fill(form, view)
    answer = submit(form, lambda: _record(kind, view, form), lambda done: _recorded(kind, view, done))
    if answer is not None:
        return answer
    stores = {each.code: each for each in current.mine()}
    levels = {code: {"name": store.name, "on_hand": "0", "reserved": "0"} for code, store in stores.items()} | {
        level.code: {"name": level.name, "on_hand": plain(level.on_hand), "reserved": plain(level.reserved)}
        for level in view.stores
    }
    status = getattr(form, "refused_with", 422) if form.is_submitted() else 200
    page = render_template(
        "stock/move.html", title=TITLES[kind], kind=kind, item=view, form=form, levels=json.dumps(levels)
    )
    return page, status


def _scanned() -> dict[str, str] | None:
    """What a barcode in the search means for the form: its item and, for a case, how many are in it."""
    code = normal(request.args.get("q", "")[:200])
    if not code:
        return None
    page = items.list_items(reading.session(), g.actor, items.ItemFilter(barcode=code), limit=1, in_full=True)
    if not page.rows:
        return None
    (item,) = page.rows
    scan = next(each.quantity for each in item.barcodes if each.barcode == code)
    return {"item": item.id} | ({} if scan == 1 else {"quantity": plain(scan)})


def _found():
    search = request.args.get("q", "").strip()[:200]
    if not search:
        return ()
    page = items.list_items(reading.session(), g.actor, items.ItemFilter(search=search), sort="name", limit=20)
    return page.rows


def _fill(form, view: items.ItemView) -> None:
    stores = current.mine()
    names = {each.code: each.name for each in stores}
    form.store.choices = names
    if "to_store" in form:
        form.to_store.choices = names
    units = [each for each in uom.list_units(reading.session()) if view.unit in (each.code, each.base)]
    form.unit.choices = {each.code: f"{each.name} ({each.code})" for each in units} | {
        f"{SCAN}{each.barcode}": f"{plain(each.quantity)} {view.unit} a scan ({each.barcode})"
        for each in view.barcodes
        if each.quantity != 1
    }
    if request.method == "POST":
        return
    chosen = request.args.get("at") or (current.store().code if current.store() else None)
    if chosen is None:
        # Where the item stands, else the first: a transfer never begins from a store to itself.
        chosen = view.stores[0].code if view.stores else next(iter(names), None)
    form.store.data = chosen
    form.unit.data = view.unit
    if "to_store" in form:
        form.to_store.data = next((code for code in names if code != chosen), None)
    written = request.args.get("quantity", "")
    if written.replace(".", "", 1).isdecimal() and len(written) < 16:
        form.quantity.data = Decimal(written)


def _record(kind: str, view: items.ItemView, form):
    unit = None if form.unit.data in (view.unit, None) else form.unit.data
    barcode = unit.removeprefix(SCAN) if unit and unit.startswith(SCAN) else None
    unit = unit if barcode is None else None
    note = form.note.data or None
    if kind == "restock":
        return item_service.restock(
            item_service.RestockItem(
                item_id=view.id,
                quantity=form.quantity.data,
                store=form.store.data,
                barcode=barcode,
                unit=unit,
                unit_cost=form.unit_cost.data,
                supplier=form.supplier.data or None,
                note=note,
                **asked(),
            )
        )
    amount = {"quantity": form.quantity.data}
    if kind == "adjustment":
        signed = form.quantity.data if form.way.data == "more" else -form.quantity.data
        amount = {"counted": form.quantity.data} if form.way.data == "counted" else {"change": signed}
    line = service.AskedLine(
        ItemRef(item_id=view.id) if barcode is None else ItemRef(barcode=barcode),
        form.store.data,
        form.to_store.data if kind == "transfer" else None,
        unit=unit,
        **amount,
    )
    reason = form.reason.data if kind == "adjustment" else None
    movement = service.AskedMovement(kind, (line,), reason=reason, note=note)
    return service.record(service.RecordMovement(movement=movement, **asked()))


def _recorded(kind: str, view: items.ItemView, done):
    if isinstance(done, item_service.Restocked):
        movement_id, figures = done.restock.movement_id, [(done.restock.store, done.on_hand)]
    else:
        movement_id, figures = done.id, [(each.store, each.on_hand) for each in done.balances]
    names = {each.code: each.name for each in current.mine()}
    what = " ".join(f"{names.get(store, store)}: {quantity(left)} on hand now." for store, left in figures)
    flash(f"{view.name}. {what or 'Nothing had to change.'}", f"undo:{movement_id}")
    return redirect(url_for("stock.item", item_id=view.id), 303)


@stock_bp.post("/stock/movements/<int:movement_id>/reverse")
@guard("stock.reverse")
def reverse(movement_id):
    """Take a movement back by another."""
    back = local_target(request.form.get("back"), url_for("stock.movements"))
    return press(
        lambda: service.reverse(service.ReverseMovement(movement_id=movement_id, reason="correction", **asked())),
        lambda done: gone(f"Movement {movement_id} was taken back by movement {done.id}.", back),
        back,
    )
