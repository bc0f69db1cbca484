"""
Bytecode to make claims about, and how to call it.

Contracts are compiled with the settings of the deployables and deployed on a real
machine; what is proved is the runtime code found there, immutables included.
"""

import hashlib
import os
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path, PurePath
from typing import Any, NamedTuple

import pyrevm
import vyper
from vyper.compiler.input_bundle import FilesystemInputBundle
from vyper.compiler.output import (
    build_abi_output,
    build_bytecode_output,
    build_layout_output,
    build_method_identifiers_output,
)
from vyper.compiler.phases import CompilerData
from vyper.compiler.settings import OptimizationLevel, Settings
from vyper.ir.compile_ir import assembly_to_evm_with_symbol_map
from vyper.semantics.analysis.base import StateMutability
from vyper.semantics.types import (
    BytesT,
    DArrayT,
    SArrayT,
    StringT,
    StructT,
    TupleT,
)

from tests.proofs.lifter import words
from tests.proofs.lifter.entries import Entry
from tests.proofs.lifter.solver import NotProved
from tests.proofs.lifter.terms import Term, variable
from tests.proofs.proof import PROJECT, Refuted, Undecided

SETTINGS = Settings(optimize=OptimizationLevel.GAS, evm_version="cancun")
"""Of the deployables."""
DEPLOYER = "0x00000000000000000000000000000000000000D0"
TOO_LONG = "0x00000000000000000000000000000000000000D1"
"""Where code is that no chain would take."""


@cache
def compiled(path: Path, root: Path, settings: Settings = SETTINGS) -> dict[str, Any]:
    """
    Return the compiler's output for a contract of the project at ``root``.

    It is kept in .cache/compiled under a digest of all sources and of the settings.
    """
    named = path.relative_to(root) if path.is_relative_to(root) else path.read_text()
    key = hashlib.sha256(f"{named} {settings}".encode())
    key.update(_sources(root))
    kept = PROJECT / ".cache" / "compiled" / f"{key.hexdigest()}.pickle"
    if kept.exists():
        return pickle.loads(kept.read_bytes())
    output = _compile(path, root, settings)
    if root == PROJECT:
        kept.parent.mkdir(parents=True, exist_ok=True)
        draft = kept.with_suffix(f".{os.getpid()}")
        draft.write_bytes(pickle.dumps(output))
        draft.replace(kept)
    return output


@cache
def _sources(root: Path) -> bytes:
    """Return a digest of everything that a contract may import, and of the compiler."""
    digest = hashlib.sha256(vyper.__version__.encode())
    digest.update(Path(__file__).read_bytes())
    for folder in ("contracts", "tests/harness"):
        for path in sorted((root / folder).rglob("*.vy*")):
            digest.update(str(path.relative_to(root)).encode() + b"\0")
            digest.update(path.read_bytes() + b"\0")
    return digest.digest()


def _compile(path: Path, root: Path, settings: Settings) -> dict[str, Any]:
    bundle = FilesystemInputBundle([root, root / "contracts"])
    source = CompilerData(bundle.load_file(path), bundle, settings=settings)
    _, _, symbols = assembly_to_evm_with_symbol_map(source.assembly_runtime)
    return {
        "bytecode": build_bytecode_output(source),
        "abi": build_abi_output(source),
        "layout": build_layout_output(source),
        "method_identifiers": build_method_identifiers_output(source),
        "entries": dict(_entries(source, symbols)),
    }


def _entries(
    source: CompilerData, symbols: dict[str, int]
) -> Iterator[tuple[str, Entry]]:
    """Yield the internal functions of the code, each named after its module."""
    module = source.annotated_vyper_module._metadata["type"]
    found = {
        function
        for exposed in module.exposed_functions
        for function in exposed.reachable_internal_functions
    }
    for function in found:
        label = function._ir_info.internal_function_label(False)
        if f"_sym_{label}" not in symbols:  # Venom has put it where it is called
            continue
        frame = function._ir_info.frame_info
        arguments = [_kinds(a.typ) for a in function.arguments]
        results = [_kinds(function.return_type)] if function.return_type else []
        if None in (*arguments, *results):
            continue
        stem = PurePath(function.decl_node.module_node.resolved_path).stem
        yield (
            f"{stem}.{function.name}",
            Entry(
                symbols[f"_sym_{label}"],
                frame.frame_start,
                frame.mem_used,
                tuple(kind for part in arguments for kind in part),
                tuple(kind for part in results for kind in part),
                not function.is_mutable,
                function.mutability == StateMutability.PURE,
            ),
        )


def _kinds(typ: Any) -> list[str] | None:
    """Return the types of the words that a value takes; none for text."""
    if isinstance(typ, StructT):
        members = list(typ.members.values())
    elif isinstance(typ, TupleT):
        members = list(typ.member_types)
    elif isinstance(typ, SArrayT):
        members = [typ.value_type] * typ.count
    elif isinstance(typ, DArrayT):
        element = _kinds(typ.value_type)
        return ["uint256", *element * typ.count] if element else None
    elif isinstance(typ, BytesT | StringT):
        return None
    else:
        return [str(typ)]
    parts = [_kinds(member) for member in members]
    return None if None in parts else [kind for part in parts for kind in part]


def deployed(output: dict[str, Any], arguments: bytes = b"") -> tuple[Any, str, bytes]:
    """
    Deploy on a fresh machine; return it, the address and the runtime code.

    What a generator makes too long for a chain is called where it would be deployed,
    which returns its runtime code and leaves what its constructor has stored.
    """
    machine = pyrevm.EVM(spec_id="CANCUN")
    machine.set_balance(DEPLOYER, 10**20)
    creation = bytes.fromhex(output["bytecode"].removeprefix("0x")) + arguments
    try:
        address = machine.deploy(DEPLOYER, creation)
    except RuntimeError as failure:
        if "CreateContractSizeLimit" not in str(failure):
            raise
        address = TOO_LONG
        machine.insert_account_info(address, pyrevm.AccountInfo(code=creation))
        runtime = machine.message_call(DEPLOYER, address)
        machine.insert_account_info(address, pyrevm.AccountInfo(code=bytes(runtime)))
    return machine, address, bytes(machine.get_code(address))


def constructor_of(output: dict[str, Any]) -> bytes:
    """Return words to construct a contract with: 1, 2, 3 and so on."""
    inputs = [e["inputs"] for e in output["abi"] if e["type"] == "constructor"]
    count = len(inputs[0]) if inputs else 0
    return b"".join(number.to_bytes(32, "big") for number in range(1, count + 1))


class Signature(NamedTuple):
    """How a function is called."""

    selector: int
    arguments: list[str]
    results: list[str]


def signature_of(output: dict[str, Any], name: str) -> Signature:
    """Return a function's selector and the types of its arguments and results."""
    entry = next(e for e in output["abi"] if e.get("name") == name)
    identifiers = output["method_identifiers"]
    (signature,) = (text for text in identifiers if text.startswith(f"{name}("))
    kinds = [kind for part in entry["inputs"] for kind in _words_of(part)]
    results = [kind for part in entry["outputs"] for kind in _words_of(part)]
    return Signature(int(identifiers[signature], 16), kinds, results)


def _words_of(part: dict[str, Any]) -> Iterator[str]:
    """Yield the types of the words of an argument, which may be a struct."""
    if part["type"] == "tuple":
        for member in part["components"]:
            yield from _words_of(member)
    else:
        yield part["type"]


def argument(name: str, kind: str) -> Term:
    """Return an unknown word of calldata, ill-formed for its type included."""
    if kind.startswith("int"):
        return variable(name, -words.SIGN, words.SIGN - 1)
    return variable(name)


def range_of(kind: str) -> tuple[int, int]:
    """Return the least and the greatest number of a type."""
    if kind in ("bool", "address"):
        return 0, 1 if kind == "bool" else 2**160 - 1
    bits = int(kind.removeprefix("u").removeprefix("int"))
    if kind.startswith("u"):
        return 0, 2**bits - 1
    return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1


@contextmanager
def verdicts() -> Iterator[None]:
    """Tell a solver's counterexample from its silence."""
    try:
        yield
    except NotProved as failure:
        if failure.model is None:
            raise Undecided(str(failure)) from failure
        raise Refuted(str(failure)) from failure
