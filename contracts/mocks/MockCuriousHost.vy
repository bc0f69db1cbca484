# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title MockCuriousHost
@license Apache-2.0
@notice Stands in for the Clearinghouse and the PriceOracle of an order book, and looks
        at somebody's contract whenever the book calls it. For tests only.
"""

# Whom it asks, and what.
target: address
question: Bytes[256]
# Whether it was answered the last time.
is_answered: public(bool)


@external
def ask(target: address, question: Bytes[256]):
    """
    @notice Set what is asked from now on.
    """
    self.target = target
    self.question = question


@external
@view
def market_risk(market: uint256) -> uint256:
    """
    @notice Return the risk word of any market: lots of 10**12.
    """
    return (1 << 224) | (12 << 184)


@external
@view
def band(market: uint256) -> (uint256, uint256):
    """
    @notice Return a band of one price.
    """
    return 10**18, 10**18


@external
def reserve(instrument: uint256, account: uint256, is_buy: bool, size: uint256):
    """
    @notice Look while an order comes to rest.
    """
    self.is_answered = raw_call(
        self.target, self.question, is_static_call=True, revert_on_failure=False
    )


@external
def observe(market: uint256, mid: uint256, until: uint256):
    """
    @notice Listen to a mid.
    """
    pass
