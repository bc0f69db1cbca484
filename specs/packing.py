"""
Packing.

How the fields of the state share storage words. A word is described by its fields:
where each starts, how many bits it has, whether it is signed and of what unit it
counts multiples. A list is eight bytes, ascending, each one more than a number,
ended by zeros.

Counterpart of ``contracts/modules/packing.vy``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from specs.errors import AmountTooLarge


@dataclass(frozen=True)
class Field:
    """Some bits of a word."""

    offset: int
    width: int
    is_signed: bool = False
    unit: int = 1


Word = Mapping[str, Field]

POOL_INDEX: Final[Word] = {
    "lend_index": Field(144, 112),
    "borrow_index": Field(32, 112),
    "accrued_at": Field(0, 32),
}
POOL_TOTAL: Final[Word] = {
    "lends": Field(128, 128, is_signed=True),
    "borrows": Field(0, 128),
}
POOL_CASH: Final[Word] = {"cash": Field(128, 128), "reserve": Field(0, 128)}
POOL_IDLE: Final[Word] = {"idle": Field(0, 128)}
CURVE: Final[Word] = {
    "base": Field(0, 40, unit=10**9),
    "slope_low": Field(40, 40, unit=10**9),
    "slope_high": Field(80, 40, unit=10**9),
    "optimal": Field(120, 24, unit=10**12),
    "reserve_share": Field(144, 24, unit=10**12),
    "is_halted": Field(168, 1),
    "is_paused": Field(169, 1),
    "supply_cap": Field(176, 40, unit=10**18),
    "borrow_cap": Field(216, 40, unit=10**18),
}
GUARDS: Final[Word] = {
    "outflow_floor": Field(0, 32, unit=10**18),
    "outflow_share": Field(32, 16),
    "throttle_share": Field(48, 16),
    "threshold": Field(64, 16),
    "max_utilisation": Field(80, 16),
    "step": Field(96, 32),
    "admissible": Field(128, 24),
    "averaged_at": Field(152, 32),
    "average": Field(184, 72, unit=10**9),
}
TOKEN: Final[Word] = {
    "address": Field(0, 160),
    "decimals": Field(160, 8),
    "is_listed": Field(168, 8),
}
QUOTE: Final[Word] = {
    "slow": Field(176, 80, unit=10**6),
    "fast": Field(96, 80, unit=10**6),
    "time": Field(64, 32),
    "weight": Field(40, 24),
    "factor": Field(0, 40),
}
MARK: Final[Word] = {
    "slow": Field(176, 80, unit=10**6),
    "fast": Field(96, 80, unit=10**6),
    "time": Field(64, 32),
    "open_interest_imf": Field(32, 24),
    "mmf_scale": Field(16, 16),
    "imf_scale": Field(0, 16),
}
RISK: Final[Word] = {
    "base_imf": Field(0, 24),
    "base_mmf": Field(24, 24),
    "imf_factor": Field(48, 40),
    "mmf_factor": Field(88, 40),
    "maker": Field(128, 24),
    "taker": Field(152, 24),
    "underlying": Field(176, 8),
    "lot_exponent": Field(184, 8),
    "interval": Field(192, 32),
    "is_listed": Field(224, 8),
    "is_paused": Field(232, 1),
    "epochs": Field(233, 23),
}
ASSET_RISK: Final[Word] = {
    "base_imf": Field(0, 24),
    "base_mmf": Field(24, 24),
    "imf_factor": Field(48, 40),
    "mmf_factor": Field(88, 40),
    "maker": Field(128, 24),
    "taker": Field(152, 24),
    "target_weight": Field(176, 24),
    "ramped_at": Field(200, 32),
}
FUNDS: Final[Word] = {
    "total": Field(128, 128, is_signed=True),
    "virtual": Field(0, 128),
}
VIRTUALS: Final[Word] = {"winners": Field(128, 128), "losers": Field(0, 128)}
FUNDING: Final[Word] = {
    "index": Field(128, 128, is_signed=True),
    "rate": Field(64, 64, is_signed=True),
    "updated_at": Field(32, 32),
    "interval_started_at": Field(0, 32),
}
PREMIUM: Final[Word] = {
    "premium_time": Field(128, 128, is_signed=True),
    "premium": Field(64, 64, is_signed=True),
}
FUND: Final[Word] = {
    "balance": Field(144, 112, is_signed=True),
    "spread": Field(32, 112, is_signed=True),
    "cap": Field(0, 32, unit=10**18),
}
LIMITS: Final[Word] = {
    "max_open_interest": Field(192, 64),
    "max_position": Field(128, 64),
    "min_lots": Field(96, 32),
    "open_interest_factor": Field(56, 40),
    "reference": Field(24, 32),
    "max_scale": Field(8, 16),
}
CULL: Final[Word] = {
    "credit_cap": Field(192, 64, unit=10**12),
    "account_threshold": Field(128, 64, unit=10**12),
    "system_threshold": Field(64, 64, unit=10**12),
}
SIZE: Final[Word] = {
    "losers_cost": Field(128, 128, is_signed=True),
    "losers_lots": Field(64, 64, is_signed=True),
    "open_interest": Field(0, 64),
}
WINNERS: Final[Word] = {
    "winners_cost": Field(128, 128, is_signed=True),
    "winners_lots": Field(64, 64, is_signed=True),
}
GROWTH: Final[Word] = {"lend": Field(128, 128), "borrow": Field(0, 128)}
"""Modulo 2**128: only differences mean something."""
CURSOR: Final[Word] = {
    "price": Field(176, 80, unit=10**6),
    "lend_weight": Field(112, 64),
    "borrow_weight": Field(48, 64),
}
TICK: Final[Word] = {"longs": Field(64, 64), "shorts": Field(0, 64)}
HEADER: Final[Word] = {
    "assets": Field(192, 64),
    "markets": Field(128, 64),
    "orders": Field(64, 64),
    "release_at": Field(32, 32),
    "max_leverage": Field(8, 8),
    "is_not_repaying": Field(3, 1),
    "is_not_borrowing": Field(2, 1),
    "is_realising": Field(1, 1),
    "is_idling": Field(0, 1),
}
BALANCE: Final[Word] = {
    "scaled": Field(128, 128, is_signed=True),
    "idle": Field(0, 128),
}
OPEN_ORDERS: Final[Word] = {"bids": Field(128, 128), "asks": Field(0, 128)}
POSITION: Final[Word] = {
    "lots": Field(192, 64, is_signed=True),
    "basis": Field(64, 128, is_signed=True),
    "epoch": Field(24, 24),
    "entry": Field(0, 24),
}
PENDING: Final[Word] = {"longs": Field(64, 64), "shorts": Field(0, 64)}
EPOCH_TERMS: Final[Word] = {
    "lots": Field(192, 64),
    "open_interest": Field(128, 64),
    "price": Field(48, 80, unit=10**6),
    "is_long": Field(0, 1),
}
EPOCH_STATE: Final[Word] = {
    "funding_index": Field(128, 128, is_signed=True),
    "carry": Field(64, 64),
    "left": Field(0, 64),
}


def unpack(word: int, layout: Word) -> dict[str, int]:
    """Return the fields of ``word`` in their own units."""
    return {name: get_field(word, field) for name, field in layout.items()}


def get_field(word: int, field: Field) -> int:
    """Return one field of ``word`` in its own unit."""
    value: int = word // 2**field.offset % 2**field.width
    if field.is_signed and value >= 2 ** (field.width - 1):
        value -= 2**field.width
    return value * field.unit


def pack(values: Mapping[str, int], layout: Word) -> int:
    """Return the word that holds ``values``; refuse what does not fit its field."""
    word = 0
    for name, field in layout.items():
        value = values[name] // field.unit
        low = -(2 ** (field.width - 1)) if field.is_signed else 0
        if not low <= value < low + 2**field.width:
            raise AmountTooLarge
        word += value % 2**field.width * 2**field.offset
    return word


def unpack_list(entries: int) -> tuple[int, ...]:
    """Return the numbers in a list, ascending."""
    numbers = []
    while entries:
        numbers.append(entries % 256 - 1)
        entries //= 256
    return tuple(numbers)


def pack_list(numbers: tuple[int, ...]) -> int:
    """Return the list that holds ``numbers``."""
    return sum((n + 1) * 256**i for i, n in enumerate(sorted(numbers)))
