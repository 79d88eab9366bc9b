"""Joins the firmware's modules into one, and says which line of it came from where."""

from __future__ import annotations

import ast
import builtins
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from firmware_link.names import SHORT, Names
from firmware_link.rewrite import Rewriter, without_words
from firmware_link.sources import Source, in_order, read

# The module that everything becomes.
JOINED = "firmware"
# How many names take one byte where they are used: those that a module uses first.
_CHEAP_NAMES = 126


@dataclass
class Linked:
    """A module's text, and for each of its lines (path, line) of the source."""

    text: str
    origins: dict[int, tuple[str, int]]


def link(folder: Path, others: list[Path], *, is_whole: bool = True) -> dict[Path, Linked]:
    """The modules by their path: the joined one, main.py, `others`, and what only a function imports; unless `is_whole`
    only `others` and what they import, for a board that lacks what the rest needs.
    """
    folder = folder.resolve()
    paths = {".".join(path.relative_to(folder).with_suffix("").parts): path for path in sorted(folder.rglob("*.py"))}
    paths |= {path.stem: path.resolve() for path in others}
    sources = read(paths, folder)
    programs = [*(["main"] if is_whole else []), *(path.stem for path in others)]
    roots = [
        module
        for program in (programs[:1] if is_whole else programs)
        for statement in ast.walk(sources[program].tree)
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
        for module in (f"{statement.module}.{alias.name}", statement.module or "")
        if module in sources
    ]
    joined = in_order(sources, roots)
    inside = {source.module for source in joined}
    outside = [
        source for module, source in sources.items() if module not in inside and (is_whole or module in programs)
    ]
    names = Names(joined, outside)
    linked: dict[Path, Linked] = {}
    body: list[ast.stmt] = []
    for source in joined:
        body += rewritten(source, sources, inside, names).body
    linked[Path(f"{JOINED}.py")] = written(ast.Module(cheap_names_first(imports_once(body)), []))
    for source in outside:
        name = Path(source.path.name) if source.module in programs else source.path.relative_to(folder)
        linked[name] = written(ast.Module(imports_once(rewritten(source, sources, inside, names).body), []))
    return linked


def rewritten(source: Source, sources: dict[str, Source], inside: set[str], names: Names) -> ast.Module:
    """The module's tree, rewritten."""
    without_words(source.tree)
    tree = Rewriter(source, sources, inside, names, JOINED).visit(source.tree)
    assert isinstance(tree, ast.Module)
    return tree


def imports_once(body: list[ast.stmt]) -> list[ast.stmt]:
    """The same statements with each import only where it comes first."""
    seen: set[str] = set()
    kept: list[ast.stmt] = []
    for statement in body:
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            text = ast.unparse(statement)
            if text in seen:
                continue
            seen.add(text)
        kept.append(statement)
    return kept


def cheap_names_first(body: list[ast.stmt]) -> list[ast.stmt]:
    """A statement that is never run names the names that are used most, so that they get the short codes."""
    used: Counter[str] = Counter()
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Attribute):
                used[node.attr] += 1
            elif isinstance(node, ast.arg):
                used[node.arg] += 1
            elif isinstance(node, ast.Name) and (node.id.startswith(SHORT) or hasattr(builtins, node.id)):
                used[node.id] += 1
    names = ";".join(f"__name__.{name}" for name, _ in used.most_common(_CHEAP_NAMES))
    first = ast.parse(f"if not __name__:\n  {names}").body
    for statement in statements(first):
        statement.origin = ("", 0)  # type: ignore[attr-defined]
    return first + body


def statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Every statement of a body, in the order of the text."""
    for statement in body:
        yield statement
        for field in ("body", "handlers", "orelse", "finalbody"):
            for inner in getattr(statement, field, []):
                if isinstance(inner, ast.ExceptHandler):
                    yield from statements(inner.body)
                else:
                    yield from statements([inner])


def written(tree: ast.Module) -> Linked:
    """The text of a tree, and where each line came from."""
    text = ast.unparse(ast.fix_missing_locations(tree)) + "\n"
    before, after = list(statements(tree.body)), list(statements(ast.parse(text).body))
    assert len(before) == len(after)
    origins = {new.lineno: old.origin for old, new in zip(before, after, strict=True)}  # type: ignore[attr-defined]
    return Linked(text, origins)
