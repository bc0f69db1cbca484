"""
What is measured, and what it is compared with.

The peers' gas was read off receipts of the same node under the same conditions, of
their own code with their own compiler settings, and plain OpenZeppelin tokens. It is
of repeated actions too. Price feeds were mocks of one storage word.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["BY_NAME", "OPERATIONS", "Operation"]


@dataclass(frozen=True)
class Operation:
    """
    An operation, the peer that does it for the least, and what we aim at.

    All in gas of a whole transaction, or of one more of what a name ending in
    ``_per_...`` says. None: nothing to compare with, or to aim at.
    """

    name: str
    what: str
    best_peer: str | None = None
    peer_gas: int | None = None
    target: int | None = None


OPERATIONS: Final[Sequence[Operation]] = (
    Operation(
        "token_transfer",
        "a transfer of the mock token alone; the peers' is an OpenZeppelin ERC-20",
        "OpenZeppelin",
        34_477,
    ),
    Operation("deposit", "USDC, lent", "Compound III", 76_517, 73_000),
    Operation("deposit_1", "the same with one other asset held"),
    Operation("deposit_3", "with three"),
    Operation("deposit_8", "with eight, as many as one may hold"),
    Operation("withdraw", "USDC, without a debt", "Compound III", 72_856, 72_000),
    Operation("withdraw_1", "the same with one other asset held"),
    Operation("withdraw_3", "with three"),
    Operation("withdraw_8", "with eight"),
    Operation("deposit_per_asset", "a further asset that is held, of a deposit"),
    Operation("withdraw_per_asset", "the same of a withdrawal"),
    Operation("borrow_0", "ETH against USDC alone"),
    Operation("borrow_1", "USDC against one collateral", "Morpho Blue", 92_966, 85_000),
    Operation(
        "borrow_3",
        "USDC against three collaterals, all counted",
        "Compound III",
        118_719,
        103_000,
    ),
    Operation("borrow_8", "USDC against eight"),
    Operation("repay_0", "a part of an ETH debt, with USDC alone"),
    Operation(
        "repay",
        "a part of a USDC debt, with one collateral",
        "Compound III",
        75_196,
        73_000,
    ),
    Operation("repay_3", "the same with three"),
    Operation("repay_8", "with eight"),
    Operation("repay_per_asset", "a further collateral, of a repayment"),
    Operation(
        "health_per_asset",
        "a further collateral that is held, of a borrowing",
        "Compound III",
        12_847,
        9_000,
    ),
    Operation(
        "health_per_listed",
        "a further asset that is listed and not held",
        "Compound III",
        169,
        0,
    ),
    Operation(
        "health_per_market",
        "a further market with a position inside the tick set, of a withdrawal; "
        "Vertex: a further product that is listed",
        "Vertex",
        16_853,
    ),
    Operation(
        "fill_out",
        "two signed quotes, both sides grow, are margin-checked and outside the tick "
        "set",
        "dYdX v1",
        160_280,
        144_000,
    ),
    Operation(
        "fill_in",
        "the same with both sides inside the tick set, their interest settled",
        "dYdX v1",
        160_280,
        185_000,
    ),
    Operation("touch", "what being inside the tick set costs one side of a fill"),
    Operation(
        "fill_reduce_out",
        "as fill_out where both sides shrink",
        "dYdX v1",
        177_547,
    ),
    Operation(
        "fill_reduce_in",
        "as fill_in where both sides shrink",
        "dYdX v1",
        177_547,
    ),
    Operation("fill_take", "one signed quote and a taker, outside, both sides grow"),
    Operation("fill_spot", "two signed quotes for BTC"),
    Operation(
        "liquidate_out",
        "a part of a perpetual position, at the backstop stage: one provider takes "
        "it over, both outside the tick set (slices on the order book are not "
        "measured)",
        "dYdX v1",
        143_033,
        150_000,
    ),
    Operation(
        "liquidate_in",
        "the same with both inside the tick set",
        "dYdX v1",
        143_033,
        195_000,
    ),
    Operation(
        "realise_out",
        "a further account in a batch of 100, outside the tick set; the peer's figure "
        "is one call",
        "Vertex",
        176_911,
        12_500,
    ),
    Operation(
        "realise_in",
        "the same inside the tick set, with interest settled and another entry tick",
        "Vertex",
        176_911,
        20_000,
    ),
    Operation(
        "tick",
        "one market, whose cursor moves and crosses nothing, and the asset under it; "
        "peers that loop over accounts have no figure",
        None,
        None,
        88_000,
    ),
    Operation("tick_per_market", "a further market and its asset", None, None, 35_000),
    Operation(
        "tick_per_crossing",
        "a further entry tick that a cursor crosses, of any number of positions",
        None,
        None,
        10_500,
    ),
    Operation("book_place_new", "a bid at a price where nothing ever rested"),
    Operation(
        "book_place",
        "a bid behind another one",
        "Clober v2",
        180_701,
        100_000,
    ),
    Operation("book_cancel", "the last of several at a price", "Clober v2", 131_829),
    Operation(
        "book_take_1",
        "one order on the book, both sides cleared, outside the tick set; the peer's "
        "settles no margin, and its maker claims later for 137,734 more",
        "Clober v2",
        119_523,
        150_000,
    ),
    Operation("book_take_5", "five makers' orders at one price", "Clober v2", 119_523),
    Operation("book_take_5_levels", "at five prices", "Clober v2", 217_921),
    Operation(
        "book_per_order",
        "a further maker at a price: what a further fill in one transaction costs; a "
        "call of the quote desk fills one pair",
    ),
    Operation(
        "book_per_level", "a further price and its maker", "Clober v2", 19_100, 17_000
    ),
    Operation("book_short", "ETH sold that is borrowed, in one order on the book"),
    Operation("publish", "two publishers' signed reports of four assets, relayed"),
)

BY_NAME: Final[Mapping[str, Operation]] = {
    operation.name: operation for operation in OPERATIONS
}
