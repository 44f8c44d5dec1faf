"""Adding, changing and removing categories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select

from ventory.blueprints.categories import queries
from ventory.blueprints.categories.models import Category
from ventory.blueprints.categories.queries import CategoryView
from ventory.core import reorder
from ventory.core.errors import BadInput, InUse
from ventory.core.unset import UNSET, Unset
from ventory.db.editing import locked
from ventory.db.unit_of_work import Command, UnitOfWork, unit_of_work, use_case
from ventory.stock import rules

DEEPEST = 8


@dataclass(frozen=True, kw_only=True)
class AddCategory(Command):
    name: str
    parent_id: int | None = None
    tint: int = 0
    reorder_point: Decimal | None = None
    target_level: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class ChangeCategory(Command):
    """name, tint: None leaves it. moves: whether parent_id is meant (None is the top). The rule: None inherits it."""

    category_id: int
    version: int | None = None
    name: str | None = None
    tint: int | None = None
    parent_id: int | None = None
    moves: bool = False
    reorder_point: Decimal | Unset | None = UNSET
    target_level: Decimal | Unset | None = UNSET

    @property
    def sets_rule(self) -> bool:
        return self.reorder_point is not UNSET or self.target_level is not UNSET


@dataclass(frozen=True, kw_only=True)
class RemoveCategory(Command):
    category_id: int
    version: int | None = None


@dataclass(frozen=True)
class Removed:
    id: int


@use_case
def add(command: AddCategory) -> CategoryView:
    """Add a category, at the top or below another."""
    with unit_of_work(command) as work:
        _check_parent(work, None, command.parent_id)
        category = Category(
            inventory_id=work.inventory_id,
            parent_id=command.parent_id,
            name=command.name,
            name_key=command.name.casefold(),
            tint=command.tint,
            reorder_point=command.reorder_point,
            target_level=command.target_level,
            version=1,
        )
        reorder.check(reorder.Rule(command.reorder_point, command.target_level))
        work.session.add(category)
        work.session.flush()
        return work.result(_view(work, category.id))


def added(work: UnitOfWork, name: str, parent_id: int | None = None) -> int:
    """Add a category that something names. returns: its id"""
    key = name.casefold()
    category = Category(
        inventory_id=work.inventory_id, parent_id=parent_id, name=name, name_key=key, tint=len(key) % 10, version=1
    )
    work.session.add(category)
    work.session.flush()
    return category.id


class Paths:
    """The categories of an inventory by their paths, read once for many items.

    A path of one name is the first category of this name anywhere, those at the top before others.
    """

    def __init__(self, work: UnitOfWork):
        self._work = work
        self._below: dict[tuple[int | None, str], int] = {}
        self._named: dict[str, int] = {}
        self.added = 0
        rows = select(Category.id, Category.parent_id, Category.name_key)
        for row in work.session.execute(rows.order_by(Category.parent_id.is_not(None), Category.id)):
            self._below[row.parent_id, row.name_key] = row.id
            self._named.setdefault(row.name_key, row.id)

    def find(self, path: Sequence[str]) -> int | None:
        """The category of a path, None when there is none."""
        if len(path) == 1:
            return self._named.get(path[0].casefold())
        here: int | None = None
        for name in path:
            here = self._below.get((here, name.casefold()))
            if here is None:
                return None
        return here

    def find_or_add(self, path: Sequence[str]) -> int:
        """The category of a path; what is missing of it is added."""
        found = self.find(path)
        if found is not None:
            return found
        here: int | None = None
        for name in path:
            key = name.casefold()
            if (here, key) not in self._below:
                made = added(self._work, name, here)
                self._below[here, key] = made
                self._named.setdefault(key, made)
                self.added += 1
            here = self._below[here, key]
        assert here is not None, "a path has a name"
        return here


@use_case
def change(command: ChangeCategory) -> CategoryView:
    """Rename a category, move it in the tree, never below itself, or set the rule of what is in it."""
    with unit_of_work(command) as work:
        category = locked(work, Category, command.category_id, command.version, "category")
        if command.name is not None:
            category.name, category.name_key = command.name, command.name.casefold()
        if command.tint is not None:
            category.tint = command.tint
        if command.moves:
            _check_parent(work, category.id, command.parent_id)
            category.parent_id = command.parent_id
        _set_rule(category, command)
        category.version += 1
        if command.moves or command.sets_rule:
            rules.hold(work, alone=True)
            rules.copy(work, category_id=category.id)
        work.session.flush()
        return work.result(_view(work, category.id))


def _set_rule(category: Category, command: ChangeCategory) -> None:
    if not isinstance(command.reorder_point, Unset):
        category.reorder_point = command.reorder_point
    if not isinstance(command.target_level, Unset):
        category.target_level = command.target_level
    reorder.check(reorder.Rule(category.reorder_point, category.target_level))


@use_case
def remove(command: RemoveCategory) -> Removed:
    """Remove a category that nothing is in. 409 in_use else."""
    with unit_of_work(command) as work:
        category = locked(work, Category, command.category_id, command.version, "category", also_references=True)
        view = _view(work, category.id)
        if queries.is_used(work.session, category.id):
            raise InUse(f"{view.name} holds items, categories or fields of its own. Move or remove them first.")
        work.session.delete(category)
        work.session.flush()
        return work.result(Removed(command.category_id))


def _check_parent(work: UnitOfWork, category_id: int | None, parent_id: int | None) -> None:
    """raises: BadInput when the parent is missing, the category itself or below it, or too deep"""
    depth = 0
    while parent_id is not None:
        if parent_id == category_id:
            raise BadInput("A category cannot stand below itself.", field="parent_id")
        parent = work.session.execute(
            select(Category.id, Category.parent_id).where(Category.id == parent_id).with_for_update()
        ).first()
        if parent is None:
            raise BadInput(f"There is no category {parent_id}.", field="parent_id")
        depth += 1
        if depth >= DEEPEST:
            raise BadInput(f"The tree is at most {DEEPEST} levels deep.", field="parent_id")
        parent_id = parent.parent_id


def _view(work: UnitOfWork, category_id: int) -> CategoryView:
    view = queries.get(work.session, category_id)
    assert view is not None
    return view
