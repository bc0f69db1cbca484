"""Survivors of the specification that are no faults, each with the argument."""

SPECIFICATION: dict[str, str] = {
    "specs/loosening.py:-:arithmetic:5697bd25": (
        "A limit is compared only within the bounds of its setter, which are below"
        " 2**128: 2**255 is above all of them as well."
    ),
    "specs/order_queue.py:insert:arithmetic:917df1b7": (
        "A factor of a sort key: what is doubled is in the same order, and equal where"
        " it was equal."
    ),
    "specs/order_book.py:convert:arithmetic:e3f03172": (
        "Of a limit only its number of ticks is read. That of a sale is rounded up: a"
        " wei becomes the first tick, and no order rests below it."
    ),
    "specs/open_orders.py:compute_bid_loss:order:86236798": (
        "An addition and a subtraction, of the values of functions without effects."
    ),
    "specs/ledger.py:take_out:order:e33c5ee8": (
        "What may be borrowed is judged by the pool's pause, borrows, index and cap:"
        " tokens that are paid out change its cash alone, and whether there are enough"
        " of them is asked before both."
    ),
    "specs/trade_code.py:fill_perp:order:ff06d477": (
        "A fee moves USDC, of which open interest has nothing, and never refuses: what"
        " an account does not hold it borrows, and a balance of USDC takes no place."
    ),
    "specs/maker_code.py:make_perp:order:68a0ab99": (
        "A fee changes a balance of USDC, a release open orders: neither reads the"
        " other. Only the release can refuse, so it does in either order."
    ),
}
