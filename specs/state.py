"""
State.

The names of the storage behind the Clearinghouse's address and the word format of
each. A variable is a map from the numbers named here to one packed word.

Counterpart of ``contracts/modules/state.vy``.
"""

from collections.abc import Mapping
from typing import Final

from specs import packing
from specs.packing import Word

BY_ASSET: Final[Mapping[str, Word]] = {
    "pool_index": packing.POOL_INDEX,
    "pool_total": packing.POOL_TOTAL,
    "pool_cash": packing.POOL_CASH,
    "pool_idle": packing.POOL_IDLE,
    "curve": packing.CURVE,
    "token": packing.TOKEN,
    "quote": packing.QUOTE,
    "risk": packing.RISK,
}
"""Key: asset."""

BY_MARKET: Final[Mapping[str, Word]] = {
    "market_quote": packing.QUOTE,
    "market_risk": packing.RISK,
    "market_funding": packing.FUNDING,
    "market_premium": packing.PREMIUM,
    "market_fund": packing.FUND,
    "market_size": packing.SIZE,
}
"""Key: market."""

BY_ACCOUNT: Final[Mapping[str, Word]] = {"headers": packing.HEADER}
"""Key: account."""

BY_ACCOUNT_AND_NUMBER: Final[Mapping[str, Word]] = {
    "balances": packing.BALANCE,
    "positions": packing.POSITION,
}
"""Keys: account, then asset or market."""

PLAIN: Final[Mapping[str, Word]] = {"funds": packing.FUNDS}
"""A word of its own."""
