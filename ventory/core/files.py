"""Rules for files: what may come in, told by content alone, how it is named, how pictures are ordered and sized."""

from __future__ import annotations

import io
import unicodedata
import zipfile
from collections.abc import Sequence

from ventory.core.errors import BadInput, FileTooLarge, FileTypeRefused, FileUnreadable

IMAGE, ATTACHMENT = "image", "attachment"
MOST_BYTES = 15 * 1024 * 1024
MOST_FILES = {IMAGE: 12, ATTACHMENT: 30}
# Measured at 40 megapixels: JPEG took 62 MB, GIF and PNG 190, PNG with transparency and AVIF 340 to 360.
MOST_PIXELS = 40_000_000
LONGEST_SIDE = 1600
"""Pixels of the longer side of a picture as it is kept; larger ones are reduced to it."""
ATTACHED_SIDE = 3200
"""The same for a picture that is kept as a document, so that what is written on it stays legible."""
THUMBNAILS = (56, 112, 480)
LONGEST_NAME = 120
MOST_PARTS = 2000
MOST_UNPACKED_BYTES = 200 * 1024 * 1024

PDF = "application/pdf"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV, TEXT, WEBP = "text/csv", "text/plain", "image/webp"
ENDINGS = {PDF: ".pdf", XLSX: ".xlsx", CSV: ".csv", TEXT: ".txt", WEBP: ".webp"}
_PICTURES = "Send a picture as JPEG, PNG, WebP, GIF or AVIF."
_DOCUMENTS = "Attach PDF, XLSX, CSV, plain text or a picture (JPEG, PNG, WebP, GIF, AVIF)."
_APPLE = (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftyphevc")
# Names that mean devices on one system or another.
_RESERVED = {"con", "prn", "aux", "nul"} | {f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10)}


def check_size(content: bytes) -> None:
    """raises: BadInput when there is nothing, FileTooLarge"""
    if not content:
        raise BadInput("The file is empty.", field="file")
    if len(content) > MOST_BYTES:
        raise FileTooLarge(f"A file holds at most {MOST_BYTES // 2**20} MB.", field="file")


def picture_format(content: bytes) -> str | None:
    """The format that the first bytes promise, or None when they promise no picture that is taken."""
    if content.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "WEBP"
    if content[4:12] in (b"ftypavif", b"ftypavis"):
        return "AVIF"
    return None


def wanted_picture_format(content: bytes) -> str:
    """As `picture_format`. raises: FileTypeRefused, with what to send instead"""
    found = picture_format(content)
    if found is None:
        if content[4:12] in _APPLE:
            raise FileTypeRefused(
                "This is a HEIC photo, which browsers cannot show. Save it as JPEG, or choose “Most compatible” in the"
                " camera's settings.",
                field="file",
            )
        start = content[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
        if start.startswith((b"<svg", b"<?xml", b"<!doctype svg")) or b"<svg" in start:
            raise FileTypeRefused(f"An SVG drawing can carry programs and is not taken. {_PICTURES}", field="file")
        raise FileTypeRefused(f"This is no picture that Ventory reads. {_PICTURES}", field="file")
    return found


def document_type(content: bytes, name: str) -> str:
    """The media type of an attachment, by its content; the name only tells CSV from other text.

    returns: WEBP for every picture, as it will be kept
    raises: FileTypeRefused
    """
    if picture_format(content) is not None:
        return WEBP
    if content.startswith(b"%PDF-"):
        if b"%%EOF" not in content[-2048:]:
            raise FileTypeRefused("This PDF is cut off, or something was added behind its end.", field="file")
        return PDF
    if content.startswith(b"PK\x03\x04"):
        _check_workbook(content)
        return XLSX
    if _is_text(content):
        if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
            raise FileTypeRefused(f"Web pages and SVG drawings can carry programs. {_DOCUMENTS}", field="file")
        return CSV if name.lower().endswith(".csv") else TEXT
    raise FileTypeRefused(f"This kind of file is not taken. {_DOCUMENTS}", field="file")


def _check_workbook(content: bytes) -> None:
    """See that an archive is a workbook, the whole of it and nothing else. raises: FileTypeRefused, FileUnreadable"""
    try:
        parts = zipfile.ZipFile(io.BytesIO(content)).infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise FileUnreadable("This workbook is broken or cut off.", field="file") from error
    names = {part.filename for part in parts}
    ends_with_itself = content[-22:-18] == b"PK\x05\x06" and parts[0].header_offset == 0 if parts else False
    if not {"[Content_Types].xml", "xl/workbook.xml"} <= names or not ends_with_itself:
        raise FileTypeRefused(f"This is an archive, not a workbook. {_DOCUMENTS}", field="file")
    if any("vbaproject" in name.lower() for name in names):
        raise FileTypeRefused("A workbook with macros is not taken. Save it as XLSX without them.", field="file")
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED_BYTES:
        raise FileUnreadable("This workbook is too large once it is unpacked.", field="file")


def _is_text(content: bytes) -> bool:
    """Whether it is text without control characters, in UTF-8 or as older spreadsheets write it."""
    if any(byte < 32 and byte not in b"\t\n\r\x0c" for byte in set(content)):
        return False
    for encoding in ("utf-8", "cp1252"):
        try:
            content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return True
    return False


def clean_name(name: str, media_type: str) -> str:
    """A file name that is safe on every system and ends as its content wants.

    Folders, control characters, marks that turn the writing direction, and leading dots go.
    """
    last = unicodedata.normalize("NFC", name.encode("utf-8", "ignore").decode()).replace("\\", "/").split("/")[-1]
    kept = "".join(char for char in last if unicodedata.category(char)[0] != "C" and char not in '<>:"|?*;%')
    kept = " ".join(kept.split()).strip(" .")
    ending = ENDINGS[media_type]
    stem, dot, written = kept.rpartition(".")
    is_pictures = media_type == WEBP and written.isalnum() and len(written) <= 4
    if dot and (f".{written}".lower() == ending or is_pictures):
        kept = stem
    kept = kept[: LONGEST_NAME - len(ending)].strip(" .")
    if not kept or kept.split(".")[0].lower() in _RESERVED:
        kept = f"file {kept}".strip()
    return kept + ending


def arranged(present: Sequence[int], wanted: Sequence[int]) -> list[int]:
    """The new order of files: those that are named first, the others behind them as they stand.

    raises: BadInput when one is named twice or is not there
    """
    if len(set(wanted)) != len(wanted):
        raise BadInput("Name each file once.", field="order")
    strange = next((file_id for file_id in wanted if file_id not in present), None)
    if strange is not None:
        raise BadInput(f"This item has no such file as {strange}.", field="order")
    return [*wanted, *(file_id for file_id in present if file_id not in wanted)]


def reduced(width: int, height: int, longest: int) -> tuple[int, int]:
    """The size of a picture whose longer side may be `longest`; nothing is enlarged."""
    side = max(width, height)
    if side <= longest:
        return width, height
    return max(1, round(width * longest / side)), max(1, round(height * longest / side))


def object_name(size: int, width: int, height: int) -> str:
    """Which object of a picture answers for a size: its own reduction, or the picture itself when that is smaller."""
    return f"{size}.webp" if size in THUMBNAILS and max(width, height) > size else "full"
