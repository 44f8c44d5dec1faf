"""The drawing on the tile that stands for an item without a picture, by the words of its category."""

from __future__ import annotations

DRAWINGS = (
    ("bag", ("bag", "luggage", "textile", "clothing", "fashion")),
    ("pot", ("kitchen", "cook", "baking", "food")),
    ("cup", ("tableware", "drink", "tea", "coffee", "mug", "glass")),
    ("lamp", ("light", "lamp", "candle")),
    ("sign", ("sign", "frame", "wall", "clock")),
    ("flag", ("party", "christmas", "season", "decoration")),
    ("pencil", ("station", "paper", "office", "card", "craft")),
    ("ball", ("toy", "game", "child", "sport")),
    ("drawer", ("storage", "household", "furniture", "home")),
    ("gift", ("gift",)),
    ("leaf", ("garden", "plant", "flower")),
)


def drawing(category: str | None) -> str:
    """The name of the line drawing; a plain box where no word is known."""
    words = (category or "").casefold()
    return next((name for name, known in DRAWINGS if any(word in words for word in known)), "box")
