"""By how few imports a test gets to a module of the specification."""

import ast
from functools import cache
from pathlib import Path

NEAR = 3
"""What it counts for that a test imports the module itself; one less for each step."""


def named(text: str) -> set[str]:
    """Return the modules of the specification that a source imports."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module:
            package, _, module = node.module.partition(".")
            if package == "specs":
                names = {alias.name for alias in node.names}
                found |= {module.split(".")[0]} if module else names
    return found


@cache
def _within(root: Path) -> dict[str, set[str]]:
    return {path.stem: named(path.read_text()) for path in root.glob("specs/*.py")}


def nearness(root: Path, text: str, module: str) -> int:
    """Return what a source counts for, of which `module` is one; 0 if it is far."""
    reached, imports = named(text), _within(root)
    for found in range(NEAR, 0, -1):
        if module in reached:
            return found
        reached = reached.union(*(imports.get(name, set()) for name in reached))
    return 0
