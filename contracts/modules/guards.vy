# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Guards of a pool
@license Apache-2.0
@notice What may be lent and borrowed in all, how far and how fast a pool may be
        utilised, and how much of an asset may leave the vault within a day.
@dev A guard refuses what would make things worse; it never stands in the way of what
     makes them better. The functions on a word are pure, and leave the word as it is
     where nothing is guarded, so that nothing is written. What the guards promise is
     said in the specification. Amounts and utilisation are in WAD.
@custom:spec specs/guards.py
"""

from . import errors
from . import fixed_point as fp
from . import packing
from . import state

uses: state

THROTTLE_STEP: constant(uint256) = 60
WINDOW: constant(uint256) = 86_400
AVERAGE_UNIT: constant(uint256) = 10**9
# Guards that guard nothing: highest utilisation, threshold and throttle's share are 1.
OPEN: constant(uint256) = (fp.BPS << 80) | (fp.BPS << 64) | (fp.BPS << 48)

_LOW_152: constant(uint256) = 2**152 - 1
_LOW_96: constant(uint256) = 2**96 - 1
_LOW_72: constant(uint256) = 2**72 - 1
_LOW_40: constant(uint256) = 2**40 - 1
_LOW_32: constant(uint256) = 2**32 - 1
_LOW_24: constant(uint256) = 2**24 - 1
_LOW_16: constant(uint256) = 2**16 - 1
_BP_UNIT: constant(uint256) = fp.WAD // fp.BPS
_PPM_UNIT: constant(uint256) = fp.WAD // fp.PPM


@internal
@pure
def _require_supply_cap(curve: uint256, before: uint256, after: uint256):
    """
    @notice Refuse lends that grow and are above the cap in the word of the pool's
            curve; a cap of 0 is none.
    """
    cap: uint256 = (curve >> 176) & _LOW_40
    assert (
        cap == 0 or after <= cap * fp.WAD or after <= before
    ), errors.SUPPLY_CAP_REACHED


@internal
@pure
def _require_borrow_cap(curve: uint256, before: uint256, after: uint256):
    """
    @notice Refuse borrows that grow and are above the cap in the word of the pool's
            curve; a cap of 0 is none.
    """
    cap: uint256 = curve >> 216
    assert (
        cap == 0 or after <= cap * fp.WAD or after <= before
    ), errors.BORROW_CAP_REACHED


@internal
def _guard_utilisation(asset: uint256, before: uint256, after: uint256):
    """
    @notice Refuse utilisation that rises further than it may now, and remember the
            throttle's step.
    """
    if after <= before:
        return
    word: uint256 = state.guards[asset]
    changed: uint256 = self._check_utilisation(word, before, after, block.timestamp)
    if changed != word:
        state.guards[asset] = changed


@internal
def _guard_outflow(asset: uint256, held_before: uint256, held_after: uint256):
    """
    @notice Refuse a withdrawal beyond what may leave the vault now, and remember the
            average of what it holds.
    """
    word: uint256 = state.guards[asset]
    changed: uint256 = self._check_outflow(
        word, held_before, held_after, block.timestamp
    )
    if changed != word:
        state.guards[asset] = changed


@internal
@pure
def _check_utilisation(
    word: uint256, before: uint256, after: uint256, now: uint256
) -> uint256:
    """
    @notice Refuse utilisation that rises above the maximum, or above the threshold by
            more than the throttle admits in this step; return the guards with the
            step that was asked.
    """
    threshold: uint256 = ((word >> 64) & _LOW_16) * _BP_UNIT
    if after <= before or after <= threshold:
        return word
    changed: uint256 = word
    limit: uint256 = ((word >> 80) & _LOW_16) * _BP_UNIT
    share: uint256 = (word >> 48) & _LOW_16
    if share < fp.BPS and after <= limit:
        step: uint256 = now // THROTTLE_STEP
        if step != (word >> 96) & _LOW_32:
            # Below the limit, for the share is below one, so that it fits its field.
            start: uint256 = max(threshold, before)
            room: uint256 = fp._mul_div_down(limit - start, share, fp.BPS)
            changed = (
                ((word >> 152) << 152)
                | (((start + room) // _PPM_UNIT) << 128)
                | (packing._fit(step, 32) << 96)
                | (word & _LOW_96)
            )
        limit = ((changed >> 128) & _LOW_24) * _PPM_UNIT
    assert after <= limit, errors.UTILISATION_TOO_HIGH
    return changed


@internal
@view
def _age(word: uint256) -> uint256:
    """
    @notice Return how long ago the average was moved, in seconds.
    """
    return block.timestamp - ((word >> 152) & _LOW_32)


@internal
@pure
def _follow(word: uint256, held: uint256, now: uint256) -> uint256:
    """
    @notice Return the guards with the average moved to now, as if `held` had been
            there since it was moved last: all the way in a window, rounded up, but no
            higher than is stored.
    """
    elapsed: uint256 = min(now - ((word >> 152) & _LOW_32), WINDOW)
    average: uint256 = fp._mul_div_up(
        (word >> 184) * AVERAGE_UNIT * (WINDOW - elapsed) + held * elapsed,
        1,
        WINDOW * AVERAGE_UNIT,
    )
    return (
        (min(average, _LOW_72) << 184)
        | (packing._fit(now, 32) << 152)
        | (word & _LOW_152)
    )


@internal
@pure
def _check_outflow(
    word: uint256, held_before: uint256, held_after: uint256, now: uint256
) -> uint256:
    """
    @notice Refuse a withdrawal that leaves the vault with less of the asset than the
            average without what may be missing of it; return the guards with the
            average moved.
    """
    share: uint256 = (word >> 32) & _LOW_16
    if share == 0:
        return word

    changed: uint256 = self._follow(word, held_before, now)
    average: uint256 = (changed >> 184) * AVERAGE_UNIT
    # Exact, for BPS divides the average's unit.
    outflow: uint256 = max(
        fp._mul_div_down(average, share, fp.BPS), (word & _LOW_32) * fp.WAD
    )
    assert held_after + outflow >= average, errors.OUTFLOW_TOO_LARGE
    return changed
