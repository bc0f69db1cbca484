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
    providers.provider_at,
    providers.provider_count,
    providers.remaining,
    providers.usage,
)


@external
def pledge(account: uint256, per_minute: uint256, per_hour: uint256):
    providers._pledge(account, per_minute, per_hour)


@external
def unpledge(account: uint256):
    providers._unpledge(account)


@external
def use_capacity(account: uint256, amount: uint256, now: uint256):
    providers._use_capacity(account, amount, now)


@external
@view
def compute_remaining(account: uint256, now: uint256) -> uint256:
    return providers._compute_remaining(account, now)
