# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Instruments
@license Apache-2.0
@notice What may be traded: a market's number stands for its perpetual, SPOT plus an
        asset's for that asset against USDC. In storage an instrument has a code below
        64.
@custom:spec specs/instruments.py
"""

# Instruments from here on are spot assets; below, markets.
SPOT: constant(uint256) = 2**128
# Markets and assets are numbered below this.
MAX_LISTED: constant(uint256) = 32


@internal
@pure
def _is_spot(instrument: uint256) -> bool:
    """
    @notice Return whether an instrument is a spot asset.
    """
    return instrument >= SPOT


@internal
@pure
def _asset(instrument: uint256) -> uint256:
    """
    @notice Return the asset that a spot instrument trades.
    """
    return instrument - SPOT


@internal
@pure
def _code(instrument: uint256) -> uint256:
    """
    @notice Return the number under which an instrument is stored, below 64 if it can be
            listed.
    """
    if instrument >= SPOT:
        return instrument - SPOT + MAX_LISTED
    return instrument


@internal
@pure
def _instrument(code: uint256) -> uint256:
    """
    @notice Return the instrument that is stored under a code.
    """
    if code < MAX_LISTED:
        return code
    return SPOT + code - MAX_LISTED
