# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Pool limits
@license Apache-2.0
@notice What an account may take out of a pool, and how much may come in: the pool's
        caps, its throttle and its outflow window, applied to the state.
@dev What a pool does not limit costs no more than to find that out; the caps are in
     the word of the curve, which an accrual has read. Whether an account has exposure
     is the caller's to know.
@custom:spec specs/pool_limits.py
"""

from . import errors
from . import fixed_point as fp
from . import guards
from . import money_market
from . import state

uses: guards
uses: state

_PAUSED: constant(uint256) = 1 << 169
_SUPPLY_CAP: constant(uint256) = (2**40 - 1) << 176
_BORROW_CAP: constant(uint256) = (2**40 - 1) << 216
# One part in so many of a pool's cash is a small amount, and of a window soon.
LARGE: constant(uint256) = 1024
_OUTFLOW_SHARE: constant(uint256) = (2**16 - 1) << 32


@internal
@view
def _supplied(asset: uint256, pool: money_market.Pool) -> uint256:
    """
    @notice Return all that accounts have brought in, lent or idle, rounded down; 0 if
            the pool has no cap of it.
    """
    if state.curve[asset] & _SUPPLY_CAP == 0:
        return 0
    return money_market._lent(pool) + state.pool_idle[asset]


@internal
@view
def _require_supply_cap(asset: uint256, before: uint256, pool: money_market.Pool):
    """
    @notice Refuse what was brought in above the pool's cap.
    @param before What was supplied before.
    """
    guards._require_supply_cap(
        state.curve[asset], before, self._supplied(asset, pool)
    )


@internal
@view
def _require_borrowing(asset: uint256, borrows: uint256, pool: money_market.Pool):
    """
    @notice Refuse that a debt has grown in a paused pool, or above the pool's cap.
    @param borrows The scaled total before.
    """
    curve: uint256 = state.curve[asset]
    assert curve & _PAUSED == 0, errors.PAUSED
    if curve & _BORROW_CAP == 0:
        return
    guards._require_borrow_cap(
        curve,
        fp._mul_div_up(borrows, pool.borrow_index, fp.RAY),
        money_market._borrowed(pool),
    )


@internal
def _check_utilisation(asset: uint256, before: uint256, after: uint256):
    """
    @notice Refuse more of a pool's cash than the throttle admits now to an account with
            exposure.
    """
    guards._guard_utilisation(asset, before, after)


@internal
def _check_outflow(asset: uint256, cash: uint256, amount: uint256):
    """
    @notice Refuse a withdrawal of `amount`, which has left `cash`, if it is more than
            may leave the vault now.
    """
    if state.guards[asset] & _OUTFLOW_SHARE == 0:
        return
    held: uint256 = cash + state.pool_idle[asset]
    guards._guard_outflow(asset, held + amount, held)


@internal
def _note_inflow(asset: uint256, cash: uint256, amount: uint256):
    """
    @notice Bring the average of what the vault holds to now before an amount comes in,
            so that it counts from now on only; not for a small one, soon after.
    @param cash What the pool has before `amount` comes in.
    """
    word: uint256 = state.guards[asset]
    if word & _OUTFLOW_SHARE == 0:
        return
    if amount * LARGE <= cash and guards._age(word) * LARGE < guards.WINDOW:
        return
    changed: uint256 = guards._follow(
        word, cash + state.pool_idle[asset], block.timestamp
    )
    if changed != word:
        state.guards[asset] = changed
