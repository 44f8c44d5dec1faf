"""What a line of a till's journal says about stock. The words and codes are the till's own: a mapping names them.

The rules, one by one, stand in docs/guides/import.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

SALE, RETURN, ADJUSTMENT, NON_STOCK, DEFECT = "sale", "return", "adjustment", "non_stock", "defect"
OTHER = "other"
_SAYS_SOMETHING = re.compile(r"\w")


class TillLine(NamedTuple):
    """A line as the till wrote it. price: None when the file has none; text: name or remark, customer: "" for nobody"""

    document: str
    code: str
    quantity: Decimal
    price: Decimal | None = None
    customer: str = ""
    text: str = ""


class Meaning(NamedTuple):
    """kind: what the line is; reason: of an adjustment, or why it is no stock, or a defect's code; note: in words"""

    kind: str
    reason: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class TillRules:
    """The words and codes of one till.

    cancellation: how numbers of documents that take goods back begin, "" when the till has no such numbers
    not_goods: why codes stand for no goods, by reason: {"postage": ["POST", "gift_*"]}; a star ends a beginning
    remarks: the words by which a remark is known, by the reason that they mean: {"damaged": ["damages", "wet"]}
    """

    cancellation: str = ""
    not_goods: Mapping[str, Sequence[str]] = field(default_factory=dict)
    remarks: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @cached_property
    def _codes(self) -> dict[str, str]:
        return {code.casefold(): why for why, codes in self.not_goods.items() for code in codes if code[-1:] != "*"}

    @cached_property
    def _beginnings(self) -> list[tuple[str, str]]:
        return [
            (code[:-1].casefold(), why) for why, codes in self.not_goods.items() for code in codes if code[-1:] == "*"
        ]

    @cached_property
    def _remarks(self) -> list[tuple[re.Pattern, str]]:
        return [
            (re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, words))})(?!\w)", re.IGNORECASE), reason)
            for reason, words in self.remarks.items()
            if words
        ]

    def no_goods(self, code: str) -> str | None:
        """Why a code stands for no goods, or None when it does."""
        key = code.casefold()
        why = self._codes.get(key)
        if why is None:
            why = next((reason for begins, reason in self._beginnings if key.startswith(begins)), None)
        return why

    def remark(self, text: str) -> str | None:
        """The reason that a text names, in whole words; "other" when it says nothing; None when it is no remark."""
        if not _SAYS_SOMETHING.search(text):
            return OTHER
        return next((reason for pattern, reason in self._remarks if pattern.search(text)), None)


def judge(line: TillLine, rules: TillRules) -> Meaning:
    """What a line is. The first rule that fits holds."""
    if line.quantity == 0:
        return Meaning(DEFECT, "zero_quantity", "A line moves at least something: its quantity is 0.")
    if line.price is not None and line.price < 0:
        return Meaning(NON_STOCK, "negative price")
    why = rules.no_goods(line.code)
    if why is not None:
        return Meaning(NON_STOCK, why)
    if rules.cancellation and line.document.startswith(rules.cancellation):
        if line.quantity > 0:
            return Meaning(
                DEFECT, "positive_cancellation", "A cancellation takes goods back: its quantity is negative."
            )
        return Meaning(RETURN)
    reason = None if line.customer else _reason(line, rules)
    if reason is not None:
        return Meaning(ADJUSTMENT, reason, line.text or None)
    return Meaning(SALE if line.quantity > 0 else RETURN)


def _reason(line: TillLine, rules: TillRules) -> str | None:
    """Why stock was put right by a line that nobody pays for; None when goods went over the counter."""
    if line.price is None:
        return rules.remark(line.text) if line.text else None
    if line.price > 0:
        return None
    return rules.remark(line.text) or (OTHER if line.quantity < 0 else None)
