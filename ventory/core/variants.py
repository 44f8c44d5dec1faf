"""Variants of an item group: which combinations of options there are, which are missing, what they would be called."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from math import prod

from ventory.core.errors import BadInput

MOST = 200
LONGEST_SKU = 64
Options = Mapping[str, str]
_TOKEN = re.compile(r"\{([^{}:]*)(?::([1-9]))?\}")


def values_of(name: str, variants: Iterable[Options], more: Iterable[str] = ()) -> list[str]:
    """The values that an option has, in order of first appearance, compared without regard to case."""
    found: dict[str, str] = {}
    for value in (*(variant.get(name, "") for variant in variants), *more):
        if value:
            found.setdefault(value.casefold(), value)
    return list(found.values())


def missing(
    names: Sequence[str], variants: Sequence[Options], more: Mapping[str, Iterable[str]]
) -> list[dict[str, str]]:
    """The combinations of option values that no variant has.

    more: further values by option name. shape: one {option: value} each, the last option changing fastest
    raises: BadInput when they are too many
    """
    values = [values_of(name, variants, more.get(name, ())) for name in names]
    there = {_key(names, variant) for variant in variants}
    count = count_missing(names, variants, more)
    if count > MOST:
        raise BadInput(f"{count:,} combinations are missing. Add at most {MOST} at once.", field="values")
    combined = (dict(zip(names, each, strict=True)) for each in product(*values))
    return [each for each in combined if _key(names, each) not in there] if names else []


def count_missing(
    names: Sequence[str], variants: Sequence[Options], more: Mapping[str, Iterable[str]] | None = None
) -> int:
    """How many combinations no variant has, without making them."""
    values = [values_of(name, variants, (more or {}).get(name, ())) for name in names]
    whole = {_key(names, variant) for variant in variants if all(variant.get(name) for name in names)}
    return prod(len(each) for each in values) - len(whole) if names else 0


def _key(names: Sequence[str], options: Options) -> tuple[str, ...]:
    return tuple(options.get(name, "").casefold() for name in names)


def sku_of(pattern: str, options: Options) -> str:
    """The SKU that a pattern gives a variant: "TEE-{Size}-{Colour:3}" makes TEE-M-NAV of M and Navy blue.

    {Option} stands for its value in capitals, {Option:3} for the first three letters of it
    raises: BadInput when the pattern names an option that there is not, or the SKU would be empty or too long
    """
    known = {name.casefold(): value for name, value in options.items()}

    def fill(token: re.Match) -> str:
        name, letters = token.group(1).strip(), token.group(2)
        if name.casefold() not in known:
            raise BadInput(f"There is no option {name or '{}'}; write {_named(options)}.", field="pattern")
        code = _code(known[name.casefold()])
        return code.replace("-", "")[: int(letters)] if letters else code

    sku = _TOKEN.sub(fill, pattern).strip()
    if "{" in sku or "}" in sku:
        raise BadInput(f"A bracket stands alone; write {_named(options)}.", field="pattern")
    if not 0 < len(sku) <= LONGEST_SKU:
        raise BadInput(f"{sku or 'The SKU'} would have {len(sku)} characters; 1 to {LONGEST_SKU} fit.", field="pattern")
    return sku


def skus_of(pattern: str, combinations: Iterable[Options]) -> list[str]:
    """The SKUs of some variants, in order. raises: BadInput when two would be the same"""
    skus = [sku_of(pattern, options) for options in combinations]
    seen: set[str] = set()
    for sku in skus:
        if sku.casefold() in seen:
            raise BadInput(f"Two variants would be {sku}. Name every option in the pattern.", field="pattern")
        seen.add(sku.casefold())
    return skus


def suggested_pattern(group: str, names: Iterable[str]) -> str:
    """A pattern to begin with: the group's name and every option."""
    return "-".join([_code(group)[:24].strip("-") or "ITEM", *(f"{{{name}}}" for name in names)])


def name_of(group: str, options: Options) -> str:
    """What a variant is called: the group's name and its values."""
    return ", ".join([group, *options.values()])[:200]


def _named(options: Options) -> str:
    return " and ".join(f"{{{name}}}" for name in options)


def _code(value: str) -> str:
    """A value as a part of a SKU: letters and digits of any script in capitals, hyphens between."""
    folded = unicodedata.normalize("NFC", value).upper()
    return re.sub(r"[\W_]+", "-", folded).strip("-")
