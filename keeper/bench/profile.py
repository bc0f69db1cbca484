"""
Where the gas of a figure goes: what every such transaction pays, storage by variable,
calls, logs, and the rest by function.

Everything is linear, so a figure that is a difference of transactions has a profile
as well: of what one more of something costs.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any, Final, NamedTuple

from eth_utils.crypto import keccak
from rich import box
from rich.console import Console
from rich.table import Table

from keeper.artifacts import artifact
from keeper.bench.code_map import code_map
from keeper.bench.cost import Cost
from keeper.bench.trace import Touch, Trace

INTRINSIC: Final = 21_000
ZERO_BYTE: Final = 4
OTHER_BYTE: Final = 16
COLD_SLOT: Final = 2_100
COLD_ACCOUNT: Final = 2_600
WARM: Final = 100
CHANGE: Final = 2_800
"""Of a slot that was not zero, beyond what a warm one costs."""
FILL: Final = 19_900
"""Of a slot that was zero, likewise."""
LAST_PRECOMPILE: Final = 0x11

KINDS: Final = (
    "transaction",
    "cold account",
    "call",
    "cold slot",
    "changed slot",
    "filled slot",
    "warm slot",
    "transient",
    "hash",
    "log",
    "compute",
    "refund",
)


class Key(NamedTuple):
    """What gas was paid for: a kind of thing, and which."""

    kind: str
    what: str


class Spent(NamedTuple):
    """Gas, and for how many."""

    gas: Fraction
    number: Fraction


Profile = Mapping[Key, Spent]
Names = Mapping[str, str]
"""Contracts by address, in lower case."""


def profile(cost: Cost, run: Callable[[str], Trace], names: Names) -> Profile:
    """Return where a figure's gas goes, as the node tells of its transactions."""
    return combine(
        (share, profile_of(run(transaction), names))
        for transaction, share in cost.parts.items()
    )


def combine(parts: Iterator[tuple[Fraction, Profile]]) -> Profile:
    """Return the sum of profiles, each as often as its share says."""
    total: dict[Key, Spent] = {}
    for share, part in parts:
        for key, spent in part.items():
            known = total.get(key, Spent(Fraction(0), Fraction(0)))
            total[key] = Spent(
                known.gas + share * spent.gas, known.number + share * spent.number
            )
    return total


def profile_of(run: Trace, names: Names) -> Profile:
    """Return where the gas of one transaction went, to the last unit."""
    gas: Counter[Key] = Counter()
    count: Counter[Key] = Counter()
    for key, paid, number in items(run, names):
        gas[key] += paid
        count[key] += number
    gas[Key("refund", "")] = run.gas_used - sum(gas.values())
    return {key: Spent(Fraction(gas[key]), Fraction(count[key])) for key in gas}


def items(run: Trace, names: Names) -> Iterator[tuple[Key, int, int]]:
    """Yield what was paid for, the gas, and how many of it."""
    yield Key("transaction", "intrinsic"), INTRINSIC, 1
    calldata = run.calldata
    yield Key("transaction", "calldata"), calldata_gas(calldata), len(calldata)
    labels = Labels(run, names)
    named: Counter[tuple[str, int]] = Counter()
    for touch in run.touches:
        named[touch.code, touch.place] += touch.gas
        for key, gas in labels.parts(touch):
            yield key, gas, 1
    for step in run.steps:
        name = names.get(step.code, step.code)
        function = code_map(name).function_at(step.place) if step.code in names else ""
        rest = step.gas - named[step.code, step.place]
        yield Key("compute", f"{name} {function}"), rest, step.visits


def calldata_gas(calldata: bytes) -> int:
    """Return what the bytes that a transaction is sent with cost."""
    zeros = calldata.count(0)
    return ZERO_BYTE * zeros + OTHER_BYTE * (len(calldata) - zeros)


class Labels:
    """The names of what a transaction touches, and what it has touched before."""

    def __init__(self, run: Trace, names: Names) -> None:
        """Learn what was hashed: a mapping's slot and a key."""
        self._names = names
        self._mappings: dict[int, int] = {}
        for touch in run.touches:
            if touch.op == "KECCAK256":
                words = bytes.fromhex(touch.subject.removeprefix("0x"))
                slot = int.from_bytes(keccak(words))
                self._mappings[slot] = int.from_bytes(words[:32])
        self._warm: set[tuple[str, int]] = set()
        self._variables: dict[str, dict[int, str]] = {}

    def parts(self, touch: Touch) -> Iterator[tuple[Key, int]]:
        """Yield what one touch has paid for."""
        name = self._names.get(touch.subject, touch.subject)
        if touch.op in ("SLOAD", "SSTORE"):
            yield from self._slot_parts(touch, f"{name} {self._variable(touch)}")
        elif touch.op in ("TLOAD", "TSTORE"):
            yield Key("transient", name), touch.gas
        elif touch.op == "KECCAK256":
            yield Key("hash", "mapping"), touch.gas
        elif touch.op.startswith("LOG"):
            yield Key("log", self._names.get(touch.code, touch.code)), touch.gas
        else:
            is_account = int(touch.subject, 16) > LAST_PRECOMPILE
            cold = COLD_ACCOUNT - WARM
            if is_account and touch.gas >= COLD_ACCOUNT:
                yield Key("cold account", name), cold
                yield Key("call", name), touch.gas - cold
            else:
                yield Key("call", name), touch.gas

    def _slot_parts(self, touch: Touch, what: str) -> Iterator[tuple[Key, int]]:
        gas = touch.gas
        place = (touch.subject, touch.slot)
        if place not in self._warm:
            self._warm.add(place)
            cold = COLD_SLOT - (WARM if touch.op == "SLOAD" else 0)
            yield Key("cold slot", what), cold
            gas -= cold
        for kind, price in (("filled slot", FILL), ("changed slot", CHANGE)):
            if gas >= price:
                yield Key(kind, what), price
                gas -= price
        yield Key("warm slot", what), gas

    def _variable(self, touch: Touch) -> str:
        base, keys = touch.slot, 0
        while base in self._mappings:
            base, keys = self._mappings[base], keys + 1
        if touch.subject not in self._variables:
            found: Mapping[str, Any] = {}
            if touch.subject in self._names:
                found = artifact(self._names[touch.subject]).layout
            layout = found.get("storage_layout", {})
            self._variables[touch.subject] = dict(slots_of(layout))
        known = self._variables[touch.subject].get(base, f"{base:#x}")
        return known + "[]" * keys


def slots_of(layout: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[int, str]]:
    """Yield slot and name of every variable in the compiler's layout."""
    for name, found in layout.items():
        if "slot" in found:
            yield int(found["slot"]), prefix + name
        else:
            yield from slots_of(found, f"{name}.")


def show(name: str, cost: Cost, found: Profile, console: Console) -> None:
    """Print what a figure's gas was paid for, by kind, the dearest first."""
    table = Table(title=f"{name}: {int(cost):,}", box=box.SIMPLE, show_edge=False)
    for column in ("paid for", "gas", "number"):
        table.add_column(column, justify="left" if column == "paid for" else "right")
    for kind in KINDS:
        rows = {key.what: spent for key, spent in found.items() if key.kind == kind}
        total = sum(spent.gas for spent in rows.values())
        if total == 0:
            continue
        table.add_row(kind, f"{float(total):,.0f}", "", style="bold")
        for what, spent in sorted(rows.items(), key=lambda row: -row[1].gas):
            gas, count = float(spent.gas), float(spent.number)
            if what and round(gas):
                table.add_row(f"  {what}", f"{gas:,.0f}", f"{count:,.1f}")
    console.print(table)
