# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Accounts
@license Apache-2.0
@notice Who an account belongs to, who may act for it, and which assets and markets
        it is in.
@dev An account is `owner << 96 | number`. Its header lists, sorted, the assets other
     than USDC and the markets in which it has anything, so that a health check costs
     what the account holds and nothing for what is listed.
@custom:spec specs/accounts.py
"""

from ..interfaces import IClearinghouse
from . import errors
from . import packing
from . import state

uses: state

TRADE: constant(uint256) = 1
WITHDRAW: constant(uint256) = 2
RIGHTS: constant(uint256) = 3

RESERVE: constant(uint256) = 1
BACKSTOP_FUND: constant(uint256) = 2
INVENTORY: constant(uint256) = 3

USDC: constant(uint256) = 0
# When an account is released that is bound and has not given notice: never.
UNTIL_NOTICE: constant(uint256) = 2**32 - 1
# The highest limit that an account may set itself.
MAX_LEVERAGE: constant(uint256) = 255
# What is chosen has a bit, so that an account that chose nothing has none.
_IS_IDLING: constant(uint256) = 1
_IS_REALISING: constant(uint256) = 2
_IS_NOT_BORROWING: constant(uint256) = 4
_IS_NOT_REPAYING: constant(uint256) = 8
_LIST: constant(uint256) = 2**64 - 1


@internal
@pure
def _owner(account: uint256) -> address:
    """
    @notice Return the owner of `account`; zero for the protocol's own.
    """
    return convert(account >> 96, address)


@internal
@view
def _is_authorised(account: uint256, actor: address, right: uint256) -> bool:
    """
    @notice Return whether `actor` owns `account` or was given `right` over it.
    """
    owner: address = self._owner(account)
    if owner == empty(address):
        return False
    if actor == owner:
        return True
    return state.operators[account][actor] & right == right


@internal
@view
def _require_authorised(account: uint256, actor: address, right: uint256):
    """
    @notice Refuse unless `actor` owns `account` or was given `right` over it.
    """
    assert self._is_authorised(account, actor, right), errors.NOT_AUTHORISED


@internal
@pure
def _require_user(account: uint256):
    """
    @notice Refuse an account that belongs to the protocol.
    """
    assert account >> 96 != 0, errors.RESERVED_ACCOUNT


@internal
@pure
def _assets(header: uint256) -> uint256:
    """
    @notice Return the list of assets other than USDC in a header.
    """
    return header >> 192


@internal
@pure
def _markets(header: uint256) -> uint256:
    """
    @notice Return the list of markets in a header.
    """
    return (header >> 128) & _LIST


@internal
@pure
def _is_auto_lending(header: uint256) -> bool:
    """
    @notice Return whether what comes in is lent; else it lies idle.
    """
    return header & _IS_IDLING == 0


@internal
@pure
def _is_auto_repaying(header: uint256) -> bool:
    """
    @notice Return whether USDC that comes in repays a borrow; else it lies idle.
    """
    return header & _IS_NOT_REPAYING == 0


@internal
@pure
def _is_auto_borrowing(header: uint256) -> bool:
    """
    @notice Return whether losses and fees may leave a USDC debt; else collateral is
            converted.
    """
    return header & _IS_NOT_BORROWING == 0


@internal
@pure
def _is_auto_realizing(header: uint256) -> bool:
    """
    @notice Return whether anyone may realise profit and loss.
    """
    return header & _IS_REALISING != 0


@internal
@pure
def _max_leverage(header: uint256) -> uint256:
    """
    @notice Return the account's own limit of leverage, 0 for none.
    """
    return (header >> 8) & MAX_LEVERAGE


@internal
@pure
def _release_at(header: uint256) -> uint256:
    """
    @notice Return until when an account is bound: nothing leaves it, and it may be made
            to take over.
    """
    return packing._get(header, 32, 32)


@internal
@view
def _is_bound(account: uint256) -> bool:
    """
    @notice Return whether nothing may leave `account` now.
    """
    return self._release_at(state.headers[account]) > block.timestamp


@internal
@view
def _require_free(account: uint256):
    """
    @notice Refuse to let anything leave an account that is bound.
    """
    assert not self._is_bound(account), errors.BOUND


@internal
def _release(account: uint256, time: uint256):
    """
    @notice Bind `account` until `time`.
    """
    state.headers[account] = packing._set(state.headers[account], 32, 32, time)


@internal
def _set_settings(account: uint256, settings: IClearinghouse.Settings):
    """
    @notice Store what the account's owner chose.
    """
    assert settings.max_leverage <= MAX_LEVERAGE, errors.OUT_OF_BOUNDS
    chosen: uint256 = settings.max_leverage << 8
    if not settings.auto_lend:
        chosen |= _IS_IDLING
    if settings.auto_realize:
        chosen |= _IS_REALISING
    if not settings.auto_borrow_settlements:
        chosen |= _IS_NOT_BORROWING
    if not settings.auto_repay:
        chosen |= _IS_NOT_REPAYING
    state.headers[account] = ((state.headers[account] >> 32) << 32) | chosen


@internal
def _write_balance(account: uint256, asset: uint256, old: uint256, new: uint256):
    """
    @notice Store a balance word and keep the header's list of assets; refuse a
            ninth asset.
    """
    state.balances[account][asset] = new
    if asset == USDC or (old == 0) == (new == 0):
        return
    header: uint256 = state.headers[account]
    entries: uint256 = self._assets(header)
    if new == 0:
        entries = packing._remove(entries, asset)
    else:
        has_room: bool = False
        entries, has_room = packing._insert(entries, asset)
        assert has_room, errors.TOO_MANY_ASSETS
    state.headers[account] = (entries << 192) | (header & (2**192 - 1))


@internal
def _write_position(account: uint256, market: uint256, old: uint256, new: uint256):
    """
    @notice Store a position word and keep the header's list of markets; refuse a
            ninth market.
    """
    state.positions[account][market] = new
    if (old == 0) == (new == 0):
        return
    header: uint256 = state.headers[account]
    entries: uint256 = self._markets(header)
    if new == 0:
        entries = packing._remove(entries, market)
    else:
        has_room: bool = False
        entries, has_room = packing._insert(entries, market)
        assert has_room, errors.TOO_MANY_MARKETS
    state.headers[account] = (header & ~(_LIST << 128)) | (entries << 128)
