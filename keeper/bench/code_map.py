"""Which function of which module a place in a contract's code belongs to."""

import bisect
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path, PurePath
from typing import Any, Final

from keeper.artifacts import CONTRACTS, EVM_VERSION

OUTSIDE: Final = "dispatch"
"""What belongs to no function: finding the one that was called, and its arguments."""


class CodeMap:
    """The functions of one contract, by where they are in its code."""

    def __init__(
        self, starts: Sequence[tuple[int, str]], outer: Mapping[int, str]
    ) -> None:
        """
        Keep where internal functions begin, ascending, and which places belong to
        external ones, all of which come before.
        """
        self._places = [place for place, _ in starts]
        self._names = [name for _, name in starts]
        self._outer = outer

    def function_at(self, place: int) -> str:
        """Return the function that a place is in, or `OUTSIDE`."""
        found = bisect.bisect_right(self._places, place) - 1
        return self._names[found] if found >= 0 else self._outer.get(place, OUTSIDE)


@cache
def code_map(name: str, root: Path = CONTRACTS) -> CodeMap:
    """Return the map of a contract, compiled as `keeper.artifacts` does."""
    from vyper.compiler.input_bundle import FilesystemInputBundle  # type: ignore[import-untyped]
    from vyper.compiler.phases import CompilerData  # type: ignore[import-untyped]
    from vyper.compiler.settings import OptimizationLevel, Settings  # type: ignore[import-untyped]
    from vyper.ir.compile_ir import assembly_to_evm_with_symbol_map  # type: ignore[import-untyped]

    bundle = FilesystemInputBundle([root])
    source = bundle.load_file(next(root.rglob(f"{name}.vy")))
    settings = Settings(evm_version=EVM_VERSION, optimize=OptimizationLevel.GAS)
    data = CompilerData(source, bundle, settings=settings)
    _, found, symbols = assembly_to_evm_with_symbol_map(data.assembly_runtime)
    module = data.annotated_vyper_module._metadata["type"]
    functions = {
        function
        for exposed in module.exposed_functions
        for function in exposed.reachable_internal_functions
    }
    starts = [
        (symbols[f"_sym_{label}"], name_of(function))
        for function in functions
        if f"_sym_{(label := function._ir_info.internal_function_label(False))}"
        in symbols
    ]
    nodes = found["pc_raw_ast_map"]
    return CodeMap(
        sorted(starts), {place: around(node) for place, node in nodes.items()}
    )


def name_of(function: Any) -> str:
    """Return a function's name after its module's."""
    stem = PurePath(function.decl_node.module_node.resolved_path).stem
    return f"{stem}.{function.name}"


def around(node: Any) -> str:
    """Return the function that a piece of source is in, or `OUTSIDE`."""
    from vyper.ast import FunctionDef  # type: ignore[import-untyped]

    found = node if isinstance(node, FunctionDef) else node.get_ancestor(FunctionDef)
    return OUTSIDE if found is None else str(found.name)
