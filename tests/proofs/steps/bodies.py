"""The contracts whose code changes the Clearinghouse's storage, by their files."""

from tests.proofs.summary import Summary
from tests.proofs.transition import Step


def _path(name: str) -> str:
    return f"contracts/{name}.vy"


CLEARINGHOUSE = _path("Clearinghouse")
ACCOUNT_CODE = _path("AccountCode")
TRADE_CODE = _path("TradeCode")
SETTLE_CODE = _path("SettleCode")
SPOT_CODE = _path("SpotCode")
LIQUIDATION_CODE = _path("LiquidationCode")
GOVERNANCE_CODE = _path("GovernanceCode")
ORDER_CODE = _path("OrderCode")
MAKER_CODE = _path("MakerCode")
FORCED_CODE = _path("ForcedCode")
SLICE_CODE = _path("SliceCode")
DELEVERAGE_CODE = _path("DeleverageCode")
MARGIN_CODE = _path("MarginCode")

VAULTS = (CLEARINGHOUSE, ACCOUNT_CODE)
"""Who moves tokens for users."""
DEBTORS = (
    *VAULTS,
    TRADE_CODE,
    SETTLE_CODE,
    SPOT_CODE,
    LIQUIDATION_CODE,
    ORDER_CODE,
    MAKER_CODE,
    FORCED_CODE,
    SLICE_CODE,
    DELEVERAGE_CODE,
)
"""Who credits and debits accounts."""
ACCRUERS = (
    *VAULTS,
    TRADE_CODE,
    SETTLE_CODE,
    SPOT_CODE,
    LIQUIDATION_CODE,
    GOVERNANCE_CODE,
    ORDER_CODE,
    FORCED_CODE,
    SLICE_CODE,
    MARGIN_CODE,
)
"""Who books interest, or looks at it booked."""


def proved(summary: Summary, bodies: tuple[str, ...]) -> Step:
    """Return the claim about a function in each of these bodies."""
    first, *others = bodies
    return summary.proved_in(first, b"", *others)


def without(bodies: tuple[str, ...], *left: str) -> tuple[str, ...]:
    """Return these bodies but for some."""
    return tuple(body for body in bodies if body not in left)
