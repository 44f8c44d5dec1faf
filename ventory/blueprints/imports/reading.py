"""Reading a table of text row by row: whatever is in the file, a row is right or says what is wrong and where."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import os
import re
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ventory.blueprints.imports.mapping import ColumnMap, NotStarted, Shape, key_of
from ventory.core import cells
from ventory.core.cells import CellError

LONGEST_CELL = 131_072
"""Characters, the csv module's own limit."""
LONGEST_ROW = 1_048_576
_BLOCK = 1 << 20
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_LOST = re.compile("[\udc80-\udcff]")
_DIRT = re.compile("[\0\udc80-\udcff]")
# Where bytes cannot be kept, the replacement character stands for them; elsewhere a file may hold it as a character.
_REPLACED = re.compile("[\0\ufffd]")
_BEYOND_ASCII = re.compile("[^\0-\x7f]")
_SEPARATOR_HINT = re.compile(r"sep=(.)\s*", re.IGNORECASE)
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Row:
    """A row that could be read. line: where it starts, from 1; cells: text by field; raw: all cells as they stand"""

    line: int
    cells: dict[str, str]
    raw: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row does not come in. column: as the file calls it, None for the row as a whole"""

    line: int
    column: str | None
    code: str
    reason: str
    raw: Sequence[str] = ()


@dataclass(frozen=True)
class Survey:
    """What one look through the whole file told.

    says_so: whether the encoding is stated, not guessed; has_dirt: NULs, or bytes that are no text; size: on disk
    """

    encoding: str
    says_so: bool
    has_dirt: bool
    size: int
    changed_at: int


@dataclass
class Table:
    """A file of rows, read as often as asked, never held in memory.

    header: the columns as they stand; blank: empty rows that the last reading skipped
    """

    path: Path
    survey: Survey
    delimiter: str
    header: tuple[str, ...]
    mapping: ColumnMap
    long: frozenset[str] = frozenset()
    blank: int = 0
    _handle: _Text | None = None
    _header_line: int = 1
    _sources: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        place = {key_of(column): index for index, column in enumerate(self.header)}
        self._sources = {
            name: tuple(place[key_of(column)] for column in columns) for name, columns in self.mapping.columns.items()
        }

    @property
    def encoding(self) -> str:
        return self.survey.encoding

    @property
    def name(self) -> str:
        """The file's name as text, whatever bytes it is made of."""
        return os.fsencode(self.path.name).decode("utf-8", "replace")

    @property
    def decimal(self) -> str:
        """The mark before decimals. Where nobody says, only commas between cells tell that it is a point."""
        return self.mapping.decimal or ("." if self.delimiter == "," else cells.UNSAID)

    @property
    def unused(self) -> list[str]:
        """Columns that feed nothing."""
        used = {index for indexes in self._sources.values() for index in indexes}
        return [column for index, column in enumerate(self.header) if index not in used and column.strip()]

    def column_of(self, name: str) -> str:
        """What the file calls the column of a field."""
        return " + ".join(self.mapping.columns.get(name, (name,)))

    def place_of(self, name: str) -> int | None:
        """Where the cell of a field stands in a row, None when it has no column."""
        places = self._sources.get(name)
        return places[0] if places else None

    @property
    def done(self) -> int:
        """Bytes of the file that the reading under way has behind it."""
        return self._handle.position() if self._handle and not self._handle.closed else 0

    def rows(self) -> Iterator[Row | Problem]:
        """Every row below the header, in order. raises: NotStarted when the file was changed since it was opened"""
        self.blank = 0
        self._refuse_changed()
        with _open(self.path, self.survey.encoding) as handle:
            self._handle, lines = handle, _Lines(handle)
            for _ in range(self._header_line):
                next(lines)
            lines.taken.clear()
            for each in _records(lines, self.delimiter, self._is_torn):
                if isinstance(each, Problem):
                    yield each
                elif not any(each[1]) or all(map(cells.is_blank, each[1])):
                    self.blank += 1
                else:
                    yield self._row(*each)
        self._refuse_changed()

    def _row(self, line: int, raw: list[str]) -> Row | Problem:
        if len(raw) != len(self.header):
            few = len(raw) < len(self.header)
            return Problem(
                line,
                None,
                "too_few_cells" if few else "too_many_cells",
                f"The row has {len(raw)} cells, the header {len(self.header)}.",
                raw,
            )
        if self.survey.has_dirt and (dirty := self._dirty(line, raw)):
            return dirty
        found = {}
        for name, indexes in self._sources.items():
            if len(indexes) == 1:
                found[name] = cells.original(raw[indexes[0]])
            else:
                found[name] = ", ".join(part for index in indexes if (part := raw[index].strip()))
        if self.mapping.constants:
            found |= self.mapping.constants
        for name, width in self.mapping.pad.items():
            code = found.get(name, "").strip()
            if code.isascii() and code.isdigit():
                found[name] = code.zfill(width)
        return Row(line, found, raw)

    def _dirty(self, line: int, raw: list[str]) -> Problem | None:
        """The first cell, used or not, that holds what is no text."""
        dirt = _REPLACED if _errors(self.survey.encoding) == "replace" else _DIRT
        for column, text in zip(self.header, raw, strict=True):
            if match := dirt.search(text):
                if match[0] == "\0":
                    return Problem(line, column, "control_character", "The cell holds control characters.", raw)
                reason = f"The cell holds bytes that are no text in {self.survey.encoding}."
                return Problem(line, column, "undecodable", reason, raw)
        return None

    def _is_torn(self, raw: list[str], below: Sequence[str]) -> bool:
        """Whether a row over several lines cannot be meant: a quote is missing, and lines below are rows.

        A line break in a name is only that when no line of it looks like a row.
        """
        if len(raw) != len(self.header):
            return True
        breaks = any(
            "\n" in raw[index].strip() or "\r" in raw[index].strip()
            for name, indexes in self._sources.items()
            if name not in self.long
            for index in indexes
        )
        return breaks and any(len(row) == len(self.header) for row in csv.reader(below, delimiter=self.delimiter))

    def _refuse_changed(self) -> None:
        now = os.stat(self.path)
        if (now.st_size, now.st_mtime_ns) != (self.survey.size, self.survey.changed_at):
            raise NotStarted(f"{self.path.name} was changed while it was read. Run the import again.")


def open_table(
    path: Path, shape: Shape, choose: Callable[[Sequence[str]], ColumnMap], *, encoding: str | None = None
) -> Table:
    """A file as a table, its encoding, delimiter and mapping found.

    choose: the mapping for a header; encoding: None to find out
    raises: NotStarted when the file as a whole cannot be used
    """
    survey = _survey(path, encoding)
    with _open(path, survey.encoding) as handle:
        lines = _Lines(handle)
        delimiter, header = _header(path, lines)
        header_line = lines.number
    return Table(path, survey, delimiter, header, choose(header), shape.long, _header_line=header_line)


def _header(path: Path, lines: _Lines) -> tuple[str, tuple[str, ...]]:
    hint = None
    try:
        first = next(lines, None)
        if first is not None and (match := _SEPARATOR_HINT.fullmatch(first)):
            hint = match[1]
            first = next(lines, None)
        while first is not None and cells.is_blank(first):
            first = next(lines, None)
    except _TooLong:
        raise NotStarted(f"{path.name}: the first line is longer than {LONGEST_ROW:,} characters.") from None
    if first is None:
        raise NotStarted(f"{path.name} is empty: the first row names the columns.")
    delimiter = hint or max(",;\t", key=first.count)
    try:
        header = tuple(name.strip() for name in next(csv.reader([first], delimiter=delimiter, strict=True)))
    except csv.Error:
        raise NotStarted(f"{path.name}: the quotes of the header row do not match.") from None
    for name in header:
        try:
            cells.line(name, 200)
        except CellError as error:
            raise NotStarted(f"{path.name} is no table of text: in its first row, {error.message}") from None
    keys = [key_of(name) for name in header if name]
    doubled = sorted({key for key in keys if keys.count(key) > 1})
    if doubled:
        raise NotStarted(f"{path.name} has two columns {', '.join(doubled)}. Rename or remove one of each.")
    return delimiter, header


class _TooLong(Exception):
    """The next line is longer than a row may be."""


class _Lines:
    """The physical lines of a file, numbered from 1; those of the row under way can be given back.

    taken: the lines that were read since it was last cleared; an overlong line is read as None
    """

    def __init__(self, handle: _Text):
        self._read = handle.readline
        self._back: deque[tuple[int, str | None]] = deque()
        self.number = 0
        self.taken: list[tuple[int, str | None]] = []
        self._room = LONGEST_ROW

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if self._back:
            each = self._back.popleft()
        else:
            text = self._line()
            if text == "":
                raise StopIteration
            self.number += 1
            each = (self.number, text)
        text = each[1]
        self.taken.append(each)
        if text is None:
            raise _TooLong
        if len(self.taken) == 1:
            self._room = LONGEST_ROW
        self._room -= len(text)
        if self._room < 0:
            raise _TooLong
        return text

    def _line(self) -> str | None:
        """The next line, None instead of one that is too long."""
        text = self._read(LONGEST_ROW)
        if len(text) < LONGEST_ROW or text[-1] in "\n\r":
            return text
        while text and text[-1] not in "\n\r":
            text = self._read(LONGEST_ROW)
        return None

    def give_back(self, lines: Sequence[tuple[int, str | None]]) -> None:
        self._back.extendleft(reversed(lines))


def _records(
    lines: _Lines, delimiter: str, is_torn: Callable[[list[str], Sequence[str]], bool]
) -> Iterator[tuple[int, list[str]] | Problem]:
    """Rows with the line they start at.

    After a quote that does not match, reading goes on at the next line: what follows is judged for itself. Where the
    quote of one row took that of another for its end, the second row is wrong as well.

    is_torn: whether a row over several lines cannot be meant; given its cells and the lines below its first
    """
    taken = lines.taken
    torn_too = 0
    while True:
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        try:
            for raw in reader:
                number = taken[0][0]
                if number == torn_too:
                    break
                if len(taken) > 1 and is_torn(raw, [text or "" for _, text in taken[1:]]):
                    last, text = taken[-1]
                    torn_too = last if (text or "").count('"') % 2 else 0
                    break
                yield number, raw
                taken.clear()
            else:
                return
            reason = _torn(taken)
        except _TooLong:
            reason = _torn(taken) if len(taken) > 1 else _long()
        except csv.Error as error:
            if not taken:  # pragma: no cover
                raise
            reason = _long() if "field larger" in str(error) else _torn(taken)
        number, first = taken[0]
        lines.give_back(taken[1:])
        taken.clear()
        yield Problem(number, None, *reason, raw=[(first or "")[:LONGEST_CELL].rstrip("\r\n")])


def _torn(taken: list) -> tuple[str, str]:
    if len(taken) == 1:
        return "quotes", "A quote in this row is not closed, or text follows a closing one."
    return "quotes", "A quote that opens in this row is not closed in it; the rows below were read on their own."


def _long() -> tuple[str, str]:
    return "too_long", f"A cell of this row has more than {LONGEST_CELL:,} characters."


class _Text(io.TextIOWrapper):
    """Decoded text that knows how far into the file on disk it is."""

    disk: io.BufferedReader

    def position(self) -> int:
        return self.disk.tell()

    def close(self) -> None:
        super().close()
        self.disk.close()


def _open(path: Path, encoding: str) -> _Text:
    disk = path.open("rb")
    binary = gzip.GzipFile(fileobj=disk) if _is_gzip(path) else disk
    text = _Text(binary, encoding=encoding, errors=_errors(encoding), newline="")
    text.disk = disk
    return text


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as handle:
        return handle.read(2) == _GZIP


def _survey(path: Path, wanted: str | None) -> Survey:
    """Look through the whole file once: can it be read to its end, and in which encoding?"""
    try:
        if not path.is_file():
            raise NotStarted(f"{path} is no file.")
        stat = path.stat()
        first = _first_bytes(path)
        if first.startswith(b"PK\x03\x04"):
            raise NotStarted(f"{path.name} is a workbook or a zip file. Save the sheet as CSV.")
        said = _checked(wanted) or next((name for mark, name in _BOMS if first.startswith(mark)), None)
        encoding, has_dirt = (said, _look(path, said).has_dirt) if said else _guess(path)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise NotStarted(f"{path.name} is cut off or damaged: {error}.") from None
    except OSError as error:
        raise NotStarted(f"{path} cannot be read: {error.strerror or error}.") from None
    return Survey(encoding, said is not None, has_dirt, stat.st_size, stat.st_mtime_ns)


def _checked(wanted: str | None) -> str | None:
    try:
        if wanted is not None:
            b"    ".decode(wanted, _errors(wanted))
    except (LookupError, ValueError):
        raise NotStarted(f"There is no encoding {wanted}; utf-8, utf-16 and cp1252 are common ones.") from None
    return wanted


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as disk:
        if not _is_gzip(path):
            return disk.read(4)
        with gzip.GzipFile(fileobj=disk) as binary:
            return binary.read(4)


@dataclass(frozen=True)
class _Look:
    """right: characters beyond ASCII; lost: bytes that are no text"""

    right: int
    lost: int
    has_nul: bool

    @property
    def has_dirt(self) -> bool:
        return self.lost > 0 or self.has_nul


def _guess(path: Path) -> tuple[str, bool]:
    """UTF-8 where more of what is not ASCII fits it than breaks it, else Windows' Western alphabet (cp1252).

    A file in another alphabet hardly ever holds a right sequence of UTF-8; one wrong byte in a file of UTF-8 should
    cost its row, not every accent of the file.
    """
    found = _look(path, "utf-8")
    if found.lost <= found.right:
        return "utf-8", found.has_dirt
    return "cp1252", _look(path, "cp1252").has_dirt


def _look(path: Path, encoding: str) -> _Look:
    decoder = codecs.getincrementaldecoder(encoding)(_errors(encoding))
    gone = _REPLACED if _errors(encoding) == "replace" else _LOST
    right = lost = 0
    has_nul = False
    for block, is_last in _blocks(path):
        text = decoder.decode(block, is_last)
        has_nul = has_nul or "\0" in text
        if not text.isascii():
            here = len(gone.findall(text))
            lost += here
            right += len(_BEYOND_ASCII.findall(text)) - here
    return _Look(right, lost, has_nul)


def _blocks(path: Path) -> Iterator[tuple[bytes, bool]]:
    """The file's content, unpacked, with whether a block is the (empty) last one."""
    with path.open("rb") as disk:
        binary = gzip.GzipFile(fileobj=disk) if _is_gzip(path) else disk
        while block := binary.read(_BLOCK):
            yield block, False
    yield b"", True


def _errors(encoding: str) -> str:
    """How bytes that are no text are marked: kept as lone surrogates, or replaced where that cannot be."""
    return "replace" if encoding.lower().startswith(("utf-16", "utf16", "utf-32", "utf32")) else "surrogateescape"
