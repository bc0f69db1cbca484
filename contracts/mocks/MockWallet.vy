# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title MockWallet
@license Apache-2.0
@notice A contract wallet of one key: it accepts the key's signatures (EIP-1271) and
        does what the key's address tells it to. For tests and local chains only.
@dev Told what to answer, it answers that instead, of any length, or reverts with it.
"""

from ..modules import signatures

_MAGIC: constant(bytes4) = 0x1626ba7e

OWNER: public(immutable(address))

# What `isValidSignature` answers in place of the truth.
answer: public(Bytes[96])
is_lying: public(bool)
is_reverting: public(bool)


@deploy
def __init__(owner: address):
    """
    @notice Open a wallet of the key with the address `owner`.
    """
    OWNER = owner


@external
def execute(target: address, data: Bytes[4096]) -> Bytes[1024]:
    """
    @notice Call `target` as the wallet; a failure is passed on.
    """
    assert msg.sender == OWNER, "not the wallet's owner"
    return raw_call(target, data, max_outsize=1024)


@external
def set_answer(is_lying: bool, answer: Bytes[96]):
    """
    @notice From now on answer whatever is asked with `answer`, or truly again.
    """
    self.is_lying = is_lying
    self.answer = answer


@external
def set_reverting(is_reverting: bool):
    """
    @notice From now on revert with the set answer when asked, or not.
    """
    self.is_reverting = is_reverting


@external
@view
@raw_return
@reentrant
def isValidSignature(digest: bytes32, signature: Bytes[256]) -> Bytes[96]:
    """
    @notice Answer `0x1626ba7e` if `signature` is of the owner's key, otherwise zero.
    """
    if self.is_reverting:
        raw_revert(self.answer)
    if self.is_lying:
        return self.answer
    is_signed: bool = False
    if len(signature) == 65:
        is_signed = signatures._recover(digest, slice(signature, 0, 65)) == OWNER
    answer: bytes4 = 0x00000000
    if is_signed:
        answer = _MAGIC
    return abi_encode(answer)
