"""Pages of the chain's reorder rule and of the ranges of stores."""

from __future__ import annotations

from flask import Blueprint, g, render_template, request, url_for

from ventory.blueprints.categories import queries as categories
from ventory.blueprints.items import queries as items
from ventory.blueprints.items.queries import ItemFilter
from ventory.blueprints.ranges import queries, service
from ventory.blueprints.ranges.forms import CopyRangeForm, InventoryRuleForm, RangeForm
from ventory.blueprints.stores import current
from ventory.blueprints.stores.queries import get_store
from ventory.core.errors import NotFound
from ventory.db.paging import DEFAULT_LIMIT
from ventory.web import reading
from ventory.web.auth import asked, guard
from ventory.web.pages import RowAddresses, form_page, gone, submit
from ventory.web.requests import number_asked, numbers_in
from ventory.web.tables import Column, Empty, Filter, Tab, Table

ranges_bp = Blueprint("ranges", __name__, template_folder="templates")
RULE_HINTS = {
    "reorder_point": "Below it an item counts as low, wherever no category, item or store says otherwise.",
    "target_level": "What an order fills such an item to.",
}


@ranges_bp.route("/inventories/rule", methods=["GET", "POST"])
@guard("chain.write")
def inventory_rule():
    """Set the reorder rule of the whole chain."""
    view = queries.inventory_rule(reading.session())
    form = InventoryRuleForm(data={name: getattr(view, name) for name in ("reorder_point", "target_level", "version")})
    answer = submit(
        form,
        lambda: service.set_inventory_rule(
            service.SetInventoryRule(
                version=form.version.seen,
                reorder_point=form.reorder_point.data,
                target_level=form.target_level.data,
                **asked(),
            )
        ),
        lambda done: gone(f"The rule of {done.name} was changed.", url_for("categories.listing")),
    )
    if answer is not None:
        return answer
    return form_page(
        form,
        title=f"Reorder rule of {view.name}",
        button="Save rule",
        back=url_for("categories.listing"),
        crumbs=(("Categories", url_for("categories.listing")),),
        hints=RULE_HINTS,
    )


RANGE = (
    Column("name", "Item", sort="name", role="main"),
    Column("sku", "SKU", sort="sku", drop=5),
    Column("category", "Category", drop=2),
    Column("state", "State", role="state"),
    Column("available", "Available", is_number=True, role="key"),
    Column("own", "Set here", is_number=True, drop=3),
    Column("rule", "Reorder / target", is_number=True, drop=4),
    Column("shelf", "Shelf", drop=1),
)
FILTERS = ("q", "category", "type", "tag", "carried", "range")
SHOWN_PROBLEMS = 20


def _store(store_id: int):
    store = get_store(reading.session(), g.actor, store_id)
    if store is None:
        raise NotFound("There is no such store.")
    return store


def _which() -> ItemFilter:
    """The filter in the address. range: the store whose range is looked at; carried: no for what it does not carry"""
    store_id = number_asked("range")
    is_carried = request.args.get("carried") != "no"
    return ItemFilter(
        search=request.args.get("q", "")[:200] or None,
        category_id=number_asked("category"),
        type=request.args.get("type") or None,
        tag=request.args.get("tag") or None,
        store_id=store_id if is_carried else None,
        not_in_store_id=None if is_carried else store_id,
    )


@ranges_bp.get("/stores/<int:store_id>/range")
@guard("catalogue.read")
def of_store(store_id):
    """What a store carries and by which rule; what it does not carry stands in a tab beside."""
    store, session = _store(store_id), reading.session()
    is_carried = request.args.get("carried") != "no"
    sort = request.args.get("sort", "name")
    sort = sort if sort.removeprefix("-") in queries.SORTS else "name"
    chosen = {"search": request.args.get("q", "")[:200] or None, "category_id": number_asked("category")}
    ways = {"": ItemFilter(store_id=store_id, **chosen), "no": ItemFilter(not_in_store_id=store_id, **chosen)}
    counts = {word: items.count_items(session, which) for word, which in ways.items()}
    shown = "" if is_carried else "no"
    page = queries.range_of(
        session, store_id, ways[shown], sort=sort, limit=DEFAULT_LIMIT, cursor=request.args.get("cursor")
    )
    may_write = g.actor.may("catalogue.write") and store.closed_at is None
    empty = Empty("Every item is carried here.")
    if is_carried:
        empty = Empty(
            f"{store.name} carries nothing yet.",
            ("Copy a range", url_for("ranges.copy", store_id=store_id)) if may_write else None,
        )
    table = Table(
        "range",
        f"Range of {store.name}",
        RANGE,
        page,
        empty,
        filters=(
            Filter("q", "Name, SKU or barcode"),
            Filter("category", "Category", [(str(each.id), each.path) for each in categories.tree(session)]),
        ),
        tabs=(Tab("Carried", "", counts[""]), Tab("Not carried", "no", counts["no"])),
        tab_name="carried",
        sort=sort,
        api=f"/api/v1/stores/{store_id}/range",
    )
    matching = counts[shown] if page.next_cursor or page.previous_cursor else 0
    return render_template(
        "ranges/of_store.html",
        title=f"Range of {store.name}",
        store=store,
        table=table,
        addresses=RowAddresses(
            lambda row: url_for("stock.item", item_id=row.id), lambda row: url_for("items.peek", item_id=row.id)
        ),
        may_write=may_write,
        matching=matching if matching <= service.MOST_ITEMS else 0,
    )


@ranges_bp.post("/items/range")
@guard("catalogue.write")
def edit_many():
    """Carry the selected items in a store, stop carrying them or set their rule there.

    A list sends its selection here; the form that comes back says what to do with it.
    """
    ids = _selected()
    stores = current.mine()
    form = RangeForm()
    form.store.choices = {str(each.id): each.name for each in stores}
    range_id = number_asked("range")
    if "action" not in request.form:
        chosen = range_id or (current.store().id if current.store() else stores[0].id if stores else None)
        form.store.data = str(chosen)
        form.action.data = "carry" if request.args.get("carried") == "no" or not range_id else "set"
        return _edit_page(form, ids)
    answer = submit(form, lambda: _edit(form, ids), _edited) if ids else None
    return answer if answer is not None else _edit_page(form, ids, getattr(form, "refused_with", 422))


def _selected() -> list[int]:
    """The items that were ticked, or all that the filter in the address leaves."""
    if request.form.get("matching"):
        return items.ids_of_items(reading.session(), _which(), service.MOST_ITEMS)
    return list(dict.fromkeys(numbers_in(request.form.getlist("id"))))


def _edit(form: RangeForm, ids: list[int]):
    rule = {"reorder_point": form.reorder_point.data, "target_level": form.target_level.data}
    if form.action.data != "set":
        rule = {name: value for name, value in rule.items() if value is not None and form.action.data == "carry"}
    store_id = int(form.store.data) if (form.store.data or "").isdecimal() else 0
    return service.edit_range(
        service.EditRange(
            store_id=store_id,
            action=form.action.data,
            item_ids=tuple(ids),
            good_only=form.good_only.data,
            **rule,
            **asked(),
        )
    )


def _edited(done: service.RangeEdited):
    what = {
        "carry": f"{done.name} carries {done.changed:,} more or under a new rule",
        "stop": f"{done.name} no longer carries {done.changed:,}",
        "set": f"{done.name}: {done.changed:,} have a new rule",
    }[done.action]
    left_out = f" {len(done.refused):,} were left out: {done.refused[0].message}" if done.refused else ""
    return gone(f"{what}.{left_out}", url_for("ranges.of_store", store_id=done.store_id))


def _edit_page(form: RangeForm, ids: list[int], status: int = 200):
    named = {name: request.args[name] for name in FILTERS if request.args.get(name)}
    page = render_template(
        "ranges/edit.html",
        title="Range and rules",
        form=form,
        ids=[] if request.form.get("matching") else ids,
        count=len(ids),
        is_matching=bool(request.form.get("matching")),
        address=url_for("ranges.edit_many", **named),
        back=url_for("ranges.of_store", store_id=named["range"]) if "range" in named else url_for("items.catalogue"),
        problems=form.form_errors[:SHOWN_PROBLEMS],
        more_problems=max(0, len(form.form_errors) - SHOWN_PROBLEMS),
    )
    return page, status


@ranges_bp.route("/stores/<int:store_id>/range/copy", methods=["GET", "POST"])
@guard("catalogue.write")
def copy(store_id):
    """Let a store carry what another one carries."""
    store = _store(store_id)
    form = CopyRangeForm()
    others = [each for each in current.mine() if each.id != store_id]
    form.source.choices = {
        each.code: f"{each.name}: {queries.carried_count(reading.session(), each.id):,} items" for each in others
    }
    back = url_for("ranges.of_store", store_id=store_id)
    answer = submit(
        form,
        lambda: service.copy_range(service.CopyRange(store_id=store_id, source=form.source.data, **asked())),
        lambda done: gone(f"{done.name} carries {done.added:,} more items. {done.kept:,} stayed as they were.", back),
    )
    if answer is not None:
        return answer
    return form_page(
        form,
        title=f"Copy a range to {store.name}",
        button="Copy",
        back=back,
        crumbs=(("Stores", url_for("stores.listing")), (f"Range of {store.name}", back)),
        hints={"source": "With its own reorder rules, without its shelves. What is carried already stays as it is."},
    )
