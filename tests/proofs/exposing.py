"""
A contract around one function of a module, so that its bytecode can be looked at.

An internal function gets an external one that calls it, for the compiler to keep it;
the machine begins at the internal one. What the module needs of others is initialised.
"""

import re
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from tests.proofs import bytecode

_DEFINED = re.compile(r"^(?:struct (\w+):|(\w+): constant\()", re.MULTILINE)


@cache
def expose(module: str, function: str, root: Path) -> dict[str, Any]:
    """Return the compiler's output for a contract that has that function."""
    with tempfile.TemporaryDirectory(prefix="exposed-") as folder:
        path = Path(folder) / "Exposed.vy"
        path.write_text(write(module, function, root))
        return bytecode.compiled(path, root)


def write(module: str, function: str, root: Path) -> str:
    """Return the text of a contract that has a function of a module."""
    used = _used_by(module, root)
    text = _read(module, root)
    lines = ["# pragma version 0.4.3", "# pragma nonreentrancy off"]
    for name in re.findall(r"^from \.\.interfaces import (\w+)$", text, re.MULTILINE):
        lines.append(f"from contracts.interfaces import {name}")
    imported = re.findall(r"^from \. import (\w+)(?: as (\w+))?$", text, re.MULTILINE)
    for name in sorted({module, *used, *(name for name, _ in imported)}):
        lines.append(f"from contracts.modules import {name}")
    for name in used:
        needs = ", ".join(f"{n} := {n}" for n in _uses(name, root))
        lines.append(f"initializes: {name}" + (f"[{needs}]" if needs else ""))
    built = [
        f"    {name}.__init__({_built_with(name, root)})"
        for name in used
        if _is_built(name, root)
    ]
    if built:
        lines += ["@deploy", "def __init__():", *built]
    if function.startswith("_"):
        lines += _wrapper(module, function, text)
    else:
        lines.append(f"exports: {module}.{function}")
    return "\n".join(lines) + "\n"


def _wrapper(module: str, function: str, text: str) -> list[str]:
    found = re.search(rf"def {function}\(([^)]*)\)([^:]*):\n", text)
    if found is None:
        raise ValueError(f"{module} has no {function}")
    arguments, result = (" ".join(part.split()) for part in found.groups())
    names = re.findall(r"(\w+): ", arguments)
    for defined in {name for pair in _DEFINED.findall(text) for name in pair if name}:
        own = rf"(?<![.\w]){defined}\b"
        arguments = re.sub(own, f"{module}.{defined}", arguments)
        result = re.sub(own, f"{module}.{defined}", result)
    call = f"{module}.{function}({', '.join(names)})"
    return [
        "@external",
        f"def exposed({arguments.rstrip(', ')}) {result}:",
        f"    return {call}" if result else f"    {call}",
    ]


def _read(module: str, root: Path) -> str:
    return (root / "contracts" / "modules" / f"{module}.vy").read_text()


def _uses(module: str, root: Path) -> list[str]:
    return re.findall(r"^uses: (\w+)$", _read(module, root), re.MULTILINE)


def _used_by(module: str, root: Path) -> list[str]:
    """Return the modules whose state a module needs, and itself if it has any."""
    found: list[str] = []
    for name in _uses(module, root):
        found += [n for n in _used_by(name, root) if n not in found]
    has_state = re.search(
        r"^\w+: (?!constant|immutable).+[])]$|^\w+: \w+$", _read(module, root), re.M
    )
    needed = _uses(module, root) or has_state or _is_built(module, root)
    return [*found, module] if needed else found


def _is_built(module: str, root: Path) -> bool:
    """Tell whether a module has a constructor."""
    return "@deploy" in _read(module, root)


def _built_with(module: str, root: Path) -> str:
    """Return what a module's constructor takes: an address, or a contract there."""
    found = re.search(r"def __init__\(\w+: (\w+)\):", _read(module, root))
    if found is None:
        raise ValueError(f"{module} is not built with one address")
    kind = found[1]
    nobody = "empty(address)"
    return nobody if kind == "address" else f"{module}.{kind}({nobody})"
