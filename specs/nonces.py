"""
Nonces.

Which nonces of an account are used, in any order. The contract keeps a bit for each,
256 to a word; here they are a set, from which the words follow.

Counterpart of ``contracts/modules/nonces.vy``.
"""

from typing import Final

from specs.accounts import AccountId
from specs.errors import NonceUsed, OutOfBounds, ZeroAmount

WORD_BITS: Final = 256
"""Nonces in a word; nonces and words are numbered below 2**256."""

Nonces = frozenset[tuple[AccountId, int]]
"""The used nonces, each with its account."""

UNUSED: Final[Nonces] = frozenset()


def compute_word(nonces: Nonces, account: AccountId, word: int) -> int:
    """Return the word in which bit i says whether nonce 256 * word + i is used."""
    first = word * WORD_BITS
    return sum(
        1 << (nonce - first)
        for owner, nonce in nonces
        if owner == account and first <= nonce < first + WORD_BITS
    )


def use(nonces: Nonces, account: AccountId, nonce: int) -> Nonces:
    """Return ``nonces`` with ``nonce`` used, which must not be used yet."""
    if (account, nonce) in nonces:
        raise NonceUsed
    return nonces | {(account, nonce)}


def use_word(nonces: Nonces, account: AccountId, word: int, mask: int) -> Nonces:
    """Return ``nonces`` with those of ``mask`` used, if they are not already."""
    if mask == 0:
        raise ZeroAmount
    if word * WORD_BITS >= 2**256:
        raise OutOfBounds
    bits = (bit for bit in range(WORD_BITS) if mask >> bit & 1)
    return nonces | {(account, word * WORD_BITS + bit) for bit in bits}
