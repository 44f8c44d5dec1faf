"""What a cell of a file means: numbers, days, codes and names out of text, or why it is none."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import ParamSpec, TypeVar

from ventory.core.quantity import (
    MONEY_DECIMALS,
    MONEY_LIMIT,
    PRICE_DECIMALS,
    PRICE_LIMIT,
    QUANTITY_DECIMALS,
    QUANTITY_LIMIT,
    decimals_of,
    plain,
)

Told = ParamSpec("Told")
Value = TypeVar("Value")


class CellError(ValueError):
    """A cell that does not hold what its column asks for. code: stable; message: a sentence for people"""

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code
        self.message = message


_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_BREAK = re.compile("[\n\r\u2028\u2029]")
# Bytes that were no text come as lone surrogates.
_LOST = re.compile("[\ud800-\udfff]")
_SCIENTIFIC = re.compile(r"[0-9]\.[0-9]+[Ee]\+[0-9]+")
# An apostrophe keeps a spreadsheet from shortening a number; shops write it into their exports.
_KEPT_AS_TEXT = re.compile("'[0-9]")
_PLAIN_NUMBER = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{0,40})?|[+-]?\.[0-9]{1,40}")
_GROUPED = {
    # A 0 begins no group of thousands: 0,250 is a quarter whose decimals follow a comma, never 250.
    ".": re.compile(r"[+-]?[1-9][0-9]{0,2}([, \u00a0\u202f])[0-9]{3}(\1[0-9]{3})*(\.[0-9]*)?"),
    ",": re.compile(r"[+-]?[1-9][0-9]{0,2}([. \u00a0\u202f])[0-9]{3}(\1[0-9]{3})*(,[0-9]*)?"),
}
_EITHER = re.compile(r"[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_YES = frozenset({"yes", "y", "true", "1", "x"})
_NO = frozenset({"no", "n", "false", "0", "-"})
# What makes a spreadsheet take text for a formula, in full width too; blanks, tabs and line breaks may hide it.
_RISKY = re.compile("[ \u00a0]*[=+\\-@\t\r\n＝＋－＠]|'")
_SIGNED_NUMBER = re.compile(r"[+-][0-9][0-9.,]*")
_EXAMPLE = datetime(2026, 11, 21, 14, 30)
UNSAID = ""
"""For the mark before decimals: each number has to tell by itself."""
SHOWN = 40
"""Characters of a bad cell that a sentence repeats."""


def remembered(read: Callable[Told, Value]) -> Callable[Told, Value]:
    """A reading of cells that depends on nothing but the text: a column holds the same few again and again.

    Long texts are read each time, so that what is kept stays small.
    """
    known = functools.lru_cache(maxsize=4_096)(read)

    @functools.wraps(read)
    def reading(*told: Told.args, **named: Told.kwargs) -> Value:
        return (known if len(told[0]) <= SHOWN else read)(*told, **named)  # type: ignore[arg-type]

    return reading


def shown(written: str) -> str:
    """A cell as a sentence names it: short, on one line."""
    text = "".join(char if char.isprintable() else "?" for char in written.strip())
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def neutral(text: str) -> str:
    """Text as a cell that no spreadsheet calculates: with an apostrophe in front where it could be taken for a formula.

    Signed numbers stay. Reversible, so text that begins with an apostrophe gets one more.
    """
    return f"'{text}" if _RISKY.match(text) and not _SIGNED_NUMBER.fullmatch(text) else text


def original(cell: str) -> str:
    """The text that `neutral` made a cell from; any other cell stays as it is."""
    return cell[1:] if cell[:1] == "'" and neutral(cell[1:]) == cell else cell


def is_blank(written: str) -> bool:
    return not written or written.isspace()


def line(written: str, most: int) -> str:
    """Text on one line: trimmed, runs of blanks made one.

    raises: CellError when it holds control characters, line breaks, lost bytes, or more characters than `most`
    """
    text = written
    if not (text.isascii() and text.isprintable()):
        _refuse_dirt(text)
        if _BREAK.search(text):
            raise CellError("line_break", "One line of text is needed; this cell holds several.")
        text = unicodedata.normalize("NFC", text)
    text = " ".join(text.split())
    return _short_enough(text, most)


def block(written: str, most: int) -> str:
    """Text that may run over several lines, trimmed. raises: CellError as `line`, but for line breaks"""
    if written.isascii() and written.isprintable():
        return _short_enough(written.strip(), most)
    _refuse_dirt(written)
    return _short_enough(unicodedata.normalize("NFC", written).strip(), most)


def code(written: str, most: int) -> str:
    """A number or code that names a thing: as `line`, but no formula, and nothing that a spreadsheet shortened.

    The apostrophe that keeps a number as text is no part of it.
    """
    text = line(written, most)
    if _KEPT_AS_TEXT.match(text):
        text = text[1:]
    if text.startswith("="):
        raise CellError("formula", f"{shown(text)} is a formula, not a code.")
    if _SCIENTIFIC.fullmatch(text):
        raise CellError("shortened", f"A spreadsheet shortened this code to {text}. Its last digits are lost.")
    return text


def _refuse_dirt(text: str) -> None:
    if _LOST.search(text):
        raise CellError("undecodable", "The cell holds bytes that are no text in the file's encoding.")
    if _CONTROL.search(text):
        raise CellError("control_character", "The cell holds control characters.")


def _short_enough(text: str, most: int) -> str:
    if len(text) > most:
        raise CellError("too_long", f"At most {most} characters are taken; these are {len(text)}.")
    return text


@remembered
def number(written: str, decimal: str = ".") -> Decimal:
    """An exact number.

    decimal: the mark before the decimals, "." or ",", or UNSAID; the other one, or a blank, may part thousands
    raises: CellError; no NaN, no infinity, no exponent, no currency sign
    """
    text = written.strip()
    decimal = decimal or _mark_in(text)
    if decimal == "," and "." not in text:
        digits = text.replace(",", ".", 1)
    else:
        digits = text
    if _PLAIN_NUMBER.fullmatch(digits) and (decimal == "." or "." not in text):
        return Decimal(digits)
    if _GROUPED[decimal].fullmatch(text):
        whole, _, fraction = text.partition(decimal)
        return Decimal(re.sub("[^0-9+-]", "", whole) + "." + (fraction or "0"))
    raise _no_number(text, decimal)


def typed(written: str) -> Decimal:
    """A number as people type it into a form, exact: decimals follow a point, as pages show them.

    raises: CellError; 1,50 is not taken for 150, a hundred times what was meant
    """
    try:
        return number(written)
    except CellError as error:
        if error.code != "separators":
            raise
        text = f"{shown(written)} is not clear. Decimals follow a point, and a comma parts thousands, as in 1,250.5."
        raise CellError(error.code, text) from None


def _mark_in(text: str) -> str:
    """The mark before the decimals of a number for which nobody said it. raises: CellError when it could be either"""
    if _EITHER.fullmatch(text):
        raise CellError(
            "separators",
            f"{shown(text)} is not clear: {text[-3:]} could be decimals or units. A mapping names the mark.",
        )
    last = "," if text.rfind(",") > text.rfind(".") else "."
    parts_thousands = text.count(last) > 1
    return last if not parts_thousands else "." if last == "," else ","


def _no_number(text: str, decimal: str) -> CellError:
    if text.startswith("="):
        return CellError("formula", f"{shown(text)} is a formula, not a number.")
    if re.fullmatch(r"[+-]?[0-9.,]+[Ee][+-]?[0-9]+", text):
        return CellError("exponent", f"{shown(text)} is written with an exponent; write the number out.")
    if any(unicodedata.category(char) == "Sc" for char in text):
        return CellError("currency_sign", f"{shown(text)} holds a currency sign; write the number alone.")
    if re.fullmatch(r"[+-]?[0-9]+([.,][0-9]+)+", text):
        return CellError(
            "separators",
            f"{shown(text)} is not clear: decimals follow “{decimal}”, thousands are threes. A mapping names the mark.",
        )
    return CellError("not_a_number", f"{shown(text) or 'An empty cell'} is not a number.")


@remembered
def quantity(written: str, decimal: str = ".", *, least: Decimal | None = None) -> Decimal:
    """Stock units: six decimals, below 10⁹ either way. least: the smallest that is taken"""
    return _within(number(written, decimal), QUANTITY_DECIMALS, QUANTITY_LIMIT, least)


@remembered
def price(written: str, decimal: str = ".") -> Decimal:
    """Money per unit, 0 or more: six decimals."""
    return _within(number(written, decimal), PRICE_DECIMALS, PRICE_LIMIT, Decimal(0))


@remembered
def money(written: str, decimal: str = ".", *, least: Decimal | None = None) -> Decimal:
    """A sum of money: four decimals."""
    return _within(number(written, decimal), MONEY_DECIMALS, MONEY_LIMIT, least)


@remembered
def whole(written: str, decimal: str = ".", *, least: int, most: int) -> int:
    """A whole number within limits; 12.0 is 12."""
    found = number(written, decimal)
    if decimals_of(found):
        raise CellError("not_whole", f"{shown(written)} is not a whole number.")
    if not least <= found <= most:
        raise CellError("out_of_range", f"A whole number from {least} to {most} is needed.")
    return int(found)


def _within(found: Decimal, decimals: int, limit: Decimal, least: Decimal | None) -> Decimal:
    if abs(found) >= limit:
        raise CellError("out_of_range", f"The number stays below {limit:,}.")
    if decimals_of(found) > decimals:
        raise CellError("too_fine", f"At most {decimals} decimals are taken.")
    if least is not None and found < least:
        raise CellError("out_of_range", f"{plain(least)} or more is needed.")
    return found


def day(written: str, pattern: str | None = None) -> date:
    """A day: 2026-11-21, or by a pattern of strptime's. raises: CellError"""
    text = written.strip()
    try:
        if pattern is not None:
            return datetime.strptime(text, pattern).date()
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise _no_day(text, pattern or "%Y-%m-%d")


def moment(written: str, pattern: str | None = None) -> datetime:
    """A day with its time: 2026-11-21 14:30, seconds and a zone if need be, or by a pattern of strptime's.

    returns: without a zone when none is written; midnight when no time is written
    """
    text = written.strip()
    try:
        if pattern is not None:
            return datetime.strptime(text, pattern)
        if _MOMENT.fullmatch(text):
            return datetime.fromisoformat(text)
    except ValueError:
        pass
    raise _no_day(text, pattern or "%Y-%m-%d %H:%M")


def is_pattern_of_days(pattern: str) -> bool:
    """Whether a pattern of strptime's tells the whole day: %d/%m/%Y does, %d/%m and DD/MM/YYYY do not."""
    try:
        return datetime.strptime(f"{_EXAMPLE:{pattern}}", pattern).date() == _EXAMPLE.date()
    except (ValueError, re.error):
        return False


def _no_day(text: str, pattern: str) -> CellError:
    if text.startswith("="):
        return CellError("formula", f"{shown(text)} is a formula, not a date.")
    wanted = f"a form like {_EXAMPLE:{pattern}}; a mapping can name another"
    return CellError("not_a_date", f"{shown(text) or 'An empty cell'} is not a date in {wanted}.")


def yes(written: str) -> bool:
    """Yes or no, in the ways that spreadsheets write it."""
    text = written.strip().casefold()
    if text in _YES:
        return True
    if text in _NO:
        return False
    raise CellError("not_yes_or_no", f"{shown(written) or 'An empty cell'} is neither yes nor no.")
