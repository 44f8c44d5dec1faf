"""Adding the combinations that a group of variants still lacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select

from ventory.blueprints.items import grid, references
from ventory.blueprints.items.models import Item, ItemGroup
from ventory.blueprints.items.references import FoundItem, ItemRef
from ventory.blueprints.tags import queries as tag_queries
from ventory.blueprints.tags import service as tags
from ventory.core import variants as rules
from ventory.core.errors import BadInput, NotFound, SkuTaken
from ventory.core.events import ItemChanged
from ventory.db.unit_of_work import Command, UnitOfWork, unit_of_work, use_case
from ventory.stock import rules as stock_rules


@dataclass(frozen=True, kw_only=True)
class AddVariants(Command):
    """pattern: of the new SKUs, with {Option} for each value; values: further ones by option

    combinations: those that are wanted, None for all that are missing; dry_run: say what would be added, add nothing
    """

    group_id: int
    pattern: str
    values: Mapping[str, tuple[str, ...]]
    combinations: tuple[Mapping[str, str], ...] | None = None
    dry_run: bool = False


@dataclass(frozen=True)
class AddedVariant:
    """id: None in a dry run"""

    id: int | None
    sku: str
    name: str
    options: dict[str, str]


@dataclass(frozen=True)
class AddedVariants:
    """based_on: the SKU of the variant whose category, unit, price, tags and stores the new ones share"""

    group_id: int
    based_on: str
    items: tuple[AddedVariant, ...]


@use_case
def add_missing(command: AddVariants) -> AddedVariants:
    """Add the missing combinations of a group's options, each an item like the group's oldest active variant.

    409 sku_taken when a SKU of the pattern is another item's
    """
    with unit_of_work(command) as work:
        group, model, plan = _planned(work, command)
        if command.dry_run:
            work.forget()  # saying what would be added is no change
            return AddedVariants(group.id, model.sku, plan)
        made = _made(work, group, model, plan)
        return work.result(AddedVariants(group.id, model.sku, made))


def _planned(work: UnitOfWork, command: AddVariants) -> tuple[ItemGroup, Item, tuple[AddedVariant, ...]]:
    """The group, the variant to follow and what would be added. Locks the group: two at once would add twice."""
    wanted = select(ItemGroup).where(ItemGroup.id == command.group_id).with_for_update()
    group = work.session.execute(wanted).scalar_one_or_none()
    if group is None:
        raise NotFound("There is no such group.")
    there = grid.variants_of(work.session, group.id)
    if not there:
        raise BadInput(f"{group.name} has no active variant to follow. Add the first one as an item.")
    if not group.option_names:
        raise BadInput(f"The variants of {group.name} have no options yet. Give one of them an option first.")
    for name in command.values:
        if name not in group.option_names:
            raise BadInput(f"{group.name} has no option {name}.", field=f"values.{name}")
    absent = rules.missing(group.option_names, [row.options for row in there], command.values)
    chosen = absent if command.combinations is None else _chosen(absent, command.combinations)
    if not chosen:
        raise BadInput(f"No combination of {group.name} is missing. Add a value first.", field="values")
    skus = rules.skus_of(command.pattern, chosen)
    _refuse_taken(work, skus)
    plan = tuple(
        AddedVariant(None, sku, rules.name_of(group.name, options), dict(options))
        for sku, options in zip(skus, chosen, strict=True)
    )
    return group, work.session.get_one(Item, there[0].id), plan


def _chosen(absent: list[dict[str, str]], wanted: tuple[Mapping[str, str], ...]) -> list[dict[str, str]]:
    known = {_key(each): each for each in absent}
    chosen = {}
    for index, each in enumerate(wanted):
        found = known.get(_key(each))
        if found is None:
            said = ", ".join(each.values()) or "This combination"
            raise BadInput(
                f"{said} is there already, or no combination of these options.", field=f"combinations.{index}"
            )
        chosen[_key(each)] = found
    return list(chosen.values())


def _key(options: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    return frozenset((name, value.casefold()) for name, value in options.items())


def _refuse_taken(work: UnitOfWork, skus: list[str]) -> None:
    """Name the SKU that is taken; the database's own refusal could not."""
    keys = [sku.casefold() for sku in skus]
    row = work.session.execute(
        select(Item.sku).where(Item.sku_key.in_(keys), Item.archived_at.is_(None)).order_by(Item.id).limit(1)
    ).first()
    if row is not None:
        raise SkuTaken(f"{row.sku} is another item's SKU. Change the pattern.", field="pattern")


def _made(work: UnitOfWork, group: ItemGroup, model: Item, plan: tuple[AddedVariant, ...]) -> tuple[AddedVariant, ...]:
    items = [
        Item(
            inventory_id=work.inventory_id,
            sku=each.sku,
            sku_key=each.sku.casefold(),
            name=each.name,
            name_key=each.name.casefold(),
            description=model.description,
            category_id=model.category_id,
            unit_id=model.unit_id,
            type_id=model.type_id,
            group_id=group.id,
            options=each.options,
            price=model.price,
            field_values=model.field_values,
            created_at=work.now,
            updated_at=work.now,
            version=1,
        )
        for each in plan
    ]
    work.session.add_all(items)
    work.session.flush()
    words = tag_queries.tags_of(work.session, [model.id]).get(model.id, ())
    for item in items:
        tags.give(work, item.id, words)
        work.emit(ItemChanged(item.id, "added"), item.id)
    found = references.items(work.connection, work.actor, [ItemRef(item_id=model.id)]).by_id(model.id)
    if found.keeps_stock:
        _carry(work, found, [item.id for item in items])
    return tuple(AddedVariant(item.id, item.sku, item.name, item.options) for item in items)


def _carry(work: UnitOfWork, model: FoundItem, item_ids: list[int]) -> None:
    """Let the stores that carry the model, and that the actor may see, carry the new ones too."""
    known = references.stores(work.connection, work.actor)
    carried = references.carrying(work.connection, work.actor, [model.id])
    stores = [store_id for store_id in carried[model.id] if store_id in known.all]
    stores = stores or [references.store_for(model, known, carried, field="store").id]
    keys = {(store_id, item_id) for store_id in stores for item_id in item_ids}
    stock_rules.make_balances(work, keys)
