# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Perpetual positions, exposed
@license Apache-2.0
@notice Lets a test call the internal functions of `modules/perpetual.vy`.
@dev Never deployed outside of tests.
"""

from contracts.modules import perpetual


@external
@pure
def compute_value(
    lots: int256, basis: int256, lot: uint256, price: uint256, funding_index: int256
) -> int256:
    return perpetual._compute_value(lots, basis, lot, price, funding_index)


@external
@pure
def compute_cost(
    lots: int256, lot: uint256, price: uint256, funding_index: int256
) -> int256:
    return perpetual._compute_cost(lots, lot, price, funding_index)


@external
@pure
def compute_notional(lots: int256, lot: uint256, price: uint256) -> uint256:
    return perpetual._compute_notional(lots, lot, price)


@external
@pure
def trade(
    held: int256,
    basis: int256,
    lots: int256,
    lot: uint256,
    price: uint256,
    funding_index: int256,
) -> (int256, int256, int256):
    return perpetual._trade(held, basis, lots, lot, price, funding_index)


@external
@pure
def compute_opening(held: int256, lots: int256) -> int256:
    return perpetual._compute_opening(held, lots)


@external
@pure
def is_reduction(held: int256, lots: int256) -> bool:
    return perpetual._is_reduction(held, lots)


@external
@pure
def lots(word: uint256) -> int256:
    return perpetual._lots(word)


@external
@pure
def basis(word: uint256) -> int256:
    return perpetual._basis(word)


@external
@pure
def entry(word: uint256) -> uint256:
    return perpetual._entry(word)


@external
@pure
def epoch(word: uint256) -> uint256:
    return perpetual._epoch(word)


@external
@pure
def epochs(risk: uint256) -> uint256:
    return perpetual._epochs(risk)


@external
@pure
def is_behind(word: uint256, risk: uint256) -> bool:
    return perpetual._is_behind(word, risk)


@external
@pure
def pack(lots: int256, basis: int256) -> uint256:
    return perpetual._pack(lots, basis)


@external
@pure
def lot(risk: uint256) -> uint256:
    return perpetual._lot(risk)
