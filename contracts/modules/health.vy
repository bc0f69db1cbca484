# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Health
@license Apache-2.0
@notice The health of an account, for a code body that has no room for what computes
        it: the margin body does, on the storage of whoever asks.
@dev Asked by delegation, past the lock, which the body that asks holds. Why the
     margin body refuses, if it does, is passed on.
@custom:spec specs/margin.py
"""

from ..interfaces import IClearinghouse
from . import margin

# Bytes of an answer that are read at most; decoding wants as many as a Health has.
_MAX_ANSWER: constant(uint256) = 512

MARGIN_CODE: immutable(address)


@deploy
def __init__(margin_code: address):
    """
    @notice Fix the body that computes margins.
    """
    MARGIN_CODE = margin_code


@internal
def _assess(account: uint256) -> IClearinghouse.Health:
    """
    @notice Return the health of an account.
    """
    return abi_decode(
        raw_call(
            MARGIN_CODE,
            abi_encode(account, method_id=method_id("assess_unlocked(uint256)")),
            max_outsize=_MAX_ANSWER,
            is_delegate_call=True,
        ),
        IClearinghouse.Health,
    )


@internal
def _require_initial_margin(account: uint256):
    """
    @notice Refuse unless `account` may take the risk that it now has.
    """
    margin._check_initial_margin(self._assess(account))
