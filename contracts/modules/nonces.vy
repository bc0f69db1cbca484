# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Nonces
@license Apache-2.0
@notice Which nonces of an account are used. In any order: a nonce is one bit.
@dev Nonce n is bit n % 256 of word n // 256. A bit is set once and never cleared.
     A signer who counts upwards pays for one fresh storage word in 256 quotes.
@custom:spec specs/nonces.py
"""

from . import errors

# Words of used nonces, by account and word. A set bit never falls.
nonce_words: public(HashMap[uint256, HashMap[uint256, uint256]])


@internal
def _use(account: uint256, nonce: uint256):
    """
    @notice Mark `nonce` as used; it must not be used yet.
    """
    word: uint256 = nonce >> 8
    bit: uint256 = 1 << (nonce & 255)
    used: uint256 = self.nonce_words[account][word]
    assert used & bit == 0, errors.NONCE_USED
    self.nonce_words[account][word] = used | bit


@internal
@view
def _check_unused(account: uint256, nonce: uint256):
    """
    @notice Refuse a nonce that is used.
    """
    used: uint256 = self.nonce_words[account][nonce >> 8]
    assert used & (1 << (nonce & 255)) == 0, errors.NONCE_USED


@internal
def _use_word(account: uint256, word: uint256, mask: uint256):
    """
    @notice Mark the nonces of `mask` as used, whether or not they are already: whoever
            cancels many must not fail because one was filled meanwhile.
    @param word Number of the word, less than 2**248: further ones hold no nonce.
    """
    assert mask != 0, errors.ZERO_AMOUNT
    assert word >> 248 == 0, errors.OUT_OF_BOUNDS
    self.nonce_words[account][word] |= mask
