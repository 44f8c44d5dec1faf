"""Tables as CSV files, streamed, for spreadsheets first: programs have the API.

UTF-8 with a byte order mark, without which Excel reads "Crème brûlée" as "CrÃ¨me brÃ»lÃ©e". Numbers are exact, with a
point and no grouping; dates are 2026-11-21.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask import Response, request

from ventory.core.cells import neutral
from ventory.core.quantity import plain

CHUNK_ROWS = 200


def csv_file(name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """A download. name: without the ending; rows: taken while they are sent, when the request has ended"""
    lines = () if request.method == "HEAD" else _lines(header, rows)
    response = Response(lines, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def _lines(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    page = io.StringIO()
    writer = csv.writer(page)
    page.write("\ufeff")
    writer.writerow(cell(each) for each in header)
    for number, row in enumerate(rows, 1):
        writer.writerow(cell(each) for each in row)
        if number % CHUNK_ROWS == 0:
            yield page.getvalue()
            page.seek(0)
            page.truncate()
    yield page.getvalue()


def cell(value: Any) -> str:
    """A value as a file holds it; text that a spreadsheet would calculate as one that an import reads back."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, str):
        return neutral(value)
    return str(value)
