# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Liquidity fund, exposed
@license Apache-2.0
@notice Lets a test call the internal functions of `modules/liquidity_fund.vy`.
@dev Never deployed outside of tests.
"""

from contracts.modules import liquidity_fund


@external
@pure
def compute_payment(fund_balance: int256, cap: uint256, gain: int256) -> int256:
    return liquidity_fund._compute_payment(fund_balance, cap, gain)


@external
@pure
def compute_surplus(fund_balance: int256) -> uint256:
    return liquidity_fund._compute_surplus(fund_balance)
