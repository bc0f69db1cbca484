# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Providers, exposed
@license Apache-2.0
@notice Lets a test call the internal functions of `modules/providers.vy`.
@dev Never deployed outside of tests.
"""

from contracts.modules import providers

initializes: providers
exports: (
    providers.capacity,
    providers.caps,
    providers.provider_at,
    providers.provider_count,
    providers.remaining,
    providers.results,
    providers.usage,
)


@external
def pledge(
    account: uint256,
    per_minute: uint256,
    per_hour: uint256,
    max_position: uint256,
    max_loss: uint256,
):
    providers._pledge(account, per_minute, per_hour, max_position, max_loss)


@external
def unpledge(account: uint256):
    providers._unpledge(account)


@external
def use_capacity(
    account: uint256, amount: uint256, earned: uint256, equity: int256, now: uint256
):
    providers._use_capacity(account, amount, earned, equity, now)


@external
@view
def has_lost(account: uint256, equity: int256, now: uint256) -> bool:
    return providers._has_lost(account, equity, now)


@external
@view
def equity(account: uint256) -> int256:
    return providers._equity[account]


@external
@view
def compute_remaining(account: uint256, now: uint256) -> uint256:
    return providers._compute_remaining(account, now)
