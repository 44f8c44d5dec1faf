"""Pictures for the demo's goods, drawn here: a simple shape by what the name says, colours and pattern by number."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from PIL import Image, ImageDraw

from ventory.blueprints.files import pictures
from ventory.demo.goods import Good, number

COUNT = 60
SIZE = 480
# Drawn larger and reduced, so that edges come out smooth.
_FINE = 2
_SIDE = SIZE * _FINE
# Paper, body, trim, ink: quiet pairs that go with both themes.
PALETTES = (
    ("#f4ede4", "#c8553d", "#f2c14e", "#5b2333"),
    ("#e8f0ee", "#2a7f7f", "#f4b393", "#173f3f"),
    ("#eef1f8", "#3d5a98", "#f7c59f", "#1d2c4d"),
    ("#f6eef3", "#9b4f7c", "#8fc0a9", "#47203a"),
    ("#f1f3e6", "#6b8e4e", "#e9c46a", "#2f4221"),
    ("#f8f0ea", "#d98a4b", "#4f8a8b", "#5a3518"),
    ("#edf0f2", "#5f6f84", "#ef8a72", "#29323d"),
)
Box = tuple[float, float, float, float]


class Sheet:
    """A square to draw on; places and sizes go from 0 to 100."""

    def __init__(self, good: Good):
        self.choice = number("picture", good.sku)
        named = (place for word, place in COLOURS if word in good.name.casefold().split())
        self.paper, self.body, self.trim, self.ink = PALETTES[next(named, self.choice % len(PALETTES))]
        self.image = Image.new("RGB", (_SIDE, _SIDE), self.paper)
        self.pen = ImageDraw.Draw(self.image)

    def shadow(self) -> None:
        """What stands on a table casts one; what hangs on a wall does not."""
        self.oval((22, 80, 78, 90), _between(self.paper, self.ink, 0.12))

    def rounded(self, box: Box, radius: float, colour: str) -> None:
        self.pen.rounded_rectangle(_scaled(box), _fine(radius), fill=colour)

    def oval(self, box: Box, colour: str) -> None:
        self.pen.ellipse(_scaled(box), fill=colour)

    def ring(self, box: Box, colour: str, width: float, start: float = 0, end: float = 360) -> None:
        self.pen.arc(_scaled(box), start, end, fill=colour, width=round(_fine(width)))

    def shape(self, points: Sequence[tuple[float, float]], colour: str) -> None:
        self.pen.polygon([(_fine(x), _fine(y)) for x, y in points], fill=colour)

    def line(self, points: Sequence[tuple[float, float]], colour: str, width: float) -> None:
        self.pen.line([(_fine(x), _fine(y)) for x, y in points], fill=colour, width=round(_fine(width)), joint="curve")

    def pattern(self, box: Box) -> None:
        """Dots, stripes, checks or nothing, inside a box."""
        left, top, right, bottom = box
        kind = self.choice // 7 % 4
        if kind == 0:
            for row in range(3):
                for column in range(4):
                    x = left + (column + 0.5 + row % 2 * 0.25) * (right - left) / 4.25
                    y = top + (row + 0.5) * (bottom - top) / 3
                    self.oval((x - 2.2, y - 2.2, x + 2.2, y + 2.2), self.trim)
        elif kind == 1:
            for stripe in range(3):
                y = top + (stripe + 0.5) * (bottom - top) / 3
                self.pen.rectangle(_scaled((left, y - 1.8, right, y + 1.8)), fill=self.trim)
        elif kind == 2:
            middle, height = (left + right) / 2, (top + bottom) / 2
            self.oval((middle - 9, height - 9, middle + 9, height + 9), self.trim)
            self.oval((middle - 4, height - 4, middle + 4, height + 4), self.paper)

    def reduced(self) -> Image.Image:
        return self.image.reduce(_FINE)


def _fine(place: float) -> float:
    return place * _SIDE / 100


def _scaled(box: Box) -> list[float]:
    return [_fine(place) for place in box]


def _between(one: str, other: str, share: float) -> str:
    pairs = [(int(one[at : at + 2], 16), int(other[at : at + 2], 16)) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def bag(sheet: Sheet) -> None:
    sheet.ring((34, 18, 66, 58), sheet.ink, 3.5, 180, 360)
    sheet.shape([(24, 38), (76, 38), (82, 84), (18, 84)], sheet.body)
    sheet.pattern((30, 48, 70, 78))
    sheet.rounded((24, 36, 76, 42), 2, sheet.ink)


def mug(sheet: Sheet) -> None:
    sheet.ring((60, 40, 90, 72), sheet.ink, 5)
    sheet.rounded((22, 28, 74, 84), 8, sheet.body)
    sheet.pattern((28, 44, 68, 76))
    sheet.oval((22, 23, 74, 36), sheet.ink)
    sheet.oval((26, 25.5, 70, 34), sheet.trim)


def lamp(sheet: Sheet) -> None:
    sheet.oval((26, 12, 74, 60), _between(sheet.paper, sheet.trim, 0.5))
    sheet.rounded((47.5, 50, 52.5, 82), 1, sheet.ink)
    sheet.rounded((32, 79, 68, 86), 3, sheet.ink)
    sheet.shape([(38, 18), (62, 18), (76, 56), (24, 56)], sheet.body)
    sheet.line([(32, 36), (68, 36)], sheet.trim, 2.5)
    sheet.line([(28, 47), (72, 47)], sheet.trim, 2.5)


def sign(sheet: Sheet) -> None:
    sheet.line([(28, 36), (50, 14), (72, 36)], sheet.ink, 2)
    sheet.oval((47, 11, 53, 17), sheet.ink)
    sheet.rounded((14, 34, 86, 80), 5, sheet.ink)
    sheet.rounded((18, 38, 82, 76), 3, sheet.body)
    for row, width in enumerate((50, 36, 44)):
        y = 46 + row * 10
        sheet.rounded((50 - width / 2, y, 50 + width / 2, y + 4.5), 2, sheet.trim if row == 1 else sheet.paper)


def bunting(sheet: Sheet) -> None:
    colours = (sheet.body, sheet.trim, sheet.ink)
    for row, top in enumerate((20, 52)):
        sheet.line([(4, top - 6), (26, top + 1), (50, top + 3), (74, top + 1), (96, top - 6)], sheet.ink, 1.6)
        for flag in range(5):
            x = 8 + flag * 17.5
            y = top + (0, 3, 4, 3, 0)[flag] - 2
            sheet.shape([(x, y), (x + 13, y), (x + 6.5, y + 22)], colours[(flag + row + sheet.choice) % 3])


def chest(sheet: Sheet) -> None:
    sheet.rounded((20, 46, 80, 86), 4, sheet.body)
    sheet.pattern((26, 56, 74, 82))
    sheet.rounded((16, 34, 84, 50), 5, sheet.ink)
    sheet.rounded((40, 39, 60, 45), 3, sheet.trim)


def clock(sheet: Sheet) -> None:
    sheet.line([(34, 74), (26, 86)], sheet.ink, 4)
    sheet.line([(66, 74), (74, 86)], sheet.ink, 4)
    sheet.oval((20, 12, 46, 38), sheet.ink)
    sheet.oval((54, 12, 80, 38), sheet.ink)
    sheet.oval((20, 22, 80, 82), sheet.body)
    sheet.oval((28, 30, 72, 74), sheet.paper)
    for x, y in ((50, 34), (68, 52), (50, 70), (32, 52)):
        sheet.oval((x - 1.5, y - 1.5, x + 1.5, y + 1.5), sheet.ink)
    sheet.line([(50, 38), (50, 52), (61, 57)], sheet.ink, 2.6)
    sheet.oval((47.5, 49.5, 52.5, 54.5), sheet.trim)


def cake(sheet: Sheet) -> None:
    sheet.oval((26, 30, 74, 66), sheet.trim)
    sheet.oval((34, 20, 66, 46), _between(sheet.trim, sheet.paper, 0.35))
    sheet.oval((45, 13, 55, 23), sheet.body)
    sheet.shape([(22, 52), (78, 52), (68, 86), (32, 86)], sheet.body)
    for fold in range(1, 6):
        x = 22 + fold * 56 / 6
        sheet.line([(x, 53), (32 + fold * 6, 85)], _between(sheet.body, sheet.ink, 0.45), 1.4)


def bottle(sheet: Sheet) -> None:
    sheet.rounded((44, 10, 56, 20), 2, sheet.ink)
    sheet.shape([(40, 18), (60, 18), (64, 34), (36, 34)], sheet.trim)
    sheet.rounded((26, 28, 74, 86), 12, sheet.body)
    sheet.pattern((32, 40, 68, 78))


def mat(sheet: Sheet) -> None:
    for tassel in range(13):
        x = 11 + tassel * 6.5
        sheet.line([(x, 30), (x, 78)], sheet.ink, 1.4)
    sheet.rounded((6, 34, 94, 74), 3, sheet.body)
    sheet.rounded((11, 39, 89, 69), 2, _between(sheet.body, sheet.paper, 0.25))
    sheet.pattern((20, 42, 80, 66))


# By what stands in the name, the first that is found.
SHAPES: tuple[tuple[str, Callable[[Sheet], None]], ...] = (
    ("bag", bag),
    ("clock", clock),
    ("bunting", bunting),
    ("doormat", mat),
    ("hot water bottle", bottle),
    ("cake cases", cake),
    ("teacup", mug),
    ("light", lamp),
    ("sign", sign),
    ("box", chest),
    ("tin", chest),
)
HANGING = (bunting, sign, mat)
# Which of the palettes a colour in the name asks for.
COLOURS = (("red", 0), ("green", 4), ("blue", 2), ("pink", 3), ("orange", 5), ("black", 6), ("white", 6), ("ivory", 5))


def shape_of(good: Good) -> Callable[[Sheet], None] | None:
    """What an article looks like, or None when its name does not say."""
    words = good.name.casefold()
    return next((shape for word, shape in SHAPES if re.search(rf"\b{word}s?\b", words)), None)


def draw(good: Good) -> Image.Image:
    """The picture of an article, the same every time."""
    sheet, shape = Sheet(good), shape_of(good)
    assert shape is not None, good.name
    if shape not in HANGING:
        sheet.shadow()
    shape(sheet)
    return sheet.reduced()


def pictured(goods: Sequence[Good]) -> list[Good]:
    """The articles that get a picture; the others show their category's drawing."""
    known = sorted((good for good in goods if shape_of(good)), key=lambda good: number("pictured", good.sku))
    chosen = {good.sku for good in known[:COUNT]}
    return [good for good in goods if good.sku in chosen]


def draw_all(goods: Sequence[Good]) -> list[pictures.Picture]:
    """The pictures of some articles, as they are stored, in the order of the articles."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda good: pictures.encoded(draw(good)), goods))
