"""Files as answers: pictures that may be kept for a year, documents that are saved and never shown."""

from __future__ import annotations

from urllib.parse import quote

from flask import Response, request

from ventory import storage
from ventory.blueprints.files import queries
from ventory.blueprints.files.queries import FileView
from ventory.core.errors import NotFound
from ventory.core.files import ATTACHMENT, IMAGE, THUMBNAILS, WEBP, object_name
from ventory.web import reading

# Whatever a file turns out to be, a browser that opens it by itself runs nothing of it.
POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"
KEPT = "private, max-age=31536000, immutable"
SIZES = {"full", *(str(size) for size in THUMBNAILS)}


def image(file_id: int, digest: str, size: str) -> Response:
    """A picture of this inventory, by id, content and size. raises: NotFound"""
    view = _found(file_id, digest, IMAGE)
    if size not in SIZES or view.width is None or view.height is None:
        raise NotFound("There is no such picture.")
    name = "full" if size == "full" else object_name(int(size), view.width, view.height)
    tag = f"{digest}-{name}"
    if request.if_none_match.contains(tag):
        return _hardened(Response(status=304), tag)
    answer = Response(storage.bound().get(f"{view.storage_key}/{name}"), mimetype=WEBP)
    return _hardened(answer, tag)


def attachment(file_id: int, digest: str) -> Response:
    """A document of this inventory, to be saved. raises: NotFound"""
    view = _found(file_id, digest, ATTACHMENT)
    answer = Response(storage.bound().stream(f"{view.storage_key}/full"), content_type=view.media_type)
    answer.content_length = view.bytes
    answer.headers["Content-Disposition"] = disposition(view.name)
    return _hardened(answer, digest)


def disposition(name: str) -> str:
    """The header that makes a browser save a file under its name, in whatever script that is written."""
    plain = "".join(char if char.isascii() and char not in '"\\' else "_" for char in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _found(file_id: int, digest: str, kind: str) -> FileView:
    view = queries.get_file(reading.session(), file_id)
    if view is None or view.kind != kind or view.digest != digest:
        raise NotFound("There is no such file.")
    reading.end()  # the storage may be slow; no connection is held meanwhile
    return view


def _hardened(answer: Response, tag: str) -> Response:
    answer.set_etag(tag)
    answer.headers["Cache-Control"] = KEPT
    answer.headers["Content-Security-Policy"] = POLICY
    answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return answer
