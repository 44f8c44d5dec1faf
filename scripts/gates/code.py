"""Gates on the package's Python: what runs what was sent, weak secrets, SQL made of text, walls between tenants."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from scripts.gates.found import Found, Gate, called, calls, nodes, programs, written

RUNS = {
    "eval", "exec", "compile", "__import__", "os.system", "os.popen", "os.spawnl", "pty.spawn", "yaml.load",
    "importlib.import_module", "render_template_string", "flask.render_template_string", "marshal.loads", "Markup",
}  # fmt: skip
UNSAFE_IMPORTS = {"pickle", "marshal", "shelve", "dill", "telnetlib", "ftplib", "xmlrpc", "xml"}
WEAK = {"md5", "sha1", "new", "uuid1", "uuid4", "uuid3", "uuid5"}
CHANGES = {"append", "add", "update", "clear", "setdefault", "pop", "popitem", "extend", "insert", "remove", "discard"}

# What the rules would refuse and why it may stay. A line that matches nothing any more fails too.
RANDOM = {
    "ventory/db/unit_of_work.py": "the jitter between tries",
    "ventory/demo/history.py": "hours of the demo chain, the same each time",
}
PATTERNS = {
    "ventory/demo/goods.py": "words of the demo's own lists",
    "ventory/demo/pictures.py": "words of the demo's own lists",
    "ventory/core/tills.py": "words of a mapping, escaped",
    "ventory/blueprints/auth/devices.py": "patterns of a list in the same file",
}
COOKIES = {"ventory/blueprints/auth/devices.py": "the mark of a device, by the same rules as the session's cookie"}
STATE = {
    "ventory/blueprints/accounts/codes.py: _keys": "the secrets, bound once when the application is made",
    "ventory/blueprints/auth/service.py: _turn": "the file that password checks of a machine take turns by, bound once",
    "ventory/blueprints/auth/factors.py: _bound": "the secrets, bound once when the application is made",
    "ventory/blueprints/inventories/invitations.py: _secrets": "the secrets, bound once when the application is made",
    "ventory/db/integrity.py: _MEANINGS": "what constraints mean, told while modules load",
}
SQL = {
    "ventory/blueprints/analytics/queries.py": "a condition that another module holds as a constant",
    "ventory/db/dialect/postgresql.py": "names of our own tables and columns, and rules that are constants elsewhere",
    "ventory/db/dialect/sqlite.py": "names of our own tables and columns, and rules that are constants elsewhere",
    "ventory/db/roles.py": "names of our own tables, and of a role that an operator types, quoted",
    "ventory/stock/carried.py": "the name of a table, of a fixed pair",
    "ventory/stock/facts.py": "names of our own tables and figures",
    "ventory/stock/models.py": "the name of a column, while modules load",
    "ventory/stock/seals.py": "the name of a sealed table, of a fixed list",
}
COMPARED = {
    "ventory/db/once.py: row.digest != once.digest": "of a body that its own sender repeats; nobody is proven by it",
}
ACROSS = {
    "ventory/blueprints/suppliers/bulk.py: _preferred": "changes rows by ids that the inventory's own session found",
    "ventory/stock/facts.py: position": "the bookkeeper follows every inventory's movements",
    "ventory/stock/facts.py: hold": "the bookkeeper follows every inventory's movements",
    "ventory/stock/facts.py: _seen": "the bookkeeper follows every inventory's movements",
    "ventory/stock/facts.py: seen": "the bookkeeper follows every inventory's movements",
    "ventory/blueprints/keys/journal.py: _note_use": "what a process saw of keys that it let in, by their ids",
    "ventory/blueprints/keys/journal.py: _trim": "what a process saw of keys that it let in, by their ids",
    "ventory/blueprints/keys/journal.py: forget": "the worker's tidying, by age",
    "ventory/worker/proving.py: _write": "the run that this process does, by its id",
    "ventory/worker/proving.py: _is_unwanted": "the run that this process does, by its id",
    "ventory/worker/proof.py: _give_up": "runs whose worker is gone, whosever they are",
    "ventory/worker/files.py: _without_a_row": "the sweep looks for objects that no inventory names",
}


def nothing_runs_what_was_sent(root: Path) -> Found:
    """ASVS 1.2.5, 1.3.2, 1.5.2: no eval, shell, pickle or template from a string."""
    found = Found()
    for name, tree in programs(root):
        found.examined += 1
        for call in calls(tree):
            said = called(call)
            is_shell = any(each.arg == "shell" and ast.unparse(each.value) != "False" for each in call.keywords)
            if said == "Markup" and call.args and isinstance(call.args[0], ast.Constant):
                continue  # a constant, whose values are escaped as they are put in
            if said in RUNS or said.endswith((".from_string", ".render_template_string")) or is_shell:
                found.refuse(f"{name}:{call.lineno}: {said}")
        for node in nodes(tree):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for each in names:
                if each.split(".")[0] in UNSAFE_IMPORTS:
                    found.refuse(f"{name}:{node.lineno}: import {each}")
    return found


def secrets_are_made_by_secrets(root: Path) -> Found:
    """ASVS 11.4.1, 11.5.1: no weak digest, no guessable number, no UUID."""
    found = Found(RANDOM)
    for name, tree in programs(root):
        for node in nodes(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                found.examined += 1
                names = [each.name for each in node.names] if isinstance(node, ast.Import) else [node.module or ""]
                if "random" in names:
                    found.refuse(f"{name}:{node.lineno}: random, where `secrets` is needed", unless=name)
                if "uuid" in names:
                    found.refuse(f"{name}:{node.lineno}: a UUID is no secret; `secrets.token_hex` is")
            if isinstance(node, ast.Call) and called(node).startswith("hashlib."):
                found.examined += 1
                if called(node).removeprefix("hashlib.") in WEAK:
                    found.refuse(f"{name}:{node.lineno}: {called(node)}")
    return found


def sql_is_not_made_of_text(root: Path) -> Found:
    """ASVS 1.2.4: a statement is a constant, or made of constants of the module; values are parameters."""
    found = Found(SQL)
    for name, tree in programs(root):
        constants = _constants(tree)
        for call in calls(tree):
            if (
                called(call).split(".")[-1] not in ("text", "exec_driver_sql", "execute", "executescript")
                or not call.args
            ):
                continue
            found.examined += 1
            foreign = _foreign(call.args[0], constants)
            if foreign:
                what = f"a statement with {', '.join(sorted(foreign))} in its text"
                found.refuse(f"{name}:{call.lineno}: {what}", unless=name)
    return found


def _constants(tree: ast.Module) -> set[str]:
    targets = (
        node.targets if isinstance(node, ast.Assign) else [node.target]
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
    )
    return {target.id for each in targets for target in each if isinstance(target, ast.Name) and target.id.isupper()}


def _foreign(statement: ast.expr, constants: set[str]) -> set[str]:
    """The names within a statement's text that are no constants of the module."""
    if isinstance(statement, ast.JoinedStr):
        parts = [each.value for each in statement.values if isinstance(each, ast.FormattedValue)]
    elif isinstance(statement, ast.BinOp):
        parts = [statement.left, statement.right]
    elif isinstance(statement, ast.Call) and called(statement).endswith(".format"):
        parts = [*statement.args, *(each.value for each in statement.keywords)]
    else:
        return set()
    names = {ast.unparse(each) for each in parts if not isinstance(each, ast.Constant)}
    return {each for each in names if each.lstrip("_") not in {c.lstrip("_") for c in constants}}


_SECRET = re.compile(r"(^|_)(digest|secret|token|signature|password|password_hash|code|nonce)$")


def secrets_are_compared_in_constant_time(root: Path) -> Found:
    """ASVS 11.2.4: what proves somebody is compared by `is_same`, which takes as long whatever differs."""
    found = Found(COMPARED)
    for name, tree in programs(root):
        if not name.startswith(
            ("ventory/blueprints/auth", "ventory/blueprints/accounts", "ventory/web", "ventory/db/once")
        ):
            continue
        for node in nodes(tree):
            if not isinstance(node, ast.Compare) or not isinstance(node.ops[0], ast.Eq | ast.NotEq):
                continue
            found.examined += 1
            sides = [node.left, node.comparators[0]]
            if any(isinstance(each, ast.Constant) for each in sides) or any(_is_column(each) for each in sides):
                continue
            if any(_SECRET.search(_last_name(each)) for each in sides):
                where = f"{name}: {ast.unparse(node)}"
                found.refuse(where, unless=where)
    return found


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _is_column(node: ast.expr) -> bool:
    """Whether it belongs to a table, so that the database compares."""
    name = written(node)
    return ".c." in name or name[0].isupper()


def patterns_are_constants(root: Path) -> Found:
    """ASVS 1.2.9: no pattern is made of what somebody sent."""
    found = Found(PATTERNS)
    for name, tree in programs(root):
        for call in calls(tree):
            if not re.fullmatch(r"re\.(compile|match|search|sub|fullmatch|split|findall|finditer)", called(call)):
                continue
            found.examined += 1
            if not isinstance(call.args[0], ast.Constant):
                found.refuse(f"{name}:{call.lineno}: a pattern that is no constant", unless=name)
    return found


def cookies_are_set_in_one_place(root: Path) -> Found:
    """ASVS 3.3.1 to 3.3.4: whoever sets a cookie besides the session is listed."""
    found = Found(COOKIES)
    for name, tree in programs(root):
        found.examined += 1
        for call in calls(tree):
            is_header = any(isinstance(each, ast.Constant) and each.value == "Set-Cookie" for each in call.args)
            if called(call).endswith(".set_cookie") or is_header:
                found.refuse(f"{name}:{call.lineno}: sets a cookie of its own", unless=name)
    return found


def requests_share_no_hidden_state(root: Path) -> Found:
    """ASVS 15.4.1: whatever a module keeps and a function changes is listed with its reason."""
    found = Found(STATE)
    for name, tree in programs(root):
        kept = {
            target.id
            for node in tree.body
            if isinstance(node, ast.Assign | ast.AnnAssign)
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            if isinstance(target, ast.Name) and _is_mutable(node.value)
        }
        found.examined += len(kept)
        for changed in sorted(set(_changed(tree)) & kept):
            where = f"{name}: {changed}"
            found.refuse(f"{where} is changed by functions", unless=where)
    return found


def _is_mutable(value: ast.expr | None) -> bool:
    made = isinstance(value, ast.Call) and called(value) in (
        "dict",
        "list",
        "set",
        "defaultdict",
        "OrderedDict",
        "deque",
    )
    return made or isinstance(value, ast.Dict | ast.List | ast.Set | ast.DictComp | ast.ListComp | ast.SetComp)


def _changed(tree: ast.Module) -> Iterator[str]:
    """The names that functions change in place or rebind."""
    functions = (node for node in nodes(tree) if isinstance(node, ast.FunctionDef | ast.Lambda))
    for node in (inner for function in functions for inner in ast.walk(function)):
        if isinstance(node, ast.Global):
            yield from node.names
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
            yield from [node.value.id] if isinstance(node.value, ast.Name) else []
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CHANGES:
            yield from [node.func.value.id] if isinstance(node.func.value, ast.Name) else []


def tenants_are_told_apart(root: Path) -> Found:
    """ASVS 8.4.1: a Core statement on a tenant's table names the inventory, or is listed with its reason.

    Sessions are limited by db/scope; what goes around them by way of `__table__` is not.
    """
    found = Found(ACROSS)
    tenants = _tenants(root)
    everywhere = {each for _, tree in programs(root) for each in _aliases(tree, tenants) if each.isupper()}
    for name, tree in programs(root):
        if name.startswith(("ventory/demo/", "ventory/db/dialect/")):
            continue
        names = everywhere | _aliases(tree, tenants)
        for function in (node for node in nodes(tree) if isinstance(node, ast.FunctionDef)):
            statements = [each for each in calls(function) if called(each) in ("select", "update", "delete")]
            touching = [each for each in statements if _touches(each, tenants, names)]
            if not touching:
                continue
            found.examined += 1
            where = f"{name}: {function.name}"
            if "inventory_id" not in ast.unparse(function):
                found.refuse(f"{where} asks for rows of every inventory", unless=where)
    return found


def _tenants(root: Path) -> set[str]:
    """The classes of tables that belong to an inventory."""
    return {
        node.name
        for _, tree in programs(root)
        for node in nodes(tree)
        if isinstance(node, ast.ClassDef) and "Tenant" in {written(base) for base in node.bases}
    }


def _aliases(tree: ast.Module, tenants: set[str]) -> set[str]:
    """The names that a module gives to tables of tenants, or to their columns."""
    pattern = re.compile(rf"\b({'|'.join(sorted(tenants))})\.__table__\b")
    found: set[str] = set()
    for node in nodes(tree):
        is_table = isinstance(node, ast.Assign) and any(
            isinstance(each, ast.Attribute) and each.attr == "__table__" and pattern.search(written(each))
            for each in ast.walk(node.value)
        )
        if isinstance(node, ast.Assign) and is_table:
            for target in node.targets:
                found |= {each.id for each in ast.walk(target) if isinstance(each, ast.Name)}
    return found


def _touches(statement: ast.Call, tenants: set[str], aliases: set[str]) -> bool:
    for node in (inner for argument in statement.args for inner in ast.walk(argument)):
        if isinstance(node, ast.Attribute):
            is_table = node.attr == "__table__" and written(node.value).split(".")[-1] in tenants
            if is_table or (node.attr in aliases and node.attr.isupper()):
                return True
        if isinstance(node, ast.Name) and node.id in aliases:
            return True
    return False


GATES = (
    Gate("nothing runs what was sent", "modules", 200, nothing_runs_what_was_sent),
    Gate("secrets are made by secrets", "imports and digests", 800, secrets_are_made_by_secrets),
    Gate("SQL is not made of text", "statements", 100, sql_is_not_made_of_text),
    Gate("secrets are compared in constant time", "comparisons", 50, secrets_are_compared_in_constant_time),
    Gate("patterns are constants", "patterns", 20, patterns_are_constants),
    Gate("cookies are set in one place", "modules", 200, cookies_are_set_in_one_place),
    Gate("requests share no hidden state", "lists and tables of modules", 50, requests_share_no_hidden_state),
    Gate("tenants are told apart", "functions", 20, tenants_are_told_apart),
)
