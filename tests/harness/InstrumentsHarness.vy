# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Instruments, exposed
@license Apache-2.0
@notice Lets a test call the internal functions of `modules/instruments.vy`.
@dev Never deployed outside of tests.
"""

from contracts.modules import instruments


@external
@pure
def is_spot(instrument: uint256) -> bool:
    return instruments._is_spot(instrument)


@external
@pure
def get_asset(instrument: uint256) -> uint256:
    return instruments._asset(instrument)


@external
@pure
def get_code(instrument: uint256) -> uint256:
    return instruments._code(instrument)


@external
@pure
def get_instrument(code: uint256) -> uint256:
    return instruments._instrument(code)
