# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Liquidity fund
@license Apache-2.0
@notice Each market's fund is the counterparty of every realisation: losers pay into it
        in full, winners are paid from it, at most down to minus its cap.
@dev All amounts are WAD USDC. The caller stores the balance and takes from it what was
     paid.
@custom:spec specs/liquidity_fund.py
"""


@internal
@pure
def _compute_payment(fund_balance: int256, cap: uint256, gain: int256) -> int256:
    """
    @notice Return how much of `gain` is paid now: a loss in full, a gain as far as the
            fund reaches.
    """
    if gain <= 0:
        return gain
    return min(gain, max(0, fund_balance + convert(cap, int256)))


@internal
@pure
def _compute_surplus(fund_balance: int256) -> uint256:
    """
    @notice Return the positive part of a fund's balance.
    """
    return convert(max(0, fund_balance), uint256)
