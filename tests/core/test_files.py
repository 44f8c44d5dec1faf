"""What may come in as a file, how it is named, how pictures are ordered and sized."""

from __future__ import annotations

import pytest

from tests import pictures
from ventory.core import files
from ventory.core.errors import BadInput, FileTooLarge, FileTypeRefused, FileUnreadable

NAMES = [
    ("Data sheet.pdf", files.PDF, "Data sheet.pdf"),
    ("DATA.PDF", files.PDF, "DATA.pdf"),
    ("../../etc/passwd", files.TEXT, "passwd.txt"),
    ("C:\\fakepath\\bill.pdf", files.PDF, "bill.pdf"),
    ("bill.pdf.exe", files.PDF, "bill.pdf.exe.pdf"),
    ("photo.JPG", files.WEBP, "photo.webp"),
    ("cup v1.2 front", files.WEBP, "cup v1.2 front.webp"),
    ("invoice\u202efdp.exe", files.PDF, "invoicefdp.exe.pdf"),
    ('a"b\r\nSet-Cookie: x.csv', files.CSV, "abSet-Cookie x.csv"),
    ("CON", files.TEXT, "file CON.txt"),
    ("..", files.WEBP, "file.webp"),
    ("", files.CSV, "file.csv"),
    ("カップ.png", files.WEBP, "カップ.webp"),
    ("half \ud83d.txt", files.TEXT, "half.txt"),
]


@pytest.mark.attack("A102")
@pytest.mark.parametrize(("sent", "media_type", "kept"), NAMES)
def test_a_name_is_safe_everywhere_and_ends_as_its_content_wants(sent, media_type, kept):
    assert files.clean_name(sent, media_type) == kept


def test_a_long_name_is_cut_and_keeps_its_ending():
    name = files.clean_name("n" * 500 + ".pdf", files.PDF)
    assert name == "n" * 116 + ".pdf"


KINDS = [
    (pictures.PDF, "bill.txt", files.PDF),
    (pictures.workbook(), "stock.csv", files.XLSX),
    (b"sku;name\r\n1;Tea\r\n", "stock.csv", files.CSV),
    (b"sku;name\r\n1;Tea\r\n", "stock.pdf", files.TEXT),
    ("Grüße, 5 €".encode("cp1252"), "note.txt", files.TEXT),
    (pictures.png((8, 8)), "certificate.pdf", files.WEBP),
]


@pytest.mark.parametrize(("content", "name", "media_type"), KINDS)
def test_the_content_tells_what_a_document_is(content, name, media_type):
    assert files.document_type(content, name) == media_type


REFUSED = [
    (b"MZ\x90\x00\x03\x00program", "This kind of file is not taken"),
    (b"\x7fELF\x02\x01", "This kind of file is not taken"),
    (pictures.SVG, "Web pages and SVG drawings can carry programs"),
    (b"\xef\xbb\xbf\n<!DOCTYPE html><script>alert(1)</script>", "Web pages and SVG drawings"),
    (pictures.PDF + b" " * 3000, "cut off, or something was added"),
    (pictures.PDF[:-10], "cut off"),
    (pictures.workbook() + b"<script>", "an archive, not a workbook"),
    (pictures.workbook({"xl/vbaProject.bin": b"macro"}), "A workbook with macros"),
]


@pytest.mark.attack("A101")
@pytest.mark.parametrize(("content", "says"), REFUSED)
def test_what_is_no_document_is_refused_whatever_its_name(content, says):
    with pytest.raises(FileTypeRefused, match=says) as refusal:
        files.document_type(content, "harmless.txt")
    assert refusal.value.field == "file"


@pytest.mark.attack("A104")
def test_a_workbook_that_unpacks_to_too_much_is_refused():
    bomb = pictures.workbook({f"xl/{number}.xml": bytes(30_000_000) for number in range(7)})
    assert len(bomb) < 1_000_000
    with pytest.raises(FileUnreadable, match="too large once it is unpacked"):
        files.document_type(bomb, "stock.xlsx")


def test_a_broken_workbook_is_refused():
    with pytest.raises(FileUnreadable, match="broken or cut off"):
        files.document_type(pictures.workbook()[:60], "stock.xlsx")


def test_an_empty_file_and_one_that_is_too_large_are_refused():
    with pytest.raises(BadInput, match="The file is empty"):
        files.check_size(b"")
    with pytest.raises(FileTooLarge, match="at most 15 MB"):
        files.check_size(bytes(files.MOST_BYTES + 1))
    files.check_size(bytes(files.MOST_BYTES))


def test_named_files_come_first_and_the_others_keep_their_order():
    assert files.arranged([1, 2, 3, 4], [3, 1]) == [3, 1, 2, 4]
    with pytest.raises(BadInput, match="no such file as 9"):
        files.arranged([1, 2], [9])
    with pytest.raises(BadInput, match="once"):
        files.arranged([1, 2], [1, 1])


def test_nothing_is_enlarged_and_no_side_vanishes():
    assert files.reduced(4000, 3000, 1600) == (1600, 1200)
    assert files.reduced(40, 30, 1600) == (40, 30)
    assert files.reduced(10_000, 1, 56) == (56, 1)
    assert files.object_name(112, 800, 600) == "112.webp"
    assert files.object_name(112, 100, 90) == "full"
