"""Pages of suppliers: whom the chain buys from, on which terms, and what each of them sells."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, g, render_template, request, url_for

from ventory.blueprints.items import queries as items
from ventory.blueprints.items.references import ItemRef
from ventory.blueprints.suppliers import queries, service
from ventory.blueprints.suppliers.forms import WEEKDAYS, SupplierForm, TermsForm
from ventory.blueprints.suppliers.queries import SupplierView, TermsView
from ventory.core.errors import NotFound
from ventory.core.purchasing import Cutoff
from ventory.core.quantity import plain
from ventory.db.paging import DEFAULT_LIMIT, MOST, Page
from ventory.web import reading
from ventory.web.auth import asked, guard
from ventory.web.pages import RowAddresses, gone, press, submit
from ventory.web.requests import number_asked
from ventory.web.tables import Column, Empty, Filter, Tab, Table

suppliers_bp = Blueprint("suppliers", __name__, url_prefix="/suppliers", template_folder="templates")
SUPPLIERS = (
    Column("name", "Supplier", sort="name", role="main"),
    Column("code", "Code", sort="code", drop=5),
    Column("cutoff", "Order by", role="key"),
    Column("lead_time", "Lead time", is_number=True, drop=4),
    Column("payment", "Payment", is_number=True, drop=3),
    Column("minimum_order", "Minimum order", is_number=True, drop=3),
    Column("phone", "Phone", drop=1),
    Column("items", "Items", is_number=True),
    Column("do", "", role="do"),
)
SOLD = (
    Column("name", "Item", role="main"),
    Column("sku", "SKU", drop=3),
    Column("supplier_sku", "Supplier's SKU", drop=2),
    Column("preferred", "Preferred", role="state"),
    Column("lead_time", "Lead time", is_number=True, drop=4),
    Column("minimum", "Minimum", is_number=True, drop=4),
    Column("pack", "Pack", is_number=True, drop=5),
    Column("pack_price", "Price of a pack", is_number=True, drop=3),
    Column("price", "Unit price", is_number=True, role="key"),
    Column("do", "", role="do"),
)
COST_COLUMNS = frozenset({"payment", "minimum_order", "pack_price", "price"})
HINTS = {
    "code": "Short; it stands on documents and in searches.",
    "payment_terms_days": "Days after the invoice; 0 on delivery, empty when nothing is agreed.",
    "lead_time_days": "Days from order to delivery, for items without a lead time of their own.",
    "cutoff_time": "By the chain's clock.",
    "minimum_order": "What one order comes to at least; empty for none.",
}


def _supplier(supplier_id: int) -> SupplierView:
    view = queries.get_supplier(reading.session(), g.actor, supplier_id)
    if view is None:
        raise NotFound("There is no such supplier.")
    return view


def _item(item_id: int) -> items.ItemView:
    view = items.get_item(reading.session(), g.actor, item_id, also_archived=True)
    if view is None:
        raise NotFound("There is no such item.")
    return view


def _columns(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """The columns that this person may see."""
    return tuple(each for each in columns if each.key not in COST_COLUMNS or g.actor.may("costs.read"))


@suppliers_bp.app_template_filter("order_by")
def order_by(cutoff: Cutoff) -> str:
    """The next cut-off as people say it: today 14:00, tomorrow 14:00, Thu 14:00."""
    now = datetime.now(UTC).astimezone(ZoneInfo(g.actor.time_zone))
    moment = cutoff.next(now)
    days = {now.date(): "today", now.date() + timedelta(days=1): "tomorrow"}
    return f"{days.get(moment.date(), f'{moment:%a}')} {moment:%H:%M}"


@suppliers_bp.app_template_filter("weekdays")
def weekdays(cutoff: Cutoff) -> str:
    """The weekdays of a cut-off in few words: Mon to Fri, or Mon, Thu."""
    places = [list(WEEKDAYS).index(day) for day in cutoff.weekdays]
    named = [WEEKDAYS[day] for day in cutoff.weekdays]
    if len(named) > 2 and places[-1] - places[0] == len(places) - 1:
        return f"{named[0]} to {named[-1]}"
    return ", ".join(named)


@suppliers_bp.get("/")
@guard("suppliers.read")
def listing():
    """Whom the chain buys from, and on which terms."""
    sort = request.args.get("sort", "name")
    if sort.removeprefix("-") not in queries.SORTS:
        sort = "name"
    page = queries.list_suppliers(
        reading.session(),
        g.actor,
        search=request.args.get("q", "")[:200],
        is_archived=request.args.get("state") == "archived",
        sort=sort,
        limit=DEFAULT_LIMIT,
        cursor=request.args.get("cursor"),
    )
    table = Table(
        "suppliers",
        "Suppliers",
        _columns(SUPPLIERS),
        page,
        _nothing(),
        filters=(Filter("q", "Name or code"),),
        tabs=(Tab("Active", ""), Tab("Archived", "archived")),
        sort=sort,
        api="/api/v1/suppliers",
    )
    may_write = g.actor.may("suppliers.write")
    addresses = RowAddresses(
        lambda row: url_for(".show", supplier_id=row.id),
        lambda row: url_for(".peek", supplier_id=row.id),
        (lambda row: url_for(".edit", supplier_id=row.id)) if may_write else None,
    )
    return render_template("suppliers/list.html", title="Suppliers", table=table, addresses=addresses)


def _nothing() -> Empty:
    if request.args.get("state") == "archived":
        return Empty("No supplier is archived.", ("Active suppliers", url_for(".listing")))
    way = ("New supplier", url_for(".new")) if g.actor.may("suppliers.write") else None
    return Empty("No suppliers yet. With them, orders know where to go.", way)


@suppliers_bp.get("/<int:supplier_id>")
@guard("suppliers.read")
def show(supplier_id):
    """One supplier: its terms, who answers there, what it sells."""
    supplier = _supplier(supplier_id)
    page = queries.items_of(
        reading.session(),
        g.actor,
        supplier_id,
        search=request.args.get("q", "")[:200],
        cursor=request.args.get("cursor"),
    )
    may_write = g.actor.may("suppliers.write") and supplier.archived_at is None
    table = Table(
        "sold",
        f"What {supplier.name} sells",
        _columns(SOLD),
        page,
        Empty(
            f"{supplier.name} sells nothing yet.",
            ("Add an item", url_for(".add_item", supplier_id=supplier_id)) if may_write else None,
        ),
        filters=(Filter("q", "Name, SKU, supplier's SKU"),),
        api=f"/api/v1/suppliers/{supplier_id}/items",
    )
    addresses = RowAddresses(
        lambda row: url_for("stock.item", item_id=row.item_id),
        None,
        (lambda row: url_for(".edit_terms", supplier_id=supplier_id, item_id=row.item_id)) if may_write else None,
    )
    return render_template(
        "suppliers/supplier.html",
        title=supplier.name,
        supplier=supplier,
        table=table,
        addresses=addresses,
        may_write=may_write,
        digits=queries.price_digits(page.rows),
    )


@suppliers_bp.get("/<int:supplier_id>/peek")
@guard("suppliers.read")
def peek(supplier_id):
    """The drawer: the supplier without leaving the list."""
    return render_template("suppliers/peek.html", supplier=_supplier(supplier_id))


@suppliers_bp.route("/new", methods=["GET", "POST"])
@guard("suppliers.write")
def new():
    """Add a supplier."""
    form = SupplierForm(data={"currency": g.actor.currency})
    answer = submit(
        form,
        lambda: service.add(service.AddSupplier(fields=form.fields(), **asked())),
        lambda view: gone(f"{view.name} was added.", url_for(".show", supplier_id=view.id)),
    )
    return answer or _supplier_form(form, "New supplier", "Add supplier", url_for(".listing"))


@suppliers_bp.route("/<int:supplier_id>/edit", methods=["GET", "POST"])
@guard("suppliers.write")
def edit(supplier_id):
    """Change a supplier."""
    supplier = _supplier(supplier_id)
    cutoff = supplier.cutoff
    form = SupplierForm(
        data=vars(supplier)
        | {
            "minimum_order": supplier.minimum_order or None,
            "cutoff_weekdays": list(cutoff.weekdays) if cutoff else [],
            "cutoff_time": cutoff.time if cutoff else None,
            "contacts": [vars(each) for each in supplier.contacts],
        }
    )
    answer = submit(
        form,
        lambda: service.change(
            service.ChangeSupplier(supplier_id=supplier_id, fields=form.fields(), version=form.version.seen, **asked())
        ),
        lambda view: gone(f"{view.name} was changed.", url_for(".show", supplier_id=view.id)),
    )
    back = url_for(".show", supplier_id=supplier_id)
    return answer or _supplier_form(form, f"Edit {supplier.name}", "Save", back, ((supplier.name, back),))


def _status(form) -> int:
    return getattr(form, "refused_with", 422) if form.is_submitted() else 200


def _supplier_form(form: SupplierForm, title: str, button: str, back: str, crumbs=()):
    if not form.is_submitted():
        form.room_for_contacts()
    page = render_template(
        "suppliers/form.html",
        form=form,
        title=title,
        button=button,
        back=back,
        crumbs=(("Suppliers", url_for(".listing")), *crumbs),
        hints=HINTS,
    )
    return page, _status(form)


@suppliers_bp.post("/<int:supplier_id>/archive")
@guard("suppliers.write")
def archive(supplier_id):
    """Archive a supplier."""
    done = service.archive(service.ArchiveSupplier(supplier_id=supplier_id, **asked()))
    undo = url_for(".restore", supplier_id=supplier_id)
    return gone(f"{done.name} is archived. Its terms stay.", url_for(".listing"), undo)


@suppliers_bp.post("/<int:supplier_id>/restore")
@guard("suppliers.write")
def restore(supplier_id):
    """Bring an archived supplier back."""
    view = service.restore(service.RestoreSupplier(supplier_id=supplier_id, **asked()))
    return gone(f"{view.name} is back.", url_for(".show", supplier_id=supplier_id))


@suppliers_bp.route("/<int:supplier_id>/items/new", methods=["GET", "POST"])
@guard("suppliers.write")
def add_item(supplier_id):
    """Add what a supplier sells: first the item, then its terms."""
    supplier = _supplier(supplier_id)
    item_id = number_asked("item")
    if item_id is None:
        return _choose(supplier)
    item = _item(item_id)
    form = TermsForm(data={"is_preferred": _preferred(item.id) is None})
    del form["supplier"]
    answer = submit(
        form,
        lambda: service.add_terms(
            service.AddTerms(supplier_id=supplier_id, item=ItemRef(item_id=item.id), terms=form.terms(), **asked())
        ),
        lambda view: gone(f"{view.supplier} sells {view.name}.", url_for(".show", supplier_id=supplier_id)),
    )
    return answer or _terms_form(form, item, supplier, "Add item", url_for(".show", supplier_id=supplier_id))


def _choose(supplier: SupplierView):
    """The page that asks which item; those that the supplier sells already lead to their terms."""
    search, session = request.args.get("q", "").strip()[:200], reading.session()
    found: Page = Page(())
    if search:
        found = items.list_items(session, g.actor, items.ItemFilter(search=search), sort="name", limit=20)
    sold = {each.id for each in found.rows if queries.get_terms(session, g.actor, supplier.id, each.id) is not None}
    return render_template(
        "suppliers/choose.html",
        title=f"What does {supplier.name} sell?",
        supplier=supplier,
        search=search,
        found=found.rows,
        sold=sold,
    )


@suppliers_bp.route("/items/<int:item_id>/new", methods=["GET", "POST"])
@guard("suppliers.write")
def add_supplier(item_id):
    """Add a supplier to an item, from the item's page."""
    item = _item(item_id)
    form = TermsForm(data={"is_preferred": _preferred(item_id) is None})
    form.supplier.choices = _who_does_not_sell(item_id)
    answer = submit(
        form,
        lambda: service.add_terms(
            service.AddTerms(
                supplier_id=form.supplier.data, item=ItemRef(item_id=item_id), terms=form.terms(), **asked()
            )
        ),
        lambda view: gone(f"{view.supplier} sells {view.name}.", url_for("stock.item", item_id=item_id)),
    )
    return answer or _terms_form(form, item, None, "Add supplier", url_for("stock.item", item_id=item_id))


def _who_does_not_sell(item_id: int) -> dict[int, str]:
    """The active suppliers that an item can be given, by name."""
    session = reading.session()
    known = {each.supplier_id for each in queries.suppliers_of(session, g.actor, item_id, limit=MOST).rows}
    every = queries.list_suppliers(session, g.actor, limit=1000).rows
    return {each.id: f"{each.name} ({each.code}, {each.currency})" for each in every if each.id not in known}


@suppliers_bp.route("/<int:supplier_id>/items/<int:item_id>", methods=["GET", "POST"])
@guard("suppliers.write")
def edit_terms(supplier_id, item_id):
    """Change what a supplier asks for an item."""
    supplier, item, terms = _supplier(supplier_id), _item(item_id), _terms(supplier_id, item_id)
    form = TermsForm(data=vars(terms) | {"minimum_quantity": terms.minimum_quantity or None})
    del form["supplier"]
    is_from_item = request.args.get("from") == "item"
    back = url_for("stock.item", item_id=item_id) if is_from_item else url_for(".show", supplier_id=supplier_id)
    answer = submit(
        form,
        lambda: service.change_terms(
            service.ChangeTerms(
                supplier_id=supplier_id,
                item_id=item_id,
                terms=form.terms(),
                version=form.version.seen,
                **asked(),
            )
        ),
        lambda view: gone(f"{view.supplier}'s terms for {view.name} were changed.", back),
    )
    return answer or _terms_form(form, item, supplier, "Save", back, terms)


def _terms(supplier_id: int, item_id: int) -> TermsView:
    view = queries.get_terms(reading.session(), g.actor, supplier_id, item_id)
    if view is None:
        raise NotFound("This supplier does not sell this item.")
    return view


def _preferred(item_id: int) -> TermsView | None:
    """The terms of the item's preferred supplier."""
    rows = queries.suppliers_of(reading.session(), g.actor, item_id, limit=MOST).rows
    return next((each for each in rows if each.is_preferred), None)


def _terms_form(
    form: TermsForm,
    item: items.ItemView,
    supplier: SupplierView | None,
    button: str,
    back: str,
    terms: TermsView | None = None,
):
    """supplier: None when the form lets one choose it; terms: those that are changed"""
    other = _preferred(item.id)
    if other is not None and supplier is not None and other.supplier_id == supplier.id:
        other = None
    hints = {
        "pack_size": f"How many {item.unit} come in one pack.",
        "minimum_quantity": "What one order holds at least; empty for none.",
        "lead_time_days": _lead_time_hint(supplier),
        "unit_price": "" if supplier else "In the supplier's currency.",
        "is_preferred": f"{other.supplier} is preferred now; ticking this takes it over." if other else "",
    }
    page = render_template(
        "suppliers/terms.html",
        form=form,
        title=f"{item.name} from {supplier.name}" if supplier else f"Who sells {item.name}?",
        item=item,
        supplier=supplier,
        terms=terms,
        button=button,
        back=back,
        hints=hints,
    )
    return page, _status(form)


def _lead_time_hint(supplier: SupplierView | None) -> str:
    if supplier is None or supplier.lead_time_days is None:
        return "Days from order to delivery; empty: the supplier's."
    return f"Days from order to delivery; empty: the supplier's, {supplier.lead_time_days}."


@suppliers_bp.post("/<int:supplier_id>/items/<int:item_id>/remove")
@guard("suppliers.write")
def remove_terms(supplier_id, item_id):
    """Say that a supplier no longer sells an item."""
    last = service.remove_terms(service.RemoveTerms(supplier_id=supplier_id, item_id=item_id, **asked()))
    return gone(
        f"{last.supplier} no longer sells {last.name}.",
        url_for(".show", supplier_id=supplier_id),
        url_for(".put_back", supplier_id=supplier_id, item_id=item_id, **_as_form(last)),
    )


def _as_form(terms: TermsView) -> dict[str, str]:
    """Terms as the fields of their form, so that the undo of a removal carries them in its address."""
    written = {"supplier_sku": terms.supplier_sku, "pack_size": plain(terms.pack_size)}
    if terms.unit_price is not None:
        written["unit_price"] = plain(terms.unit_price)
    if terms.minimum_quantity:
        written["minimum_quantity"] = plain(terms.minimum_quantity)
    if terms.lead_time_days is not None:
        written["lead_time_days"] = str(terms.lead_time_days)
    if terms.is_preferred:
        written["is_preferred"] = "y"
    return written


@suppliers_bp.post("/<int:supplier_id>/items/<int:item_id>/back")
@guard("suppliers.write")
def put_back(supplier_id, item_id):
    """Undo a removal: the terms stand in the address."""
    form = TermsForm(formdata=request.args, meta={"csrf": False})
    if not form.validate():
        raise NotFound("There is nothing to put back.")
    # Somebody else may be preferred by now: the old choice does not overrule the new one.
    terms = replace(form.terms(), is_preferred=None if form.is_preferred.data else False)
    back = url_for(".show", supplier_id=supplier_id)
    command = service.AddTerms(supplier_id=supplier_id, item=ItemRef(item_id=item_id), terms=terms, **asked())
    return press(
        lambda: service.add_terms(command), lambda view: gone(f"{view.supplier} sells {view.name} again.", back), back
    )
