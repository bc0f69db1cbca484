"""
Contracts, compiled in less time than `keeper.artifacts` takes.

The compiler makes the code that is deployed twice, once by itself and once within the
code that deploys it; here the second is all, and the first is cut out of it.
"""

import gc
import hashlib
from pathlib import Path
from typing import Any

from vyper.codegen import core
from vyper.codegen.module import generate_ir_for_module
from vyper.compiler import outputs_from_compiler_data
from vyper.compiler.input_bundle import FilesystemInputBundle
from vyper.compiler.phases import CompilerData, generate_assembly, generate_bytecode
from vyper.compiler.settings import OptimizationLevel, Settings, anchor_settings
from vyper.ir import optimizer
from vyper.ir.compile_ir import reset_symbols

from keeper import artifacts
from keeper.artifacts import Artifact
from tests.helpers import harness
from tests.mutation.shelf import Shelf

_FORMATS = ("abi", "layout", "method_identifiers")
LEVEL = OptimizationLevel.GAS
SETTINGS = Settings(evm_version="cancun", optimize=LEVEL)


def compile_mutant(name: str, begin: int, shelf: Shelf) -> str:
    """
    Compile a contract and keep it; return its size and a hash of it, or why that can't
    be done, after an exclamation mark.

    The code that is deployed begins at `begin`.
    """
    root = _root_of(name)
    try:
        data = _analysed(_find(name, root), root)
        code = _compile(data)
    except Exception as error:
        # Of the compiler, whose own failures are of many kinds.
        return f"! {type(error).__name__}: {error}"
    told = outputs_from_compiler_data(data, _FORMATS)
    runtime, immutables = code[begin:], told["layout"].get("code_layout", {})
    size = len(runtime) + artifacts._size(immutables)
    shelf.put(Artifact(name, bytecode=code, **_rest(runtime, size, told)), True)
    return f"{size} {_hash(code)}"


def compile_healthy(name: str, shelf: Shelf) -> str:
    """Compile a contract and keep it; return where its runtime begins, and a hash."""
    root = _root_of(name)
    found = shelf.original(name, root)
    code = _compile(_analysed(_find(name, root), root))
    if not code.endswith(found.runtime):
        raise ValueError(f"{name}: its code does not end with what is deployed")
    shelf.put(found, False)
    return f"{len(code) - len(found.runtime)} {_hash(code)}"


def _rest(runtime: bytes, size: int, told: dict[str, Any]) -> dict[str, Any]:
    return {**told, "runtime": runtime, "runtime_size": size, "warnings": []}


def _root_of(name: str) -> Path:
    return harness.source_root() if name.endswith("Harness") else artifacts.CONTRACTS


def _find(name: str, root: Path) -> Path:
    (path,) = root.rglob(f"{name}.vy")
    return path


def _hash(code: bytes) -> str:
    return hashlib.sha256(code).hexdigest()[:16]


def _analysed(path: Path, root: Path) -> CompilerData:
    # A child has enough memory, and the collector takes a third of the time.
    gc.disable()
    bundle = FilesystemInputBundle([root])
    return CompilerData(bundle.load_file(path), bundle, settings=SETTINGS)


def _compile(data: CompilerData) -> bytes:
    """Return the code that deploys a contract, without the note of its sources."""
    context = data.global_ctx
    core.reset_names()
    reset_symbols()
    with anchor_settings(SETTINGS):
        code, _ = generate_ir_for_module(context)
        assembly = generate_assembly(optimizer.optimize(code), LEVEL)
        return bytes(generate_bytecode(assembly, compiler_metadata=None))
