# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Fills
@license Apache-2.0
@notice What every fill between two accounts asks of its parties, whatever is traded.
@custom:spec specs/fills.py
"""

from ..interfaces import IClearinghouse
from . import accounts
from . import errors
from . import health
from . import margin

uses: health


@internal
@pure
def _require_parties(buyer: uint256, seller: uint256):
    """
    @notice Refuse a fill with oneself or with the protocol.
    """
    assert buyer != seller, errors.SAME_ACCOUNT
    accounts._require_user(buyer)
    accounts._require_user(seller)


@internal
def _check(account: uint256, before: IClearinghouse.Health):
    """
    @notice Refuse unless the account has initial margin, or reduced and was improved.
    """
    after: IClearinghouse.Health = health._assess(account)
    if margin._is_improved(before, after):
        return
    margin._check_initial_margin(after)
