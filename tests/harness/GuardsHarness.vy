# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Guards of a pool, exposed
@license Apache-2.0
@notice Lets a test call the internal functions of `modules/guards.vy`.
@dev Never deployed outside of tests.
"""

from contracts.modules import guards
from contracts.modules import state

initializes: state
initializes: guards[state := state]


@external
@pure
def require_supply_cap(curve: uint256, before: uint256, after: uint256):
    guards._require_supply_cap(curve, before, after)


@external
@pure
def require_borrow_cap(curve: uint256, before: uint256, after: uint256):
    guards._require_borrow_cap(curve, before, after)


@external
@pure
def check_utilisation(
    word: uint256, before: uint256, after: uint256, now: uint256
) -> uint256:
    return guards._check_utilisation(word, before, after, now)


@external
@pure
def follow(word: uint256, held: uint256, now: uint256) -> uint256:
    return guards._follow(word, held, now)


@external
@pure
def check_outflow(
    word: uint256, held_before: uint256, held_after: uint256, now: uint256
) -> uint256:
    return guards._check_outflow(word, held_before, held_after, now)


@external
@pure
def open_guards() -> uint256:
    return guards.OPEN


@external
@view
def get_guards(asset: uint256) -> uint256:
    return state.guards[asset]


@external
def set_guards(asset: uint256, word: uint256):
    state.guards[asset] = word


@external
def guard_utilisation(asset: uint256, before: uint256, after: uint256):
    guards._guard_utilisation(asset, before, after)


@external
def guard_outflow(asset: uint256, held_before: uint256, held_after: uint256):
    guards._guard_outflow(asset, held_before, held_after)


@external
def succeeds_statically(data: Bytes[100]) -> bool:
    return raw_call(self, data, is_static_call=True, revert_on_failure=False)
