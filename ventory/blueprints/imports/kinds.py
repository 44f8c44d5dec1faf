"""The kinds of file that can be imported, by the word that the command takes."""

from ventory.blueprints.imports.kind import Kind
from ventory.blueprints.imports.orders import Orders
from ventory.blueprints.imports.products import Products
from ventory.blueprints.imports.sales import Sales
from ventory.blueprints.imports.stores import Stores
from ventory.blueprints.imports.suppliers import Suppliers

KINDS: dict[str, type[Kind]] = {kind.shape.kind: kind for kind in (Products, Stores, Suppliers, Sales, Orders)}
