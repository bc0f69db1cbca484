"""
Signatures.

Typed data (EIP-712) and who signed it. What is signed is computed here to the bit, for
the contracts' tests and for the keeper, which signs it. Who signed is not: the
transitions of this specification are told the signer, or ``NOBODY`` where a signature
is malformed, has a high ``s`` (the twin of a valid one) or a ``v`` other than 27 and
28. A contract's own word (EIP-1271) is an input of theirs in the same way.

Counterpart of ``contracts/modules/signatures.vy``.
"""

from collections.abc import Sequence
from typing import Final

from eth_utils.crypto import keccak

NOBODY: Final = "0x0000000000000000000000000000000000000000"

ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
MAX_S: Final = ORDER // 2

_DOMAIN_TYPE: Final = (
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)


def compute_domain_separator(
    name: str, version: str, chain_id: int, contract: str
) -> bytes:
    """Return the domain of ``contract`` (an address in hex) on one chain."""
    return compute_struct_hash(
        _DOMAIN_TYPE,
        keccak(text=name),
        keccak(text=version),
        chain_id,
        int(contract, 16),
    )


def compute_struct_hash(struct_type: str, *fields: int | bytes) -> bytes:
    """
    Return the hash of a struct.

    ``fields`` are words: integers (a negative one in two's complement), addresses as
    integers, and the hashes of what is longer than a word.
    """
    return keccak(keccak(text=struct_type) + b"".join(map(encode_word, fields)))


def compute_list_hash(numbers: Sequence[int]) -> bytes:
    """Return the hash that stands for a list of integers in its struct."""
    return keccak(b"".join(map(encode_word, numbers)))


def compute_digest(domain_separator: bytes, struct_hash: bytes) -> bytes:
    """Return what is signed for a struct in a domain."""
    return keccak(b"\x19\x01" + domain_separator + struct_hash)


def encode_word(field: int | bytes) -> bytes:
    """Return 32 bytes; what has that length already stays as it is."""
    if isinstance(field, bytes):
        return field
    return (field % 2**256).to_bytes(32, "big")
