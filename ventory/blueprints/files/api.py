"""Files of items for programs."""

from __future__ import annotations

from apiflask import APIBlueprint

from ventory.blueprints.files import answers, queries, service
from ventory.blueprints.files.queries import ItemHead
from ventory.blueprints.files.schemas import AttachmentOut, ImageFileOut, NameQuery, OrderIn, image_address
from ventory.core.errors import NotFound
from ventory.core.files import ATTACHMENT, IMAGE, MOST_BYTES, PDF, WEBP, XLSX
from ventory.web import reading
from ventory.web.auth import asked, guard
from ventory.web.lists import etag, version_sent
from ventory.web.requests import sent_file, takes_bytes

files_api = APIBlueprint("files", __name__, tag="Files")
# A form's own lines come on top of its file.
MOST_BODY_BYTES = MOST_BYTES + 64 * 1024
_BINARY = {"type": "string", "format": "binary"}
UPLOAD = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {"type": "object", "required": ["file"], "properties": {"file": _BINARY}}
            },
            "application/octet-stream": {"schema": _BINARY},
        },
    }
}


def _given_out(*media_types: str) -> dict:
    """What a successful answer holds that is no JSON."""
    content = {media_type: {"schema": _BINARY} for media_type in media_types}
    return {200: {"description": "The file.", "content": content}, 304: "You have it already."}


def _head(item_id: int) -> ItemHead:
    head = queries.item_head(reading.session(), item_id)
    if head is None:
        raise NotFound("There is no such item.")
    return head


def _list(item_id: int, kind: str):
    head = _head(item_id)
    return list(queries.files_of(reading.session(), item_id, kind)), 200, etag(head.version)


def _add(item_id: int, kind: str):
    _head(item_id)
    reading.end()  # decoding takes long; no connection is held meanwhile
    request = asked()
    name, content = sent_file()
    return service.add(service.AddFile(item_id=item_id, kind=kind, name=name, content=content, **request))


def _arrange(item_id: int, kind: str, order: list[int]):
    _head(item_id)
    version = version_sent(is_required=True)
    command = service.ArrangeFiles(item_id=item_id, kind=kind, order=tuple(order), version=version, **asked())
    done = service.arrange(command)
    return list(done.files), 200, etag(done.version)


def _remove(item_id: int, kind: str, file_id: int):
    version = version_sent(is_required=False)
    service.remove(service.RemoveFile(item_id=item_id, kind=kind, file_id=file_id, version=version, **asked()))
    return ""


def _restore(item_id: int, kind: str, file_id: int):
    done = service.restore(service.RestoreFile(item_id=item_id, kind=kind, file_id=file_id, **asked()))
    return done.file, 200, etag(done.version)


@files_api.get("/items/<int:item_id>/images")
@guard("catalogue.read")
@files_api.output(list[ImageFileOut])
def list_images(item_id):
    """The pictures of an item, its own picture first. The ETag is the item's."""
    return _list(item_id, IMAGE)


@files_api.post("/items/<int:item_id>/images")
@guard("catalogue.write")
@takes_bytes(MOST_BODY_BYTES)
@files_api.input(NameQuery, location="query")
@files_api.output(ImageFileOut, status_code=201)
@files_api.doc(extensions=UPLOAD)
def add_image(item_id, query_data):
    """Add a picture: JPEG, PNG, WebP, GIF or AVIF, as the field `file` of a form or as the body itself.

    It is decoded and made anew as WebP; what was sent is not kept. At most 15 MB, 40 megapixels, twelve an item.
    """
    added = _add(item_id, IMAGE)
    place = {"Location": image_address(added.file.id, added.file.digest)}
    return added.file, 201, etag(added.version) | place


@files_api.put("/items/<int:item_id>/images")
@guard("catalogue.write")
@files_api.input(OrderIn)
@files_api.output(list[ImageFileOut])
def arrange_images(item_id, json_data):
    """Put pictures in order; the first is the item's own. Needs If-Match with the item's ETag."""
    return _arrange(item_id, IMAGE, json_data.order)


@files_api.delete("/items/<int:item_id>/images/<int:image_id>")
@guard("catalogue.write")
@files_api.output({}, status_code=204)
def remove_image(item_id, image_id):
    """Take a picture away; it can be restored for a day."""
    return _remove(item_id, IMAGE, image_id)


@files_api.post("/items/<int:item_id>/images/<int:image_id>/restore")
@guard("catalogue.write")
@files_api.output(ImageFileOut)
def restore_image(item_id, image_id):
    """Bring a picture back where it was."""
    return _restore(item_id, IMAGE, image_id)


@files_api.get("/items/<int:item_id>/attachments")
@guard("catalogue.read")
@files_api.output(list[AttachmentOut])
def list_attachments(item_id):
    """The documents of an item. The ETag is the item's."""
    return _list(item_id, ATTACHMENT)


@files_api.post("/items/<int:item_id>/attachments")
@guard("catalogue.write")
@takes_bytes(MOST_BODY_BYTES)
@files_api.input(NameQuery, location="query")
@files_api.output(AttachmentOut, status_code=201)
@files_api.doc(extensions=UPLOAD)
def add_attachment(item_id, query_data):
    """Attach a document: PDF, XLSX, CSV, plain text, or a picture, which is made anew as WebP.

    The content tells what it is, not the name. At most 15 MB, thirty an item.
    """
    added = _add(item_id, ATTACHMENT)
    place = {"Location": AttachmentOut.model_validate(added.file).url}
    return added.file, 201, etag(added.version) | place


@files_api.put("/items/<int:item_id>/attachments")
@guard("catalogue.write")
@files_api.input(OrderIn)
@files_api.output(list[AttachmentOut])
def arrange_attachments(item_id, json_data):
    """Put documents in order. Needs If-Match with the item's ETag."""
    return _arrange(item_id, ATTACHMENT, json_data.order)


@files_api.delete("/items/<int:item_id>/attachments/<int:attachment_id>")
@guard("catalogue.write")
@files_api.output({}, status_code=204)
def remove_attachment(item_id, attachment_id):
    """Take a document away; it can be restored for a day."""
    return _remove(item_id, ATTACHMENT, attachment_id)


@files_api.post("/items/<int:item_id>/attachments/<int:attachment_id>/restore")
@guard("catalogue.write")
@files_api.output(AttachmentOut)
def restore_attachment(item_id, attachment_id):
    """Bring a document back where it was."""
    return _restore(item_id, ATTACHMENT, attachment_id)


@files_api.get("/files/<int:file_id>/<digest>/<size>.webp")
@guard("catalogue.read")
@files_api.doc(responses=_given_out(WEBP))
def image(file_id, digest, size):
    """A picture: full, or 56, 112 or 480 pixels. May be kept for a year: an address never changes its picture."""
    return answers.image(file_id, digest, size)


@files_api.get("/files/<int:file_id>/<digest>")
@guard("catalogue.read")
@files_api.doc(responses=_given_out(PDF, XLSX, "text/csv", "text/plain", WEBP))
def attachment(file_id, digest):
    """A document, to be saved."""
    return answers.attachment(file_id, digest)
