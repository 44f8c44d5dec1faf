"""Pages of stores."""

from __future__ import annotations

from flask import Blueprint, g, render_template, request, url_for

from ventory.blueprints.stores import queries, service
from ventory.blueprints.stores.forms import EditStoreForm, NewStoreForm
from ventory.core.errors import NotFound
from ventory.db.paging import DEFAULT_LIMIT, MOST
from ventory.web import reading
from ventory.web.auth import asked, guard
from ventory.web.pages import RowAddresses, form_page, gone, submit
from ventory.web.tables import Column, Empty, Table

stores_bp = Blueprint("stores", __name__, url_prefix="/stores", template_folder="templates")
COLUMNS = (
    Column("name", "Store", role="main"),
    Column("code", "Code", role="key"),
    Column("kind", "Kind", drop=5),
    Column("address", "Address", drop=3),
    Column("time_zone", "Time zone", drop=2),
    Column("state", "State", role="state"),
    Column("range", "", drop=5),
    Column("stock", "", drop=5),
)
HINTS = {
    "code": "Short; it stands in addresses and on documents.",
    "copy_range_from": "What the new store carries from the start, by the other store's own reorder rules.",
    "may_go_negative": "For places where goods leave before they are booked. Off is right for nearly every store.",
}


@stores_bp.get("/")
@guard("stores.read")
def listing():
    """Places, their rules, what each one carries."""
    page = queries.list_stores(
        reading.session(), g.actor, also_closed=True, limit=DEFAULT_LIMIT, cursor=request.args.get("cursor")
    )
    may_open = g.actor.may("stores.open")
    table = Table(
        "stores",
        "Stores",
        COLUMNS,
        page,
        Empty("No stores yet.", ("New store", url_for(".new")) if may_open else None),
    )
    return render_template(
        "vocabulary.html",
        title="Stores",
        table=table,
        addresses=RowAddresses(lambda row: url_for(".edit", store_id=row.id)),
        may_write=g.actor.may("stores.write"),
        new_address=url_for(".new") if may_open else None,
        new_label="New store",
    )


@stores_bp.route("/new", methods=["GET", "POST"])
@guard("stores.open")
def new():
    """Open a store."""
    form = NewStoreForm(data={"time_zone": g.actor.time_zone})
    stores = queries.list_stores(reading.session(), g.actor, limit=MOST).rows
    form.copy_range_from.choices = {"": "Start empty"} | {each.code: f"As in {each.name}" for each in stores}
    answer = submit(
        form,
        lambda: service.open_store(
            service.OpenStore(
                code=form.code.data,
                name=form.name.data,
                kind=form.kind.data,
                address=form.address.data,
                time_zone=form.time_zone.data,
                may_go_negative=form.may_go_negative.data,
                copy_range_from=form.copy_range_from.data or None,
                **asked(),
            )
        ),
        lambda view: gone(
            f"{view.name} is open." + (f" It carries {view.copied_items:,} items." if view.copied_items else ""),
            url_for(".listing"),
        ),
    )
    if answer is not None:
        return answer
    crumbs = (("Stores", url_for(".listing")),)
    return form_page(form, title="New store", button="Open store", back=url_for(".listing"), crumbs=crumbs, hints=HINTS)


@stores_bp.route("/<int:store_id>", methods=["GET", "POST"])
@guard("stores.write")
def edit(store_id):
    """Change a store."""
    view = queries.get_store(reading.session(), g.actor, store_id)
    if view is None:
        raise NotFound("There is no such store.")
    names = ["code", "name", "kind", "address", "time_zone", "may_go_negative", "is_default"]
    shown = {name: getattr(view, name) for name in names} | {"is_closed": view.closed_at is not None}
    form = EditStoreForm(data=shown | {"version": view.version})
    if g.actor.store_ids is not None:
        del form.is_default
        names.remove("is_default")
    answer = submit(
        form,
        lambda: service.change(
            service.ChangeStore(
                store_id=store_id,
                version=form.version.seen,
                is_closed=form.is_closed.data if form.is_closed.data != (view.closed_at is not None) else None,
                **{name: form[name].data for name in names},
                **asked(),
            )
        ),
        lambda done: gone(f"{done.name} was changed.", url_for(".listing")),
    )
    if answer is not None:
        return answer
    crumbs = (("Stores", url_for(".listing")),)
    links = [
        (label, address)
        for label, address, needs in (
            ("Range", url_for("ranges.of_store", store_id=store_id), "catalogue.read"),
            ("Stock levels", url_for("stock.levels", store=view.code), "stock.read"),
            ("History", url_for("audit.listing", subject=f"store:{store_id}"), "audit.read"),
        )
        if g.actor.may(needs)
    ]
    back = url_for(".listing")
    return form_page(form, title=view.name, button="Save", back=back, crumbs=crumbs, hints=HINTS, links=links)
