"""Which names become short ones. MicroPython keeps every name it has ever seen: a fifth of the heap was names.

Globals of the one module that all modules become get a name each. Attributes share: two of them have the same short
name when no class has both. Parameters are counted. What MicroPython itself has a name for stays, for it costs nothing
and may be an attribute of MicroPython's own objects; so do names that stand in strings or are used as keywords.
"""

from __future__ import annotations

import ast
from collections import Counter

from firmware_link.sources import Source

# Attributes of ours that MicroPython's objects have too, or that it has a name for anyhow.
# Tests/FirmwareTests/test_rules.py asks MicroPython for its names and finds what is missing here.
# fmt: off
FOREIGN = {
    "_enqueue", "_run", "active", "append", "buffer", "bytes", "channel", "clear", "clock", "code", "copy", "count",
    "decode", "encode", "end", "error", "event", "feed", "fill", "id", "insert", "integer", "load", "log", "next",
    "offset", "pixel", "poll", "read", "reason", "register", "restart", "set", "slice", "start", "state", "status",
    "step", "string", "text", "update", "value", "values", "waiting", "write",
}
# fmt: on

PARAMETER = "p"
SHORT = "_"


class Names:
    """The short names: of globals by (module, name), of attributes by name."""

    def __init__(self, sources: list[Source], programs: list[Source]) -> None:
        everything = sources + programs
        nodes = [node for source in everything for node in ast.walk(source.tree)]
        self.keywords = {node.arg for node in nodes if isinstance(node, ast.keyword) and node.arg}
        texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
        used = Counter(node.attr for node in nodes if isinstance(node, ast.Attribute))
        used.update(node.id for node in nodes if isinstance(node, ast.Name))
        self.errors = error_classes(everything)
        self.globals: dict[tuple[str, str], str] = {}
        counted = [(-used[name], source.module, name) for source in sources for name in source.exports]
        for number, (_, module, name) in enumerate(sorted(counted)):
            # An error's class is named in logs.
            self.globals[module, name] = name if name in self.errors else f"{SHORT}{number}"
        kept = texts | self.keywords | FOREIGN | foreign_attributes(everything)
        families = attribute_families(everything)
        self.attributes = short_names([family - kept for family in families], used)


def error_classes(sources: list[Source]) -> set[str]:
    """The classes that are raised."""
    classes = [node for source in sources for node in ast.walk(source.tree) if isinstance(node, ast.ClassDef)]
    return {node.name for node in classes if node.name.endswith("Error") or "Exception" in map(ast.unparse, node.bases)}


def foreign_attributes(sources: list[Source]) -> set[str]:
    """Attributes of modules that are not ours."""
    found: set[str] = set()
    for source in sources:
        foreign = {name for name, binding in source.bindings.items() if binding == ("foreign",)}
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in foreign:
                found.add(node.attr)
    return found


def attribute_families(sources: list[Source]) -> list[set[str]]:
    """For each class together with those it inherits from: the attributes its objects have."""
    own: dict[str, set[str]] = {}
    bases: dict[str, set[str]] = {}
    for source in sources:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ClassDef):
                own.setdefault(node.name, set()).update(attributes_of(node))
                bases.setdefault(node.name, set()).update(base.id for base in node.bases if isinstance(base, ast.Name))
    family = {name: {name} for name in own}
    for name, names in bases.items():
        joined = set(family[name]).union(*(family[base] for base in names if base in family))
        for member in joined:
            family[member] = joined
    return [set().union(*(own[member] for member in members)) for members in family.values()]


def attributes_of(node: ast.ClassDef) -> set[str]:
    """The methods and attributes that a class gives its objects."""
    found: set[str] = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name) and inner.value.id == "self":
            found.add(inner.attr)
    for statement in node.body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            found.add(statement.name)
        elif isinstance(statement, ast.Assign):
            found.update(target.id for target in statement.targets if isinstance(target, ast.Name))
    return {name for name in found if not name.startswith("__")}


def short_names(groups: list[set[str]], used: Counter[str]) -> dict[str, str]:
    """A short name for each, another one for those that stand together in a group; the most used first."""
    neighbours: dict[str, set[str]] = {}
    for group in groups:
        for name in group:
            neighbours.setdefault(name, set()).update(group - {name})
    short: dict[str, str] = {}
    for name in sorted(neighbours, key=lambda name: (-used[name], name)):
        taken = {short[other] for other in neighbours[name] if other in short}
        short[name] = next(free for number in range(10_000) if (free := f"{SHORT}{number}") not in taken)
    return short
