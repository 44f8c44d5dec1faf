"""What a line is to the places it leaves and joins: sold, received, returned and so on, as SQL over the ledger."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import aliased

from ventory.core.facts import FLOWS, Flow, flow_of
from ventory.core.ledger import HOLDING, VIRTUAL
from ventory.core.quantity import ZERO
from ventory.stock.models import Movement, MovementLine, Place

Source, Target = aliased(Place), aliased(Place)


def lines_at(here: Callable[[Any], ColumnElement[bool]]) -> Select:
    """Lines with their movement and places that leave or join certain places; add columns to it.

    here: the condition that a place is one of those
    """
    return (
        select()
        .select_from(MovementLine)
        .join(Movement, Movement.id == MovementLine.movement_id)
        .join(Source, Source.id == MovementLine.from_place_id)
        .join(Target, Target.id == MovementLine.to_place_id)
        .where(or_(here(Source), here(Target)))
    )


def sums(here: Callable[[Any], ColumnElement[bool]]) -> list[ColumnElement]:
    """The sum of each flow of `lines_at`, labelled by its name. A line between two such places counts for both."""
    cases: dict[str, list] = {name: [] for name in FLOWS}
    for inward, place, other in ((True, Target, Source), (False, Source, Target)):
        for is_reversal in (True, False):
            reversal = Movement.reverses_id.is_not(None) if is_reversal else Movement.reverses_id.is_(None)
            kinds: dict[Flow, list[str]] = {}
            for kind in (*VIRTUAL, *sorted(HOLDING)):
                kinds.setdefault(flow_of(kind, inward=inward, is_reversal=is_reversal), []).append(kind)
            for flow, of_kinds in kinds.items():
                quantity = MovementLine.quantity if flow.sign > 0 else -MovementLine.quantity
                cases[flow.name].append(
                    case((and_(here(place), other.kind.in_(of_kinds), reversal), quantity), else_=ZERO)
                )
    kind = MovementLine.quantity.type
    return [
        func.coalesce(func.sum(sum(parts[1:], parts[0]), type_=kind), ZERO, type_=kind).label(name)
        for name, parts in cases.items()
    ]
