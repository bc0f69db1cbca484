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


feeds: HashMap[uint256, Feed]
variances: HashMap[uint256, uint256]
marks: HashMap[uint256, Mark]


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
