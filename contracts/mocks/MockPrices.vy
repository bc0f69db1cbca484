# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title MockPrices
@license Apache-2.0
@notice Stands in for the PriceOracle: it says what it was last told, whoever told it.
        For tests only.
"""


struct Feed:
    slow: uint256
    fast: uint256
    time: uint256


struct Mark:
    mark: uint256
    premium: int256
    time: uint256


struct Mid:
    price: uint256
    until: uint256


# Bands are so many parts per million wide on each side, rounded inwards.
TOLERANCE: constant(uint256) = 50_000

feeds: HashMap[uint256, Feed]
variances: HashMap[uint256, uint256]
marks: HashMap[uint256, Mark]
# What books have said, of each market.
mids: public(HashMap[uint256, Mid])


@external
def set_feed(asset: uint256, slow: uint256, fast: uint256):
    """
    @notice Set an asset's slow and fast price as of now.
    """
    self.feeds[asset] = Feed(slow=slow, fast=fast, time=block.timestamp)


@external
def set_variance(asset: uint256, variance: uint256):
    """
    @notice Set an asset's variance; its prices and their time stay.
    """
    self.variances[asset] = variance


@external
def set_mark(market: uint256, mark: uint256, premium: int256):
    """
    @notice Set a market's mark and its premium as of now.
    """
    self.marks[market] = Mark(mark=mark, premium=premium, time=block.timestamp)


@external
@view
def feed(asset: uint256) -> (uint256, uint256, uint256, uint256):
    """
    @notice Return an asset's slow and fast price, their time, and its variance.
    """
    told: Feed = self.feeds[asset]
    return told.slow, told.fast, told.time, self.variances[asset]


@external
@view
def mark(market: uint256) -> (uint256, int256, uint256):
    """
    @notice Return a market's mark, its premium and their time.
    """
    told: Mark = self.marks[market]
    return told.mark, told.premium, told.time


@external
def observe(market: uint256, mid: uint256, until: uint256):
    """
    @notice Take note of what a book says.
    """
    self.mids[market] = Mid(price=mid, until=until)


@external
@view
def band(market: uint256) -> (uint256, uint256):
    """
    @notice Return the prices around a market's mark at which it may be filled.
    """
    return self._band(self.marks[market].mark)


@external
@view
def spot_band(asset: uint256) -> (uint256, uint256):
    """
    @notice Return the prices around an asset's slow price at which it may be filled.
    """
    return self._band(self.feeds[asset].slow)


@internal
@pure
def _band(price: uint256) -> (uint256, uint256):
    low: uint256 = price * (10**6 - TOLERANCE)
    return (low + 10**6 - 1) // 10**6, price * (10**6 + TOLERANCE) // 10**6
