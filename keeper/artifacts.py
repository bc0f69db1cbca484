"""
Contracts, compiled in process and remembered on disk.

The compiler is the `vyper` package of this environment, so neither Ape nor a version
manager is needed. An artifact is remembered under `.cache/artifacts/` by a hash of the
compiler's version and settings and of every source that the contract can import;
files appear by an atomic rename and one process compiles while others wait, so any
number of test workers can share the folder. Sources are taken to be constant while a
process runs: give every changed copy of `contracts/` a folder of its own.
"""

import fcntl
import hashlib
import json
import os
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from keeper.errors import UserError

ROOT: Final = Path(__file__).resolve().parent.parent
CONTRACTS: Final = ROOT / "contracts"
CACHE: Final = ROOT / ".cache" / "artifacts"

EVM_VERSION: Final = "cancun"

# The bodies behind the one address: the one that is there, and the others in the order
# in which its constructor names them.
BODIES: Final = (
    "Clearinghouse",
    "TradeCode",
    "SettleCode",
    "LiquidationCode",
    "GovernanceCode",
    "AccountCode",
    "MarginCode",
    "SpotCode",
    "OrderCode",
    "ForcedCode",
    "DeleverageCode",
    "SliceCode",
)

# Bodies that run on the same storage, but by way of the others only.
INNER: Final = ("MakerCode",)

# Functions that the bodies have for one another: the one address does not pass them on.
UNROUTED: Final = frozenset(
    {
        "assess_unlocked",
        "trade_unlocked",
        "realise_unlocked",
        "touch_unlocked",
        "meet_unlocked",
        "make_perp_unlocked",
        "take_perp_unlocked",
        "make_spot_unlocked",
        "sell_unlocked",
        "fund_unlocked",
    }
)

_FORMATS: Final = (
    "abi",
    "bytecode",
    "bytecode_runtime",
    "layout",
    "method_identifiers",
)
_FORM: Final = 1  # of the files in the cache

# A line that may be an import, wherever it stands, with the lines that belong to it.
_IMPORT: Final = re.compile(r".*\bimport\b(?:(?:.*\\\n)+.*|[^\n(]*\([^)]*\)|.*)")

Abi = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Artifact:
    """
    What the compiler says of one contract.

    `runtime_size` is in bytes and counts the immutables, which the compiler appends
    to the code on deployment: it is what EIP-170 limits. `layout` has the compiler's
    `storage_layout`, `transient_storage_layout` and `code_layout`, as far as they
    exist. `method_identifiers` maps signatures to selectors in hex.
    """

    name: str
    abi: Abi
    bytecode: bytes
    runtime: bytes
    runtime_size: int
    layout: Mapping[str, Any]
    method_identifiers: Mapping[str, str]
    warnings: Sequence[str]


def artifact(name: str, source_root: Path = CONTRACTS) -> Artifact:
    """
    Return the contract `name`, compiled from the sources under `source_root`.

    Raise `UserError` if there is no such contract or more than one; the compiler's
    own exceptions pass through.
    """
    return _artifact(name, Path(source_root).resolve())


def clearinghouse_abi(source_root: Path = CONTRACTS) -> Abi:
    """Return the one published ABI of the Clearinghouse's address."""
    return _clearinghouse_abi(Path(source_root).resolve())


def abi_of(name: str, source_root: Path = CONTRACTS) -> Abi:
    """Return the ABI under which the address of a contract `name` is used."""
    if name in BODIES:
        return clearinghouse_abi(source_root)
    return artifact(name, source_root).abi


def contract_names(source_root: Path = CONTRACTS) -> list[str]:
    """Return every deployable contract under `source_root`, mocks included."""
    names = [path.stem for path in Path(source_root).rglob("*.vy")]
    return sorted(name for name in names if name[0].isupper())


def merge_abis(abis: Mapping[str, Abi]) -> Abi:
    """
    Return the union of the ABIs of code bodies behind one address.

    The first one is the entry: its constructor and fallback are kept, the others'
    are of no use to a caller. Events may repeat. Raise `ValueError` if two bodies
    have a function of the same selector: only the first would ever be reached.
    """
    merged: list[Mapping[str, Any]] = []
    owners: dict[str, str] = {}
    for position, (name, abi) in enumerate(abis.items()):
        for entry in abi:
            if entry["type"] == "function":
                signature = signature_of(entry)
                selector = _selector(signature)
                if selector in owners:
                    message = f"{name}: {signature} collides with {owners[selector]}"
                    raise ValueError(message)
                owners[selector] = f"{name}: {signature}"
                merged.append(entry)
            elif position == 0 or (entry["type"] == "event" and entry not in merged):
                merged.append(entry)
    return tuple(merged)


def signature_of(entry: Mapping[str, Any]) -> str:
    """Return the canonical signature of a function or event of an ABI."""
    types = ",".join(type_of(item) for item in entry["inputs"])
    return f"{entry['name']}({types})"


def type_of(item: Mapping[str, Any]) -> str:
    """Return the canonical ABI type of one input or output, tuples written out."""
    name = str(item["type"])
    if not name.startswith("tuple"):
        return name
    inner = ",".join(type_of(part) for part in item["components"])
    return f"({inner}){name.removeprefix('tuple')}"


@cache
def _artifact(name: str, root: Path) -> Artifact:
    source = _find(name, root)
    path = CACHE / f"{name}-{_fingerprint(source, root)}.json"
    if not path.exists():
        with _only_one(path.with_suffix(".lock")):
            if not path.exists():
                _write(path, _compile(source, root))
    return _read(path)


@cache
def _clearinghouse_abi(root: Path) -> Abi:
    merged = merge_abis({name: artifact(name, root).abi for name in BODIES})
    return tuple(entry for entry in merged if entry.get("name") not in UNROUTED)


def _find(name: str, root: Path) -> Path:
    found = sorted(root.rglob(f"{name}.vy"))
    if not found:
        raise UserError(f"{root}: no contract {name}; there are {contract_names(root)}")
    if len(found) > 1:
        raise UserError(f"{root}: more than one contract {name}; rename one")
    return found[0]


def _fingerprint(source: Path, root: Path) -> str:
    """
    Return a hash of all that the bytecode of `source` depends on.

    An import has to spell the name of its file, so a file whose name does not occur
    in the imports of what was reached so far cannot be part of the contract.
    """
    paths = sorted(root.rglob("*.vy*"))
    todo, reached = [source], {source: source.read_bytes()}
    while todo:
        imports = " ".join(_IMPORT.findall(reached[todo.pop()].decode()))
        words = set(re.findall(r"\w+", imports))
        for path in paths:
            if path.stem in words and path not in reached:
                reached[path] = path.read_bytes()
                todo.append(path)
    digest = hashlib.sha256(f"{_FORM} {version('vyper')} {EVM_VERSION}".encode())
    for path in sorted(reached):
        digest.update(f"\0{path.relative_to(root)}\0{len(reached[path])}\0".encode())
        digest.update(reached[path])
    return digest.hexdigest()[:32]


def _compile(source: Path, root: Path) -> Artifact:
    """Compile `source` with the default code generator, optimised for gas."""
    # The compiler takes a while to import, and a warm cache does without it.
    from vyper.compiler import compile_from_file_input as compile_file  # type: ignore[import-untyped]
    from vyper.compiler.input_bundle import FilesystemInputBundle  # type: ignore[import-untyped]
    from vyper.compiler.settings import OptimizationLevel, Settings  # type: ignore[import-untyped]

    bundle = FilesystemInputBundle([root])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        output = compile_file(
            bundle.load_file(source),
            input_bundle=bundle,
            output_formats=_FORMATS,
            settings=Settings(evm_version=EVM_VERSION, optimize=OptimizationLevel.GAS),
        )
    runtime = bytes.fromhex(output["bytecode_runtime"].removeprefix("0x"))
    immutables = output["layout"].get("code_layout", {})
    return Artifact(
        name=source.stem,
        abi=output["abi"],
        bytecode=bytes.fromhex(output["bytecode"].removeprefix("0x")),
        runtime=runtime,
        runtime_size=len(runtime) + _size(immutables),
        layout=output["layout"],
        method_identifiers=output["method_identifiers"],
        warnings=[str(warning.message) for warning in caught],
    )


def _size(immutables: Mapping[str, Any]) -> int:
    """Return the bytes that immutables take, of the modules too."""
    if "length" in immutables and isinstance(immutables["length"], int):
        return int(immutables["length"])
    return sum(_size(inner) for inner in immutables.values())


def _selector(signature: str) -> str:
    from eth_utils.crypto import keccak

    return keccak(text=signature)[:4].hex()


@contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    """Let one process in at a time; a killed process leaves no lock behind."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _write(path: Path, compiled: Artifact) -> None:
    fields = dict(vars(compiled))
    fields["bytecode"] = compiled.bytecode.hex()
    fields["runtime"] = compiled.runtime.hex()
    draft = path.with_suffix(f".{os.getpid()}.draft")
    draft.write_text(json.dumps(fields))
    draft.replace(path)


def _read(path: Path) -> Artifact:
    fields = json.loads(path.read_text())
    fields["bytecode"] = bytes.fromhex(fields["bytecode"])
    fields["runtime"] = bytes.fromhex(fields["runtime"])
    return Artifact(**fields)
