"""Pages of tags: which there are, renaming and merging."""

from __future__ import annotations

from flask import Blueprint, g, render_template, request, url_for

from ventory.blueprints.tags import queries, service
from ventory.blueprints.tags.forms import MergeForm, TagForm
from ventory.core.errors import NotFound
from ventory.db.paging import DEFAULT_LIMIT, MOST
from ventory.web import reading
from ventory.web.auth import asked, guard
from ventory.web.pages import Removal, RowAddresses, form_page, gone, press, submit
from ventory.web.tables import Column, Empty, Table

tags_bp = Blueprint("tags", __name__, url_prefix="/items/tags", template_folder="templates")
COLUMNS = (Column("name", "Tag", role="main"), Column("items", "Items", is_number=True, role="key"))


def _crumbs():
    return (("Items", url_for("items.catalogue")), ("Tags", url_for(".listing")))


@tags_bp.get("/")
@guard("catalogue.read")
def listing():
    """Every tag that an item carries or that is offered."""
    page = queries.list_tags(reading.session(), limit=DEFAULT_LIMIT, cursor=request.args.get("cursor"))
    empty = Empty(
        "There are no tags yet. Tags are made on the items themselves.", ("Items", url_for("items.catalogue"))
    )
    table = Table("tags", "Tags", COLUMNS, page, empty, api="/api/v1/tags")
    return render_template(
        "tags/list.html",
        title="Tags",
        table=table,
        addresses=RowAddresses(
            (lambda row: url_for(".edit", tag_id=row.id))
            if g.actor.may("chain.write")
            else (lambda row: url_for("items.catalogue", tag=row.name))
        ),
    )


def _tag(tag_id: int) -> queries.TagView:
    view = queries.get_tag(reading.session(), tag_id)
    if view is None:
        raise NotFound("There is no such tag.")
    return view


@tags_bp.route("/<int:tag_id>", methods=["GET", "POST"])
@guard("chain.write")
def edit(tag_id):
    """Rename a tag."""
    tag = _tag(tag_id)
    form = TagForm(data={"name": tag.name, "version": tag.version})
    answer = submit(
        form,
        lambda: service.rename(
            service.RenameTag(tag_id=tag_id, name=form.name.data, version=form.version.seen, **asked())
        ),
        lambda view: gone(f"The tag is called {view.name} now.", url_for(".listing")),
    )
    if answer is not None:
        return answer
    others = _others(tag_id)
    removal = Removal(url_for(".remove", tag_id=tag_id), "A tag that no item carries can be removed.", "Remove")
    return form_page(
        form,
        title=tag.name,
        button="Save",
        back=url_for(".listing"),
        crumbs=_crumbs(),
        hints={
            "name": f"{tag.items} active items carry it; all of them follow."
            if tag.items != 1
            else "One active item carries it; it follows."
        },
        removal=removal if not tag.items else None,
        links=((f"Merge {tag.name} into another tag", url_for(".merge", tag_id=tag_id)),) if others else (),
    )


@tags_bp.post("/<int:tag_id>/remove")
@guard("chain.write")
def remove(tag_id):
    """Remove a tag that no item carries."""
    return press(
        lambda: service.remove(service.RemoveTag(tag_id=tag_id, **asked())),
        lambda _: gone("The tag was removed.", url_for(".listing")),
        url_for(".edit", tag_id=tag_id),
    )


def _others(tag_id: int) -> list[tuple[int, str]]:
    rows = queries.list_tags(reading.session(), limit=MOST).rows
    return [(each.id, f"{each.name} ({each.items})") for each in rows if each.id != tag_id]


@tags_bp.route("/<int:tag_id>/merge", methods=["GET", "POST"])
@guard("chain.write")
def merge(tag_id):
    """Merge a tag into another."""
    tag = _tag(tag_id)
    form = MergeForm()
    form.into.choices = _others(tag_id)
    answer = submit(
        form,
        lambda: service.merge(service.MergeTags(tag_id=tag_id, into=form.into.data, **asked())),
        lambda view: gone(f"What was tagged {tag.name} is tagged {view.name} now.", url_for(".listing")),
    )
    if answer is not None:
        return answer
    return form_page(
        form,
        title=f"Merge {tag.name}",
        button="Merge",
        back=url_for(".edit", tag_id=tag_id),
        crumbs=(*_crumbs(), (tag.name, url_for(".edit", tag_id=tag_id))),
        hints={"into": f"Items tagged {tag.name} carry the other tag afterwards, and {tag.name} is gone."},
    )
