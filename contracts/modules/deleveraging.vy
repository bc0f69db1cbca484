# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Auto-deleveraging
@license Apache-2.0
@notice Epochs: what nobody took over of an account, closed against all positions of
        the other side pro rata, each when it is next touched.
@dev An epoch carries the fraction of a lot that its divisions have left to the next
     position, so that all closed lots add up to its size exactly, whoever comes first.
     Epochs are numbered from 1.
@custom:spec specs/deleveraging.py
"""

from . import fixed_point as fp
from . import packing
from . import perpetual
from . import state

uses: state

# How many epochs one touch applies, and a health check foresees.
MAX_EPOCHS: constant(uint256) = 8
# The most that a market's mark may be from its slow index, ppm.
_INDEX_BOUND: constant(uint256) = 50_000
_PRICE_UNIT: constant(uint256) = 10**6
_LOW_64: constant(uint256) = 2**64 - 1
_LOW_80: constant(uint256) = 2**80 - 1


@internal
@view
def _share(market: uint256, epoch: uint256, lots: int256) -> (uint256, uint256):
    """
    @notice Return what an epoch of the position's side closes of `lots`, met next, and
            what it carries on, in parts of its open interest.
    """
    terms: uint256 = state.epoch_terms[market][epoch]
    carry: uint256 = (state.epoch_state[market][epoch] >> 64) & _LOW_64
    parts: uint256 = convert(abs(lots), uint256) * (terms >> 192) + carry
    open_interest: uint256 = (terms >> 128) & _LOW_64
    return parts // open_interest, parts % open_interest


@internal
@view
def _reduces(market: uint256, epoch: uint256, lots: int256) -> bool:
    """
    @notice Return whether an epoch is one of the position's side.
    """
    return (state.epoch_terms[market][epoch] & 1 != 0) == (lots > 0)


@internal
@view
def _closing_price(market: uint256, epoch: uint256, funding_index: int256) -> uint256:
    """
    @notice Return the price at which to close now as at an epoch's price and funding
            then; 0 if funding has moved further than that.
    """
    price: uint256 = (
        (state.epoch_terms[market][epoch] >> 48) & _LOW_80
    ) * _PRICE_UNIT
    then: int256 = convert(
        convert(state.epoch_state[market][epoch], bytes32), int256
    ) >> 128
    return convert(max(convert(price, int256) + funding_index - then, 0), uint256)


@internal
@view
def _effective(
    market: uint256, word: uint256, risk: uint256, funding_index: int256
) -> uint256:
    """
    @notice Return a position's word with the lots and the basis that the next touch
            would leave, its gains not paid yet; its entry stays that of the stored
            size, which is what earns and owes interest until then.
    """
    lots: int256 = perpetual._lots(word)
    basis: int256 = perpetual._basis(word)
    epoch: uint256 = perpetual._epoch(word)
    for _: uint256 in range(MAX_EPOCHS):
        if lots == 0 or epoch == perpetual._epochs(risk):
            break
        epoch += 1
        if self._reduces(market, epoch, lots):
            closed: uint256 = 0
            carry: uint256 = 0
            closed, carry = self._share(market, epoch, lots)
            change: int256 = convert(closed, int256)
            if lots > 0:
                change = -change
            basis += perpetual._compute_cost(
                change,
                perpetual._lot(risk),
                self._closing_price(market, epoch, funding_index),
                funding_index,
            )
            lots += change
    return perpetual._pack(lots, basis) | (word & _LOW_64)


@internal
@view
def _effective_lots(market: uint256, account: uint256) -> int256:
    """
    @notice Return the lots that the next touch of a position would leave.
    """
    word: uint256 = state.positions[account][market]
    risk: uint256 = state.market_risk[market]
    if risk >> perpetual.EPOCHS != 0 and perpetual._is_behind(word, risk):
        return perpetual._lots(self._effective(market, word, risk, 0))
    return perpetual._lots(word)


@internal
@view
def _effective_interest(market: uint256) -> uint256:
    """
    @notice Return what either side of a market has once all epochs have met it.
    """
    pending: uint256 = state.market_pending[market]
    return (state.market_size[market] & _LOW_64) - max(
        (pending >> 64) & _LOW_64, pending & _LOW_64
    )


@internal
@pure
def _compute_price(
    mark: uint256,
    is_selling: bool,
    discount: uint256,
    loss: uint256,
    notional: uint256,
    bound: uint256,
) -> uint256:
    """
    @notice Return the price at which the account closes against the other side: at mark
            less (plus, to buy) the takeover's discount, or, to get from the other side
            what it owes beyond the backstop fund, on the far side of mark. Rounded
            towards mark.
    @param loss What it owes beyond the fund, WAD USDC, of positions worth `notional`.
    @param bound How far from mark the price may be, WAD.
    """
    apart: uint256 = discount
    is_above: bool = not is_selling
    if loss != 0:
        apart = fp._mul_div_down(loss, fp.WAD, notional)
        is_above = is_selling
    apart = min(apart, bound)
    units: uint256 = mark // _PRICE_UNIT
    if is_above:
        return fp._mul_div_down(units, fp.WAD + apart, fp.WAD) * _PRICE_UNIT
    return fp._mul_div_up(units, fp.WAD - apart, fp.WAD) * _PRICE_UNIT


@internal
@pure
def _limit_to_index(price: uint256, mark: uint256, index: uint256) -> uint256:
    """
    @notice Return a price as far from the slow index as the oracle ever lets a mark be,
            or mark where that is beyond; rounded inwards.
    """
    units: uint256 = index // _PRICE_UNIT
    high: uint256 = (
        fp._mul_div_down(units, fp.PPM + _INDEX_BOUND, fp.PPM) * _PRICE_UNIT
    )
    low: uint256 = (
        fp._mul_div_up(units, fp.PPM - _INDEX_BOUND, fp.PPM) * _PRICE_UNIT
    )
    return max(min(mark, low), min(max(mark, high), price))
