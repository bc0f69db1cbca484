"""
Weights of indices.

While an index grows from ``a`` to ``b``, an amount earns (or owes)
``amount * (weight(a) - weight(b)) / WEIGHT_ONE`` scaled units. A weight depends on the
index alone, so rounding does not add up over many accruals.

Counterpart of ``contracts/modules/weights.vy``.
"""

from typing import Final

from specs.fixed_point import RAY, Ray

WEIGHT_ONE: Final = 2**60
"""The weight of an index of 1.0."""


def compute_weight(index: Ray) -> int:
    """
    Return the weight of an index, rounded down.

    pre: 0 < index
    post: __return__ * index <= WEIGHT_ONE * RAY < (__return__ + 1) * index
    """
    return WEIGHT_ONE * RAY // index
