"""Lists as answers: an array, and the next page in the Link header."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import request

from ventory.core.errors import BadInput, Malformed, PreconditionRequired
from ventory.db.paging import Page


def answer(page: Page):
    """The rows of a page, with `Link: …; rel="next"` (and "prev") for its neighbours."""
    links = [
        f'<{_address(cursor)}>; rel="{rel}"'
        for rel, cursor in (("next", page.next_cursor), ("prev", page.previous_cursor))
        if cursor
    ]
    return list(page.rows), 200, {"Link": ", ".join(links)} if links else {}


def _address(cursor: str) -> str:
    query = {name: value for name, value in request.args.items() if name != "cursor"}
    return f"{request.base_url}?{urlencode(query | {'cursor': cursor})}"


def store_id(query, stores) -> int | None:
    """The id of the store that a query names. raises: as store_named"""
    store = store_named(query, stores)
    return store.id if store else None


def store_named(query, stores):
    """The store that a query names by code or id, or None when it names none.

    raises: Malformed when it is named twice or there is none
    """
    if query.store is not None and query.store_id is not None:
        raise Malformed("Name the store by code (store) or by id (store_id), not both.", field="store")
    wanted = query.store if query.store is not None else query.store_id
    if wanted is None:
        return None
    try:
        return stores.get(wanted, field="store")
    except BadInput as error:
        raise Malformed(error.message, field=error.field) from error


def version_sent(*, is_required: bool) -> int | None:
    """The version that If-Match names; "*" means any.

    raises: PreconditionRequired, Malformed (a weak tag, a list, anything that is not ours)
    """
    tag = request.headers.get("If-Match")
    if tag is None:
        if is_required:
            raise PreconditionRequired("Send If-Match with the ETag of what you change.")
        return None
    tag = tag.strip()
    if tag == "*":
        return None
    if not (
        tag.startswith('"') and tag.endswith('"') and tag[1:-1].isascii() and tag[1:-1].isdigit() and len(tag) < 12
    ):
        raise Malformed('If-Match takes one strong tag, such as "3".', field="If-Match")
    return int(tag[1:-1])


def etag(version: int) -> dict[str, str]:
    """The header that names a version."""
    return {"ETag": f'"{version}"'}


def tagged(view, status: int = 200, location: str | None = None):
    """An answer with the ETag of what it shows."""
    headers = etag(view.version)
    if location:
        headers["Location"] = location
    return view, status, headers
