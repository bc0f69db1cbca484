"""
What a figure would be if nothing had to be computed: its floor, told by the node.

Of each transaction it counts 21,000 and the calldata; each other account that is called
once, cold; each slot that is touched once, cold; each slot that is another in the end
than in the beginning, written once (and the refund, if it is cleared); the logs, byte
by byte; the precompiles; and all that the token does, which is not ours. It does not
count arithmetic, memory, hashes, finding the function, calls between contracts that are
warm, and reading or writing a slot again.

So it is the floor of the present layout: which words there are, what is in them, which
contracts the code is in and what the events tell is taken as it is. Another layout has
another floor.

Everything is linear, so a figure that is a difference has the difference as its floor.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Final

from keeper.bench.cost import Cost
from keeper.bench.profile import (
    COLD_ACCOUNT,
    COLD_SLOT,
    INTRINSIC,
    LAST_PRECOMPILE,
    WARM,
    Names,
    calldata_gas,
)
from keeper.bench.trace import Change, Log, Trace

RESET: Final = 2_900
"""Of a slot that was not zero and is another number, once it is warm."""
SET: Final = 20_000
"""Of a slot that was zero, likewise."""
CLEARED: Final = 4_800
"""What is given back for a slot that is zero now."""
LOG: Final = 375
"""Of a log, and of each of its topics."""
LOG_BYTE: Final = 8
RECOVERY: Final = 3_000
"""Of a signature's address."""

TOKEN: Final = "MockToken"

PARTS: Final = (
    "transaction",
    "accounts",
    "reads",
    "writes",
    "logs",
    "precompiles",
    "token",
)

Parts = Mapping[str, int]


def floor(cost: Cost, run: Callable[[str], Trace], names: Names) -> Parts:
    """Return the parts of a figure's floor, whose sum it is, each rounded."""
    sums = dict.fromkeys(PARTS, Fraction(0))
    for transaction, share in cost.parts.items():
        for part, gas in floor_of(run(transaction), names).items():
            sums[part] += share * gas
    return {part: round(gas) for part, gas in sums.items()}


def floor_of(run: Trace, names: Names) -> Parts:
    """Return the parts of one transaction's floor."""
    tokens = {address for address, name in names.items() if name == TOKEN}
    slots = {
        (touch.subject, touch.slot)
        for touch in run.touches
        if touch.op in ("SLOAD", "SSTORE") and touch.subject not in tokens
    }
    changes = [change for change in run.changes if change.address not in tokens]
    called = [touch for touch in run.touches if touch.op.endswith("CALL")]
    cold = {
        touch.subject
        for touch in called
        if touch.gas >= COLD_ACCOUNT and not is_precompile(touch.subject)
    }
    computed = [touch.subject for touch in called if is_precompile(touch.subject)]
    return {
        "transaction": INTRINSIC + calldata_gas(run.calldata),
        "accounts": COLD_ACCOUNT * len(cold),
        "reads": COLD_SLOT * len(slots),
        "writes": sum(map(write_gas, changes)),
        "logs": sum(log_gas(log) for log in run.logs if log.address not in tokens),
        "precompiles": sum(map(precompile_gas, computed)),
        "token": sum(step.gas for step in run.steps if step.code in tokens),
    }


def is_precompile(address: str) -> bool:
    """Return whether there is no code at an address, but something built in."""
    return 0 < int(address, 16) <= LAST_PRECOMPILE


def precompile_gas(address: str) -> int:
    """Return what a call of a precompile costs; raise `ValueError` if not known."""
    if int(address, 16) != 1:
        raise ValueError(f"the floor has no price for the precompile at {address}")
    return RECOVERY + WARM


def write_gas(change: Change) -> int:
    """Return what it costs to write a slot once that has been read."""
    if change.before == 0:
        return SET
    return RESET if change.after else RESET - CLEARED


def log_gas(log: Log) -> int:
    """Return what a log costs, without the memory that its data is in."""
    return LOG * (1 + log.topics) + LOG_BYTE * log.size
