"""
Bytecode to make claims about, and how to call it.

Contracts are compiled with the settings of the deployables and deployed on a real
machine; what is proved is the runtime code found there, immutables included.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pyrevm
from vyper.compiler import compile_from_file_input
from vyper.compiler.input_bundle import FilesystemInputBundle
from vyper.compiler.settings import OptimizationLevel, Settings

from tests.proofs.lifter import words
from tests.proofs.lifter.solver import NotProved
from tests.proofs.lifter.terms import Term, variable
from tests.proofs.proof import Refuted, Undecided

DEPLOYER = "0x00000000000000000000000000000000000000D0"
_FORMATS = ["bytecode", "abi", "layout", "method_identifiers"]


@cache
def compiled(path: Path, root: Path) -> dict[str, Any]:
    """Return the compiler's output for a contract of the project at ``root``."""
    bundle = FilesystemInputBundle([root, root / "contracts"])
    return compile_from_file_input(
        bundle.load_file(path),
        input_bundle=bundle,
        output_formats=_FORMATS,
        settings=Settings(optimize=OptimizationLevel.GAS, evm_version="cancun"),
    )


def deployed(output: dict[str, Any], arguments: bytes = b"") -> tuple[Any, str, bytes]:
    """Deploy on a fresh machine; return it, the address and the runtime code."""
    machine = pyrevm.EVM(spec_id="CANCUN")
    machine.set_balance(DEPLOYER, 10**20)
    creation = bytes.fromhex(output["bytecode"].removeprefix("0x")) + arguments
    address = machine.deploy(DEPLOYER, creation)
    return machine, address, bytes(machine.get_code(address))


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
