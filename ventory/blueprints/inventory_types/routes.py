"""Pages of inventory types."""

from __future__ import annotations

from flask import Blueprint, g, render_template, url_for

from ventory.blueprints.inventory_types import queries, service
from ventory.blueprints.inventory_types.forms import TypeForm
from ventory.core.errors import NotFound
from ventory.db.paging import Page
from ventory.web import reading
from ventory.web.auth import asked, guard
from ventory.web.pages import Removal, RowAddresses, form_page, gone, press, submit
from ventory.web.tables import Column, Empty, Table

types_bp = Blueprint("inventory_types", __name__, url_prefix="/inventory_types")
COLUMNS = (
    Column("name", "Type", role="main"),
    Column("code", "Code", role="key"),
    Column("keeps_stock", "Stock is kept", role="state"),
    Column("items", "Items", is_number=True, drop=5),
)
HINTS = {"keeps_stock": "Off for services: nothing is booked for them."}


@types_bp.get("/")
@guard("catalogue.read")
def listing():
    """What items are for."""
    page = Page(tuple(queries.list_types(reading.session())))
    table = Table(
        "types",
        "Types",
        COLUMNS,
        page,
        Empty("No types yet.", ("New", url_for(".new")) if g.actor.may("chain.write") else None),
    )
    return render_template(
        "vocabulary.html",
        title="Types",
        table=table,
        addresses=RowAddresses(lambda row: url_for(".edit", type_id=row.id)),
        may_write=g.actor.may("chain.write"),
        new_address=url_for(".new"),
        new_label="New type",
    )


@types_bp.route("/new", methods=["GET", "POST"])
@guard("chain.write")
def new():
    """Add a type."""
    form = TypeForm(data={"keeps_stock": True})
    answer = submit(
        form,
        lambda: service.add(
            service.AddType(code=form.code.data, name=form.name.data, keeps_stock=form.keeps_stock.data, **asked())
        ),
        lambda view: gone(f"{view.name} was added.", url_for(".listing")),
    )
    if answer is not None:
        return answer
    crumbs = (("Types", url_for(".listing")),)
    return form_page(form, title="New type", button="Add type", back=url_for(".listing"), crumbs=crumbs, hints=HINTS)


@types_bp.route("/<int:type_id>", methods=["GET", "POST"])
@guard("chain.write")
def edit(type_id):
    """Change a type."""
    view = queries.get(reading.session(), type_id)
    if view is None:
        raise NotFound("There is no such type.")
    form = TypeForm(
        data={"code": view.code, "name": view.name, "keeps_stock": view.keeps_stock, "version": view.version}
    )
    answer = submit(
        form,
        lambda: service.change(
            service.ChangeType(
                type_id=type_id,
                version=form.version.seen,
                code=form.code.data,
                name=form.name.data,
                keeps_stock=form.keeps_stock.data,
                **asked(),
            )
        ),
        lambda done: gone(f"{done.name} was changed.", url_for(".listing")),
    )
    if answer is not None:
        return answer
    removal = Removal(url_for(".remove", type_id=type_id), "A type that no item is of can be removed.", "Remove")
    crumbs = (("Types", url_for(".listing")),)
    return form_page(
        form, title=view.name, button="Save", back=url_for(".listing"), crumbs=crumbs, hints=HINTS, removal=removal
    )


@types_bp.post("/<int:type_id>/remove")
@guard("chain.write")
def remove(type_id):
    """Remove a type that no item is of."""
    return press(
        lambda: service.remove(service.RemoveType(type_id=type_id, **asked())),
        lambda _: gone("The type was removed.", url_for(".listing")),
        url_for(".edit", type_id=type_id),
    )
