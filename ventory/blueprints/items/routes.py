"""The catalogue's pages: list, item, forms."""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, render_template, request, url_for

from ventory.blueprints.categories import queries as categories
from ventory.blueprints.custom_fields.forms import PREFIX, asking, read, written
from ventory.blueprints.custom_fields.queries import Fields, FieldView
from ventory.blueprints.inventory_types import queries as types
from ventory.blueprints.items import notes, queries, service
from ventory.blueprints.items.barcodes import ONE, AskedBarcode
from ventory.blueprints.items.forms import ItemForm, ItemRuleForm, NewItemForm, NoteForm, RuleForm
from ventory.blueprints.items.service import ItemFields, StockFields
from ventory.blueprints.stores import current
from ventory.blueprints.tags import queries as tags
from ventory.blueprints.tags.queries import tag_choices
from ventory.blueprints.uom import queries as uom
from ventory.core.errors import Forbidden, NotFound, VentoryError
from ventory.core.quantity import plain
from ventory.core.reorder import InForce, in_force
from ventory.core.unset import UNSET
from ventory.db.paging import DEFAULT_LIMIT
from ventory.web import reading
from ventory.web.auth import asked, guard
from ventory.web.pages import RowAddresses, form_page, gone, press, submit
from ventory.web.requests import number_asked, number_in, numbers_in
from ventory.web.tables import Column, Empty, Filter, Tab, Table

items_bp = Blueprint("items", __name__, url_prefix="/items", template_folder="templates")
COLUMNS = (
    Column("name", "Item", sort="name", role="main"),
    Column("sku", "SKU", sort="sku", drop=4),
    Column("barcode", "Barcode", drop=1),
    Column("category", "Category", drop=3),
    Column("type", "Type", drop=2),
    Column("tags", "Tags", drop=1, is_off=True),
    Column("unit", "Unit", drop=2),
    Column("price", "Price", is_number=True, role="state"),
    Column("stock", "On hand", is_number=True, role="key"),
    Column("do", "", role="do"),
)


# Each is archived by itself, so that one refusal does not undo the others; more would outlast a request.
MOST_AT_ONCE = 1000


def _which() -> queries.ItemFilter:
    """The filter in the address."""
    return queries.ItemFilter(
        search=request.args.get("q") or None,
        category_id=number_asked("category"),
        type=request.args.get("type") or None,
        tag=request.args.get("tag") or None,
        is_archived=request.args.get("state") == "archived",
    )


def _category_choices() -> list[tuple[str, str]]:
    return [(str(each.id), each.path) for each in categories.tree(reading.session())]


@items_bp.get("/")
@guard("catalogue.read")
def catalogue():
    """Every item of the catalogue."""
    sort = request.args.get("sort", "name")
    if sort not in queries.ORDERS:
        sort = "name"
    which = _which()
    page = queries.list_items(
        reading.session(),
        g.actor,
        which,
        sort=sort,
        limit=DEFAULT_LIMIT,
        cursor=request.args.get("cursor"),
        in_full=True,
        store=current.store(),
    )
    type_choices = [(each.code, each.name) for each in types.list_types(reading.session())]
    table = Table(
        "items",
        "Items",
        COLUMNS,
        page,
        Empty("No items yet.", ("New item", url_for("items.new")) if g.actor.may("catalogue.write") else None),
        filters=(
            Filter("q", "Name, SKU or barcode"),
            Filter("category", "Category", _category_choices()),
            Filter("type", "Type", type_choices),
            Filter("tag", "Tag", tag_choices(reading.session(), request.args.get("tag", ""))),
        ),
        tabs=(Tab("Active", ""), Tab("Archived", "archived")),
        sort=sort,
        api="/api/v1/items",
    )
    addresses = RowAddresses(
        lambda row: url_for("stock.item", item_id=row.id),
        lambda row: url_for("items.peek", item_id=row.id),
        lambda row: url_for("items.edit", item_id=row.id),
    )
    matching = queries.count_items(reading.session(), which) if page.next_cursor or page.previous_cursor else 0
    matching = matching if matching <= MOST_AT_ONCE else 0
    return render_template("items/list.html", title="Items", table=table, addresses=addresses, matching=matching)


@items_bp.post("/archive")
@guard("catalogue.write")
def archive_many():
    """Archive the selected items, or all that the filter in the address leaves, each by itself."""
    if request.form.get("matching"):
        ids = queries.ids_of_items(reading.session(), _which(), MOST_AT_ONCE)
    else:
        ids = numbers_in(request.form.getlist("id"))
    archived, problems = 0, []
    for item_id in ids[:MOST_AT_ONCE]:
        try:
            service.archive(service.ArchiveItem(item_id=item_id, **asked() | {"once": None}))
            archived += 1
        except VentoryError as error:
            problems.append(error.message)
    flash(f"{archived} archived." + (f" {problems[0]}" if problems else ""))
    return redirect(url_for("items.catalogue"), 303)


def _item(item_id: int) -> queries.ItemView:
    view = queries.get_item(reading.session(), g.actor, item_id, also_archived=True, store=current.store())
    if view is None:
        raise NotFound("There is no such item.")
    return view


@items_bp.get("/<int:item_id>/peek")
@guard("catalogue.read")
def peek(item_id):
    """The drawer: the item without leaving the list."""
    return render_template("items/peek.html", item=_item(item_id))


@items_bp.route("/new", methods=["GET", "POST"])
@guard("catalogue.write")
def new():
    """Add an item."""
    fields = _asked_fields(request.args.get("category"))
    form = _with_fields(NewItemForm, fields)(unit=service.DEFAULT_UNIT, type=service.DEFAULT_TYPE)
    _fill_choices(form)
    stores = current.mine()
    form.store.choices = {each.code: each.name for each in stores}
    if request.method == "GET":
        chosen = current.store() or next((each for each in stores if each.is_default), None)
        form.store.data = chosen.code if chosen else None
        form.category_id.data = int(request.args.get("category", type=int) or 0)
    answer = _all_asked(form, fields) and submit(
        form,
        lambda: service.add(
            service.AddItem(
                fields=_fields(form, fields),
                stock=StockFields(
                    store=form.store.data,
                    unit_cost=form.unit_cost.data,
                    **{
                        name: form[name].data
                        for name in ("stock_level", "reorder_point", "target_level")
                        if form[name].data is not None
                    },
                ),
                **asked(),
            )
        ),
        lambda view: gone(f"{view.name} was added.", url_for("stock.item", item_id=view.id)),
    )
    if answer:
        return answer
    return form_page(
        form,
        title="New item",
        button="Add item",
        back=url_for("items.catalogue"),
        crumbs=(("Items", url_for("items.catalogue")),),
        hints=HINTS,
    )


@items_bp.route("/<int:item_id>/edit", methods=["GET", "POST"])
@guard("catalogue.write")
def edit(item_id):
    """Change an item."""
    item = _item(item_id)
    fields = _asked_fields(str(item.category_id or 0))
    kept = {each.key: each.value for each in item.values}
    form = _with_fields(ItemForm, fields)(
        data={f"{PREFIX}{each.key}": written(each, kept.get(each.key)) for each in fields}
        | {
            "version": item.version,
            "name": item.name,
            "sku": item.sku,
            "barcodes": [{"barcode": each.barcode, "quantity": each.quantity} for each in item.barcodes],
            "category_id": item.category_id or 0,
            "unit": item.unit,
            "type": item.type,
            "tags": ", ".join(item.tags),
            "price": item.price,
            "group": item.group,
            "options": [{"option": name, "value": value} for name, value in item.options.items()],
            "description": item.description,
        }
    )
    _fill_choices(form)
    answer = _all_asked(form, fields) and submit(
        form,
        lambda: service.change(
            service.ChangeItem(
                item_id=item_id,
                fields=_fields(form, fields),
                version=form.version.seen,
                **asked(),
            )
        ),
        lambda view: gone(f"{view.name} was changed.", url_for("stock.item", item_id=view.id)),
    )
    if answer:
        return answer
    return form_page(
        form,
        title=f"Edit {item.name}",
        button="Save",
        back=url_for("stock.item", item_id=item_id),
        crumbs=(("Items", url_for("items.catalogue")), (item.name, url_for("stock.item", item_id=item_id))),
        hints=HINTS,
    )


HINTS = {
    "tags": "Words to find things together again, with commas between them.",
    "barcodes": "The first is the primary one. A case's barcode stands for as many as are in it; 1 when left empty.",
    "sku": "How your chain names it; compared without regard to case.",
    "group": "Variants of one kind share a group, for instance a bag in several designs.",
    "options": "Such as Size and Colour; the grid of the group is made of them.",
    "reorder_point": "Below it the item counts as low.",
    "target_level": "What an order fills it to.",
    "unit_cost": "What one unit was bought for.",
}


def _fill_choices(form: ItemForm) -> None:
    session = reading.session()
    form.barcodes.tidy()
    form.options.tidy()
    form.tags.in_use = tags.names_to_choose(session)
    form.category_id.choices = {0: "None"} | {each.id: each.path for each in categories.tree(session)}
    form.unit.choices = {
        each.code: f"{each.name} ({each.code})" for each in uom.list_units(session) if each.base is None
    }
    form.type.choices = {each.code: each.name for each in types.list_types(session)}


def _asked_fields(category: str | None) -> list[FieldView]:
    """The custom fields that are asked of an item in the category that the form names, else in this one."""
    named = request.form.get("category_id", category) or ""
    return Fields(reading.session()).of(number_in(named) if named != "0" else None)


def _with_fields(form: type[ItemForm], fields: list[FieldView]) -> type[ItemForm]:
    """The form with a form field for each custom field, behind the category."""
    asked = {f"{PREFIX}{field.key}": asking(field) for field in fields}

    class Asking(form):
        def __iter__(self):
            mine = [self._fields[name] for name in asked]
            for each in super().__iter__():
                if each in mine:
                    continue
                yield each
                if each.name == "category_id":
                    yield from mine

    for name, field in asked.items():
        setattr(Asking, name, field)
    return Asking


def _all_asked(form: ItemForm, fields: list[FieldView]) -> bool:
    """Whether the form that came in showed every field; another category may ask for more than the one before."""
    unseen = [field.label for field in fields if form.is_submitted() and f"{PREFIX}{field.key}" not in request.form]
    if unseen:
        form.form_errors.append(f"This category also asks for {', '.join(unseen)}. Fill it in and save again.")
    return not unseen


def _fields(form: ItemForm, fields: list[FieldView]) -> ItemFields:
    return ItemFields(
        name=form.name.data,
        sku=form.sku.data,
        barcodes=tuple(
            AskedBarcode(row.barcode.data, row.quantity.data if row.quantity.data is not None else ONE)
            for row in form.barcodes.filled
        ),
        category_id=form.category_id.data or None,
        unit=form.unit.data or UNSET,
        type=form.type.data or UNSET,
        tags=form.tags.names,
        price=form.price.data,
        group=form.group.data or None,
        options={row.option.data: row.value.data for row in form.options.filled},
        description=form.description.data or "",
        fields={field.key: read(field, form[f"{PREFIX}{field.key}"].data) for field in fields},
    )


def _rule_hints(inherited: InForce) -> dict[str, str]:
    """What an empty field means: the value that holds then."""

    def otherwise(value) -> str:
        return f"Empty: {plain(value)}, inherited." if value is not None else "Empty: none, nobody sets one."

    return {
        "reorder_point": f"Below it the item counts as low. {otherwise(inherited.reorder_point)}",
        "target_level": f"What an order fills it to. {otherwise(inherited.target_level)}",
    }


@items_bp.route("/<int:item_id>/rule", methods=["GET", "POST"])
@guard("chain.write")
def item_rule(item_id):
    """Change the rule of an item in every store that sets none itself."""
    item = _item(item_id)
    form = ItemRuleForm(data={name: getattr(item, name) for name in ("reorder_point", "target_level", "version")})
    answer = submit(
        form,
        lambda: service.change(
            service.ChangeItem(
                item_id=item_id,
                fields=ItemFields(reorder_point=form.reorder_point.data, target_level=form.target_level.data),
                version=form.version.seen,
                **asked(),
            )
        ),
        lambda view: gone(f"The rule of {view.name} was changed.", url_for("stock.item", item_id=view.id)),
    )
    if answer is not None:
        return answer
    return form_page(
        form,
        title=f"Reorder rule of {item.name}",
        button="Save rule",
        back=url_for("stock.item", item_id=item_id),
        crumbs=(("Items", url_for("items.catalogue")), (item.name, url_for("stock.item", item_id=item_id))),
        hints=_rule_hints(in_force([link.rule for link in item.rule_chain if link.level != "item"])),
    )


@items_bp.route("/<int:item_id>/rule/<code>", methods=["GET", "POST"])
@guard("catalogue.write")
def rule(item_id, code):
    """Change the reorder rule of an item in a store."""
    item = _item(item_id)
    store = next((each for each in current.mine() if each.code.casefold() == code.casefold()), None)
    if store is None:
        raise NotFound("There is no such store.")
    level = next((each for each in item.stores if each.store_id == store.id), None)
    form = RuleForm(
        data={
            "reorder_point": level.rule.own.reorder_point if level else None,
            "target_level": level.rule.own.target_level if level else None,
            "shelf": level.shelf if level else "",
            "version": level.version if level else None,
        }
    )
    answer = submit(
        form,
        lambda: service.change(
            service.ChangeItem(
                item_id=item_id,
                fields=ItemFields(),
                stock=StockFields(
                    store=store.id,
                    reorder_point=form.reorder_point.data,
                    target_level=form.target_level.data,
                    shelf=form.shelf.data or "",
                    version=form.version.seen,
                ),
                **asked(),
            )
        ),
        lambda view: gone(f"The rule for {store.name} was changed.", url_for("stock.item", item_id=view.id)),
    )
    if answer is not None:
        return answer
    return form_page(
        form,
        title=f"Reorder rule of {item.name} in {store.name}",
        button="Save rule",
        back=url_for("stock.item", item_id=item_id),
        crumbs=(("Items", url_for("items.catalogue")), (item.name, url_for("stock.item", item_id=item_id))),
        hints=_rule_hints(in_force([link.rule for link in item.rule_chain])),
    )


@items_bp.post("/<int:item_id>/archive")
@guard("catalogue.write")
def archive(item_id):
    """Archive an item."""
    service.archive(service.ArchiveItem(item_id=item_id, **asked()))
    undo = url_for("items.restore", item_id=item_id)
    return gone("Archived. Its history stays.", url_for("stock.item", item_id=item_id), undo)


@items_bp.post("/<int:item_id>/restore")
@guard("catalogue.write")
def restore(item_id):
    """Bring an archived item back."""
    return press(
        lambda: service.restore(service.RestoreItem(item_id=item_id, **asked())),
        lambda _: gone("Back in the catalogue.", url_for("stock.item", item_id=item_id)),
        url_for("stock.item", item_id=item_id),
    )


@items_bp.get("/<int:item_id>/notes")
@guard("catalogue.read")
def all_notes(item_id):
    """Everything that was written about an item."""
    return _notes_page(item_id, NoteForm())


@items_bp.post("/<int:item_id>/notes")
@guard("notes.write")
def write_note(item_id):
    """Write a note on an item."""
    form = NoteForm()
    answer = submit(
        form,
        lambda: notes.write(notes.WriteNote(item_id=item_id, text=form.text.data, **asked())),
        lambda _note: gone("The note stands.", url_for("stock.item", item_id=item_id, _anchor="notes")),
    )
    return answer if answer is not None else (_notes_page(item_id, form), getattr(form, "refused_with", 422))


def _notes_page(item_id: int, form: NoteForm) -> str:
    page = queries.notes(reading.session(), item_id, cursor=request.args.get("cursor"))
    item = _item(item_id)
    return render_template("items/notes_page.html", title=f"Notes on {item.name}", item=item, page=page, form=form)


@items_bp.post("/<int:item_id>/notes/<int:note_id>/remove")
@guard("notes.write")
def remove_note(item_id, note_id):
    """Take one's own note away."""
    address = url_for("stock.item", item_id=item_id, _anchor="notes")
    try:
        notes.remove(notes.RemoveNote(item_id=item_id, note_id=note_id, **asked()))
    except Forbidden as error:
        return gone(error, address)
    return gone("The note was removed.", address)
