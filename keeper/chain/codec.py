"""
ABI encoding and decoding, the same for every engine.

Words, structs and lists of words are packed here, everything else by `eth_abi`, which
is slower. Addresses come out in checksum form, structs as named tuples in the order of
their fields, lists as tuples.
"""

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import count
from pathlib import Path
from typing import Any, Final

from eth_abi.abi import decode as abi_decode
from eth_abi.abi import encode as abi_encode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from keeper.artifacts import CONTRACTS, Abi, abi_of, artifact, signature_of, type_of
from keeper.chain.interface import Event

WORD: Final = 32
_MISFITS: Final = (ValueError, OverflowError, AttributeError, TypeError, KeyError)
"""What packing raises of a value that is not of its type."""
_BOOLS: Final = {False: b"\0", True: b"\1"}
_ERROR: Final = keccak(text="Error(string)")[:4]
_PANIC: Final = keccak(text="Panic(uint256)")[:4]

checksum = lru_cache(maxsize=65536)(to_checksum_address)


@dataclass(frozen=True)
class Method:
    """One function of an ABI, ready to be called."""

    selector: bytes
    inputs: Sequence[str]
    outputs: Sequence[str]
    shape: Callable[[Sequence[Any]], Any]
    is_view: bool

    def encode(self, arguments: Sequence[Any]) -> bytes:
        """Return calldata; raise `ValueError` for what does not fit its type."""
        return self.selector + encode(self.inputs, arguments)

    def decode(self, data: bytes) -> Any:
        """Return what the function returned: nothing, a value, or a tuple."""
        return self.shape(decode(self.outputs, data))


@dataclass(frozen=True)
class Log:
    """One event of an ABI: which arguments are topics and which are data."""

    name: str
    names: Sequence[str]
    indexed: Sequence[tuple[str, str]]
    plain: Sequence[tuple[str, str]]

    def decode(self, topics: Sequence[bytes], data: bytes) -> dict[str, Any]:
        """Return the arguments by name; an indexed list or text is its hash."""
        found: dict[str, Any] = {}
        for (name, kind), topic in zip(self.indexed, topics[1:], strict=True):
            found[name] = decode([kind], topic)[0] if _is_word(kind) else topic
        values = decode([kind for _, kind in self.plain], data)
        names = [name for name, _ in self.plain]
        found |= dict(zip(names, values, strict=True))
        return {name: found[name] for name in self.names}


class Codec:
    """Everything that can be said to, or heard from, a contract of one ABI."""

    def __init__(self, abi: Abi) -> None:
        """Index the functions by name and length, the events by topic."""
        self.methods: dict[tuple[str, int], Method] = {}
        self.logs: dict[bytes, Log] = {}
        self.constructor: Sequence[str] = ()
        for entry in abi:
            if entry["type"] == "function":
                key = entry["name"], len(entry["inputs"])
                self.methods[key] = _method(entry)
            elif entry["type"] == "event":
                self.logs[keccak(text=signature_of(entry))] = _log(entry)
            elif entry["type"] == "constructor":
                self.constructor = [type_of(item) for item in entry["inputs"]]

    def method(self, name: str, arguments: Sequence[Any]) -> Method:
        """Return the function `name` that takes as many arguments."""
        try:
            return self.methods[name, len(arguments)]
        except KeyError:
            raise AttributeError(
                f"no function {name} of {len(arguments)} arguments"
            ) from None


@cache
def codec_of(name: str, source_root: Path = CONTRACTS) -> Codec:
    """
    Return the codec of the contract `name`.

    Code bodies behind the Clearinghouse's address share one ABI; each is deployed
    with its own constructor.
    """
    codec = Codec(abi_of(name, source_root))
    codec.constructor = Codec(artifact(name, source_root).abi).constructor
    return codec


def encode(types: Sequence[str], values: Sequence[Any]) -> bytes:
    """Return `values` encoded as the arguments of a call."""
    if len(types) != len(values):
        raise ValueError(f"{len(values)} arguments for {len(types)}")
    if (packers := _packers(tuple(types))) is not None:
        try:
            return b"".join(
                [pack(value) for pack, value in zip(packers, values, strict=True)]
            )
        except _MISFITS:
            pass  # which one it is, is found out below
    heads, tails = [], {}
    for at, (kind, value) in enumerate(zip(types, values, strict=True)):
        if _is_word(kind):
            heads.append(_word(kind, value))
        elif members := _members(kind):
            heads.append(encode(members, value))
        elif kind.endswith("[]") and _is_word(kind[:-2]):
            tail = b"".join([_word(kind[:-2], item) for item in value])
            heads.append(bytes(WORD))
            tails[at] = len(value).to_bytes(WORD, "big") + tail
        else:
            return abi_encode(types, values)
    if tails:
        offset = sum(map(len, heads))
        for at, tail in tails.items():
            heads[at] = offset.to_bytes(WORD, "big")
            offset += len(tail)
    return b"".join([*heads, *tails.values()])


def decode(types: Sequence[str], data: bytes) -> tuple[Any, ...]:
    """Return the values of `types` in `data`; raise `ValueError` if it is short."""
    if (unpackers := _unpackers(tuple(types))) is not None:
        if len(data) < WORD * len(types):
            raise ValueError(f"{len(data)} bytes returned for {len(types)} words")
        return tuple(
            [
                unpack(data[at : at + WORD])
                for unpack, at in zip(unpackers, count(0, WORD), strict=False)
            ]
        )
    return tuple(
        _with_checksums(kind, value)
        for kind, value in zip(types, abi_decode(types, data), strict=True)
    )


def decode_events(
    logs: Iterable[tuple[str, Sequence[bytes], bytes]],
    names: Mapping[str, str],
    source_root: Path = CONTRACTS,
) -> tuple[Event, ...]:
    """Return the events of the contracts that `names` knows by address."""
    events: list[Event] = []
    for address, topics, data in logs:
        name = names.get(address)
        kinds = codec_of(name, source_root).logs if name else {}
        kind = kinds.get(topics[0]) if topics else None
        if kind:
            events.append(Event(kind.name, address, kind.decode(topics, data)))
    return tuple(events)


@lru_cache(maxsize=4096)
def decode_revert(output: bytes) -> str:
    """Return the reason that a reverted call gave, or "" if it gave none."""
    if output[:4] == _ERROR:
        return str(abi_decode(["string"], output[4:])[0])
    if output[:4] == _PANIC:
        return f"panic {int.from_bytes(output[4:36], 'big')}"
    return output.hex() and f"0x{output.hex()}"


@cache
def _is_word(kind: str) -> bool:
    if kind.endswith("]") or kind.startswith("("):
        return False
    return kind.startswith(("uint", "int", "bytes", "address", "bool")) and (
        kind != "bytes"
    )


@cache
def _members(kind: str) -> Sequence[str]:
    """Return the types of a struct of words, or nothing."""
    if not (kind.startswith("(") and kind.endswith(")")):
        return ()
    members = split_types(kind[1:-1])
    return members if all(map(_is_word, members)) else ()


def _word(kind: str, value: Any) -> bytes:
    """Return one word; raise `ValueError` if `value` is not of type `kind`."""
    try:
        return _packer(kind)(value)
    except _MISFITS:
        raise ValueError(f"{value!r} is no {kind}") from None


@cache
def _packers(types: Sequence[str]) -> Sequence[Callable[[Any], bytes]] | None:
    """Return what packs values of these types, if all are words."""
    return [_packer(kind) for kind in types] if all(map(_is_word, types)) else None


@cache
def _packer(kind: str) -> Callable[[Any], bytes]:
    """Return what packs values of type `kind` into words; it raises for others."""
    if kind.startswith(("uint", "int")):
        return _number_packer(kind)
    if kind == "bool":
        return lambda value: bytes(31) + _BOOLS[value]
    if kind == "address":
        return lambda value: (
            bytes(12) + _exactly(20, bytes.fromhex(value.removeprefix("0x")))
        )
    size = int(kind.removeprefix("bytes"))
    return lambda value: _exactly(size, memoryview(value).tobytes()).ljust(WORD, b"\0")


def _number_packer(kind: str) -> Callable[[Any], bytes]:
    size = int(kind.removeprefix("u").removeprefix("int")) // 8
    if kind.startswith("u"):
        # Not signed, which is what `to_bytes` takes it for unless it is told.
        return lambda value: bytes(value.to_bytes(size, "big").rjust(WORD, b"\0"))

    def pack(value: Any) -> bytes:
        narrow: bytes = value.to_bytes(size, "big", signed=True)
        return narrow.rjust(WORD, b"\xff" if value < 0 else b"\0")

    return pack


def _exactly(size: int, value: bytes) -> bytes:
    if len(value) != size:
        raise ValueError
    return value


@cache
def _unpackers(types: Sequence[str]) -> Sequence[Callable[[bytes], Any]] | None:
    """Return what unpacks values of these types, if all are words."""
    return [_unpacker(kind) for kind in types] if all(map(_is_word, types)) else None


def _unpacker(kind: str) -> Callable[[bytes], Any]:
    """Return what unpacks words into values of type `kind`."""
    if kind.startswith("uint"):
        return lambda word: int.from_bytes(word, "big")
    if kind.startswith("int"):
        return lambda word: int.from_bytes(word, "big", signed=True)
    if kind == "address":
        return lambda word: checksum("0x" + word[12:].hex())
    if kind == "bool":
        return lambda word: word[31] == 1
    size = int(kind.removeprefix("bytes"))
    return lambda word: word[:size]


def _with_checksums(kind: str, value: Any) -> Any:
    """Return a value of `eth_abi` in the form that this module promises."""
    if kind == "address":
        return checksum(value)
    if kind.endswith("]"):
        inner = kind[: kind.rindex("[")]
        return tuple(_with_checksums(inner, item) for item in value)
    if kind.startswith("("):
        kinds = zip(split_types(kind[1:-1]), value, strict=True)
        return tuple(_with_checksums(inner, item) for inner, item in kinds)
    return value


def split_types(types: str) -> list[str]:
    """Return the members of a tuple type, split at its outermost commas."""
    parts, depth = [""], 0
    for letter in types:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part for part in parts if part]


def _method(entry: Mapping[str, Any]) -> Method:
    shapes = [_shape(item) for item in entry["outputs"]]
    outputs = [type_of(item) for item in entry["outputs"]]

    def shape(values: Sequence[Any]) -> Any:
        named = [form(value) for form, value in zip(shapes, values, strict=True)]
        if len(named) > 1:
            return tuple(named)
        return named[0] if named else None

    inputs = [type_of(item) for item in entry["inputs"]]
    selector = keccak(text=signature_of(entry))[:4]
    is_view = entry["stateMutability"] in ("view", "pure")
    return Method(selector, inputs, outputs, shape, is_view)


def _shape(item: Mapping[str, Any]) -> Callable[[Any], Any]:
    """Return what turns a decoded value into named tuples where it has names."""
    kind = str(item["type"])
    if not kind.startswith("tuple"):
        return lambda value: value
    if kind.endswith("]"):
        inner = _shape({**item, "type": kind[: kind.rindex("[")]})
        return lambda values: tuple(inner(value) for value in values)
    parts = item["components"]
    shapes = [_shape(part) for part in parts]
    form = namedtuple(  # type: ignore[misc]
        "Struct", [part["name"] for part in parts], rename=True
    )
    return lambda values: form(
        *(shape(value) for shape, value in zip(shapes, values, strict=True))
    )


def _log(entry: Mapping[str, Any]) -> Log:
    inputs = [
        (item["name"], type_of(item), item["indexed"]) for item in entry["inputs"]
    ]
    return Log(
        name=entry["name"],
        names=[name for name, _, _ in inputs],
        indexed=[(name, kind) for name, kind, topic in inputs if topic],
        plain=[(name, kind) for name, kind, topic in inputs if not topic],
    )
