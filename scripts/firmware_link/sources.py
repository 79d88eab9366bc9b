"""The firmware's modules as syntax trees, with what each defines and imports."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from pathlib import Path

# What a name of a module means: ("module", name), ("name", module, name) or ("foreign",).
Binding = tuple[str, ...]


class LinkError(Exception):
    """The sources cannot be joined; the text says what and where."""


@dataclass
class Source:
    """One module; `bindings` are the names it imports at its top, `exports` those it defines there."""

    module: str
    path: Path
    tree: ast.Module
    exports: set[str] = field(default_factory=set)
    bindings: dict[str, Binding] = field(default_factory=dict)
    constants: dict[str, int] = field(default_factory=dict)


def constant_name(statement: ast.stmt) -> str | None:
    """The name in `NAME = const(...)`."""
    if (
        isinstance(statement, ast.Assign)
        and isinstance(statement.targets[0], ast.Name)
        and isinstance(statement.value, ast.Call)
        and isinstance(statement.value.func, ast.Name)
        and statement.value.func.id == "const"
    ):
        return statement.targets[0].id
    return None


def bindings_of(statement: ast.stmt, modules: set[str]) -> dict[str, Binding]:
    """What an import statement binds; `modules` are the firmware's own."""
    bound: dict[str, Binding] = {}
    if isinstance(statement, ast.Import):
        for alias in statement.names:
            bound[alias.asname or alias.name.split(".")[0]] = ("foreign",)
    elif isinstance(statement, ast.ImportFrom):
        source = statement.module or ""
        for alias in statement.names:
            name = alias.asname or alias.name
            if f"{source}.{alias.name}" in modules:
                bound[name] = ("module", f"{source}.{alias.name}")
            else:
                bound[name] = ("name", source, alias.name) if source in modules else ("foreign",)
    return bound


def stored_names(statement: ast.stmt) -> set[str]:
    """The names that a statement at a module's top gives a value."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {statement.name}
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return set()
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def read(paths: dict[str, Path], folder: Path) -> dict[str, Source]:
    """The sources by their module's name; `paths` and `folder` are absolute."""
    modules = set(paths)
    sources: dict[str, Source] = {}
    for module, path in paths.items():
        source = Source(module, path, ast.parse(path.read_text(), str(path)))
        name = str(path.relative_to(folder)) if path.is_relative_to(folder) else path.name
        for statement in ast.walk(source.tree):
            if isinstance(statement, ast.stmt):
                statement.origin = (name, statement.lineno)  # type: ignore[attr-defined]
        for statement in source.tree.body:
            source.bindings.update(bindings_of(statement, modules))
            source.exports |= stored_names(statement)
        sources[module] = source
    for source in in_order(sources, list(sources)):
        read_constants(source, sources)
    return sources


def read_constants(source: Source, sources: dict[str, Source]) -> None:
    """Works out `NAME = const(...)`, which may name constants of modules that come before."""
    known = {
        name: sources[binding[1]].constants[binding[2]]
        for name, binding in source.bindings.items()
        if binding[0] == "name" and binding[2] in sources[binding[1]].constants
    }
    for statement in source.tree.body:
        name = constant_name(statement)
        if name:
            assert isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call)
            expression = ast.unparse(statement.value.args[0])
            source.constants[name] = known[name] = int(eval(expression, {}, dict(known)))  # noqa: S307 - our own source
    source.exports -= set(source.constants)


def in_order(sources: dict[str, Source], roots: list[str]) -> list[Source]:
    """The modules that `roots` import at their top, and those in turn, each behind what it imports."""
    done: dict[str, Source] = {}

    def visit(module: str) -> None:
        if module in done or module not in sources:
            return
        for binding in sources[module].bindings.values():
            if binding[0] != "foreign":
                visit(binding[1])
        done[module] = sources[module]

    for root in roots:
        visit(root)
    return list(done.values())
