# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title MockOrderHost
@license Apache-2.0
@notice Stands in for the Clearinghouse and the PriceOracle where the order book is
        tested alone: it fills what it was told to fill, refuses whom it was told to
        refuse, and says what it was asked for. For tests only.
"""

from ..interfaces import IClearinghouse

event Reserve:
    instrument: uint256
    account: uint256
    is_buy: bool
    size: uint256


event Release:
    instrument: uint256
    account: uint256
    is_buy: bool
    size: uint256


event Clear:
    instrument: uint256
    taker: uint256
    is_buy: bool
    makings: DynArray[IClearinghouse.Making, 16]


event ClearConversion:
    asset: uint256
    account: uint256
    makings: DynArray[IClearinghouse.Making, 16]


event ClearSlice:
    instrument: uint256
    account: uint256
    makings: DynArray[IClearinghouse.Making, 16]


event Observe:
    market: uint256
    mid: uint256
    until: uint256


# Rights by account and actor; an account's owner has all.
rights: HashMap[uint256, HashMap[address, uint256]]
is_refused: HashMap[uint256, bool]
is_liquidatable: HashMap[uint256, bool]
# By account: what it may buy or sell of anything without doing more than to reduce.
reducibles: HashMap[uint256, uint256]
bands: HashMap[uint256, uint256[2]]
# After how many makers the next clearing stops, and why; never if there is no reason.
stop_after: uint256
stop: String[32]
# What the oracle does with a mid: 0 listens, 1 refuses, 2 uses up all gas.
mood: uint256
market_risk: public(HashMap[uint256, uint256])
token: public(HashMap[uint256, uint256])


@external
def set_operator(account: uint256, operator: address, rights: uint256):
    """
    @notice Give `operator` the rights of that mask, and no other.
    """
    self.rights[account][operator] = rights


@external
def set_refused(account: uint256, is_refused: bool):
    """
    @notice Refuse whatever an account would do from now on, or nothing.
    """
    self.is_refused[account] = is_refused


@external
def set_liquidatable(account: uint256, is_liquidatable: bool):
    """
    @notice Have an account below its maintenance margin, or not.
    """
    self.is_liquidatable[account] = is_liquidatable


@external
def set_reducible(account: uint256, size: uint256):
    """
    @notice Set what an account may trade without doing more than to reduce.
    """
    self.reducibles[account] = size


@external
def set_band(instrument: uint256, low: uint256, high: uint256):
    """
    @notice Set an instrument's band.
    """
    self.bands[instrument] = [low, high]


@external
def set_stop(after: uint256, reason: String[32]):
    """
    @notice Stop clearings after so many makers, for a reason; not at all without one.
    """
    self.stop_after = after
    self.stop = reason


@external
def set_mood(mood: uint256):
    """
    @notice Have mids listened to, refused, or answered by using up all gas.
    """
    self.mood = mood


@external
def set_lot_exponent(market: uint256, exponent: uint256):
    """
    @notice List a market.
    """
    self.market_risk[market] = (1 << 224) | (exponent << 184)


@external
def set_token(asset: uint256):
    """
    @notice List an asset.
    """
    self.token[asset] = 1


# As the Clearinghouse


@external
@view
def is_authorised(account: uint256, actor: address, right: uint256) -> bool:
    """
    @notice Return whether `actor` owns the account or was given the right.
    """
    if account >> 96 == 0:
        return False
    if convert(account >> 96, address) == actor:
        return True
    return self.rights[account][actor] & right != 0


@external
@view
def assess(account: uint256) -> IClearinghouse.Health:
    """
    @notice Return the health of an account that has an exposure.
    """
    health: IClearinghouse.Health = empty(IClearinghouse.Health)
    health.exposure = 1
    if self.is_liquidatable[account]:
        health.maintenance_margin = 1
    return health


@external
@view
def reducible(account: uint256, instrument: uint256, is_buy: bool) -> uint256:
    """
    @notice Return what an account may trade without doing more than to reduce.
    """
    return self.reducibles[account]


@external
def reserve(instrument: uint256, account: uint256, is_buy: bool, size: uint256):
    """
    @notice Take note of an order that comes to rest.
    """
    assert not self.is_refused[account], "below initial margin"
    log Reserve(instrument=instrument, account=account, is_buy=is_buy, size=size)


@external
def release(instrument: uint256, account: uint256, is_buy: bool, size: uint256):
    """
    @notice Take note of an order that goes.
    """
    log Release(instrument=instrument, account=account, is_buy=is_buy, size=size)


@external
def clear(
    instrument: uint256,
    taker: uint256,
    is_buy: bool,
    makings: DynArray[IClearinghouse.Making, 16],
) -> (DynArray[uint256, 16], String[32]):
    """
    @notice Fill all makers but those who are refused; those who only reduce, as far as
            they may; nobody after a stop.
    """
    log Clear(instrument=instrument, taker=taker, is_buy=is_buy, makings=makings)
    return self._fill(taker, makings)


@external
def clear_conversion(
    asset: uint256, account: uint256, makings: DynArray[IClearinghouse.Making, 16]
) -> (DynArray[uint256, 16], String[32]):
    """
    @notice Fill as in `clear`.
    """
    log ClearConversion(asset=asset, account=account, makings=makings)
    return self._fill(account, makings)


@external
def clear_slice(
    instrument: uint256, account: uint256, makings: DynArray[IClearinghouse.Making, 16]
) -> (DynArray[uint256, 16], String[32]):
    """
    @notice Fill as in `clear`.
    """
    log ClearSlice(instrument=instrument, account=account, makings=makings)
    return self._fill(account, makings)


@internal
def _fill(
    taker: uint256, makings: DynArray[IClearinghouse.Making, 16]
) -> (DynArray[uint256, 16], String[32]):
    """
    @notice Fill all makers that may be.
    """
    filled: DynArray[uint256, 16] = []
    total: uint256 = 0
    stop: String[32] = ""
    for making: IClearinghouse.Making in makings:
        assert making.size != 0, "zero amount"
        if len(filled) == self.stop_after:
            stop = self.stop
        size: uint256 = making.size
        if making.is_reduce_only:
            size = min(size, self.reducibles[making.account])
        if self.is_refused[making.account] or len(stop) != 0:
            size = 0
        if making.is_reduce_only:
            self.reducibles[making.account] -= size
        total += size
        filled.append(size)
    assert total == 0 or not self.is_refused[taker], "below initial margin"
    return filled, stop


# As the oracle


@external
@view
def band(market: uint256) -> (uint256, uint256):
    """
    @notice Return a market's lowest and highest price.
    """
    return self.bands[market][0], self.bands[market][1]


@external
@view
def spot_band(asset: uint256) -> (uint256, uint256):
    """
    @notice Return an asset's lowest and highest price.
    """
    return self.bands[2**128 + asset][0], self.bands[2**128 + asset][1]


@external
def observe(market: uint256, mid: uint256, until: uint256):
    """
    @notice Take note of a mid.
    """
    assert self.mood != 1, "not the book"
    if self.mood == 2:
        raise UNREACHABLE
    log Observe(market=market, mid=mid, until=until)
