"""The kinds of file that can be imported, by the word that the command takes."""

from ventory.blueprints.imports.kind import Kind
from ventory.blueprints.imports.orders import Orders
from ventory.blueprints.imports.sales import Sales
from ventory.blueprints.imports.stores import Stores

KINDS: dict[str, type[Kind]] = {kind.shape.kind: kind for kind in (Stores, Sales, Orders)}
