"""Figures over time, laid out for drawing: levels as stepped lines, flow as bars, comparisons as a thin line.

Across, everything is a percentage of the plot: a drawing fills its card at any width and its text keeps its size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil, floor, log10

from ventory.core.periods import DAY, MONTH, Period
from ventory.core.quantity import ZERO
from ventory.web.formats import quantity, short_date

TOP, BASE, HEIGHT = 8, 178, 200
ACROSS = 1000
"""Units of a path from the plot's left edge to its right."""
APART = 14
MOST_LINES, MOST_LABELS = 4, 6
LEVEL, FLOW, BEFORE = "level", "flow", "before"


@dataclass(frozen=True)
class Series:
    """Values over time, one for each point.

    kind: LEVEL, FLOW or BEFORE; colour: on-hand, sold, received or other; said: how a reading says it: "12 on hand"
    """

    name: str
    kind: str
    colour: str
    values: Sequence[Decimal]
    said: str


@dataclass(frozen=True)
class Drawn:
    """A series with its shapes: a path (and the area under it), or bars as (x %, y, width %, height)."""

    series: Series
    end_y: float
    path: str = ""
    area: str = ""
    bars: tuple[tuple[float, float, float, float], ...] = ()


@dataclass(frozen=True)
class Row:
    """A point as the table below says it. reads: all of it in one sentence"""

    period: Period
    label: str
    reads: str
    values: tuple[Decimal, ...]


@dataclass(frozen=True)
class Drawing:
    """grid: (y, label); labels: (x %, text, whether a phone has room); out: (x %, width %) of points that ended with
    nothing; dots: x % of points where something came in; today: (x %, width %) of the point that is not over
    rows: newest first
    """

    series: tuple[Drawn, ...]
    grid: tuple[tuple[float, str], ...]
    labels: tuple[tuple[float, str, bool], ...]
    out: tuple[tuple[float, float], ...]
    dots: tuple[float, ...]
    today: tuple[float, float] | None
    reorder_y: float | None
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Scale:
    """The axis: from `bottom`, zero or below, to `top`, in round steps."""

    step: float
    bottom: float
    top: float

    def y(self, value: Decimal | float) -> float:
        share = (float(value) - self.bottom) / (self.top - self.bottom)
        return round(BASE - share * (BASE - TOP), 1)

    def grid(self) -> tuple[tuple[float, str], ...]:
        marks = range(round(self.bottom / self.step), round(self.top / self.step) + 1)
        return tuple((self.y(mark * self.step), _short(mark * self.step)) for mark in marks)


def draw(
    points: Sequence[Period],
    series: Sequence[Series],
    *,
    step: str = DAY,
    unit: str = "",
    is_last_open: bool = True,
    marks_out: bool = False,
    dotted: Series | None = None,
    reorder_point: Decimal | None = None,
) -> Drawing:
    """Lay points out from left to right.

    is_last_open: the last one is not over; marks_out: show where a level ended at zero or below
    dotted: what shows as a dot where it is above zero
    """
    values = [value for each in series for value in each.values]
    scale = _scale([*values, *([] if reorder_point is None else [reorder_point])])
    wide = 100 / len(points)
    spoken = [*series, *([dotted] if dotted else [])]
    level = next((each for each in series if each.kind == LEVEL), None)
    out = [index for index, value in enumerate(level.values) if value <= 0] if marks_out and level else []
    return Drawing(
        series=_ends_apart([_shape(each, scale) for each in series]),
        grid=scale.grid(),
        labels=_labels(points, step),
        out=tuple((round(index * wide, 3), round(wide, 3)) for index in out),
        dots=tuple(round((i + 0.5) * wide, 3) for i, value in enumerate(dotted.values) if value > 0) if dotted else (),
        today=(round(100 - wide, 3), round(wide, 3)) if is_last_open else None,
        reorder_y=None if reorder_point is None else scale.y(reorder_point),
        columns=tuple(each.name for each in spoken),
        rows=tuple(reversed([_row(point, index, spoken, step, unit) for index, point in enumerate(points)])),
    )


def _scale(values: Sequence[Decimal]) -> Scale:
    """Zero and every value, with at most four steps between bottom and top; whole values get whole steps."""
    top = max(float(max(values, default=ZERO)), 0.0)
    bottom = max(-float(min(values, default=ZERO)), 0.0)
    top = 1.0 if top == bottom == 0 else top
    least = 1.0 if all(value == value.to_integral_value() for value in values) else 0.0
    power = 10.0 ** (floor(log10(max(top, bottom))) - 1)
    for factor in (2, 2.5, 5, 10, 20, 25, 50, 100):
        step = max(power * factor, least)
        above, below = ceil(top / step - 1e-9), ceil(bottom / step - 1e-9)
        if above + below <= MOST_LINES and (step == int(step) or not least):
            break
    return Scale(step, -below * step, above * step)


def _shape(series: Series, scale: Scale) -> Drawn:
    count = len(series.values)
    wide = ACROSS / count
    heights = [scale.y(value) for value in series.values]
    zero, end = scale.y(0.0), heights[-1]
    if series.kind == FLOW:
        share = 100 / count
        bars = tuple(
            (round((i + 0.15) * share, 3), min(y, zero), round(share * 0.7, 3), round(abs(zero - y), 1))
            for i, y in enumerate(heights)
            if y != zero
        )
        return Drawn(series, end, bars=bars)
    if series.kind == BEFORE:
        middles = [f"{round((i + 0.5) * wide, 1)} {y}" for i, y in enumerate(heights)]
        return Drawn(series, end, path="M" + "L".join(middles))
    path = f"M0 {heights[0]}" + "".join(f"H{round(i * wide, 1)}V{y}" for i, y in enumerate(heights) if i) + f"H{ACROSS}"
    return Drawn(series, end, path=path, area=f"{path}V{zero}H0Z")


def _ends_apart(drawn: list[Drawn]) -> tuple[Drawn, ...]:
    """Names stand at the ends of their series; where ends lie too close, the lower names move up or down."""
    order = sorted(range(len(drawn)), key=lambda i: drawn[i].end_y)
    heights = [drawn[i].end_y for i in order]
    for i in range(1, len(heights)):
        heights[i] = max(heights[i], heights[i - 1] + APART)
    over = max(heights[-1] - BASE, 0.0) if heights else 0.0
    moved = {i: round(height - over, 1) for i, height in zip(order, heights, strict=True)}
    return tuple(
        Drawn(each.series, moved[i] + 4, path=each.path, area=each.area, bars=each.bars) for i, each in enumerate(drawn)
    )


def _labels(points: Sequence[Period], step: str) -> tuple[tuple[float, str, bool], ...]:
    every = ceil(len(points) / MOST_LABELS)
    wide = 100 / len(points)
    shown = range(0, len(points), every)
    return tuple(
        (round(i * wide, 3), f"{points[i].first:%b}" if step == MONTH else f"{points[i].first:%-d %b}", n % 2 == 0)
        for n, i in enumerate(shown)
        if i * wide <= 90
    )


def _row(point: Period, index: int, series: Sequence[Series], step: str, unit: str) -> Row:
    label = named(point, step)
    weekday = f"{point.first:%A} " if point.days == 1 else ""
    values = tuple(each.values[index] for each in series)
    said = ", ".join(
        " ".join(filter(None, (quantity(value), unit if n == 0 else "", each.said)))
        for n, (each, value) in enumerate(zip(series, values, strict=True))
    )
    return Row(point, label, f"{weekday}{label}: {said}", values)


def named(point: Period, step: str) -> str:
    """A day, a week or a month as people say it."""
    if step == MONTH and point.first.day == 1:
        return f"{point.first:%B %Y}"
    return short_date(point.first) if point.days == 1 else f"{short_date(point.first)} to {short_date(point.last)}"


def _short(value: float) -> str:
    """A figure beside the axis, which has room for five characters."""
    sign = "\N{MINUS SIGN}" if value < 0 else ""
    size = abs(value)
    for least, unit in ((1e9, "bn"), (1e6, "m"), (1e4, "k")):
        if size >= least:
            return f"{sign}{size / (1e3 if unit == 'k' else least):,.4g}{unit}"
    return f"{sign}{size:,.6g}"
