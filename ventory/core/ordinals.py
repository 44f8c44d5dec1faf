"""Which lines of a document are done, as people would write it: `1-12,14`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def read(text: str) -> list[tuple[int, int]]:
    """The ranges, first and last included, ascending and apart."""
    ranges = []
    for part in text.split(",") if text else ():
        first, _, last = part.partition("-")
        ranges.append((int(first), int(last or first)))
    return ranges


def write(ranges: Iterable[tuple[int, int]]) -> str:
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


def numbers(text: str) -> set[int]:
    """Every number that the ranges hold."""
    return {number for first, last in read(text) for number in range(first, last + 1)}


def with_more(text: str, more: Iterable[int]) -> str:
    """The ranges with further numbers in them."""
    return write(_joined(sorted([*read(text), *((number, number) for number in more)])))


def _joined(ranges: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Ranges in order of their first number, those that touch or overlap made one."""
    if not ranges:
        return
    first, last = ranges[0]
    for begins, ends in ranges[1:]:
        if begins > last + 1:
            yield first, last
            first = begins
        last = max(last, ends)
    yield first, last
