"""Pages of units."""

from __future__ import annotations

from flask import Blueprint, g, render_template, url_for

from ventory.blueprints.uom import queries, service
from ventory.blueprints.uom.forms import UnitForm
from ventory.core.errors import NotFound
from ventory.db.paging import Page
from ventory.web import reading
from ventory.web.auth import asked, guard
from ventory.web.pages import Removal, RowAddresses, form_page, gone, press, submit
from ventory.web.tables import Column, Empty, Table

uom_bp = Blueprint("uom", __name__, url_prefix="/uom")
COLUMNS = (
    Column("name", "Unit", role="main"),
    Column("code", "Code", role="key"),
    Column("decimals", "Decimals", is_number=True, drop=5),
    Column("pack", "Pack", role="state"),
    Column("items", "Items", is_number=True, drop=5),
)
HINTS = {
    "decimals": "How finely it is counted: 0 for pieces, 3 for kilograms.",
    "ratio": "Exact: 12, 0.5 or 1/1000. Only for packs.",
}


@uom_bp.get("/")
@guard("catalogue.read")
def listing():
    """What things are counted in, and packs of them."""
    page = Page(tuple(queries.list_units(reading.session())))
    table = Table(
        "units",
        "Units",
        COLUMNS,
        page,
        Empty("No units yet.", ("New", url_for(".new")) if g.actor.may("chain.write") else None),
    )
    return render_template(
        "vocabulary.html",
        title="Units",
        table=table,
        addresses=RowAddresses(lambda row: url_for(".edit", unit_id=row.id)),
        may_write=g.actor.may("chain.write"),
        new_address=url_for(".new"),
        new_label="New unit",
    )


@uom_bp.route("/new", methods=["GET", "POST"])
@guard("chain.write")
def new():
    """Add a unit or a pack."""
    form = UnitForm()
    bases = [each for each in queries.list_units(reading.session()) if each.base_id is None]
    form.base.choices = {"": "No pack"} | {each.code: each.name for each in bases}
    answer = submit(
        form,
        lambda: service.add(
            service.AddUnit(
                code=form.code.data,
                name=form.name.data,
                decimals=form.decimals.data,
                base=form.base.data or None,
                ratio=form.ratio.data or None,
                **asked(),
            )
        ),
        lambda view: gone(f"{view.name} was added.", url_for(".listing")),
    )
    if answer is not None:
        return answer
    crumbs = (("Units", url_for(".listing")),)
    return form_page(form, title="New unit", button="Add unit", back=url_for(".listing"), crumbs=crumbs, hints=HINTS)


@uom_bp.route("/<int:unit_id>", methods=["GET", "POST"])
@guard("chain.write")
def edit(unit_id):
    """Change a unit."""
    view = queries.get(reading.session(), unit_id)
    if view is None:
        raise NotFound("There is no such unit.")
    form = UnitForm(
        data={
            "code": view.code,
            "name": view.name,
            "decimals": view.decimals,
            "ratio": view.ratio,
            "version": view.version,
        }
    )
    del form["base"]
    if view.base is None:
        del form["ratio"]
    answer = submit(
        form,
        lambda: service.change(
            service.ChangeUnit(
                unit_id=unit_id,
                version=form.version.seen,
                code=form.code.data,
                name=form.name.data,
                decimals=form.decimals.data,
                ratio=form["ratio"].data or None if "ratio" in form else None,
                **asked(),
            )
        ),
        lambda done: gone(f"{done.name} was changed.", url_for(".listing")),
    )
    if answer is not None:
        return answer
    removal = Removal(
        url_for(".remove", unit_id=unit_id), "A unit that nothing is counted in can be removed.", "Remove"
    )
    crumbs = (("Units", url_for(".listing")),)
    return form_page(
        form, title=view.name, button="Save", back=url_for(".listing"), crumbs=crumbs, hints=HINTS, removal=removal
    )


@uom_bp.post("/<int:unit_id>/remove")
@guard("chain.write")
def remove(unit_id):
    """Remove a unit that nothing is counted in."""
    return press(
        lambda: service.remove(service.RemoveUnit(unit_id=unit_id, **asked())),
        lambda _: gone("The unit was removed.", url_for(".listing")),
        url_for(".edit", unit_id=unit_id),
    )
