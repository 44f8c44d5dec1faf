"""A field that a change does not mention, where None would mean "empty it"."""

from __future__ import annotations

from enum import Enum


class Unset(Enum):
    """The one value of this kind leaves a field as it is."""

    UNSET = "unset"


UNSET = Unset.UNSET
