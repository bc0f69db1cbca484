# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Weights of indices
@license Apache-2.0
@notice While an index grows from `a` to `b`, an amount earns (or owes)
        `amount * (weight(a) - weight(b)) / ONE` scaled units.
@dev A weight depends on the index alone, so rounding does not add up over accruals.
@custom:spec specs/weights.py
"""

from . import fixed_point as fp

# The weight of an index of 1.0.
ONE: constant(uint256) = 2**60


@internal
@pure
def _compute_weight(index: uint256) -> uint256:
    """
    @notice Return the weight of an index, rounded down.
    """
    return ONE * fp.RAY // index
