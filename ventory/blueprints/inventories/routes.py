"""The page that adds what a kind of shop starts with."""

from __future__ import annotations

from flask import Blueprint, render_template, url_for

from ventory.blueprints.inventories import kinds, queries, service
from ventory.core.errors import NotFound, Overloaded, VentoryError
from ventory.web import reading
from ventory.web.auth import asked, guard
from ventory.web.pages import gone

inventories_bp = Blueprint("inventories", __name__, url_prefix="/inventories", template_folder="templates")
WORDS = {
    "categories": ("category", "categories"),
    "units": ("unit", "units"),
    "types": ("type", "types"),
    "tags": ("tag", "tags"),
    "price_lists": ("price list", "price lists"),
    "fields": ("field", "fields"),
}


@inventories_bp.get("/catalogue")
@guard("chain.write")
def catalogue():
    """The kinds of shop, and what each would add here."""
    has = queries.catalogue(reading.session())
    offers = [(each, kinds.missing(each, has)) for each in kinds.every_kind()]
    return render_template(
        "inventories/catalogue.html",
        title="Default catalogue",
        offers=[(each, lacks, _counted(lacks.contents)) for each, lacks in offers],
    )


@inventories_bp.post("/catalogue/<kind>")
@guard("chain.write")
def add(kind):
    """Add what is lacking of a kind's catalogue."""
    if kind not in kinds.KINDS:
        raise NotFound("There is no such kind of shop.")
    try:
        done = service.add_catalogue(service.AddCatalogue(kind=kind, **asked()))
    except (NotFound, Overloaded):
        raise
    except VentoryError as error:
        return gone(error.message, url_for(".catalogue"))
    what = _counted({word: getattr(done, word) for word in WORDS})
    return gone(f"Added: {what}." if what else "Everything of it was here already.", url_for("categories.listing"))


def _counted(contents: dict[str, tuple[str, ...]]) -> str:
    """ "34 categories, 1 unit", without what there is none of."""
    counted = [(len(contents[word]), names) for word, names in WORDS.items()]
    return ", ".join(f"{count} {names[count != 1]}" for count, names in counted if count)
