"""The level of an item over time, as figures for a drawing: a stepped line, receipts, days out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ventory.blueprints.stock.queries import History

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 720, 200, 44, 22, 8


@dataclass(frozen=True)
class Drawing:
    """Figures in the drawing's own units; paths as SVG writes them.

    bands: (x, width) of days that ended with nothing; receipts: (x, date, quantity)
    grid: (y, label); today: (x, width) of the last day, which is not over
    rows: (date, level, received), newest first, for the table below
    """

    line: str
    area: str
    bands: tuple[tuple[float, float], ...]
    receipts: tuple[tuple[float, date, Decimal], ...]
    grid: tuple[tuple[float, str], ...]
    reorder_y: float | None
    labels: tuple[tuple[float, str], ...]
    rows: tuple[tuple[date, Decimal, Decimal], ...]
    today: tuple[float, float]


def draw(history: History, reorder_point: Decimal | None) -> Drawing:
    """Lay the days out from left to right, the level from zero up."""
    days = history.days
    top = max([level for _, level, _ in days] + [reorder_point or Decimal(0), Decimal(1)])
    step, most = _scale(float(top))
    wide = (WIDTH - LEFT) / len(days)
    base = HEIGHT - BOTTOM

    def y(level: float) -> float:
        return round(base - max(level, 0.0) / most * (base - TOP), 1)

    points = []
    bands = []
    receipts = []
    for index, (day, level, received) in enumerate(days):
        x = round(LEFT + index * wide, 1)
        points.append((x, y(float(level))))
        if level <= 0:
            bands.append((x, round(wide, 1)))
        if received > 0:
            receipts.append((round(x + wide / 2, 1), day, received))
    path = f"M{points[0][0]} {points[0][1]}" + "".join(f"H{x}V{height}" for x, height in points[1:]) + f"H{WIDTH}"
    return Drawing(
        line=path,
        area=f"{path}V{base}H{LEFT}Z",
        bands=tuple(bands),
        receipts=tuple(receipts),
        grid=tuple((y(mark * step), f"{mark * step:,.6g}") for mark in range(round(most / step) + 1)),
        reorder_y=y(float(reorder_point)) if reorder_point is not None else None,
        labels=tuple(
            (round(LEFT + index * wide, 1), f"{day:%-d %b}")
            for index, (day, _, _) in enumerate(days)
            if index % 15 == 0
        ),
        rows=tuple(reversed(days)),
        today=(points[-1][0], round(WIDTH - points[-1][0], 1)),
    )


def _scale(top: float) -> tuple[float, float]:
    """A round step with at most four of them above zero. returns: the step and the top of the axis"""
    step = 10.0 ** (len(str(int(top))) - 1) / 10
    for factor in (1, 2, 5, 10, 20, 25, 50, 100):
        if top <= 4 * step * factor:
            step *= factor
            break
    marks = int(-(-top // step))
    return step, step * max(marks, 1)
