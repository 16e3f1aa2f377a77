"""Which room of the code imports which: read from the source with ast, nothing is imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGES = ("edge", "training", "convert")
# Modules of edge's own folder that are not the core: what a Python program uses, and what a command line does.
API = {"arguments", "recognizer", "result", "observe"}
COMMAND_LINE = {"__main__"}

Arrows = dict[str, set[str]]


def arrows(root: Path) -> Arrows:
    """Room to the rooms that it imports, of the tree at `root`; what only type checkers see does not count."""
    found: Arrows = {}
    for path in modules(root):
        here = room(root, ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"))
        found.setdefault(here, set())
        for target in _targets(root, ast.parse(path.read_text(encoding="utf-8"))):
            there = room(root, target)
            if there != here and target != "edge":  # `import edge` is for its version and its errors
                found[here].add(there)
    return found


def modules(root: Path) -> list[Path]:
    """Every module of the three packages."""
    return [path for package in PACKAGES for path in sorted((root / package).rglob("*.py"))]


def room(root: Path, module: str) -> str:
    """The room of a module: a folder of edge, "core" or "API" for the modules beside them, else the package."""
    package, _, rest = module.partition(".")
    name = rest.partition(".")[0]
    if package != "edge":
        return package
    if (root / package / name).is_dir() and name:
        return name
    return "API" if name in API or not name else "commands" if name in COMMAND_LINE else "core"


def reduced(graph: Arrows) -> Arrows:
    """The same without arrows that follow from others (the transitive reduction).

    Raises:
        ValueError: the imports go round in a circle; the message names its rooms.

    >>> reduced({"a": {"b", "c"}, "b": {"c"}, "c": set()})
    {'a': {'b'}, 'b': {'c'}, 'c': set()}
    """
    reach = {name: _reachable(graph, name) for name in graph}
    if circle := sorted(name for name in graph if name in reach[name]):
        raise ValueError(f"these rooms import each other in a circle: {', '.join(circle)}")
    return {name: {t for t in to if not any(t in reach[other] for other in to - {t})} for name, to in graph.items()}


def _reachable(graph: Arrows, name: str) -> set[str]:
    seen: set[str] = set()
    todo = list(graph[name])
    while todo:
        if (one := todo.pop()) not in seen:
            seen.add(one)
            todo += graph[one]
    return seen


def _targets(root: Path, tree: ast.Module) -> Iterator[str]:
    """The modules of ours that a module imports, wherever in it."""
    for node in _running(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [_submodule(root, node.module, alias.name) for alias in node.names]
        else:
            continue
        yield from (name for name in names if name.partition(".")[0] in PACKAGES)


def _submodule(root: Path, module: str, name: str) -> str:
    path = root / Path(*module.split("."), name)
    return f"{module}.{name}" if path.is_dir() or path.with_suffix(".py").exists() else module


def _running(node: ast.AST) -> Iterator[ast.AST]:
    """Every node but those below `if TYPE_CHECKING`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
            continue
        yield child
        yield from _running(child)
