# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Custody
@license Apache-2.0
@notice Tokens on their way into the vault and out of it, and amounts in their units
        and in WAD.
@dev The one module that calls tokens: last, after every write and every check of the
     body that uses it; only a permit comes before all of them.
@custom:spec specs/clearinghouse.py
"""

from ethereum.ercs import IERC20

from . import errors
from . import state

uses: state

MAX_AMOUNT: constant(uint256) = 10**30


@internal
@pure
def _scale(word: uint256) -> uint256:
    """
    @notice Return the WAD amount of one unit of a listed token.
    """
    assert word != 0, errors.UNKNOWN_ASSET
    return 10 ** (18 - ((word >> 160) & 255))


@internal
@pure
def _to_wad(word: uint256, tokens: uint256) -> uint256:
    """
    @notice Return the WAD amount of `tokens` units; refuse none, or too many.
    """
    scale: uint256 = self._scale(word)
    assert tokens != 0, errors.ZERO_AMOUNT
    assert tokens <= MAX_AMOUNT // scale, errors.AMOUNT_TOO_LARGE
    return tokens * scale


@internal
@view
def _require_amount(asset: uint256, amount: uint256):
    """
    @notice Refuse an unknown asset, nothing, or more than one call may name.
    """
    assert state.token[asset] != 0, errors.UNKNOWN_ASSET
    assert amount != 0, errors.ZERO_AMOUNT
    assert amount <= MAX_AMOUNT, errors.AMOUNT_TOO_LARGE


@internal
def _permit(
    word: uint256,
    owner: address,
    tokens: uint256,
    deadline: uint256,
    v: uint8,
    r: bytes32,
    s: bytes32,
):
    """
    @notice Let a token that knows EIP-2612 approve the vault, as its owner has signed.
    @dev It may fail: whoever has seen the signature can have used it before, and what
         is then collected is collected all the same.
    """
    is_permitted: bool = raw_call(
        convert(word & (2**160 - 1), address),
        abi_encode(
            owner,
            self,
            tokens,
            deadline,
            v,
            r,
            s,
            method_id=method_id(
                "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)"
            ),
        ),
        revert_on_failure=False,
    )


@internal
def _collect(word: uint256, payer: address, tokens: uint256):
    """
    @notice Take tokens from `payer`; the vault must have exactly so many more.
    @dev Tokens that return nothing are accepted, those that return false or keep a
         fee are not.
    """
    token: IERC20 = IERC20(convert(word & (2**160 - 1), address))
    before: uint256 = staticcall token.balanceOf(self)
    assert extcall token.transferFrom(
        payer, self, tokens, default_return_value=True
    ), errors.TRANSFER_FAILED
    assert staticcall token.balanceOf(self) == before + tokens, errors.TRANSFER_SHORT


@internal
def _send(word: uint256, receiver: address, tokens: uint256):
    """
    @notice Send tokens out of the vault, to where they are not lost.
    """
    assert receiver != self and receiver != empty(address), errors.WRONG_RECEIVER
    token: IERC20 = IERC20(convert(word & (2**160 - 1), address))
    assert extcall token.transfer(
        receiver, tokens, default_return_value=True
    ), errors.TRANSFER_FAILED
