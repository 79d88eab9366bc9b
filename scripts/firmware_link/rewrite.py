"""Rewrites one module: constants become their values, names short ones, and the firmware's own imports go."""

from __future__ import annotations

import ast

from firmware_link.names import PARAMETER, Names
from firmware_link.sources import Binding, LinkError, Source, bindings_of, constant_name

Meaning = Binding | str | None


class Rewriter(ast.NodeTransformer):
    """For a module of the firmware; with `outside`, for a program beside it, which reaches it by that module's name."""

    def __init__(
        self, source: Source, sources: dict[str, Source], inside: set[str], names: Names, outside: str
    ) -> None:
        self.source = source
        self.sources = sources
        self.inside = inside
        self.names = names
        self.outside = outside
        self.is_inside = source.module in inside
        self.classes = 0
        # Innermost last: what a function's own names mean; None is a name that stays.
        self.scopes: list[dict[str, Meaning]] = []

    def refused(self, node: ast.stmt | ast.expr, words: str) -> LinkError:
        """What cannot be joined, and where."""
        return LinkError(f"{self.source.path}:{node.lineno}: {words}")

    # What names mean

    def meaning(self, name: str) -> Meaning:
        for scope in reversed(self.scopes):
            if name in scope:
                return scope[name]
        if name in self.source.constants:
            return ("name", self.source.module, name)
        if name in self.source.bindings:
            return self.source.bindings[name]
        if name in self.source.exports and self.is_inside:
            return ("name", self.source.module, name)
        return None

    def of_module(self, module: str, name: str, node: ast.expr) -> ast.expr:
        """An expression for a name of one of the firmware's modules."""
        imported = self.sources[module].bindings.get(name)
        if imported is not None and imported[0] == "name":
            return self.of_module(imported[1], imported[2], node)
        value = self.sources[module].constants.get(name)
        if value is not None:
            return ast.copy_location(ast.Constant(value), node)
        if module not in self.inside:
            return node
        if (module, name) not in self.names.globals:
            raise self.refused(node, f"{module} has no {name}")
        short = self.names.globals[module, name]
        if self.is_inside:
            return ast.copy_location(ast.Name(short, node.ctx), node)  # type: ignore[attr-defined]
        return ast.copy_location(ast.Attribute(ast.Name(self.outside, ast.Load()), short, node.ctx), node)  # type: ignore[attr-defined]

    # Expressions

    def visit_Name(self, node: ast.Name) -> ast.expr:
        meaning = self.meaning(node.id)
        if isinstance(meaning, str):
            return ast.copy_location(ast.Name(meaning, node.ctx), node)
        if meaning is not None and meaning[0] == "name":
            return self.of_module(meaning[1], meaning[2], node)
        if meaning is not None and meaning[0] == "module":
            raise self.refused(node, f"the module {meaning[1]} is used as a value")
        if self.classes and not self.scopes:
            return ast.copy_location(ast.Name(self.names.attributes.get(node.id, node.id), node.ctx), node)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if isinstance(node.value, ast.Name):
            meaning = self.meaning(node.value.id)
            if isinstance(meaning, tuple) and meaning[0] == "module":
                return self.of_module(meaning[1], node.attr, node)
            if meaning == ("foreign",):
                return node
        node.value = self.visit(node.value)
        node.attr = self.names.attributes.get(node.attr, node.attr)
        return node

    # Scopes

    def function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.stmt:
        if self.classes and not self.scopes:
            node.name = self.names.attributes.get(node.name, node.name)
        elif not self.scopes and self.is_inside:
            node.name = self.names.globals[self.source.module, node.name]
        node.decorator_list = [self.visit(decorator) for decorator in node.decorator_list]
        self.enter(node.args, locals_of(node.body))
        without_words(node)
        node.body = [self.visit(statement) for statement in node.body]
        self.scopes.pop()
        return whole(node)

    visit_FunctionDef = function
    visit_AsyncFunctionDef = function

    def enter(self, arguments: ast.arguments, names: set[str]) -> None:
        """Begins a function's scope and gives its parameters short names."""
        arguments.defaults = [self.visit(default) for default in arguments.defaults]
        first = sum(len([name for name in scope.values() if isinstance(name, str)]) for scope in self.scopes)
        scope: dict[str, Meaning] = dict.fromkeys(names)
        everything = [*arguments.args, *([arguments.vararg] if arguments.vararg else [])]
        for number, argument in enumerate(everything, first):
            scope[argument.arg] = None
            if argument.arg not in self.names.keywords and argument.arg != "self":
                scope[argument.arg] = argument.arg = f"{PARAMETER}{number}"
        self.scopes.append(scope)

    def visit_Lambda(self, node: ast.Lambda) -> ast.expr:
        self.enter(node.args, set())
        node.body = self.visit(node.body)
        self.scopes.pop()
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.stmt:
        if self.scopes:
            raise self.refused(node, f"the class {node.name} stands in a function")
        if self.is_inside:
            node.name = self.names.globals[self.source.module, node.name]
        node.bases = [self.visit(base) for base in node.bases]
        without_words(node)
        self.classes += 1
        node.body = [self.visit(statement) for statement in node.body]
        self.classes -= 1
        return whole(node)

    def comprehension(self, node: ast.GeneratorExp | ast.ListComp | ast.SetComp | ast.DictComp) -> ast.expr:
        first = node.generators[0]
        first.iter = self.visit(first.iter)
        stored = [part for generator in node.generators for part in ast.walk(generator.target)]
        self.scopes.append({part.id: None for part in stored if isinstance(part, ast.Name)})
        for generator in node.generators:
            if generator is not first:
                generator.iter = self.visit(generator.iter)
            generator.ifs = [self.visit(condition) for condition in generator.ifs]
            generator.target = self.visit(generator.target)
        if isinstance(node, ast.DictComp):
            node.key, node.value = self.visit(node.key), self.visit(node.value)
        else:
            node.elt = self.visit(node.elt)
        self.scopes.pop()
        return node

    visit_GeneratorExp = comprehension
    visit_ListComp = comprehension
    visit_SetComp = comprehension
    visit_DictComp = comprehension

    # Statements

    def visit_Global(self, node: ast.Global) -> ast.stmt:
        if self.is_inside:
            node.names = [self.names.globals[self.source.module, name] for name in node.names]
        return node

    def visit_Nonlocal(self, node: ast.Nonlocal) -> ast.stmt:
        meanings = [(name, self.meaning(name)) for name in node.names]
        node.names = [meaning if isinstance(meaning, str) else name for name, meaning in meanings]
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.stmt | None:
        name = constant_name(node)
        if not self.scopes and not self.classes and name in self.source.constants:
            return None
        return self.generic_visit(node)  # type: ignore[return-value]

    def imports(self, node: ast.Import | ast.ImportFrom) -> ast.stmt | None:
        """Of the firmware's own modules nothing is left but, outside of it, one import of it."""
        bound = bindings_of(node, set(self.sources))
        if self.scopes:
            self.scopes[-1].update(bound)
        if isinstance(node, ast.Import):
            return node
        kept = []
        is_own = False
        for alias in node.names:
            binding = bound[alias.asname or alias.name]
            if binding[0] == "name" and binding[2] in self.sources[binding[1]].constants:
                continue
            if binding[0] != "foreign" and binding[1] in self.inside:
                is_own = True
            else:
                kept.append(alias)
        if kept:
            if is_own:
                raise self.refused(node, "an import of what is joined and of what is not")
            node.names = kept
            return node
        if is_own and not self.is_inside:
            return with_origin(ast.Import([ast.alias(self.outside)]), node)
        return None

    visit_Import = imports
    visit_ImportFrom = imports


def with_origin(new: ast.stmt, old: ast.stmt) -> ast.stmt:
    """A statement in the place of another one."""
    new.origin = old.origin  # type: ignore[attr-defined]
    return ast.copy_location(new, old)


def without_words(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    """Takes the documentation away."""
    first = node.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        node.body = node.body[1:]
        if not node.body and not isinstance(node, ast.Module):
            node.body = [with_origin(ast.Pass(), first)]


def whole(node: ast.stmt) -> ast.stmt:
    """A body from which imports went has at least `pass`."""
    node.body = [statement for statement in node.body if statement is not None] or [with_origin(ast.Pass(), node)]  # type: ignore[attr-defined]
    return node


def locals_of(body: list[ast.stmt]) -> set[str]:
    """The names that a function gives a value, without those of functions inside it."""
    found: set[str] = set()
    free: set[str] = set()

    def visit(node: ast.AST) -> None:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            found.add(node.name)
            return
        if isinstance(node, (ast.Lambda, ast.GeneratorExp, ast.ListComp, ast.SetComp, ast.DictComp)):
            return
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            found.add(node.name)
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            free.update(node.names)
        for child in ast.iter_child_nodes(node):
            visit(child)

    for statement in body:
        visit(statement)
    return found - free
