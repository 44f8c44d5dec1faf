"""Pages of the category tree."""

from __future__ import annotations

from flask import Blueprint, g, render_template, url_for

from ventory.blueprints.categories import queries, service
from ventory.blueprints.categories.forms import CategoryForm
from ventory.core.errors import NotFound
from ventory.db.paging import Page
from ventory.web import reading
from ventory.web.auth import asked, guard
from ventory.web.pages import Removal, RowAddresses, form_page, gone, press, submit
from ventory.web.tables import Column, Empty, Table

categories_bp = Blueprint("categories", __name__, url_prefix="/categories")
COLUMNS = (
    Column("path", "Category", role="main"),
    Column("rule", "Reorder / target", is_number=True, drop=5),
    Column("items", "Items", is_number=True, role="key"),
)
HINTS = {
    "reorder_point": "For every item in it that sets none itself. Empty: as the category above says.",
    "target_level": "What an order fills those items to. Empty: as the category above says.",
}


@categories_bp.get("/")
@guard("catalogue.read")
def listing():
    """The tree, with how many items are in each."""
    page = Page(tuple(queries.tree(reading.session())))
    may_write = g.actor.may("chain.write")
    table = Table(
        "categories",
        "Categories",
        COLUMNS,
        page,
        Empty("No categories yet.", ("New", url_for(".new")) if may_write else None),
    )
    return render_template(
        "vocabulary.html",
        title="Categories",
        table=table,
        addresses=RowAddresses(lambda row: url_for(".edit", category_id=row.id)),
        may_write=may_write,
        new_address=url_for(".new"),
        new_label="New category",
        links=(
            ("Fields", url_for("custom_fields.listing")),
            *(
                (
                    ("Rule of the whole chain", url_for("ranges.inventory_rule")),
                    ("Default catalogue", url_for("inventories.catalogue")),
                )
                if may_write
                else ()
            ),
        ),
    )


def _choices(form: CategoryForm, without: int | None = None) -> None:
    known = {each.id: each.path for each in queries.tree(reading.session()) if each.id != without}
    form.parent_id.choices = {0: "The top"} | known


@categories_bp.route("/new", methods=["GET", "POST"])
@guard("chain.write")
def new():
    """Add a category."""
    form = CategoryForm()
    _choices(form)
    answer = submit(
        form,
        lambda: service.add(
            service.AddCategory(
                name=form.name.data,
                parent_id=form.parent_id.data or None,
                reorder_point=form.reorder_point.data,
                target_level=form.target_level.data,
                **asked(),
            )
        ),
        lambda view: gone(f"{view.path} was added.", url_for(".listing")),
    )
    if answer is not None:
        return answer
    crumbs = (("Categories", url_for(".listing")),)
    return form_page(
        form, title="New category", button="Add category", back=url_for(".listing"), crumbs=crumbs, hints=HINTS
    )


@categories_bp.route("/<int:category_id>", methods=["GET", "POST"])
@guard("chain.write")
def edit(category_id):
    """Rename or move a category."""
    view = queries.get(reading.session(), category_id)
    if view is None:
        raise NotFound("There is no such category.")
    names = ("name", "parent_id", "reorder_point", "target_level")
    form = CategoryForm(
        data={name: getattr(view, name) for name in names} | {"parent_id": view.parent_id or 0, "version": view.version}
    )
    _choices(form, category_id)
    answer = submit(
        form,
        lambda: service.change(
            service.ChangeCategory(
                category_id=category_id,
                version=form.version.seen,
                name=form.name.data,
                parent_id=form.parent_id.data or None,
                moves=(form.parent_id.data or None) != view.parent_id,
                reorder_point=form.reorder_point.data,
                target_level=form.target_level.data,
                **asked(),
            )
        ),
        lambda done: gone(f"{done.path} was changed.", url_for(".listing")),
    )
    if answer is not None:
        return answer
    removal = Removal(
        url_for(".remove", category_id=category_id), "A category that nothing is in can be removed.", "Remove"
    )
    crumbs = (("Categories", url_for(".listing")),)
    return form_page(
        form,
        title=view.path,
        button="Save",
        back=url_for(".listing"),
        crumbs=crumbs,
        hints=HINTS,
        removal=removal,
        links=(("Fields asked of its items", url_for("custom_fields.listing", category=category_id)),),
    )


@categories_bp.post("/<int:category_id>/remove")
@guard("chain.write")
def remove(category_id):
    """Remove an empty category."""
    return press(
        lambda: service.remove(service.RemoveCategory(category_id=category_id, **asked())),
        lambda _: gone("The category was removed.", url_for(".listing")),
        url_for(".edit", category_id=category_id),
    )
