"""Barcodes as plain text: which kind a code is, whether its check digit is right, under which form it is known."""

from __future__ import annotations

from dataclasses import dataclass

from ventory.core.errors import BadInput

OWN = "code128"
"""The kind of a code that a chain made itself: any text, no check digit."""
KINDS = ("ean8", "ean13", "upca", "itf14", OWN)
LONGEST = 64
_KIND_OF_LENGTH = {8: "ean8", 12: "upca", 13: "ean13", 14: "itf14"}


@dataclass(frozen=True, slots=True)
class Barcode:
    """A code in the form under which it is stored and looked up."""

    text: str
    kind: str


def check_digit(digits: str) -> str:
    """The digit that completes a GTIN.

    digits: all but the last, any length
    source: GS1 General Specifications, 7.9.1: from the right, weigh by 3 and 1 in turn; what is missing to the next ten
    """
    total = 3 * sum(map(int, digits[-1::-2])) + sum(map(int, digits[-2::-2]))
    return str(-total % 10)


def normal(written: str) -> str:
    """The form under which a code is known; refuses nothing, so that any scan can be looked up.

    Blanks and hyphens between digits drop out, and an EAN-13 that begins with 0 is the UPC-A behind it: scanners send
    either for the same print. Other text stays as it is, but for blanks around it.
    """
    digits = _digits(written)
    if digits is None:
        return written.strip()
    return digits[1:] if len(digits) == 13 and digits[0] == "0" and is_right(digits) else digits


def read(written: str, *, is_own: bool = False, field: str | None = "barcode") -> Barcode:
    """A code in its normal form, its kind named.

    is_own: keep digits of a known length whose check digit is wrong as an own code
    raises: BadInput when it is empty, too long, or its check digit is wrong
    """
    text = normal(written)
    if not text:
        raise BadInput("A barcode has at least one character.", field=field)
    if len(text) > LONGEST:
        raise BadInput(f"A barcode has at most {LONGEST} characters.", field=field)
    kind = _KIND_OF_LENGTH.get(len(text), OWN) if _digits(text) else OWN
    if kind == OWN or is_right(text):
        return Barcode(text, kind)
    if is_own:
        return Barcode(text, OWN)
    right = check_digit(text[:-1])
    raise BadInput(
        f"{text} ends in {text[-1]}, its check digit would be {right}: one of the digits is mistyped.", field=field
    )


def is_right(digits: str) -> bool:
    """Whether the last digit is the check digit of the others."""
    return check_digit(digits[:-1]) == digits[-1]


def _digits(written: str) -> str | None:
    """The digits of a code that holds nothing else but blanks and hyphens, or None."""
    if written.isascii() and written.isdigit():
        return written
    digits = "".join(char for char in written if not (char.isspace() or char == "-"))
    return digits if digits.isascii() and digits.isdigit() else None
